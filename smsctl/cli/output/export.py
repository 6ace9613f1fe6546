"""Files that a command is asked for, `--csv`, `--html`, `--export`: the one place that writes them.

Each is whole or not there, mode 0600, and put in place of an earlier one only where that is asked for.
"""

import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from smsctl.cli.output.envelope import as_number, harmless
from smsctl.cli.output.fields import Field, lines_of
from smsctl.cli.output.language import words
from smsctl.errors import InputError, OutputError, say
from smsctl.host import disk, named_files

T = TypeVar("T")
STANDARD_OUTPUT = Path("-")
_FIGURE = re.compile(r"[+-]?[0-9]+(?:,[0-9]+)?")
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n", "\0")
_STEERS = "[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
"""A file is looked at on a terminal too; a text that was sent holds none of it."""


def write_csv(
    path: Path | None, fields: Sequence[Field[T]], rows: Iterable[T], *, replace: bool = False
) -> str | None:
    """Write the rows under the titles of their fields; return what is meant for standard output (`-`).

    Without a path nothing is read or written.

    It is as Excel in Sweden opens it: `;`, UTF-8 with its mark, the reader's language, and money with a comma
    where the field says so (`written`). Numbers are written without their plus, others that a spreadsheet
    would run as a formula get an apostrophe, and what steers a screen is its number
    (what-comes-from-outside.md, "Screens and lists").
    Raises InputError where it exists already or cannot be made, OutputError where its disk is full.
    """
    return write_csv_text(path, csv_text(fields, rows), replace=replace) if path else None


def write_csv_text(path: Path, text: str, *, replace: bool = False) -> str | None:
    """Write what `csv_text` has returned, as `write_csv`."""
    if path == STANDARD_OUTPUT:
        return text.replace("\r\n", "\n")
    return write_text(path, text, replace=replace, encoding="utf-8-sig")


def csv_text(fields: Sequence[Field[T]], rows: Iterable[T]) -> str:
    """Return the rows as `write_csv` writes them."""
    import csv  # which a start does not need

    with io.StringIO(newline="") as page:
        writer = csv.writer(page, delimiter=";", lineterminator="\r\n")
        writer.writerows([_cell(words(cell)) for cell in line] for line in lines_of(fields, rows))
        return page.getvalue()


def write_json(path: Path, content: object, *, replace: bool = False) -> str | None:
    """Write a JSON file, as `write_csv`."""
    import json  # of use to a few commands only

    text = harmless(json.dumps(content, ensure_ascii=False, indent=2))
    return write_text(path, f"{text}\n", replace=replace)


def write_text(path: Path, text: str, *, replace: bool = False, encoding: str = "utf-8") -> str | None:
    """Write a text file, as `write_csv`."""
    if path == STANDARD_OUTPUT:
        return text
    try:
        named_files.write(path, text.encode(encoding), replace=replace)
    except OSError as error:
        if isinstance(error, FileExistsError) and _holds(path, text.encode(encoding)):
            return None  # of a run that was killed before it could say so
        told = say("{path}: cannot be written: {reason}.", path=path, reason=error.strerror)
        if error.errno in disk.NO_ROOM:
            raise OutputError(told, hint=say("Name a place with room for it.")) from None
        is_there = isinstance(error, FileExistsError)
        hint = _ONLY_PLAIN if is_there and replace else _ANOTHER if is_there else _ANOTHER_FOLDER
        raise InputError(told, hint=hint) from None
    return None


_ANOTHER = say("Name a file that does not exist yet, or replace your earlier one with --replace.")
_ONLY_PLAIN = say("Name another file: only a plain one is replaced, and no link.")
_ANOTHER_FOLDER = say("Name a file in a folder that this user may write.")


def _holds(path: Path, data: bytes) -> bool:
    """Say whether a file is there as it would be written; a pipe or a terminal would be waited for."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(len(data) + 1) == data
    except OSError:
        return False


def _cell(text: str) -> str:
    if _FIGURE.fullmatch(text):
        return text.removeprefix("+")
    text = f"'{text}" if text.startswith(_FORMULA) else text
    return text if text.isprintable() else re.sub(_STEERS, as_number, text)
