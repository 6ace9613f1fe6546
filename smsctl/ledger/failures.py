"""The messages that did not arrive, as the delivery reports tell."""

from typing import NamedTuple

from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Status
from smsctl.domain.remark import Words, restored
from smsctl.domain.report import Cause
from smsctl.ledger.store import Ledger


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
            answer=restored(event, answer),
        )
        for row, number, name, state, cause, code, event, answer in found
    )
