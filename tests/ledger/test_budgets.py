"""What was spent in a month, and how many messages its ceiling lets a claim take."""

import pytest

from smsctl.domain.mailing import Ceilings
from smsctl.domain.message import Status
from smsctl.domain.municipality import Municipality
from smsctl.domain.package import PackageTerms
from smsctl.errors import RuleError
from smsctl.ledger import budgets
from smsctl.ledger.store import Ledger

from . import sending
from .conftest import NOW, TOWN, on
from .sending import new

LOOSE = Municipality(key="town", name="Town", rate=PackageTerms(size=3, price_ore=100))


def ceiling(kronor_ore: int) -> Ceilings:
    return Ceilings(max_cost_per_month_ore=kronor_ore)


@pytest.mark.parametrize(("most_ore", "claimed"), [(33, 1), (66, 1), (67, 2), (99, 2), (100, 3), (1000, 6)])
def test_a_claim_takes_what_fits_by_the_sum_of_the_month(most_ore: int, claimed: int, ledger: Ledger) -> None:
    mailing = sending.begin(ledger, 6, new(municipality=LOOSE, ceilings=ceiling(most_ore)))
    found = sending.claim(ledger, mailing)
    assert found
    assert len(found.messages) == claimed


def test_what_is_on_the_wire_or_drawn_counts_and_the_next_month_begins_anew(ledger: Ledger) -> None:
    made_of = new(municipality=LOOSE, ceilings=ceiling(100))
    first, second = sending.begin(ledger, 2, made_of), sending.begin(ledger, 9, made_of)
    on_the_wire = sending.claim(ledger, first)
    claimed = sending.claim(ledger, second)
    assert claimed
    assert len(claimed.messages) == 1
    with pytest.raises(RuleError, match=r"max_cost_per_month = 1,00 kr is reached; the rest is left pending"):
        sending.claim(ledger, second)
    sending.settle(ledger, first, on_the_wire, [Status.REJECTED, Status.ACCEPTED])
    again = sending.claim(ledger, second)
    assert again
    assert len(again.messages) == 1  # what was rejected costs nothing
    for one in (claimed, again):
        sending.settle(ledger, second, one)
    assert budgets.spending(ledger, LOOSE, NOW.day).month_ore == 100
    later = sending.claim(ledger, second, moment=on("2026-12-01"))
    assert later
    assert len(later.messages) == 3
    assert budgets.spending(ledger, LOOSE, "2026-12-01")[:2] == (100, 0)
    assert budgets.spending(ledger, LOOSE, "2027-01-01")[:2] == (0, 0)


def test_packages_are_counted_by_their_own_prices(ledger: Ledger) -> None:
    sending.activate(ledger)
    sending.send(ledger, 8, new(body="en"))
    dearer = TOWN._replace(rate=PackageTerms(size=10, price_ore=9800))
    mailing = sending.begin(ledger, 9, new(municipality=dearer, ceilings=ceiling(10 * 490 + 3 * 980)))
    found = sending.claim(ledger, mailing)
    assert found
    assert len(found.messages) == 5  # two at the old price, three at the new


def test_parts_sent_before_a_price_was_known_cost_what_they_would_now(ledger: Ledger) -> None:
    sending.send(ledger, 2, new(municipality=LOOSE._replace(rate=None)))
    assert budgets.spending(ledger, LOOSE, NOW.day).month_ore == 67
    unpriced = new(municipality=LOOSE._replace(rate=None), body="två", ceilings=ceiling(100))
    with pytest.raises(RuleError, match="no price of this mailing's parts is known"):
        sending.claim(ledger, sending.begin(ledger, 1, unpriced))
