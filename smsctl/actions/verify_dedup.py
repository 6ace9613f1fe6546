"""Proving with one real double send that the gateway refuses a reference it has seen.

wire/puzzel.md, "References and repeats".
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from smsctl.actions.begin import write
from smsctl.actions.ending import told_with_what_is_left
from smsctl.actions.stop_signal import StopSignal
from smsctl.domain.gateway import Gateway, IsLate
from smsctl.domain.mailing import Ceilings, Mailing
from smsctl.domain.message import Answer, Receipt, Status, SubmitVerdict, same_for_all
from smsctl.domain.moment import Actor, Moment
from smsctl.domain.remark import Event, Remark
from smsctl.errors import GatewayRefusedError, InterruptionError, Sentence, SmsctlError, StoppedError, say
from smsctl.host import clock
from smsctl.ledger import batches, corrections, fitness, hosts, lock, mailings, reconciling, under_way
from smsctl.ledger.batches import Claim, ClaimRequest
from smsctl.ledger.mailings import Addressee, NewMailing
from smsctl.ledger.repeats import Repeats
from smsctl.ledger.reserve import Reserve
from smsctl.ledger.store import Ledger

REFUSED_AS_REPEAT = "25"
_TWICE = 2


class DoubleSend(NamedTuple):
    """What is tried, and with whose right."""

    new: NewMailing  # to one number, twice
    addressee: Addressee
    ledger: Ledger
    gateway: Gateway
    now: Callable[[], Moment]
    actor: Actor
    account: str  # what the proof is kept under
    ceilings: Callable[[Mailing], Ceilings]
    stop_signal: StopSignal
    request_s: float = 90  # in which a request ends, whatever the gateway does


class Verified(NamedTuple):
    """The test mailing, and whether its repeat was refused."""

    mailing: Mailing
    refused: bool


class _Begun(NamedTuple):
    """The mailing with both its messages claimed; the second stands for the repeat."""

    mailing: Mailing
    first: Claim
    second: Claim
    reserve: Reserve


def verify_dedup(trial: DoubleSend) -> Verified:
    """Submit the first message of a two-message test mailing twice; say whether the repeat was refused.

    Both submissions are marked, answered and counted as any other. The mailing is written and both are
    marked in one transaction: whenever this is killed, nothing of it is pending, and nobody can send it
    later. Raises StoppedError when either got another answer: then nothing is proved.
    """
    fitness.must_be_fit(trial.ledger, trial.now(), rows=trial.new.rows)
    clock = fitness.SteadyClock(trial.now, trial.ledger)
    trial = trial._replace(now=clock.now)
    with _begun(trial) as begun, told_with_what_is_left(trial.ledger, begun.mailing):
        try:
            with trial.stop_signal.armed():
                refused = _send_twice(trial, begun)
        except KeyboardInterrupt as asked:
            raise InterruptionError(
                say("Interrupted; what was on its way counts as unknown."),
                hint=_look(begun),
            ) from asked
        with trial.ledger.transaction():
            if refused:
                reconciling.prove(trial.ledger, trial.account, trial.now())
            else:
                reconciling.disprove(trial.ledger, trial.account)
    return Verified(mailing=begun.mailing, refused=refused)


@contextmanager
def _begun(trial: DoubleSend) -> Iterator[_Begun]:
    room = Reserve(trial.ledger.path, batches=_TWICE, messages=1)
    with hosts.watched(trial.ledger), room as reserve, ExitStack() as held:
        with trial.ledger.transaction():
            moment, twice = trial.now(), (trial.addressee, trial.addressee)
            mailing = write(trial.new, twice, (), trial.ledger, moment, trial.actor)
            held.enter_context(lock.right_to_send(trial.ledger, mailing.reference))
            # Without an account: what stays unknown of a test is never submitted again by anybody.
            repeats = Repeats(mailing, mailings.body_hash(""))
            want = ClaimRequest(
                mailing=mailing,
                most=1,
                ceilings=trial.ceilings(mailing),
                repeats=repeats,
                request_s=trial.request_s,
            )
            first = _claim(trial.ledger, want, 0, moment)
            second = _claim(trial.ledger, want, first.messages[0], moment)
        yield _Begun(mailing=mailing, first=first, second=second, reserve=reserve)


def _soon(claim: Claim) -> IsLate:
    """Return what says whether it is too late for its first byte."""
    begun = claim.by.read if claim.by else clock.reading()
    return lambda: under_way.left_s(begun, clock.reading()) < 0


def _send_twice(trial: DoubleSend, begun: _Begun) -> bool:
    first, second = begun.first, begun.second
    try:
        is_late = _soon(first)
        answer = trial.gateway.submit(
            first.batch, is_late=lambda: trial.stop_signal.asked is not None or is_late()
        )
        _settle(trial, begun, first, answer)
        if trial.stop_signal.asked and answer.verdict is not SubmitVerdict.REFUSED:
            raise InterruptionError(
                say("Interrupted; the repeat was not sent, so nothing is proved."), hint=_look(begun)
            )
        _must_be_taken(answer)
    except (SmsctlError, KeyboardInterrupt):
        _withdraw(trial, begun)
        raise
    again = trial.gateway.submit(first.batch, is_late=_soon(second))
    repeat = again.receipts[0]
    if (
        repeat.status is Status.PENDING
    ):  # what stands for it is new to the gateway: sent later, it would arrive
        _withdraw(trial, begun)
        raise _unproved(_TOO_LATE if again.verdict is SubmitVerdict.STALE else _unclear(again), again)
    refused = repeat.code == REFUSED_AS_REPEAT
    status = Status.REJECTED if refused else repeat.status
    receipt = Receipt(
        second.batch.references[0], status, gateway_id=repeat.gateway_id, code=repeat.code, text=repeat.text
    )
    _settle(trial, begun, second, Answer(verdict=SubmitVerdict.ANSWERED, receipts=(receipt,)))
    if not refused and repeat.status is not Status.ACCEPTED:
        raise _unproved(_unclear(again), again)
    return refused


def _look(begun: _Begun) -> Sentence:
    return say("Look with: smsctl mailings show {id}", id=begun.mailing.id)


def _must_be_taken(answer: Answer) -> None:
    """Raise unless the first submission was accepted; one that is called a repeat was never seen before."""
    receipt = answer.receipts[0]
    if receipt.code == REFUSED_AS_REPEAT:
        raise StoppedError(
            say("The first SMS was refused as a repeat already (code 25), so nothing is proved."),
            hint=say("Ask the gateway's support which references it takes for the same."),
        )
    if receipt.status is not Status.ACCEPTED:
        raise _unproved(_of_the_first(receipt).given(text=answer.text), answer)


def _of_the_first(receipt: Receipt) -> Sentence:
    if receipt.status in {Status.UNKNOWN, Status.HELD}:  # it may come all the same
        return say("The first SMS got no clear answer, so nothing is proved: {text}", text="")
    return say("The first SMS was not accepted, so nothing is proved: {text}", text="")


_TOO_LATE = say("The repeat came too late to be sent, so nothing is proved.")


def _unclear(again: Answer) -> Sentence:
    return say("The repeat got no clear answer, so nothing is proved: {text}", text=again.text)


def _unproved(sentence: Sentence, answer: Answer) -> SmsctlError:
    """Return what is raised of an answer that proves nothing; a refusal of all is told with what mends it."""
    if answer.verdict is SubmitVerdict.REFUSED:
        return GatewayRefusedError(sentence, hint=answer.mend)
    return StoppedError(sentence)


def _claim(ledger: Ledger, want: ClaimRequest, after: int, moment: Moment) -> Claim:
    for claim in batches.claim(ledger, want, after, moment):
        return claim
    raise StoppedError(say("The test mailing has nothing to send."))


def _settle(trial: DoubleSend, begun: _Begun, claim: Claim, answer: Answer) -> None:
    def write() -> None:
        batches.settle(trial.ledger, begun.mailing, claim, answer, trial.now())

    with trial.stop_signal.shield():
        begun.reserve.store(trial.ledger, write)


def _withdraw(trial: DoubleSend, begun: _Begun) -> None:
    """Cancel what was not submitted: the repeat, and the first where the gateway was not reached."""
    ledger, mailing, moment = trial.ledger, begun.mailing, trial.now()
    back = same_for_all(begun.second.batch, Status.PENDING, SubmitVerdict.STALE, Remark(Event.GIVEN_BACK))
    # Asked for the third time, it is left as it stands: both count as unknown then, and neither is pending.
    signal = trial.stop_signal
    with signal.armed(), signal.shield(), ledger.transaction(patient=True):
        batches.settle(ledger, mailing, begun.second, back, moment)
        waiting = corrections.messages_in(ledger, mailing, Status.PENDING)
        corrections.move(
            ledger, mailing, waiting, Status.PENDING, Status.CANCELLED, moment, "nothing to prove"
        )
