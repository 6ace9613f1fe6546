import pytest

from smsctl.domain.audience import AudienceRule
from smsctl.domain.gateway import Traits
from smsctl.domain.mailing import Ceilings
from smsctl.domain.message import Letter, Priority
from smsctl.domain.municipality import Municipality
from smsctl.domain.package import Package, PackageTerms
from smsctl.domain.people import People, PeopleWriter
from smsctl.domain.plan import AccountStatus, LetterOrder, Plan, make
from smsctl.domain.recipients import Recipients
from smsctl.domain.rules import NOTHING_SPENT, Rule, Spent, not_active, over_ceilings
from smsctl.domain.text import MessageText, PartProfile

TOWN = Municipality(
    key="exempelkommun",
    name="Exempelkommun",
    rate=PackageTerms(size=10_000, price_ore=490_000),
    in_packages=True,
)
PART_PRICE = TOWN._replace(rate=PackageTerms(size=100, price_ore=3950), in_packages=False)
COUNTED = TOWN._replace(rate=None, in_packages=False)
TRAITS = Traits(
    name="intelecom", title="Intelecom", parts=PartProfile("intelecom"), max_parts=6, max_batch=1000
)
SHORT, LONG = "Hej", "å" * 161
LETTER = Letter(text=MessageText.read(SHORT))


def people(count: int) -> People:
    writer = PeopleWriter()
    for row in range(count):
        writer.add(row + 2, 46_701_740_605 + row, "")
    return writer.people()


def recipients(count: int) -> Recipients:
    return Recipients(rows=count, audience_rows=count, ready=people(count), skipped={})


def plan(
    count: int,
    *,
    municipality: Municipality = TOWN,
    account_status: AccountStatus | None = None,
    ceilings: Ceilings | None = None,
    letter: Letter | None = None,
) -> Plan:
    order = LetterOrder(
        letter=letter or LETTER,
        municipality=municipality,
        audience=AudienceRule(groups=("guardians",)),
        typed=AudienceRule(groups=("guardians",)),
        source="recipients.csv",
        ceilings=ceilings or Ceilings(),
    )
    return make(order, recipients(count), TRAITS, account_status or used(0))


def used(*parts: int, active: bool = True, today: int = 0) -> AccountStatus:
    """A municipality with a package of 10,000 for each figure, so much of it used."""
    packages = tuple(
        Package(number=number, size=10_000, price_ore=490_000, used=n)
        for number, n in enumerate(parts, start=1)
    )
    return AccountStatus(active=active, packages=packages, parts_today=today)


def rules(found: Plan, spent: Spent = NOTHING_SPENT) -> list[Rule]:
    return [one.rule for one in over_ceilings(found.bill, found.order.ceilings, spent)]


def test_the_confirmation_has_the_figures_of_the_brief() -> None:
    found = plan(1204, account_status=used(10_000, 10_000, 9389))
    assert (found.messages, found.parts, found.bill.new_packages) == (1204, 1204, 1)
    assert found.bill.cost_ore == 29_939 + 29_057  # 611 and 593 parts, each share rounded by itself
    assert [(one.number, one.left) for one in found.bill.with_room] == [(3, 611)]
    assert [(one.package, one.parts, one.opens) for one in found.bill.draws] == [
        (3, 611, False),
        (4, 593, True),
    ]


@pytest.mark.parametrize(
    ("municipality", "count", "text", "parts", "cost_ore"),
    [
        (TOWN, 1, SHORT, 1, 49),
        (TOWN, 3, LONG, 6, 294),
        (PART_PRICE, 1, SHORT, 1, 40),  # 39.5 öre, half up, once for the mailing
        (PART_PRICE, 3, SHORT, 3, 119),
        (COUNTED, 3, SHORT, 3, None),
    ],
)
def test_a_mailing_costs_its_parts(
    municipality: Municipality, count: int, text: str, parts: int, cost_ore: int | None
) -> None:
    found = plan(count, municipality=municipality, letter=Letter(text=MessageText.read(text)))
    assert (found.parts, found.bill.cost_ore) == (parts, cost_ore)
    assert cost_ore is None or type(found.bill.cost_ore) is int


def test_a_municipality_without_packages_draws_on_none() -> None:
    found = plan(3, municipality=PART_PRICE, account_status=AccountStatus(active=False))
    assert (found.bill.draws, found.bill.new_packages) == ((), 0)


def test_a_municipality_that_is_not_active_is_refused_with_the_command_that_helps() -> None:
    refusal = not_active(TOWN)
    assert refusal.rule is Rule.NOT_ACTIVE
    assert str(refusal.hint).endswith("smsctl municipality activate exempelkommun")


@pytest.mark.parametrize(
    ("account_status", "expected"),
    [
        (AccountStatus(active=False), []),
        (used(10_000, active=False), []),
        (used(9998, active=False), [Rule.MAX_NEW_PACKAGES]),
    ],
)
def test_no_leave_is_asked_for_the_package_that_the_activation_opens(
    account_status: AccountStatus, expected: list[Rule]
) -> None:
    assert rules(plan(3, ceilings=Ceilings(max_new_packages=0), account_status=account_status)) == expected


@pytest.mark.parametrize(
    ("ceilings", "account_status", "expected"),
    [
        (Ceilings(max_parts=10), used(0), []),
        (Ceilings(max_parts=9), used(0), [Rule.MAX_PARTS]),
        (Ceilings(max_parts_per_day=15), used(0, today=5), []),
        (Ceilings(max_parts_per_day=15), used(0, today=6), [Rule.MAX_PARTS_PER_DAY]),
        (Ceilings(max_new_packages=0), used(9990), []),
        (Ceilings(max_new_packages=0), used(9991), [Rule.MAX_NEW_PACKAGES]),
        (Ceilings(max_new_packages=1), used(9991), []),
        (Ceilings(max_new_packages=0), used(9990, 5, today=1), []),
        (
            Ceilings(max_parts=1, max_parts_per_day=1, max_new_packages=0),
            used(10_000),
            [Rule.MAX_PARTS, Rule.MAX_PARTS_PER_DAY, Rule.MAX_NEW_PACKAGES],
        ),
    ],
)
def test_a_ceiling_refuses_what_is_above_it(
    ceilings: Ceilings, account_status: AccountStatus, expected: list[Rule]
) -> None:
    found = plan(10, ceilings=ceilings, account_status=account_status)
    assert rules(found) == expected
    assert all(one.hint for one in over_ceilings(found.bill, ceilings))


@pytest.mark.parametrize(
    ("spent", "expected"),
    [
        (Spent(parts=5), []),
        (Spent(parts=6), [Rule.MAX_PARTS]),
        (Spent(new_packages=1), []),
        (Spent(parts=15, new_packages=2), [Rule.MAX_PARTS, Rule.MAX_NEW_PACKAGES]),
    ],
)
def test_what_a_mailing_has_used_before_counts_against_its_ceilings(
    spent: Spent, expected: list[Rule]
) -> None:
    found = plan(10, ceilings=Ceilings(max_parts=15, max_new_packages=1), account_status=used(0))
    assert rules(found, spent) == expected


def test_parts_on_the_wire_leave_less_room() -> None:
    busy = used(9000)._replace(
        packages=(Package(number=1, size=10_000, price_ore=490_000, used=9000, reserved=995),)
    )
    assert plan(10, account_status=busy).bill.new_packages == 1


@pytest.mark.parametrize(("before", "warnings"), [(7989, 0), (7990, 1), (9000, 1), (9990, 1), (9991, 0)])
def test_a_plan_warns_from_eight_tenths_of_the_package_on(before: int, warnings: int) -> None:
    found = plan(10, account_status=used(before))
    assert sum("of package 1 is used" in str(one) for one in found.warnings) == warnings
    assert found.bill.new_packages == (1 if before == 9991 else 0)  # which the plan tells in its own words


@pytest.mark.parametrize(
    ("traits", "letter", "told"),
    [
        (TRAITS._replace(priority=False), LETTER._replace(priority=Priority.HIGH), "knows no priority"),
        (TRAITS._replace(sender=False), LETTER._replace(sender="Kommunen"), "does not carry a sender"),
        (TRAITS._replace(reports=False), LETTER, "no delivery reports"),
        (TRAITS._replace(answers=False), LETTER, "nothing further will be known"),
    ],
)
def test_a_setting_without_effect_is_told(traits: Traits, letter: Letter, told: str) -> None:
    order = plan(1).order._replace(letter=letter)
    assert any(told in str(one) for one in make(order, recipients(1), traits, used(0)).warnings)
    assert not any(told in str(one) for one in make(order, recipients(1), TRAITS, used(0)).warnings)


def test_only_what_no_rehearsal_may_do_stops_one() -> None:
    assert [rule for rule in Rule if rule.holds_in_rehearsal] == [
        Rule.NOT_ACTIVE,
        Rule.SENDER,
        Rule.BLOCKED,
        Rule.NOBODY,
    ]
