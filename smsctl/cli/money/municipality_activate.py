"""`smsctl municipality activate NAME`: from now on mailings may be sent."""

import typer

from smsctl.cli import dialogue, options
from smsctl.cli.money import municipalities as render
from smsctl.cli.money.service import service_status, terms_of
from smsctl.cli.output.blocks import TextLine, Tone
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.errors import NotConfirmedError, say
from smsctl.ledger import municipalities

EXAMPLES = (
    "smsctl municipality activate exempelkommun",
    "smsctl municipality activate exempelkommun --yes  # without a terminal",
)


def run(ctx: typer.Context, municipality: options.Payer, *, yes: options.Yes = False) -> CommandResult:
    """Activate the service at once, with or without an order.

    Opens the first package, which makes an invoice; after a deactivation only when nothing is left. Shows
    the price and asks before that.
    """
    wiring: Wiring = ctx.obj
    _, payer = wiring.municipality(municipality)
    terms, ledger = terms_of(wiring, payer), wiring.ledger
    before = service_status(wiring, payer)
    if before.service and municipalities.is_active(ledger, payer.key):
        data = {**render.data(before), "changed": False, "opened": None}
        return CommandResult(data=data, screen=render.already(before, before.service))
    opens = municipalities.opens_package(ledger, payer)
    if opens and not (yes or wiring.simulated):
        price = render.price_sentence(before, terms)
        if not wiring.output.interactive:
            raise NotConfirmedError(price, hint=say("Nothing was activated. Do it with: --yes"))
        wiring.output.show([TextLine(price, Tone.STRONG)])
        otherwise = say("Not confirmed; nothing was activated.")
        dialogue.confirm(wiring.output, say("Activate?"), otherwise=otherwise)
    with ledger.transaction():
        if opens is not municipalities.opens_package(ledger, payer):
            raise NotConfirmedError(say("Another process has just changed the service; look again."))
        opened = municipalities.activate(ledger, payer, wiring.clock.now(), wiring.actor)
    now = service_status(wiring, payer)
    return CommandResult(
        data={**render.data(now), "changed": True, "opened": opened}, screen=render.activated(now, opened)
    )
