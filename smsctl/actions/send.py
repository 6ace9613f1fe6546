"""Sending a mailing that stands in the ledger: claim, submit, settle, until nothing is pending.

What must stay true: a batch is durably marked before it is submitted, and its answer is stored in the
same transaction that marks the next ones. Every way out of here leaves each message in a state that
tells the truth.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from smsctl.actions.brake import Brake, Stop
from smsctl.actions.clear_up import Search, clear_up
from smsctl.actions.course import Course, Pace
from smsctl.actions.crew import Crew, Done, most_in_flight
from smsctl.domain.gateway import Gateway
from smsctl.domain.mailing import Ceilings, Mailing
from smsctl.domain.message import Status, Verdict, same_for_all
from smsctl.domain.moment import Moment
from smsctl.errors import ExitCode, RuleError, Sentence, say, worst
from smsctl.ledger import batches, fitness, lock, mailings
from smsctl.ledger.batches import Claim, Want
from smsctl.ledger.repeats import Repeats
from smsctl.ledger.reserve import Reserve
from smsctl.ledger.sentences import FullError
from smsctl.ledger.store import Ledger

_NAP_S = 0.1


class Result(NamedTuple):
    """What one run has done. `states` are this run's answers; the ledger has the mailing's."""

    states: Counter[Status]
    stop: Stop | None
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


@dataclass(slots=True, kw_only=True)
class _Run(Course):
    """A course, and what it takes from the ledger and its disk."""

    want: Want
    clock: fitness.Steady
    reserve: Reserve


def send(errand: Errand) -> Result:
    """Send what is pending and return what became of it.

    Raises LedgerError when another process sends this mailing, nothing must be sent from this ledger now,
    or it cannot be written; what was on the wire then is found as unknown at the next start.
    """
    fitness.must_be_fit(errand.ledger, errand.now())
    clock = fitness.Steady(errand.now, errand.ledger)
    errand = errand._replace(now=clock.now)
    run = _Run(pace=errand.pace, want=_want(errand), clock=clock, reserve=_reserve(errand))
    crew = Crew(errand.gateway, errand.pace.connections, halted=lambda: _halted(errand, run))
    with lock.right_to_send(errand.ledger.path, errand.mailing.reference), run.reserve:
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


def _reserve(errand: Errand) -> Reserve:
    most = min(errand.pace.batch_size, errand.gateway.traits.max_batch, errand.mailing.messages)
    return Reserve(errand.ledger.path, batches=most_in_flight(errand.pace.connections), messages=most)


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
    if run.stop in (Stop.REFUSED, Stop.DISK) or run.fault:
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
    before = replace(run, states=run.states.copy())
    claims: list[Claim] = []
    try:
        with errand.ledger.transaction(patient=bool(done)):
            now = errand.now()
            for one in _settled(errand, done, now):
                run.judge(one)
            run.waits = time.monotonic() < run.not_before
            room = 0 if run.ended or run.waits else crew.free + len(done)
            while len(claims) < room and (claim := _claim(errand, run, now)):
                claims.append(claim)
    except FullError as full:
        if not done:
            raise
        claims = []
        run.become(before)
        _store_alone(errand, run, done, full)
    crew.stored(done)
    return claims


def _store_alone(errand: Errand, run: _Run, done: Sequence[Done], full: FullError) -> None:
    """Store the answers with the room that was kept for them, and mark nothing more."""
    stored: list[Done] = []

    def write() -> None:
        stored[:] = _settled(errand, done, errand.now())

    full_disk = say("The disk is full: what was answered is recorded, and nothing more is sent.")
    failing = say("The disk failed: what was answered is recorded, and nothing more is sent.")
    run.end(Stop.DISK, full_disk if full.certain else failing, full.hint)
    run.reserve.store(errand.ledger, write)
    for one in stored:
        run.judge(one)


def _settled(errand: Errand, done: Sequence[Done], now: Moment) -> list[Done]:
    """Store answers in the open transaction; return them as the ledger has them."""
    return [
        one._replace(answer=batches.settle(errand.ledger, errand.mailing, one.claim, one.answer, now))
        for one in done
    ]


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
