"""Make the catalogues that smsctl reads, out of the .po files here: python translations/compile.py.

The build does the same (setup.py); by hand it is needed only to see a change in an editable install.
"""

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

SOURCES = Path(__file__).resolve().parent
CATALOGUES = SOURCES.parent / "smsctl" / "locale"


def compile_all(catalogues: Path = CATALOGUES) -> None:
    """Write a catalogue for each language, where gettext looks for it."""
    for source in sorted(SOURCES.glob("*.po")):
        made = catalogues / source.stem / "LC_MESSAGES" / "smsctl.mo"
        made.parent.mkdir(parents=True, exist_ok=True)
        with source.open("rb") as po, made.open("wb") as mo:
            write_mo(mo, read_po(po, source.stem))


if __name__ == "__main__":
    compile_all()
