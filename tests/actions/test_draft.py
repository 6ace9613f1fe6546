"""What a plan is made of: what the gateway takes, the rows of the file, and what the ledger knows."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from smsctl.actions.draft import draft
from smsctl.domain.audience import Audience, kept_with_a_key
from smsctl.domain.mailing import Ceilings
from smsctl.domain.message import Letter, Status
from smsctl.domain.recipients import SkipReason
from smsctl.domain.rules import Rule
from smsctl.domain.text import MessageText
from smsctl.errors import InputError, Sentence, say
from smsctl.ledger import blocklist

from ..conftest import ROWS
from .desk import ACTOR, ScriptedGateway, accepted, moment
from .second_way_in import NOON, SecondWayIn

WayIn = Callable[..., SecondWayIn]
LONGEST = 6 * 153  # what the gateway of these tests takes: six parts
BAD_ROW = "Ida Fel;070-17;elever;Exempelkommun;ja"


class Particular(ScriptedGateway):
    """A gateway with rules of its own for a letter."""

    def check(self, letter: Letter) -> list[Sentence]:
        return [say("The first."), say("The second."), say("The third.")]


def test_nothing_is_written_by_drafting(way_in: WayIn) -> None:
    page = way_in()
    folder = page.settings.ledger_path.parent
    before = contents(folder)
    draft(page.wish(), ScriptedGateway(accepted), page.under())
    assert contents(folder) == before


def contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_longest_text_is_taken_and_one_character_more_is_refused_by_its_number(way_in: WayIn) -> None:
    page, gateway = way_in(), ScriptedGateway(accepted)
    ceilings = Ceilings(max_parts=18, max_new_packages=0)
    plan = draft(page.wish("Hej " * 229 + "du", ceilings), gateway, page.under()).plan
    assert (len(plan.order.letter.text.body), plan.size.parts, plan.bill.parts) == (LONGEST, 6, 18)
    with pytest.raises(InputError, match="at most 6 parts") as refused:
        draft(page.wish("Hej " * 229 + "dig"), gateway, page.under())
    assert str(refused.value.hint) == "Remove 1 character."


def test_all_that_the_gateway_has_against_a_letter_is_told(way_in: WayIn) -> None:
    page = way_in()
    with pytest.raises(InputError, match=r"The first\.") as refused:
        draft(page.wish(), Particular(accepted), page.under())
    assert [str(one) for one in refused.value.problems] == ["The second.", "The third."]


@pytest.mark.parametrize(
    ("holds", "ahead", "refused"),
    [
        (None, timedelta(minutes=1), "cannot hold a mailing until later"),
        (timedelta(days=7), timedelta(days=7), None),
        (timedelta(days=7), timedelta(days=7, seconds=1), "for at most 7 days"),
    ],
)
def test_a_mailing_is_held_no_longer_than_the_gateway_does(
    holds: timedelta | None, ahead: timedelta, refused: str | None, way_in: WayIn
) -> None:
    page, gateway = way_in(), ScriptedGateway(accepted)
    gateway.traits = gateway.traits._replace(schedule_ahead=holds)
    letter = Letter(text=MessageText.read("Hej"), send_at=NOON + ahead)
    wish = page.wish()._replace(letter=letter)
    if refused is None:
        assert draft(wish, gateway, page.under()).plan.order.letter.send_at == NOON + ahead
        return
    with pytest.raises(InputError, match=refused) as told:
        draft(wish, gateway, page.under())
    assert "cron" in str(told.value.hint)


def test_a_row_that_cannot_be_used_stops_all_unless_it_may_be_left_out(way_in: WayIn) -> None:
    page, gateway = way_in(rows=(*ROWS, BAD_ROW)), ScriptedGateway(accepted)
    with pytest.raises(InputError, match="1 row of the audience cannot be used") as refused:
        draft(page.wish(), gateway, page.under())
    assert ["row 6" in str(one) for one in refused.value.problems] == [True]
    left = draft(page.wish()._replace(skip_invalid=True), gateway, page.under()).plan.recipients
    assert (left.rows, len(left.ready), len(left.skipped[SkipReason.INVALID])) == (5, 3, 1)


def test_a_row_outside_the_audience_that_cannot_be_read_is_a_warning(way_in: WayIn) -> None:
    page = way_in(rows=(*ROWS, BAD_ROW))
    wish = page.wish()._replace(audience=Audience(groups=("guardians",)))
    plan = draft(wish, ScriptedGateway(accepted), page.under()).plan
    assert [str(one) for one in plan.warnings if "outside the audience cannot be read" in str(one)]
    assert len(plan.recipients.ready) == 2


@pytest.mark.parametrize("known_as", ["the text itself", "another writing of it"])
def test_who_has_had_the_text_is_left_out_by_whichever_writing(known_as: str, way_in: WayIn) -> None:
    page, gateway = way_in(), ScriptedGateway(accepted)
    assert page.begin(page.wish("Hej där"), gateway).states == {Status.ACCEPTED: 3}
    wish = page.wish("Hej där") if known_as == "the text itself" else page.wish("Hej, där")
    wish = wish._replace(same=("Hej där",))
    recipients = draft(wish, gateway, page.under()).plan.recipients
    assert (len(recipients.ready), len(recipients.skipped[SkipReason.ALREADY_SENT])) == (0, 3)
    again = draft(wish._replace(again=True), gateway, page.under()).plan.recipients
    assert (len(again.ready), SkipReason.ALREADY_SENT in again.skipped) == (3, False)


def test_a_rehearsal_leaves_nobody_out_and_tells_what_live_would_do(way_in: WayIn) -> None:
    page, gateway = way_in(), ScriptedGateway(accepted)
    page.begin(page.wish(), gateway)
    found = draft(page.wish(), gateway, page.under()._replace(lenient=True))
    assert len(found.plan.recipients.ready) == 3
    assert Rule.ALREADY_SENT in [one.rule for one in found.verdict.spared]
    assert not found.verdict.refusals


def test_without_a_ledger_nobody_has_had_anything(way_in: WayIn) -> None:
    page, gateway = way_in(), ScriptedGateway(accepted)
    page.begin(page.wish(), gateway)
    found = draft(page.wish(), gateway, page.under()._replace(ledger=None))
    assert (len(found.plan.recipients.ready), found.plan.earlier) == (3, None)
    assert [one.rule for one in found.verdict.refusals] == [Rule.NOT_ACTIVE]


@pytest.mark.parametrize(("by_stop", "stopped"), [(True, (3,)), (False, ())])
def test_who_has_answered_stop_is_told_apart_from_who_was_blocked(
    way_in: WayIn, *, by_stop: bool, stopped: tuple[int, ...]
) -> None:
    page = way_in()
    block(page, "+46701740606", by_stop=by_stop)
    recipients = draft(page.wish(), ScriptedGateway(accepted), page.under()).plan.recipients
    assert [one.row for one in recipients.skipped[SkipReason.BLOCKED]] == [3]
    assert recipients.stopped == stopped


def test_what_is_no_text_for_people_is_refused_where_nobody_looks(way_in: WayIn) -> None:
    page, gateway = way_in(), ScriptedGateway(accepted)
    wish = page.wish("Hej {namn}!")
    with pytest.raises(InputError, match="does not look like a message"):
        draft(wish, gateway, page.under())
    looked_at = draft(wish, gateway, page.under(attended=True)).plan
    assert [str(one) for one in looked_at.warnings if "namn" in str(one)]
    meant = draft(wish._replace(text_as_it_is=True), gateway, page.under()).plan
    assert (len(meant.findings), [str(one) for one in meant.warnings if "namn" in str(one)]) == (1, [])


def test_a_number_in_the_text_that_is_one_of_the_recipients_is_found(way_in: WayIn) -> None:
    page = way_in()
    plan = draft(page.wish("Ring 070-174 06 06"), ScriptedGateway(accepted), page.under()).plan
    assert len(plan.findings) == 1
    assert "+46701740606" not in "".join(map(str, plan.warnings))


def test_the_columns_of_numbers_are_the_same_in_whatever_order_and_writing() -> None:
    one, other = {"number": ("Mobil VH1", "Mobil VH2")}, {"number": ("mobil vh2", "MOBIL VH1")}
    assert kept_with_a_key(one) == kept_with_a_key(other) != kept_with_a_key({}) == "\n"


def test_every_row_of_the_file_is_in_the_plan_once(way_in: WayIn) -> None:
    page = way_in(rows=(*ROWS, "Ann Bo;0701740605;elever;Exempelkommun;ja", "Ulf;0701740609;elever;Annan;ja"))
    town = frozenset({"exempelkommun"})
    wish = page.wish()._replace(audience=Audience(everyone=True, municipality=town))
    found = draft(wish, ScriptedGateway(accepted), page.under()).plan.recipients
    skipped = {reason: len(people) for reason, people in found.skipped.items()}
    assert (found.file_rows, found.rows, len(found.ready)) == (6, 5, 3)
    assert skipped == {SkipReason.TERMS: 1, SkipReason.DUPLICATE: 1}
    assert sum(one.rows for one in found.outside) == 1


def block(page: SecondWayIn, number: str, *, by_stop: bool) -> None:
    with page.ledger.transaction():
        blocklist.add(page.ledger, [number], moment(), ACTOR, blocklist.BY_STOP if by_stop else "moved")
