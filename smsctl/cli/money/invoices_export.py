"""`smsctl invoices export --csv FILE`: for the finance system."""

from pathlib import Path
from typing import Annotated

import typer

from smsctl.cli import files, options
from smsctl.cli.money import invoices as render
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.ledger.invoices import hand_over, invoices_of

EXAMPLES = (
    "smsctl invoices export --csv invoices.csv",
    "smsctl invoices export --csv 2026-11.csv --mark",
)


def run(
    ctx: typer.Context,
    csv: Annotated[
        Path, typer.Option(metavar="FILE", help="The file to write; it must not exist yet; - prints.")
    ],
    *,
    municipality: options.Municipality = None,
    mark: Annotated[bool, typer.Option("--mark", help="Mark them as handed over.")] = False,
    again: Annotated[bool, typer.Option("--all", help="Also those that were handed over before.")] = False,
) -> CommandResult:
    """Write the invoices that are not yet handed over to a file: one line for each package opened."""
    wiring: Wiring = ctx.obj
    wiring.names(write=(csv,))
    ledger = wiring.ledger
    key = wiring.municipality(municipality)[1].key if municipality else None
    with ledger.transaction():
        found = invoices_of(ledger, key, only_new=not again)
        page = files.write_csv(csv, render.HEADER, render.rows(found))
        if mark:
            new = [one for one in found if one.handed_over_day is None]
            hand_over(ledger, new, wiring.clock.now(), wiring.actor)
    data = {"path": str(csv), "invoices": render.data(found), "marked": mark}
    return CommandResult(data=data, screen=render.exported(found, csv, marked=mark), page=page)
