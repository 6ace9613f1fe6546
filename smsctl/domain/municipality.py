"""A municipality: who orders, sends and pays, and the life of the service there."""

from enum import StrEnum
from typing import NamedTuple

from smsctl.domain.package import PackageTerms


class Municipality(NamedTuple):
    """One payer, as the config knows it."""

    key: str
    name: str
    rate: PackageTerms | None = None  # the price of parts; None: not known, parts are only counted
    budget_year_ore: int | None = None  # without VAT
    in_packages: bool = False  # True: the rate is that of a package, bought and invoiced as a block

    @property
    def package(self) -> PackageTerms | None:
        """What the next package would be; None where there are no packages."""
        return self.rate if self.in_packages else None


class ServiceState(StrEnum):
    """Where the service of a municipality with packages stands; without packages it has no such state."""

    ORDERED = "ordered"  # asked for at the supplier
    ACTIVE = "active"  # mailings may be sent, and packages opened
    INACTIVE = "inactive"  # was active; nothing is sent and no package opened any more


class Service(NamedTuple):
    """The life of the service as it stands now; all that was before is in the audit."""

    state: ServiceState
    since_day: str  # 2026-11-22, local
    by_whom: str
