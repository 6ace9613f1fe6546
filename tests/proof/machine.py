"""Any sequence of imports, sends, crashes, faults, late answers, reports, words, old copies and clock jumps.

The model knows what the gateway took and what it answered, and so which state each message may be in.
"""

import shutil
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from smsctl.actions.accept_restore import accept_restore
from smsctl.actions.cancel import cancel
from smsctl.actions.resolve import ResolveAnswer, resolve
from smsctl.actions.run_progress import SendPace
from smsctl.domain.gateway import CancelResult, Listed
from smsctl.domain.mailing import Mailing
from smsctl.domain.message import FINAL, Answer, Batch, Receipt, Status, SubmitVerdict
from smsctl.domain.moment import Moment, Uptime
from smsctl.domain.report import CodeMeaning, Report
from smsctl.errors import LedgerError, RuleError
from smsctl.ledger import batches, fitness, mailings, reports, stops
from smsctl.ledger.backup import back_up
from smsctl.ledger.batches import Claim
from smsctl.ledger.reports import IntakeSource, ReportIntake
from smsctl.ledger.sqlite.engine import SqliteEngine
from smsctl.ledger.store import Ledger, open_ledger
from tests.actions.desk import ACTOR, Desk, ScriptedGateway, accepted, moment
from tests.ledger.conftest import opened_again
from tests.ledger.runs import let_all_arrive
from tests.proof import invariants
from tests.proof.invariants import Accepted

_WINDOW_S = 20 * 3600  # within which the same text is not sent to the same number again
_TAKEN_FOR_SENT = frozenset(Status) - {Status.PENDING, Status.REJECTED, Status.CANCELLED}
_MEMORY = Path("/dev/shm")
_TEXTS = ("one", "two", "a text of two parts".ljust(200, "."))
_WRITTEN_WHEN_FIT = "SELECT created_at AS at FROM mailings UNION SELECT claimed_at FROM batches"
_CLAIMED_LAST = "SELECT claimed_at AS at FROM batches WHERE id = (SELECT MAX(id) FROM batches)"
_WRITTEN = f"{_WRITTEN_WHEN_FIT} UNION SELECT settled_at FROM batches UNION SELECT at FROM audit"


class Kind(NamedTuple):
    """What the gateway does with one message: whether it takes it, and what it says."""

    takes: bool
    says: Status
    verdict: SubmitVerdict = SubmitVerdict.ANSWERED


KINDS = (
    Kind(takes=True, says=Status.ACCEPTED),
    Kind(takes=True, says=Status.ACCEPTED),
    Kind(takes=True, says=Status.ACCEPTED),
    Kind(takes=False, says=Status.REJECTED),
    Kind(takes=True, says=Status.HELD),
    Kind(takes=True, says=Status.UNKNOWN, verdict=SubmitVerdict.UNCLEAR),
    Kind(takes=False, says=Status.UNKNOWN, verdict=SubmitVerdict.UNCLEAR),
    Kind(takes=False, says=Status.PENDING, verdict=SubmitVerdict.REFUSED),
    Kind(takes=False, says=Status.PENDING, verdict=SubmitVerdict.NOT_REACHED),
    Kind(takes=False, says=Status.PENDING, verdict=SubmitVerdict.STALE),
)


_CRASHES = (None,) * 10 + (0, 1, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9)  # nothing is claimed before 3


class Copy(NamedTuple):
    """A copy of the ledger, and what the model knew when it was made."""

    path: Path
    marked: bool  # it knows that it is a copy
    batch: int  # the newest
    lineage: int
    mailings: Sequence[Mailing]
    keys: Mapping[str, Mailing]
    model: Mapping[str, "Known"]
    early: Mapping[str, Status]
    kept: Mapping[str, Status]
    believed: str
    cancelled: frozenset[int]


STOPPABLE = {Status.ACCEPTED, Status.UNKNOWN, Status.HELD}


class StoppingGateway(ScriptedGateway):
    """Still holds what it was asked to stop, as far as it is told."""

    def __init__(self, held: Mapping[str, Sequence[str]]) -> None:
        super().__init__(accepted)
        self._held = held

    def cancel(self, batch_reference: str) -> CancelResult:
        return CancelResult(found=True, stopped=tuple(self._held.get(batch_reference, ())))

    def listed(self, batch_reference: str) -> Listed | None:
        return None


class CrashError(BaseException):
    """The process ends here; nothing of it is told."""


class Known(NamedTuple):
    """What the model knows of one message."""

    mailing: Mailing
    number: str
    text: str
    state: Status = Status.PENDING
    claimed_s: float = 0.0  # or when it is to arrive, where that is later
    claimed_up: Uptime | None = None  # by the clock that nobody sets
    send_at_s: float = 0.0


class NeverTwice(RuleBasedStateMachine):
    """A ledger and a gateway in this process, and a dict that knows what must be in both."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=_MEMORY if _MEMORY.is_dir() else None))
        self.desk = Desk(self.folder, package_size=7, opener=self.opened)
        self.desk.now = self._clock
        self.ahead_s = 0.0
        self.up = Uptime(boot="first", s=0.0)
        self.mailings: list[Mailing] = []
        self.keys: dict[str, Mailing] = {}
        self.model: dict[str, Known] = {}
        self.accepted: list[Accepted] = []
        self.by_word: set[str] = set()
        self.early: dict[str, Status] = {}  # reports that wait for the answer to their message's batch
        self.kept: dict[str, Status] = {}  # reports on what an old copy takes for pending
        self.unheard: list[tuple[Mailing, Batch, Answer]] = []  # answers to processes that are gone
        self.said: dict[str, Status] = {}  # of the run that goes on
        self.heard = 0  # of the answers, what is older than this run
        self.dead = False
        self.lock = threading.Lock()
        self.batch_of: dict[str, str] = {}  # at the gateway
        self.believed = ""  # a time in the ledger that is wrong, by a person's word, as may be all before it
        self.copy: Copy | None = None
        self.batch = 0  # the newest that was handed out
        self.lineage = 0
        self.marked = False  # the ledger knows that it is a copy
        self.cancelled: set[int] = set()  # mailings of which nothing is sent any more
        self.old = False  # the ledger has forgotten what was sent, and nobody has accepted it

    def opened(self, path: Path) -> Ledger:
        """Return the ledger that all this happens to."""
        return open_ledger(path)

    def teardown(self) -> None:
        self.desk.ledger.close()
        shutil.rmtree(self.folder)

    @initialize(messages=st.integers(1, 9))
    def begin_with(self, messages: int) -> None:
        self._begin(messages, _TEXTS[0], None)

    @rule(
        messages=st.integers(1, 9), text=st.sampled_from(_TEXTS), later_h=st.sampled_from([0.0, 0.0, 30.5])
    )  # never at an edge
    def begin(self, messages: int, text: str, later_h: float = 0) -> None:
        self._begin(messages, text, None, later_h)

    @rule(messages=st.integers(1, 9), key=st.sampled_from(["daily", "weekly"]))
    def begin_under_a_key(self, messages: int, key: str) -> None:
        """Cron starts a slot, perhaps once more: then what has been begun is gone on with, as `send` does."""
        begun = mailings.of_key(self.desk.ledger, key)
        known = self.keys.get(key)
        assert (begun and begun.id) == (known and known.id)
        if known is None:
            if mailing := self._begin(messages, f"text of {key}", key):
                self.keys[key] = mailing
            return
        with pytest.raises(LedgerError):  # another process, which has not seen it
            self.desk.mailing(messages, text=f"text of {key}", run_key=key)
        self._check_states()

    def _begin(self, messages: int, text: str, key: str | None, later_h: float = 0) -> Mailing | None:
        refuses, may_refuse = self._refuses()
        send_at_s = self._now_s() + later_h * 3600 if later_h else 0.0
        send_at = datetime.fromtimestamp(send_at_s, UTC) if later_h else None
        try:
            mailing = self.desk.mailing(messages, text=text, run_key=key, send_at=send_at)
        except LedgerError:
            assert may_refuse
            return None
        assert not refuses, "begun by a clock that goes backwards, or in an old copy"
        self.mailings.append(mailing)
        for place in range(messages):
            reference = mailing.message_reference(mailing.first_message + place)
            self.model[reference] = Known(
                mailing=mailing, number=f"+4672{place:07d}", text=text, send_at_s=send_at_s
            )
        return mailing

    @precondition(lambda self: self.mailings)
    @rule(
        which=st.integers(0, 100),
        kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=6),
        size=st.integers(1, 4),
        connections=st.sampled_from([1, 1, 3]),
        crash_at=st.sampled_from(_CRASHES),
        recovers=st.booleans(),
    )
    def send(
        self,
        which: int,
        kinds: list[Kind],
        size: int,
        connections: int,
        crash_at: int | None,
        *,
        recovers: bool = False,
    ) -> None:
        """A run of a mailing, which may crash; then the next command may come at once."""
        mailing = self.mailings[which % len(self.mailings)]
        gateway = ScriptedGateway(lambda batch: self._answer(mailing, batch, kinds))
        self.said, self.dead, self.heard = {}, False, len(self.unheard)
        steps = iter(range(10**6))

        def step() -> None:
            if crash_at is not None and next(steps) >= crash_at:
                self.dead = True
                raise CrashError

        def now() -> Moment:
            step()
            return self._clock()

        refuses, may_refuse = self._refuses()
        self.desk.now = now
        pace = SendPace(batch_size=size, connections=connections, first_pause_s=0, longest_pause_s=0)
        crashed = stopped = refused = False
        try:
            stopped = bool(self.desk.send(mailing, gateway, pace=pace, told=lambda states: step()).stop)
        except CrashError:
            crashed = True
        except LedgerError:
            refused = True
        self.desk.now = self._clock
        self._wait_for_silence(gateway)
        assert not (gateway.submitted and refuses), "sent by a clock that goes backwards, or from an old copy"
        assert may_refuse or not refused
        self.batch = max(self.batch, self._newest_batch())
        self._follow(mailing, crashed=crashed, finished=not (crashed or stopped or refused))
        if crashed:
            self._start_anew(recovers=recovers)

    @precondition(lambda self: self.mailings)
    @rule(which=st.integers(0, 100), size=st.integers(1, 4))
    def send_where_all_is_well(self, which: int, size: int) -> None:
        self.send(which, [KINDS[0]], size, connections=1, crash_at=None)

    @rule(boots=st.booleans())
    def start_again(self, *, boots: bool = False) -> None:
        """The process, or the machine."""
        if boots:
            self.up = Uptime(boot=f"{self.up.boot} and another", s=0.0)
        self._start_anew(recovers=True)

    @rule(which=st.integers(0, 100))
    def hear_a_late_answer(self, which: int) -> None:
        """An answer to a process that was taken for dead moves what is unknown still.

        Where it tells that a message was taken, it is also believed before a person who says otherwise.
        """
        if not self.unheard:  # asked here: threads decide it, and a precondition must be the same each time
            return
        self._recover()
        mailing, batch, answer = self.unheard.pop(which % len(self.unheard))
        # How long it may be under way, the process knew when it died; none here submits a batch again.
        row = self.desk.ledger.one(
            "SELECT id, claimed_day, under_way_until FROM batches WHERE reference = ?", batch.reference
        )
        if row is None:
            return
        places = [int(one.reference.rpartition("-")[2]) for one in batch.messages]
        messages = [mailing.first_message + place - 1 for place in places]
        claim = Claim(row[0], batch, messages, day=row[1], until=row[2])
        movable: dict[int, str] = dict(
            self.desk.ledger.rows(
                "SELECT id, state FROM messages WHERE (batch = ? AND state = 'unknown')"
                " OR (earlier_batch = ? AND state IN ('pending', 'cancelled', 'rejected'))",
                row[0],
                row[0],
            )
        )
        with self.desk.ledger.transaction():
            batches.settle(self.desk.ledger, mailing, claim, answer, self._clock())
        for message, receipt in zip(claim.messages, answer.receipts, strict=True):
            state = movable.get(message)
            proves = receipt.status in {Status.ACCEPTED, Status.HELD}
            may_be_stopped = state == "cancelled" and mailing.letter.send_at is not None
            if state == "unknown" or (state and proves and not may_be_stopped):
                self._set(receipt.reference, self._as_it_becomes(mailing, receipt.status))
        self._check_states()

    @precondition(lambda self: self.mailings)
    @rule(which=st.integers(0, 100), word=st.sampled_from(ResolveAnswer))
    def settle_by_word(self, which: int, word: ResolveAnswer) -> None:
        """A person decides; where the word is not the truth, what follows is not smsctl's doing."""
        let_all_arrive(self.desk.ledger)
        mailing = self.mailings[which % len(self.mailings)]
        self._take_over(mailing)
        doubted = self._asked_to_stop(mailing) if word is ResolveAnswer.NOT_SENT else set()
        if word is ResolveAnswer.RESEND and mailing.id in self.cancelled:
            with pytest.raises(RuleError):
                resolve(self.desk.ledger, mailing, word, self._clock(), ACTOR, "tried")
            return
        resolve(self.desk.ledger, mailing, word, self._clock(), ACTOR, "tried")
        for reference in doubted:
            self.by_word.add(reference)
            self._set(reference, Status.CANCELLED)
        becomes = Status.ACCEPTED
        if word is not ResolveAnswer.SENT:
            becomes = self._as_it_becomes(mailing, Status.PENDING)
        stored = self._stored()
        for reference, known in self.model.items():
            if known.mailing.id == mailing.id and known.state is Status.UNKNOWN:
                if word is ResolveAnswer.SENT:  # what is no longer unknown, the word passes over
                    state = stored[reference]
                    assert state not in {Status.PENDING, Status.CANCELLED}, {reference: (state, known.state)}
                self.by_word.add(reference)
                self._set(reference, becomes)
        self._check_states()

    def _as_it_becomes(self, mailing: Mailing, state: Status) -> Status:
        """Return the state that a message gets, of which it is told that it is to be sent once more."""
        stays_so = state is Status.PENDING and mailing.id in self.cancelled
        return Status.CANCELLED if stays_so else state

    def _asked_to_stop(self, mailing: Mailing) -> set[str]:
        """Return what is accepted in batches that may have been stopped whole: the word settles it too."""
        accepted: dict[str, list[str]] = {}
        for reference, batch in self._batches_of(mailing).items():
            if self.model[reference].state is Status.ACCEPTED:
                accepted.setdefault(batch, []).append(reference)
        doubted = set[str]()
        for number, left in stops.left_in(self.desk.ledger, mailing).items():
            row = self.desk.ledger.one("SELECT reference FROM batches WHERE id = ?", number)
            together = accepted.get(row[0], []) if row else []
            if len(together) <= left:
                doubted.update(together)
        return doubted

    @rule(which=st.integers(0, 1000), told=st.sampled_from([Status.DELIVERED, Status.FAILED, Status.EXPIRED]))
    def hear_a_report(self, which: int, told: Status) -> None:
        """Only what the gateway took is reported."""
        if not self.accepted:
            return
        one = self.accepted[which % len(self.accepted)]
        report = Report(
            gateway="intelecom", told=CodeMeaning(told), code="0", reference=one.reference, number=one.number
        )
        before = self.model[one.reference].state if one.reference in self.model else None
        overruled = before in {Status.CANCELLED, Status.REJECTED} and self._was_given_back(one.reference)
        with self.desk.ledger.transaction():
            reports.take(
                self.desk.ledger,
                report,
                ReportIntake(IntakeSource.PUSHED, self._clock(), timedelta(hours=72)),
            )
        if before is Status.SENDING:
            self.early.setdefault(one.reference, told)
        elif before is Status.PENDING and self.old:  # kept, where the ledger knows of no batch it was in
            assert self._stored()[one.reference] in {before, told}
            self._set(one.reference, self._stored()[one.reference])
            if self.model[one.reference].state is Status.PENDING:
                self.kept.setdefault(one.reference, told)
        elif overruled or (before and before not in FINAL):
            self._set(one.reference, told)
        self._check_states()

    def _was_given_back(self, reference: str) -> bool:
        """Say whether a person's word took the message out of a batch, and no report has put it back."""
        row = self.desk.ledger.one(
            "SELECT m.earlier_batch FROM messages m JOIN mailings i ON i.id = m.mailing"
            " WHERE i.reference || '-' || (m.id - i.first_message + 1) = ?",
            reference,
        )
        return bool(row and row[0])

    @precondition(lambda self: self.mailings)
    @rule(which=st.integers(0, 100), stops=st.booleans())
    def cancel(self, which: int, *, stops: bool) -> None:
        """What is pending does not leave; what the gateway has not yet delivered it may still stop."""
        let_all_arrive(self.desk.ledger)
        mailing = self.mailings[which % len(self.mailings)]
        if not self.old:
            self._take_over(mailing)
        held: dict[str, list[str]] = {}
        for one in self.accepted if stops else ():
            if one.reference in self.model and self.model[one.reference].state not in FINAL:
                held.setdefault(self.batch_of[one.reference], []).append(one.reference)
        own = self._batches_of(mailing)
        stopped = {
            one
            for one, known in self.model.items()
            if known.state in STOPPABLE and one in held.get(own.get(one, ""), ())
        }
        if self.old:
            with pytest.raises(LedgerError):  # what is pending there may have been sent
                cancel(
                    self.desk.ledger, mailing, lambda: StoppingGateway(held), self._clock(), ACTOR, "tried"
                )
            return
        cancel(self.desk.ledger, mailing, lambda: StoppingGateway(held), self._clock(), ACTOR, "tried")
        self.cancelled.add(mailing.id)
        for reference, known in self.model.items():
            waits = known.mailing.id == mailing.id and known.state is Status.PENDING
            if waits or reference in stopped:
                self._set(reference, Status.CANCELLED)
        self.accepted = [one for one in self.accepted if one.reference not in stopped]
        self.by_word |= stopped  # an answer or an old copy may still tell that they were taken
        self._check_states()

    def _batches_of(self, mailing: Mailing) -> dict[str, str]:
        """Return the batch that each message of a mailing is in, as the ledger has it, by reference."""
        rows = self.desk.ledger.rows(
            "SELECT m.id, b.reference FROM messages m JOIN batches b ON b.id = m.batch WHERE m.mailing = ?",
            mailing.id,
        )
        return {mailing.message_reference(message): batch for message, batch in rows}

    @rule(marked=st.booleans())
    def copy_the_ledger(self, *, marked: bool) -> None:
        """By `ledger backup`, which marks its copies, or by any other program."""
        path = self.folder / "copy.db"
        path.unlink(missing_ok=True)
        if marked:
            back_up(self.desk.ledger, path)
        else:
            shutil.copyfile(self.desk.ledger.path, path)
        self.copy = Copy(
            path,
            marked or self.marked,
            batch=self._newest_batch(),
            lineage=self.lineage,
            mailings=tuple(self.mailings),
            keys=dict(self.keys),
            model=dict(self.model),
            early=dict(self.early),
            kept=dict(self.kept),
            believed=self.believed,
            cancelled=frozenset(self.cancelled),
        )

    @precondition(lambda self: self.copy)
    @rule(accept=st.booleans())
    def put_the_copy_back(self, *, accept: bool) -> None:
        assert self.copy
        copy = self.copy
        self.desk.ledger.close()
        shutil.copyfile(copy.path, self.desk.ledger.path)
        self.desk.ledger = open_ledger(self.desk.ledger.path)
        self.mailings, self.keys = list(copy.mailings), dict(copy.keys)
        self.model, self.early, self.believed = dict(copy.model), dict(copy.early), copy.believed
        self.kept, self.cancelled = dict(copy.kept), set(copy.cancelled)
        self.unheard = []  # the machine was down
        self.marked = copy.marked
        self.old = copy.marked or self.batch > copy.batch
        self.old |= copy.lineage != self.lineage and (copy.batch, self.batch) != (0, 0)
        self._recover()
        if accept:
            self.accept_the_copy()

    @rule()
    def accept_the_copy(self) -> None:
        """What the copy holds as pending may have been sent since."""
        done = accept_restore(self.desk.ledger, self._clock(), ACTOR, "tried")
        assert bool(done) is self.old
        if done:
            claimed_s = max(self._now_s(), datetime.fromisoformat(self._newest(_CLAIMED_LAST)).timestamp())
            for reference, known in self.model.items():
                if known.state is Status.PENDING:
                    self._set(reference, self.kept.pop(reference, Status.UNKNOWN), claimed_s)
            self.old = self.marked = False
            self.lineage, self.batch = self.lineage + 1, self._newest_batch()
        self._check_states()

    @rule()
    def accept_the_clock(self) -> None:
        """A person says that the clock is right, and the newest times in the ledger are not."""
        fitness.accept_clock(self.desk.ledger, self._clock(), ACTOR, "tried")
        if not self.old:
            fitness.must_be_fit(self.desk.ledger, self._clock())
        self.believed = max(self.believed, self._newest(_WRITTEN))

    @rule(hours=st.sampled_from([1, 12, 25]))
    def pass_by(self, hours: int) -> None:
        self.ahead_s += hours * 3600
        self.up = self.up._replace(s=self.up.s + hours * 3600)

    @rule(hours=st.sampled_from([-30, -1, 0, 0, 1, 12, 25]))
    def jump(self, hours: int) -> None:
        """The clock is set: to another time, or right."""
        newest = datetime.fromisoformat(self._newest(_WRITTEN)).timestamp()
        self.ahead_s = self.ahead_s + hours * 3600 if hours else max(self.ahead_s, newest - time.time())

    @invariant()
    def ledger_and_gateway_agree(self) -> None:
        """What was sent from mailings that an old copy has forgotten is not asked of it.

        When a text may go to a number again is the model's business (_repeats).
        """
        known = [one for one in self.accepted if one.reference in self.model]
        # An old copy that nobody has accepted cannot know what has left of its pending messages.
        waits = {found for found, one in self.model.items() if self.old and one.state is Status.PENDING}
        excused = self.by_word | waits
        ledger = self.desk.ledger
        there = ledger.path if isinstance(ledger.engine, SqliteEngine) else ledger
        invariants.compare(there, known, by_word=excused, window_over=True)

    def _answer(self, mailing: Mailing, batch: Batch, kinds: list[Kind]) -> Answer:
        with self.lock:
            if self.dead:
                return self._lost(batch)
            receipts = []
            verdict = SubmitVerdict.ANSWERED
            # A verdict that is about the request is about all of it.
            first = kinds[len(self.said) % len(kinds)]
            for place, one in enumerate(batch.messages):
                known = self.model[one.reference]
                assert known.state is Status.PENDING or self.said.get(one.reference) is Status.PENDING, (
                    f"{one.reference} is {known.state} and was submitted"
                )
                kind = first if first.says is Status.PENDING else kinds[(len(self.said) + place) % len(kinds)]
                kind = first if kind.says is Status.PENDING else kind
                verdict = kind.verdict if kind.verdict is not SubmitVerdict.ANSWERED else verdict
                if kind.takes:
                    body, parts = batch.letter.text.body, mailing.size.parts
                    self.accepted.append(
                        Accepted(reference=one.reference, number=one.number, text=body, parts=parts)
                    )
                    self.batch_of[one.reference] = batch.reference
                receipts.append(Receipt(one.reference, kind.says))
            self.said |= {receipt.reference: receipt.status for receipt in receipts}
            answer = Answer(verdict=verdict, receipts=tuple(receipts), retry_after_s=0)
            self.unheard.append((mailing, batch, answer))
            return answer

    def _lost(self, batch: Batch) -> Answer:
        return Answer(
            verdict=SubmitVerdict.UNCLEAR,
            receipts=[Receipt(one.reference, Status.UNKNOWN) for one in batch.messages],
        )

    def _follow(self, mailing: Mailing, *, crashed: bool, finished: bool) -> None:
        """Let the model go where the run may have gone, and no further."""
        if finished or self._has_recovered():
            self._take_over(mailing)
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
        del self.unheard[len(self.unheard) if crashed else self.heard :]

    def _has_recovered(self) -> bool:
        stored = self._stored()
        left = [one for one, known in self.model.items() if known.state is Status.SENDING]
        return any(stored[one] is not Status.SENDING for one in left)

    def _pending_is_possible(self, said: Status | None) -> bool:
        return said in {None, Status.PENDING}

    def _repeats(self, known: Known) -> bool:
        """Whether the number has had the text from another mailing, or may have."""
        return any(
            (other.number, other.text) == (known.number, known.text)
            and other.mailing.id != known.mailing.id
            and other.state in _TAKEN_FOR_SENT
            and self._counts(other)
            for other in self.model.values()
        )

    def _counts(self, known: Known) -> bool:
        """Whether it was claimed within the window by either clock: one may have been set meanwhile."""
        if int(known.claimed_s) >= int(self._now_s()) - _WINDOW_S:  # in the whole seconds of `moment`
            return True
        up = known.claimed_up
        return up is not None and up.boot == self.up.boot and up.s >= self.up.s - _WINDOW_S

    def _recover(self) -> None:
        self.desk.recover()
        for mailing in self.mailings:
            self._take_over(mailing)
        self._check_states()

    def _take_over(self, mailing: Mailing) -> None:
        """Whoever has the right to send a mailing makes unknown what the one before has left on the wire."""
        for reference, known in self.model.items():
            if known.mailing.id == mailing.id and known.state is Status.SENDING:
                self._left_behind(reference)

    def _left_behind(self, reference: str) -> Known:
        self._set(reference, self.early.pop(reference, Status.UNKNOWN))
        return self.model[reference]

    def _open_again(self) -> None:
        before = self.desk.ledger
        self.desk.ledger.close()
        self.desk.ledger = opened_again(before)

    def _start_anew(self, *, recovers: bool) -> None:
        self._open_again()
        if recovers:
            self._recover()

    def _set(self, reference: str, state: Status, claimed_s: float | None = None) -> None:
        known = self.model[reference]
        if claimed_s is not None:
            claimed_s = max(claimed_s, known.send_at_s)
            known = known._replace(claimed_s=claimed_s, claimed_up=self.up)
        self.model[reference] = known._replace(state=state)

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

    def _refuses(self) -> tuple[bool, bool]:
        """Return whether all must be refused, and whether it may: an old copy, or over 5 minutes behind."""
        limit = moment(self._now_s() + 300).at
        must = self._newest(_WRITTEN_WHEN_FIT) > max(limit, self.believed)
        return self.old or must, self.old or self._newest(_WRITTEN) > limit

    def _newest_batch(self) -> int:
        row = self.desk.ledger.one("SELECT COALESCE(MAX(id), 0) FROM batches")
        assert row
        return int(row[0])

    def _newest(self, times: str) -> str:
        row = self.desk.ledger.one(f"SELECT COALESCE(MAX(at), '2000-01-01T00:00:00Z') FROM ({times}) AS t")
        assert row
        return str(row[0])

    def _now_s(self) -> float:
        return time.time() + self.ahead_s

    def _clock(self) -> Moment:
        return moment(self._now_s())._replace(up=self.up)
