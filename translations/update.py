"""Bring the .po files up to the sentences in the code: python translations/update.py.

A new sentence comes in untranslated. One that was reworded keeps its translation, marked `fuzzy` until
somebody has looked at it. One that is gone goes.
"""

import re
from contextlib import redirect_stderr
from io import BytesIO, StringIO
from pathlib import Path

import typer.main
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from smsctl.cli import command_tree, contents, help_page

SOURCES = Path(__file__).resolve().parent
ROOT = SOURCES.parent
KEYWORDS = {"say": None, "say_n": (1, 2)}
_PLACE = re.compile(r"\{[^{}]*\}")
_DAYS_AND_NAMES = re.compile(
    rb'^"(?!Language:|Plural-Forms:|Content-Type:)[A-Z][A-Za-z-]+: .*\\n"\n', re.MULTILINE
)


def extracted() -> Catalog:
    """Return the sentences of the code, each with the files it stands in."""
    found = Catalog(project="smsctl", charset="utf-8")
    with redirect_stderr(StringIO()):  # of values it warns; a template that is no literal, a test finds
        files = [*extract_from_dir(ROOT / "smsctl", [("**.py", "python")], keywords=KEYWORDS)]
    for file, _, message, _, _ in files:
        if has_words(message):
            # No line numbers: releases of Babel differ in how these count when the file is sorted by place.
            found.add(message, locations=[(f"smsctl/{Path(file).as_posix()}", 0)])
    return found


def on_help_pages() -> Catalog:
    """Return what the commands and their flags say of themselves, as Typer has collected it."""
    found = Catalog(project="smsctl", charset="utf-8")
    for name in contents.COMMANDS:
        tree = typer.main.get_command(command_tree.build(name))
        for text in help_page.texts(tree):
            found.add(text, locations=[("smsctl/cli", 0)])
    return found


def everything() -> Catalog:
    """Return all that is translated."""
    found = extracted()
    for message in on_help_pages():
        if message.id and message.id not in found:
            found.add(message.id, locations=message.locations)
    return found


def has_words(message: str | tuple[str, ...]) -> bool:
    """Say whether there is anything to translate: `{what} {mend}` reads the same in every language."""
    one = message if isinstance(message, str) else message[0]
    return any(char.isalpha() for char in _PLACE.sub("", one))


def is_translated(message: Message) -> bool:
    """Say whether every form of a sentence has its translation, and a person has looked at it."""
    forms = forms_of(message)
    return bool(forms) and all(forms) and not message.fuzzy


def forms_of(message: Message) -> list[str]:
    """Return the translations of a sentence: one, or one for each form of its plural; none of a new one."""
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


def updated(path: Path, found: Catalog) -> bytes:
    """Return the .po file as it should be. Its order is the code's, and only what changed is changed."""
    with path.open("rb") as file:
        catalogue = read_po(file, path.stem)
    catalogue.update(found)
    for message in catalogue:
        if not any(forms_of(message)):  # like another one that is not translated either
            message.flags.discard("fuzzy")
            message.previous_id = []
    written = BytesIO()
    write_po(
        written,
        catalogue,
        width=0,
        sort_by_file=True,
        include_lineno=False,
        ignore_obsolete=True,
        include_previous=True,
    )
    return _DAYS_AND_NAMES.sub(b"", written.getvalue())


if __name__ == "__main__":
    sentences = everything()
    for po in sorted(SOURCES.glob("*.po")):
        po.write_bytes(updated(po, sentences))
        with po.open("rb") as file:
            left = sum(not is_translated(one) for one in read_po(file, po.stem) if one.id)
        print(f"{po.name}: {len(sentences)} sentences, {left} to translate")
