"""`smsctl municipality deactivate NAME`: nothing more is sent, and nothing more invoiced."""

import typer

from smsctl.cli import dialogue, options
from smsctl.cli.money import municipalities as render
from smsctl.cli.money.service import service_status, terms_of
from smsctl.cli.output.blocks import TextLine
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.domain.municipality import Municipality, ServiceState
from smsctl.errors import say
from smsctl.ledger import municipalities

EXAMPLES = ("smsctl municipality deactivate exempelkommun",)


def run(ctx: typer.Context, municipality: options.Payer, *, yes: options.Yes = False) -> CommandResult:
    """End the service: mailings are refused, also one that is under way, and no package is opened.

    On a terminal it is asked first.

    What is left of a package stays visible, and is used first after an activation. Where the service is
    only ordered, the order is cancelled.
    """
    wiring: Wiring = ctx.obj
    _, payer = wiring.municipality(municipality)
    terms_of(wiring, payer)
    if wiring.output.interactive and not yes:
        _confirm(wiring, payer)
    done = municipalities.deactivate(wiring.ledger, payer, wiring.clock.now(), wiring.actor)
    now = service_status(wiring, payer)
    if done is ServiceState.ORDERED:
        screen = render.order_cancelled(now)
    elif done:
        screen = render.deactivated(now)
    elif now.service:
        screen = render.already(now, now.service)
    else:
        screen = [TextLine(say("{name} is not active. Nothing was changed.", name=payer.name))]
    return CommandResult(data={**render.data(now), "changed": done is not None}, screen=screen)


def _confirm(wiring: Wiring, payer: Municipality) -> None:
    """Ask, where there is something to end."""
    before = service_status(wiring, payer)
    if before.service is None or before.service.state is ServiceState.INACTIVE:
        return
    wiring.output.show(render.before_the_end(before))
    question = say("End the service for {name}?", name=payer.name)
    dialogue.confirm(wiring.output, question, otherwise=say("Not confirmed; nothing was changed."))
