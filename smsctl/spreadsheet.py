"""A CSV file as Excel in Sweden writes it -> a header and rows, and what was assumed.

`open_sheet` reads the file through once, so that its encoding and header are known to be right; `rows`
then streams it at the speed of the `csv` module, with no Python code of ours per row. What is wrong with
one row (a missing cell, an unreadable number) is judged elsewhere; what breaks the file's structure raises
InputError with the line, wherever in the file it stands.
"""

import csv
import io
import os
import re
import stat
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, Protocol, TextIO

from smsctl.decoding import open_file, recognise
from smsctl.errors import InputError, Sentence, say

MAX_ROWS: Final = 1_000_000
MAX_FIELD: Final = 4096  # characters
DELIMITERS: Final = "\t;,"
"""In this order: the first that stands in the header, outside quotes, is the file's."""


class Sheet(NamedTuple):
    """A file with its header, ready to be read; encoding and delimiter are as assumed or asked for."""

    path: Path
    header: tuple[str, ...]
    encoding: str
    delimiter: str
    modified: datetime  # aware, UTC
    records: "_Records"
    width: int  # columns in the file, with the nameless ones that the header leaves out
    notice: Sentence | None = None  # where the encoding is a guess

    def rows(self) -> Iterator[list[str]]:
        """Return the rows below the header in file order, empty ones too; the first is row 2.

        Raises InputError for a fault in the file's structure, for more than MAX_ROWS rows, and when the
        file was changed since it was opened. So read to the end before acting on what was read.
        """
        records = self.records.read()
        rows = chain(islice(records, 1, MAX_ROWS + 1), self._nothing_after(records))
        named, width = len(self.header), self.width
        if named == width:
            return rows
        return (row[:named] if len(row) == width and not any(row[named:]) else row for row in rows)

    def _nothing_after(self, records: "_Stream") -> Iterator[list[str]]:
        """Yield nothing; refuse what follows the last row allowed, if it is not empty."""
        if any(map(any, records)):
            records.close()
            raise InputError(say("{path} has more than {limit} rows.", path=self.path, limit=MAX_ROWS))
        yield from ()


def open_sheet(path: Path, *, encoding: str | None = None, delimiter: str | None = None) -> Sheet:
    """Check that a file can be read as rows under a header, and return it.

    Raises InputError: missing, unreadable, empty, not a text file, wrong encoding, no header, no rows.
    """
    with open_file(path) as file:
        path = path.resolve()  # it is there; told by the name that is the same from everywhere
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise InputError(say("{path} is not an ordinary file.", path=path))
        assumed = recognise(file, source=str(path), encoding=encoding)
        with _text(file, assumed.encoding, assumed.bom_bytes) as text:
            head = text.read(_HEAD)
    if not head.strip():
        raise InputError(say("{path} is empty.", path=path))
    records = _Records(
        path=path,
        encoding=assumed.encoding,
        bom_bytes=assumed.bom_bytes,
        has_preface=_preface(head) is not None,
        delimiter=_delimiter(path, head, delimiter),
        stamp=(status.st_size, status.st_mtime_ns),
    )
    first = [cell.strip() for cell in next(records.read(), [])]
    sheet = Sheet(
        path=path,
        header=_without_nameless_end(path, first),
        encoding=assumed.encoding,
        delimiter=records.delimiter,
        modified=datetime.fromtimestamp(status.st_mtime, UTC),
        notice=assumed.notice,
        records=records,
        width=len(first),
    )
    if not any(map(any, sheet.rows())):
        raise InputError(say("{path} has a header but no rows.", path=path))
    return sheet


_HEAD = 1 << 16  # characters; the header stands within them


def _preface(head: str) -> re.Match[str] | None:
    """Find the line that Excel obeys and does not show; few files have it, so few need the pattern."""
    return re.match(r'(?i)"?sep=(.)"?(?:\r\n?|\n)', head) if "sep=" in head[:5].lower() else None


def _text(file: BinaryIO, encoding: str, bom_bytes: int) -> TextIO:
    """Read a file as text from its start; line breaks stay as they are, as csv asks."""
    file.seek(bom_bytes)
    return io.TextIOWrapper(file, encoding, newline="")


def _delimiter(path: Path, head: str, asked: str | None) -> str:
    """Return the delimiter: what is asked for, else what the file says, else what its header shows."""
    preface = _preface(head)
    if preface:
        head = head[preface.end() :]
        asked = asked or preface[1]
    if asked is None:
        bare = re.sub(r'"[^"]*"?', "", head) if '"' in head else head
        header = bare.partition("\n")[0].partition("\r")[0]
        return next((mark for mark in DELIMITERS if mark in header), ";")
    if asked not in tuple(DELIMITERS):
        raise InputError(
            say("{path}: {delimiter} cannot separate columns.", path=path, delimiter=repr(asked)),
            hint=say("Columns are separated by a semicolon, a comma or a tab."),
        )
    return asked


def _without_nameless_end(path: Path, cells: list[str]) -> tuple[str, ...]:
    named = max((place for place, cell in enumerate(cells, 1) if cell), default=0)
    if not named:
        raise InputError(
            say("{path} has no header: the first row is empty.", path=path),
            hint=say("The first row names the columns, such as Namn;Mobil;Grupp;Kommun;Godkänt villkor."),
        )
    return tuple(cells[:named])


_Stream = Generator[list[str], None, None]


class _Reader(Protocol):
    """What csv.reader returns; the csv module gives it no public name."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...


class _Records(NamedTuple):
    """How to read the file: everything that was found out about it before its header."""

    path: Path
    encoding: str
    bom_bytes: int
    has_preface: bool
    delimiter: str
    stamp: tuple[int, int]  # size, and time of change in ns: other ones mean another file

    def read(self) -> _Stream:
        """Yield header and rows; InputError as in `Sheet.rows`."""
        with open_file(self.path) as file, _text(file, self.encoding, self.bom_bytes) as text:
            try:
                yield from self._reader(text)
            except (csv.Error, UnicodeError) as error:
                self._refuse_change(file)
                raise self._broken(error) from None
            self._refuse_change(file)

    def _reader(self, text: TextIO) -> _Reader:
        csv.field_size_limit(MAX_FIELD)  # of the process; no other csv file has longer fields either
        if self.has_preface:
            next(text)
        return csv.reader(text, delimiter=self.delimiter, strict=True)

    def _refuse_change(self, file: BinaryIO) -> None:
        status = os.fstat(file.fileno())
        if (status.st_size, status.st_mtime_ns) != self.stamp:
            raise InputError(
                say("{path} was changed while it was being read.", path=self.path),
                hint=say("Wait until the program that writes it is done, and try again."),
            )

    def _broken(self, error: Exception) -> InputError:
        """Read once more to find the line on which the broken row begins: the mending starts there."""
        line = 0
        with open_file(self.path) as file, _text(file, self.encoding, self.bom_bytes) as text:
            reader = self._reader(text)
            try:
                for _row in reader:
                    line = reader.line_num
            except (csv.Error, UnicodeError):
                line += 1 + self.has_preface
        if "limit" in str(error):
            return InputError(
                say(
                    "{path}, line {line}: a field of the row that begins here has over {limit} characters.",
                    path=self.path,
                    line=line,
                    limit=MAX_FIELD,
                ),
                hint=say('Perhaps a closing quote (") is missing.'),
            )
        return InputError(
            say(
                '{path}, line {line}: the row that begins here has a stray quote (").',
                path=self.path,
                line=line,
            )
        )
