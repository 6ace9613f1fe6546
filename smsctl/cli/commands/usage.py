"""`smsctl usage`: what is used, what is left, what it costs."""

import typer

from smsctl.cli import options
from smsctl.cli.render import usage as render
from smsctl.cli.reply import Reply
from smsctl.cli.wiring import Wiring
from smsctl.ledger import mailings
from smsctl.ledger.usage import known_municipalities, usage

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
        screen = render.one(payer, found, latest, zone, simulated=wiring.simulated)
        return Reply(data={"municipalities": [render.data(found)]}, screen=screen)
    keys = dict.fromkeys([*wiring.settings.municipalities, *known_municipalities(ledger)])
    every = [usage(ledger, key) for key in keys]
    return Reply(
        data={"municipalities": [render.data(one) for one in every]},
        screen=render.table(every, simulated=wiring.simulated),
    )
