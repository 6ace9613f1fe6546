"""One text that was filled in: what it was made of, and how it is made."""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain, repeat, starmap, zip_longest
from typing import Final, NamedTuple

from smsctl.domain.fields import Template
from smsctl.domain.wording import Wording


class Filled(NamedTuple):
    """A template filled in from one row."""

    body: str
    cells: tuple[str, ...]  # as they stand in the text
    parts: int
    is_wide: bool  # UCS-2
    template: int = 0


class FilledTexts(NamedTuple):
    """Some texts as columns of what `Filled` has of each: for very many."""

    bodies: Sequence[str]
    columns: Sequence[Sequence[str]]  # the cells of each field; at least one, and as many as any template has
    parts: Sequence[int]  # 0: the text is not plain
    wide: Sequence[bool]
    templates: Sequence[int]

    def part(self, places: slice) -> "FilledTexts":
        """Return those at some places."""
        return FilledTexts(
            bodies=self.bodies[places],
            columns=[column[places] for column in self.columns],
            parts=self.parts[places],
            wide=self.wide[places],
            templates=self.templates[places],
        )

    def each(self) -> Iterator[Filled]:
        """Yield them one by one; where others have more fields, with empty cells at the end."""
        cells = zip(*self.columns, strict=True)
        rows = zip(self.bodies, cells, self.parts, self.wide, self.templates, strict=True)
        return starmap(Filled, rows)


JOINS: Final = "\u0300"
"""From here on are characters that a letter before them may join with, or that are written otherwise."""


def composed(body: str) -> str:
    """Return a text that was filled in as it is sent: composed, and without a blank end."""
    return unicodedata.normalize("NFC", body).rstrip(" \t\n\u00a0").rstrip()


def rendered(template: Template, cells: Sequence[str]) -> str:
    """Return a template with cells in the places of its fields; what stands in them is not looked at."""
    return "".join(chain.from_iterable(zip_longest(template.pieces, cells, fillvalue="")))


def rendered_all(template: Template, columns: Sequence[Sequence[str]], rows: int) -> Iterator[str]:
    """Yield a template with the cells of each row; `columns` are those of its fields. As quick as C."""
    around = (repeat(piece, rows) for piece in template.pieces)
    pieces = (one for one in chain.from_iterable(zip_longest(around, columns)) if one is not None)
    return map("".join, zip(*pieces, strict=True))


def filled_in(
    wording: Wording, chosen: Sequence[int], columns: Sequence[Sequence[str]], *, nothing_joins: bool
) -> Iterator[str]:
    """Yield many texts as they are sent: `chosen` tells the template of each, `columns` have their cells.

    `nothing_joins`: no cell has a character from `JOINS` on.
    """
    made = {
        number: rendered_all(template, columns[: len(template.fields)], len(chosen))
        for number, template in enumerate(wording.templates)
        if number in chosen
    }
    if len(made) == 1:
        ((number, bodies),) = made.items()
        template = wording.templates[number]
        if not template.pieces[-1][-1:].strip():
            yield from map(composed, bodies)
        elif nothing_joins and max(template.literal) < JOINS:
            yield from bodies
        else:  # where the end is a sign, nothing is cut
            yield from map(partial(unicodedata.normalize, "NFC"), bodies)
        return
    # Also what is GSM-7: an o before a cell that begins with a diaeresis is an ö only then.
    lists = {number: list(bodies) for number, bodies in made.items()}
    yield from map(composed, (lists[number][at] for at, number in enumerate(chosen)))


def refilled(wording: Wording, filled: Filled, cells: tuple[str, ...]) -> str:
    """Return a text with other cells in it, as it may be shown."""
    return composed(rendered(wording.templates[filled.template], cells))
