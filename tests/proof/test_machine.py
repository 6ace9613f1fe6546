"""Any sequence of imports, sends, crashes, faults, late answers, reports, words and clock jumps.

The model knows what the gateway took and what it answered, and so which state each message may be in.
"""

import shutil
import tempfile
import threading
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from smsctl.actions.resolve import Word, resolve
from smsctl.actions.send import Pace
from smsctl.domain.mailing import Mailing
from smsctl.domain.message import FINAL, Answer, Batch, Receipt, Status, Verdict
from smsctl.domain.moment import Moment
from smsctl.domain.report import Report, Told
from smsctl.errors import LedgerError
from smsctl.ledger import batches, reports, store
from smsctl.ledger.batches import Claim
from smsctl.ledger.reports import Intake, Source
from tests.actions.desk import ACTOR, Desk, ScriptedGateway, moment
from tests.proof import invariants
from tests.proof.conftest import Scale
from tests.proof.invariants import Accepted
from tests.proof.weaknesses import Weakness, weakened

_WINDOW_S = 20 * 3600  # within which the same text is not sent to the same number again
_TAKEN_FOR_SENT = frozenset(Status) - {Status.PENDING, Status.REJECTED, Status.CANCELLED}


_WRITTEN_WHEN_FIT = "SELECT created_at AS at FROM mailings UNION SELECT claimed_at FROM batches"
_WRITTEN = f"{_WRITTEN_WHEN_FIT} UNION SELECT settled_at FROM batches UNION SELECT at FROM audit"


class Kind(NamedTuple):
    """What the gateway does with one message: whether it takes it, and what it says."""

    takes: bool
    says: Status
    verdict: Verdict = Verdict.ANSWERED


KINDS = (
    Kind(takes=True, says=Status.ACCEPTED),
    Kind(takes=True, says=Status.ACCEPTED),
    Kind(takes=True, says=Status.ACCEPTED),
    Kind(takes=False, says=Status.REJECTED),
    Kind(takes=True, says=Status.HELD),
    Kind(takes=True, says=Status.UNKNOWN, verdict=Verdict.UNCLEAR),
    Kind(takes=False, says=Status.UNKNOWN, verdict=Verdict.UNCLEAR),
    Kind(takes=False, says=Status.PENDING, verdict=Verdict.REFUSED),
    Kind(takes=False, says=Status.PENDING, verdict=Verdict.NOT_REACHED),
    Kind(takes=False, says=Status.PENDING, verdict=Verdict.STALE),
)


class CrashError(BaseException):
    """The process ends here; nothing of it is told."""


class Known(NamedTuple):
    """What the model knows of one message."""

    mailing: Mailing
    number: str
    text: str
    state: Status = Status.PENDING
    claimed_s: float = 0.0


class NeverTwice(RuleBasedStateMachine):
    """A ledger and a gateway in this process, and a dict that knows what must be in both."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.desk = Desk(self.folder, package_size=7)
        self.desk.now = self._clock
        self.ahead_s = 0.0
        self.mailings: list[Mailing] = []
        self.model: dict[str, Known] = {}
        self.accepted: list[Accepted] = []
        self.by_word: set[str] = set()
        self.early: dict[str, Status] = {}  # reports that wait for the answer to their message's batch
        self.unheard: list[tuple[Mailing, Batch, Answer]] = []  # answers to processes that are gone
        self.said: dict[str, Status] = {}  # of the run that goes on
        self.dead = False
        self.lock = threading.Lock()

    def teardown(self) -> None:
        self.desk.ledger.close()
        shutil.rmtree(self.folder)

    @rule(messages=st.integers(1, 9), text=st.sampled_from(["one", "two", "three"]))
    def begin(self, messages: int, text: str) -> None:
        refuses, may_refuse = self._clock_refuses()
        try:
            mailing = self.desk.mailing(messages, text=text)
        except LedgerError:
            assert may_refuse
            return
        assert not refuses, "begun by a clock that goes backwards"
        self.mailings.append(mailing)
        for place in range(messages):
            reference = mailing.message_reference(mailing.first_message + place)
            self.model[reference] = Known(mailing, f"+4672{place:07d}", text)

    @precondition(lambda self: self.mailings)
    @rule(
        which=st.integers(0, 100),
        kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=6),
        size=st.integers(1, 4),
        connections=st.sampled_from([1, 1, 3]),
        crash_at=st.none() | st.integers(0, 9),
    )
    def send(self, which: int, kinds: list[Kind], size: int, connections: int, crash_at: int | None) -> None:
        mailing = self.mailings[which % len(self.mailings)]
        gateway = ScriptedGateway(lambda batch: self._answer(mailing, batch, kinds))
        self.said, self.dead = {}, False
        steps = iter(range(10**6))

        def step() -> None:
            if crash_at is not None and next(steps) >= crash_at:
                self.dead = True
                raise CrashError

        def now() -> Moment:
            step()
            return self._clock()

        refuses, may_refuse = self._clock_refuses()
        self.desk.now = now
        pace = Pace(batch_size=size, connections=connections, first_pause_s=0, longest_pause_s=0)
        crashed = stopped = refused = False
        try:
            stopped = bool(self.desk.send(mailing, gateway, pace=pace, told=lambda states: step()).stop)
        except CrashError:
            crashed = True
        except LedgerError:
            refused = True
        self.desk.now = self._clock
        self._wait_for_silence(gateway)
        assert not (gateway.submitted and refuses), "sent by a clock that goes backwards"
        assert may_refuse or not refused
        self._follow(mailing, crashed=crashed, finished=not (crashed or stopped or refused))
        if crashed:
            self._open_again()

    @rule()
    def start_again(self) -> None:
        self._open_again()
        self._recover()

    @precondition(lambda self: self.unheard)
    @rule(which=st.integers(0, 100))
    def hear_a_late_answer(self, which: int) -> None:
        """An answer to a process that was taken for dead: only what is still unknown of it moves."""
        self._recover()
        mailing, batch, answer = self.unheard.pop(which % len(self.unheard))
        row = self.desk.ledger.one("SELECT id, claimed_day FROM batches WHERE reference = ?", batch.reference)
        if row is None:
            return
        places = [int(one.reference.rpartition("-")[2]) for one in batch.messages]
        claim = Claim(row[0], batch, [mailing.first_message + place - 1 for place in places], row[1])
        movable = {
            found
            for (found,) in self.desk.ledger.rows(
                "SELECT id FROM messages WHERE batch = ? AND state = 'unknown'", row[0]
            )
        }
        with self.desk.ledger.transaction():
            batches.settle(self.desk.ledger, mailing, claim, answer, self._clock())
        for message, receipt in zip(claim.messages, answer.receipts, strict=True):
            if message in movable:
                self._set(receipt.reference, receipt.status)
        self._check_states()

    @precondition(lambda self: self.mailings)
    @rule(which=st.integers(0, 100), word=st.sampled_from(Word))
    def settle_by_word(self, which: int, word: Word) -> None:
        """A person decides; where the word is not the truth, what follows is not smsctl's doing."""
        mailing = self.mailings[which % len(self.mailings)]
        resolve(self.desk.ledger, mailing, word, self._clock(), ACTOR, "tried")
        becomes = Status.ACCEPTED if word is Word.SENT else Status.PENDING
        for reference, known in self.model.items():
            if known.mailing.id == mailing.id and known.state is Status.UNKNOWN:
                self.by_word.add(reference)
                self._set(reference, becomes)
        self._check_states()

    @precondition(lambda self: self.accepted)
    @rule(which=st.integers(0, 1000), told=st.sampled_from([Status.DELIVERED, Status.FAILED, Status.EXPIRED]))
    def hear_a_report(self, which: int, told: Status) -> None:
        """Only what the gateway took is reported."""
        one = self.accepted[which % len(self.accepted)]
        report = Report(
            gateway="intelecom", told=Told(told), code="0", reference=one.reference, number=one.number
        )
        with self.desk.ledger.transaction():
            reports.take(self.desk.ledger, report, Intake(Source.PUSHED, self._clock(), timedelta(hours=72)))
        before = self.model[one.reference].state
        if before is Status.SENDING:
            self.early.setdefault(one.reference, told)
        elif before not in FINAL:
            self._set(one.reference, told)
        self._check_states()

    @rule(hours=st.sampled_from([-30, -1, 1, 12, 25]))
    def jump(self, hours: int) -> None:
        """The clock is set."""
        self.ahead_s += hours * 3600

    @rule()
    def set_the_clock_right(self) -> None:
        newest = datetime.fromisoformat(self._newest(_WRITTEN)).timestamp()
        self.ahead_s = max(self.ahead_s, newest - time.time())

    @invariant()
    def ledger_and_gateway_agree(self) -> None:
        invariants.compare(self.desk.ledger.path, self.accepted, by_word=self._excused())

    def _excused(self) -> set[str]:
        """Return what a person decided, and what was sent again when the window was over."""
        people: dict[tuple[str, str], list[str]] = {}
        for one in self.accepted:
            people.setdefault((one.number, one.text), []).append(one.reference)
        repeated = {found for same in people.values() if len(set(same)) > 1 for found in same}
        assert all(self.accepted_times[one] == 1 for one in repeated - self.by_word)
        return self.by_word | repeated

    @property
    def accepted_times(self) -> Counter[str]:
        return Counter(one.reference for one in self.accepted)

    def _answer(self, mailing: Mailing, batch: Batch, kinds: list[Kind]) -> Answer:
        with self.lock:
            if self.dead:
                return self._lost(batch)
            receipts = []
            verdict = Verdict.ANSWERED
            # A verdict that is about the request is about all of it.
            first = kinds[len(self.said) % len(kinds)]
            for place, one in enumerate(batch.messages):
                known = self.model[one.reference]
                assert known.state is Status.PENDING or self.said.get(one.reference) is Status.PENDING, (
                    f"{one.reference} is {known.state} and was submitted"
                )
                kind = first if first.says is Status.PENDING else kinds[(len(self.said) + place) % len(kinds)]
                kind = first if kind.says is Status.PENDING else kind
                verdict = kind.verdict if kind.verdict is not Verdict.ANSWERED else verdict
                if kind.takes:
                    self.accepted.append(Accepted(one.reference, one.number, batch.letter.text.body))
                receipts.append(Receipt(one.reference, kind.says))
            self.said |= {receipt.reference: receipt.status for receipt in receipts}
            answer = Answer(verdict=verdict, receipts=tuple(receipts), retry_after_s=0)
            self.unheard.append((mailing, batch, answer))
            return answer

    def _lost(self, batch: Batch) -> Answer:
        return Answer(
            verdict=Verdict.UNCLEAR,
            receipts=[Receipt(one.reference, Status.UNKNOWN) for one in batch.messages],
        )

    def _follow(self, mailing: Mailing, *, crashed: bool, finished: bool) -> None:
        """Let the model go where the run may have gone, and no further."""
        for reference, state in self._stored().items():
            known = self.model[reference]
            if known.mailing.id != mailing.id:
                assert state is known.state, f"{reference} was moved by a run of another mailing"
                continue
            said = self.said.get(reference)
            expected = {known.state if said is None else said}
            if crashed and known.state is Status.PENDING:
                expected |= (
                    {Status.PENDING, Status.SENDING} if self._pending_is_possible(said) else {Status.SENDING}
                )
            if known.state is Status.PENDING and said in {None, Status.PENDING} and self._repeats(known):
                expected = {Status.CANCELLED} if finished else expected | {Status.CANCELLED}
            if finished and said is None and known.state is Status.PENDING and not self._repeats(known):
                expected = set()
            if state is not known.state or reference in self.said:
                self._set(reference, state, self._now_s() if state in _TAKEN_FOR_SENT else None)
            assert state in expected, f"{reference}: {state}, expected {sorted(expected)}"
        if not crashed:
            self.unheard = [one for one in self.unheard if one[0].id != mailing.id]

    def _pending_is_possible(self, said: Status | None) -> bool:
        return said in {None, Status.PENDING}

    def _repeats(self, known: Known) -> bool:
        """Whether the number has had the text from another mailing, or may have."""
        return any(
            (other.number, other.text) == (known.number, known.text)
            and other.mailing.id != known.mailing.id
            and other.state in _TAKEN_FOR_SENT
            and other.claimed_s >= self._now_s() - _WINDOW_S
            for other in self.model.values()
        )

    def _recover(self) -> None:
        self.desk.recover()
        for reference, known in self.model.items():
            if known.state is Status.SENDING:
                self._set(reference, self.early.pop(reference, Status.UNKNOWN))
        self._check_states()

    def _open_again(self) -> None:
        self.desk.ledger.close()
        self.desk.ledger = store.open_ledger(self.desk.ledger.path)

    def _set(self, reference: str, state: Status, claimed_s: float | None = None) -> None:
        known = self.model[reference]
        self.model[reference] = known._replace(
            state=state, claimed_s=known.claimed_s if claimed_s is None else claimed_s
        )

    def _check_states(self) -> None:
        stored = self._stored()
        wrong = {
            reference: (stored[reference], known.state)
            for reference, known in self.model.items()
            if stored[reference] is not known.state
        }
        assert not wrong, wrong

    def _stored(self) -> dict[str, Status]:
        rows = self.desk.ledger.rows(
            "SELECT i.reference || '-' || (m.id - i.first_message + 1), m.state"
            " FROM messages m JOIN mailings i ON i.id = m.mailing"
        )
        return {reference: Status(state) for reference, state in rows}

    def _wait_for_silence(self, gateway: ScriptedGateway) -> None:
        """Threads of a run that has crashed may still be at the gateway; it tells them nothing."""
        before = -1
        while before != len(gateway.submitted):
            before = len(gateway.submitted)
            time.sleep(0.002 if self.dead else 0)

    def _clock_refuses(self) -> tuple[bool, bool]:
        """Return whether the clock must stop everything, and whether it may: more than 5 minutes behind."""
        limit = moment(self._now_s() + 300).at
        return self._newest(_WRITTEN_WHEN_FIT) > limit, self._newest(_WRITTEN) > limit

    def _newest(self, times: str) -> str:
        row = self.desk.ledger.one(f"SELECT COALESCE(MAX(at), '2000-01-01T00:00:00Z') FROM ({times})")
        assert row
        return str(row[0])

    def _now_s(self) -> float:
        return time.time() + self.ahead_s

    def _clock(self) -> Moment:
        return moment(self._now_s())


def run_machine(*, examples: int, steps: int, shrink: bool = True) -> None:
    """Try so many sequences of so many steps; one that fails is made as short as it can be."""
    run_state_machine_as_test(
        NeverTwice,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
            report_multiple_bugs=False,
        ),
    )


def test_no_sequence_of_events_breaks_a_promise(scale: Scale) -> None:
    run_machine(examples=scale.of(short=60, long=20_000), steps=scale.of(short=25, long=50))


def test_the_machine_finds_a_missing_guard() -> None:
    with weakened(Weakness.RECOVERED_AS_PENDING), pytest.raises(AssertionError):
        run_machine(examples=1000, steps=25, shrink=False)


def hear_too_late() -> None:
    """An answer comes when its process was taken for dead, and a person has settled the messages."""
    machine = NeverTwice()
    machine.begin(messages=3, text="one")
    machine.send(which=0, kinds=[KINDS[0]], size=3, connections=1, crash_at=2)
    machine.start_again()
    machine.settle_by_word(which=0, word=Word.SENT)
    machine.hear_a_late_answer(which=0)
    machine.ledger_and_gateway_agree()
    machine.teardown()


def test_an_answer_that_comes_too_late_changes_nothing() -> None:
    hear_too_late()


def test_without_the_guard_a_late_answer_is_counted_twice() -> None:
    with weakened(Weakness.LATE_ANSWERS_OVERRULE), pytest.raises(AssertionError, match="mailing_counts"):
        hear_too_late()
