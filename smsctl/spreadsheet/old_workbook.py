"""Cells of an XLS that calamine leaves empty although Excel shows something there, above all errors.

The formats are Microsoft's: [MS-CFB] of the file, which is a small file system, and [MS-XLS] of the stream in
it, which is a row of records.
"""

import struct
from collections.abc import Iterator
from struct import iter_unpack, unpack_from
from typing import Final, NamedTuple

Places = dict[int, list[int]]
"""Row, as the sheet numbers it -> columns, from 0."""


def broken_in(file: bytes, sheet: int, sheets: int) -> Places:
    """Return where they stand in one of so many sheets. Raises LookupError where that cannot be told."""
    found: Places = {}
    try:
        stream = _workbook_in(file)
        begins = [unpack_from("<I", one.body)[0] for one in _records(stream, 0) if one.kind == _BOUNDSHEET]
        if len(begins) != sheets:
            raise LookupError(sheets)
        for row, column in _broken(_records(stream, begins[sheet])):
            found.setdefault(row + 1, []).append(column)
    except struct.error as error:  # it ends too early
        raise LookupError(sheet) from error
    return found


class _Record(NamedTuple):
    kind: int
    body: bytes


def _records(stream: bytes, at: int) -> Iterator[_Record]:
    """Yield the records of one part, from its first to its last; not those of charts within it."""
    depth = 0
    while True:
        kind, size = unpack_from("<HH", stream, at)
        depth += (kind == _BOF) - (kind == _EOF)
        if depth <= 0:
            return
        if depth == 1:
            yield _Record(kind, stream[at + 4 : at + 4 + size])
        at += 4 + size


def _broken(records: Iterator[_Record]) -> Iterator[tuple[int, int]]:
    """Yield row and column of each error, and of each formula whose text stands nowhere."""
    without_text: tuple[int, int] | None = None
    for kind, body in records:
        if without_text and kind not in _BEFORE_A_TEXT:
            if kind != _STRING:
                yield without_text
            without_text = None
        place: tuple[int, int] = unpack_from("<HH", body) if kind in {_BOOLERR, _FORMULA} else (0, 0)
        if kind == _BOOLERR and body[7]:
            yield place
        elif kind == _FORMULA and body[12:14] == b"\xff\xff":  # no number
            if body[6] == _IS_ERROR:
                yield place
            elif body[6] == _IS_TEXT:
                without_text = place


def _workbook_in(file: bytes) -> bytes:
    """Return the stream with the sheets. Raises LookupError or struct.error where there is none."""
    (shift,) = unpack_from("<H", file, 0x1E)
    first_of_directory, _, least, first_of_mini = unpack_from("<4I", file, 0x30)
    sectors = file[1 << shift :]
    following = _table(file, sectors, shift)
    directory = _chained(sectors, following, first_of_directory, shift)
    entries = [directory[at : at + _ENTRY] for at in range(0, len(directory), _ENTRY)]
    by_name = {one[: unpack_from("<H", one, 0x40)[0]].decode("utf-16-le", "replace"): one for one in entries}
    first, size = unpack_from("<2I", by_name.get("Workbook\0") or by_name["Book\0"], 0x74)
    if size < least:  # small ones share the sectors of the first entry
        mini = _chained(sectors, following, first_of_mini, shift)
        sectors = _chained(sectors, following, unpack_from("<I", entries[0], 0x74)[0], shift)
        following, shift = _numbers(mini), _MINI_SHIFT
    return _chained(sectors, following, first, shift)[:size]


def _table(file: bytes, sectors: bytes, shift: int) -> list[int]:
    """Return of each sector which one follows. Where that stands is told in the head, and further on."""
    holding = list(unpack_from("<109I", file, 0x4C))
    (more,) = unpack_from("<I", file, 0x44)
    while more < _LAST and len(holding) << shift < len(file):
        *further, more = _numbers(sectors[more << shift : (more + 1) << shift])
        holding += further
    return _numbers(b"".join(sectors[one << shift : (one + 1) << shift] for one in holding if one < _LAST))


def _chained(sectors: bytes, following: list[int], first: int, shift: int) -> bytes:
    """Return what stands in a chain of sectors. Raises LookupError for one that never ends."""
    found: list[bytes] = []
    while first < _LAST:
        found.append(sectors[first << shift : (first + 1) << shift])
        first = following[first]
        if len(found) > len(following):
            raise LookupError(first)
    return b"".join(found)


def _numbers(packed: bytes) -> list[int]:
    return [one for (one,) in iter_unpack("<I", packed)]


_LAST: Final = 0xFFFFFFFA  # from here on it is no sector: a chain ends, or the place is free
_MINI_SHIFT: Final = 6
_ENTRY: Final = 128
_BOF: Final = 0x0809
_EOF: Final = 0x000A
_BOUNDSHEET: Final = 0x0085
_FORMULA: Final = 0x0006
_STRING: Final = 0x0207
_BOOLERR: Final = 0x0205
_BEFORE_A_TEXT: Final = frozenset(
    {0x04BC, 0x0221, 0x0236, 0x003C}
)  # a shared formula, an array, a table, more
_IS_TEXT, _IS_ERROR = 0, 2
