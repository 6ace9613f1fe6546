"""Sending a mailing that stands in the ledger: claim, submit, settle, until nothing is pending.

What must stay true: a batch is durably marked before it is submitted, and its answer is stored in the
same transaction that marks the next ones. Every way out of here leaves each message in a state that
tells the truth.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from smsctl.actions.reconcile import Search, reconcile
from smsctl.actions.run_progress import RunProgress, SendPace
from smsctl.actions.stop_signal import StopReason, StopSignal
from smsctl.actions.workers import BatchDone, Workers, most_in_flight
from smsctl.domain.gateway import Gateway
from smsctl.domain.mailing import Ceilings, Mailing
from smsctl.domain.message import Status, SubmitVerdict, same_for_all
from smsctl.domain.moment import Moment
from smsctl.domain.remark import Event, Remark
from smsctl.errors import ExitCode, LedgerError, RuleError, Sentence, say, worst
from smsctl.ledger import batches, fitness, hosts, mailings, recovery
from smsctl.ledger.batches import Claim, ClaimRequest
from smsctl.ledger.hosts import HaltError
from smsctl.ledger.lock import TakenError
from smsctl.ledger.repeats import Repeats
from smsctl.ledger.reserve import Reserve
from smsctl.ledger.seam.sentences import FullError, LostError
from smsctl.ledger.store import Ledger

_NAP_S = 0.1


class Result(NamedTuple):
    """What one run has done. `states` are this run's answers; the ledger has those of the whole mailing."""

    states: Counter[Status]
    stop: StopReason | None
    why: Sentence | None
    mend: Sentence | None = None  # what lets the rest be sent
    remarks: Sequence[Sentence] = ()  # on what stays unknown

    @property
    def exit_code(self) -> ExitCode:
        """The code to leave with, where several hold: by the last line of docs/reference/exit-codes.md."""
        codes = [ExitCode.OK]
        if self.states[Status.UNKNOWN] or self.states[Status.HELD]:
            codes.append(ExitCode.UNSETTLED)
        if self.states[Status.REJECTED]:
            codes.append(ExitCode.REJECTED)
        if self.stop:
            codes.append(self.stop.exit_code)
        return worst(codes)


class SendRun(NamedTuple):
    """One run of one mailing: what is sent, through what, and how far it may go."""

    mailing: Mailing
    ledger: Ledger
    gateway: Gateway
    now: Callable[[], Moment]
    ceilings: Ceilings
    pace: SendPace
    stop_signal: StopSignal
    proved_at: str | None  # when this gateway account was proved to refuse repeats; None: it was not
    on_progress: Callable[[Counter[Status]], None]
    account: str = ""  # at the gateway: only through the same one may a batch be submitted again
    billed: str = ""  # the same, whatever the address of the gateway: only one pays for a mailing


class _NotClaimedError(LedgerError):
    """The ledger cannot tell what may be sent next; what was answered can be stored without that."""


@dataclass(slots=True, kw_only=True)
class _Progress(RunProgress):
    """The progress of a run, and what it needs of the ledger and its disk."""

    want: ClaimRequest
    clock: fitness.SteadyClock
    reserve: Reserve


def send(send_run: SendRun) -> Result:
    """Send what is pending and return what became of it.

    Raises LedgerError when another process sends this mailing, nothing must be sent from this ledger now,
    or it cannot be written; what was on the wire then is found as unknown at the next start.
    """
    begun = send_run.now()
    fitness.must_be_fit(send_run.ledger, begun)
    clock = fitness.SteadyClock(send_run.now, send_run.ledger)
    send_run = send_run._replace(now=clock.now)
    want, pace = _want(send_run), send_run.pace
    progress = _Progress(pace=pace, want=want, clock=clock, reserve=_reserve(send_run, want))
    halted = partial(_halted, send_run, progress)
    workers = Workers(send_run.gateway, pace.connections, halted, messages=want.most)
    ledger = send_run.ledger
    with recovery.taking_over(ledger, send_run.mailing, begun), progress.reserve, hosts.watched(ledger):
        try:
            with send_run.stop_signal.armed():
                _drive(send_run, progress, workers)
                _look_what_others_left(send_run, progress)
                _reconcile(send_run, progress)
        except KeyboardInterrupt:
            _stop_at_once(send_run, progress, workers)
        finally:
            workers.dismiss()  # while the right is ours: who has it next may be told that nothing was sent
    if progress.fault:
        raise progress.fault
    return Result(
        states=progress.states,
        stop=progress.stop,
        why=progress.why,
        mend=progress.mend,
        remarks=progress.remarks,
    )


def _want(send_run: SendRun) -> ClaimRequest:
    mailing, most = send_run.mailing, min(send_run.pace.batch_size, send_run.gateway.traits.max_batch)
    return ClaimRequest(
        mailing=mailing,
        most=min(most, max(mailing.messages, 1)),
        ceilings=send_run.ceilings,
        repeats=Repeats(mailing, mailings.body_hash(mailing.letter.text.body)),
        account=send_run.account,
        billed=send_run.billed,
        request_s=send_run.pace.request_s,
    )


def _reserve(send_run: SendRun, want: ClaimRequest) -> Reserve:
    connections = send_run.pace.connections
    at_once = most_in_flight(connections, want.most)
    return Reserve(send_run.ledger.path, batches=at_once, messages=want.most, connections=connections)


def _halted(send_run: SendRun, progress: _Progress) -> bool:
    """Say whether nothing more must leave now, not even what is marked; asked by the workers' threads."""
    stopped = progress.stop not in (None, StopReason.CEILING) or progress.fault or send_run.stop_signal.asked
    if stopped or time.monotonic() < progress.not_before:
        return True
    return not send_run.ledger.engine.may_still_send(send_run.mailing.reference)


def _drive(send_run: SendRun, progress: _Progress, workers: Workers) -> None:
    done: Sequence[BatchDone] = ()
    while True:
        if send_run.stop_signal.asked:
            progress.end(send_run.stop_signal.asked)
        with send_run.stop_signal.shield():
            for claim in _advance(send_run, progress, workers, done):
                workers.submit(claim)
        if done:
            send_run.on_progress(progress.states)
        if workers.in_flight:
            done = workers.gather()
        elif progress.waits and not progress.ended:
            time.sleep(min(_NAP_S, max(progress.not_before - time.monotonic(), 0)))
            done = ()
        else:
            return


def _look_what_others_left(send_run: SendRun, progress: _Progress) -> None:
    try:
        recovery.what_others_left(send_run.ledger, send_run.mailing, send_run.now())
    except TakenError as taken:  # by who may not reach everybody
        progress.end(StopReason.LEDGER, taken.sentence, taken.hint)


def _reconcile(send_run: SendRun, progress: _Progress) -> None:
    """Settle what can be proved of unknown messages, of this run and of earlier ones."""
    if progress.stop in (StopReason.REFUSED, StopReason.DISK, StopReason.LEDGER) or progress.fault:
        return
    cleared = reconcile(
        Search(
            mailing=send_run.mailing,
            ledger=send_run.ledger,
            gateway=send_run.gateway,
            now=send_run.now,
            stop_signal=send_run.stop_signal,
            account=send_run.account,
            proved_at=send_run.proved_at,
            pauses_s=send_run.pace.reconcile_pauses_s,
            request_s=send_run.pace.request_s,
        )
    )
    progress.states += cleared.states
    progress.states -= Counter({Status.UNKNOWN: cleared.states.total()})
    progress.remarks = cleared.remarks


def _advance(
    send_run: SendRun, progress: _Progress, workers: Workers, done: Sequence[BatchDone]
) -> list[Claim]:
    """Store the answers and mark the next batches, in one commit; return what was marked."""
    progress.waits = time.monotonic() < progress.not_before
    if (progress.ended or progress.waits) and not done:
        return []
    before = replace(progress, states=progress.states.copy())
    claims: list[Claim] = []
    try:
        with send_run.ledger.transaction(patient=bool(done)):
            now = send_run.now()
            for one in _settled(send_run, done, now):
                progress.judge(one)
            progress.waits = time.monotonic() < progress.not_before
            room = 0 if progress.ended or progress.waits else workers.free + len(done)
            if room > 0:
                claims = _claim(send_run, progress, now, room)
    except HaltError as halted:  # raised when all is stored, so of what is marked nothing is handed out
        claims = []
        progress.end(StopReason.LEDGER, halted.sentence, halted.hint)
    except (FullError, LostError, _NotClaimedError) as failed:
        if not done:
            raise
        claims = []
        progress.become(before)
        _store_alone(send_run, progress, done, failed)
        if isinstance(failed, LostError):
            workers.stored(done)
            return _advance(send_run, progress, workers, ())
    workers.stored(done, by_slow_disk=send_run.ledger.waited_for_disk)
    return claims


def _store_alone(
    send_run: SendRun, progress: _Progress, done: Sequence[BatchDone], failed: LedgerError
) -> None:
    """Store the answers alone; on a full disk with the room that was kept for them, and mark nothing more."""
    stored: list[BatchDone] = []

    def write() -> None:
        stored[:] = _settled(send_run, done, send_run.now())

    if isinstance(failed, FullError):
        full_disk = say("The disk is full: what was answered is recorded, and nothing more is sent.")
        failing = say("The disk failed: what was answered is recorded, and nothing more is sent.")
        progress.end(StopReason.DISK, full_disk if failed.certain else failing, failed.hint)
    if isinstance(failed, _NotClaimedError):
        progress.end(StopReason.LEDGER, failed.sentence, failed.hint)
    progress.reserve.store(send_run.ledger, write)
    for one in stored:
        progress.judge(one)


def _settled(send_run: SendRun, done: Sequence[BatchDone], now: Moment) -> list[BatchDone]:
    """Store answers in the open transaction; return them as the ledger has them."""
    return [
        one._replace(answer=batches.settle(send_run.ledger, send_run.mailing, one.claim, one.answer, now))
        for one in done
    ]


def _claim(send_run: SendRun, progress: _Progress, now: Moment, room: int) -> list[Claim]:
    if wrong := progress.clock.gone_back():
        progress.end(StopReason.CLOCK, wrong.sentence, wrong.hint)
        return []
    try:
        claims = batches.claim(send_run.ledger, progress.want, progress.cursor, now, room)
    except HaltError as halted:  # raised before a claim is written, so the answers are still stored
        progress.end(StopReason.LEDGER, halted.sentence, halted.hint)
        return []
    except RuleError as reached:  # raised before anything is written, so the answers are still stored
        progress.end(StopReason.CEILING, reached.sentence, reached.hint)
        return []
    except (FullError, LostError):
        raise
    except LedgerError as wrong:  # as where another host has made the key of the block list
        raise _NotClaimedError(wrong.sentence, hint=wrong.hint, problems=wrong.problems) from wrong
    if claims:
        progress.cursor = claims[-1].messages[-1]
    return claims


def _stop_at_once(send_run: SendRun, progress: _Progress, workers: Workers) -> None:
    progress.end(send_run.stop_signal.asked or StopReason.INTERRUPTED)
    try:
        if not send_run.stop_signal.as_it_stands:
            with send_run.stop_signal.armed():
                _abandon(send_run, progress, workers)
    except KeyboardInterrupt:
        pass
    if send_run.stop_signal.as_it_stands and workers.in_flight:
        progress.why = say("Stopped without waiting for the ledger: what was on its way counts as unknown.")


def _abandon(send_run: SendRun, progress: _Progress, workers: Workers) -> None:
    """Store what has been answered; what has not is unknown."""
    done = {one.claim.id: one for one in (*workers.recall(), *workers.arrived())}
    for claim in workers.open.values():
        lost = same_for_all(claim.batch, Status.UNKNOWN, SubmitVerdict.UNCLEAR, Remark(Event.STOPPED))
        done.setdefault(claim.id, BatchDone(claim, lost))
    _advance(send_run, progress, workers, tuple(done.values()))
