"""Proving with one real double send that the gateway refuses a reference it has seen (protocols.md 2.9)."""

import time
from collections.abc import Callable

from smsctl.domain.gateway import Gateway
from smsctl.domain.mailing import Ceilings, Mailing
from smsctl.domain.message import Answer, Receipt, Status, Verdict
from smsctl.domain.moment import Moment
from smsctl.errors import InterruptionError, SmsctlError, StoppedError, say
from smsctl.ledger import batches, lock, mailings, settling, unknowns
from smsctl.ledger.batches import Claim, Want
from smsctl.ledger.repeats import Repeats
from smsctl.ledger.store import Ledger

REFUSED_AS_REPEAT = "25"
_SOON_S = 60.0


def verify_dedup(
    mailing: Mailing,
    ledger: Ledger,
    gateway: Gateway,
    now: Callable[[], Moment],
    account: str,
    ceilings: Ceilings,
) -> bool:
    """Submit the first message of a two-message test mailing twice; say whether the repeat was refused.

    Both submissions are marked, answered and counted as any other; the second message stands for the
    repeat. Raises StoppedError when either got another answer: then nothing is proved.
    """
    with lock.right_to_send(ledger.path, mailing.reference):
        try:
            refused = _send_twice(mailing, ledger, gateway, now, ceilings)
        except SmsctlError:
            _give_up(ledger, mailing, now())
            raise
        except KeyboardInterrupt as asked:
            _give_up(ledger, mailing, now())
            raise InterruptionError(
                say("Interrupted; what was on its way counts as unknown."),
                hint=say("Look with: smsctl mailings show {id}", id=mailing.id),
            ) from asked
        with ledger.transaction():
            if refused:
                unknowns.prove(ledger, account, now())
            else:
                unknowns.disprove(ledger, account)
    return refused


def _send_twice(
    mailing: Mailing, ledger: Ledger, gateway: Gateway, now: Callable[[], Moment], ceilings: Ceilings
) -> bool:
    # Without an account: what stays unknown of a test is never submitted again by anybody.
    want = Want(mailing=mailing, most=1, ceilings=ceilings, repeats=Repeats(mailing, mailings.body_hash("")))
    first = _claim(ledger, want, 0, now())
    answer = gateway.submit(first.batch, not_after=time.monotonic() + _SOON_S)
    _settle(ledger, mailing, first, answer, now())
    if answer.receipts[0].status is not Status.ACCEPTED:
        raise StoppedError(
            say("The first SMS was not accepted, so nothing is proved: {text}", text=answer.text)
        )
    second = _claim(ledger, want, first.messages[0], now())
    again = gateway.submit(first.batch, not_after=time.monotonic() + _SOON_S)
    repeat = again.receipts[0]
    refused = repeat.code == REFUSED_AS_REPEAT
    status = Status.REJECTED if refused else repeat.status
    receipt = Receipt(second.batch.messages[0].reference, status, repeat.gateway_id, repeat.code, repeat.text)
    _settle(ledger, mailing, second, Answer(verdict=Verdict.ANSWERED, receipts=(receipt,)), now())
    if not refused and repeat.status is not Status.ACCEPTED:
        raise StoppedError(
            say("The repeat got no clear answer, so nothing is proved: {text}", text=again.text)
        )
    return refused


def _claim(ledger: Ledger, want: Want, after: int, moment: Moment) -> Claim:
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
