"""`smsctl audit`: who did what, when, and from which host."""

from functools import partial
from typing import Annotated

import typer

from smsctl.cli import numbers, options
from smsctl.cli.output import figures
from smsctl.cli.output.blocks import TextLine
from smsctl.cli.output.fields import Field, data_of, table_of
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.errors import say
from smsctl.ledger import audit
from smsctl.ledger.audit import AuditRow

EXAMPLES = ("smsctl audit", "smsctl audit --most 500 --json")


def run(
    ctx: typer.Context,
    most: Annotated[
        int,
        typer.Option(min=1, max=options.LARGEST, metavar="ROWS", help="How many rows, the newest first."),
    ] = 50,
) -> CommandResult:
    """Show who changed what, when, from which host, and why."""
    wiring: Wiring = ctx.obj
    rows = [
        row._replace(
            subject=numbers.shown_text(wiring, row.subject),
            reason=row.reason and numbers.shown_text(wiring, row.reason),
        )
        for row in audit.read(wiring.ledger, most=most)
    ]
    fields: list[Field[AuditRow]] = [
        Field("id", lambda one: one.id, say("Id")),
        Field("at", lambda one: one.at, say("When"), partial(figures.local, zone=wiring.settings.time_zone)),
        Field("user", lambda one: one.user, say("Who")),
        Field("host", lambda one: one.host, say("Host")),
        Field("action", lambda one: one.action, say("What")),
        Field("subject", lambda one: one.subject, say("Of what")),
        Field("detail", lambda one: one.detail, say("Detail")),
        Field("reason", lambda one: one.reason, say("Why")),
    ]
    return CommandResult(
        data={"audit": [data_of(fields, row) for row in rows]},
        screen=[table_of(fields, rows)] if rows else [TextLine(say("Nothing has been done yet."))],
    )
