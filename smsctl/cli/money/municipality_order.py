"""`smsctl municipality order NAME`: the service is asked for."""

import typer

from smsctl.cli import options
from smsctl.cli.money import municipalities as render
from smsctl.cli.money.service import service_status, terms_of
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.ledger import municipalities

EXAMPLES = ("smsctl municipality order exempelkommun",)


def run(ctx: typer.Context, municipality: options.Payer) -> CommandResult:
    """Record that the service is ordered; show what to send to the supplier and what it will cost.

    An order costs nothing and opens no package. Activating does, with or without an order.
    """
    wiring: Wiring = ctx.obj
    configured, payer = wiring.municipality(municipality)
    terms = terms_of(wiring, payer)
    done = municipalities.order(wiring.ledger, payer, wiring.clock.now(), wiring.actor)
    now = service_status(wiring, payer)
    if not done and now.service:
        screen = render.already(now, now.service)
    else:
        screen = render.ordered(now, terms, configured.service_id or wiring.settings.gateway.service_id)
    return CommandResult(data={**render.data(now), "changed": done}, screen=screen)
