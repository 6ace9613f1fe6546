"""What a municipality has spent of its year and month, and what more parts would cost on top of that."""

from datetime import date
from typing import NamedTuple

from smsctl.domain.municipality import Municipality
from smsctl.domain.package import ConsumptionPace, Package, draw, share_ore


class Spending(NamedTuple):
    """What was drawn in this year and month costs, without VAT, and from where the next parts come."""

    year_ore: int = 0
    month_ore: int = 0
    packages: tuple[Package, ...] = ()  # with nothing reserved
    outside: int = 0  # parts drawn so far outside any package at the municipality's rate
    on_the_wire: int = 0  # parts that are drawn first

    def more_ore(self, payer: Municipality, parts: int) -> int:
        """Return what the parts on the wire and so many more add, by the sums that they come to."""
        if payer.rate is None:
            return 0
        parts += self.on_the_wire
        if payer.package is None:
            size, price_ore = payer.rate
            return share_ore(self.outside + parts, size, price_ore) - share_ore(self.outside, size, price_ore)
        used = {one.number: one.used for one in self.packages}
        return sum(
            share_ore(used.get(one.package, 0) + one.parts, one.size, one.price_ore)
            - share_ore(used.get(one.package, 0), one.size, one.price_ore)
            for one in draw(self.packages, parts, payer.package)
        )


class YearBudget(NamedTuple):
    """A calendar year's budget in öre, what is used of it, and what the year comes to at the latest pace."""

    year: int
    budget_ore: int
    used_ore: int
    foreseen_ore: int

    @property
    def left_ore(self) -> int:
        """What is left; negative where more was used."""
        return self.budget_ore - self.used_ore

    @property
    def percent(self) -> int:
        """The share that is used, rounded down."""
        return share_percent(self.used_ore, self.budget_ore)


def share_percent(used_ore: int, budget_ore: int) -> int:
    """Return how much of a budget is used, in percent rounded down; 100 of one of nothing."""
    return 100 * used_ore // budget_ore if budget_ore else 100


def year_budget(
    payer: Municipality, spending: Spending, pace: ConsumptionPace, today: date
) -> YearBudget | None:
    """Return the year's budget and its forecast; None where there is none, or no price is known."""
    if payer.budget_year_ore is None or payer.rate is None:
        return None
    days_left = (date(today.year, 12, 31) - today).days
    to_come = pace.parts * days_left // pace.days if pace.parts > 0 else 0
    return YearBudget(
        year=today.year,
        budget_ore=payer.budget_year_ore,
        used_ore=spending.year_ore,
        foreseen_ore=spending.year_ore + spending.more_ore(payer, to_come),
    )
