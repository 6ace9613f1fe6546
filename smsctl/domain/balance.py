"""What was invoiced beside what was used: what is left in packages is paid for, and not yet a cost."""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import NamedTuple

from smsctl.domain.costs import DrawnParts
from smsctl.domain.package import share_ore


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
