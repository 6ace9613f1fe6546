"""Cells that calamine leaves empty although the sheet shows something there.

The errors of formulas, formulas that the program that wrote the file has not worked out, and the cells that
are merged with the one above. Where the sheet says who is protected, empty would mean: nobody.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator
from functools import reduce
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from smsctl.errors import InputError, say
from smsctl.spreadsheet.hidden import MOST_ROWS, PIECE_BYTES, part_of, tags_in
from smsctl.spreadsheet.kinds import Places, Workbook, archive_in


class Gaps(NamedTuple):
    """Where such cells stand."""

    broken: Places  # an error, or nothing worked out
    merged: Places  # the value stands in the row above


def gaps_in(
    file: BinaryIO,
    path: Path,
    kind: Workbook,
    names: list[str],
    place: int,
    merged: Iterable[tuple[tuple[int, int], tuple[int, int]]],
) -> Gaps:
    """Return where they stand; `merged` are the ranges that calamine tells of, which is none of an ODS."""
    if kind is Workbook.XLS:
        from smsctl.spreadsheet.old_workbook import broken_in

        return Gaps(broken=broken_in(file, path, place, len(names)), merged=_continued(merged))
    with archive_in(file, path) as archive:
        if kind is Workbook.ODS:
            return _of_ods(archive, place)
        return Gaps(broken=_of_xlsx(archive, names[place]), merged=_continued(merged))


def refuse_far_cells(file: BinaryIO, path: Path) -> None:
    """Raise InputError for a sheet with a cell so far out that its empty rows and columns fill the memory.

    calamine makes room for all between the first cell and the last, and ends the process where it cannot.
    """
    with archive_in(file, path) as archive:
        for part in archive.namelist():
            if part.startswith("xl/worksheets/") and part.endswith(".xml"):
                column, row = _furthest(archive, part)
                if column * row > _MOST_CELLS:
                    raise InputError(
                        say("{path}: something stands far out, beyond the list of people.", path=path),
                        hint=say(
                            "Copy the rows with people to a workbook of their own, or save them as CSV UTF-8."
                        ),
                    )


def _furthest(archive: zipfile.ZipFile, part: str) -> tuple[int, int]:
    """Return the last column and row of a sheet, not less than those that every sheet may have."""
    columns, rows = {b"Z"}, {MOST_ROWS}
    for piece in _pieces(archive, part):
        for quote in (b'"', b"'") if b" r='" in piece else (b'"',):
            begins = b" r=" + quote  # nothing but letters first, so that it is found fast
            columns.update(re.findall(begins + rb"([A-Z]{2,3})\d", piece))
            rows.update(map(int, re.findall(begins + rb"[A-Z]{1,3}(\d{8,})", piece)))
    return max(map(_column, columns)) + 1, max(rows)


def _continued(merged: Iterable[tuple[tuple[int, int], tuple[int, int]]]) -> Places:
    """Return the cells below the first of each range, but of what is merged with the heading."""
    found: Places = {}
    for (top, column), (bottom, _) in merged:
        for row in range(top + 2, bottom + 2) if top else ():
            found.setdefault(row, []).append(column)
    return found


def _of_xlsx(archive: zipfile.ZipFile, name: str) -> Places:
    """Return where they stand. Raises LookupError for cells that do not say where they are."""
    found: dict[int, set[int]] = {}
    for piece in _pieces(archive, part_of(archive, name)):
        if not any(sign in piece for sign in (b't="e"', b"t='e'", b"<f", b":f")):
            continue
        for cell in re.finditer(_CELL, piece):
            kind = re.search(rb"\bt=[\"'](e|str)[\"']", cell[1])
            is_empty = cell["formula"] is not None and not cell["value"]
            is_worked_out = kind and kind[1] == b"str" and cell["end"] is None  # to a text of no letters
            if (kind and kind[1] == b"e") or (is_empty and not is_worked_out):
                at = re.search(rb"\br=[\"']([A-Z]+)(\d+)[\"']", cell[1])
                if at is None:
                    raise LookupError(name)
                found.setdefault(int(at[2]), set()).add(_column(at[1]))
    return {row: [*columns] for row, columns in found.items()}


def _of_ods(archive: zipfile.ZipFile, place: int) -> Gaps:
    """Go through the cells of one sheet, where the file has any such cell at all."""
    found = Gaps(broken={}, merged={})
    if not any(mark in piece for piece in _pieces(archive, "content.xml") for mark in _MARKS):
        return found
    table, row, rows, column = -1, 0, 1, 0
    for tag in tags_in(archive, "content.xml", _OF_ODS, None):
        if tag.startswith(b"<table:table-row"):
            row, rows, column = row + rows, _many(tag, b"rows-repeated"), 0
        elif b"table-cell" not in tag:
            table, row, rows = table + 1, 0, 1
        else:
            if table == place and any(mark in tag for mark in _MARKS):
                _note(found, tag, range(row, row + min(rows, MOST_ROWS)), column)
            column += _many(tag, b"columns-repeated")
    return found


def _note(found: Gaps, tag: bytes, rows: range, column: int) -> None:
    if b'value-type="error"' in tag or (b"table:formula=" in tag and b"office:value-type=" not in tag):
        for row in rows:
            found.broken.setdefault(row, []).append(column)
    below = range(rows.start + 1, rows.start + _many(tag, b"rows-spanned"))
    for row in below if rows.start > 1 else ():
        found.merged.setdefault(row, []).append(column)


def _many(tag: bytes, word: bytes) -> int:
    found = re.search(word + rb"=[\"'](\d+)", tag)
    return int(found[1]) if found else 1


def _pieces(archive: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """Yield a part in pieces, each after the end of the one before, so that none is only cut."""
    kept = b""
    with archive.open(part) as file:
        while piece := file.read(PIECE_BYTES):
            yield (whole := kept + piece)
            kept = whole[-_LONGEST_CELL:]


def _column(letters: bytes) -> int:
    """Return the place of a column, from 0, by its letters: A, Z, AA."""
    return reduce(lambda sum_, letter: sum_ * 26 + letter - ord("A") + 1, letters, 0) - 1


_MOST_CELLS: Final = 1 << 26  # of 32 bytes each
_LONGEST_CELL: Final = 1 << 16  # a formula has 8192 characters at most
_CELL: Final = (
    rb"<(?:\w+:)?c\b([^>]*)>"
    rb"(?P<formula>\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>(?P<value>[^<]*)|(?P<end></)))?"
)
_MARKS: Final = (b'value-type="error"', b"table:formula=", b"number-rows-spanned=")
_OF_ODS: Final = (
    rb"<table:table(?=[ >])[^>]*>|<table:table-row(?=[ />])[^>]*>|<table:(?:covered-)?table-cell\b[^>]*>"
)
