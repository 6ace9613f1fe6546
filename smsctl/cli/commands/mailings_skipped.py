"""`smsctl mailings skipped ID`: who got no message, and why."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from smsctl.cli import files, numbers, options
from smsctl.cli.render import story as render
from smsctl.cli.reply import Reply
from smsctl.cli.wiring import Wiring
from smsctl.ledger import mailings

EXAMPLES = ("smsctl mailings skipped 12", "smsctl mailings skipped 12 --csv skipped.csv")


def run(
    ctx: typer.Context,
    mailing: options.MailingId,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write them to a file, with full numbers (mode 0600).")
    ] = None,
) -> Reply:
    """List the rows that got no message, each with its reason: for whoever corrects the register."""
    wiring: Wiring = ctx.obj
    found = mailings.get(wiring.ledger, mailing)
    rows = mailings.skipped_rows(wiring.ledger, found.id)
    if csv:
        files.write_csv(csv, ("row", "reason", "number", "name"), rows)
    return Reply(
        data={"mailing": found.id, "skipped": [{"row": row, "reason": reason} for row, reason, _, _ in rows]},
        screen=render.skipped(rows, partial(numbers.shown_written, wiring), csv, simulated=wiring.simulated),
    )
