"""How many are counted where a second person is asked for; the rest is in `cli/test_approval.py`."""

from datetime import timedelta

import pytest

from smsctl.domain.approval import ApprovalDecision, ApprovalTerms
from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Status
from smsctl.domain.moment import Actor
from smsctl.ledger import approvals, mailings
from smsctl.ledger.store import Ledger

from . import sending
from .conftest import ACTOR, TOWN, on
from .sending import new

LONG_AGO, NOW = on("2026-11-20"), on("2026-11-22")
BO, CIA = Actor(user="bo", host="skolserver"), Actor(user="cia", host="skolserver")
TERMS = ApprovalTerms(above=2, expires=timedelta(days=1), slot="a key's")


def asked(ledger: Ledger, messages: int, terms: ApprovalTerms = TERMS, actor: Actor = ACTOR) -> Mailing:
    """Begin a mailing with a text of its own, and ask for a second person where it needs one."""
    text = f"Number {ledger.number('SELECT COUNT(*) FROM mailings')}"
    mailing = sending.begin(ledger, messages, new(body=text))
    with ledger.transaction():
        approvals.ask(ledger, mailing, terms, NOW, actor)
    return mailing


def approved_every_time(ledger: Ledger, messages: int, terms: ApprovalTerms = TERMS) -> Mailing:
    mailing = asked(ledger, messages, terms)
    with ledger.transaction():
        assert approvals.decide(ledger, mailing.id, ApprovalDecision.APPROVED, NOW, BO)
        approvals.hold_for_every_slot(ledger, mailing.id, NOW)
    return mailing


def test_what_is_still_pending_with_the_same_text_counts_however_old_it_is(ledger: Ledger) -> None:
    sending.activate(ledger, moment=LONG_AGO)
    left, gone = (sending.begin(ledger, n, new(body="Same"), LONG_AGO) for n in (3, 5))
    claimed = sending.claim(ledger, gone, moment=LONG_AGO)
    sending.settle(ledger, gone, claimed, (Status.ACCEPTED,) * 5, LONG_AGO)
    counted = approvals.same_text(ledger, TOWN.key, mailings.body_hash("Same"), NOW, apart_from=0)
    assert counted == left.messages


@pytest.mark.parametrize(("messages", "is_asked"), [(2, False), (3, True)])
def test_a_second_person_is_asked_for_more_than_the_config_allows(
    ledger: Ledger, messages: int, *, is_asked: bool
) -> None:
    sending.activate(ledger)
    assert (approvals.of(ledger, asked(ledger, messages).id) is not None) is is_asked


@pytest.mark.parametrize(
    ("messages", "terms", "actor", "leaves"),
    [
        (10, TERMS, CIA, True),
        (8, TERMS, CIA, True),
        (12, TERMS, CIA, True),
        (7, TERMS, CIA, False),
        (13, TERMS, CIA, False),
        (10, TERMS._replace(new_packages=1), CIA, True),
        (10, TERMS._replace(new_packages=2), CIA, False),
        (10, TERMS._replace(slot="another key's"), CIA, False),
        (10, TERMS, BO, False),  # whoever said yes
    ],
)
def test_a_yes_for_every_time_is_for_a_fifth_more_or_fewer(
    ledger: Ledger, messages: int, terms: ApprovalTerms, actor: Actor, *, leaves: bool
) -> None:
    sending.activate(ledger)
    approved_every_time(ledger, 10, TERMS._replace(new_packages=1))
    found = approvals.of(ledger, asked(ledger, messages, terms, actor).id)
    assert found
    assert found.holds is not leaves


def test_the_yes_that_is_taken_back_is_that_of_one_mailing(ledger: Ledger) -> None:
    sending.activate(ledger)
    slots = (TERMS, TERMS._replace(slot="another key's"))
    first, second = (approved_every_time(ledger, 3, terms) for terms in slots)
    with ledger.transaction():
        assert approvals.hold_no_longer(ledger, first.id, NOW)
        assert not approvals.hold_no_longer(ledger, first.id, NOW)
    assert [one.mailing for one in approvals.for_every_time(ledger, NOW.at)] == [second.id]


@pytest.mark.parametrize(("clock", "in_time"), [("07:59:59.999", True), ("08:00:00.000", False)])
def test_at_the_end_of_its_time_it_is_too_late_for_a_yes(
    ledger: Ledger, clock: str, *, in_time: bool
) -> None:
    """What is over for the yes is over for whoever looks and for whoever ends it: no moment is between."""
    sending.activate(ledger)
    mailing, then = asked(ledger, 3), on("2026-11-23", clock)
    assert (mailing.id in approvals.over(ledger, then.at)) is not in_time
    with ledger.transaction():
        assert approvals.decide(ledger, mailing.id, ApprovalDecision.APPROVED, then, BO) is in_time
