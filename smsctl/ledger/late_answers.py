"""Answers that come when their batch is unknown already: another process was quicker to take it for lost.

What must stay true: such an answer settles what is unknown still, or waits for having been called not sent;
and where the batch was submitted once more meanwhile, it tells of the first time alone, so that it proves of
no message that the gateway has not taken it.
"""

from collections.abc import Collection, Sequence

from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Receipt, Status
from smsctl.domain.moment import Moment
from smsctl.ledger import corrections, restoring
from smsctl.ledger.reports import NEVER_TAKEN
from smsctl.ledger.store import Ledger

PROVES = frozenset({Status.ACCEPTED, Status.HELD})
"""What proves something of a batch that was submitted twice, whichever of the two was answered so."""


def overrule(
    ledger: Ledger, mailing: Mailing, batch: int, reference: str, taken: Collection[int], moment: Moment
) -> None:
    """Make unknown again what a person took for not sent, and the gateway has `taken`.

    In the open transaction. As a report would be, such an answer is right; what is out once more stays so. So
    does what is cancelled of a mailing that was to leave later: the gateway may have stopped it since.
    """
    if not taken:
        return
    found = ledger.rows(_CALLED_NOT_SENT, min(taken), max(taken), batch, reference)
    these = [one for one in found if one[0] in taken and _tells(mailing, one[1])]
    for state in NEVER_TAKEN:  # each is counted where it is now
        now_in = {message: own for message, now, own in these if now == state}
        corrections.move(ledger, mailing, now_in, state, Status.PENDING, moment, _WHY)
    back = {message: batch for message, _, _ in these}
    corrections.put_back(ledger, back)
    corrections.move(ledger, mailing, back, Status.PENDING, Status.UNKNOWN, moment, _WHY)


def _tells(mailing: Mailing, state: str) -> bool:
    return state != Status.CANCELLED or mailing.letter.send_at is None


_WHY = "answered late"
_CALLED_NOT_SENT = (
    "SELECT m.id, m.state, COALESCE(m.batch, 0) FROM messages m JOIN batches b ON b.id = m.earlier_batch"
    " WHERE m.id BETWEEN ? AND ? AND m.state IN ('pending', 'cancelled', 'rejected')"
    " AND b.id = ? AND b.reference = ?"
)


def told_still(
    ledger: Ledger, batch: int, reference: str, until: str | None, paired: Sequence[tuple[int, Receipt]]
) -> list[tuple[int, Receipt]]:
    """Return what a late answer still tells, of messages each with its receipt, in the open transaction.

    What a report or a person has settled meanwhile stays so. `until` is when the batch was to be under way at
    the longest, as it was claimed: by another time it was submitted again.
    """
    rows = ledger.rows(
        "SELECT m.id, b.under_way_until FROM messages m JOIN batches b ON b.id = m.batch"
        " WHERE m.batch = ? AND b.reference = ? AND m.state = 'unknown'",
        batch,
        reference,
    )
    if not rows:
        restoring.must_have(ledger, batch, reference)
    twice = {message for message, last in rows if last not in {None, until}}
    unknown = {message for message, _ in rows} - twice
    return [
        (message, receipt)
        for message, receipt in paired
        if message in unknown or (message in twice and receipt.status in PROVES)
    ]
