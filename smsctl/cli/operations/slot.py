"""When a scheduled mailing leaves: a time of day, on certain days."""

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from smsctl.errors import UsageError, say

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAILY = "daily"
_LAST_DAY = 28  # of the month: later ones are missing in February
_YEAR_DAYS = 366
_LAST_HOUR = 23
_ANY_WEEKDAY = range(7)
_ANY_DAY = range(1, 32)


class Slot(NamedTuple):
    """A time of day; on these weekdays (0 is Monday), or these days of the month, or without any daily."""

    at: time
    weekdays: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()

    @property
    def place(self) -> str:
        """What makes a key new for each slot, and the same when a slot is run again."""
        if len(self.month_days) == 1:
            return "{month}"
        return "{week}" if len(self.weekdays) == 1 else "{date}"

    def an_hour_later(self) -> "Slot":
        """Return the slot an hour after each of this one's, which may be on the next day."""
        if self.at.hour < _LAST_HOUR:
            return self._replace(at=self.at.replace(hour=self.at.hour + 1))
        return Slot(
            at=self.at.replace(hour=0),
            weekdays=tuple(sorted((day + 1) % len(WEEKDAYS) for day in self.weekdays)),
            month_days=tuple(day + 1 for day in self.month_days),
        )

    def within_a_year(self, first: date) -> Iterator[datetime]:
        """Yield when the slot comes from this day on: long enough that every weekday begins a month."""
        for n in range(_YEAR_DAYS):
            day = first + timedelta(days=n)
            if day.weekday() in (self.weekdays or _ANY_WEEKDAY) and day.day in (self.month_days or _ANY_DAY):
                yield datetime.combine(day, self.at)


def read_slot(at: str, days: str) -> Slot:
    """Read `07:30` and `daily`, `mon-fri`, `mon,thu` or `1,15`. Raises UsageError."""
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", at.strip())
    if found is None:
        raise UsageError(
            say("--at {at}: there is no such time of day.", at=at), hint=say("Write it as 07:30.")
        )
    clock = time(int(found[1]), int(found[2]))
    if days.casefold() == _DAILY:
        return Slot(clock)
    pieces = [piece.strip() for piece in days.casefold().split(",")]
    if all(piece.isdecimal() and 1 <= int(piece) <= _LAST_DAY for piece in pieces):
        return Slot(clock, month_days=tuple(sorted({int(piece) for piece in pieces})))
    return Slot(clock, weekdays=tuple(sorted({day for piece in pieces for day in _weekdays(piece, days)})))


def _weekdays(piece: str, days: str) -> range:
    first, _, last = piece.partition("-")
    if first in WEEKDAYS and (last or first) in WEEKDAYS:
        found = range(WEEKDAYS.index(first), WEEKDAYS.index(last or first) + 1)
        if found:
            return found
    raise UsageError(
        say("--days {days}: there are no such days.", days=days),
        hint=say(
            "Write daily, mon-fri, mon,thu or days of the month from 1 to {last}: 1,15.", last=_LAST_DAY
        ),
    )
