"""Files written for people: CSV as Excel in Sweden reads it, and JSON; readable by nobody else."""

import csv
import io
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from smsctl import host
from smsctl.cli.output.envelope import harmless
from smsctl.errors import InputError, OutputError, say

STANDARD_OUTPUT = Path("-")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0")


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> str | None:
    """Write a new file, mode 0600; return what is meant for standard output in its place (`-`).

    Numbers are written without their plus, and other cells that a spreadsheet would run as a formula get an
    apostrophe (what-comes-from-outside.md, "Screens and lists"). Raises InputError when it exists already or
    cannot be made, OutputError when its disk is full.
    """
    with io.StringIO(newline="") as page:
        writer = csv.writer(page, delimiter=";", lineterminator="\n" if path == STANDARD_OUTPUT else "\r\n")
        writer.writerow(header)
        writer.writerows([_harmless(cell) for cell in row] for row in rows)
        return _write(path, page.getvalue(), "utf-8-sig")


def write_json(path: Path, content: object) -> str | None:
    """Write a new JSON file, as `write_csv`."""
    import json  # of use to a few commands only

    return _write(path, harmless(json.dumps(content, ensure_ascii=False, indent=2)) + "\n")


def write_text(path: Path, text: str) -> str | None:
    """Write a new text file, as `write_csv`."""
    return _write(path, text)


def _write(path: Path, page: str, encoding: str = "utf-8") -> str | None:
    if path == STANDARD_OUTPUT:
        return page
    handle = _create(path)
    try:
        with os.fdopen(handle, "w", encoding=encoding, newline="") as file:
            file.write(page)
    except OSError as error:
        with suppress(OSError):  # half of it is worse than nothing
            path.unlink()
        raise OutputError(
            say("{path}: cannot be written: {reason}.", path=path, reason=error.strerror),
            hint=say("Name a place with room for it."),
        ) from None
    return None


def _create(path: Path) -> int:
    try:
        return host.create(path)
    except OSError as error:
        raise InputError(
            say("{path}: cannot be written: {reason}.", path=path, reason=error.strerror),
            hint=say("Name a file that does not exist yet."),
        ) from None


def _harmless(cell: object) -> object:
    if not isinstance(cell, str):
        return "" if cell is None else cell
    if cell.startswith("+") and cell[1:].isdecimal():
        return cell[1:]
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
