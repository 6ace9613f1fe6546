"""Who did what, when, and from which host; a row for every change of state that a person causes.

What must stay true: a row is never changed or removed, and ids have no gaps. Triggers hold that against a
mistake of ours; against somebody who may write the file nothing in the file can.
"""

from typing import NamedTuple

from smsctl.domain.moment import Actor, Moment
from smsctl.ledger.store import Ledger

GUARDS = frozenset(
    {"audit_is_not_replaced", "audit_has_no_gaps", "audit_is_not_removed", "audit_is_not_changed"}
)
"""The triggers, by name."""


class AuditRow(NamedTuple):
    """One line of the audit."""

    id: int
    at: str
    user: str
    host: str
    action: str
    subject: str
    detail: str
    reason: str | None


def record(
    ledger: Ledger,
    moment: Moment,
    actor: Actor,
    action: str,
    subject: str,
    detail: str = "",
    reason: str | None = None,
) -> None:
    """Write one audit row in the open transaction. No full numbers and no message texts in `detail`."""
    ledger.changed(event="audit", action=action)
    ledger.write(
        "INSERT INTO audit (id, at, by_whom, host, action, subject, detail, reason)"
        " VALUES ((SELECT COALESCE(MAX(id), 0) + 1 FROM audit), ?, ?, ?, ?, ?, ?, ?)",
        moment.at,
        actor.shown,
        actor.host,
        action,
        subject,
        detail,
        reason,
    )


def read(ledger: Ledger, *, most: int = 100) -> tuple[AuditRow, ...]:
    """Return the newest audit rows, newest first."""
    return tuple(AuditRow(*row) for row in ledger.rows(f"{_SELECT} ORDER BY id DESC LIMIT ?", most))


def of(ledger: Ledger, subject: str) -> tuple[AuditRow, ...]:
    """Return all that was done to one thing, in the order it was done."""
    return tuple(AuditRow(*row) for row in ledger.rows(f"{_SELECT} WHERE subject = ? ORDER BY id", subject))


_SELECT = "SELECT id, at, by_whom, host, action, subject, detail, reason FROM audit"
