"""Cancelling what is pending of a mailing, in several commits where it is large.

What must stay true: from the first commit on the mailing is marked for good, and nothing of it is claimed,
however the claim came about. What is proved not taken of it afterwards is cancelled, never pending again
(docs/decisions/0066). Where the process dies in between, the next writer cancels the rest.
"""

from collections.abc import Iterator, Sequence

from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Answer, Receipt, Status, statuses
from smsctl.domain.moment import Moment
from smsctl.errors import RuleError, say
from smsctl.ledger import corrections, counts, lock, mailings
from smsctl.ledger.store import Ledger


def begin(ledger: Ledger, mailing: Mailing, moment: Moment) -> tuple[int, int]:
    """Mark the mailing, and cancel as many as one commit takes, in the open transaction.

    Returns how many were pending, by the sums, and how many of them are cancelled.
    """
    first = "UPDATE mailings SET cancelled_at = ? WHERE id = ? AND cancelled_at IS NULL"
    ledger.write(first, moment.at, mailing.id)
    waiting = counts.number_in(ledger, mailing, Status.PENDING)
    most = ledger.rows_in_a_commit
    some = list(corrections.messages_in(ledger, mailing, Status.PENDING, most + 1).items())
    if len(some) > most:
        _is_half_done(ledger, mailing, so=True)
    return waiting, _cancel(ledger, mailing, some[:most], moment)


def finish(ledger: Ledger, mailing: Mailing, moment: Moment) -> int:
    """Cancel the rest of a mailing that is cancelled in part; return how many.

    The caller holds the right to send it.
    """
    if not mailings.get(ledger, mailing.id).half_cancelled:
        return 0
    ledger.give_way()
    cancelled = 0
    for some in ledger.in_pieces(corrections.all_in(ledger, mailing, Status.PENDING)):
        with ledger.transaction():
            cancelled += _cancel(ledger, mailing, some, moment)
    with ledger.transaction():
        _is_half_done(ledger, mailing, so=False)
    return cancelled


def finish_broken_off(ledger: Ledger, moment: Moment) -> Iterator[tuple[int, int]]:
    """Finish what processes that are gone have cancelled in part; yield each mailing, and how many it was."""
    for one in ledger.column("SELECT id FROM mailings WHERE half_cancelled = 1 ORDER BY id"):
        mailing = mailings.get(ledger, one)
        with lock.if_nobody_sends(ledger, mailing.reference) as free:
            if free:
                yield one, finish(ledger, mailing, moment)


def must_not_be_cancelled(mailing: int, cancelled_at: str | None, *, in_part: bool) -> None:
    """Raise RuleError where a person has cancelled a mailing; asked in the transaction of every claim.

    `in_part`: some of it is pending still.
    """
    if cancelled_at is not None and not in_part:
        raise RuleError(say("Mailing {id} was cancelled: nothing more of it is sent.", id=mailing))
    if cancelled_at is not None:
        raise RuleError(
            say("Mailing {id} was cancelled, and the rest of it is pending still.", id=mailing),
            hint=say("Cancel the rest with: smsctl mailings cancel {id}", id=mailing),
        )


def is_cancelled(ledger: Ledger, mailing: Mailing) -> bool:
    """Say whether a person has cancelled a mailing, as the ledger has it now."""
    row = ledger.one("SELECT cancelled_at FROM mailings WHERE id = ?", mailing.id)
    return row is not None and row[0] is not None


def not_pending_again(ledger: Ledger, mailing: Mailing, answer: Answer) -> Answer:
    """Return an answer to a batch as its mailing takes it: of a cancelled one nothing is pending again."""
    given_back = Status.PENDING in statuses(answer.receipts)
    if not given_back or not is_cancelled(ledger, mailing):
        return answer
    return answer._replace(receipts=list(map(_cancelled, answer.receipts)))


def _cancelled(receipt: Receipt) -> Receipt:
    if receipt.status is not Status.PENDING:
        return receipt
    return receipt._replace(status=Status.CANCELLED, code=_WHY)


def _is_half_done(ledger: Ledger, mailing: Mailing, *, so: bool) -> None:
    ledger.write("UPDATE mailings SET half_cancelled = ? WHERE id = ?", int(so), mailing.id)


def _cancel(ledger: Ledger, mailing: Mailing, some: Sequence[tuple[int, int]], moment: Moment) -> int:
    return corrections.move(ledger, mailing, dict(some), Status.PENDING, Status.CANCELLED, moment, _WHY)


_WHY = "cancelled"
