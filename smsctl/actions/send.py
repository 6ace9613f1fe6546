"""Sending a mailing that stands in the ledger: claim, submit, settle, until nothing is pending.

What must stay true: a batch is durably marked before it is submitted, and its answer is stored in the
same transaction that marks the next ones. Every way out of here leaves each message in a state that
tells the truth.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from smsctl.actions.brake import CODES, Brake, Stop
from smsctl.actions.clear_up import Search, clear_up
from smsctl.actions.crew import Crew, Done
from smsctl.domain.gateway import Gateway
from smsctl.domain.mailing import Ceilings, Mailing
from smsctl.domain.message import Answer, Status, Verdict, same_for_all
from smsctl.domain.moment import Moment
from smsctl.errors import ExitCode, RuleError, Sentence, say, worst
from smsctl.ledger import batches, fitness, lock, mailings
from smsctl.ledger.batches import Claim, Want
from smsctl.ledger.repeats import Repeats
from smsctl.ledger.store import Ledger

UNREACHED_TRIES = 4
UNCLEAR_IN_A_ROW = 2
UNKNOWN_IN_A_RUN = 200
_NAP_S = 0.1


_STOP_CODES = {
    **CODES,
    Stop.CEILING: ExitCode.REFUSED,
    Stop.REFUSED: ExitCode.GATEWAY,
    Stop.UNREACHED: ExitCode.STOPPED,
    Stop.UNCLEAR: ExitCode.STOPPED,
    Stop.CLOCK: ExitCode.LEDGER,
}


class Pace(NamedTuple):
    """How fast a run goes, and how long it waits for a gateway that does not answer."""

    batch_size: int = 100
    connections: int = 1
    first_pause_s: float = 2.0
    longest_pause_s: float = 600.0
    clear_up_pauses_s: Sequence[float] = (1.0, 5.0, 20.0)


class Result(NamedTuple):
    """What one run has done. `states` are this run's answers; the ledger has the mailing's."""

    states: Counter[Status]
    stop: Stop | None
    why: Sentence | None
    mend: Sentence | None = None  # what lets the rest be sent
    remarks: Sequence[Sentence] = ()  # on what stays unknown

    @property
    def exit_code(self) -> ExitCode:
        """The code to leave with, where several hold by design.md section 5."""
        codes = [ExitCode.OK]
        if self.states[Status.UNKNOWN] or self.states[Status.HELD]:
            codes.append(ExitCode.UNSETTLED)
        if self.states[Status.REJECTED]:
            codes.append(ExitCode.REJECTED)
        if self.stop:
            codes.append(_STOP_CODES[self.stop])
        return worst(codes)


class Errand(NamedTuple):
    """One run of one mailing: what is sent, through what, and how far it may go."""

    mailing: Mailing
    ledger: Ledger
    gateway: Gateway
    now: Callable[[], Moment]
    ceilings: Ceilings
    pace: Pace
    brake: Brake
    proved_at: str | None  # when this gateway account was proved to refuse repeats; None: it was not
    on_progress: Callable[[Counter[Status]], None]
    account: str = ""  # at the gateway: only through the same one may a batch be submitted again


@dataclass(slots=True)
class _Run:
    """The loop's own bookkeeping; nothing of it outlives the process."""

    want: Want
    clock: fitness.Steady
    states: Counter[Status] = field(default_factory=Counter)
    cursor: int = 0
    unreached: int = 0
    unclear: int = 0
    not_before: float = 0.0  # monotonic; nothing is claimed before it
    waits: bool = False  # nothing was claimed, for it was not yet time
    stop: Stop | None = None
    why: Sentence | None = None
    mend: Sentence | None = None
    remarks: Sequence[Sentence] = ()
    fault: BaseException | None = None  # in smsctl itself; raised when all that is in flight is stored

    @property
    def ended(self) -> bool:
        """Whether nothing more is claimed."""
        return self.stop is not None or self.fault is not None

    def end(self, stop: Stop, why: Sentence | None = None, mend: Sentence | None = None) -> None:
        """Claim nothing more; the first reason stands."""
        if self.stop is None:
            self.stop, self.why, self.mend = stop, why, mend


def send(errand: Errand) -> Result:
    """Send what is pending and return what became of it.

    Raises LedgerError when another process sends this mailing, nothing must be sent from this ledger now,
    or it cannot be written; what was on the wire then is found as unknown at the next start.
    """
    fitness.must_be_fit(errand.ledger, errand.now())
    clock = fitness.Steady(errand.now, errand.ledger)
    errand = errand._replace(now=clock.now)
    run = _Run(want=_want(errand), clock=clock)
    crew = Crew(errand.gateway, errand.pace.connections, halted=lambda: _halted(errand, run))
    with lock.right_to_send(errand.ledger.path, errand.mailing.reference):
        try:
            with errand.brake.armed():
                _drive(errand, run, crew)
                _clear_up(errand, run)
        except KeyboardInterrupt:
            _stop_at_once(errand, run, crew)
    crew.dismiss()
    if run.fault:
        raise run.fault
    return Result(states=run.states, stop=run.stop, why=run.why, mend=run.mend, remarks=run.remarks)


def _want(errand: Errand) -> Want:
    mailing = errand.mailing
    return Want(
        mailing=mailing,
        most=min(errand.pace.batch_size, errand.gateway.traits.max_batch),
        ceilings=errand.ceilings,
        repeats=Repeats(mailing, mailings.body_hash(mailing.letter.text.body)),
        account=errand.account,
    )


def _halted(errand: Errand, run: _Run) -> bool:
    """Say whether nothing more must leave now, not even what is marked; asked by the crew's threads."""
    stopped = run.stop not in (None, Stop.CEILING) or run.fault or errand.brake.asked
    return bool(stopped) or time.monotonic() < run.not_before


def _drive(errand: Errand, run: _Run, crew: Crew) -> None:
    done: Sequence[Done] = ()
    while True:
        if errand.brake.asked:
            run.end(errand.brake.asked)
        with errand.brake.shield():
            for claim in _advance(errand, run, crew, done):
                crew.submit(claim)
        if done:
            errand.on_progress(run.states)
        if crew.in_flight:
            done = crew.gather()
        elif run.waits and not run.ended:
            time.sleep(min(_NAP_S, max(run.not_before - time.monotonic(), 0)))
            done = ()
        else:
            return


def _clear_up(errand: Errand, run: _Run) -> None:
    """Settle what can be proved of the unknown, of this run and of earlier ones."""
    if run.stop is Stop.REFUSED or run.fault:
        return
    cleared = clear_up(
        Search(
            mailing=errand.mailing,
            ledger=errand.ledger,
            gateway=errand.gateway,
            now=errand.now,
            brake=errand.brake,
            account=errand.account,
            proved_at=errand.proved_at,
            pauses_s=errand.pace.clear_up_pauses_s,
        )
    )
    run.states += cleared.states
    run.states -= Counter({Status.UNKNOWN: cleared.states.total()})
    run.remarks = cleared.remarks


def _advance(errand: Errand, run: _Run, crew: Crew, done: Sequence[Done]) -> list[Claim]:
    """Store the answers and mark the next batches, in one commit; return what was marked."""
    run.waits = time.monotonic() < run.not_before
    if (run.ended or run.waits) and not done:
        return []
    claims: list[Claim] = []
    with errand.ledger.transaction(patient=bool(done)):
        now = errand.now()
        for one in done:
            stored = batches.settle(errand.ledger, errand.mailing, one.claim, one.answer, now)
            _judge(errand, run, one._replace(answer=stored))
        run.waits = time.monotonic() < run.not_before
        room = 0 if run.ended or run.waits else crew.free + len(done)
        while len(claims) < room and (claim := _claim(errand, run, now)):
            claims.append(claim)
    crew.stored(done)
    return claims


def _claim(errand: Errand, run: _Run, now: Moment) -> Claim | None:
    if wrong := run.clock.gone_back():
        run.end(Stop.CLOCK, wrong.sentence, wrong.hint)
        return None
    try:
        claim = batches.claim(errand.ledger, run.want, run.cursor, now)
    except RuleError as reached:  # raised before anything is written, so the answers are still stored
        run.end(Stop.CEILING, reached.sentence, reached.hint)
        return None
    if claim:
        run.cursor = claim.messages[-1]
    return claim


def _judge(errand: Errand, run: _Run, done: Done) -> None:
    """Decide from one answer whether the run goes on, waits or ends (reliability.md 2.3)."""
    answer = done.answer
    run.fault = run.fault or done.error
    run.states.update(receipt.status for receipt in answer.receipts)
    given_back = run.states.pop(Status.PENDING, 0)
    if given_back:
        run.cursor = min(run.cursor, done.claim.messages[0] - 1)
    if answer.verdict is Verdict.REFUSED:
        run.end(Stop.REFUSED, say("Stopped: {text}", text=answer.text), answer.mend)
    elif answer.verdict in (Verdict.NOT_REACHED, Verdict.BUSY, Verdict.STALE):
        _pause(errand.pace, run, answer)
    else:
        run.unreached = 0
        _count_unclear(errand.pace, run, answer)


def _pause(pace: Pace, run: _Run, answer: Answer) -> None:
    if time.monotonic() < run.not_before:
        return  # another batch of the same round has said it already
    run.unreached += 1
    if run.unreached >= UNREACHED_TRIES:
        run.end(Stop.UNREACHED, say("The gateway cannot be reached: {text}", text=answer.text))
        return
    wait_s = answer.retry_after_s
    if wait_s is None:
        wait_s = pace.first_pause_s * 3 ** (run.unreached - 1) * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
    run.not_before = time.monotonic() + min(wait_s, pace.longest_pause_s)


def _count_unclear(pace: Pace, run: _Run, answer: Answer) -> None:
    unclear = all(receipt.status is Status.UNKNOWN for receipt in answer.receipts)
    run.unclear = run.unclear + 1 if unclear else 0
    too_many = run.states[Status.UNKNOWN] > max(UNKNOWN_IN_A_RUN, 2 * pace.batch_size)
    if run.unclear >= UNCLEAR_IN_A_ROW or too_many:
        run.end(Stop.UNCLEAR, say("The gateway gives no clear answer: {text}", text=answer.text))


def _stop_at_once(errand: Errand, run: _Run, crew: Crew) -> None:
    run.end(errand.brake.asked or Stop.INTERRUPTED)
    try:
        if not errand.brake.as_it_stands:
            with errand.brake.armed():
                _abandon(errand, run, crew)
    except KeyboardInterrupt:
        pass
    if errand.brake.as_it_stands and crew.in_flight:
        run.why = say("Stopped without waiting for the ledger: what was on its way counts as unknown.")


def _abandon(errand: Errand, run: _Run, crew: Crew) -> None:
    """Store what has been answered; what has not is unknown."""
    done = {one.claim.id: one for one in (*crew.recall(), *crew.arrived())}
    for claim in crew.open.values():
        lost = same_for_all(claim.batch, Status.UNKNOWN, Verdict.UNCLEAR, "stopped before the answer")
        done.setdefault(claim.id, Done(claim, lost))
    _advance(errand, run, crew, tuple(done.values()))
