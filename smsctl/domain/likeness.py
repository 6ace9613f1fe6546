"""What a reader may take for a group or a value that is asked for, and that the rules do not.

Nobody gets a message for it; it is told, so that whoever is meant is named.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from smsctl.domain.audience import GROUPS, groups_in
from smsctl.domain.cells import VEIL, pieces, plain, shown
from smsctl.domain.headings import fold

Misses = Sequence[tuple[str, frozenset[str]]]
"""Cells that shut a row out by `where`, each with the values that are asked for."""


def alike_in(cell: str, wanted: frozenset[str]) -> list[str]:
    """Return the groups of a cell that a reader may take for one of those that are wanted.

    "VH1", "VH och personal" and "Vårdnadhavare" for guardians, "7 A" and "Klass 7A" for 7A.
    """
    if _is_date_of(cell, wanted):
        return [_day_and_month(cell)]
    return [name for name in groups_in(cell).values() if _is_near(name, wanted) or _speaks_of(name, wanted)]


def alike_among(misses: Misses) -> list[str]:
    """Return the cells for which alone a row is shut out, if a reader may take each for a value: "7A, 7B".

    Of their words only those that are asked for, and figures: a cell may hold anything about anybody.
    """
    found = [
        _day_and_month(cell) if _is_date_of(cell, values) else _without_words(cell, values)
        for cell, values in misses
        if _is_date_of(cell, values) or _is_near(cell, values)
    ]
    return found if len(found) == len(misses) else []


def _is_date_of(cell: str, wanted: frozenset[str]) -> bool:
    """Tell whether a cell is the date that a spreadsheet has made of what is wanted: of 7-1, for one."""
    return bool(_pairs(wanted)) and _pair_of_date(cell) in _pairs(wanted)


@cache
def _pairs(wanted: frozenset[str]) -> frozenset[tuple[int, int]]:
    """Return the two figures of each that is wanted and may become a date, the lesser first."""
    found = (re.fullmatch(r"(\d{1,2}) ?[-/.:\u2013] ?(\d{1,2})", one) for one in wanted)
    return frozenset(_ordered(*one.groups()) for one in found if one)


def _pair_of_date(cell: str) -> tuple[int, int] | None:
    """Return the day and the month of a date, the lesser first."""
    found = re.fullmatch(_DATE, plain(cell))
    if found is None:
        return None
    one, other = (piece for piece in found.groups() if piece)
    if month := next((piece for piece in (one, other) if piece.isalpha()), None):
        return _ordered(_MONTHS.get(month[:3], 0), other if month is one else one)
    return _ordered(one, other)


def _ordered(one: str | int, other: str | int) -> tuple[int, int]:
    return min(int(one), int(other)), max(int(one), int(other))


def _day_and_month(cell: str) -> str:
    """Return a date without its year, for with it one may be somebody's day of birth."""
    return re.sub(r"\b\d{4}\b[-/. ]?|[-/. ]\d{4}\b| 00:00.*", "", shown(cell))


def _speaks_of(name: str, wanted: frozenset[str]) -> bool:
    words = [fold(word).rstrip("0123456789") for word in re.findall(_WORD, name)]
    return any(
        group in wanted and (word == known or (len(known) >= _LONG and word.startswith(known[: _LONG - 1])))
        for known, group in (*GROUPS.items(), *_ALSO.items())
        for word in words
    )


def _is_near(cell: str, wanted: frozenset[str]) -> bool:
    """Tell whether a cell is what is wanted but for what `fold` ignores, or a zero before it.

    So as a whole, as one of several, or where it has a figure (7A) as one of the words, or their end (Åk7A).
    """
    sought, folded = _sought(wanted), fold(cell)
    if not any(one in folded for one in sought):
        return False
    words = {
        fold(word) for found in re.findall(_WORD, cell) for word in (found, re.sub(r"^[^\W\d_]+", "", found))
    }
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
    known = {fold(word) for one in values for word in re.findall(_WORD, one)}
    return re.sub(
        r"[^\W\d_]{2,}(?![^\W_])", lambda word: word[0] if fold(word[0]) in known else VEIL, shown(cell)
    )


_ALSO: Final = dict.fromkeys(("foralder", "foraldrar", "malsman", "parent", "parents"), "guardians")
"""Words that a reader takes for a group of ours, and that name it nowhere."""
_LONG: Final = 8  # letters; what begins as a word of so many is a slip of it, or another form
_WORD: Final = r"[^\W_]+"
_MONTHS: Final = {
    name: at // 2 + 1
    for at, name in enumerate(
        re.findall("...", "janjanfebfebmarmarapraprmajmayjunjunjuljulaugaugsepsepoktoctnovnovdecdec")
    )
}
"""In Swedish and in English."""
_DATE: Final = (
    r"\d{4}-(\d{1,2})-(\d{1,2})(?: 00:00(?::00)?)?|(\d{1,2})[-/.](\d{1,2})[-/.](?:\d{2}){1,2}"
    r"|(\d{1,2})[-. ]([a-zåäö]{3,9})\.?(?:[- ](?:\d{2}){1,2})?|([a-z]{3,9})[-. ](\d{1,2})"
)
