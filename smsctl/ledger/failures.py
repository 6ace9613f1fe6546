"""The messages that did not arrive, as the delivery reports tell."""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Status
from smsctl.domain.moment import Period
from smsctl.domain.remark import Words, restored
from smsctl.domain.report import Cause
from smsctl.ledger import carried, mailings
from smsctl.ledger.everyone import pieces
from smsctl.ledger.store import Ledger

_PIECE = (
    "SELECT sheet_row, number, name, state, cause, code, event, answer FROM messages WHERE id BETWEEN ? AND ?"
    " AND state IN ('failed', 'expired', 'delivered') AND number IS NOT NULL ORDER BY id"
)


class FailedRow(NamedTuple):
    """A message that did not arrive, for whoever corrects the register."""

    row: int | None
    number: str
    name: str
    state: Status
    cause: Cause
    code: str
    answer: Words


def failed(ledger: Ledger, mailing: Mailing) -> tuple[FailedRow, ...]:
    """Return the messages of a mailing that a report says did not arrive, in the file's order."""
    found = ledger.rows(
        "SELECT sheet_row, number, name, state, cause, code, event, answer FROM messages"
        " WHERE id BETWEEN ? AND ? AND state IN ('failed', 'expired') ORDER BY id",
        *mailing.span,
    )
    return tuple(_failed(*one) for one in found)


class Failure(NamedTuple):
    """A number whose newest message did not arrive, and what is kept of its row."""

    mailing: Mailing
    failed: FailedRow
    cells: Mapping[str, str]  # by their headings


def not_reached(ledger: Ledger, days: Period, of: Collection[str] | None) -> Iterator[Failure]:
    """Yield the numbers whose newest reported message did not arrive, of mailings begun on some local days.

    `of` are the municipalities to look at, None: all of them. A number that has been reached since, also
    after those days, is none of them. Newest mailing first.
    """
    told: set[int] = set()
    for mailing in mailings.newest(ledger, period=Period(since=days.since)):
        if of is not None and mailing.municipality.key not in of:
            continue
        headings = carried.headings(ledger, mailing.id)
        for first, last in pieces(*mailing.span):
            new = [one for one in ledger.rows(_PIECE, first, last) if int(one[1]) not in told]
            told.update(int(one[1]) for one in new)
            if days.until is not None and mailing.created_day > days.until:
                continue
            rows = [one[0] or 0 for one in new]
            kept = carried.of_rows(ledger, mailing.id, min(rows), max(rows)) if headings and rows else {}
            for one in new:
                if one[3] != Status.DELIVERED:
                    cells = dict(zip(headings, kept.get(one[0], ()), strict=False))
                    yield Failure(mailing=mailing, failed=_failed(*one), cells=cells)


def _failed(
    row: int | None, number: str, name: str, state: str, cause: str, code: str, *words: str
) -> FailedRow:
    return FailedRow(
        row=row,
        number=number or "",
        name=name or "",
        state=Status(state),
        cause=Cause(cause or Cause.UNTOLD),
        code=code or "",
        answer=restored(words[0], words[1]),
    )
