"""The life of the service per municipality: ordered, active, inactive."""

from smsctl.domain.moment import Actor, Moment
from smsctl.domain.municipality import Municipality
from smsctl.ledger import audit, packages
from smsctl.ledger.store import Ledger


def is_active(ledger: Ledger, municipality: str) -> bool:
    """Say whether live sending is allowed; a municipality that was never ordered counts as active."""
    row = ledger.one("SELECT state FROM municipalities WHERE municipality = ?", municipality)
    return row is None or row[0] == "active"


def is_known(ledger: Ledger, municipality: str) -> bool:
    """Say whether the municipality was ever ordered or activated."""
    return ledger.one("SELECT 1 FROM municipalities WHERE municipality = ?", municipality) is not None


def activate(ledger: Ledger, municipality: Municipality, moment: Moment, actor: Actor) -> int | None:
    """Make the municipality active, in the open transaction; return the package that was opened, if any.

    A package is opened only when nothing is left of the earlier ones.
    """
    ledger.write(
        "INSERT INTO municipalities (municipality, state, since_day, by_whom) VALUES (?, 'active', ?, ?)"
        " ON CONFLICT (municipality) DO UPDATE SET"
        " state = 'active', since_day = excluded.since_day, by_whom = excluded.by_whom",
        municipality.key,
        moment.day,
        actor.user,
    )
    audit.record(ledger, moment, actor, "activate", municipality.key)
    terms = municipality.package
    if terms is None or any(one.left > 0 for one in packages.packages_of(ledger, municipality.key)):
        return None
    return packages.open_package(ledger, municipality.key, terms, moment, None)
