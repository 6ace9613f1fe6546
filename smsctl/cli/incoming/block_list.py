"""`smsctl block list`: who is never sent to, as far as it is known."""

import typer

from smsctl.cli import numbers
from smsctl.cli.incoming import block_screen as render
from smsctl.cli.output.phrases import rehearsal
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.ledger import blocklist

EXAMPLES = ("smsctl block list", "smsctl block list --json")


def run(ctx: typer.Context) -> CommandResult:
    """List the block list: since when, why, by whom, and the last two digits.

    More is not kept: the list holds hashes, not numbers.
    """
    wiring: Wiring = ctx.obj
    rows = [
        row._replace(reason=numbers.shown_text(wiring, row.reason)) for row in blocklist.listed(wiring.ledger)
    ]
    return CommandResult(
        data={"blocked": [render.data(row) for row in rows]},
        screen=[*rehearsal(simulated=wiring.simulated), *render.listed(rows, wiring.settings.time_zone)],
    )
