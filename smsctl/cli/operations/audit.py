"""`smsctl audit`: who did what, when, and from which host."""

from typing import Annotated

import typer

from smsctl.cli.output import figures
from smsctl.cli.output.blocks import Column, Table, TextLine
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.errors import say
from smsctl.ledger import audit

EXAMPLES = ("smsctl audit", "smsctl audit --most 500 --json")


def run(
    ctx: typer.Context,
    most: Annotated[int, typer.Option(min=1, metavar="ROWS", help="How many rows, the newest first.")] = 50,
) -> CommandResult:
    """Show who changed what, when, from which host, and why."""
    wiring: Wiring = ctx.obj
    rows = audit.read(wiring.ledger, most=most)
    titles = (say("When"), say("Who"), say("Host"), say("What"), say("Of what"), say("Detail"), say("Why"))
    columns = [Column(title) for title in titles]
    table = [
        [
            figures.local(row.at, wiring.settings.time_zone),
            row.user,
            row.host,
            row.action,
            row.subject,
            row.detail,
            row.reason or "",
        ]
        for row in rows
    ]
    keys = ("at", "user", "host", "action", "subject", "detail", "reason")
    return CommandResult(
        data={"audit": [{key: getattr(row, key) for key in keys} for row in rows]},
        screen=[Table(columns, table)] if rows else [TextLine(say("Nothing has been done yet."))],
    )
