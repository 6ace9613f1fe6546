"""The rows that plainly pass, or plainly belong to another audience; what is not plain is left to the law.

Written for speed, because there may be a million of them: cells are compared only when their combination is
new, a number is one `look_up`, and in a file with one column of numbers some hundred are looked at together.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, repeat
from operator import is_, itemgetter
from typing import Final, TypeGuard

from smsctl.domain.eligibility import RowEligibilities
from smsctl.domain.filling import FilledRows
from smsctl.domain.number_plan import NumberFault
from smsctl.domain.people import PeopleWriter
from smsctl.domain.recipients import RowRules, SkipReason

Row = Sequence[str]
_Plain = tuple[int, Row, str]  # its row number, and number
_Found = str | NumberFault | None
OddRow = tuple[int, Row, _Found]
"""A row that is not plain: its row number, and its own number or what is plainly wrong with that."""


@dataclass(slots=True)
class PlainRows:
    """Where such rows are put, and what they are judged by."""

    width: int
    numbers_at: Sequence[int]
    name_at: int | None
    cells: Callable[[Row], tuple[str, ...]]  # that decide
    eligibilities: RowEligibilities
    rules: RowRules
    filled: FilledRows | None  # the texts of the rows, where each gets one of its own
    ready: PeopleWriter
    skipped: Mapping[SkipReason, PeopleWriter]
    seen: set[int]
    sent: Container[object]
    last_row: int  # read so far

    def take(self, rows: Iterable[Row]) -> Iterator[OddRow]:
        """Take the plain rows, of one column of numbers; yield the others when those before are taken."""
        width, number_of, left = self.width, itemgetter(self.numbers_at[0]), iter(rows)
        look_up, look_up_all = self.rules.numbers.look_up, self.rules.numbers.look_up_all
        while together := [*islice(left, _TAKEN_TOGETHER)]:
            if {*map(len, together)} == {width}:
                numbers = look_up_all([*map(number_of, together)])
            else:
                numbers = [look_up(number_of(row)) if len(row) == width else None for row in together]
            row_numbers = range(self.last_row + 1, self.last_row + 1 + len(together))
            if self._all_are_plain(numbers, together):
                yield from self._take_all(row_numbers, together, numbers)
            else:
                yield from self._one_by_one(row_numbers, together, numbers)
            self.last_row += len(together)
            self.ready.pack()

    def takes(self, row_number: int, row: Row) -> bool:
        """Take a row with several columns of numbers; say whether it was plain."""
        if len(row) != self.width:
            return False
        eligibility, is_blocked = self.eligibilities[self.cells(row)], self.rules.is_blocked
        fast = self.rules.numbers.fast
        found = [(at, fast(cell)) for at, place in enumerate(self.numbers_at) if (cell := row[place])]
        numbers = [(at, number) for at, number in found if number is not None]
        if not found or len(numbers) < len(found):
            return False
        if (counted := eligibility.quiet) is not None:
            counted.rows += 1
            return True
        if eligibility is not self.eligibilities.welcome or any(
            int(number) in self.sent or (is_blocked and is_blocked(number)) for _, number in numbers
        ):
            return False
        texts = self.filled.fill_all([row]) if self.filled else None
        if texts and not texts.parts[0]:
            return False
        name = "" if self.name_at is None else row[self.name_at]
        for at, number in numbers:
            digits = int(number)
            if self.filled and texts:
                reason = self.filled.note_all([number], texts).get(0)
            else:
                reason = SkipReason.DUPLICATE if digits in self.seen else None
                self.seen.add(digits)
            people = self.skipped[reason] if reason else self.ready
            people.add(row_number, digits, name, at)
        return True

    def _all_are_plain(self, numbers: Sequence[_Found], rows: Sequence[Row]) -> TypeGuard[Sequence[str]]:
        """Say whether all have a number that nobody has blocked, and belong to the audience."""
        if self.rules.is_blocked or {*map(type, numbers)} != {str}:
            return False
        found = map(self.eligibilities.__getitem__, map(self.cells, rows))
        return all(map(is_, found, repeat(self.eligibilities.welcome)))

    def _one_by_one(
        self, row_numbers: Iterable[int], rows: Iterable[Row], numbers: Iterable[_Found]
    ) -> Iterator[OddRow]:
        cells, eligibilities, is_blocked = self.cells, self.eligibilities, self.rules.is_blocked
        welcome, plain = self.eligibilities.welcome, list[_Plain]()
        for row_number, row, number in zip(row_numbers, rows, numbers, strict=True):
            if type(number) is str:
                eligibility = eligibilities[cells(row)]
                if eligibility is welcome:
                    if not (is_blocked and is_blocked(number)):
                        plain.append((row_number, row, number))
                        continue
                elif (counted := eligibility.quiet) is not None:
                    counted.rows += 1
                    continue
            if plain:
                yield from self._take_all(*zip(*plain, strict=True))
                plain.clear()
            yield row_number, row, number
        if plain:
            yield from self._take_all(*zip(*plain, strict=True))

    def _take_all(
        self, row_numbers: Sequence[int], rows: Sequence[Row], numbers: Sequence[str]
    ) -> Iterator[OddRow]:
        """Take such people, but for those whose text is not plain."""
        if self.filled is None:
            digits = [*map(int, numbers)]
            self._put(row_numbers, rows, digits, self._note_all(digits))
            return
        texts, begins = self.filled.fill_all(rows), 0
        for ends in [*(at for at, parts in enumerate(texts.parts) if not parts), len(rows)]:
            some = slice(begins, ends)
            if begins < ends:
                left_out = self.filled.note_all(numbers[some], texts.part(some))
                self._put(row_numbers[some], rows[some], [*map(int, numbers[some])], left_out)
            if ends < len(rows):
                yield row_numbers[ends], rows[ends], numbers[ends]
            begins = ends + 1

    def _note_all(self, digits: Sequence[int]) -> Mapping[int, SkipReason]:
        """Note numbers, which all get the same text; return why some do not get it, by their place."""
        seen, those = self.seen, {*digits}
        had_it = [*map(self.sent.__contains__, digits)]
        if len(those) == len(digits) and seen.isdisjoint(those) and True not in had_it:
            seen |= those
            return {}
        left_out: dict[int, SkipReason] = {}
        for at, (number, had) in enumerate(zip(digits, had_it, strict=True)):
            if number in seen:
                left_out[at] = SkipReason.DUPLICATE
            elif had:  # who had it is not noted as seen
                left_out[at] = SkipReason.ALREADY_SENT
            else:
                seen.add(number)
        return left_out

    def _put(
        self,
        row_numbers: Sequence[int],
        rows: Sequence[Row],
        digits: Sequence[int],
        left_out: Mapping[int, SkipReason],
    ) -> None:
        names = [""] * len(rows) if self.name_at is None else [*map(itemgetter(self.name_at), rows)]
        if not left_out:
            self.ready.extend(row_numbers, digits, names)
            return
        for at, person in enumerate(zip(row_numbers, digits, names, strict=True)):
            people = self.skipped[left_out[at]] if at in left_out else self.ready
            people.add(*person)


_TAKEN_TOGETHER: Final = 256  # as many stay in the processor's cache
