"""The money of a ledger counted again from its messages, by no code of smsctl's own."""

from collections import Counter

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
