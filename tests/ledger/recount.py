"""The money of a ledger counted again from its messages, by no code of smsctl's own."""

from collections import Counter

from smsctl.domain.costs import DrawnParts
from smsctl.domain.costs import costs as cost_of
from smsctl.domain.package import Package, share_ore
from smsctl.ledger import costs
from smsctl.ledger.store import Ledger

COSTING = {"accepted", "held", "unknown", "delivered", "expired", "failed"}


def must_agree(ledger: Ledger) -> None:
    """Raise AssertionError unless entries, packages, invoices and sums are what the messages say."""
    _entries_are_the_parts_that_cost(ledger)
    _packages_hold(ledger)
    _sums_agree(ledger)


def _entries_are_the_parts_that_cost(ledger: Ledger) -> None:
    cost: Counter[int] = Counter()
    for mailing, state, besides, parts in ledger.rows(
        "SELECT g.id, m.state, m.taken_besides, COALESCE(m.parts, g.parts_each) FROM messages m"
        " JOIN mailings g ON g.id = m.mailing"
    ):
        cost[mailing] += parts * ((state in COSTING) + besides)
    entered: Counter[int] = Counter(
        dict(ledger.rows("SELECT mailing, SUM(parts) FROM entries GROUP BY mailing"))
    )
    assert +entered == +cost
    below = ledger.rows("SELECT batch, package FROM entries GROUP BY batch, package HAVING SUM(parts) < 0")
    assert not below, "more was given back than was drawn"


def _packages_hold(ledger: Ledger) -> None:
    drawn = {
        (town, package): parts
        for town, package, parts in ledger.rows(
            "SELECT municipality, package, SUM(parts) FROM entries WHERE package > 0 GROUP BY 1, 2"
        )
    }
    numbers: dict[str, int] = {}
    for town, number, size, used, price, day in ledger.rows(
        "SELECT municipality, number, size, used, price_ore, opened_day FROM packages ORDER BY 1, 2"
    ):
        assert number == numbers.get(town, 0) + 1, "a gap"
        numbers[town] = number
        assert used == drawn.pop((town, number), 0)
        assert 0 <= used <= size
        invoices = ledger.rows(
            "SELECT day, parts, price_ore FROM invoices WHERE municipality = ? AND package = ?", town, number
        )
        assert invoices == [(day, size, price)]
    assert not drawn, "parts of a package that nobody opened"
    assert sum(numbers.values()) == len(ledger.rows("SELECT 1 FROM invoices"))


def _sums_agree(ledger: Ledger) -> None:
    for told, counted in _SUMS:
        assert set(ledger.rows(told)) == set(ledger.rows(counted))


# Cancelled messages are counted on the day they were cancelled, which nothing but the sum remembers.
_SUMS = (
    (
        """SELECT mailing, state, messages, parts FROM mailing_counts WHERE messages <> 0 OR parts <> 0""",
        """SELECT m.mailing, m.state, COUNT(*), SUM(COALESCE(m.parts, g.parts_each))
        FROM messages m JOIN mailings g ON g.id = m.mailing GROUP BY 1, 2""",
    ),
    (
        """SELECT municipality, day, package, parts FROM day_parts WHERE parts <> 0""",
        """SELECT municipality, day, package, SUM(parts) FROM entries GROUP BY 1, 2, 3
        HAVING SUM(parts) <> 0""",
    ),
    (
        """SELECT municipality, day, state, messages, parts FROM day_counts
        WHERE messages <> 0 AND state <> 'cancelled'""",
        """SELECT g.municipality, COALESCE(b.claimed_day, g.created_day), m.state, COUNT(*),
        SUM(COALESCE(m.parts, g.parts_each))
        FROM messages m JOIN mailings g ON g.id = m.mailing LEFT JOIN batches b ON b.id = m.batch
        WHERE m.state <> 'cancelled' GROUP BY 1, 2, 3""",
    ),
)


def costs_must_agree(ledger: Ledger) -> None:
    """Raise AssertionError unless months, cost centres, packages and invoices add up to the same money."""
    entered: dict[_Key, int] = {row[:6]: row[6] for row in ledger.rows(_BY_PRICE)}
    whole, named = costs.drawn(ledger), costs.drawn_by_cost_centre(ledger)
    assert {_key(one): one.parts for one in whole if one.parts} == _without_centres(entered)
    assert {_key(one): one.parts for one in named if one.parts} == _nonzero(entered)
    by_month, by_centre = cost_of(whole), cost_of(named)
    assert all(isinstance(ore, int) for ore in (*by_month.values(), *by_centre.values()))
    shares: Counter[tuple[str, str]] = Counter()
    for (town, month, _), ore in by_centre.items():
        shares[town, month] += ore
    assert {key: ore for key, ore in shares.items() if ore} == {
        (town, month): ore for (town, month, _), ore in by_month.items() if ore
    }
    drawn = ledger.rows("SELECT number, size, price_ore, used FROM packages")
    packages = [Package(number=n, size=size, price_ore=price, used=used) for n, size, price, used in drawn]
    used = sum(share_ore(one.used, one.size, one.price_ore) for one in packages)
    outside = sum(
        share_ore(parts, size, price)
        for size, price, parts in ledger.rows(
            "SELECT g.rate_parts, g.rate_ore, SUM(e.parts) FROM entries e JOIN mailings g ON g.id = e.mailing"
            " WHERE e.package = 0 AND g.rate_parts > 0 GROUP BY 1, 2"
        )
    )
    assert sum(by_month.values()) == used + outside
    invoiced = ledger.rows("SELECT COALESCE(SUM(price_ore), 0) FROM invoices")[0][0]
    assert invoiced == used + sum(one.unused_ore for one in packages)


_Key = tuple[str, str, str, int, int, int]


def _key(one: DrawnParts) -> _Key:
    source = one.source
    return source.municipality, one.slot, one.cost_centre, source.package, source.size, source.price_ore


def _without_centres(entered: dict[_Key, int]) -> dict[_Key, int]:
    found: Counter[_Key] = Counter()
    for (town, month, _, package, size, price), parts in entered.items():
        found[town, month, "", package, size, price] += parts
    return _nonzero(found)


def _nonzero(counted: dict[_Key, int]) -> dict[_Key, int]:
    return {key: parts for key, parts in counted.items() if parts}


_BY_PRICE = """SELECT e.municipality, substr(e.day, 1, 7), COALESCE(b.cost_centre, ''), e.package,
    COALESCE(p.size, g.rate_parts, 0), COALESCE(p.price_ore, g.rate_ore, 0), SUM(e.parts)
    FROM entries e JOIN mailings g ON g.id = e.mailing LEFT JOIN batches b ON b.id = e.batch
    LEFT JOIN packages p ON p.municipality = e.municipality AND p.number = e.package
    GROUP BY 1, 2, 3, 4, 5, 6"""
