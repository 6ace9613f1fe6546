"""Under which disposal decision a purge acts, and whose data that decision covers.

What must stay true: a decision never reaches another municipality's data. One with a retention of its own
falls under nothing else; one that the config does not know any more under nothing, until somebody names it.
"""

from collections.abc import Iterator
from typing import NamedTuple

from smsctl.config.settings import MunicipalitySettings, RetentionSettings, Settings
from smsctl.errors import InputError
from smsctl.ledger import purging
from smsctl.ledger.purging import Reach
from smsctl.ledger.store import Ledger

_NONE = RetentionSettings(days=None, decision=None)


class Regime(NamedTuple):
    """What the config says of the data of one municipality, or of all that have no retention of their own."""

    municipality: str | None  # its key; None: all those, and what belongs to none
    retention: RetentionSettings
    reach: Reach
    is_own: bool = False  # so that no other decision or age may take its place


def regime_of(settings: Settings, ledger: Ledger, named: str | None) -> Regime:
    """Return what a purge goes by: of the municipality that is named, or the common one.

    Raises InputError where neither the config nor the ledger knows a municipality of that name.
    """
    if named is None:
        return _common(settings)
    try:
        found = settings.municipality(named)
    except InputError:
        if named not in purging.of_nobody_known(ledger, settings.municipalities):
            raise
        return Regime(municipality=named, retention=_NONE, reach=_alone(named))
    if found.retention.is_given:
        return _own(found)
    return Regime(municipality=found.key, retention=settings.retention, reach=_alone(found.key))


def regimes(settings: Settings) -> Iterator[Regime]:
    """Yield every regime of the config, the common one first."""
    yield _common(settings)
    yield from (_own(one) for one in settings.municipalities.values() if one.retention.is_given)


def _common(settings: Settings) -> Regime:
    without = (key for key, one in settings.municipalities.items() if not one.retention.is_given)
    reach = Reach(municipalities=frozenset(without), strays=True)
    return Regime(municipality=None, retention=settings.retention, reach=reach)


def _own(payer: MunicipalitySettings) -> Regime:
    return Regime(municipality=payer.key, retention=payer.retention, reach=_alone(payer.key), is_own=True)


def _alone(municipality: str) -> Reach:
    return Reach(municipalities=frozenset({municipality}), strays=False)
