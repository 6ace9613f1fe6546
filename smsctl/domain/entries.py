"""A row of a recipients file -> one entry for each number in it, and what makes an entry bad."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Final, NamedTuple

from smsctl.domain.cells import veiled
from smsctl.domain.columns import Columns
from smsctl.domain.eligibility import RowEligibility
from smsctl.domain.number import NumberReader, NumberReading, why_of_cell
from smsctl.domain.number_plan import NumberFault
from smsctl.domain.recipients import SkipReason
from smsctl.errors import Sentence, say, say_n

WRITTEN_SHOWN: Final = 40
"""Characters of a cell that could not be read."""

SKIPPED_FAULTS: Final[Mapping[NumberFault, SkipReason]] = MappingProxyType(
    {
        NumberFault.EMPTY: SkipReason.NO_NUMBER,
        NumberFault.NOT_MOBILE: SkipReason.NOT_MOBILE,
        NumberFault.MACHINE: SkipReason.NOT_MOBILE,
        NumberFault.COUNTRY: SkipReason.COUNTRY,
    }
)
"""The numbers that can be read but not sent to. All other faults make a bad row."""


Problem = tuple[str, Callable[[], Sentence]]
"""The kind of what makes an entry bad, and what tells it."""


class Entry(NamedTuple):
    """One number of a row, or the one empty position of a row that has none."""

    row: int
    column: int  # which of the columns of numbers
    written: str
    reading: NumberReading
    name: str
    accepted: bool | None  # the terms; None: the cell does not tell
    terms: tuple[str, str]  # that cell and its header; empty where the file has none
    is_protected: bool


class Entries:
    """Makes entries of the rows of one file."""

    __slots__ = ("_columns", "_header", "_numbers", "_reader")

    def __init__(self, header: Sequence[str], columns: Columns, reader: NumberReader) -> None:
        """Keep where things stand."""
        self._header = header
        self._columns = columns
        self._numbers = columns.numbers
        self._reader = reader

    def of(self, row_number: int, row: Sequence[str], eligibility: RowEligibility) -> list[Entry]:
        """Return an entry for each number of a row, and one for a row that has none."""
        positions = [at for at, one in enumerate(self._numbers) if row[one.number].strip()]
        return [self._entry(row_number, row, at, eligibility) for at in positions or (0,)]

    def of_another_width(self, row_number: int, row: Sequence[str]) -> Entry:
        """Return the entry of a row with too many or too few cells: which cell is which is not known."""
        return Entry(
            row=row_number,
            column=0,
            written=_cell(row, self._columns.number),
            reading=NumberReading(None, NumberFault.UNREADABLE),
            name=_cell(row, self._columns.name),
            accepted=None,
            terms=("", ""),
            is_protected=any(one.protected for one in self._numbers),  # nobody can tell that it is not
        )

    def can_be_read(self, row: Sequence[str], eligibility: RowEligibility) -> bool:
        """Tell whether the cells of a row stand where they should, as numbers and terms show."""
        readings = [self._reader.read(row[one.number]) for one in self._numbers]
        faults = [one.fault for one in readings if one.number is None]
        return None not in eligibility.accepted and all(fault in SKIPPED_FAULTS for fault in faults)

    def _entry(self, row_number: int, row: Sequence[str], at: int, eligibility: RowEligibility) -> Entry:
        column = self._numbers[at]
        written = row[column.number]
        shut = eligibility.protected[at] if written.strip() else any(eligibility.protected)
        return Entry(
            row=row_number,
            column=at,
            written=written,
            reading=self._reader.read(written),
            name="" if shut else _cell(row, self._columns.name),
            accepted=eligibility.accepted[at],
            terms=("", "") if column.terms is None else (row[column.terms], self._header[column.terms]),
            is_protected=shut,
        )


def problem_of(entry: Entry) -> Problem | None:
    """Return what makes an entry bad; None when nothing does."""
    fault = entry.reading.fault
    if fault is not None and fault not in SKIPPED_FAULTS:
        told = _protected_unread if entry.is_protected else partial(why_of_cell, fault, entry.written)
        return str(fault), told
    if entry.accepted is None and not entry.is_protected:
        return "terms", partial(_unclear_terms, *entry.terms)
    return None


def cut_short(n: int) -> list[Sentence]:
    """Say how many rows were read without cells at their end."""
    if not n:
        return []
    return [
        say_n(
            "{n} row lacks its last cells, as Excel leaves out empty ones, and was read without them.",
            "{n} rows lack their last cells, as Excel leaves out empty ones, and were read without them.",
            n=n,
        )
    ]


def wrong_width(cells: int, width: int) -> Problem:
    """Return what makes a row bad that has too few or too many cells."""
    return "width", partial(_too_few if cells < width else _too_many, cells, width)


def _too_few(cells: int, width: int) -> Sentence:
    return say_n(
        "it has {n} cell where the header has {width}; look for a missing delimiter, or for empty last cells"
        " that Excel has left out.",
        "it has {n} cells where the header has {width}; look for a missing delimiter, or for empty last cells"
        " that Excel has left out.",
        n=cells,
        width=width,
    )


def _too_many(cells: int, width: int) -> Sentence:
    return say(
        "it has {n} cells where the header has {width}; look for a stray delimiter.", n=cells, width=width
    )


def _unclear_terms(cell: str, title: str) -> Sentence:
    return say(
        '"{cell}" under {header} does not tell if the terms are accepted; write a date, ja or nej.',
        cell=veiled(cell)[:WRITTEN_SHOWN],
        header=veiled(title),
    )


def _protected_unread() -> Sentence:
    return say("the number cannot be read; mend it, or remove the row.")  # which row it is, is told to nobody


def _cell(row: Sequence[str], position: int | None) -> str:
    return row[position].strip() if position is not None and position < len(row) else ""
