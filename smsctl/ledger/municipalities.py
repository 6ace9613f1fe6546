"""The life of the service per municipality: ordered, active, inactive.

What must stay true: nothing but `test` is sent live for a municipality with packages that is not active,
and no package is opened for it (the claim asks here, in its own transaction).
"""

from collections.abc import Mapping
from typing import NamedTuple

from smsctl.domain.moment import Actor, Moment
from smsctl.domain.municipality import Municipality, Service, ServiceState
from smsctl.domain.package import Package, PackageTerms
from smsctl.errors import RuleError, say
from smsctl.ledger import audit, packages, restoring
from smsctl.ledger.store import Ledger


class Renewal(NamedTuple):
    """A package that was opened at today's price, and those that were closed with room in them."""

    opened: int
    closed: tuple[Package, ...]


def service_of(ledger: Ledger, municipality: str) -> Service | None:
    """Return how the service stands; None where it was neither ordered nor activated."""
    return services(ledger).get(municipality)


def services(ledger: Ledger) -> Mapping[str, Service]:
    """Return the service of every municipality that was ever ordered or activated."""
    found = ledger.rows("SELECT municipality, state, since_day, by_whom FROM municipalities ORDER BY 1")
    return {
        municipality: Service(state=ServiceState(state), since_day=since, by_whom=by)
        for municipality, state, since, by in found
    }


def is_active(ledger: Ledger, municipality: str) -> bool:
    """Say whether mailings may be sent for a municipality with packages."""
    row = ledger.one("SELECT state FROM municipalities WHERE municipality = ?", municipality)
    return row is not None and row[0] == ServiceState.ACTIVE


def order(ledger: Ledger, municipality: Municipality, moment: Moment, actor: Actor) -> bool:
    """Record in one transaction that the service was ordered; False where it is ordered or active already."""
    with ledger.transaction():
        now = service_of(ledger, municipality.key)
        if now is not None and now.state is not ServiceState.INACTIVE:
            return False
        _enter(ledger, municipality, ServiceState.ORDERED, moment, actor)
        audit.record(ledger, moment, actor, "order", municipality.key)
    return True


def opens_package(ledger: Ledger, municipality: Municipality) -> bool:
    """Say whether an activation now would open a package: nothing is left of the earlier ones.

    Raises LedgerError where it would, and the ledger may have forgotten one.
    """
    if municipality.package is None or is_active(ledger, municipality.key):
        return False
    if any(one.left > 0 for one in packages.packages_of(ledger, municipality.key)):
        return False
    restoring.refuse_forgotten_packages(ledger)
    return True


def activate(ledger: Ledger, municipality: Municipality, moment: Moment, actor: Actor) -> int | None:
    """Make the municipality active, in the open transaction; return the package that was opened, if any.

    An active one stays as it is.
    """
    if is_active(ledger, municipality.key):
        return None
    opens, terms = opens_package(ledger, municipality), municipality.package
    _enter(ledger, municipality, ServiceState.ACTIVE, moment, actor)
    opened = packages.open_package(ledger, municipality.key, terms, moment, None) if opens and terms else None
    detail = f"package {opened}" if opened else ""
    audit.record(ledger, moment, actor, "activate", municipality.key, detail)
    return opened


def renew(
    ledger: Ledger, municipality: Municipality, terms: PackageTerms, moment: Moment, actor: Actor, reason: str
) -> Renewal:
    """Close what is left of every package, open one at these terms, and be active, in the open transaction.

    What was drawn stays where it was drawn, and what is given back later goes there too. Raises RuleError
    while anything is still to be sent, at the old price: it would be drawn from the new package; and where
    the same was ordered today, as on another host, and nothing of that package is used. LedgerError where the
    ledger may have forgotten a package.
    """
    restoring.refuse_forgotten_packages(ledger)
    _nothing_may_wait(ledger, municipality)
    _must_not_be_done(ledger, municipality, terms, moment.day, reason)
    closed = tuple(one for one in packages.packages_of(ledger, municipality.key) if one.left > 0)
    # The new one first: the newest package is never a closed one.
    opened = packages.open_package(ledger, municipality.key, terms, moment, None)
    for one in closed:
        ledger.write(
            "UPDATE packages SET closed_day = ? WHERE municipality = ? AND number = ?",
            moment.day,
            municipality.key,
            one.number,
        )
    if not is_active(ledger, municipality.key):
        _enter(ledger, municipality, ServiceState.ACTIVE, moment, actor)
    ended = [f"; closed: package {one.number}, {one.left} of {one.size} parts left" for one in closed]
    detail = f"package {opened}{''.join(ended)}"
    audit.record(ledger, moment, actor, "new-package", municipality.key, detail, reason)
    return Renewal(opened=opened, closed=closed)


def _must_not_be_done(
    ledger: Ledger, municipality: Municipality, terms: PackageTerms, day: str, reason: str
) -> None:
    row = ledger.one(
        "SELECT p.number FROM packages p JOIN audit a ON a.subject = p.municipality AND a.at = p.opened_at"
        " WHERE p.municipality = ? AND p.opened_day = ? AND p.size = ? AND p.price_ore = ? AND p.used = 0"
        " AND p.closed_day IS NULL AND a.action = 'new-package' AND a.reason = ?",
        municipality.key,
        day,
        *(terms.size, terms.price_ore, reason),
    )
    if row is not None:
        raise RuleError(
            say(
                "Package {n} of {name} was opened today for this reason, and nothing of it is used.",
                n=row[0],
                name=municipality.name,
            ),
            hint=say("If it is to be closed unused, and paid all the same, give another reason."),
        )


def _nothing_may_wait(ledger: Ledger, municipality: Municipality) -> None:
    row = ledger.one(
        "SELECT g.id FROM mailings g JOIN mailing_counts c ON c.mailing = g.id WHERE g.municipality = ?"
        " AND c.state IN ('pending', 'sending') AND c.messages > 0 ORDER BY g.id LIMIT 1",
        municipality.key,
    )
    if row is not None:
        raise RuleError(
            say(
                "Mailing {id} of {name} has messages that are still to be sent, at the old price.",
                id=row[0],
                name=municipality.name,
            ),
            hint=say(
                "End it through the gateway it was begun with: smsctl mailings resume {id} or: smsctl"
                " mailings cancel {id}",
                id=row[0],
            ),
        )


def deactivate(
    ledger: Ledger, municipality: Municipality, moment: Moment, actor: Actor
) -> ServiceState | None:
    """End the service, or cancel its order, in one transaction; return which; None: neither was there.

    What is left of a package stays, and is used first when the service is activated again.
    """
    with ledger.transaction():
        now = service_of(ledger, municipality.key)
        if now is None or now.state is ServiceState.INACTIVE:
            return None
        _enter(ledger, municipality, ServiceState.INACTIVE, moment, actor)
        detail = "order cancelled" if now.state is ServiceState.ORDERED else ""
        audit.record(ledger, moment, actor, "deactivate", municipality.key, detail)
    return now.state


def _enter(
    ledger: Ledger, municipality: Municipality, state: ServiceState, moment: Moment, actor: Actor
) -> None:
    ledger.write(
        "INSERT INTO municipalities (municipality, state, since_day, by_whom) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (municipality) DO UPDATE SET"
        " state = excluded.state, since_day = excluded.since_day, by_whom = excluded.by_whom",
        municipality.key,
        state,
        moment.day,
        actor.shown,
    )
