"""Texts of their own: what they are made of, and all of them kept in little memory.

A mailing may have a million of them, so that only what was filled in is kept, packed; each is made again when
someone looks at it.
"""

import unicodedata
from array import array
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple

from smsctl.domain import gsm7
from smsctl.domain.fields import Template
from smsctl.domain.text import Encoding, TextSize, plainly
from smsctl.domain.wording import Wording


class PersonalText(NamedTuple):
    """The text of one message as it is sent, and the parts that it takes."""

    body: str
    parts: int


class Filled(NamedTuple):
    """A template filled in from one row."""

    body: str
    cells: tuple[str, ...]  # as they stand in the text
    parts: int
    is_wide: bool  # UCS-2
    template: int = 0


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

    __slots__ = ("_cells", "_foreign", "_lengths", "_parts", "_plain", "_templates", "_wide", "wording")

    def __init__(self, wording: Wording, columns: TextColumns) -> None:
        """Keep the packed columns."""
        self.wording: Final = wording
        self._templates, self._parts, self._wide, self._lengths, self._cells = columns
        self._foreign: list[ForeignCells] | None = None  # found once: it is told in several places
        self._plain: tuple[Wording, PersonalTexts | None] | None = None

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._parts)

    def __iter__(self) -> Iterator[PersonalText]:
        """Fill in one after the other."""
        formats = [format_of(one) for one in self.wording.templates]
        for template, parts, cells in zip(self._templates, self._parts, self._each(), strict=True):
            yield PersonalText(body=composed(formats[template] % cells), parts=parts)

    def __repr__(self) -> str:
        """Show how many; what stands in them stays out of logs and tracebacks."""
        return f"<{len(self)} texts>"

    @property
    def total(self) -> int:
        """The parts of all of them."""
        return sum(self._parts)

    @property
    def by_parts(self) -> dict[int, int]:
        """How many texts take so many parts, the fewest first."""
        return dict(sorted(Counter(self._parts).items()))

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
        for template, one in zip(self._templates, self._parts, strict=True):
            parts[template] += one
        return [(people[at], parts[at]) for at in range(len(self.wording.templates))]

    def at(self, places: Iterable[int]) -> dict[int, Filled]:
        """Return the texts at some places, from 0; only what they stand in is unpacked."""
        wanted, found, first = sorted(set(places)), dict[int, Filled](), 0
        for piece in self._cells:
            last = first + piece.count(_BETWEEN_ROWS.encode())
            here = [at for at in wanted if first <= at <= last]
            if here:
                rows = piece.decode().split(_BETWEEN_ROWS)
                found.update({at: self._filled(at, rows[at - first]) for at in here})
            first = last + 1
        return found

    def _filled(self, at: int, packed: str) -> Filled:
        template, cells = self._templates[at], _unpacked(packed)
        return Filled(
            body=composed(format_of(self.wording.templates[template]) % cells),
            cells=cells,
            parts=self._parts[at],
            is_wide=bool(self._wide[at]),
            template=template,
        )

    def dearest(self, most: int) -> list[int]:
        """Return the places of so many of the texts with most parts, the dearest first."""
        found: list[int] = []
        for level in sorted(self.by_parts, reverse=True):
            if len(found) < most:
                found += islice((at for at, parts in enumerate(self._parts) if parts == level), most)
        return found[:most]

    def first_of_each(self) -> list[int]:
        """Return the place of the first text of each template that is used."""
        used = sorted(set(self._templates))
        return [self._templates.index(template) for template in used]

    def foreign(self) -> list[ForeignCells]:
        """Return what of each column makes texts UCS-2, the column with most of such rows first."""
        if self._foreign is None:
            self._foreign = self._foreign_cells() if self.unicode else []
        return self._foreign

    def _foreign_cells(self) -> list[ForeignCells]:
        people, signs = Counter[str](), dict[str, Counter[str]]()
        templates = self.wording.templates
        for template, is_wide, cells in zip(self._templates, self._wide, self._each(), strict=True):
            if is_wide:
                placed = zip(templates[template].fields, cells, strict=True)
                found = {(field.column, char) for field, cell in placed for char in foreign_in(cell)}
                people.update({column for column, _ in found})
                for column, char in sorted(found):
                    signs.setdefault(column, Counter())[char] += 1
        return [
            ForeignCells(column=column, rows=rows, signs=dict(signs[column].most_common()))
            for column, rows in people.most_common()
        ]

    def plainly(self, wording: Wording, size_of: Callable[[str], TextSize]) -> "PersonalTexts | None":
        """Return them with typographic characters written plainly, also in the templates of `wording`.

        None: one of them would be empty.
        """
        if self._plain is None or self._plain[0] != wording:
            self._plain = wording, self._plainly(wording, size_of)
        return self._plain[1]

    def _plainly(self, wording: Wording, size_of: Callable[[str], TextSize]) -> "PersonalTexts | None":
        kept, formats = TextWriter(wording), [format_of(one) for one in wording.templates]
        rows = zip(self._templates, self._parts, self._wide, self._lengths, self._each(), strict=True)
        for template, parts, wide, length, cells in rows:
            if not wide:  # then nothing of it is typographic
                kept.put(template, parts, wide, length, cells)
                continue
            plain = tuple(plainly(cell).strip() for cell in cells)
            body = composed(formats[template] % plain)
            if not body:
                return None
            size = size_of(body)
            kept.put(template, size.parts, size.encoding is Encoding.UCS2, len(body), plain)
        return kept.texts()

    def grouped(self, places: Sequence[int], order: Sequence[int]) -> "PersonalTexts":
        """Return them in groups, as `People.grouped` does."""
        groups = {place: TextWriter(self.wording) for place in order}
        rows = zip(self._templates, self._parts, self._wide, self._lengths, self._each(), strict=True)
        for (template, parts, wide, length, cells), place in zip(rows, places, strict=True):
            groups[place].put(template, parts, wide, length, cells)
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
        rows = zip(self._templates, self._parts, self._wide, self._lengths, self._each(), strict=True)
        for at, (template, parts, wide, length, cells) in enumerate(rows):
            if at not in places:
                kept.put(template, parts, wide, length, cells)
        return kept.texts()

    def _each(self) -> Iterator[tuple[str, ...]]:
        for piece in self._cells:
            yield from map(_unpacked, piece.decode().split(_BETWEEN_ROWS))


class TextWriter:
    """Packs texts, one at a time."""

    __slots__ = ("_cells", "_lengths", "_parts", "_pieces", "_templates", "_wide", "_wording")

    def __init__(self, wording: Wording) -> None:
        """Start with none."""
        self._wording = wording
        self._templates, self._parts, self._wide = array("B"), array("B"), array("B")
        self._lengths = array("I")
        self._cells: list[str] = []
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
        self._cells.append(_BETWEEN_CELLS.join(("", *cells)))
        if len(self._cells) >= _PACKED_TOGETHER:
            self._pack()

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

    def _pack(self) -> None:
        if self._cells:
            self._pieces.append(_BETWEEN_ROWS.join(self._cells).encode())
            self._cells.clear()


def _unpacked(packed: str) -> tuple[str, ...]:
    return tuple(packed.split(_BETWEEN_CELLS)[1:])


def composed(body: str) -> str:
    """Return a text that was filled in as it is sent: composed, and without a blank end."""
    return unicodedata.normalize("NFC", body).rstrip(" \t\n\u00a0").rstrip()


def format_of(template: Template) -> str:
    """Return the template as Python's % fills it in: one pass, so that a cell with %s stays as it is."""
    return "%s".join(piece.replace("%", "%%") for piece in template.pieces)


def refilled(wording: Wording, filled: Filled, cells: tuple[str, ...]) -> str:
    """Return a text with other cells in it, as it may be shown."""
    return composed(format_of(wording.templates[filled.template]) % cells)


def foreign_in(cell: str) -> str:
    """Return the characters of a cell that are not GSM-7."""
    return "".join(sorted(set(cell).difference(gsm7.BASIC, gsm7.EXTENDED)))


_PACKED_TOGETHER: Final = 4096
_BETWEEN_ROWS: Final = "\0"
_BETWEEN_CELLS: Final = "\x1f"
