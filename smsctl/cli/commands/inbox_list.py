"""`smsctl inbox list`: incoming SMS, the newest first."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from smsctl.cli import acquaintances, files, numbers
from smsctl.cli.render import inbox as render
from smsctl.cli.render.phrases import rehearsal
from smsctl.cli.reply import Reply
from smsctl.cli.wiring import Wiring
from smsctl.ledger import inbox

EXAMPLES = ("smsctl inbox list", "smsctl inbox list --other", "smsctl inbox list --export inbox.json")


def run(
    ctx: typer.Context,
    *,
    most: Annotated[int, typer.Option(min=1, metavar="MESSAGES", help="How many, the newest first.")] = 50,
    other: Annotated[
        bool, typer.Option("--other", help="Those with another endpoint code, and only those.")
    ] = False,
    export: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write them as JSON, with full numbers (mode 0600)."),
    ] = None,
) -> Reply:
    """List incoming SMS: when, from whom, and how they begin; a known sender by name."""
    wiring: Wiring = ctx.obj
    rows = inbox.newest(wiring.ledger, most=most, other=other)
    names = acquaintances.names_of(wiring, {row.message.sender for row in rows})
    if export:
        senders = [(row, row.message.sender) for row in rows]
        files.write_json(export, [render.data(row, sender, names.get(sender)) for row, sender in senders])
    shown = partial(numbers.shown_written, wiring)
    return Reply(
        data={
            "inbox": [
                render.data(row, shown(row.message.sender), names.get(row.message.sender)) for row in rows
            ]
        },
        screen=[
            *rehearsal(simulated=wiring.simulated),
            *render.listed(rows, names, shown, wiring.settings.time_zone),
        ],
    )
