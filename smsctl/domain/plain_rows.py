"""The rows of a file with one column of numbers that plainly pass, or plainly belong to another audience.

Written for speed, because there may be a million of them: what is used for every row is a local name, cells
are compared only when their combination is new, and a number is one look-up in `fast`. What is not plain is
yielded, for the law.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

from smsctl.domain.eligibility import RowEligibilities
from smsctl.domain.filled import NO_TEXTS, FilledTexts
from smsctl.domain.filling import FilledRows
from smsctl.domain.people import PeopleWriter
from smsctl.domain.recipients import RowRules, SkipReason

Row = Sequence[str]
_Plain = tuple[int, str, Row]  # its row number, and number
_Odd = tuple[int, int, Row]  # how many plain ones stand before it, and its row number


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
        """Take the plain rows where each gets a text of its own; yield the others.

        Some hundred are taken together, in half the time; those that are not plain are yielded between them.
        """
        width, number_at, cells = self.width, self.number_at, self.cells
        eligibilities, fast, is_blocked = self.eligibilities, self.rules.numbers.fast, self.rules.is_blocked
        welcome, row_number = self.eligibilities.welcome, self.last_row
        plain, odd = list[_Plain](), list[_Odd]()
        for row_number, row in enumerate(rows, self.last_row + 1):
            number = fast(row[number_at]) if len(row) == width else None
            if number is not None:
                eligibility = eligibilities[cells(row)]
                if eligibility is welcome and not (is_blocked and is_blocked(number)):
                    plain.append((row_number, number, row))
                    if len(plain) >= _TAKEN_TOGETHER:
                        yield from self._taken(plain, odd, filled)
                    continue
                if (counted := eligibility.quiet) is not None:
                    counted.rows += 1
                    continue
            odd.append((len(plain), row_number, row))
            if len(odd) >= _TAKEN_TOGETHER:
                yield from self._taken(plain, odd, filled)
        yield from self._taken(plain, odd, filled)
        self.last_row = row_number

    def _taken(self, plain: list[_Plain], odd: list[_Odd], filled: FilledRows) -> Iterator[tuple[int, Row]]:
        """Take plain rows, which `odd` ones stand between; yield those, and whose text is not plain."""
        texts, begins = filled.fill_all([row for _, _, row in plain]) if plain else NO_TEXTS, 0
        if 0 in texts.parts:
            odd += [(at, plain[at][0], plain[at][2]) for at, parts in enumerate(texts.parts) if not parts]
            odd.sort(key=itemgetter(1))
        for at, row_number, row in odd:
            self._put(plain[begins:at], texts.part(slice(begins, at)), filled)
            begins = at + (at < len(plain) and plain[at][0] == row_number)
            yield row_number, row
        self._put(plain[begins:], texts.part(slice(begins, None)), filled)
        plain.clear()
        odd.clear()
        self.ready.pack()

    def _put(self, plain: Sequence[_Plain], texts: FilledTexts, filled: FilledRows) -> None:
        """Put people whose texts are all there."""
        if not plain:
            return
        row_numbers, numbers, rows = zip(*plain, strict=True)
        names = [""] * len(rows) if self.name_at is None else list(map(itemgetter(self.name_at), rows))
        digits, left_out = list(map(int, numbers)), filled.note_all(numbers, texts)
        if not left_out:
            self.ready.extend(row_numbers, digits, names)
            return
        for at, person in enumerate(zip(row_numbers, digits, names, strict=True)):
            people = self.skipped[left_out[at]] if at in left_out else self.ready
            people.add(*person)


_PACKED_EVERY: Final = 0xFFF  # rows
_TAKEN_TOGETHER: Final = 1024
