"""What is found in many rows, told in few sentences: each kind counted, and its first rows shown."""

from collections.abc import Callable
from typing import Final

from smsctl.errors import Sentence, say, say_n

SHOWN: Final = 20
"""So many rows are told one by one; of more, the kinds are told."""
FIRST: Final = 3
"""How many rows of a kind are told then."""
_ROWS_NAMED: Final = 10


class Findings:
    """Sentences about rows, by kind."""

    __slots__ = ("_first", "_kinds", "count")

    def __init__(self) -> None:
        """Start with none."""
        self.count = 0
        self._first: list[Sentence] = []
        self._kinds: dict[str, _Kind] = {}

    def add(self, row_number: int, kind: str, tell: Callable[[], Sentence]) -> None:
        """Count a row; its sentence is made only if it is to be shown."""
        self.count += 1
        found = self._kinds.get(kind)
        if found is None:
            found = self._kinds[kind] = _Kind()
        sentence = None
        if self.count <= SHOWN or found.count < FIRST:
            sentence = say("row {row}: {told}", row=row_number, told=tell())
        if self.count <= SHOWN and sentence:
            self._first.append(sentence)
        found.add(row_number, sentence)

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """What is told: row by row, or the first of each kind and in which rows the others are."""
        if self.count <= SHOWN:
            return tuple(self._first)
        most_first = sorted(self._kinds.values(), key=lambda kind: -kind.count)
        return tuple(sentence for kind in most_first for sentence in kind.told())


class _Kind:
    __slots__ = ("count", "first", "others")

    def __init__(self) -> None:
        self.count = 0
        self.first: list[Sentence] = []
        self.others: list[int] = []

    def add(self, row_number: int, sentence: Sentence | None) -> None:
        self.count += 1
        if sentence is not None and len(self.first) < FIRST:
            self.first.append(sentence)
        elif len(self.others) < _ROWS_NAMED:
            self.others.append(row_number)

    def told(self) -> list[Sentence]:
        n = self.count - len(self.first)
        if not n:
            return self.first
        rows = ", ".join(map(str, self.others))
        if n == len(self.others):
            more = say_n(
                "the same in {n} more row: {rows}", "the same in {n} more rows: {rows}", n=n, rows=rows
            )
        else:
            more = say_n(
                "the same in {n} more row: {rows} and more",
                "the same in {n} more rows: {rows} and more",
                n=n,
                rows=rows,
            )
        return [*self.first, more]
