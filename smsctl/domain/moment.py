"""A point in time as the ledger keeps it, and who was at the keyboard."""

from typing import NamedTuple


class Uptime(NamedTuple):
    """How long the machine has been up, sleep included: by a clock that nobody sets."""

    boot: str  # the id of this boot; times of different ones cannot be compared
    s: float


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
    claim: str = ""  # whom they say they are, which anybody can say: it is shown and counts for nothing

    @property
    def shown(self) -> str:
        """The user, and the claim beside it: `smsctl (says: anna)`."""
        return f"{self.user} (says: {self.claim})" if self.claim else self.user
