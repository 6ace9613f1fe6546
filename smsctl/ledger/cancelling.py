"""Cancelling what is pending of a mailing, in several commits where it is large.

What must stay true: from the first commit to the last the mailing is marked, and while it is, nothing of it
is claimed, however the claim came about. Where the process dies in between, the next writer cancels the rest.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Status
from smsctl.domain.moment import Moment
from smsctl.errors import RuleError, say
from smsctl.ledger import corrections, lock, mailings
from smsctl.ledger.store import Ledger


def begin(ledger: Ledger, mailing: Mailing, moment: Moment) -> tuple[int, int]:
    """Cancel as many as one commit takes, in the open transaction, and mark the mailing where more are left.

    Returns how many were pending, and how many of them are cancelled.
    """
    waiting = corrections.messages_in(ledger, mailing, Status.PENDING)
    cancelled = _cancel(ledger, mailing, list(islice(waiting.items(), ledger.rows_in_a_commit)), moment)
    if cancelled < len(waiting):
        _mark(ledger, mailing, half_cancelled=True)
    return len(waiting), cancelled


def finish(ledger: Ledger, mailing: Mailing, moment: Moment) -> int:
    """Cancel the rest of a marked mailing, and take the mark away; return how many.

    The caller holds the right to send it.
    """
    if not mailings.get(ledger, mailing.id).half_cancelled:
        return 0
    ledger.give_way()
    cancelled = 0
    waiting = corrections.messages_in(ledger, mailing, Status.PENDING)
    for some in ledger.in_pieces(waiting.items()):
        with ledger.transaction():
            cancelled += _cancel(ledger, mailing, some, moment)
    with ledger.transaction():
        _mark(ledger, mailing, half_cancelled=False)
    return cancelled


def finish_broken_off(ledger: Ledger, moment: Moment) -> Iterator[tuple[int, int]]:
    """Finish what processes that are gone have left marked; yield each mailing, and how many it were."""
    for one in ledger.column("SELECT id FROM mailings WHERE half_cancelled = 1 ORDER BY id"):
        mailing = mailings.get(ledger, one)
        with lock.if_nobody_sends(ledger, mailing.reference) as free:
            if free:
                yield one, finish(ledger, mailing, moment)


def must_not_be_half_done(mailing: int, *, is_marked: bool) -> None:
    """Raise RuleError where a mailing is marked; asked in the transaction of every claim."""
    if is_marked:
        raise RuleError(
            say("Mailing {id} was cancelled, and the rest of it is pending still.", id=mailing),
            hint=say("Cancel the rest with: smsctl mailings cancel {id}", id=mailing),
        )


def _mark(ledger: Ledger, mailing: Mailing, *, half_cancelled: bool) -> None:
    ledger.write("UPDATE mailings SET half_cancelled = ? WHERE id = ?", int(half_cancelled), mailing.id)


def _cancel(ledger: Ledger, mailing: Mailing, some: Sequence[tuple[int, int]], moment: Moment) -> int:
    return corrections.move(
        ledger, mailing, dict(some), Status.PENDING, Status.CANCELLED, moment, "cancelled"
    )
