"""Many people in little memory: what is kept of each recipient row.

A mailing may have a million rows, and Python objects for them would take half a gigabyte. So the columns are
packed: 8 bytes for the number, 4 for the row, and the names of a few thousand people as one UTF-8 text. A
`Recipient` exists only while someone looks at it.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, repeat
from typing import NamedTuple

from smsctl.domain.seen import Seen


class Recipient(NamedTuple):
    """One person row: the spreadsheet's row number, the number (E.164, else as written) and the name."""

    row: int
    number: str
    name: str


class People:
    """Recipients in file order, or by cost centre; gone through as often as wanted. PeopleWriter makes it."""

    __slots__ = ("_columns", "_digits", "_rows", "_several", "_texts")

    def __init__(
        self,
        rows: "array[int]",
        digits: "array[int]",
        texts: tuple[bytes, ...],
        columns: "array[int] | None" = None,
    ) -> None:
        """Keep the columns: rows, numbers (0: the text tells what was written), and packed names."""
        self._rows = rows
        self._digits = digits
        self._texts = texts
        self._columns = columns
        self._several: tuple[int, int] | None = None  # looked at once: it is told in several places

    def __len__(self) -> int:
        """Return how many they are."""
        return len(self._rows)

    def __iter__(self) -> Iterator[Recipient]:
        """Unpack one after the other."""
        return map(partial(tuple.__new__, Recipient), self.plain())

    def plain(self) -> Iterator[tuple[int, str, str]]:
        """Unpack one after the other, as nothing but row, number and name: in half the time."""
        texts = chain.from_iterable(text.decode().split(_BETWEEN_PEOPLE) for text in self._texts)
        if 0 in self._digits:
            return self._as_written(texts)
        numbers = (f"+{one}" for one in self._digits)
        return zip(self._rows, numbers, map(str.strip, texts), strict=True)

    def _as_written(self, texts: Iterable[str]) -> Iterator[tuple[int, str, str]]:
        for row, digits, text in zip(self._rows, self._digits, texts, strict=True):
            if digits:
                yield row, f"+{digits}", text.strip()
            else:
                written, _, name = text.partition(_AFTER_WRITTEN)
                yield row, written, name.strip()

    def __repr__(self) -> str:
        """Show how many; numbers and names stay out of logs and tracebacks."""
        return f"<{len(self)} people>"

    @property
    def rows(self) -> "array[int]":
        """The rows they stand in, in order; one may come twice."""
        return self._rows

    @property
    def columns(self) -> Iterable[int]:
        """In which of the columns of numbers each of them stands, from 0."""
        return repeat(0, len(self._rows)) if self._columns is None else self._columns

    def positions_of(self, digits: Container[int]) -> list[tuple[int, int]]:
        """Return row and column of those who have one of the numbers, as integers."""
        placed = zip(self._rows, self._digits, self.columns, strict=True)
        return [(row, column) for row, one, column in placed if one in digits]

    def grouped(self, places: Sequence[int], order: Sequence[int]) -> "People":
        """Return them in groups: `places` tells of each its group, `order` how the groups follow each other.

        All must have been read.
        """
        groups = {place: PeopleWriter(by_column=self._columns is not None) for place in order}
        for (row, number, name), column, place in zip(self, self.columns, places, strict=True):
            groups[place].add(row, int(number), name, column)
        rows, digits, texts, columns = array("I"), array("Q"), list[bytes](), array("B")
        for group in groups.values():
            some_rows, some_digits, some_texts, some_columns = group.packed()
            rows += some_rows
            digits += some_digits
            texts += some_texts
            columns += some_columns or array("B")
        return People(rows, digits, tuple(texts), None if self._columns is None else columns)

    def places_of(self, digits: Container[int]) -> frozenset[int]:
        """Return the places, from 0, of those who have one of the numbers, as integers."""
        return frozenset(at for at, one in enumerate(self._digits) if one in digits)

    @property
    def several(self) -> tuple[int, int]:
        """How many numbers stand more than once, and how often one does at most."""
        if self._several is None:
            again = Counter(self._digits[at] for at in Seen().repeated(self._digits))  # half the memory
            self._several = len(again), max(again.values(), default=0) + bool(len(self))
        return self._several

    def without_words_of(self, is_meant: Callable[[int, str], bool]) -> "People":
        """Return them with neither number nor name of those meant, by row and cell; no number was read."""
        kept = PeopleWriter(by_column=self._columns is not None)
        for (row, written, name), column in zip(self, self.columns, strict=True):
            said = ("", "") if is_meant(row, written) else (written, name)
            kept.add_as_written(row, *said, column)
        return kept.people()

    def without(self, digits: Container[int]) -> "People":
        """Return them without those who have one of the numbers; all must have been read."""
        kept = PeopleWriter(by_column=self._columns is not None)
        for (row, number, name), column in zip(self, self.columns, strict=True):
            if int(number) not in digits:
                kept.add(row, int(number), name, column)
        return kept.people()


class PeopleWriter:
    """Packs people, one at a time."""

    __slots__ = ("_columns", "_digits", "_names", "_rows", "_texts")

    def __init__(self, *, by_column: bool = False) -> None:
        """Start with nobody; `by_column` where the file has several columns of numbers."""
        self._rows = array("I")
        self._digits = array("Q")
        self._columns = array("B") if by_column else None
        self._names: list[str] = []  # not packed yet
        self._texts: list[bytes] = []

    def __len__(self) -> int:
        """Return how many there are so far."""
        return len(self._rows)

    def add(self, row: int, digits: int, name: str, column: int = 0) -> None:
        """Add a person whose number was read; `digits` is E.164 without the plus.

        Done for every row, so nothing is done here that can be done when someone looks.
        """
        self._rows.append(row)
        self._digits.append(digits)
        self._names.append(name)
        if self._columns is not None:
            self._columns.append(column)
        if len(self._names) >= _PACKED_TOGETHER:
            self.pack()

    def extend(self, rows: Sequence[int], digits: Sequence[int], names: Sequence[str]) -> None:
        """Add people whose numbers were read, all in the first column; `pack` is to follow now and then."""
        self._rows.extend(rows)
        self._digits.extend(digits)
        self._names.extend(names)

    def add_as_written(self, row: int, written: str, name: str, column: int = 0) -> None:
        """Add a person whose number was not read."""
        self.add(row, 0, f"{written.replace(_AFTER_WRITTEN, ' ')}{_AFTER_WRITTEN}{name}", column)

    def packed(self) -> "tuple[array[int], array[int], tuple[bytes, ...], array[int] | None]":
        """Return those added so far as `People` keeps them."""
        self.pack()
        return self._rows, self._digits, tuple(self._texts), self._columns

    def people(self) -> People:
        """Return those added so far."""
        return People(*self.packed())

    def pack(self) -> None:
        """Pack the names of those who were added."""
        if not self._names:
            return
        text = _BETWEEN_PEOPLE.join(self._names)
        if text.count(_BETWEEN_PEOPLE) >= len(self._names):  # one stands in a name: it would shift the rest
            text = _BETWEEN_PEOPLE.join(name.replace(_BETWEEN_PEOPLE, " ") for name in self._names)
        self._texts.append(text.encode())
        self._names.clear()


_PACKED_TOGETHER = 4096
_BETWEEN_PEOPLE = "\0"
_AFTER_WRITTEN = "\x1f"
