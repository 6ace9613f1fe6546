"""`smsctl mailings skipped ID`: who got no message, and why."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from smsctl.actions.ending import left_unsettled
from smsctl.cli import files, numbers, options
from smsctl.cli.mailings import story as render
from smsctl.cli.output.reply import CommandResult, warnings_of
from smsctl.cli.wiring import Wiring
from smsctl.domain.recipients import BEFORE_TERMS, told
from smsctl.ledger import mailings, skipped
from smsctl.ledger.skipped import SkippedEntry

EXAMPLES = ("smsctl mailings skipped 12", "smsctl mailings skipped 12 --csv skipped.csv")


def run(
    ctx: typer.Context,
    mailing: options.MailingId,
    csv: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write them to a file (0600), with full numbers; - prints."),
    ] = None,
) -> CommandResult:
    """List the rows that got no message, each with its reason: for whoever corrects the register."""
    wiring: Wiring = ctx.obj
    wiring.names(write=(csv,))
    found = mailings.get(wiring.ledger, mailing)
    entries = skipped.entries(wiring.ledger, found.id)
    page = _write(csv, entries) if csv else None
    listed = [{"row": one.row, "reason": told(one.reason), "column": one.column} for one in entries]
    return CommandResult(
        data={"mailing": found.id, "skipped": listed},
        screen=render.skipped(
            entries, partial(numbers.shown_written, wiring), csv, simulated=wiring.simulated
        ),
        page=page,
        notes=warnings_of(left_unsettled(wiring.ledger, found)),
    )


def _write(path: Path, entries: Sequence[SkippedEntry]) -> str | None:
    """Write a file that may be given as a recipients file, once it is corrected: the terms are told with it.

    The last columns stand only where they say more than the reason does.
    """
    more = {
        "column": [one.column for one in entries],
        "accepted_terms": [_ACCEPTED[one.accepted] if one.reason in BEFORE_TERMS else "" for one in entries],
    }
    kept = {title: cells for title, cells in more.items() if any(cells)}
    if "accepted_terms" in kept:
        kept["accepted_terms"] = [_ACCEPTED[one.accepted] for one in entries]
    lines = [(one.row, told(one.reason), one.number, one.name) for one in entries]
    beside = zip(*kept.values(), strict=True) if kept else [()] * len(lines)
    return files.write_csv(
        path,
        ("row", "reason", "number", "name", *kept),
        ((*line, *cells) for line, cells in zip(lines, beside, strict=True)),
    )


_ACCEPTED = {True: "yes", False: "no", None: ""}
