"""Whom a mailing did not reach, and since when its text is what it is."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import NamedTuple

from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Status
from smsctl.domain.report import PERMANENT
from smsctl.errors import LedgerError, say, say_n
from smsctl.ledger.mailings import pieces
from smsctl.ledger.store import Ledger


class MissedRow(NamedTuple):
    """A message that did not arrive, or was never taken."""

    place: int  # among the mailing's messages, from 0
    row: int | None
    number: str
    name: str
    is_dead: bool  # the number will never work
    may_have_it: bool  # it was submitted more than once, or another report says that it has arrived


def missed(ledger: Ledger, mailing: Mailing, states: Collection[Status]) -> Iterator[MissedRow]:
    """Yield the messages of a mailing in these states, in the file's order, as far as they are not purged."""
    for first, last in pieces(*mailing.span):
        for message, row, number, name, state, cause, twice in ledger.rows(_MISSED, first, last):
            if state in states:
                yield MissedRow(
                    place=message - mailing.first_message,
                    row=row,
                    number=number,
                    name=name or "",
                    is_dead=cause in PERMANENT,
                    may_have_it=bool(twice),
                )


def must_know_all(ledger: Ledger, mailing: Mailing, states: Collection[Status]) -> None:
    """Raise LedgerError where a purge has removed some of those whom a mailing did not reach, and not all."""
    gone = sum(
        state in states
        for first, last in pieces(*mailing.span)
        for (state,) in ledger.rows(_GONE, first, last)
    )
    if gone:
        raise LedgerError(
            say_n(
                "{n} person whom mailing {id} did not reach is not known any more: a purge has begun.",
                "{n} people whom mailing {id} did not reach are not known any more: a purge has begun.",
                n=gone,
                id=mailing.id,
            ),
            hint=say("Send it anew, where it is needed."),
        )


def written_at(ledger: Ledger, mailing: Mailing) -> datetime:
    """Return when the text was first sent, or was to be: also through several mailings that sent it again."""
    at, sent_at, before = mailing.created_at, mailing.letter.send_at, mailing.retry_of
    while before is not None:
        row = ledger.one("SELECT created_at, send_at, retry_of FROM mailings WHERE id = ?", before)
        if row is None:
            break
        at, sent_at, before = row[0], row[1] and datetime.fromisoformat(row[1]), row[2]
    begun = datetime.fromisoformat(at)
    return max(begun, sent_at) if sent_at else begun


_GONE = "SELECT state FROM messages WHERE id BETWEEN ? AND ? AND number IS NULL"
_MISSED = (
    "SELECT id, sheet_row, number, name, state, cause,"
    " CASE WHEN earlier_batch IS NOT NULL OR taken_besides > 0 OR id IN"
    "  (SELECT message FROM reports WHERE fate = 'contradicts' AND state = 'delivered') THEN 1 ELSE 0 END"
    " FROM messages WHERE id BETWEEN ? AND ? AND number IS NOT NULL"
    " AND state IN ('failed', 'expired', 'rejected') ORDER BY id"
)
