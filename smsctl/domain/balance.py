"""What was invoiced beside what was used: what is left in packages is paid for, and not yet a cost."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from smsctl.domain.costs import DrawnParts, costs
from smsctl.domain.package import share_ore


class Invoiced(NamedTuple):
    """The prices of the packages that were opened, in öre without VAT."""

    before_ore: int  # before the period
    ore: int  # in it


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


def balance(invoiced: Invoiced, drawn: Iterable[DrawnParts], closed: Collection[ClosedPackage]) -> Balance:
    """Return how the money of one municipality's packages stands; the slot "" is what was before the period.

    What is given back to a package after it was closed is lost with it.
    """
    inside = [one for one in drawn if one.source.package]
    used_before = used = 0
    for slot, ore in costs(inside).items():
        if slot.slot:
            used += ore
        else:
            used_before += ore
    numbers = {one.number for one in closed}
    parts = dict.fromkeys(numbers, 0)
    parts_before = dict.fromkeys(numbers, 0)
    for one in inside:
        if one.source.package in numbers:
            parts[one.source.package] += one.parts
            parts_before[one.source.package] += 0 if one.slot else one.parts
    lost = sum(one.price_ore - share_ore(parts[one.number], one.size, one.price_ore) for one in closed)
    lost_before = sum(
        one.price_ore - share_ore(parts_before[one.number], one.size, one.price_ore)
        for one in closed
        if one.before
    )
    return Balance(
        before_ore=invoiced.before_ore - used_before - lost_before,
        invoiced_ore=invoiced.ore,
        used_ore=used,
        lost_ore=lost - lost_before,
    )
