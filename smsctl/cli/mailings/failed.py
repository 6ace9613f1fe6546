"""`smsctl mailings failed ID`: whose message did not arrive, and which numbers are dead."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from smsctl.actions.ending import left_unsettled
from smsctl.cli import numbers, options
from smsctl.cli.output import figures
from smsctl.cli.output.blocks import Block, TextLine
from smsctl.cli.output.export import write_csv
from smsctl.cli.output.fields import Field, data_of, table_of
from smsctl.cli.output.phrases import and_more, rehearsal, written
from smsctl.cli.output.reply import CommandResult, warnings_of
from smsctl.cli.wiring import Wiring
from smsctl.domain.mailing import Mailing
from smsctl.domain.report import PERMANENT, Cause
from smsctl.errors import say
from smsctl.ledger import mailings
from smsctl.ledger.failures import FailedRow, failed

EXAMPLES = ("smsctl mailings failed 12", "smsctl mailings failed 12 --dead --csv dead.csv")

_SHOWN = 50

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
    replace: options.Replace = False,
) -> CommandResult:
    """List the messages that did not arrive, by the delivery reports: for whoever corrects the register."""
    wiring: Wiring = ctx.obj
    wiring.names(write=(csv,), replace=replace)
    found = mailings.get(wiring.ledger, mailing)
    rows = [one for one in failed(wiring.ledger, found) if not dead or one.cause in PERMANENT]
    page = write_csv(csv, _columns(found), rows, replace=replace) if csv else None
    fields = _fields(partial(numbers.shown, wiring))
    screen = _screen(rows, fields)
    if csv:
        screen.append(written(csv))
    return CommandResult(
        data={"mailing": found.id, "failed": [data_of(fields, one) for one in rows]},
        page=page,
        screen=[*rehearsal(simulated=wiring.simulated), *screen],
        notes=warnings_of(left_unsettled(wiring.ledger, found)),
    )


def _fields(shown: Callable[[str], str]) -> list[Field[FailedRow]]:
    return [
        Field("row", lambda one: one.row, say("Row"), right=True),
        Field("", lambda one: shown(one.number), say("Number")),
        Field("state", lambda one: one.state, say("State"), figures.state),
        Field("cause", lambda one: one.cause, say("Why"), _CAUSES.__getitem__),
        Field("dead", lambda one: one.cause in PERMANENT, written=figures.yes_or_no),
        Field("code", lambda one: one.code, say("Code")),
    ]


def _screen(rows: Sequence[FailedRow], fields: Sequence[Field[FailedRow]]) -> list[Block]:
    """Return the messages that did not arrive; a long list is cut, a file holds them all."""
    if not rows:
        return [TextLine(say("No report says that a message did not arrive."))]
    return [table_of(fields, rows[:_SHOWN]), *and_more(len(rows), _SHOWN, "--csv")]


def _columns(mailing: Mailing) -> list[Field[FailedRow]]:
    """Return the columns of a file; where the terms were not required, nobody is known to accept them."""
    row, number, state, cause, dead, code = _fields(str)
    name: Field[FailedRow] = Field("", lambda one: one.name, say("Name"))
    fields = [row, number, name, state, cause, dead._replace(title=say("Dead")), code]
    fields.append(Field("", lambda one: one.answer, say("Answer")))
    if not mailing.terms_required:
        fields.append(Field("", lambda _: "", say("Accepted terms")))
    return fields


_CAUSES = {
    Cause.BAD_NUMBER: say("the number does not exist: correct it"),
    Cause.BARRED: say("barred, or no longer in use: remove it"),
    Cause.UNREACHABLE: say("the phone cannot be reached for now"),
    Cause.EXPIRED: say("the phone was not reached in time"),
    Cause.NETWORK: say("trouble at the operator or the gateway"),
    Cause.PREMIUM: say("premium services are barred"),
    Cause.CONFIGURATION: say("the gateway account must be mended"),
    Cause.REFUSED: say("refused by the operator"),
    Cause.UNTOLD: say("no reason was told"),
}
