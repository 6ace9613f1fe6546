"""What came back of what was sent: counted, also the messages that no report tells of."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Status
from smsctl.domain.moment import stamp
from smsctl.ledger.store import Ledger


class Returns(NamedTuple):
    """What the reports say of the messages that the gateway took. Waiting ones may still be reported."""

    delivered: int
    failed: int
    expired: int
    waiting: int
    no_report: int  # none came in time; the state stays accepted, and a later report still counts


def of_mailing(
    ledger: Ledger, mailing: Mailing, states: Mapping[Status, int], now: str, wait: timedelta
) -> Returns | None:
    """Return what came back of a mailing, which has so many messages in each state.

    None where no report was asked for, or this ledger has never had one from that gateway. A report is due
    when `wait` has passed beyond the validity.
    """
    if not mailing.letter.want_report or ledger.fact(f"reports:{mailing.gateway}") is None:
        return None
    latest = datetime.fromisoformat(now) - wait - (mailing.letter.validity or timedelta())
    due = ledger.number(
        "SELECT COUNT(*) FROM messages m JOIN batches b ON b.id = m.batch WHERE m.id BETWEEN ? AND ?"
        " AND m.state = 'accepted' AND m.reported_at IS NULL AND b.claimed_at < ?",
        *mailing.span,
        stamp(latest),
    )
    is_held = mailing.letter.send_at is not None and mailing.letter.send_at > latest
    return _returns(states, no_report=0 if is_held else due)


def have_come(ledger: Ledger) -> bool:
    """Say whether this ledger has ever had a report of a message."""
    return ledger.one("SELECT 1 FROM facts WHERE name LIKE 'reports:%' LIMIT 1") is not None


def of_municipality(
    ledger: Ledger, municipality: str, states: Mapping[Status, int], due_before: str
) -> Returns:
    """Return what came back of a municipality's messages.

    Counted by local days: reports of messages sent before the day `due_before` are due.
    """
    due = ledger.number(
        "SELECT COALESCE(SUM(messages), 0) FROM day_counts"
        " WHERE municipality = ? AND state = 'accepted' AND day < ?",
        municipality,
        due_before,
    )
    return _returns(states, no_report=due)


def withdrawn(ledger: Ledger, mailing: Mailing) -> dict[str, int]:
    """Return how many messages were cancelled, by the reason."""
    return ledger.pairs(
        "SELECT COALESCE(code, ''), COUNT(*) FROM messages WHERE id BETWEEN ? AND ?"
        " AND state = 'cancelled' GROUP BY 1 ORDER BY 2 DESC",
        *mailing.span,
    )


def _returns(states: Mapping[Status, int], no_report: int) -> Returns:
    return Returns(
        delivered=states.get(Status.DELIVERED, 0),
        failed=states.get(Status.FAILED, 0),
        expired=states.get(Status.EXPIRED, 0),
        waiting=states.get(Status.ACCEPTED, 0) - no_report,
        no_report=no_report,
    )
