"""Rules of the money that no other test would notice to be written otherwise."""

import pytest

from smsctl.domain.mailing import Ceilings, Mailing
from smsctl.domain.message import Status
from smsctl.errors import RuleError
from smsctl.ledger import batches, blocklist, corrections, mailings, openings, packages
from smsctl.ledger.batches import Claim, ClaimRequest
from smsctl.ledger.repeats import Repeats
from smsctl.ledger.store import Ledger

from . import sending
from .conftest import ACTOR, NOW
from .recount import must_agree
from .sending import PLAIN, new


@pytest.fixture
def active(ledger: Ledger) -> Ledger:
    sending.activate(ledger)
    return ledger


def claim(ledger: Ledger, mailing: Mailing) -> Claim | None:
    """Claim as a real run does, which looks for who has had the text."""
    repeats = Repeats(mailing, mailings.body_hash(mailing.letter.text.body))
    want = ClaimRequest(mailing=mailing, most=100, ceilings=mailing.ceilings, repeats=repeats)
    with ledger.transaction():
        return next(iter(batches.claim(ledger, want, 0, NOW)), None)


def used(ledger: Ledger) -> dict[int, int]:
    return dict(ledger.rows("SELECT number, used FROM packages ORDER BY number"))


@pytest.mark.parametrize(
    ("ceilings", "claimed"),
    [
        (Ceilings(max_parts=5), 2),
        (Ceilings(max_parts=4), 2),
        (Ceilings(max_parts=3), 1),
        (Ceilings(max_parts_per_day=5), 2),
        (Ceilings(max_parts_per_day_of_user=3), 1),
        (Ceilings(max_new_packages=0), 5),  # ten parts are left of the package
    ],
)
def test_a_ceiling_counts_parts_and_a_claim_takes_messages(
    ceilings: Ceilings, claimed: int, active: Ledger
) -> None:
    mailing = sending.begin(active, 6, new(parts=2, ceilings=ceilings))
    found = sending.claim(active, mailing)
    assert found
    assert len(found.messages) == claimed
    with pytest.raises(RuleError):
        sending.claim(active, mailing)


def test_a_ceiling_that_leaves_room_for_half_a_message_leaves_none(active: Ledger) -> None:
    mailing = sending.begin(active, 1, new(parts=2, ceilings=Ceilings(max_parts=1)))
    with pytest.raises(RuleError):
        sending.claim(active, mailing)


def test_who_is_blocked_and_has_had_the_text_is_left_out_once(active: Ledger) -> None:
    made_of = new(body="Samma")._replace(rows=1)
    anna = [(2, "+46701740605", "Anna")]
    with active.transaction():
        mailing, again = (openings.create(active, made_of, anna, [], NOW, ACTOR) for _ in range(2))
    sending.settle(active, mailing, claim(active, mailing))
    with active.transaction():
        blocklist.add(active, ["+46701740605"], NOW, ACTOR, "STOP")
    assert claim(active, again) is None
    assert mailings.tally(active, again).states == {Status.CANCELLED: 1}
    assert active.rows("SELECT state, code FROM messages WHERE mailing = ?", again.id) == [
        ("cancelled", "blocked")
    ]
    must_agree(active)


def test_what_is_given_back_comes_out_of_the_newest_package_first(active: Ledger) -> None:
    sending.send(active, 8, PLAIN)
    mailing = sending.begin(active, 4, PLAIN)
    claimed = sending.claim(active, mailing)
    sending.settle(active, mailing, claimed)
    assert used(active) == {1: 10, 2: 2}
    assert claimed
    with active.transaction():
        batch = dict.fromkeys(claimed.messages[:1], claimed.id)
        corrections.move(active, mailing, batch, Status.ACCEPTED, Status.REJECTED, NOW, "no")
    assert used(active) == {1: 10, 2: 1}
    with active.transaction():
        batch = dict.fromkeys(claimed.messages[1:3], claimed.id)
        corrections.move(active, mailing, batch, Status.ACCEPTED, Status.REJECTED, NOW, "no")
    assert used(active) == {1: 9, 2: 0}


def test_what_another_batch_reserves_opens_no_package_when_this_one_settles(active: Ledger) -> None:
    first, second = (sending.begin(active, 6, PLAIN) for _ in range(2))
    one, other = sending.claim(active, first), sending.claim(active, second)
    sending.settle(active, first, one)
    assert used(active) == {1: 6}
    sending.settle(active, second, other, [Status.REJECTED] * 6)
    assert used(active) == {1: 6}


def test_a_mailing_has_its_own_parts_on_the_wire_reserved_and_no_others(active: Ledger) -> None:
    first, second = sending.begin(active, 3, new(parts=2)), sending.begin(active, 1, new(body="Annan"))
    waiting = sending.begin(active, 1, new(body="Tredje"))
    assert sending.claim(active, first)
    assert sending.claim(active, second)
    assert [mailings.tally(active, one).reserved_parts for one in (first, second, waiting)] == [6, 1, 0]
    assert packages.parts_in_flight(active, "town") == 7


def test_parts_on_the_wire_are_reserved_once_over_all_packages(active: Ledger) -> None:
    sending.send(active, 8, PLAIN)
    straddling = sending.begin(active, 4, PLAIN)
    claimed = sending.claim(active, straddling)
    sending.settle(active, straddling, claimed)
    assert claimed
    with active.transaction():
        given_back = dict.fromkeys(claimed.messages, claimed.id)
        corrections.move(active, straddling, given_back, Status.ACCEPTED, Status.REJECTED, NOW, "no")
    assert used(active) == {1: 8, 2: 0}
    sending.claim(active, sending.begin(active, 3, PLAIN))
    assert [(one.number, one.reserved, one.left) for one in packages.packages_of(active, "town")] == [
        (1, 2, 0),
        (2, 1, 9),
    ]
