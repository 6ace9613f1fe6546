"""`smsctl inbox show ID`: one incoming SMS in full."""

from typing import Annotated

import typer

from smsctl.cli import numbers
from smsctl.cli.incoming import inbox as render
from smsctl.cli.incoming import names_by_number
from smsctl.cli.output.phrases import rehearsal
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.ledger import inbox

EXAMPLES = ("smsctl inbox show 3", "smsctl inbox show 3 --json --show-numbers")


def run(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(metavar="ID", help="The number in: smsctl inbox list")],
) -> CommandResult:
    """Show one incoming SMS in full: who, when, and the whole text."""
    wiring: Wiring = ctx.obj
    row = inbox.get(wiring.ledger, number)
    sender = row.message.sender
    row = row._replace(message=numbers.shown_incoming(wiring, row.message, text=row.message.text))
    name = names_by_number.names_of(wiring, {sender}).get(sender)
    shown = numbers.shown_sender(wiring, sender)
    endpoint = wiring.settings.gateway.endpoint
    return CommandResult(
        data=render.data(row, shown, name, endpoint),
        screen=[
            *rehearsal(simulated=wiring.simulated),
            *render.one(row, name, shown, wiring.settings.time_zone, endpoint),
        ],
    )
