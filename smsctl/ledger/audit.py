"""Who did what, when, and from which host; a row for every change of state that a person causes.

What must stay true: a row is never changed or removed, and ids have no gaps. Triggers hold that against a
mistake of ours; against somebody who may write the file nothing in the file can.
"""

from collections.abc import Collection
from itertools import islice
from typing import NamedTuple

from smsctl.domain.moment import Actor, Moment
from smsctl.ledger.store import Ledger

GUARDS = frozenset(
    {"audit_is_not_replaced", "audit_has_no_gaps", "audit_is_not_removed", "audit_is_not_changed"}
)
"""The triggers, by name."""

TEST_NOT_SENT = "a test that did not leave"
"""Why smsctl cancelled a test: no words of a person."""


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
    ledger.append(
        "audit",
        at=moment.at,
        by_whom=actor.shown,
        host=actor.host,
        action=action,
        subject=subject,
        detail=detail,
        reason=reason,
    )


def read(
    ledger: Ledger,
    *,
    most: int = 100,
    since: str = "",
    before: str = "9999",
    of: Collection[str] | None = None,
) -> tuple[AuditRow, ...]:
    """Return the newest audit rows, newest first: from one time on (UTC), and before another.

    `of`: only what was done to these municipalities, or to mailings of theirs.
    """
    if of is None:
        found = ledger.rows(
            f"{_SELECT} WHERE at >= ? AND at < ? ORDER BY id DESC LIMIT ?", since, before, most
        )
        return tuple(AuditRow(*row) for row in found)
    mailings = ledger.rows_of("SELECT id FROM mailings WHERE municipality IN (?)", of)
    theirs = {*of, *(mailing_subject(mailing) for (mailing,) in mailings)}
    rows = ledger.rows(f"{_SELECT} WHERE at >= ? AND at < ? ORDER BY id DESC", since, before)
    return tuple(islice((row for row in (AuditRow(*row) for row in rows) if row.subject in theirs), most))


def mailing_subject(mailing: int) -> str:
    """Return what the audit calls a mailing."""
    return f"{_MAILING}{mailing}"


def mailing_of(subject: str) -> int | None:
    """Return the mailing that a row is about; None: it is about something else."""
    number = subject.removeprefix(_MAILING)
    return int(number) if number != subject and number.isdecimal() else None


def of(ledger: Ledger, subject: str) -> tuple[AuditRow, ...]:
    """Return all that was done to one thing, in the order it was done."""
    return tuple(AuditRow(*row) for row in ledger.rows(f"{_SELECT} WHERE subject = ? ORDER BY id", subject))


_MAILING = "mailing "
_SELECT = "SELECT id, at, by_whom, host, action, subject, detail, reason FROM audit"
