"""One place says whether a mailing may leave; a second way in sends, resumes and repeats a key by it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from smsctl.actions.draft import draft
from smsctl.actions.keyed_run import begun_under
from smsctl.actions.resume import record, what_is_left
from smsctl.domain.mailing import Ceilings
from smsctl.domain.message import Status
from smsctl.domain.rules import Rule
from smsctl.errors import RuleError
from smsctl.ledger import mailings, municipalities

from .desk import ACTOR, ScriptedGateway, accepted, moment, refused
from .second_way_in import CEILINGS, NOON, SecondWayIn

NIGHT = datetime(2026, 11, 30, 23, 0, tzinfo=UTC)


def test_a_second_way_in_sends_resumes_and_repeats_a_key(way_in: Callable[..., SecondWayIn]) -> None:
    page, gateway = way_in(), ScriptedGateway(refused, accepted)
    wish = page.wish()
    assert page.begin(wish, gateway, "slot").states == {}
    begun = begun_under("slot", wish, page.under())
    assert begun
    assert (begun.goes_on, begun.tally.states) == (True, {Status.PENDING: 3})
    rest = what_is_left(begun.mailing, gateway.traits, wish.ceilings, page.ledger, page.under(), urgent=False)
    assert rest
    assert (rest.bill.messages, rest.bill.parts, rest.bill.cost_ore) == (3, 3, 147)
    rest.verdict.must_hold()
    record(rest, page.ledger, page.under(), None)
    assert page.send(rest.mailing, gateway, rest.ceilings).states == {Status.ACCEPTED: 3}
    done = begun_under("slot", wish, page.under())
    assert done
    assert (done.goes_on, done.tally.states) == (False, {Status.ACCEPTED: 3})
    with pytest.raises(RuleError, match="another text"):
        begun_under("slot", page.wish("Annat"), page.under())


def test_of_two_ways_in_that_plan_the_same_at_once_one_sends(way_in: Callable[..., SecondWayIn]) -> None:
    page, gateway = way_in(), ScriptedGateway(accepted, accepted)
    wish = page.wish()
    drawn_up = [draft(wish, gateway, page.under()) for _ in range(2)]
    assert [one.verdict.refusals for one in drawn_up] == [(), ()]
    first, second = (page.depart(one.plan, wish, gateway) for one in drawn_up)
    assert (first.states, second.states) == ({Status.ACCEPTED: 3}, {})


@pytest.mark.parametrize(
    ("overrides", "ceilings", "at", "rule"),
    [
        ({"limits": {"quiet_hours": "21:00-07:00"}}, CEILINGS, NIGHT, Rule.QUIET_HOURS),
        ({"recipients_max_age": "1d"}, CEILINGS, NOON + timedelta(days=900), Rule.FILE_AGE),
        ({"senders": {"somebody": {}}}, CEILINGS, NOON, Rule.SENDER),
        ({"senders": {ACTOR.user: {"max_parts_per_day": 2}}}, CEILINGS, NOON, Rule.MAX_PARTS_PER_DAY),
        ({}, Ceilings(max_parts=2), NOON, Rule.MAX_PARTS),
        ({}, Ceilings(max_parts=3, max_parts_per_day=2), NOON, Rule.MAX_PARTS_PER_DAY),
        ({}, Ceilings(), NOON, Rule.CEILING_MISSING),
    ],
)
def test_a_new_mailing_is_asked_of_every_rule(
    overrides: dict[str, object],
    ceilings: Ceilings,
    at: datetime,
    rule: Rule,
    way_in: Callable[..., SecondWayIn],
) -> None:
    page = way_in(**overrides)
    found = draft(page.wish(ceilings=ceilings), ScriptedGateway(accepted), page.under(at))
    assert [one.rule for one in found.verdict.refusals] == [rule]
    with pytest.raises(RuleError):
        found.verdict.must_hold()


@pytest.mark.parametrize(
    ("urgent", "attended", "lifted"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
def test_only_a_person_who_calls_it_urgent_lifts_the_ceilings_of_the_day(
    way_in: Callable[..., SecondWayIn], *, urgent: bool, attended: bool, lifted: bool
) -> None:
    assert way_in().under(attended=attended).lifts_the_day(urgent=urgent) is lifted


def test_a_municipality_that_is_not_active_is_refused_before_and_in_the_claim(
    way_in: Callable[..., SecondWayIn],
) -> None:
    page, gateway = way_in(), ScriptedGateway(refused, accepted)
    page.begin(page.wish(), gateway)
    municipalities.deactivate(page.ledger, page.town, moment(), ACTOR)
    found = draft(page.wish(again=True), gateway, page.under())
    assert [one.rule for one in found.verdict.refusals] == [Rule.RESERVED, Rule.NOT_ACTIVE]
    rest = what_is_left(
        mailings.get(page.ledger, 1), gateway.traits, Ceilings(), page.ledger, page.under(), urgent=False
    )
    assert rest
    (not_active,) = rest.verdict.refusals
    assert not_active.rule is Rule.NOT_ACTIVE
    stopped = page.send(rest.mailing, gateway, rest.ceilings)
    assert (str(stopped.why), stopped.mend) == (
        str(not_active.sentence).replace("Exempelkommun", "exempelkommun"),
        not_active.hint,
    )


def test_everybody_who_has_had_the_text_is_no_mailing(way_in: Callable[..., SecondWayIn]) -> None:
    page, gateway = way_in(), ScriptedGateway(accepted)
    page.begin(page.wish(), gateway)
    found = draft(page.wish(), gateway, page.under())
    assert [one.rule for one in found.verdict.refusals] == [Rule.ALREADY_SENT]


def test_where_a_person_looks_an_old_file_is_warned_of_and_no_ceiling_must_be_set(
    way_in: Callable[..., SecondWayIn],
) -> None:
    page = way_in(recipients_max_age="1d")
    under = page.under(NOON + timedelta(days=900), attended=True)
    found = draft(page.wish(ceilings=Ceilings()), ScriptedGateway(accepted), under)
    assert not found.verdict.refusals
    assert [one.rule for one in found.verdict.warned] == [Rule.FILE_AGE]
