"""A file of rows as schools have it, CSV or workbook -> a header and rows, and what was assumed.

`open_sheet` looks the file through, so that its encoding and header are known to be right; `rows` then
streams it with little Python code of ours per row. What is wrong with one row (a missing cell, an
unreadable number) is judged elsewhere; what breaks the file's structure is an InputError.
"""

import os
import stat
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from itertools import chain, count, islice
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from smsctl.domain.columns import NAME_COLUMNS
from smsctl.domain.headings import EXAMPLE, is_heading
from smsctl.errors import InputError, Sentence, say
from smsctl.opening import open_file
from smsctl.spreadsheet import kinds, text
from smsctl.spreadsheet.kinds import Hidden

MAX_ROWS: Final = 1_000_000
_WATCHED_EVERY: Final = 4096
_MARKS: Final = ";,|"
_FEWEST_MARKS: Final = 2


class Records(Protocol):
    """A file that was opened: what is known of it, and its rows."""

    @property
    def encoding(self) -> str:
        """The encoding of a text, or the kind of workbook."""

    @property
    def delimiter(self) -> str:
        """What separates the cells; empty in a workbook."""

    @property
    def rows(self) -> int:
        """About how many rows there are."""

    @property
    def notice(self) -> Sentence | None:
        """What was assumed and may be wrong."""

    def read(self) -> Iterator[list[str]]:
        """Yield the header and the rows. Raises InputError for a fault in the file."""

    def may_hold(self, words: Collection[str]) -> bool:
        """Tell whether one of the words may stand below the header, in any case; quicker than reading."""


class Sheet(NamedTuple):
    """A file with its header, ready to be read; encoding and delimiter are as assumed or asked for."""

    path: Path
    header: tuple[str, ...]
    encoding: str
    delimiter: str  # empty in a workbook
    modified: datetime  # aware, UTC
    records: Records
    width: int  # columns in the file, with the nameless ones that the header leaves out
    notice: Sentence | None = None  # where something is a guess
    name: str = ""  # of the sheet in a workbook
    left_out: frozenset[int] = frozenset()  # hidden rows that are to be skipped, by their number
    on_progress: Callable[[int, int], None] | None = None  # told how many are read, of about how many

    def rows(self) -> Iterator[list[str]]:
        """Return the rows below the header in file order, empty ones too; the first is row 2.

        A row that is left out is empty. Raises InputError for a fault in the file's structure, for more
        than MAX_ROWS rows, and when the file was changed since it was opened. So read to the end before
        acting on what was read.
        """
        records = self.records.read()
        rows: Iterator[list[str]] = chain(islice(records, 1, MAX_ROWS + 1), self._nothing_after(records))
        if self.on_progress:
            rows = chain.from_iterable(self._watched(rows, self.on_progress))
        if self.left_out:
            rows = ([] if number in self.left_out else row for number, row in enumerate(rows, 2))
        named, width = len(self.header), self.width
        if named == width:
            return rows
        return (row[:named] if len(row) == width and not any(row[named:]) else row for row in rows)

    def _watched(
        self, rows: Iterator[list[str]], on_progress: Callable[[int, int], None]
    ) -> Iterator[Iterator[list[str]]]:
        """Yield the rows some thousands at a time, so that nothing of ours is done for each of them."""
        for done, first in zip(count(0, _WATCHED_EVERY), rows, strict=False):
            on_progress(done, max(done, self.records.rows))
            yield chain((first,), islice(rows, _WATCHED_EVERY - 1))

    def rows_left_out(self) -> Iterator[list[str]]:
        """Return the hidden rows that are to be skipped, for one of them may shut others out."""
        rows = enumerate(self.records.read(), 1) if self.left_out else ()
        return (row for number, row in rows if number in self.left_out)

    def rows_with(self, words: Collection[str]) -> Iterator[tuple[int, list[str]]]:
        """Return the rows in which one of the words may stand, and their numbers; few files are read for it.

        Hidden ones too. Of a row, as of a file, signs that are no plain letters are left out.
        """
        if not self.records.may_hold(words):
            return iter(())
        sought = [word.encode() for word in words]
        rows = enumerate(islice(self.records.read(), 1, None), 2)
        small = ((at, row, "\n".join(row).encode("ascii", "ignore").lower()) for at, row in rows)
        return ((at, row) for at, row, text in small if any(map(text.__contains__, sought)))

    def _nothing_after(self, records: Iterator[list[str]]) -> Iterator[list[str]]:
        """Yield nothing; refuse what follows the last row allowed, if it is not empty."""
        if any(map(any, records)):
            raise InputError(say("{path} has more than {limit} rows.", path=self.path, limit=MAX_ROWS))
        yield from ()


class ReadOptions(NamedTuple):
    """How a file is to be read, as far as a person said."""

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None  # of a workbook
    hidden: Hidden | None = Hidden.SEND  # None: rows that are hidden are refused, for somebody must say
    numbers: Collection[str] = ()  # headers of the columns with numbers, where they are named
    on_progress: Callable[[int, int], None] | None = None  # as in Sheet


def open_sheet(path: Path, reading: ReadOptions | None = None) -> Sheet:
    """Check that a file can be read as rows under a header, and return it.

    Raises InputError: missing, unreadable, empty, not a file with rows, wrong encoding, no header, no rows;
    and HiddenRowsError where the reading leaves it open what becomes of them.
    """
    asked = reading or ReadOptions()
    with open_file(path) as file:
        path = path.resolve()  # it is there; told by the name that is the same from everywhere
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise InputError(say("{path} is not an ordinary file.", path=path))
        kind = kinds.recognise(file, path)
        if kind is None:
            records: Records = text.open_text(file, path, asked.encoding, asked.delimiter)
            name, left_out = "", frozenset[int]()
        else:
            from smsctl.spreadsheet import workbook  # few files are one

            found = workbook.open_workbook(file, path, kind, asked.sheet, asked.numbers)
            records, name = found, found.name
            left_out = found.left_out(asked.hidden)
    first = [cell.strip() for cell in next(records.read(), [])]
    sheet = Sheet(
        path=path,
        header=_without_nameless_end(path, first),
        encoding=records.encoding,
        delimiter=records.delimiter,
        modified=datetime.fromtimestamp(status.st_mtime, UTC),
        notice=records.notice,
        records=records,
        width=len(first),
        name=name,
        left_out=left_out,
        on_progress=asked.on_progress,
    )
    if isinstance(records, text.TextFormat):
        records.refuse_swallowed(sheet.width)
    below = next(filter(any, sheet.rows()), None)
    if below is None and not is_heading(first):
        raise InputError(
            say("{path} has a single row, and no heading above it.", path=path), hint=NAME_COLUMNS
        )
    if below is None:
        raise InputError(say("{path} has a header but no rows.", path=path))
    _refuse_one_cell(path, first, below)
    return sheet


def _refuse_one_cell(path: Path, *rows: list[str]) -> None:
    """Raise InputError for rows that are a cell each: in quotes as a whole, or separated otherwise.

    So Excel saves a file with commas that it has opened without splitting its rows.
    """
    cells = [[cell for cell in row if cell.strip()] for row in rows]
    together = [row[0] for row in cells if len(row) == 1]
    marks = [mark for mark in _MARKS if all(cell.count(mark) >= _FEWEST_MARKS for cell in together)]
    if len(together) == len(rows) and marks:
        raise InputError(
            say("{path}: each row is one cell, with {mark} in it for its columns.", path=path, mark=marks[0]),
            hint=say(
                "Where each row stands in quotes as a whole, export the list anew, or split it in Excel with"
                " Data, Text to Columns. Else say what separates the columns with --delimiter."
            ),
        )


def _without_nameless_end(path: Path, cells: list[str]) -> tuple[str, ...]:
    named = max((place for place, cell in enumerate(cells, 1) if cell), default=0)
    if not named:
        raise InputError(
            say("{path} has no header: the first row is empty.", path=path),
            hint=say(
                "Remove the empty rows above the heading; it names the columns, such as {example}",
                example=EXAMPLE,
            ),
        )
    return tuple(cells[:named])
