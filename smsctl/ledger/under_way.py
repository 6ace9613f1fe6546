"""How long a request of a claimed batch may be under way, where its sender can be on another host.

That the right to send is free proves there that a session has ended, and not that its process is gone. So
what it may have sent stays unknown, and nobody may say that it was not sent before its last byte must have
left: by the server's clock, which all hosts share. A ledger in a file needs none of this.
"""

from datetime import datetime, timedelta

from smsctl.domain.gateway import LONGEST_SHARED_S
from smsctl.domain.mailing import Mailing
from smsctl.domain.moment import stamp
from smsctl.errors import LedgerError, RuleError, say
from smsctl.host.clock import ClockReading
from smsctl.ledger.store import Ledger

STALE_AFTER_S = 60.0
"""A claim older than this is given back instead of sent, also after a sleep."""

_LINGER_S = 120.0
"""So long a system goes on repeating what it was given to send, after the program has closed the line."""

_CLOCKS_S = 120.0
"""So far apart may be the clocks of two servers, of which one takes over: each is a minute off a host's."""


def until(at: str, request_s: float) -> str:
    """Return when nothing of a batch claimed at `at` can leave any more; a request ends in `request_s`."""
    last = datetime.fromisoformat(at) + timedelta(seconds=STALE_AFTER_S + request_s + _LINGER_S + _CLOCKS_S)
    return stamp(last)


def left_s(begun: ClockReading, now: ClockReading) -> float:
    """Return how many seconds are left for the first byte of a batch that was claimed after `begun`."""
    return STALE_AFTER_S - begun.gone_s(now)


def mark_again(ledger: Ledger, batch: int, last: str) -> None:
    """Write until when a batch that is submitted once more may be under way, in the open transaction.

    That is later than it was, also where this request is a shorter one: the first may be under way still, and
    who made it knows by the other time that its answer is not the only one (`late_answers`).
    """
    ((before,),) = ledger.rows("SELECT under_way_until FROM batches WHERE id = ?", batch)
    if before is not None:
        last = max(last, stamp(datetime.fromisoformat(before) + timedelta(milliseconds=1)))
    ledger.write("UPDATE batches SET under_way_until = ? WHERE id = ?", last, batch)


def from_now(ledger: Ledger) -> str | None:
    """Return when nothing that was claimed anywhere until now can leave any more; None for a file.

    By the longest that a config allows: of another host's config nothing is known.
    """
    standing = ledger.engine.standing()
    return None if standing is None else until(standing.at, LONGEST_SHARED_S)


def batches_of(ledger: Ledger, mailing: Mailing) -> dict[int, str]:
    """Return the batches of a mailing of which a request may be under way somewhere, and until when each.

    By a clock that is wrong nobody can tell: that is LedgerError.
    """
    standing = ledger.engine.standing()
    if standing is None:
        return {}
    must_tell_the_time(ledger)
    return ledger.pairs(
        "SELECT id, under_way_until FROM batches WHERE mailing = ? AND under_way_until > ?"
        " AND (settled_at IS NULL OR verdict IN ('unclear', 'restored'))",
        mailing.id,
        standing.at,
    )


def clock_off(ledger: Ledger) -> LedgerError | None:
    """Return how far the server's clock, which all hosts share, and ours are apart; None: they agree."""
    standing = ledger.engine.standing()
    return None if standing is None else standing.clock_off(ledger.engine.place)


def must_tell_the_time(ledger: Ledger) -> None:
    """Raise LedgerError where the clocks of the server and of this host differ."""
    if wrong := clock_off(ledger):
        raise wrong


def refuse(ledger: Ledger, mailing: Mailing) -> None:
    """Raise RuleError while a request of the mailing may be under way; in the transaction that settles it.

    By a clock that is wrong nobody can tell: that is LedgerError.
    """
    if found := batches_of(ledger, mailing):
        raise RuleError(
            say(
                "A request of mailing {id} may be under way until {until}, perhaps from another host;"
                " nothing was settled.",
                id=mailing.id,
                until=max(found.values()),
            ),
            hint=say("Ask the gateway after that time, and say it once more then."),
        )
