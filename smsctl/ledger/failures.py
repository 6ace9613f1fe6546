"""The messages that did not arrive, as the delivery reports tell."""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Status
from smsctl.domain.moment import Period
from smsctl.domain.remark import Words, restored
from smsctl.domain.report import Cause
from smsctl.ledger import carried, mailings
from smsctl.ledger.mailings import pieces
from smsctl.ledger.store import Ledger

_OF_A_PIECE = " FROM messages WHERE id BETWEEN ? AND ? AND number IS NOT NULL AND state"
_NUMBERS_MISSED = f"SELECT number, reported_at{_OF_A_PIECE} IN ('failed', 'expired')"
_NUMBERS_REACHED = f"SELECT number, reported_at{_OF_A_PIECE} = 'delivered'"
_MISSED = (
    f"SELECT sheet_row, number, name, state, cause, code, event, answer, reported_at{_OF_A_PIECE}"
    " IN ('failed', 'expired') ORDER BY id"
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
    return tuple(
        _failed(*one)
        for piece in pieces(*mailing.span)
        for one in ledger.rows(
            "SELECT sheet_row, number, name, state, cause, code, event, answer FROM messages"
            " WHERE id BETWEEN ? AND ? AND state IN ('failed', 'expired') ORDER BY id",
            *piece,
        )
    )


class Failure(NamedTuple):
    """A number whose newest message did not arrive, and what is kept of its row."""

    mailing: Mailing
    failed: FailedRow
    cells: Mapping[str, str]  # by their headings


def not_reached(ledger: Ledger, days: Period, of: Collection[str] | None) -> Iterator[Failure]:
    """Yield the numbers that a message of mailings begun on some local days did not reach, nor one since.

    `of` are the municipalities to look at, None: all of them. What counts is when a report came: a mailing
    may have been handed over for a later time than one that was begun after it. Newest mailing first; a
    number is told of in one mailing, once for each of its rows there.
    """
    seen = [
        one
        for one in mailings.newest(ledger, period=Period(since=days.since))
        if of is None or one.municipality.key in of
    ]
    theirs = [one for one in seen if days.until is None or one.created_day <= days.until]
    missed = {int(number): "" for one in theirs for number, _ in _reported(ledger, one, _NUMBERS_MISSED)}
    for mailing in seen:
        for number, at in _reported(ledger, mailing, _NUMBERS_REACHED) if missed else ():
            if (known := missed.get(int(number))) is not None:
                missed[int(number)] = max(known, at or mailing.created_at)
    for mailing in theirs:
        yield from _missed_in(ledger, mailing, missed)


def _reported(ledger: Ledger, mailing: Mailing, sql: str) -> Iterator[tuple[str, str | None]]:
    for piece in pieces(*mailing.span):
        yield from ledger.rows(sql, *piece)


def _missed_in(ledger: Ledger, mailing: Mailing, missed: dict[int, str]) -> Iterator[Failure]:
    """Yield those of a mailing whose number was not reached after its report, and take them out of `missed`.

    `missed` tells when each number was last reached; empty: never.
    """
    headings, told = carried.headings(ledger, mailing.id), set[int]()
    for first, last in pieces(*mailing.span):
        rows = [
            one
            for one, at in ((row[:-1], row[-1]) for row in ledger.rows(_MISSED, first, last))
            if (reached := missed.get(int(one[1]))) is not None and (at or mailing.created_at) > reached
        ]
        lines = [one[0] or 0 for one in rows]
        kept = carried.of_rows(ledger, mailing.id, min(lines), max(lines)) if headings and lines else {}
        for one in rows:
            cells = dict(zip(headings, kept.get(one[0], ()), strict=False))
            yield Failure(mailing=mailing, failed=_failed(*one), cells=cells)
        told.update(int(one[1]) for one in rows)
    for number in told:
        del missed[number]


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
