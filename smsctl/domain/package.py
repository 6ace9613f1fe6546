"""Package arithmetic: what is left, what n parts would draw, open and cost. Money is integer öre."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple


class Package(NamedTuple):
    """A block of parts bought and invoiced; size and price were frozen when it was opened."""

    number: int
    size: int  # parts
    price_ore: int  # without VAT
    used: int  # parts drawn
    reserved: int = 0  # parts on the wire right now, not yet drawn

    @property
    def left(self) -> int:
        """Parts that nobody has drawn or reserved."""
        return self.size - self.used - self.reserved

    @property
    def used_ore(self) -> int:
        """What was drawn costs, without VAT."""
        return share_ore(self.used, self.size, self.price_ore)

    @property
    def unused_ore(self) -> int:
        """What is paid for and not drawn, without VAT: the rest of the price beside what was."""
        return self.price_ore - self.used_ore


class PackageTerms(NamedTuple):
    """So many parts for so much: what the next package would be, or the rate where there are no packages."""

    size: int  # parts
    price_ore: int  # without VAT


class ConsumptionPace(NamedTuple):
    """How fast parts were drawn lately."""

    parts: int
    days: int


class Draw(NamedTuple):
    """Parts taken from one package."""

    package: int  # its number
    parts: int
    opens: bool  # this draw opens the package, and so makes an invoice
    size: int
    price_ore: int

    @property
    def cost_ore(self) -> int:
        """The share of the package's price, rounded half up."""
        return share_ore(self.parts, self.size, self.price_ore)


def are_nearly_used(packages: Sequence[Package], share: float, parts: int = 0) -> bool:
    """Say whether so little is left in all of them that the next one comes soon, after so many parts more.

    `share` is of the newest one's size: as much of it is used, where none before it has room.
    """
    newest, left = packages[-1], sum(one.left for one in packages) - parts
    return newest.size - left >= share * newest.size


def next_drawn(packages: Sequence[Package]) -> Package | None:
    """Return the package that the next part comes from; the last one where none has room."""
    return next((one for one in packages if one.left > 0), packages[-1] if packages else None)


def in_kronor(ore: int) -> str:
    """123450 öre -> 1 234,50 kr."""
    sign, ore = ("-", -ore) if ore < 0 else ("", ore)
    whole = f"{ore // 100:,}".replace(",", " ")
    return f"{sign}{whole},{ore % 100:02d} kr"


def share_ore(parts: int, size: int, price_ore: int) -> int:
    """Return `parts` out of a package of `size` that costs `price_ore`, rounded half up."""
    return (2 * parts * price_ore + size) // (2 * size)


def draw(packages: Sequence[Package], parts: int, terms: PackageTerms) -> tuple[Draw, ...]:
    """Say where `parts` would come from: the lowest packages with room first, then new ones.

    A package is opened by the first part that no longer fits, so that parts which exactly fill what is
    left open none. The caller gives the packages in the order of their numbers.
    """
    draws: list[Draw] = []
    wanted = parts
    for package in packages:
        taken = min(wanted, max(package.left, 0))
        if taken:
            draws.append(
                Draw(
                    package=package.number,
                    parts=taken,
                    opens=False,
                    size=package.size,
                    price_ore=package.price_ore,
                )
            )
            wanted -= taken
    number = packages[-1].number if packages else 0
    while wanted:
        number += 1
        taken = min(wanted, terms.size)
        draws.append(
            Draw(package=number, parts=taken, opens=True, size=terms.size, price_ore=terms.price_ore)
        )
        wanted -= taken
    return tuple(draws)


def runs_out(left: int, pace: ConsumptionPace, today: date) -> date | None:
    """Return the day on which the last of the parts `left` is drawn at this pace; None: not for years."""
    if left <= 0:
        return today
    if pace.parts <= 0 or left * pace.days > pace.parts * _LONGEST_FORECAST_DAYS:
        return None
    return today + timedelta(days=left * pace.days // pace.parts)


_LONGEST_FORECAST_DAYS = 5 * 365
