"""What parts cost, month by month and cost centre by cost centre: sums that agree to the öre.

A month costs what the parts drawn until its end cost, less what those until its beginning did. So the months
add up to the total whatever was rounded, and a correction that takes back what was drawn takes back its cost.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
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
