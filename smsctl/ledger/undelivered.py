"""What has not arrived: messages that a report says failed, and messages that no report tells of."""

from datetime import datetime, timedelta
from typing import NamedTuple

from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Status
from smsctl.domain.report import Cause
from smsctl.ledger.store import Ledger


def come_from(ledger: Ledger, gateway: str) -> bool:
    """Say whether this ledger has ever matched a report of that gateway."""
    return ledger.one("SELECT 1 FROM facts WHERE name = ?", f"reports:{gateway}") is not None


def come_from_any(ledger: Ledger) -> bool:
    """Say whether this ledger has ever matched a report."""
    return ledger.one("SELECT 1 FROM facts WHERE name LIKE 'reports:%' LIMIT 1") is not None


def overdue(ledger: Ledger, mailing: Mailing, now: str, wait: timedelta) -> int:
    """Return how many accepted messages should have been reported by now: shown as 'no report'.

    None where no report was asked for, or none has ever come from this gateway.
    """
    if not mailing.letter.want_report or not come_from(ledger, mailing.gateway):
        return 0
    held_until = mailing.letter.send_at
    latest = datetime.fromisoformat(now) - wait - (mailing.letter.validity or timedelta())
    if held_until is not None and held_until > latest:
        return 0
    row = ledger.one(
        "SELECT COUNT(*) FROM messages m JOIN batches b ON b.id = m.batch WHERE m.id BETWEEN ? AND ?"
        " AND m.state = 'accepted' AND m.reported_at IS NULL AND b.claimed_at < ?",
        mailing.first_message,
        mailing.last_message,
        _stamp(latest),
    )
    return int(row[0]) if row else 0


class FailedRow(NamedTuple):
    """A message that did not arrive, for whoever corrects the register."""

    row: int | None
    number: str
    name: str
    state: Status
    cause: Cause
    code: str
    answer: str


def failed(ledger: Ledger, mailing: Mailing) -> tuple[FailedRow, ...]:
    """Return the messages of a mailing that a report says did not arrive, in the file's order."""
    found = ledger.rows(
        "SELECT sheet_row, number, name, state, cause, code, answer FROM messages"
        " WHERE id BETWEEN ? AND ? AND state IN ('failed', 'expired') ORDER BY id",
        mailing.first_message,
        mailing.last_message,
    )
    return tuple(
        FailedRow(
            row=row,
            number=number or "",
            name=name or "",
            state=Status(state),
            cause=Cause(cause or Cause.UNTOLD),
            code=code or "",
            answer=answer or "",
        )
        for row, number, name, state, cause, code, answer in found
    )


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
