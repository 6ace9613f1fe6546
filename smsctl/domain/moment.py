"""A point in time as the ledger keeps it, and who was at the keyboard."""

from datetime import UTC, date, datetime, time
from typing import NamedTuple


class Uptime(NamedTuple):
    """How long the machine has been up, sleep included: by a clock that nobody sets."""

    boot: str  # the id of this boot; times of different ones cannot be compared
    s: float


def stamp(moment: datetime) -> str:
    """Return an aware time as the ledger writes times: 2026-11-22T06:30:00.000Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Moment(NamedTuple):
    """UTC for the order of things, and the local calendar day for the bill."""

    at: str  # ISO 8601, UTC, milliseconds: 2026-11-22T06:30:00.000Z
    day: str  # 2026-11-22, in the config's time zone
    up: Uptime | None = None  # None: the system does not tell

    @property
    def month(self) -> str:
        """The local month, 2026-11."""
        return self.day[:7]


class Period(NamedTuple):
    """Local days, both included, compared as text; None is no limit."""

    since: str | None = None
    until: str | None = None


ALWAYS = Period()


class Actor(NamedTuple):
    """Who does it, and on which machine; written on every mailing and every audit row."""

    user: str  # whose rights and ceilings count
    host: str
    unsure: bool = False  # nobody logged in, and whoever is no root says who it is
    claim: str = ""  # whom they say they are, which anybody can say: it is shown and counts for nothing

    @property
    def shown(self) -> str:
        """The user, and the claim beside it: `smsctl (says: anna)`."""
        return f"{self.user} (says: {self.claim})" if self.claim else self.user


class QuietHours(NamedTuple):
    """The hours in which nothing is sent, by the clock of `time_zone`; may pass midnight."""

    start: time
    end: time

    def covers(self, clock: time) -> bool:
        """Say whether the time of day is quiet; the end is not."""
        if self.start <= self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end


class Pause(NamedTuple):
    """The days on which no run leaves by itself, as school holidays; both days included, in `time_zone`."""

    first: date
    last: date
