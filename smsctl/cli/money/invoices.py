"""`smsctl invoices …`: one line for each package that was opened, and the supplier's bill beside them."""

from pathlib import Path
from typing import Annotated

import typer

from smsctl.actions.compare import compare, veiled_nodes
from smsctl.cli import options
from smsctl.cli.money import invoices_screen as render
from smsctl.cli.output import export
from smsctl.cli.output.reply import CommandResult, Note
from smsctl.cli.typed_times import period
from smsctl.cli.wiring import Wiring
from smsctl.errors import say
from smsctl.ledger.invoices import hand_over, invoices_of

EXAMPLES = {
    "list": ("smsctl invoices list", "smsctl invoices list --municipality exempelkommun --json"),
    "export": (
        "smsctl invoices export --csv invoices.csv",
        "smsctl invoices export --csv 2026-11.csv --mark",
    ),
    "compare": (
        "smsctl invoices compare supplier.csv",
        "smsctl invoices compare nodes.csv --since 2026-11 --until 2026-11",
    ),
}


def run_list(ctx: typer.Context, municipality: options.Municipality = None) -> CommandResult:
    """List the invoices: one for each package opened, at its price, and whether it was handed over."""
    wiring: Wiring = ctx.obj
    key = wiring.municipality(municipality)[1].key if municipality else None
    found = invoices_of(wiring.ledger, key)
    screen = render.listed(found, wiring.called, simulated=wiring.simulated)
    return CommandResult(data={"invoices": render.data(found)}, screen=screen)


def run_export(
    ctx: typer.Context,
    csv: Annotated[Path, typer.Option(metavar="FILE", help="The file to write; - prints.")],
    *,
    municipality: options.Municipality = None,
    mark: Annotated[bool, typer.Option("--mark", help="Mark them as handed over.")] = False,
    again: Annotated[bool, typer.Option("--all", help="Also those that were handed over before.")] = False,
    replace: options.Replace = False,
) -> CommandResult:
    """Write the invoices that are not yet handed over to a file: one line for each package opened."""
    wiring: Wiring = ctx.obj
    wiring.names(write=(csv,), replace=replace)
    ledger = wiring.ledger
    key = wiring.municipality(municipality)[1].key if municipality else None
    with ledger.transaction():
        found = invoices_of(ledger, key, only_new=not again)
        page = export.write_csv(csv, render.fields(wiring.called), found, replace=replace)
        if mark:
            new = [one for one in found if one.handed_over_day is None]
            hand_over(ledger, new, wiring.clock.now(), wiring.actor)
    data = {"path": str(csv), "invoices": render.data(found), "marked": mark}
    return CommandResult(data=data, screen=render.exported(found, csv, marked=mark), page=page)


def run_compare(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV with parts per month, per invoice node, or both.")
    ],
    since: options.Since = None,
    until: options.Until = None,
) -> CommandResult:
    """Compare the gateway supplier's figures with ours and show the differences.

    The file needs a column parts, and month or invoice_node (Swedish headings are known too). Without
    --since and --until the months of the file are compared; a file without months, with all that was sent.
    """
    wiring: Wiring = ctx.obj
    wiring.names(read=(file,))
    lines = compare(wiring.ledger, file, period(since, until))
    if not wiring.numbers_in_full:
        paying = wiring.settings.municipalities.values()
        known = {one.invoice_node for one in paying if one.invoice_node} | {*wiring.settings.cost_centres}
        lines = veiled_nodes(lines, known)
    differs = any(one.difference for one in lines)
    told = say("The supplier's figures and ours differ.")
    notes = (
        [Note(code="difference", level="warning", text=told)] if differs and wiring.output.speaks_json else []
    )
    return CommandResult(data=render.compared_data(lines), screen=render.compared(lines), notes=notes)
