"""What calamine does not tell of an XLS: errors, which it leaves empty, and hidden rows.

The formats are Microsoft's: [MS-CFB] of the file, which is a small file system, and [MS-XLS] of the stream in
it, which is a row of records.
"""

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from struct import iter_unpack, unpack_from
from typing import BinaryIO, Final, NamedTuple

from smsctl.spreadsheet.kinds import Places, unreadable


class _Record(NamedTuple):
    kind: int
    body: bytes


def broken_in(file: BinaryIO, path: Path, sheet: int, sheets: int) -> Places:
    """Return the cells left empty in one of so many sheets. Raises InputError where the file is damaged."""
    found: Places = {}
    for row, column in _broken(_records_of(file, path, sheet, sheets)):
        found.setdefault(row + 1, []).append(column)
    return found


def hidden_in(file: BinaryIO, path: Path, sheet: int, sheets: int) -> frozenset[int]:
    """Return the numbers of hidden and filtered rows, as `broken_in`."""
    rows = (body for kind, body in _records_of(file, path, sheet, sheets) if kind == _ROW)
    return frozenset(unpack_from("<H", body)[0] + 1 for body in rows if body[12] & _IS_HIDDEN)


def _records_of(file: BinaryIO, path: Path, sheet: int, sheets: int) -> list[_Record]:
    file.seek(0)
    try:
        stream = _workbook_in(file.read())
        begins = [unpack_from("<I", one.body)[0] for one in _records(stream, 0) if one.kind == _BOUNDSHEET]
        if len(begins) == sheets:
            found = [one for one in _records(stream, begins[sheet]) if one.kind in _TELLING]
            if all(len(body) >= _TELLING[kind] for kind, body in found):
                return found
    except (struct.error, LookupError):  # it ends too early, or goes round in circles
        pass
    raise unreadable(path)


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


def _broken(records: Iterable[_Record]) -> Iterator[tuple[int, int]]:
    """Yield row and column of each error, and of each formula whose text stands nowhere."""
    without_text: tuple[int, int] | None = None
    for kind, body in records:
        if without_text and kind != _STRING:
            yield without_text
        without_text = None
        place: tuple[int, int] = unpack_from("<HH", body) if kind != _STRING else (0, 0)
        if kind == _BOOLERR and body[7]:
            yield place
        elif kind == _FORMULA and body[12:14] == b"\xff\xff":  # no number
            if body[6] == _IS_ERROR:
                yield place
            elif body[6] == _IS_TEXT:
                without_text = place
    if without_text:
        yield without_text


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
_ROW: Final = 0x0208
_IS_HIDDEN: Final = 0x20
_TELLING: Final = {_FORMULA: 20, _STRING: 0, _BOOLERR: 8, _ROW: 14}  # kind -> the bytes that one has at least
_IS_TEXT, _IS_ERROR = 0, 2
