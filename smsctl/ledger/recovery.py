"""What processes that are gone have left on the wire: unknown, never pending."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Batch, Status, SubmitVerdict, same_for_all
from smsctl.domain.moment import Moment
from smsctl.domain.remark import Event, Remark
from smsctl.ledger import lock, mailings
from smsctl.ledger.batches import Claim, settle
from smsctl.ledger.store import Ledger

_UNSETTLED = (
    "SELECT id, first_message, last_message, claimed_day, reference FROM batches"
    " WHERE mailing = ? AND settled_at IS NULL"
)


def recover(ledger: Ledger, moment: Moment) -> Counter[int]:
    """Make batches of processes that are gone `unknown`, never `pending`; return how many, by mailing."""
    orphaned: Counter[int] = Counter()
    for (mailing_id,) in ledger.rows("SELECT DISTINCT mailing FROM batches WHERE settled_at IS NULL"):
        mailing = mailings.get(ledger, mailing_id)
        with lock.if_nobody_sends(ledger, mailing.reference) as free:
            if free:
                orphaned[mailing_id] += _recover_mailing(ledger, mailing, moment)
    return orphaned


@contextmanager
def taking_over(ledger: Ledger, mailing: Mailing, moment: Moment) -> Iterator[None]:
    """Hold the right to send a mailing, once what its last process has left on the wire is unknown.

    The ledger was opened, and recovered, before a person was asked: that process may have died since.
    Raises TakenError when another process has the right.
    """
    with lock.right_to_send(ledger, mailing.reference):
        _recover_mailing(ledger, mailing, moment)
        yield


def refuse_beside_others(ledger: Ledger, mailing: Mailing) -> None:
    """Raise TakenError where another has marked something since we took over, in the open transaction.

    On a server the right goes with a session, and that may have ended before this transaction began.
    """
    if ledger.rows(_UNSETTLED, mailing.id):
        raise lock.taken()


def what_others_left(ledger: Ledger, mailing: Mailing, moment: Moment) -> None:
    """Make unknown what another process has left on the wire since we began.

    Nothing of ours is there any more. On a server the right goes with a session: another may have had it.
    Raises TakenError where another has it now.
    """
    if not ledger.rows(_UNSETTLED, mailing.id):  # a session that is lost is replaced by that, and its right
        return
    if not ledger.engine.may_still_send(mailing.reference):
        raise lock.taken()
    _recover_mailing(ledger, mailing, moment)


def _recover_mailing(ledger: Ledger, mailing: Mailing, moment: Moment) -> int:
    if not ledger.rows(_UNSETTLED, mailing.id):
        return 0
    orphaned = 0
    with ledger.transaction():
        for batch_id, first, last, day, reference in ledger.rows(_UNSETTLED, mailing.id):
            ids = ledger.column(
                "SELECT id FROM messages WHERE id BETWEEN ? AND ? AND batch = ? AND state = 'sending'",
                first,
                last,
                batch_id,
            )
            batch = Batch(
                reference=reference,
                letter=mailing.letter,
                references=mailing.message_references(ids),
                numbers=[""] * len(ids),  # what nobody is to submit needs none
            )
            done = Claim(id=batch_id, batch=batch, messages=ids, day=day)
            broken_off = Remark(Event.BROKEN_OFF)
            gone = same_for_all(batch, Status.UNKNOWN, SubmitVerdict.UNCLEAR, broken_off)
            settle(ledger, mailing, done, gone, moment)
            orphaned += len(ids)
    return orphaned
