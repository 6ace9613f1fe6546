"""`smsctl invoices list`: one line for each package that was opened."""

import typer

from smsctl.cli import options
from smsctl.cli.money import invoices as render
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.ledger.invoices import invoices_of

EXAMPLES = ("smsctl invoices list", "smsctl invoices list --municipality exempelkommun --json")


def run(ctx: typer.Context, municipality: options.Municipality = None) -> CommandResult:
    """List the invoices: one for each package opened, at its price, and whether it was handed over."""
    wiring: Wiring = ctx.obj
    key = wiring.municipality(municipality)[1].key if municipality else None
    found = invoices_of(wiring.ledger, key)
    screen = render.listed(found, wiring.called, simulated=wiring.simulated)
    return CommandResult(data={"invoices": render.data(found)}, screen=screen)
