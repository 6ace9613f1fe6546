"""What a database that several hosts share tells of itself: which one it is, in which of its lives, and when.

A ledger in a file has no such thing: the file beside it tells whether it was put back.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Self

from smsctl.errors import LedgerError, say
from smsctl.host.clock import ClockReading

CLOCK_OFF = timedelta(seconds=60)
"""So far apart may be the server's clock and that of a host that sends."""


class Identity(NamedTuple):
    """Which database this is, and in which of its lives: a copy or a promoted standby has another."""

    system: str
    timeline: str
    database: int
    facts: int
    lineage: str  # the transaction that wrote it; '' before there was one

    @property
    def life(self) -> str:
        """All of it, as the ledger keeps it."""
        return " ".join(map(str, self))

    @classmethod
    def of(cls, life: str) -> Self | None:
        """Return what was kept; None where it cannot be read."""
        pieces = life.split(" ")
        if len(pieces) != len(cls._fields) or not (pieces[2].isdecimal() and pieces[3].isdecimal()):
            return None
        system, timeline, database, facts, lineage = pieces
        return cls(
            system=system, timeline=timeline, database=int(database), facts=int(facts), lineage=lineage
        )

    def is_same_life(self, other: "Identity") -> bool:
        """Say whether nothing tells that the database was copied, put back or taken over in between."""
        return self._replace(lineage="") == other._replace(lineage="") and other.lineage in ("", self.lineage)

    def is_promoted_from(self, other: "Identity") -> bool:
        """Say whether this is a standby of that database, or of a standby of it, that has taken over."""
        return self.timeline > other.timeline and self._replace(timeline=other.timeline) == other


class Standing(NamedTuple):
    """What the server said, in the open transaction or just now."""

    identity: Identity
    at: str  # its time, as the ledger writes times
    read: ClockReading  # of this machine, before that was asked
    asks_for_standby: bool = False  # the config says that nothing counts before a standby has it
    has_standby: bool = False  # and so does the server
    settings_at: str = ""  # since when its settings are as they are

    def goes_on_from(self, life: str | None) -> bool:
        """Say whether this is the database that was confirmed in that life, as far as it tells itself.

        A standby that has taken over is, where the config says that it has everything.
        """
        kept, found = Identity.of(life) if life else None, self.identity
        if kept is None:
            return False
        if not found.timeline:  # a standby, which can only be read
            return kept._replace(timeline="") == found
        return kept == found or (self.asks_for_standby and self.took_over_from(life))

    def took_over_from(self, life: str | None) -> bool:
        """Say whether this is a standby that has taken over from the database of that life, as it is now."""
        kept = Identity.of(life) if life else None
        return kept is not None and self.identity.is_promoted_from(kept)

    def unfit(self, place: str) -> LedgerError | None:
        """Return why nothing may be sent by this host, or from this server as it is set; None: it may."""
        if not self.identity.timeline:
            return LedgerError(
                say(
                    "{path}: only a standby answers, which may be behind, and nothing can be sent.",
                    path=place,
                ),
                hint=say("Look whether the primary runs, and whether `[ledger] url` names it."),
            )
        if self.asks_for_standby and not self.has_standby:
            return LedgerError(
                say("{path}: the server waits for no standby, and the config says that it must.", path=place),
                hint=say('Ask whoever looks after the database; or write under [ledger]: standby = "none"'),
            )
        return self.clock_off(place)

    def clock_off(self, place: str) -> LedgerError | None:
        """Return how far the server's clock and this machine's are apart; None: less than a minute."""
        theirs = datetime.fromisoformat(self.at)
        ours = datetime.fromtimestamp(self.read.shown_s, UTC)
        if abs(theirs - ours) > CLOCK_OFF:
            return LedgerError(
                say(
                    "{path}: the database's clock says {theirs}, and this machine's {ours}.",
                    path=place,
                    theirs=self.at,
                    ours=ours.isoformat(timespec="seconds"),
                ),
                hint=say("Set the clock that is wrong; nothing is sent by one that is a minute off."),
            )
        return None
