"""`smsctl mailings failed ID`: whose message did not arrive, and which numbers are dead."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from smsctl.actions.ending import left_unsettled
from smsctl.cli import files, numbers, options
from smsctl.cli.incoming import reports as render
from smsctl.cli.output.blocks import TextLine
from smsctl.cli.output.phrases import rehearsal
from smsctl.cli.output.reply import CommandResult, warnings_of
from smsctl.cli.wiring import Wiring
from smsctl.domain.mailing import Mailing
from smsctl.domain.report import PERMANENT
from smsctl.errors import say
from smsctl.ledger import mailings
from smsctl.ledger.failures import FailedRow, failed

EXAMPLES = ("smsctl mailings failed 12", "smsctl mailings failed 12 --dead --csv dead.csv")

_HEADER = ("row", "number", "name", "state", "why", "dead", "code", "answer")

_File = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write them to a file (0600), with full numbers; - prints."),
]


def run(
    ctx: typer.Context,
    mailing: options.MailingId,
    *,
    dead: Annotated[
        bool, typer.Option("--dead", help="Only numbers that will never work: those to correct.")
    ] = False,
    csv: _File = None,
) -> CommandResult:
    """List the messages that did not arrive, by the delivery reports: for whoever corrects the register."""
    wiring: Wiring = ctx.obj
    wiring.names(write=(csv,))
    found = mailings.get(wiring.ledger, mailing)
    rows = [one for one in failed(wiring.ledger, found) if not dead or one.cause in PERMANENT]
    page = files.write_csv(csv, *_table(rows, found)) if csv else None
    screen = render.failed(rows, partial(numbers.shown, wiring))
    if csv:
        screen.append(TextLine(say("Written to {path}.", path=csv)))
    data = [
        {
            "row": one.row,
            "state": one.state,
            "cause": one.cause,
            "dead": one.cause in PERMANENT,
            "code": one.code,
        }
        for one in rows
    ]
    return CommandResult(
        data={"mailing": found.id, "failed": data},
        page=page,
        screen=[*rehearsal(simulated=wiring.simulated), *screen],
        notes=warnings_of(left_unsettled(wiring.ledger, found)),
    )


def _table(
    rows: Sequence[FailedRow], mailing: Mailing
) -> tuple[tuple[str, ...], Iterator[tuple[object, ...]]]:
    """Return heading and lines; where the terms were not required, nobody is known to have accepted them."""
    if mailing.terms_required:
        return _HEADER, map(_cells, rows)
    return (*_HEADER, "accepted_terms"), ((*_cells(one), "") for one in rows)


def _cells(one: FailedRow) -> tuple[object, ...]:
    why, is_dead = str(render.cause(one.cause)), "yes" if one.cause in PERMANENT else "no"
    return one.row, one.number, one.name, one.state, why, is_dead, one.code, one.answer
