from datetime import date

import pytest

from smsctl.domain.budget import Spending, year_budget
from smsctl.domain.municipality import Municipality
from smsctl.domain.package import ConsumptionPace, Package, PackageTerms
from smsctl.domain.plan import AccountStatus, Bill, bill_for, budget_warning
from smsctl.domain.rules_of_time import over_month

RATE = PackageTerms(size=3, price_ore=100)
TOWN = Municipality(key="town", name="Town", rate=RATE, in_packages=True)
LOOSE = TOWN._replace(in_packages=False)
PACKAGE = Package(number=1, size=3, price_ore=100, used=1)


@pytest.mark.parametrize(
    ("payer", "spending", "parts", "ore"),
    [
        (TOWN, Spending(packages=(PACKAGE,)), 1, 34),  # 33 for the first part, 67 for two
        (TOWN, Spending(packages=(PACKAGE,)), 2, 67),
        (TOWN, Spending(packages=(PACKAGE,)), 3, 100),  # and 33 of the next package
        (TOWN, Spending(packages=(PACKAGE,), on_the_wire=1), 1, 67),
        (LOOSE, Spending(outside=1), 1, 34),
        (LOOSE, Spending(outside=1), 0, 0),
        (LOOSE._replace(rate=None), Spending(), 9, 0),
    ],
)
def test_more_parts_cost_what_they_add_to_the_rounded_sum(
    payer: Municipality, spending: Spending, parts: int, ore: int
) -> None:
    assert spending.more_ore(payer, parts) == ore


def bill(parts: int, spending: Spending, payer: Municipality = LOOSE) -> Bill:
    return bill_for(payer, AccountStatus(active=True, spending=spending), messages=parts, parts=parts)


def test_a_month_is_full_when_its_sum_is() -> None:
    spent = Spending(month_ore=33, outside=1)
    assert not over_month(bill(2, spent), 100)
    (refused,) = over_month(bill(3, spent), 132)
    assert str(refused.sentence) == "The mailing costs 1,00 kr; of this month's 1,32 kr, 0,33 kr are used."
    assert not over_month(bill(3, spent), None)
    assert not over_month(bill(0, spent), 0)


def test_a_ceiling_in_money_without_a_price_lets_nothing_go() -> None:
    (refused,) = over_month(bill(1, Spending(), LOOSE._replace(rate=None)), 100)
    assert "no price of this mailing's parts is known" in str(refused.sentence)


def test_the_plan_warns_from_the_share_on() -> None:
    payer = LOOSE._replace(budget_year_ore=100)
    assert not budget_warning(bill(1, Spending(year_ore=33, outside=1), payer), 0.8)
    (told,) = budget_warning(bill(2, Spending(year_ore=33, outside=1), payer), 0.8)
    assert str(told) == "After this mailing, 100 % of this year's budget of 1,00 kr is used."
    assert not budget_warning(bill(2, Spending(year_ore=99), LOOSE), 0.8)


def test_the_year_is_foreseen_by_the_latest_pace() -> None:
    payer = LOOSE._replace(budget_year_ore=1000)
    pace, today = ConsumptionPace(parts=9, days=90), date(2026, 12, 1)
    found = year_budget(payer, Spending(year_ore=33, outside=1), pace, today)
    assert found
    assert (found.year, found.left_ore, found.percent) == (2026, 967, 3)
    assert found.foreseen_ore == 133  # 3 parts more
    assert year_budget(LOOSE, Spending(), pace, today) is None
