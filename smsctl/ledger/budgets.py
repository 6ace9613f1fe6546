"""What a municipality has spent in this year and month; a claim asks in its own transaction.

The sums are those of `smsctl.domain.costs`, taken the short way: what was drawn from a package until now
stands with it, so that only the days since then are read.
"""

from collections import Counter

from smsctl.domain.budget import Spending
from smsctl.domain.municipality import Municipality
from smsctl.domain.package import PackageTerms, share_ore
from smsctl.ledger import packages
from smsctl.ledger.store import Ledger


def spending(ledger: Ledger, payer: Municipality, today: str) -> Spending:
    """Return what was spent until now in the year and month of a local day.

    What a clock that was ahead has dated later counts as of today. Parts that were drawn before their price
    was known cost what they would now.
    """
    year, month = (_since(ledger, payer, day) for day in (f"{today[:4]}-01-01", f"{today[:7]}-01"))
    ever = _outside_since(ledger, payer, "")
    return Spending(
        year_ore=year,
        month_ore=month,
        packages=tuple(packages.with_what_is_drawn(ledger, payer.key)),
        outside=ever[payer.rate] if payer.rate else 0,
        on_the_wire=packages.parts_in_flight(ledger, payer.key),
    )


def _since(ledger: Ledger, payer: Municipality, day: str) -> int:
    """Return the cost in öre of what was drawn on a local day or later."""
    drawn = ledger.rows(
        "SELECT p.size, p.price_ore, p.used, SUM(d.parts) FROM day_parts d"
        " JOIN packages p ON p.municipality = d.municipality AND p.number = d.package"
        " WHERE d.municipality = ? AND d.day >= ? GROUP BY p.number, p.size, p.price_ore, p.used",
        payer.key,
        day,
    )
    ever = _outside_since(ledger, payer, "")
    outside = [(*rate, ever[rate], parts) for rate, parts in _outside_since(ledger, payer, day).items()]
    return sum(
        share_ore(used, size, price_ore) - share_ore(used - int(parts), size, price_ore)
        for size, price_ore, used, parts in (*drawn, *outside)
    )


def _outside_since(ledger: Ledger, payer: Municipality, day: str) -> Counter[PackageTerms]:
    """Return the parts drawn outside any package on a local day or later, by their price."""
    found: Counter[PackageTerms] = Counter()
    for size, price_ore, parts in ledger.rows(
        "SELECT rate_parts, rate_ore, SUM(parts) FROM outside_parts WHERE municipality = ? AND day >= ?"
        " GROUP BY rate_parts, rate_ore",
        payer.key,
        day,
    ):
        rate = PackageTerms(size=size, price_ore=price_ore) if size else payer.rate
        if rate is not None:
            found[rate] += int(parts)
    return found
