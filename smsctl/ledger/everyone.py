"""Everyone of a mailing, in the order of the file: whoever was sent to, and whoever was not."""

from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import islice
from typing import NamedTuple

from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Status
from smsctl.domain.remark import Words, restored
from smsctl.domain.report import PERMANENT, Cause
from smsctl.ledger import carried, costs, skipped
from smsctl.ledger.mailings import pieces
from smsctl.ledger.store import ROWS_IN_A_COMMIT, Ledger


class PersonRow(NamedTuple):
    """One message, or one number of a row that got none."""

    row: int | None
    column: str  # the header over the number, where the file has several and the row got no message
    number: str  # E.164, else as written; empty where there is none, or it was purged
    name: str
    state: Status | None  # None: skipped
    at: str | None = None  # of the latest that is known: reported, answered, or handed over
    cause: Cause | None = None  # why a report says that it did not arrive
    reason: str = ""  # why it was skipped, or cancelled
    answer: Words = ""
    accepted: bool | None = None  # the terms; None: nobody asked
    cells: tuple[str, ...] = ()  # kept of the row, in the order of their headings

    @property
    def is_dead(self) -> bool:
        """Whether the number will never work: it is to be corrected."""
        return self.cause in PERMANENT


def everyone(ledger: Ledger, mailing: Mailing) -> Iterator[PersonRow]:
    """Yield everyone of a mailing. Read in pieces, so that no read stays open for long."""
    sent: Iterable[PersonRow] = _sent(ledger, mailing)
    if len(costs.shares_of(ledger, mailing.id)) > 1:  # then the messages are in the order of cost centres
        sent = sorted(sent, key=_row_of)
    people = merge(sent, _skipped(ledger, mailing), key=_row_of)
    if not carried.headings(ledger, mailing.id):
        yield from people
        return
    while together := list(islice(people, ROWS_IN_A_COMMIT)):
        rows = [one.row for one in together if one.row is not None]
        cells = carried.of_rows(ledger, mailing.id, min(rows, default=0), max(rows, default=0))
        yield from (one._replace(cells=cells.get(one.row or 0, ())) for one in together)


def _row_of(person: PersonRow) -> int:
    return person.row or 0


def _sent(ledger: Ledger, mailing: Mailing) -> Iterator[PersonRow]:
    accepted = True if mailing.terms_required and mailing.kind == "send" else None
    for first, last in pieces(*mailing.span):
        for row, number, name, state, cause, code, at, *words in ledger.rows(_SENT, first, last):
            yield PersonRow(
                row=row,
                column="",
                number=number or "",
                name=name or "",
                state=Status(state),
                at=at,
                cause=Cause(cause or Cause.UNTOLD) if state in _NOT_ARRIVED else None,
                reason=(code or "") if state == Status.CANCELLED else "",
                answer=restored(*words[:2]) or restored(*words[2:]),
                accepted=accepted,
            )


def _skipped(ledger: Ledger, mailing: Mailing) -> Iterable[PersonRow]:
    for one in skipped.entries(ledger, mailing.id):
        yield PersonRow(
            row=one.row,
            column=one.column,
            number=one.number or "",
            name=one.name or "",
            state=None,
            reason=one.reason,
            accepted=one.accepted,
        )


_NOT_ARRIVED = frozenset({Status.FAILED, Status.EXPIRED})
_SENT = (
    "SELECT m.sheet_row, m.number, m.name, m.state, m.cause, m.code,"
    " COALESCE(m.reported_at, b.settled_at, b.claimed_at), m.event, m.answer, b.event, b.answer"
    " FROM messages m LEFT JOIN batches b ON b.id = m.batch WHERE m.id BETWEEN ? AND ? ORDER BY m.id"
)
