from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from smsctl.actions.cancel import cancel
from smsctl.actions.resolve import ResolveAnswer, resolve
from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Answer, Receipt, Status, SubmitVerdict
from smsctl.domain.moment import Moment
from smsctl.domain.report import Cause, CodeMeaning, Report
from smsctl.ledger import audit, batches, checking, failures, mailings, repeats, reports, undelivered
from smsctl.ledger.batches import Claim
from smsctl.ledger.reports import IntakeSource, ReportFate, ReportIntake
from smsctl.ledger.store import Ledger

from . import recount
from .conftest import ACTOR, NOW, on
from .sending import PLAIN, activate, begin, claim, new

LATER = on("2026-11-22", "09:00:00.000")
WAIT = timedelta(hours=72)
LINK = PLAIN._replace(gateway="pswincom")
DELIVERED = CodeMeaning(Status.DELIVERED)
BAD_NUMBER = CodeMeaning(Status.FAILED, Cause.BAD_NUMBER)
EXPIRED = CodeMeaning(Status.EXPIRED, Cause.EXPIRED)
UNTOLD = CodeMeaning(Status.ACCEPTED, Cause.UNTOLD)


@pytest.fixture(autouse=True)
def _active(ledger: Ledger) -> None:
    activate(ledger)


def settle(
    ledger: Ledger,
    mailing: Mailing,
    claimed: Claim | None,
    *states: Status,
    moment: Moment = NOW,
    ids: str = "id",
) -> None:
    """Answer a claim; what the gateway took has a name of its own there."""
    assert claimed
    named = {Status.ACCEPTED, Status.HELD}
    receipts = [
        Receipt(one.reference, state, f"{ids}-{place}" if state in named else None)
        for place, (one, state) in enumerate(zip(claimed.batch.messages, states, strict=True), 1)
    ]
    with ledger.transaction():
        batches.settle(ledger, mailing, claimed, Answer(SubmitVerdict.ANSWERED, receipts), moment)


def sent(ledger: Ledger, *states: Status, link: bool = False) -> Mailing:
    mailing = begin(ledger, len(states), LINK if link else PLAIN)
    settle(ledger, mailing, claim(ledger, mailing), *states)
    return mailing


def report(
    mailing: Mailing, place: int = 1, told: CodeMeaning = DELIVERED, code: str = "0", **more: str
) -> Report:
    reference = f"{mailing.reference}-{place}"
    return Report(gateway="intelecom", told=told, code=code, reference=reference, **more)


def by_ref(ref: str, number: str = "+46700000000", told: CodeMeaning = DELIVERED, **more: str) -> Report:
    return Report(gateway="pswincom", told=told, code=told.status, gateway_id=ref, number=number, **more)


def take(ledger: Ledger, *told: Report, moment: Moment = LATER) -> list[ReportFate]:
    with ledger.transaction():
        fates = [reports.take(ledger, one, ReportIntake(IntakeSource.PUSHED, moment, WAIT)) for one in told]
    recount.must_agree(ledger)
    return fates


def states(ledger: Ledger, mailing: Mailing) -> list[str]:
    found: Sequence[tuple[str]] = ledger.rows(
        "SELECT state FROM messages WHERE mailing = ? ORDER BY id", mailing.id
    )
    return [state for (state,) in found]


@pytest.mark.parametrize("told", [DELIVERED, BAD_NUMBER, EXPIRED])
@pytest.mark.parametrize("before", [Status.ACCEPTED, Status.UNKNOWN, Status.HELD])
def test_a_report_settles_an_open_message_and_its_cost_stays(
    ledger: Ledger, before: Status, told: CodeMeaning
) -> None:
    mailing = sent(ledger, before, Status.ACCEPTED)
    drawn = ledger.rows("SELECT SUM(parts) FROM entries")
    assert take(ledger, report(mailing, told=told)) == [ReportFate.APPLIED]
    assert states(ledger, mailing) == [told.status, "accepted"]
    assert ledger.rows("SELECT SUM(parts) FROM entries") == drawn


@pytest.mark.parametrize("second", [DELIVERED, BAD_NUMBER, EXPIRED, UNTOLD])
@pytest.mark.parametrize("first", [DELIVERED, BAD_NUMBER, EXPIRED])
def test_a_second_report_never_changes_a_final_state(
    ledger: Ledger, first: CodeMeaning, second: CodeMeaning
) -> None:
    mailing = sent(ledger, Status.ACCEPTED)
    fates = take(ledger, report(mailing, told=first, code="1"), report(mailing, told=second, code="2"))
    assert states(ledger, mailing) == [first.status]
    says_otherwise = second not in (first, UNTOLD)
    assert fates == [ReportFate.APPLIED, ReportFate.CONTRADICTS if says_otherwise else ReportFate.REPEATED]
    assert len(reports.kept(ledger)) == says_otherwise


@pytest.mark.parametrize("state", [Status.REJECTED, Status.PENDING])
def test_a_report_of_what_the_gateway_refused_is_weighed(ledger: Ledger, state: Status) -> None:
    """Rejected is final; pending after a claim is proved wrong by the report, and must not go out again."""
    mailing = sent(ledger, state)
    take(ledger, report(mailing))
    assert states(ledger, mailing) == ["rejected" if state is Status.REJECTED else "delivered"]


def test_what_a_report_proves_sent_counts_so_from_the_batch_it_was_in(ledger: Ledger) -> None:
    """Pending again after an answer or a person's word: the same text must not go there once more."""
    mailing = sent(ledger, Status.PENDING, Status.ACCEPTED)
    take(ledger, report(mailing))
    assert checking.check(ledger) == ()
    assert len(repeats.already_sent(ledger, mailings.body_hash("Hej"), LATER)) == 2


def given_back(
    ledger: Ledger, *, link: bool = False, word: ResolveAnswer = ResolveAnswer.NOT_SENT
) -> Mailing:
    """Return a mailing of one message, which a person has resolved when its answer was lost."""
    mailing = sent(ledger, Status.UNKNOWN, link=link)
    assert resolve(ledger, mailing, word, NOW, ACTOR, "asked support") == 1
    recount.must_agree(ledger)
    return mailing


def one_of(mailing: Mailing, told: CodeMeaning = DELIVERED, ref: str = "r1", *, link: bool) -> Report:
    """Return a report on the only message of a mailing."""
    if link:
        return by_ref(ref, told=told)
    return report(mailing, told=told, gateway_id=ref)


def parts(ledger: Ledger) -> int:
    row = ledger.one("SELECT SUM(parts) FROM entries")
    assert row
    return int(row[0])


GATEWAYS = pytest.mark.parametrize("link", [False, True])


@GATEWAYS
@pytest.mark.parametrize("told", [DELIVERED, BAD_NUMBER, EXPIRED])
def test_a_final_report_overrules_the_word_not_sent_and_nothing_is_sent_again(
    ledger: Ledger, told: CodeMeaning, *, link: bool
) -> None:
    mailing = given_back(ledger, link=link)
    assert (states(ledger, mailing), parts(ledger)) == (["pending"], 0)
    assert take(ledger, one_of(mailing, told, link=link)) == [ReportFate.APPLIED]
    assert (states(ledger, mailing), parts(ledger)) == ([told.status], 1)
    assert claim(ledger, mailing) is None
    assert checking.check(ledger) == ()
    assert take(ledger, one_of(mailing, told, link=link)) == [ReportFate.REPEATED]
    assert parts(ledger) == 1


@GATEWAYS
def test_so_it_does_of_what_was_cancelled_since(ledger: Ledger, *, link: bool) -> None:
    mailing = given_back(ledger, link=link)
    cancel(ledger, mailing, None, NOW, ACTOR, None)
    assert (states(ledger, mailing), parts(ledger)) == (["cancelled"], 0)
    assert take(ledger, one_of(mailing, link=link)) == [ReportFate.APPLIED]
    assert (states(ledger, mailing), parts(ledger)) == (["delivered"], 1)
    assert checking.check(ledger) == ()


@GATEWAYS
def test_so_it_does_of_what_the_gateway_has_refused_since(ledger: Ledger, *, link: bool) -> None:
    mailing = given_back(ledger, link=link)
    settle(ledger, mailing, claim(ledger, mailing), Status.REJECTED)
    assert take(ledger, one_of(mailing, link=link)) == [ReportFate.APPLIED]
    assert (states(ledger, mailing), parts(ledger)) == (["delivered"], 1)
    assert checking.check(ledger) == ()


@GATEWAYS
@pytest.mark.parametrize("word", [ResolveAnswer.NOT_SENT, ResolveAnswer.RESEND])
def test_where_it_is_out_once_more_both_count_and_the_state_stays(
    ledger: Ledger, word: ResolveAnswer, *, link: bool
) -> None:
    mailing = given_back(ledger, link=link, word=word)
    settle(ledger, mailing, claim(ledger, mailing), Status.ACCEPTED)
    assert parts(ledger) == 1
    assert take(ledger, one_of(mailing, link=link)) == [ReportFate.TWICE]
    assert (states(ledger, mailing), parts(ledger)) == (["accepted"], 2)
    assert (reports.taken_twice(ledger, mailing), checking.check(ledger)) == (1, ())
    assert reports.taken_twice(ledger, begin(ledger, 1)) == 0
    assert take(ledger, one_of(mailing, link=link)) == [ReportFate.REPEATED]
    assert take(ledger, one_of(mailing, ref="id-1", link=link)) == [ReportFate.APPLIED]
    assert (states(ledger, mailing), parts(ledger)) == (["delivered"], 2)
    (row,) = [row for row in audit.read(ledger) if row.action == "taken-twice"]
    assert row.subject == f"mailing {mailing.id}"


@GATEWAYS
def test_a_report_that_comes_while_it_is_on_the_wire_once_more_waits_for_the_answer(
    ledger: Ledger, *, link: bool
) -> None:
    mailing = given_back(ledger, link=link)
    claimed = claim(ledger, mailing)
    assert take(ledger, one_of(mailing, link=link)) == [ReportFate.UNMATCHED if link else ReportFate.WAITING]
    settle(ledger, mailing, claimed, Status.ACCEPTED)
    assert (states(ledger, mailing), parts(ledger)) == (["accepted"], 2)
    assert (reports.taken_twice(ledger, mailing), reports.kept(ledger)) == (1, ())


@GATEWAYS
def test_two_reports_on_what_is_unknown_both_times_count_both(ledger: Ledger, *, link: bool) -> None:
    mailing = given_back(ledger, link=link)
    settle(ledger, mailing, claim(ledger, mailing), Status.UNKNOWN)
    fates = take(ledger, one_of(mailing, link=link), one_of(mailing, ref="r2", link=link))
    assert fates == [ReportFate.APPLIED, ReportFate.TWICE]
    assert (states(ledger, mailing), parts(ledger)) == (["delivered"], 2)


def test_two_messages_to_a_number_leave_a_report_in_doubt(ledger: Ledger) -> None:
    first, second = given_back(ledger, link=True), given_back(ledger, link=True)
    with ledger.transaction():
        ledger.write("UPDATE messages SET number = '+46700000000'")
    assert take(ledger, by_ref("r1")) == [ReportFate.UNMATCHED]
    assert states(ledger, first) + states(ledger, second) == ["pending", "pending"]


def test_without_a_persons_word_another_name_is_doubted(ledger: Ledger) -> None:
    mailing = sent(ledger, Status.ACCEPTED)
    assert take(ledger, report(mailing, gateway_id="r1")) == [ReportFate.UNMATCHED]


def test_a_report_of_what_was_never_sent_is_kept_and_moves_nothing(ledger: Ledger) -> None:
    mailing = begin(ledger, 1)
    assert take(ledger, report(mailing)) == [ReportFate.CONTRADICTS]
    assert states(ledger, mailing) == ["pending"]


def test_a_report_without_an_outcome_is_noted_and_a_later_one_still_counts(ledger: Ledger) -> None:
    mailing = sent(ledger, Status.ACCEPTED)
    assert take(ledger, report(mailing, told=UNTOLD, code="370", text="Unspecified")) == [ReportFate.APPLIED]
    assert states(ledger, mailing) == ["accepted"]
    assert ledger.one("SELECT code, answer FROM messages") == ("370", "Unspecified")
    assert take(ledger, report(mailing)) == [ReportFate.APPLIED]
    assert states(ledger, mailing) == ["delivered"]


@pytest.mark.parametrize(
    "change",
    [
        {"reference": "0000000000-1"},
        {"reference": ""},
        {"reference": "-1"},
        {"gateway_id": "another"},
        {"number": "+46701740699"},
        {"gateway": "pswincom"},
        {"place": "0"},
        {"place": "2"},
        {"place": "١"},
        {"place": "99999999999999999999"},
        {"place": "1 OR 1=1"},
    ],
    ids=str,
)
def test_a_forged_report_stays_in_quarantine(ledger: Ledger, change: dict[str, Any]) -> None:
    mailing = sent(ledger, Status.ACCEPTED)
    forged = report(mailing, gateway_id="id-1")
    if "place" in change:
        change = {"reference": f"{mailing.reference}-{change['place']}"}
    assert take(ledger, forged._replace(**change)) == [ReportFate.UNMATCHED]
    assert states(ledger, mailing) == ["accepted"]
    assert [one.fate for one in reports.kept(ledger)] == [ReportFate.UNMATCHED]


def test_what_cannot_be_matched_is_kept_once(ledger: Ledger) -> None:
    stranger = Report(gateway="intelecom", told=DELIVERED, code="0", reference="superoffice-17")
    take(ledger, stranger, stranger, stranger)
    assert [one.report for one in reports.kept(ledger)] == [stranger]
    assert reports.kept_counts(ledger) == {ReportFate.UNMATCHED: 1}


def test_a_report_that_comes_before_the_answer_waits_for_it(ledger: Ledger) -> None:
    mailing = begin(ledger, 2)
    claimed = claim(ledger, mailing)
    assert take(ledger, report(mailing, 1), report(mailing, 2, BAD_NUMBER)) == [ReportFate.WAITING] * 2
    assert states(ledger, mailing) == ["sending"] * 2
    settle(ledger, mailing, claimed, Status.ACCEPTED, Status.ACCEPTED)
    assert states(ledger, mailing) == ["delivered", "failed"]
    assert not reports.kept(ledger)
    recount.must_agree(ledger)


@pytest.mark.parametrize("state", [Status.ACCEPTED, Status.UNKNOWN, Status.PENDING])
def test_an_early_report_counts_whatever_the_answer_was(ledger: Ledger, state: Status) -> None:
    mailing = begin(ledger, 1)
    claimed = claim(ledger, mailing)
    take(ledger, report(mailing))
    settle(ledger, mailing, claimed, state)
    assert states(ledger, mailing) == ["delivered"]
    recount.must_agree(ledger)


def test_a_late_answer_does_not_take_back_what_a_report_has_settled(ledger: Ledger) -> None:
    mailing = begin(ledger, 2)
    claimed = claim(ledger, mailing)
    settle(ledger, mailing, claimed, Status.UNKNOWN, Status.UNKNOWN)  # as recovery does
    take(ledger, report(mailing, 1))
    settle(ledger, mailing, claimed, Status.REJECTED, Status.REJECTED)
    assert states(ledger, mailing) == ["delivered", "rejected"]
    recount.must_agree(ledger)


def test_pswincoms_reference_finds_the_message(ledger: Ledger) -> None:
    mailing = sent(ledger, Status.ACCEPTED, Status.ACCEPTED, link=True)
    assert take(ledger, by_ref("id-2", "+46700000001", BAD_NUMBER)) == [ReportFate.APPLIED]
    assert states(ledger, mailing) == ["accepted", "failed"]


def test_pswincoms_reference_with_another_number_is_doubted(ledger: Ledger) -> None:
    mailing = sent(ledger, Status.ACCEPTED, link=True)
    assert take(ledger, by_ref("id-1", "+46700000099")) == [ReportFate.UNMATCHED]
    assert states(ledger, mailing) == ["accepted"]


def test_pswincoms_early_report_is_found_by_the_reference_of_the_answer(ledger: Ledger) -> None:
    mailing = begin(ledger, 1, LINK)
    claimed = claim(ledger, mailing)
    assert take(ledger, by_ref("id-1")) == [ReportFate.UNMATCHED]
    settle(ledger, mailing, claimed, Status.ACCEPTED)
    assert states(ledger, mailing) == ["delivered"]
    assert not reports.kept(ledger)


def test_a_report_settles_the_one_unknown_that_fits_by_number_and_time(ledger: Ledger) -> None:
    mailing = sent(ledger, Status.UNKNOWN, Status.UNKNOWN, link=True)
    assert take(ledger, by_ref("lost", told=UNTOLD), by_ref("lost")) == [ReportFate.APPLIED] * 2
    assert states(ledger, mailing) == ["delivered", "unknown"]


def test_reports_of_other_numbers_and_of_the_other_gateway_are_no_rivals(ledger: Ledger) -> None:
    mailing = sent(ledger, Status.UNKNOWN, link=True)
    strangers = [by_ref("other", number="+46700000099"), report(mailing, 99, number="+46700000000")]
    assert take(ledger, *strangers) == [ReportFate.UNMATCHED] * 2
    assert take(ledger, by_ref("lost")) == [ReportFate.APPLIED]


def to_the_same_number(ledger: Ledger) -> Mailing:
    mailing = sent(ledger, Status.UNKNOWN, Status.UNKNOWN, link=True)
    with ledger.transaction():
        ledger.write("UPDATE messages SET number = '+46700000000'")
    return mailing


def test_two_unknowns_that_fit_are_left_to_a_person(ledger: Ledger) -> None:
    mailing = to_the_same_number(ledger)
    assert take(ledger, by_ref("lost")) == [ReportFate.UNMATCHED]
    assert states(ledger, mailing) == ["unknown", "unknown"]


def test_a_report_may_be_of_what_a_person_called_sent(ledger: Ledger) -> None:
    mailing = given_back(ledger, link=True, word=ResolveAnswer.SENT)
    assert take(ledger, by_ref("lost")) == [ReportFate.APPLIED]
    assert states(ledger, mailing) == ["delivered"]


def test_what_a_person_called_sent_makes_doubt_of_an_unknown_one_to_the_same_number(ledger: Ledger) -> None:
    """Its report is no proof that the other one arrived."""
    called_sent = given_back(ledger, link=True, word=ResolveAnswer.SENT)
    unknown = sent(ledger, Status.UNKNOWN, link=True)
    with ledger.transaction():
        ledger.write("UPDATE messages SET number = '+46700000000'")
    assert take(ledger, by_ref("lost")) == [ReportFate.UNMATCHED]
    assert (states(ledger, called_sent), states(ledger, unknown)) == (["accepted"], ["unknown"])


def test_what_has_a_name_at_the_gateway_is_no_rival(ledger: Ledger) -> None:
    named = sent(ledger, Status.ACCEPTED, link=True)
    unknown = sent(ledger, Status.UNKNOWN, link=True)
    with ledger.transaction():
        ledger.write("UPDATE messages SET number = '+46700000000'")
    assert take(ledger, by_ref("lost")) == [ReportFate.APPLIED]
    assert (states(ledger, named), states(ledger, unknown)) == (["accepted"], ["delivered"])


def test_two_reports_that_fit_are_left_to_a_person(ledger: Ledger) -> None:
    mailing = begin(ledger, 1, LINK)
    claimed = claim(ledger, mailing)
    take(ledger, by_ref("one"), by_ref("two", told=BAD_NUMBER))
    settle(ledger, mailing, claimed, Status.UNKNOWN)
    assert states(ledger, mailing) == ["unknown"]
    assert reports.kept_counts(ledger) == {ReportFate.UNMATCHED: 2}


def test_a_message_on_the_wire_to_the_same_number_makes_doubt(ledger: Ledger) -> None:
    unknown = sent(ledger, Status.UNKNOWN, link=True)
    other = begin(ledger, 1, LINK)
    with ledger.transaction():
        ledger.write("UPDATE messages SET number = '+46700000000'")
    claim(ledger, other)
    assert take(ledger, by_ref("lost")) == [ReportFate.UNMATCHED]
    assert states(ledger, unknown) == ["unknown"]


@pytest.mark.parametrize(
    ("moment", "told_at"),
    [
        (on("2026-11-22", "07:59:59.000"), ""),  # before it was sent
        (on("2026-11-26"), ""),  # four days after
        (LATER, "2026.11.20 10:00:00"),  # delivered before it was sent
    ],
)
def test_an_unknown_of_another_time_does_not_fit(ledger: Ledger, moment: Moment, told_at: str) -> None:
    mailing = sent(ledger, Status.UNKNOWN, link=True)
    assert take(ledger, by_ref("lost", told_at=told_at), moment=moment) == [ReportFate.UNMATCHED]
    assert states(ledger, mailing) == ["unknown"]


@pytest.mark.parametrize(("day", "fate"), [("30", ReportFate.APPLIED), ("29", ReportFate.UNMATCHED)])
def test_the_report_of_what_was_held_for_days_is_waited_for_from_its_time_on(
    ledger: Ledger, day: str, fate: ReportFate
) -> None:
    at = datetime.fromisoformat(f"2026-11-{day}T08:00:00+01:00")
    mailing = begin(ledger, 1, LINK._replace(letter=LINK.letter._replace(send_at=at)))
    settle(ledger, mailing, claim(ledger, mailing), Status.UNKNOWN)
    assert take(ledger, by_ref("lost"), moment=on("2026-12-03", "06:00:00.000")) == [fate]


def returned(ledger: Ledger, mailing: Mailing, now: Moment) -> undelivered.Returns | None:
    counted = {
        Status(state): n
        for state, n in ledger.rows(
            "SELECT state, COUNT(*) FROM messages WHERE mailing = ? GROUP BY 1", mailing.id
        )
    }
    return undelivered.of_mailing(ledger, mailing, counted, now.at, WAIT)


def test_no_report_is_told_when_it_is_due_and_the_state_stays(ledger: Ledger) -> None:
    mailing = sent(ledger, Status.ACCEPTED, Status.ACCEPTED)
    assert returned(ledger, mailing, on("2026-12-24")) is None  # no report has ever come
    take(ledger, report(mailing, 1))
    assert returned(ledger, mailing, on("2026-11-25", "07:59:00.000")) == (1, 0, 0, 1, 0)
    assert returned(ledger, mailing, on("2026-11-25", "08:01:00.000")) == (1, 0, 0, 0, 1)
    assert states(ledger, mailing) == ["delivered", "accepted"]
    take(ledger, report(mailing, 2), moment=on("2026-12-01"))
    assert returned(ledger, mailing, on("2026-12-24")) == (2, 0, 0, 0, 0)


def test_of_what_the_gateway_holds_no_report_is_missed_before_its_time(ledger: Ledger) -> None:
    mailing = sent(ledger, Status.ACCEPTED, Status.ACCEPTED)
    take(ledger, report(mailing, 1))
    later = datetime(2026, 12, 24, tzinfo=UTC)
    held = mailing._replace(letter=mailing.letter._replace(send_at=later))
    assert returned(ledger, held, on("2026-12-24")) == (1, 0, 0, 1, 0)
    assert returned(ledger, held, on("2026-12-28")) == (1, 0, 0, 0, 1)


def test_the_validity_is_waited_for_too(ledger: Ledger) -> None:
    mailing = sent(ledger, Status.ACCEPTED, Status.ACCEPTED)
    take(ledger, report(mailing, 1))
    longer = mailing._replace(letter=mailing.letter._replace(validity=timedelta(days=2)))
    assert returned(ledger, longer, on("2026-11-26")) == (1, 0, 0, 1, 0)
    assert returned(ledger, longer, on("2026-11-28")) == (1, 0, 0, 0, 1)


def test_without_delivery_confirmation_nothing_is_waited_for(ledger: Ledger) -> None:
    mailing = sent(ledger, Status.ACCEPTED, Status.ACCEPTED)
    take(ledger, report(mailing, 1))
    silent = mailing._replace(letter=mailing.letter._replace(want_report=False))
    assert returned(ledger, silent, on("2026-12-24")) is None


def test_those_that_did_not_arrive_are_listed_with_the_reason(ledger: Ledger) -> None:
    mailing = sent(ledger, *[Status.ACCEPTED] * 3)
    take(
        ledger,
        report(mailing, 1),
        report(mailing, 2, BAD_NUMBER, "351", text="Unknown"),
        report(mailing, 3, EXPIRED),
    )
    found = failures.failed(ledger, mailing)
    assert [(one.state, one.cause) for one in found] == [
        (Status.FAILED, Cause.BAD_NUMBER),
        (Status.EXPIRED, Cause.EXPIRED),
    ]
    assert (found[0].row, found[0].code, found[0].answer) == (3, "351", "Unknown")


def test_a_report_never_causes_a_send(ledger: Ledger) -> None:
    mailing = sent(ledger, *[Status.ACCEPTED] * 3)
    take(
        ledger, *(report(mailing, place, told) for place, told in enumerate([BAD_NUMBER, EXPIRED, UNTOLD], 1))
    )
    assert claim(ledger, mailing) is None


def test_what_is_kept_of_one_mailing_stays_as_it_is_when_another_to_its_people_is_answered(
    ledger: Ledger,
) -> None:
    sent(ledger, Status.ACCEPTED, Status.ACCEPTED, link=True)
    for place in (1, 2):
        number = f"+4670000000{place - 1}"
        delivered, failed = (by_ref(f"id-{place}", number, told) for told in (DELIVERED, BAD_NUMBER))
        assert take(ledger, delivered, failed) == [ReportFate.APPLIED, ReportFate.CONTRADICTS]
    before = ledger.rows("SELECT * FROM reports ORDER BY id")
    other = begin(ledger, 1, new(body="Another text")._replace(gateway="pswincom"))
    with ledger.transaction():
        ledger.write("UPDATE messages SET number = '+46700000000' WHERE mailing = ?", other.id)
    settle(ledger, other, claim(ledger, other), Status.ACCEPTED, ids="other")
    assert ledger.rows("SELECT * FROM reports ORDER BY id") == before
