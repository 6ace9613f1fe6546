"""Make the catalogues that smsctl reads, out of the .po files here: python translations/compile.py.

The build does the same (setup.py); by hand it is needed only to see a change in an editable install.
"""

from datetime import UTC, datetime
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

SOURCES = Path(__file__).resolve().parent
CATALOGUES = SOURCES.parent / "smsctl" / "locale"
DATE = datetime(1980, 1, 1, tzinfo=UTC)
"""Of every catalogue: what is built twice is the same bytes."""


def compile_all(catalogues: Path = CATALOGUES) -> None:
    """Write a catalogue for each language, where gettext looks for it."""
    for source in sorted(SOURCES.glob("*.po")):
        made = catalogues / source.stem / "LC_MESSAGES" / "smsctl.mo"
        made.parent.mkdir(parents=True, exist_ok=True)
        with source.open("rb") as po, made.open("wb") as mo:
            catalogue = read_po(po, source.stem)
            catalogue.creation_date = DATE
            write_mo(mo, catalogue)


if __name__ == "__main__":
    compile_all()
