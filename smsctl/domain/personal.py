"""Texts of their own: what they are made of, and all of them kept in little memory.

A mailing may have a million of them, so that only what was filled in is kept, packed; each is made again when
someone looks at it.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from itertools import chain, compress, islice, repeat, zip_longest
from typing import Final, NamedTuple

from smsctl.domain.filled import JOINS, Filled, FilledTexts, composed, filled_in, rendered
from smsctl.domain.text import Encoding, PartProfile, TextSize, foreign_in, plainly
from smsctl.domain.wording import Wording


class ForeignCells(NamedTuple):
    """What is not GSM-7 in the cells of a column, where that makes a text UCS-2."""

    column: str
    rows: int
    signs: Mapping[str, int]  # character -> rows, the most frequent first


class TextColumns(NamedTuple):
    """What is kept of many texts."""

    templates: "array[int]"
    parts: "array[int]"
    wide: "array[int]"  # 1: UCS-2
    lengths: "array[int]"  # characters
    cells: Sequence[bytes]  # of some thousand texts each


class PersonalTexts:
    """The texts of those who get a message, in their order; made by `TextWriter`."""

    __slots__ = (
        *("_cells", "_foreign", "_lengths", "_plain", "_templates", "_wide"),
        *("by_parts", "parts", "wording"),
    )

    def __init__(self, wording: Wording, columns: TextColumns) -> None:
        """Keep the packed columns."""
        self.wording: Final = wording
        self._templates, self.parts, self._wide, self._lengths, self._cells = columns
        self.by_parts: Final = dict(sorted(Counter(self.parts).items()))
        """How many texts take so many parts, the fewest first."""
        self._foreign: list[ForeignCells] | None = None  # found once: it is told in several places
        self._plain: tuple[Wording, PersonalTexts | None] | None = None

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.parts)

    def bodies(self) -> Iterator[str]:
        """Yield each as it is sent."""
        for piece, (span, columns) in zip(self._cells, self._pieces(), strict=True):
            nothing_joins = not piece.translate(None, _BEFORE_JOINS)
            yield from filled_in(self.wording, self._templates[span], columns, nothing_joins=nothing_joins)

    def __repr__(self) -> str:
        """Show how many; what stands in them stays out of logs and tracebacks."""
        return f"<{len(self)} texts>"

    @property
    def total(self) -> int:
        """The parts of all of them."""
        return sum(parts * texts for parts, texts in self.by_parts.items())

    @property
    def unicode(self) -> int:
        """How many cannot be written in GSM-7."""
        return sum(self._wide)

    @property
    def lengths(self) -> tuple[int, int]:
        """The characters of the shortest and of the longest."""
        return min(self._lengths, default=0), max(self._lengths, default=0)

    def by_template(self) -> list[tuple[int, int]]:
        """Return how many texts each template makes, and their parts."""
        if not self.wording.variants:
            return [(len(self), self.total)]
        people, parts = Counter(self._templates), Counter[int]()
        for template, one in zip(self._templates, self.parts, strict=True):
            parts[template] += one
        return [(people[at], parts[at]) for at in range(len(self.wording.templates))]

    def at(self, places: Iterable[int]) -> dict[int, Filled]:
        """Return the texts at some places, from 0; only what they stand in is unpacked."""
        wanted, found = sorted(set(places)), dict[int, Filled]()
        for span, columns in self._pieces(wanted):
            for at in wanted:
                if span.start <= at < span.stop:
                    found[at] = self._filled(at, tuple(column[at - span.start] for column in columns))
        return found

    def _filled(self, at: int, kept: tuple[str, ...]) -> Filled:
        template = self._templates[at]
        cells = kept[: len(self.wording.templates[template].fields)]
        return Filled(
            body=composed(rendered(self.wording.templates[template], cells)),
            cells=cells,
            parts=self.parts[at],
            is_wide=bool(self._wide[at]),
            template=template,
        )

    def dearest(self, most: int) -> list[int]:
        """Return the places of so many of the texts with most parts, the dearest first."""
        found: list[int] = []
        for level in sorted(self.by_parts, reverse=True):
            if len(found) < most:
                found += islice((at for at, parts in enumerate(self.parts) if parts == level), most)
        return found[:most]

    def first_of_each(self) -> list[int]:
        """Return the place of the first text of each template that is used."""
        used = sorted(set(self._templates))
        return [self._templates.index(template) for template in used]

    def foreign(self, profile: PartProfile) -> list[ForeignCells]:
        """Return what of each column makes texts UCS-2, the column with most of such rows first."""
        if self._foreign is None:
            self._foreign = self._foreign_cells(profile) if self.unicode else []
        return self._foreign

    def _foreign_cells(self, profile: PartProfile) -> list[ForeignCells]:
        people, signs = Counter[str](), dict[str, Counter[str]]()
        templates = self.wording.templates
        for at, cells in self._wide_ones():
            placed = zip(templates[self._templates[at]].fields, cells, strict=True)
            found = {(field.column, char) for field, cell in placed for char in foreign_in(cell, profile)}
            people.update({column for column, _ in found})
            for column, char in sorted(found):
                signs.setdefault(column, Counter())[char] += 1
        return [
            ForeignCells(column=column, rows=rows, signs=dict(signs[column].most_common()))
            for column, rows in people.most_common()
        ]

    def plainly(self, wording: Wording, size_of: Callable[[str], TextSize]) -> "PersonalTexts | None":
        """Return them with typographic characters written plainly, also in the templates of `wording`.

        None: one of them would be empty. Where that saves no part, they are as they were.
        """
        if self._plain is None or self._plain[0] != wording:
            self._plain = wording, self._plainly(wording, size_of)
        return self._plain[1]

    def _plainly(self, wording: Wording, size_of: Callable[[str], TextSize]) -> "PersonalTexts | None":
        plain: dict[int, Filled] = {}
        for at, cells in self._wide_ones():  # of no other is anything typographic
            template, written = self._templates[at], tuple(plainly(cell).strip() for cell in cells)
            body = composed(rendered(wording.templates[template], written))
            size = size_of(body)
            is_wide = size.encoding is Encoding.UCS2
            plain[at] = Filled(body=body, cells=written, parts=size.parts, is_wide=is_wide, template=template)
        if not all(one.body for one in plain.values()):
            return None
        if sum(one.parts for one in plain.values()) == sum(self.parts[at] for at in plain):
            return self  # nothing is saved, and so nothing is made anew
        kept = TextWriter(wording)
        for at, row in enumerate(self._rows()):
            if at in plain:
                kept.add(plain[at])
            else:
                kept.put(*row)
        return kept.texts()

    def _wide_ones(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Yield the place and the cells of each text that is UCS-2; no other is unpacked."""
        for span, columns in self._pieces():
            for at in compress(range(span.stop - span.start), self._wide[span]):
                place = span.start + at
                fields = len(self.wording.templates[self._templates[place]].fields)
                yield place, tuple(column[at] for column in columns[:fields])

    def grouped(self, places: Sequence[int], order: Sequence[int]) -> "PersonalTexts":
        """Return them in groups, as `People.grouped` does."""
        groups = {place: TextWriter(self.wording) for place in order}
        for row, place in zip(self._rows(), places, strict=True):
            groups[place].put(*row)
        whole: list[array[int]] = [array("B"), array("B"), array("B"), array("I")]
        packed: list[bytes] = []
        for group in groups.values():
            one = group.columns
            packed += one.cells
            for kept, column in zip(whole, one[:4], strict=True):
                kept.extend(column)
        of_template, of_parts, of_width, of_length = whole
        return PersonalTexts(
            self.wording,
            TextColumns(
                templates=of_template, parts=of_parts, wide=of_width, lengths=of_length, cells=packed
            ),
        )

    def without(self, places: Container[int]) -> "PersonalTexts":
        """Return them without those at some places."""
        kept = TextWriter(self.wording)
        for at, row in enumerate(self._rows()):
            if at not in places:
                kept.put(*row)
        return kept.texts()

    def _rows(self) -> Iterator[tuple[int, int, int, int, tuple[str, ...]]]:
        """Yield what `TextWriter.put` takes of each."""
        cells = chain.from_iterable(zip(*columns, strict=True) for _, columns in self._pieces())
        return zip(self._templates, self.parts, self._wide, self._lengths, cells, strict=True)

    def _pieces(self, places: Sequence[int] | None = None) -> Iterator[tuple[slice, list[list[str]]]]:
        """Yield the cells of some thousand texts at a time, and where they stand; or only those at places."""
        columns, first = _columns(self.wording), 0
        for piece in self._cells:
            last = first + (piece.count(_BETWEEN.encode()) + 1) // columns
            if places is None or any(first <= at < last for at in places):
                cells, rows = piece.decode().split(_BETWEEN), last - first
                yield slice(first, last), [cells[at : at + rows] for at in range(0, len(cells), rows)]
            first = last


class TextWriter:
    """Packs texts."""

    __slots__ = ("_cells", "_lengths", "_parts", "_pieces", "_templates", "_wide", "_wording")

    def __init__(self, wording: Wording) -> None:
        """Start with none."""
        self._wording = wording
        self._templates, self._parts, self._wide = array("B"), array("B"), array("B")
        self._lengths = array("I")
        self._cells = [list[str]() for _ in range(_columns(wording))]  # by column
        self._pieces: list[bytes] = []

    def add(self, filled: Filled) -> None:
        """Add one."""
        self.put(filled.template, filled.parts, filled.is_wide, len(filled.body), filled.cells)

    def put(self, template: int, parts: int, wide: int, length: int, cells: tuple[str, ...]) -> None:
        """Add one by what is kept of it."""
        self._templates.append(template)
        self._parts.append(parts)
        self._wide.append(wide)
        self._lengths.append(length)
        for at, column in enumerate(self._cells):  # where templates have fewer fields, empty ones too
            column.append(cells[at] if at < len(cells) else "")
        self._pack_many()

    def extend(self, texts: FilledTexts) -> None:
        """Add some."""
        self._templates.extend(texts.templates)
        self._parts.extend(texts.parts)
        self._wide.extend(texts.wide)
        self._lengths.extend(map(len, texts.bodies))
        for column, cells in zip_longest(self._cells, texts.columns):
            column.extend(cells or repeat("", len(texts.bodies)))
        self._pack_many()

    def texts(self) -> PersonalTexts:
        """Return those added so far."""
        return PersonalTexts(self._wording, self.columns)

    @property
    def columns(self) -> TextColumns:
        """What is kept of those added so far."""
        self._pack()
        return TextColumns(
            templates=self._templates,
            parts=self._parts,
            wide=self._wide,
            lengths=self._lengths,
            cells=self._pieces,
        )

    def _pack_many(self) -> None:
        if len(self._cells[0]) >= _PACKED_TOGETHER:
            self._pack()

    def _pack(self) -> None:
        """Pack the cells, column by column."""
        if self._cells[0]:
            self._pieces.append(_BETWEEN.join(chain.from_iterable(self._cells)).encode())
            for column in self._cells:
                column.clear()


def _columns(wording: Wording) -> int:
    """Return how many cells are kept of each text, also of one that has fewer fields; at least one."""
    return max(1, *(len(one.fields) for one in wording.templates))


_PACKED_TOGETHER: Final = 4096
_BETWEEN: Final = "\0"
_BEFORE_JOINS: Final = bytes(range(JOINS.encode()[0]))
"""The bytes, in UTF-8, of the characters before."""
