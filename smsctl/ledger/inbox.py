"""Incoming SMS: each stored once, marked as ours, as a wish to stop, or as other."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from smsctl.domain.incoming import Incoming
from smsctl.domain.moment import Moment, stamp
from smsctl.errors import InputError, say
from smsctl.ledger.store import Ledger

REPEAT_WINDOW = timedelta(minutes=30)
"""Where the gateway gives no id: the same text from the same sender within this time came twice."""


class IncomingKind(StrEnum):
    """What an incoming SMS is to us."""

    OURS = "ours"
    STOP = "stop"  # ours or not: its sender wants no more
    OTHER = "other"  # for another endpoint code


class InboxRow(NamedTuple):
    """One SMS in the inbox."""

    id: int
    at: str
    kind: IncomingKind
    message: Incoming
    forward_to: str | None = None


def store(
    ledger: Ledger, message: Incoming, kind: IncomingKind, moment: Moment, forward_to: str | None = None
) -> bool:
    """Store an SMS, in the open transaction; say whether it is new."""
    named = _named_so(ledger, message)
    if named and named.sender == message.sender and (named.kind == kind or named.body == message.text):
        return False
    if named:  # another SMS, as where a GET template holds no id but a word: then it names nothing
        message = message._replace(vendor_id="")
    if not message.vendor_id and _came_lately(ledger, message, moment):
        return False
    columns = message._asdict()
    body = columns.pop("text")
    ledger.append("inbox", at=moment.at, body=body, **columns, kind=kind, forward_to=forward_to)
    return True


def newest(ledger: Ledger, *, most: int, other: bool) -> tuple[InboxRow, ...]:
    """Return the newest SMS, newest first: with `other` those that are not for us, else those that are."""
    found = ledger.records(
        "SELECT * FROM inbox WHERE CASE kind WHEN 'other' THEN 1 ELSE 0 END = ? ORDER BY id DESC LIMIT ?",
        int(other),
        most,
    )
    return tuple(map(_row, found))


def count(ledger: Ledger, *, other: bool) -> int:
    """Return how many SMS `newest` could return."""
    return ledger.number(
        "SELECT COUNT(*) FROM inbox WHERE CASE kind WHEN 'other' THEN 1 ELSE 0 END = ?", int(other)
    )


def get(ledger: Ledger, number: int) -> InboxRow:
    """Return one SMS. Raises InputError when there is none with that number."""
    found = ledger.records("SELECT * FROM inbox WHERE id = ?", number)
    if not found:
        raise InputError(
            say("There is no incoming SMS {number}.", number=number),
            hint=say("The numbers stand in: smsctl inbox list"),
        )
    return _row(found[0])


def of_sender(ledger: Ledger, sender: str) -> tuple[InboxRow, ...]:
    """Return all SMS of one sender, oldest first."""
    return tuple(map(_row, ledger.records("SELECT * FROM inbox WHERE sender = ? ORDER BY id", sender)))


def to_forward(ledger: Ledger, *, after: int, since: datetime) -> InboxRow | None:
    """Return the first SMS to be mailed on with an id above `after` that came at `since` or later."""
    found = ledger.records(
        "SELECT * FROM inbox WHERE forward_to IS NOT NULL AND forwarded_at IS NULL AND id > ? AND at >= ?"
        " ORDER BY id LIMIT 1",
        after,
        stamp(since),
    )
    return next(map(_row, found), None)


def forwarded(ledger: Ledger, number: int, moment: Moment) -> None:
    """Note that an SMS was mailed on, in the open transaction."""
    ledger.write("UPDATE inbox SET forwarded_at = ? WHERE id = ?", moment.at, number)


def _row(row: dict[str, Any]) -> InboxRow:
    message = Incoming(**{name: row["body" if name == "text" else name] for name in Incoming._fields})
    return InboxRow(row["id"], row["at"], IncomingKind(row["kind"]), message, row["forward_to"])


class _Named(NamedTuple):
    sender: str
    kind: str
    body: str


def _named_so(ledger: Ledger, message: Incoming) -> _Named | None:
    """Return the SMS that has this id of the gateway's."""
    found = ledger.one(
        "SELECT sender, kind, body FROM inbox WHERE gateway = ? AND vendor_id = ? AND vendor_id <> ''",
        message.gateway,
        message.vendor_id,
    )
    return _Named(sender=found[0], kind=found[1], body=found[2]) if found else None


def _came_lately(ledger: Ledger, message: Incoming, moment: Moment) -> bool:
    now = datetime.fromisoformat(moment.at)  # what a clock that was ahead has dated is no repeat of for weeks
    known = ledger.one(
        "SELECT 1 FROM inbox WHERE sender = ? AND at BETWEEN ? AND ?"
        " AND gateway = ? AND receiver = ? AND body = ?",
        message.sender,
        *(stamp(now - REPEAT_WINDOW), stamp(now + REPEAT_WINDOW)),
        message.gateway,
        message.receiver,
        message.text,
    )
    return known is not None
