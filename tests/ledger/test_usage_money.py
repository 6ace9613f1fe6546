"""Money adds up: months, total, entries and invoices, whatever was sent, taken back, opened and closed."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from smsctl.domain.costs import costs as cost_of
from smsctl.domain.message import Status
from smsctl.domain.moment import ALWAYS, Moment, Period
from smsctl.domain.municipality import Municipality
from smsctl.domain.package import PackageTerms, share_ore
from smsctl.errors import RuleError
from smsctl.ledger import corrections, costs, health, mailings, municipalities
from smsctl.ledger.store import Ledger, open_ledger
from smsctl.ledger.usage import Usage, usage

from . import sending
from .conftest import ACTOR, NOW, TOWN, on
from .recount import must_agree
from .sending import new

PLAIN = Municipality(key="plain", name="Plain", rate=PackageTerms(size=100, price_ore=4999))
UNPRICED = Municipality(key="unpriced", name="Unpriced")
ODD = PackageTerms(size=7, price_ore=1000)


def entered_ore(ledger: Ledger, town: str, until: str = "9999") -> int:
    """What the entries cost: for each package, and each price outside of them, rounded once."""
    sums = ledger.rows(
        "SELECT e.package, COALESCE(p.size, g.rate_parts, 0), COALESCE(p.price_ore, g.rate_ore, 0),"
        " SUM(e.parts)"
        " FROM entries e JOIN mailings g ON g.id = e.mailing"
        " LEFT JOIN packages p ON p.municipality = e.municipality AND p.number = e.package"
        " WHERE e.municipality = ? AND e.day <= ? GROUP BY 1, 2, 3",
        town,
        until,
    )
    return sum(share_ore(parts, size, price) for _, size, price, parts in sums if size)


def prepaid_ore(ledger: Ledger, town: str, until: str) -> int:
    """What is left at the end of a day in the packages that were open then."""
    left = ledger.rows(
        "SELECT p.size, p.price_ore, COALESCE(SUM(e.parts), 0) FROM packages p LEFT JOIN entries e"
        " ON e.municipality = p.municipality AND e.package = p.number AND e.day <= ?"
        " WHERE p.municipality = ? AND p.opened_day <= ? AND COALESCE(p.closed_day, '9999-99') > ?"
        " GROUP BY p.number, p.size, p.price_ore",
        until,
        town,
        until,
        until,
    )
    return sum(price - share_ore(used, size, price) for size, price, used in left)


def adds_up(ledger: Ledger, town: str, days: list[str]) -> None:
    found = usage(ledger, town)
    assert cost_of(costs.drawn(ledger, town)) == cost_of(costs.drawn_in_sum(ledger, town))
    assert found.cost_ore == sum(one.cost_ore for one in found.months) == entered_ore(ledger, town)
    invoiced = ledger.one("SELECT COALESCE(SUM(price_ore), 0) FROM invoices WHERE municipality = ?", town)
    assert invoiced == (found.balance.invoiced_ore,)
    whole = found.balance
    assert whole.invoiced_ore == whole.used_ore + whole.lost_ore + whole.left_ore
    assert whole.used_ore + found.outside_ore == found.cost_ore
    for day in days:
        until, since = usage(ledger, town, Period(until=day)), usage(ledger, town, Period(since=after(day)))
        assert until.cost_ore == entered_ore(ledger, town, day)
        assert until.balance.left_ore == since.balance.before_ore == prepaid_ore(ledger, town, day)
        assert since.balance.left_ore == whole.left_ore
        assert until.cost_ore + since.cost_ore == found.cost_ore
        assert until.balance.lost_ore + since.balance.lost_ore == whole.lost_ore
    every = [found.cost_ore, found.outside_ore, *whole, *(one.cost_ore for one in found.months)]
    assert all(type(ore) is int for ore in every)


def after(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


@contextmanager
def empty() -> Iterator[Ledger]:
    with TemporaryDirectory() as folder:
        ledger = open_ledger(Path(folder) / "ledger.db")
        try:
            yield ledger
        finally:
            ledger.close()


STEPS = st.one_of(
    st.tuples(st.just("send"), st.integers(1, 9), st.integers(1, 3)),
    st.tuples(st.just("test"), st.integers(1, 2), st.integers(1, 2)),
    st.tuples(st.just("take back"), st.integers(0, 9), st.just(0)),
    st.tuples(st.just("activate"), st.just(0), st.just(0)),
    st.tuples(st.just("deactivate"), st.just(0), st.just(0)),
    st.tuples(st.just("new package"), st.integers(1, 9), st.integers(0, 999)),
    st.tuples(st.just("wait"), st.integers(1, 40), st.just(0)),
)


BEGIN, SEND, CLOSE, LATER = ("activate", 0, 0), ("send", 9, 2), ("new package", 7, 999), ("wait", 40, 0)
TAKE_BACK = ("take back", 0, 0)


@settings(max_examples=40, deadline=None)
@given(st.lists(STEPS, max_size=14), st.sampled_from([TOWN, TOWN, PLAIN, UNPRICED]))
@example([BEGIN, SEND, CLOSE, LATER, SEND, LATER], TOWN)  # something is lost, and then more is used
@example([BEGIN, SEND, CLOSE, LATER, TAKE_BACK, LATER], TOWN)  # what is given back is lost too
@example([BEGIN, SEND, LATER, TAKE_BACK, LATER, SEND, LATER], TOWN)  # whole in one month, and open again
@example([BEGIN, SEND, SEND, LATER, SEND, SEND, LATER, TAKE_BACK, CLOSE], TOWN)  # whole, open again, lost
@example([BEGIN, SEND, ("wait", 1, 0), SEND], TOWN)  # a package is opened on the first day that is asked for
@example([BEGIN, SEND, SEND, LATER, SEND, SEND, SEND, LATER], TOWN)  # several are whole in one month
@example([("test", 1, 1), LATER, SEND, LATER, TAKE_BACK], PLAIN)
def test_months_total_entries_and_invoices_agree(
    steps: list[tuple[str, int, int]], town: Municipality
) -> None:
    with empty() as ledger:
        day, days, terms = date.fromisoformat(NOW.day), list[str](), town.package
        for step, one, other in steps:
            moment = on(day.isoformat())
            days.append(moment.day)
            if step == "wait":
                day += timedelta(days=one)
            elif step == "take back":
                take_back(ledger, one, moment)
            elif step in ("send", "test"):
                payer = town._replace(rate=terms or town.rate)
                mailing = sending.begin(ledger, one, new(municipality=payer, kind=step, parts=other), moment)
                try:
                    claimed = sending.claim(ledger, mailing, moment=moment)
                except RuleError:
                    continue
                states = [Status.UNKNOWN if n % 2 else Status.ACCEPTED for n in range(one)]
                sending.settle(ledger, mailing, claimed, states, moment)
            elif terms:
                terms = live(ledger, step, town._replace(rate=terms), one, other, moment)
        must_agree(ledger)
        adds_up(ledger, town.key, days)


def take_back(ledger: Ledger, which: int, moment: Moment) -> None:
    """Find that what was unknown of one mailing was never sent."""
    row = ledger.one("SELECT id FROM mailings ORDER BY id LIMIT 1 OFFSET ?", which)
    if row is None:
        return
    mailing = mailings.get(ledger, row[0])
    with ledger.transaction():
        found = corrections.messages_in(ledger, mailing, Status.UNKNOWN)
        corrections.move(ledger, mailing, found, Status.UNKNOWN, Status.REJECTED, moment, "not sent")


def live(
    ledger: Ledger, step: str, town: Municipality, one: int, other: int, moment: Moment
) -> PackageTerms | None:
    """Let the service begin, end, or change its supplier; return the terms from then on."""
    if step == "activate":
        sending.activate(ledger, town, moment)
    elif step == "deactivate":
        municipalities.deactivate(ledger, town, moment, ACTOR)
    elif step == "new package":
        terms = PackageTerms(size=one, price_ore=other)
        try:
            with ledger.transaction():
                municipalities.renew(ledger, town, terms, moment, ACTOR, "new supplier")
        except RuleError:
            return town.package
        return terms
    return town.package


@pytest.fixture
def odd(ledger: Ledger) -> Ledger:
    """Three parts of a package of seven for ten kronor, in three months; then it is closed."""
    town = TOWN._replace(rate=ODD)
    sending.activate(ledger, town, on("2026-09-01"))
    for day in ("2026-09-30", "2026-10-01", "2026-11-30"):
        mailing = sending.begin(ledger, 1, new(municipality=town, body=day), on(day))
        sending.settle(ledger, mailing, sending.claim(ledger, mailing, moment=on(day)), moment=on(day))
    return ledger


def test_months_are_rounded_so_that_they_add_up(odd: Ledger) -> None:
    found = usage(odd, TOWN.key)
    assert [one.cost_ore for one in found.months] == [143, 143, 143]
    assert found.cost_ore == 429
    assert (found.balance.invoiced_ore, found.balance.left_ore) == (1000, 571)


def test_what_is_left_at_the_end_of_a_year_is_told(odd: Ledger) -> None:
    with odd.transaction():
        municipalities.renew(odd, TOWN, ODD, on("2027-01-02"), ACTOR, "new supplier")
    old = usage(odd, TOWN.key, Period(until="2026-12-31")).balance
    assert (old.invoiced_ore, old.used_ore, old.lost_ore, old.left_ore) == (1000, 429, 0, 571)
    new_year = usage(odd, TOWN.key, Period(since="2027-01-01")).balance
    assert (new_year.before_ore, new_year.invoiced_ore, new_year.lost_ore) == (571, 1000, 571)
    assert new_year.left_ore == 1000


def test_what_has_no_price_is_counted_and_costs_nothing(ledger: Ledger) -> None:
    sending.send(ledger, 3, new(municipality=UNPRICED))
    found = usage(ledger, UNPRICED.key)
    assert (found.parts, found.parts_unpriced, found.cost_ore) == (3, 3, 0)


def test_what_is_unknown_or_held_is_told_with_its_cost(ledger: Ledger) -> None:
    sending.activate(ledger)
    mailing = sending.begin(ledger, 3, new(parts=2))
    states = [Status.UNKNOWN, Status.HELD, Status.ACCEPTED]
    sending.settle(ledger, mailing, sending.claim(ledger, mailing), states)
    (found,) = health.unsettled_mailings(ledger, TOWN.key, 9)
    assert (found.mailing, found.unknown, found.held, found.parts, found.cost_ore) == (1, 1, 1, 4, 1960)
    whole = health.unsettled_sum(ledger, TOWN.key)
    assert (whole.newest, whole.mailings, whole.messages, whole.parts, whole.cost_ore) == (1, 1, 2, 4, 1960)


def test_what_is_on_the_wire_is_told_apart(ledger: Ledger) -> None:
    sending.activate(ledger)
    sending.claim(ledger, sending.begin(ledger, 3, new(parts=2)))
    found: Usage = usage(ledger, TOWN.key, ALWAYS)
    assert (found.parts, found.parts_on_the_wire, found.cost_ore) == (6, 6, 0)
