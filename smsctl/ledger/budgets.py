"""What a municipality has spent in this year and month; a claim asks in its own transaction."""

from smsctl.domain.budget import Spending
from smsctl.domain.costs import DrawnParts, costs
from smsctl.domain.moment import Period
from smsctl.domain.municipality import Municipality
from smsctl.domain.package import PackageTerms
from smsctl.ledger import packages
from smsctl.ledger.costs import drawn
from smsctl.ledger.store import Ledger


def spending(ledger: Ledger, payer: Municipality, today: str) -> Spending:
    """Return what was spent until now in the year and month of a local day.

    What a clock that was ahead has dated later counts as of today. Parts that were drawn before their price
    was known cost what they would now.
    """
    since = Period(since=f"{today[:4]}-01-01")
    found = [_priced(one, payer.rate) for one in drawn(ledger, payer.key, since)]
    by_month = {slot.slot: ore for slot, ore in costs(found).items() if slot.slot}
    outside = [one.parts for one in found if not one.source.package and one.source[2:] == payer.rate]
    return Spending(
        year_ore=sum(by_month.values()),
        month_ore=sum(ore for month, ore in by_month.items() if month >= today[:7]),
        packages=tuple(one._replace(reserved=0) for one in packages.packages_of(ledger, payer.key)),
        outside=sum(outside),
        on_the_wire=packages.parts_in_flight(ledger, payer.key),
    )


def _priced(one: DrawnParts, rate: PackageTerms | None) -> DrawnParts:
    if one.source.size or rate is None:
        return one
    return one._replace(source=one.source._replace(size=rate.size, price_ore=rate.price_ore))
