"""`smsctl invoices compare FILE`: the supplier's bill beside our figures."""

from pathlib import Path
from typing import Annotated

import typer

from smsctl.actions.compare import compare, veiled_nodes
from smsctl.cli import options
from smsctl.cli.money import invoices as render
from smsctl.cli.output.reply import CommandResult, Note
from smsctl.cli.typed_times import period
from smsctl.cli.wiring import Wiring
from smsctl.errors import say

EXAMPLES = (
    "smsctl invoices compare supplier.csv",
    "smsctl invoices compare nodes.csv --since 2026-11 --until 2026-11",
)


def run(
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
        lines = veiled_nodes(lines, {one.invoice_node for one in paying if one.invoice_node})
    differs = any(one.difference for one in lines)
    told = say("The supplier's figures and ours differ.")
    notes = (
        [Note(code="difference", level="warning", text=told)] if differs and wiring.output.speaks_json else []
    )
    return CommandResult(data=render.compared_data(lines), screen=render.compared(lines), notes=notes)
