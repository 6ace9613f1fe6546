"""The rows of a file with one column of numbers that plainly pass, or plainly belong to another audience.

Written for speed, because there may be a million of them: what is used for every row is a local name, cells
are compared only when their combination is new, and a number is one `look_up`. What is not plain is yielded
with what came of that, for the law.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

from smsctl.domain.eligibility import RowEligibilities
from smsctl.domain.filled import NO_TEXTS, FilledTexts
from smsctl.domain.filling import FilledRows
from smsctl.domain.number_plan import NumberFault
from smsctl.domain.people import PeopleWriter
from smsctl.domain.recipients import RowRules, SkipReason

Row = Sequence[str]
_Plain = tuple[int, str, Row]  # its row number, and number
OddRow = tuple[int, Row, str | NumberFault | None]
"""A row that is not plain: its row number, and its own number or what is plainly wrong with that."""
_Odd = tuple[int, OddRow]  # and how many plain ones stand before it


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

    def with_one_text(self, rows: Iterable[Row]) -> Iterator[OddRow]:
        """Take the plain rows where all get the same text; yield the others."""
        width, number_at, name_at, cells = self.width, self.number_at, self.name_at, self.cells
        eligibilities, is_blocked = self.eligibilities, self.rules.is_blocked
        welcome, ready, had_it = (
            self.eligibilities.welcome,
            self.ready,
            self.skipped[SkipReason.ALREADY_SENT],
        )
        seen, sent, twice = self.seen, self.sent, self.skipped[SkipReason.DUPLICATE].add
        puts = ((seen.add, *ready.puts()), (bool, *had_it.puts()))  # who had it is not noted as seen
        look_up, row_number = self.rules.numbers.look_up, self.last_row
        for row_number, row in enumerate(rows, self.last_row + 1):
            if not row_number & _PACKED_EVERY:
                ready.pack()
                had_it.pack()
            number = look_up(row[number_at]) if len(row) == width else None
            if type(number) is str:
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
            yield row_number, row, number
        self.last_row = row_number

    def with_their_own(self, rows: Iterable[Row], filled: FilledRows) -> Iterator[OddRow]:
        """Take the plain rows where each gets a text of its own; yield the others.

        Some hundred are taken together, in half the time; those that are not plain are yielded between them.
        """
        width, number_at, cells = self.width, self.number_at, self.cells
        eligibilities, is_blocked = self.eligibilities, self.rules.is_blocked
        look_up, welcome, row_number = self.rules.numbers.look_up, self.eligibilities.welcome, self.last_row
        plain, odd = list[_Plain](), list[_Odd]()
        for row_number, row in enumerate(rows, self.last_row + 1):
            number = look_up(row[number_at]) if len(row) == width else None
            if type(number) is str:
                eligibility = eligibilities[cells(row)]
                if eligibility is welcome and not (is_blocked and is_blocked(number)):
                    plain.append((row_number, number, row))
                    if len(plain) >= _TAKEN_TOGETHER:
                        yield from self._taken(plain, odd, filled)
                    continue
                if (counted := eligibility.quiet) is not None:
                    counted.rows += 1
                    continue
            odd.append((len(plain), (row_number, row, number)))
            if len(odd) >= _TAKEN_TOGETHER:
                yield from self._taken(plain, odd, filled)
        yield from self._taken(plain, odd, filled)
        self.last_row = row_number

    def _taken(self, plain: list[_Plain], odd: list[_Odd], filled: FilledRows) -> Iterator[OddRow]:
        """Take plain rows, which `odd` ones stand between; yield those, and whose text is not plain."""
        texts, begins = filled.fill_all([row for _, _, row in plain]) if plain else NO_TEXTS, 0
        if 0 in texts.parts:
            unread = [at for at, parts in enumerate(texts.parts) if not parts]
            odd += [
                (at, (row_number, row, number)) for at in unread for row_number, number, row in [plain[at]]
            ]
            odd.sort(key=lambda one: one[1][0])
        for at, one in odd:
            self._put(plain[begins:at], texts.part(slice(begins, at)), filled)
            begins = at + (at < len(plain) and plain[at][0] == one[0])
            yield one
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
_TAKEN_TOGETHER: Final = 256  # as many stay in the processor's cache
