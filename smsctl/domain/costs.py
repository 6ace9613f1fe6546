"""What parts cost, month by month and cost centre by cost centre: sums that agree to the öre.

A month costs what the parts drawn until its end cost, less what those until its beginning did. So the months
add up to the total whatever was rounded, and a correction that takes back what was drawn takes back its cost.
Beside what was used stands what was invoiced: what is left in packages is paid for, and not yet a cost.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from smsctl.domain.package import share_ore


class PartSource(NamedTuple):
    """Where parts were drawn from: a package, or outside any (0) at a rate."""

    municipality: str
    package: int
    size: int  # so many parts cost price_ore; 0: no price is known
    price_ore: int


class DrawnParts(NamedTuple):
    """Parts drawn from one source in one slot of time, for one cost centre."""

    source: PartSource
    slot: str  # 2026-11; in the order of time, and what came before all that is asked for has ""
    parts: int  # negative where more was given back
    cost_centre: str = ""  # "": none


class CostSlot(NamedTuple):
    """What is told apart in a sum of costs."""

    municipality: str
    slot: str
    cost_centre: str


def costs(drawn: Iterable[DrawnParts]) -> Mapping[CostSlot, int]:
    """Return the cost in öre by municipality, slot and cost centre; what has no price costs nothing here.

    Each slot's cost of a source is shared out by largest remainder, so that the shares add up to it.
    """
    found: defaultdict[CostSlot, int] = defaultdict(int)
    by_source: defaultdict[PartSource, defaultdict[str, defaultdict[str, int]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(int))
    )
    for one in drawn:
        by_source[one.source][one.slot][one.cost_centre] += one.parts
    for source, slots in by_source.items():
        if not source.size:
            continue
        so_far = 0
        for slot, parts in sorted(slots.items()):
            before, so_far = so_far, so_far + sum(parts.values())
            cost = share_ore(so_far, source.size, source.price_ore)
            cost -= share_ore(before, source.size, source.price_ore)
            alone = len(parts) == 1
            shares = dict.fromkeys(parts, cost) if alone else shared_out(cost, parts, source)
            for cost_centre, ore in shares.items():
                key = CostSlot(municipality=source.municipality, slot=slot, cost_centre=cost_centre)
                found[key] += ore
    return dict(found)


def shared_out(cost_ore: int, parts: Mapping[str, int], source: PartSource) -> dict[str, int]:
    """Share a cost out by what each has drawn, whole öre first, then one each by the largest remainder.

    `cost_ore` is the rounded cost of all the parts together, so that less than one öre each is left over.
    """
    exact = {name: divmod(n * source.price_ore, source.size) for name, n in parts.items()}
    left = cost_ore - sum(whole for whole, _ in exact.values())
    first = sorted(exact, key=lambda name: (-exact[name][1], name))[:left]
    return {name: whole + (name in first) for name, (whole, _) in exact.items()}


class PeriodSum(NamedTuple):
    """An amount in öre without VAT, before a period and in it."""

    before_ore: int
    ore: int


class ClosedPackage(NamedTuple):
    """A package that was closed with room in it."""

    number: int
    size: int
    price_ore: int
    before: bool  # the period


class Balance(NamedTuple):
    """The money of a municipality's packages in a period, in öre without VAT; no rounding is left over."""

    before_ore: int  # paid for and not used when the period began
    invoiced_ore: int
    used_ore: int
    lost_ore: int  # with packages that were closed

    @property
    def left_ore(self) -> int:
        """The prepaid value: paid for and not used when the period ends."""
        return self.before_ore + self.invoiced_ore - self.used_ore - self.lost_ore


def balance(
    invoiced: PeriodSum, used: PeriodSum, drawn: Iterable[DrawnParts], closed: Collection[ClosedPackage]
) -> Balance:
    """Return how the money of one municipality's packages stands; the slot "" is what was before the period.

    `used` is what the parts drawn from packages cost. What is given back to a package after it was closed is
    lost with it.
    """
    parts, parts_before = Counter[int](), Counter[int]()
    for one in drawn if closed else ():
        parts[one.source.package] += one.parts
        parts_before[one.source.package] += 0 if one.slot else one.parts
    lost = sum(_lost(one, parts) for one in closed)
    lost_before = sum(_lost(one, parts_before) for one in closed if one.before)
    return Balance(
        before_ore=invoiced.before_ore - used.before_ore - lost_before,
        invoiced_ore=invoiced.ore,
        used_ore=used.ore,
        lost_ore=lost - lost_before,
    )


def _lost(package: ClosedPackage, drawn: Counter[int]) -> int:
    return package.price_ore - share_ore(drawn[package.number], package.size, package.price_ore)
