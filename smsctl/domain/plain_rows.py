"""The rows of a file with one column of numbers that plainly pass, or plainly belong to another audience.

Written for speed, because there may be a million of them: what is used for every row is a local name, cells
are compared only when their combination is new, and a number is one look-up in `fast`. What is not plain is
yielded, for the law.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from smsctl.domain.eligibility import RowEligibilities
from smsctl.domain.filling import FilledRows
from smsctl.domain.people import PeopleWriter
from smsctl.domain.recipients import RowRules, SkipReason

Row = Sequence[str]


@dataclass(slots=True)
class PlainRows:
    """Where such rows are put, and what they are judged by."""

    width: int
    number_at: int
    name_at: int | None
    cells: Callable[[Row], tuple[str, ...]]  # that decide
    eligibilities: RowEligibilities
    rules: RowRules
    ready: PeopleWriter
    skipped: Mapping[SkipReason, PeopleWriter]
    seen: set[int]
    sent: Container[object]
    last_row: int  # read so far

    def with_one_text(self, rows: Iterable[Row]) -> Iterator[tuple[int, Row]]:
        """Take the plain rows where all get the same text; yield the others."""
        width, number_at, name_at, cells = self.width, self.number_at, self.name_at, self.cells
        eligibilities, fast, is_blocked = self.eligibilities, self.rules.numbers.fast, self.rules.is_blocked
        welcome, ready, had_it = (
            self.eligibilities.welcome,
            self.ready,
            self.skipped[SkipReason.ALREADY_SENT],
        )
        seen, sent, twice = self.seen, self.sent, self.skipped[SkipReason.DUPLICATE].add
        puts = ((seen.add, *ready.puts()), (bool, *had_it.puts()))  # who had it is not noted as seen
        row_number = self.last_row
        for row_number, row in enumerate(rows, self.last_row + 1):
            if not row_number & _PACKED_EVERY:
                ready.pack()
                had_it.pack()
            number = fast(row[number_at]) if len(row) == width else None
            if number is not None:
                eligibility = eligibilities[cells(row)]
                if eligibility is welcome:
                    if not (is_blocked and is_blocked(number)):
                        digits, name = int(number), "" if name_at is None else row[name_at]
                        if digits in seen:
                            twice(row_number, digits, name)
                        else:
                            note, put_row, put_number, put_name = puts[digits in sent]
                            note(digits)
                            put_row(row_number)
                            put_number(digits)
                            put_name(name)
                        continue
                elif (counted := eligibility.quiet) is not None:
                    counted.rows += 1
                    continue
            yield row_number, row
        self.last_row = row_number

    def with_their_own(self, rows: Iterable[Row], filled: FilledRows) -> Iterator[tuple[int, Row]]:
        """Take the plain rows where each gets a text of its own; yield the others."""
        width, number_at, name_at, cells = self.width, self.number_at, self.name_at, self.cells
        eligibilities, fast, is_blocked = self.eligibilities, self.rules.numbers.fast, self.rules.is_blocked
        welcome, ready, fill, note = self.eligibilities.welcome, self.ready, filled.fill, filled.note
        put_row, put_number, put_name = ready.puts()
        row_number = self.last_row
        for row_number, row in enumerate(rows, self.last_row + 1):
            if not row_number & _PACKED_EVERY:
                ready.pack()
            number = fast(row[number_at]) if len(row) == width else None
            if number is not None:
                eligibility = eligibilities[cells(row)]
                if eligibility is welcome:
                    if not (is_blocked and is_blocked(number)) and (text := fill(row)) is not None:
                        digits, name = int(number), "" if name_at is None else row[name_at]
                        if (reason := note(number, text)) is None:
                            put_row(row_number)
                            put_number(digits)
                            put_name(name)
                        else:
                            self.skipped[reason].add(row_number, digits, name)
                        continue
                elif (counted := eligibility.quiet) is not None:
                    counted.rows += 1
                    continue
            yield row_number, row
        self.last_row = row_number


_PACKED_EVERY: Final = 0xFFF  # rows
