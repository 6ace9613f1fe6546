"""The rows of a file with one column of numbers that plainly pass, or plainly belong to another audience.

Written for speed, because there may be a million of them: what is used for every row is a local name, cells
are compared only when their combination is new, and a number is one `look_up`. What is not plain is yielded
with what came of that, for the law.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, repeat
from operator import is_, itemgetter
from typing import Final, cast

from smsctl.domain.eligibility import RowEligibilities
from smsctl.domain.filled import NO_TEXTS, FilledTexts
from smsctl.domain.filling import FilledRows
from smsctl.domain.number_plan import NumberFault
from smsctl.domain.people import PeopleWriter
from smsctl.domain.recipients import RowRules, SkipReason

Row = Sequence[str]
_Plain = tuple[int, str, Row]  # its row number, and number
_Found = str | NumberFault | None
OddRow = tuple[int, Row, _Found]
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
        """Take the plain rows where all get the same text; yield the others.

        Some hundred are looked at together, and taken together where all are plain: in two thirds of the
        time.
        """
        width, number_of, left = self.width, itemgetter(self.number_at), iter(rows)
        look_up, look_up_all = self.rules.numbers.look_up, self.rules.numbers.look_up_all
        while together := [*islice(left, _TAKEN_TOGETHER)]:
            if {*map(len, together)} == {width}:
                numbers = look_up_all([*map(number_of, together)])
            else:
                numbers = [look_up(number_of(row)) if len(row) == width else None for row in together]
            if self._all_are_plain(together, numbers):
                self._put_all(together, [*map(int, cast("Sequence[str]", numbers))])
            else:
                yield from self._one_by_one(together, numbers)
            self.last_row += len(together)
            self.ready.pack()

    def _all_are_plain(self, rows: Sequence[Row], numbers: Sequence[_Found]) -> bool:
        """Say whether all have a number that nobody has blocked, and belong to the audience."""
        if self.rules.is_blocked or {*map(type, numbers)} != {str}:
            return False
        found = map(self.eligibilities.__getitem__, map(self.cells, rows))
        return all(map(is_, found, repeat(self.eligibilities.welcome)))

    def _put_all(self, rows: Sequence[Row], digits: Sequence[int]) -> None:
        """Put such people, each once, where they belong."""
        seen, those = self.seen, {*digits}
        names = [""] * len(rows) if self.name_at is None else [*map(itemgetter(self.name_at), rows)]
        row_numbers = range(self.last_row + 1, self.last_row + 1 + len(rows))
        had_it = [*map(self.sent.__contains__, digits)]
        if len(those) == len(digits) and seen.isdisjoint(those) and True not in had_it:
            seen |= those
            self.ready.extend(row_numbers, digits, names)
        else:
            for one in zip(row_numbers, digits, names, had_it, strict=True):
                self._put_one(*one)

    def _put_one(self, row_number: int, digits: int, name: str, had_it: bool) -> None:  # noqa: FBT001 - of a row
        if digits in self.seen:
            self.skipped[SkipReason.DUPLICATE].add(row_number, digits, name)
        elif had_it:  # who had it is not noted as seen
            self.skipped[SkipReason.ALREADY_SENT].add(row_number, digits, name)
        else:
            self.seen.add(digits)
            self.ready.add(row_number, digits, name)

    def _one_by_one(self, rows: Sequence[Row], numbers: Sequence[_Found]) -> Iterator[OddRow]:
        cells, eligibilities, is_blocked = self.cells, self.eligibilities, self.rules.is_blocked
        welcome, name_at, sent = self.eligibilities.welcome, self.name_at, self.sent
        for row_number, (row, number) in enumerate(zip(rows, numbers, strict=True), self.last_row + 1):
            if type(number) is str:
                eligibility = eligibilities[cells(row)]
                if eligibility is welcome:
                    if not (is_blocked and is_blocked(number)):
                        digits, name = int(number), "" if name_at is None else row[name_at]
                        self._put_one(row_number, digits, name, digits in sent)
                        continue
                elif (counted := eligibility.quiet) is not None:
                    counted.rows += 1
                    continue
            yield row_number, row, number

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


_TAKEN_TOGETHER: Final = 256  # as many stay in the processor's cache
