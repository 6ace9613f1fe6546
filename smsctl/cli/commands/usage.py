"""`smsctl usage`: what is used, what is left, what it costs."""

from datetime import timedelta

import typer

from smsctl.cli import options
from smsctl.cli.render import usage as render
from smsctl.cli.reply import Reply
from smsctl.cli.wiring import Wiring
from smsctl.ledger import mailings
from smsctl.ledger.undelivered import Returns, have_come, of_municipality
from smsctl.ledger.usage import Usage, known_municipalities, usage

EXAMPLES = ("smsctl usage", "smsctl usage --municipality exempelkommun", "smsctl usage --json")

_LATEST = 5


def run(ctx: typer.Context, municipality: options.Municipality = None) -> Reply:
    """Show packages, parts and cost: one line for each municipality, or one municipality in full."""
    wiring: Wiring = ctx.obj
    ledger, zone = wiring.ledger, wiring.settings.time_zone
    if municipality:
        _, payer = wiring.municipality(municipality)
        found = usage(ledger, payer.key)
        latest = [
            (mailing, mailings.tally(ledger, mailing))
            for mailing in mailings.newest(ledger, most=_LATEST, municipality=payer.key)
        ]
        came_back = _came_back(wiring, found)
        screen = render.one(payer, found, came_back, latest, zone, simulated=wiring.simulated)
        return Reply(data={"municipalities": [render.data(found, came_back)]}, screen=screen)
    keys = dict.fromkeys([*wiring.settings.municipalities, *known_municipalities(ledger)])
    every = [usage(ledger, key) for key in keys]
    return Reply(
        data={"municipalities": [render.data(one, _came_back(wiring, one)) for one in every]},
        screen=render.table(every, simulated=wiring.simulated),
    )


def _came_back(wiring: Wiring, found: Usage) -> Returns | None:
    """Return what the delivery reports say; one is due when the configured wait has passed."""
    settings = wiring.settings
    if not settings.gateway.delivery_confirmation or not have_come(wiring.ledger):
        return None
    wait = settings.reports.wait + (settings.gateway.validity or timedelta())
    due_before = (wiring.clock.local() - wait).date().isoformat()
    return of_municipality(wiring.ledger, found.municipality, found.states, due_before)
