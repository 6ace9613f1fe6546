"""What a gateway was asked to stop: a mark on the batch, durable before the request leaves.

What must stay true: a mark is taken away only by an answer that tells what was stopped, or by a person. While
it is there nobody can tell whether messages of the batch were stopped or have left, and they stay counted.
"""

from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Status
from smsctl.domain.moment import Moment
from smsctl.ledger import corrections, untold
from smsctl.ledger.store import Ledger


def mark(ledger: Ledger, mailing: Mailing, batch: int, left: int, moment: Moment) -> None:
    """Write that the gateway is asked to stop the batch, of which it held so many; in the open transaction.

    With nothing left there is nothing to doubt, and no mark.
    """
    before = ledger.one("SELECT stop_left FROM batches WHERE id = ?", batch)
    if left > (before[0] if before else 0):
        untold.mark(ledger, mailing.id)
    ledger.write(
        "UPDATE batches SET stop_asked_at = ?, stop_left = ? WHERE id = ?",
        moment.at if left else None,
        left,
        batch,
    )


def left_in(ledger: Ledger, mailing: Mailing) -> dict[int, int]:
    """Return the marked batches of a mailing, each with how many messages the gateway held when asked."""
    return ledger.pairs(
        "SELECT id, stop_left FROM batches WHERE mailing = ? AND stop_asked_at IS NOT NULL", mailing.id
    )


def in_doubt(ledger: Ledger, mailing: Mailing) -> int:
    """Return how many accepted messages were stopped or have left, and nobody can tell which of the two."""
    marked = left_in(ledger, mailing)
    if not marked:
        return 0
    accepted = _accepted_by_batch(ledger, mailing)
    return sum(min(left, len(accepted.get(batch, ()))) for batch, left in marked.items())


def resolve(ledger: Ledger, mailing: Mailing, moment: Moment, why: str, *, stopped: bool) -> int:
    """Settle what is in doubt, by a person's word, in the open transaction; return how many messages.

    Where some of a batch had left before it was asked to stop, and no report has told which, the word
    "stopped" settles nothing: it would be true of some only.
    """
    accepted, settled = _accepted_by_batch(ledger, mailing), 0
    for batch, left in left_in(ledger, mailing).items():
        messages = accepted.get(batch, [])
        if stopped and len(messages) > left:
            continue
        if stopped:
            these = dict.fromkeys(messages, batch)
            corrections.move(ledger, mailing, these, Status.ACCEPTED, Status.CANCELLED, moment, why)
            corrections.remember_earlier(ledger, these)
        mark(ledger, mailing, batch, 0, moment)
        settled += min(left, len(messages))
    return settled


def _accepted_by_batch(ledger: Ledger, mailing: Mailing) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for message, batch in corrections.messages_in(ledger, mailing, Status.ACCEPTED).items():
        found.setdefault(batch, []).append(message)
    return found
