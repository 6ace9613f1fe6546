"""Proving with one real double send that the gateway refuses a reference it has seen (protocols.md 2.9)."""

import time
from collections.abc import Callable

from smsctl.domain.gateway import Gateway
from smsctl.domain.mailing import Ceilings, Mailing
from smsctl.domain.message import Answer, Receipt, Status, Verdict
from smsctl.domain.moment import Moment
from smsctl.errors import StoppedError, say
from smsctl.ledger import batches, lock, mailings, settling, unknowns
from smsctl.ledger.batches import Claim, Want
from smsctl.ledger.repeats import Repeats
from smsctl.ledger.store import Ledger

REFUSED_AS_REPEAT = "25"
_SOON_S = 60.0


def verify_dedup(
    mailing: Mailing, ledger: Ledger, gateway: Gateway, now: Callable[[], Moment], account: str
) -> bool:
    """Submit the first message of a two-message test mailing twice; say whether the repeat was refused.

    Both submissions are marked, answered and counted as any other; the second message stands for the
    repeat. Raises StoppedError when the first one was not simply accepted: then nothing is proved.
    """
    with lock.right_to_send(ledger.path, mailing.reference):
        first = _claim(ledger, mailing, 0, now())
        answer = gateway.submit(first.batch, not_after=time.monotonic() + _SOON_S)
        _settle(ledger, mailing, first, answer, now())
        if answer.receipts[0].status is not Status.ACCEPTED:
            _give_up(ledger, mailing, now())
            raise StoppedError(
                say("The first SMS was not accepted, so nothing is proved: {text}", text=answer.text)
            )
        second = _claim(ledger, mailing, first.messages[0], now())
        repeat = gateway.submit(first.batch, not_after=time.monotonic() + _SOON_S).receipts[0]
        refused = repeat.code == REFUSED_AS_REPEAT
        status = Status.REJECTED if refused else repeat.status
        receipt = Receipt(
            second.batch.messages[0].reference, status, repeat.gateway_id, repeat.code, repeat.text
        )
        _settle(ledger, mailing, second, Answer(verdict=Verdict.ANSWERED, receipts=(receipt,)), now())
        with ledger.transaction():
            if refused:
                unknowns.prove(ledger, account, now())
            else:
                unknowns.disprove(ledger, account)
    return refused


def _claim(ledger: Ledger, mailing: Mailing, after: int, moment: Moment) -> Claim:
    want = Want(
        mailing=mailing, most=1, ceilings=Ceilings(), repeats=Repeats(mailing, mailings.body_hash(""))
    )
    with ledger.transaction():
        claim = batches.claim(ledger, want, after, moment)
    if claim is None:
        raise StoppedError(say("The test mailing has nothing to send."))
    return claim


def _settle(ledger: Ledger, mailing: Mailing, claim: Claim, answer: Answer, moment: Moment) -> None:
    with ledger.transaction(patient=True):
        batches.settle(ledger, mailing, claim, answer, moment)


def _give_up(ledger: Ledger, mailing: Mailing, moment: Moment) -> None:
    with ledger.transaction():
        waiting = settling.messages_in(ledger, mailing, Status.PENDING)
        settling.move(ledger, mailing, waiting, Status.PENDING, Status.CANCELLED, moment, "nothing to prove")
