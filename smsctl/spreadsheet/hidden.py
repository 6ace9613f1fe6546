"""What calamine does not tell of a workbook: its size unpacked, and its hidden rows.

XLSX says it of each row (`hidden`), ODS too (`table:visibility`), of hidden and of filtered rows alike. The
sheet's XML is read as bytes, in pieces, and only rows that say so are looked at.
"""

import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from posixpath import join, normpath
from typing import BinaryIO, Final

from smsctl.errors import InputError, say
from smsctl.spreadsheet.kinds import Workbook, archive_in

MOST_BYTES: Final = 1 << 30
"""What a workbook may be unpacked; a million rows of ten columns take a third of it."""
_MOST_RATIO: Final = 1000  # times what it is packed, as no real list reaches
_LEAST_SUSPECT: Final = 50 << 20
PIECE_BYTES: Final = 1 << 20
_LONGEST_TAG: Final = 4096


def refuse_bomb(file: BinaryIO, path: Path) -> None:
    """Raise InputError for a workbook that is small packed and huge unpacked."""
    with archive_in(file, path) as archive:
        parts = archive.infolist()
    unpacked = sum(part.file_size for part in parts)
    packed = sum(part.compress_size for part in parts) or 1
    if unpacked > MOST_BYTES or (unpacked > _LEAST_SUSPECT and unpacked > packed * _MOST_RATIO):
        raise InputError(
            say("{path} is too large: unpacked it has {mb} MB.", path=path, mb=unpacked >> 20),
            hint=say("Save only the rows with people in a workbook of their own, or as CSV UTF-8."),
        )


def hidden_rows(
    file: BinaryIO, path: Path, kind: Workbook, names: Sequence[str], place: int
) -> frozenset[int]:
    """Return the numbers of the rows below the first that are hidden or filtered away.

    Every part that is read is unpacked to its end, so what its header says of its size is true.
    """
    if kind is Workbook.XLS:
        from smsctl.spreadsheet.old_workbook import hidden_in

        return hidden_in(file, path, place, len(names)) - {1}
    with archive_in(file, path) as archive:
        return frozenset(_of_ods(archive, place) if kind is Workbook.ODS else _of_xlsx(archive, names[place]))


def _of_xlsx(archive: zipfile.ZipFile, name: str) -> Iterator[int]:
    part, pattern = part_of(archive, name), rb"<(?:\w+:)?row\b[^>]*>"
    row = 0
    for tag in tags_in(archive, part, pattern, None if _counts_rows(archive, part) else b"hidden"):
        numbered = re.search(rb"\br=[\"'](\d+)", tag)
        row = int(numbered[1]) if numbered else row + 1
        if row > 1 and re.search(rb"\bhidden=[\"'](?:1|true)[\"']", tag):
            yield row


def _counts_rows(archive: zipfile.ZipFile, part: str) -> bool:
    """Tell whether rows go by their order, for the number of a row may be left out."""
    with archive.open(part) as file:
        head = file.read(PIECE_BYTES)
    return any(b" r=" not in tag for tag in re.findall(rb"<(?:\w+:)?row\b[^>]*>", head))


def part_of(archive: zipfile.ZipFile, name: str) -> str:
    """Return which part of the archive is the sheet of that name."""
    from defusedxml import ElementTree

    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {link.get("Id"): link.get("Target", "") for link in links.iter()}
    for sheet in book.iter():
        if sheet.tag.endswith("}sheet") and sheet.get("name") == name:
            link = next(value for key, value in sheet.attrib.items() if key.endswith("}id"))
            target = targets[link]
            return target.lstrip("/") if target.startswith("/") else normpath(join("xl", target))
    raise LookupError(name)


def _of_ods(archive: zipfile.ZipFile, place: int) -> Iterator[int]:
    table, row = -1, 0
    opening = rb"<table:table(?=[ >])[^>]*>|<table:table-row(?=[ />])[^>]*>|<table:table-header-rows"
    for tag in tags_in(archive, "content.xml", opening, None):
        if tag.startswith(b"<table:table-row"):
            many = re.search(rb"number-rows-repeated=[\"'](\d+)", tag)
            first, row = row + 1, row + (int(many[1]) if many else 1)
            if table == place and re.search(rb"table:visibility=[\"'](?:collapse|filter)", tag):
                yield from range(max(first, 2), min(row, MOST_ROWS) + 1)
        elif not tag.startswith(b"<table:table-header-rows"):
            table, row = table + 1, 0


MOST_ROWS: Final = 1_048_576


def tags_in(archive: zipfile.ZipFile, part: str, pattern: bytes, only_with: bytes | None) -> Iterator[bytes]:
    """Yield the tags of a part that fit, in order; with `only_with`, all of them or none.

    Where rows are numbered, those of a piece without the word need not be looked at.
    """
    left = b""
    with archive.open(part) as file:
        while piece := file.read(PIECE_BYTES):
            piece = left + piece
            cut = piece.rfind(b"<")
            left = piece[cut:] if len(piece) - cut < _LONGEST_TAG else b""
            whole = piece[: len(piece) - len(left)]
            if only_with is None or only_with in whole:
                yield from (found[0] for found in re.finditer(pattern, whole))
        yield from (found[0] for found in re.finditer(pattern, left))
