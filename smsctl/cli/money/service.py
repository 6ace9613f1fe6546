"""What the commands of a municipality's service share: which one is meant, and how it stands."""

from smsctl.cli.money.municipalities import ServiceStatus
from smsctl.cli.wiring import Wiring
from smsctl.domain.municipality import Municipality
from smsctl.domain.package import PackageTerms
from smsctl.errors import ConfigError, say
from smsctl.ledger import municipalities, packages


def service_status(wiring: Wiring, municipality: Municipality) -> ServiceStatus:
    """Return how the municipality stands in the ledger of this mode."""
    return ServiceStatus(
        municipality=municipality,
        service=municipalities.service_of(wiring.ledger, municipality.key),
        packages=packages.packages_of(wiring.ledger, municipality.key),
    )


def terms_of(wiring: Wiring, municipality: Municipality) -> PackageTerms:
    """Return what a package is there; raise ConfigError where there are none, and so nothing to activate."""
    if municipality.package is None:
        raise ConfigError(
            say("{name} has no packages, so it needs no activation.", name=municipality.name),
            hint=say(
                "For packages, set package_size and package_price under [municipalities.{key}] in {path}.",
                key=municipality.key,
                path=wiring.settings.path,
            ),
        )
    return municipality.package
