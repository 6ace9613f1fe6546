"""Files written for people: CSV as Excel in Sweden reads it, and JSON; readable by nobody else."""

import csv
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from smsctl import host
from smsctl.errors import InputError, say

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0")


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a new file, mode 0600; raises InputError when it exists already or cannot be written.

    Numbers are written without their plus, and other cells that a spreadsheet would run as a formula get an
    apostrophe (reliability.md 4).
    """
    with os.fdopen(_create(path), "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(header)
        writer.writerows([_harmless(cell) for cell in row] for row in rows)


def write_json(path: Path, content: object) -> None:
    """Write a new JSON file, mode 0600; raises InputError as `write_csv`."""
    import json  # of use to a few commands only

    with os.fdopen(_create(path), "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=2)
        file.write("\n")


def write_text(path: Path, text: str) -> None:
    """Write a new text file, mode 0600; raises InputError as `write_csv`."""
    with os.fdopen(_create(path), "w", encoding="utf-8", newline="\n") as file:
        file.write(text)


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
