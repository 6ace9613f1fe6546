"""Batches and cost centres: a batch holds the messages of one, whatever becomes of it."""

from collections.abc import Callable

import pytest

from smsctl.actions import post_month
from smsctl.domain.costs import DrawnParts
from smsctl.domain.mailing import Ceilings, Mailing
from smsctl.domain.message import Status
from smsctl.domain.moment import Period
from smsctl.errors import RuleError
from smsctl.ledger import accepting_restore, batches, costs, mailings, reconciling, recovery
from smsctl.ledger.repeats import Repeats
from smsctl.ledger.store import Ledger

from . import sending
from .conftest import ACTOR, NOW, on
from .recount import costs_must_agree, must_agree
from .sending import new

Drawn = Callable[[Ledger, str, Period], list[DrawnParts]]
SHARES = [("", 2), ("4711", 1), ("4712", 4)]


@pytest.fixture
def mailing(ledger: Ledger) -> Mailing:
    sending.activate(ledger)
    return sending.begin(ledger, 7, new(cost_shares=SHARES))


def charged(ledger: Ledger) -> dict[str, int]:
    return {one.cost_centre: one.parts for one in costs.by_cost_centre(ledger)}


def test_a_batch_has_one_cost_centre_and_ends_where_the_next_begins(ledger: Ledger, mailing: Mailing) -> None:
    sizes = []
    while claimed := sending.claim(ledger, mailing, most=3):
        sizes.append((claimed.batch.letter.cost_centre, len(claimed.messages)))
        sending.settle(ledger, mailing, claimed)
    assert sizes == [(None, 2), ("4711", 1), ("4712", 3), ("4712", 1)]
    assert charged(ledger) == {"": 2, "4711": 1, "4712": 4}
    must_agree(ledger)
    costs_must_agree(ledger)


def test_several_batches_in_one_claim_have_one_cost_centre_each(ledger: Ledger, mailing: Mailing) -> None:
    want = batches.ClaimRequest(
        mailing=mailing, most=3, ceilings=mailing.ceilings, repeats=Repeats(mailing, "none")
    )
    with ledger.transaction():
        claims = batches.claim(ledger, want, 0, NOW, slots=3)
    assert [len(one.messages) for one in claims] == [2, 1, 3]
    assert mailings.tally(ledger, mailing).states == {Status.PENDING: 1, Status.SENDING: 6}


def test_a_ceiling_stops_within_a_cost_centre_and_the_rest_goes_on_under_it(ledger: Ledger) -> None:
    sending.activate(ledger)
    few = sending.begin(ledger, 7, new(cost_shares=SHARES, ceilings=Ceilings(max_parts=4)))
    while True:
        try:
            sending.settle(ledger, few, sending.claim(ledger, few))
        except RuleError:
            break
    assert charged(ledger) == {"": 2, "4711": 1, "4712": 1}
    more = few._replace(ceilings=Ceilings(max_parts=7))
    sending.settle(ledger, more, sending.claim(ledger, more))
    assert charged(ledger) == {"": 2, "4711": 1, "4712": 4}


def test_an_unknown_batch_is_rebuilt_as_it_was_sent(ledger: Ledger, mailing: Mailing) -> None:
    sending.settle(ledger, mailing, sending.claim(ledger, mailing))
    sent = sending.claim(ledger, mailing)
    assert sent
    recovery.recover(ledger, NOW)
    (found,) = reconciling.unknown_batches(ledger, mailing, "")
    assert found.claim.batch == sent.batch
    assert charged(ledger) == {"": 2, "4711": 1}


def test_what_may_have_been_sent_is_written_off_by_cost_centre(ledger: Ledger, mailing: Mailing) -> None:
    sending.settle(ledger, mailing, sending.claim(ledger, mailing))
    with ledger.transaction():
        assert accepting_restore.make_unknown(ledger, mailing, NOW) == 5
    assert charged(ledger) == {"": 2, "4711": 1, "4712": 4}
    must_agree(ledger)
    costs_must_agree(ledger)


def test_a_period_costs_what_was_drawn_in_it_beside_what_came_before(ledger: Ledger) -> None:
    sending.activate(ledger, moment=on("2026-10-01"))
    for day, messages in (("2026-10-31", 3), ("2026-11-02", 3), ("2026-11-20", 1), ("2026-12-01", 1)):
        mailing = sending.begin(ledger, messages, new(body=day, cost_shares=[("4711", messages)]), on(day))
        sending.settle(ledger, mailing, sending.claim(ledger, mailing, moment=on(day)), moment=on(day))
    found = costs.by_cost_centre(ledger, "town", Period(since="2026-11-03", until="2026-12-31"))
    assert [one[1:] for one in found] == [("2026-11", "4711", 1, 490), ("2026-12", "4711", 1, 490)]
    assert costs.by_cost_centre(ledger, "elsewhere") == ()


@pytest.mark.parametrize("find", [costs.drawn, costs.drawn_in_sum, costs.drawn_by_cost_centre])
def test_a_period_has_its_first_and_its_last_day(find: Drawn, ledger: Ledger) -> None:
    sent_on(ledger, "2026-10-01", 1, "test")
    sending.activate(ledger, moment=on("2026-10-01"))
    sent_on(ledger, "2026-10-01", 3)

    def slots(period: Period) -> dict[tuple[int, str], int]:
        return {(one.source.package, one.slot): one.parts for one in find(ledger, "town", period)}

    assert slots(Period(since="2026-10-01", until="2026-10-01")) == {(0, "2026-10"): 1, (1, "2026-10"): 3}
    assert slots(Period(until="2026-09-30")) == {}
    assert slots(Period(since="2026-10-02")) == {(0, ""): 1, (1, ""): 3}


def sent_on(ledger: Ledger, day: str, messages: int, kind: str = "send") -> None:
    mailing = sending.begin(ledger, messages, new(kind=kind, body=f"{day} {messages}"), on(day))
    sending.settle(ledger, mailing, sending.claim(ledger, mailing, moment=on(day)), moment=on(day))


def post(ledger: Ledger, month: str, day: str) -> list[tuple[str, int, int]]:
    with ledger.transaction():
        _, drafted = post_month.post(ledger, month, "", lambda one: one.document, on(day), ACTOR)
    assert drafted
    return [(one.correction_of, one.parts, one.amount_ore) for one in drafted.lines]


def test_what_a_clock_that_went_back_dates_into_a_closed_month_is_posted_in_the_next(ledger: Ledger) -> None:
    sending.activate(ledger, moment=on("2026-10-01"))
    sent_on(ledger, "2026-10-05", 2)
    sent_on(ledger, "2026-11-05", 1)
    assert post(ledger, "2026-10", "2026-11-06") == [("", 2, 980), ("", 0, -980)]
    sent_on(ledger, "2026-10-31", 3)  # the clock stood a week behind
    sent_on(ledger, "2026-11-30", 1)
    assert post(ledger, "2026-11", "2026-12-01") == [("", 2, 980), ("2026-10", 3, 1470), ("", 0, -2450)]
    assert post(ledger, "2026-12", "2027-01-01") == [("", 0, 0)]


def test_the_first_month_that_is_posted_leaves_what_came_before_alone(ledger: Ledger) -> None:
    sending.activate(ledger, moment=on("2026-09-01"))
    sent_on(ledger, "2026-09-05", 4)
    sent_on(ledger, "2026-11-05", 1)
    assert post(ledger, "2026-11", "2026-12-01") == [("", 1, 490), ("", 0, -490)]
    with pytest.raises(RuleError, match="2026-09 is before 2026-11"):
        post(ledger, "2026-09", "2026-12-01")
