from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from smsctl.actions.cancel import Cancelled, cancel, finish_broken_off
from smsctl.actions.resolve import ResolveAnswer, resolve
from smsctl.domain.gateway import CancelResult, IsLate, Listed
from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Answer, Batch, Receipt, Status, SubmitVerdict
from smsctl.domain.report import CodeMeaning, Report
from smsctl.domain.unsettled import Unsettled
from smsctl.errors import (
    ExitCode,
    GatewayRefusedError,
    RuleError,
    Sentence,
    SmsctlError,
    StoppedError,
    say,
)
from smsctl.ledger import audit, cancelling, checking, corrections, lock, reports, stops
from smsctl.ledger.reports import IntakeSource, ReportIntake
from smsctl.ledger.store import Ledger

from ..ledger.conftest import ACTOR
from ..ledger.runs import Taker, let_all_arrive, let_commits_be_small, new_mailing, now, send_all, states
from ..ledger.sending import claim, settle


class Holder(Taker):
    """A gateway that puts every message into one state, and says what it stops by one of two names."""

    def __init__(self, status: Status, *, by_reference: bool = False) -> None:
        super().__init__()
        self._status = status
        self._by_reference = by_reference

    def submit(self, batch: Batch, *, is_late: IsLate) -> Answer:
        super().submit(batch, is_late=is_late)
        receipts = [Receipt(m.reference, self._status, f"gw-{m.reference}") for m in batch.messages]
        unclear = self._status is Status.UNKNOWN
        return Answer(verdict=SubmitVerdict.UNCLEAR if unclear else SubmitVerdict.ANSWERED, receipts=receipts)

    def cancel(self, batch_reference: str) -> CancelResult:
        if self._by_reference:
            return CancelResult(found=True, stopped=tuple(self.taken))
        return CancelResult(found=True, stopped_ids=tuple(f"gw-{taken}" for taken in self.taken))

    def listed(self, batch_reference: str) -> Listed | None:
        return None


Answered = TypeVar("Answered")


class Asked(Holder):
    """A gateway whose answers to the requests to stop, and whose list, a test tells."""

    def __init__(
        self, *answers: CancelResult | SmsctlError, listed: Listed | SmsctlError | None = None
    ) -> None:
        super().__init__(Status.ACCEPTED)
        self.asked: list[str] = []
        self._answers = iter(answers)
        self._listed = listed

    def cancel(self, batch_reference: str) -> CancelResult:
        self.asked.append(batch_reference)
        return _said(next(self._answers))

    def listed(self, batch_reference: str) -> Listed | None:
        return _said(self._listed)


def _said(answer: Answered | SmsctlError) -> Answered:
    if isinstance(answer, SmsctlError):
        raise answer
    return answer


UNANSWERED = CancelResult(found=False, answered=False)
NOTHING_THERE = CancelResult(found=False)
NOT_REACHED = StoppedError(say("The gateway cannot be reached."))


@pytest.fixture
def ledger(tmp_path: Path, opener: Callable[[Path], Ledger]) -> Iterator[Ledger]:
    with closing(opener(tmp_path / "ledger.db")) as opened:
        yield opened


@pytest.mark.parametrize("by_reference", [True, False])
@pytest.mark.parametrize("status", [Status.ACCEPTED, Status.HELD, Status.UNKNOWN])
def test_what_the_gateway_still_holds_is_stopped_by_either_name(
    status: Status, ledger: Ledger, *, by_reference: bool
) -> None:
    gateway = Holder(status, by_reference=by_reference)
    mailing = new_mailing(ledger, 2)
    send_all(ledger, mailing, gateway)
    assert states(ledger) == {status: 2}
    let_all_arrive(ledger)
    assert cancel(ledger, mailing, lambda: gateway, now(), ACTOR, "wrong date") == Cancelled(
        pending=0, stopped=2, left=Unsettled(mailing=mailing.id)
    )
    assert states(ledger) == {"cancelled": 2}
    assert ledger.one("SELECT SUM(parts) FROM entries") == (0,)


@pytest.mark.parametrize(
    ("status", "expected", "code"),
    [
        (
            Status.ACCEPTED,
            Cancelled(pending=0, stopped=0, left=Unsettled(mailing=1), on_their_way=2),
            ExitCode.OK,
        ),
        (Status.HELD, Cancelled(pending=0, stopped=0, left=Unsettled(1, held=2)), ExitCode.UNSETTLED),
        (
            Status.UNKNOWN,
            Cancelled(pending=0, stopped=0, left=Unsettled(1, unknown=2)),
            ExitCode.UNSETTLED,
        ),
    ],
)
def test_what_was_not_stopped_is_told_by_what_is_known_of_it(
    ledger: Ledger, status: Status, expected: Cancelled, code: ExitCode
) -> None:
    mailing = new_mailing(ledger, 2)
    send_all(ledger, mailing, Holder(status))
    done = cancel(ledger, mailing, None, now(), ACTOR, None)
    assert (done, done.exit_code) == (expected, code)


def test_what_another_left_on_the_wire_after_we_were_asked_is_unknown(ledger: Ledger) -> None:
    mailing = new_mailing(ledger, 4)
    with lock.right_to_send(ledger, mailing.reference):
        claim(ledger, mailing, 2, now())
    done = cancel(ledger, mailing, None, now(), ACTOR, None)
    assert states(ledger) == {"unknown": 2, "cancelled": 2}
    assert done.exit_code is ExitCode.UNSETTLED


@pytest.mark.parametrize("messages", [9, 10])
def test_after_two_requests_in_a_row_without_an_answer_the_rest_is_not_asked(
    messages: int, ledger: Ledger
) -> None:
    gateway = Asked(UNANSWERED, NOTHING_THERE, UNANSWERED, UNANSWERED)
    mailing = new_mailing(ledger, messages)
    send_all(ledger, mailing, gateway)
    done = cancel(ledger, mailing, lambda: gateway, now(), ACTOR, None)
    assert (len(gateway.asked), done.stopped) == (4, 0)
    assert (done.not_asked, done.on_their_way) == (messages - 8, 8)
    assert (done.trouble, done.left) == (None, Unsettled(mailing=mailing.id))


@pytest.mark.parametrize(
    ("answer", "in_doubt"),
    [
        (UNANSWERED, 2),  # it may have stopped both
        (NOTHING_THERE, 0),  # all had left
        (CancelResult(found=True, stopped=(), entries=1), 1),
    ],
)
def test_where_no_list_tells_what_is_held_the_answer_says_what_is_in_doubt(
    answer: CancelResult, in_doubt: int, ledger: Ledger
) -> None:
    gateway = Asked(answer, listed=NOT_REACHED)
    mailing = new_mailing(ledger, 2)
    send_all(ledger, mailing, gateway)
    done = cancel(ledger, mailing, lambda: gateway, now(), ACTOR, None)
    assert (done.stopped, done.left.in_doubt, done.on_their_way) == (0, in_doubt, 2 - in_doubt)
    assert stops.left_in(ledger, mailing) == ({1: in_doubt} if in_doubt else {})


@pytest.mark.parametrize(
    ("hours", "in_doubt"),
    [
        (1, 2),  # held until then: somebody may have stopped them
        (-1, 0),
        (None, 0),
    ],
)
def test_what_no_list_has_is_in_doubt_only_before_its_time(
    hours: int | None, in_doubt: int, ledger: Ledger
) -> None:
    gateway = Asked(UNANSWERED)
    mailing = new_mailing(ledger, 2)
    send_all(ledger, mailing, gateway)
    send_at = None if hours is None else datetime.now(UTC) + timedelta(hours=hours)
    later = mailing._replace(letter=mailing.letter._replace(send_at=send_at))
    done = cancel(ledger, later, lambda: gateway, now(), ACTOR, None)
    assert (done.left.in_doubt, done.on_their_way) == (in_doubt, 2 - in_doubt)


def test_of_what_it_stopped_without_a_name_only_the_number_is_in_doubt(ledger: Ledger) -> None:
    gateway = Asked(listed=Listed(left=3))
    mailing = new_mailing(ledger, 3)
    send_all(ledger, mailing, gateway, batch_size=3)
    name = f"gw-{min(gateway.taken)}"
    asked = Asked(CancelResult(found=True, stopped_ids=(name,), entries=2), listed=Listed(left=3))
    done = cancel(ledger, mailing, lambda: asked, now(), ACTOR, None)
    assert (done.stopped, done.left.in_doubt, done.on_their_way) == (1, 1, 1)


@pytest.mark.parametrize("error", [NOT_REACHED, GatewayRefusedError(say("The gateway refused us."))])
def test_a_request_to_stop_that_never_left_leaves_no_doubt(error: SmsctlError, ledger: Ledger) -> None:
    gateway = Asked(error, listed=Listed(left=2))
    mailing = new_mailing(ledger, 4)
    send_all(ledger, mailing, gateway)
    done = cancel(ledger, mailing, lambda: gateway, now(), ACTOR, None)
    assert (done.trouble, done.stopped, done.not_asked, done.left.in_doubt) == (error, 0, 4, 0)
    assert done.exit_code is error.exit_code


def test_those_that_were_not_asked_for_are_none_of_those_on_their_way(ledger: Ledger) -> None:
    gateway = Asked(NOTHING_THERE, NOT_REACHED)
    mailing = new_mailing(ledger, 5)
    send_all(ledger, mailing, gateway)
    done = cancel(ledger, mailing, lambda: gateway, now(), ACTOR, None)
    assert (done.on_their_way, done.not_asked, done.left.in_doubt) == (2, 3, 0)


class HalfwayError(Exception):
    """The process ends here."""


def test_a_large_mailing_is_cancelled_in_several_commits_and_a_repeat_cancels_the_rest(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailing = new_mailing(ledger, 5)
    let_commits_be_small(monkeypatch, rows=2)
    with monkeypatch.context() as broken:

        def end(_: Ledger) -> None:
            raise HalfwayError

        broken.setattr(Ledger, "give_way", end)
        with pytest.raises(HalfwayError):
            cancel(ledger, mailing, None, now(), ACTOR, None)
    assert states(ledger) == {Status.CANCELLED: 2, Status.PENDING: 3}
    gateway = Taker()
    refused = send_all(ledger, mailing, gateway)
    assert refused.exit_code is ExitCode.REFUSED
    assert not gateway.taken
    assert cancel(ledger, mailing, None, now(), ACTOR, None).pending == 3
    assert states(ledger) == {Status.CANCELLED: 5}
    told = [one.detail for one in audit.read(ledger) if one.action == "cancel"]
    assert told == ["pending messages: 3; at the gateway: 0", "pending messages: 5; at the gateway: 0"]
    assert not checking.check(ledger)


def _cancelled_in_part(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Mailing:
    mailing = new_mailing(ledger, 5)
    let_commits_be_small(monkeypatch, rows=2)
    with ledger.transaction():
        assert cancelling.begin(ledger, mailing, now()) == (5, 2)
    return mailing


def test_without_the_look_in_the_claim_what_is_cancelled_in_part_is_claimed_and_the_check_finds_it(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailing = _cancelled_in_part(ledger, monkeypatch)
    with pytest.raises(RuleError, match="was cancelled, and the rest of it is pending still"):
        claim(ledger, mailing)
    monkeypatch.setattr("smsctl.ledger.cancelling.must_not_be_cancelled", lambda *_, **__: None)
    assert claim(ledger, mailing)
    assert [one.rule for one in checking.check(ledger)] == ["cancelled"]


def test_in_an_old_copy_no_cancel_that_was_broken_off_is_finished(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    _cancelled_in_part(ledger, monkeypatch)
    told: list[Sentence] = []
    with monkeypatch.context() as old:
        old.setattr("smsctl.ledger.restoring.found_restored", lambda _: "it was")
        finish_broken_off(ledger, now(), told.append)
    assert (states(ledger), told) == ({Status.CANCELLED: 2, Status.PENDING: 3}, [])
    finish_broken_off(ledger, now(), told.append)
    assert (states(ledger), len(told)) == ({Status.CANCELLED: 5}, 1)


def _unknown_and_cancelled(ledger: Ledger) -> Mailing:
    """Of three messages two are unknown and one is pending; then the mailing is cancelled."""
    mailing = new_mailing(ledger, 3)
    settle(ledger, mailing, claim(ledger, mailing, most=2), [Status.UNKNOWN] * 2)
    let_all_arrive(ledger)
    assert cancel(ledger, mailing, None, now(), ACTOR, None).pending == 1
    return mailing


def test_what_a_person_calls_not_sent_of_a_cancelled_mailing_is_cancelled_and_never_claimed(
    ledger: Ledger,
) -> None:
    mailing = _unknown_and_cancelled(ledger)
    assert resolve(ledger, mailing, ResolveAnswer.NOT_SENT, now(), ACTOR, "asked") == 2
    assert states(ledger) == {Status.CANCELLED: 3}
    gateway = Taker()
    send_all(ledger, mailing, gateway)
    assert not gateway.taken
    assert not checking.check(ledger)


def test_without_the_mark_what_is_called_not_sent_is_sent_from_a_cancelled_mailing(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailing = _unknown_and_cancelled(ledger)
    with ledger.transaction():
        ledger.write("UPDATE mailings SET cancelled_at = NULL")
    resolve(ledger, mailing, ResolveAnswer.NOT_SENT, now(), ACTOR, "asked")
    gateway = Taker()
    send_all(ledger, mailing, gateway)
    assert len(gateway.taken) == 2


class Unclear(Asked):
    """A gateway of which nobody hears: neither what it took, nor what it stopped of it."""

    def __init__(self, listed: Listed) -> None:
        super().__init__(UNANSWERED, UNANSWERED, listed=listed)
        self._status = Status.UNKNOWN


def _settled_as_sent(ledger: Ledger) -> tuple[int, str]:
    """Say that what is unknown, and was asked to be stopped, was sent; return how many, and the audit."""
    mailing, gateway = new_mailing(ledger, 4), Unclear(Listed(left=2))
    send_all(ledger, mailing, gateway)
    let_all_arrive(ledger)
    assert cancel(ledger, mailing, lambda: gateway, now(), ACTOR, None).left.unknown == 4
    assert sum(stops.left_in(ledger, mailing).values()) == 4
    settled = resolve(ledger, mailing, ResolveAnswer.SENT, now(), ACTOR, "asked")
    assert (states(ledger), stops.left_in(ledger, mailing)) == ({"accepted": 4}, {})
    assert checking.check(ledger) == ()
    return settled, audit.of(ledger, "mailing 1")[-1].detail


def test_what_is_unknown_and_was_asked_to_be_stopped_is_settled_once(ledger: Ledger) -> None:
    assert _settled_as_sent(ledger) == (4, "4 messages: sent")


def test_if_it_were_accepted_by_the_same_word_before_it_would_be_told_twice(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    by_batch = vars(stops)["_accepted_by_batch"]

    def as_if_accepted(of: Ledger, mailing: Mailing) -> dict[int, list[int]]:
        found: dict[int, list[int]] = by_batch(of, mailing)
        for message, batch in corrections.all_in(of, mailing, Status.UNKNOWN):
            found.setdefault(batch, []).append(message)
        return found

    monkeypatch.setattr(stops, "_accepted_by_batch", as_if_accepted)
    assert _settled_as_sent(ledger) == (8, "8 messages: sent")


def test_nothing_of_a_cancelled_mailing_is_ordered_to_be_sent_again(ledger: Ledger) -> None:
    mailing = _unknown_and_cancelled(ledger)
    with pytest.raises(RuleError, match="was cancelled: nothing of it is sent again"):
        resolve(ledger, mailing, ResolveAnswer.RESEND, now(), ACTOR, "asked")
    assert states(ledger) == {Status.UNKNOWN: 2, Status.CANCELLED: 1}
    assert resolve(ledger, mailing, ResolveAnswer.SENT, now(), ACTOR, "asked") == 2
    assert states(ledger) == {Status.ACCEPTED: 2, Status.CANCELLED: 1}


def test_a_report_may_still_tell_that_what_was_called_not_sent_has_arrived(ledger: Ledger) -> None:
    mailing = _unknown_and_cancelled(ledger)
    resolve(ledger, mailing, ResolveAnswer.NOT_SENT, now(), ACTOR, "asked")
    reference = mailing.message_reference(mailing.first_message)
    report = Report(gateway="intelecom", told=CodeMeaning(Status.DELIVERED), code="0", reference=reference)
    with ledger.transaction():
        reports.take(ledger, report, ReportIntake(IntakeSource.PUSHED, now(), timedelta(hours=72)))
    assert states(ledger) == {Status.DELIVERED: 1, Status.CANCELLED: 2}
    assert not checking.check(ledger)


def test_an_answer_that_comes_after_the_cancelling_makes_nothing_pending_again(ledger: Ledger) -> None:
    mailing = new_mailing(ledger, 2)
    claimed = claim(ledger, mailing)
    let_all_arrive(ledger)
    cancel(ledger, mailing, None, now(), ACTOR, None)
    assert states(ledger) == {Status.UNKNOWN: 2}
    settle(ledger, mailing, claimed, [Status.PENDING, Status.ACCEPTED])
    assert states(ledger) == {Status.CANCELLED: 1, Status.ACCEPTED: 1}
    assert not checking.check(ledger)
