"""`smsctl mailings list`: the latest mailings, one line each."""

from typing import Annotated

import typer

from smsctl.cli import options
from smsctl.cli.output import mailings as render
from smsctl.cli.output.reply import CommandResult, warning_of_all
from smsctl.cli.wiring import Wiring
from smsctl.ledger import health, mailings

EXAMPLES = ("smsctl mailings list", "smsctl mailings list --most 100 --municipality exempelkommun")


def run(
    ctx: typer.Context,
    municipality: options.Municipality = None,
    most: Annotated[
        int, typer.Option(min=1, max=options.LARGEST, metavar="MAILINGS", help="How many, the newest first.")
    ] = 20,
) -> CommandResult:
    """List the latest mailings: what was sent, when, to how many, and what came of it."""
    wiring: Wiring = ctx.obj
    key = wiring.municipality(municipality)[1].key if municipality else None
    ledger = wiring.ledger
    found = map(wiring.named, mailings.newest(ledger, most=most, municipality=key))
    rows = [(mailing, mailings.tally(ledger, mailing)) for mailing in found]
    return CommandResult(
        data={"mailings": [render.data(mailing, tally) for mailing, tally in rows]},
        screen=render.listed(rows, wiring.settings.time_zone, simulated=wiring.simulated),
        notes=warning_of_all(health.unsettled(ledger, key)),
    )
