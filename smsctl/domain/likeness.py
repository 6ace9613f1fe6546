"""What a reader may take for a group or a value that is asked for, and that the rules do not.

Nobody gets a message for it; it is told, so that whoever is meant is named.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from smsctl.domain.audience import GROUPS, groups_in
from smsctl.domain.cells import VEIL, pieces, shown
from smsctl.domain.headings import fold

Misses = Sequence[tuple[str, frozenset[str]]]
"""Cells that shut a row out by `where`, each with the values that are asked for."""


def alike_in(cell: str, wanted: frozenset[str]) -> list[str]:
    """Return the groups of a cell that a reader may take for one of those that are wanted.

    "VH1", "VH och personal" and "Vårdnadhavare" for guardians, "7 A" and "Klass 7A" for 7A.
    """
    return [name for name in groups_in(cell).values() if _is_near(name, wanted) or _speaks_of(name, wanted)]


def alike_among(misses: Misses) -> list[str]:
    """Return the cells for which alone a row is shut out, if a reader may take each for a value: "7A, 7B".

    Of their words only those that are asked for, and figures: a cell may hold anything about anybody.
    """
    found = [_without_words(cell, values) for cell, values in misses if _is_near(cell, values)]
    return found if len(found) == len(misses) else []


def _speaks_of(name: str, wanted: frozenset[str]) -> bool:
    words = [fold(word).rstrip("0123456789") for word in re.findall(r"\w+", name)]
    return any(
        group in wanted and (word == known or (len(known) >= _LONG and word.startswith(known[: _LONG - 1])))
        for known, group in (*GROUPS.items(), *_ALSO.items())
        for word in words
    )


def _is_near(cell: str, wanted: frozenset[str]) -> bool:
    """Tell whether a cell is what is wanted but for what `fold` ignores, or a zero before it.

    So as a whole, as one of several, or where it has a figure (7A) as one of the words.
    """
    sought, folded = _sought(wanted), fold(cell)
    if not any(one in folded for one in sought):
        return False
    words = {fold(word) for word in re.findall(r"\w+", cell)}
    named = {_nearly(cell), *map(_nearly, pieces(cell)), *(word for word in words if not word.isalpha())}
    return not sought.isdisjoint(named)


@cache
def _sought(wanted: frozenset[str]) -> frozenset[str]:
    return frozenset(near for one in wanted if (near := _nearly(one)))


def _nearly(text: str) -> str:
    return fold(text).lstrip("0")


def _without_words(cell: str, values: frozenset[str]) -> str:
    if fold(cell) in {fold(one) for one in values}:
        return shown(cell)
    known = {fold(word) for one in values for word in re.findall(r"\w+", one)}
    return re.sub(
        r"[^\W\d_]{2,}(?!\w)",
        lambda word: word[0] if fold(word[0]) in known else VEIL,
        shown(cell),
    )


_ALSO: Final = dict.fromkeys(("foralder", "foraldrar", "malsman", "parent", "parents"), "guardians")
"""Words that a reader takes for a group of ours, and that name it nowhere."""
_LONG: Final = 8  # letters; what begins as a word of so many is a slip of it, or another form
