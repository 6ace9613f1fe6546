"""Whether a cell says that a person has accepted the terms of the platform."""

import re
from datetime import date
from functools import cache
from typing import Final

from smsctl.domain.cells import bare
from smsctl.errors import say

NOT_REQUIRED: Final = say("Accepted terms are not required for this mailing.")
"""Told of a mailing that was begun so, by a flag or by the config of then, to whoever goes on with it."""

_GIVEN = ("godkänt", "godkänd", "accepterat", "accepterad")
YES: Final = frozenset(
    ("ja", "j", "yes", "y", "sant", "true", "1", "x", "✓", "✔", "☑", "accepted", "ja tack", *_GIVEN)
)
NO: Final = frozenset(
    ("", "nej", "n", "no", "ej", "falskt", "false", "0", "☐", "nej tack", *(f"ej {one}" for one in _GIVEN))
)


def has_accepted(cell: str) -> bool | None:
    """Return what the cell says; None when that cannot be told. A date is the day of acceptance.

    Dates are read as ISO 8601 and as Swedes and Excel write them; which number is the day and which the
    month does not matter here. Years before 2000 are what programs write for "never": not readable.
    """
    word = bare(cell)
    if word in YES:
        return True
    if word in NO:
        return False
    return True if _is_date(word) else None


_TIME = r"(?:[t ]\d{1,2}[:.]\d\d(?:[:.]\d\d(?:[.,]\d+)?)? ?(?:[ap]m|z|[+-]\d\d:?\d\d)?)?"
_DAYS = (
    r"(?P<year>20\d\d)([-/.])(?P<one>\d{1,2})\2(?P<other>\d{1,2})",
    r"(?P<year>20\d\d)(?P<one>\d\d)(?P<other>\d\d)",
    r"(?P<one>\d{1,2})[-/.](?P<other>\d{1,2})[-/.](?P<year>20\d\d)",
)


@cache
def _dates() -> tuple[re.Pattern[str], ...]:
    """Compile when the first cell is no plain yes or no: most files have none."""
    return tuple(re.compile(day + _TIME, re.ASCII) for day in _DAYS)


def _is_date(word: str) -> bool:
    for pattern in _dates():
        if found := pattern.fullmatch(word):
            year, one, other = (int(found[part]) for part in ("year", "one", "other"))
            return _is_day(year, one, other) or _is_day(year, other, one)
    return False


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
