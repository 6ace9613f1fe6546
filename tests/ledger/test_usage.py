import pytest

from smsctl.domain.message import Status
from smsctl.domain.moment import Period
from smsctl.domain.package import ConsumptionPace
from smsctl.ledger import checking, corrections, mailings, municipalities, usage
from smsctl.ledger.store import Ledger
from smsctl.ledger.usage import Month

from . import sending
from .conftest import ACTOR, NOW, TOWN, on
from .sending import new

TODAY = NOW.day


def sent_on(ledger: Ledger, day: str, messages: int, kind: str = "send") -> None:
    mailing = sending.begin(ledger, messages, new(kind=kind, body=f"Hej {day}"), on(day))
    sending.settle(ledger, mailing, sending.claim(ledger, mailing, moment=on(day)), moment=on(day))


def test_a_municipality_that_never_sent_has_used_nothing(ledger: Ledger) -> None:
    found = usage.usage(ledger, TOWN.key)
    assert (found.package, found.parts, found.messages, found.months) == (None, 0, 0, ())
    assert usage.pace_of(ledger, TOWN.key, TODAY).parts == 0


def test_parts_are_told_by_local_month_inside_and_outside_packages(ledger: Ledger) -> None:
    sent_on(ledger, "2026-09-30", 1, "test")
    sending.activate(ledger)
    sent_on(ledger, "2026-10-01", 3)
    sent_on(ledger, "2026-10-31", 4)
    sent_on(ledger, "2026-11-01", 5)
    found = usage.usage(ledger, TOWN.key)
    assert found.months == (
        Month(month="2026-09", messages=1, parts=1, parts_outside=1, cost_ore=490),
        Month(month="2026-10", messages=7, parts=7, parts_outside=0, cost_ore=3430),
        Month(month="2026-11", messages=5, parts=5, parts_outside=0, cost_ore=2450),
    )
    assert (found.parts, found.parts_outside, found.messages, found.left) == (13, 1, 13, 8)
    assert not checking.check(ledger)


@pytest.mark.parametrize(
    ("period", "parts"),
    [
        (Period(since="2026-10-31"), 9),
        (Period(until="2026-10-31"), 7),
        (Period(since="2026-10-02", until="2026-10-31"), 4),
        (Period(since="2027-01-01"), 0),
    ],
)
def test_a_period_is_counted_by_itself_and_the_packages_stay(
    period: Period, parts: int, ledger: Ledger
) -> None:
    sending.activate(ledger)
    for day, messages in (("2026-10-01", 3), ("2026-10-31", 4), ("2026-11-01", 5)):
        sent_on(ledger, day, messages)
    found = usage.usage(ledger, TOWN.key, period)
    assert (found.parts, found.messages) == (parts, parts)
    assert sum(found.states.values()) == parts
    assert found.left == 8


def test_what_is_on_the_wire_counts_as_used(ledger: Ledger) -> None:
    sending.activate(ledger)
    sending.claim(ledger, sending.begin(ledger, 4))
    found = usage.usage(ledger, TOWN.key)
    assert (found.parts, found.left, found.messages) == (4, 6, 4)
    assert usage.usage(ledger, TOWN.key, Period(since=TODAY, until=TODAY)).parts == 4
    assert usage.usage(ledger, TOWN.key, Period(until=on("2026-11-21").day)).parts == 0
    assert usage.usage(ledger, TOWN.key, Period(since=on("2026-11-23").day)).parts == 0


def test_a_month_in_which_nothing_was_sent_stands_between_the_others(ledger: Ledger) -> None:
    sending.activate(ledger)
    for day in ("2026-11-30", "2027-02-01"):
        sent_on(ledger, day, 1)
    found = usage.usage(ledger, TOWN.key).months
    assert [(one.month, one.parts) for one in found] == [
        ("2026-11", 1),
        ("2026-12", 0),
        ("2027-01", 0),
        ("2027-02", 1),
    ]


def test_a_correction_counts_in_the_month_it_is_made(ledger: Ledger) -> None:
    sending.activate(ledger)
    sent_on(ledger, "2026-10-01", 3)
    with ledger.transaction():
        messages: dict[int, int] = dict(ledger.rows("SELECT id, batch FROM messages"))
        row = ledger.one("SELECT id FROM mailings")
        mailing = mailings.get(ledger, row[0] if row else 0)
        corrections.move(ledger, mailing, messages, Status.ACCEPTED, Status.CANCELLED, NOW, "stopped")
    assert [(one.month, one.parts) for one in usage.usage(ledger, TOWN.key).months] == [
        ("2026-10", 3),
        ("2026-11", -3),
    ]


def test_a_package_has_the_days_of_its_life_and_its_invoice(ledger: Ledger) -> None:
    sending.activate(ledger, moment=on("2026-10-01"))
    sent_on(ledger, "2026-10-20", 9)
    sent_on(ledger, "2026-11-02", 3)
    found = usage.usage(ledger, TOWN.key)
    assert [line[1:] for line in usage.package_lines(ledger, found, most=9)] == [
        ("2026-10-01", "2026-11-02", 1, None, None),
        ("2026-11-02", None, 2, None, None),
    ]
    (newest,) = usage.package_lines(ledger, found, most=1)
    assert newest.package.number == 2


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ("2026-11-22", ConsumptionPace(parts=4, days=14)),  # a first busy day is no pace
        ("2026-11-03", ConsumptionPace(parts=4, days=20)),
        ("2026-08-25", ConsumptionPace(parts=4, days=90)),
        ("2026-08-24", ConsumptionPace(parts=0, days=90)),
    ],
)
def test_the_pace_is_that_of_the_last_ninety_days(
    first: str, expected: ConsumptionPace, ledger: Ledger
) -> None:
    sending.activate(ledger)
    sent_on(ledger, first, 4)
    assert usage.pace_of(ledger, TOWN.key, TODAY) == expected


def test_what_is_drawn_from_no_package_is_no_pace_of_the_packages(ledger: Ledger) -> None:
    sent_on(ledger, "2026-11-02", 3, kind="test")
    sending.activate(ledger, moment=on("2026-11-03"))
    sent_on(ledger, "2026-11-03", 4)
    assert usage.pace_of(ledger, TOWN.key, TODAY).parts == 4


def test_everybody_the_ledger_knows_is_listed(ledger: Ledger) -> None:
    sending.send(ledger, 1, new(kind="test", municipality=TOWN._replace(key="a")))
    municipalities.order(ledger, TOWN, NOW, ACTOR)
    assert usage.known_municipalities(ledger) == ("a", "town")
