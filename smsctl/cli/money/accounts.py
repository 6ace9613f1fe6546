"""What `usage` tells of the municipalities, put together from ledger, config and clock."""

from datetime import date, timedelta

from smsctl.cli.money.usage_screen import Account
from smsctl.cli.wiring import Wiring
from smsctl.domain.moment import ALWAYS, Period
from smsctl.domain.municipality import Municipality
from smsctl.domain.package import runs_out
from smsctl.errors import InputError
from smsctl.ledger import mailings
from smsctl.ledger.undelivered import Returns, have_come, of_municipality
from smsctl.ledger.usage import Usage, known_municipalities, pace_of, package_lines, usage


def payers(wiring: Wiring, named: str | None) -> tuple[Municipality, ...]:
    """Return the municipality of that name, or all: also those that only the ledger has."""
    if named is not None:
        try:
            return (wiring.municipality(named)[1],)
        except InputError:
            if named not in known_municipalities(wiring.ledger):
                raise
            return (Municipality(key=named, name=named),)
    found = {key: wiring.municipality(key)[1] for key in wiring.settings.municipalities}
    for key in known_municipalities(wiring.ledger):
        found.setdefault(key, Municipality(key=key, name=key))
    return tuple(found.values())


def account_of(
    wiring: Wiring, payer: Municipality, period: Period, *, most_mailings: int, most_packages: int
) -> Account:
    """Return what is told of one municipality, with its newest packages and mailings."""
    ledger, today = wiring.ledger, wiring.clock.now().day
    found, pace = usage(ledger, payer.key, period), pace_of(ledger, payer.key, today)
    newest = map(
        wiring.named, mailings.newest(ledger, most=most_mailings, municipality=payer.key, period=period)
    )
    return Account(
        municipality=payer,
        usage=found,
        packages=package_lines(ledger, found, most=most_packages),
        mailings=[(mailing, mailings.tally(ledger, mailing)) for mailing in newest],
        came_back=_came_back(wiring, found) if period == ALWAYS else None,
        pace=pace,
        runs_out=runs_out(found.left, pace, date.fromisoformat(today)) if found.packages else None,
        warn_share=wiring.settings.limits.warn_share,
    )


def _came_back(wiring: Wiring, found: Usage) -> Returns | None:
    """Return what the delivery reports say; one is due when the configured wait has passed."""
    settings = wiring.settings
    if not settings.gateway.delivery_confirmation or not have_come(wiring.ledger):
        return None
    wait = settings.reports.wait + (settings.gateway.validity or timedelta())
    due_before = (wiring.clock.local() - wait).date().isoformat()
    return of_municipality(wiring.ledger, found.municipality, found.states, due_before)
