"""A municipality: who orders, sends and pays."""

from typing import NamedTuple

from smsctl.domain.package import Terms


class Municipality(NamedTuple):
    """One payer, as the config knows it."""

    key: str
    name: str
    rate: Terms | None = None  # the price of parts; None: not known, parts are only counted
    in_packages: bool = False  # True: the rate is that of a package, bought and invoiced as a block

    @property
    def package(self) -> Terms | None:
        """What the next package would be; None where there are no packages."""
        return self.rate if self.in_packages else None
