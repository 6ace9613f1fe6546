"""`smsctl mailings failed ID`: whose message did not arrive, and which numbers are dead."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

from smsctl.actions.ending import left_unsettled
from smsctl.cli import numbers, options, seen
from smsctl.cli.mailings import register
from smsctl.cli.mailings.register import CAUSES, SHOWN
from smsctl.cli.options import flag
from smsctl.cli.output import figures
from smsctl.cli.output.blocks import Block, TextLine
from smsctl.cli.output.export import write_csv
from smsctl.cli.output.fields import Field, T, data_of, table_of
from smsctl.cli.output.phrases import NO_REPORT_YET, and_more, written
from smsctl.cli.output.reply import CommandResult, warnings_of
from smsctl.cli.typed_times import period
from smsctl.cli.wiring import Wiring
from smsctl.domain.mailing import Mailing
from smsctl.domain.moment import Period
from smsctl.domain.report import PERMANENT
from smsctl.errors import UsageError, say
from smsctl.ledger.failures import FailedRow, failed, not_reached
from smsctl.ledger.undelivered import have_come

EXAMPLES = (
    "smsctl mailings failed 12",
    "smsctl mailings failed 12 --dead --csv dead.csv",
    "smsctl mailings failed --since 2026-09 --dead --csv dead.csv",
)


def run(
    wiring: Wiring,
    mailing: options.MailingOrNone = None,
    *,
    since: options.Since = None,
    until: options.Until = None,
    dead: Annotated[bool, flag("--dead", "Only numbers that will never work: those to correct.")] = False,
    csv: options.ListFile = None,
    replace: options.Replace = False,
) -> CommandResult:
    """List the messages that did not arrive, by the delivery reports: for whoever corrects the register.

    With --since, over all mailings from that day on: each number whose newest report says that it was not
    reached, with the cells that [columns] carry names.
    """
    wiring.names(write=(csv,), replace=replace)
    if (mailing is None) is (since is None):
        raise UsageError(
            say("Name one mailing, or a day with --since."),
            hint=say("As in: smsctl mailings failed --since 2026-09 --csv failed.csv"),
        )
    if mailing is None:
        return _since(wiring, period(since, until), csv, dead=dead, replace=replace)
    if until is not None:
        raise UsageError(say("--until goes with --since."))
    found = seen.with_recipients(wiring, mailing)
    rows = [one for one in failed(wiring.ledger, found) if not dead or one.cause in PERMANENT]
    page = write_csv(csv, _columns(found), rows, replace=replace)
    fields = _fields(partial(numbers.shown, wiring))
    screen = _screen(wiring, rows, fields)
    if csv:
        screen.append(written(csv))
    return CommandResult(
        data={"mailing": found.id, "failed": [data_of(fields, one) for one in rows]},
        page=page,
        screen=screen,
        is_of_the_ledger=True,
        notes=warnings_of(left_unsettled(wiring.ledger, found)),
    )


def _since(wiring: Wiring, days: Period, csv: Path | None, *, dead: bool, replace: bool) -> CommandResult:
    of, zone = seen.seen_by(wiring), wiring.settings.time_zone
    rows = [
        one._replace(mailing=wiring.named(one.mailing))
        for one in not_reached(wiring.ledger, days, of)
        if not dead or one.failed.cause in PERMANENT
    ]
    headings = list(dict.fromkeys(heading for one in rows for heading in one.cells))
    page = write_csv(csv, register.not_reached_in_a_file(headings, zone), rows, replace=replace)
    fields = register.not_reached(partial(numbers.shown, wiring))
    screen: list[Block] = [written(csv)] if csv else _screen(wiring, rows, fields)
    return CommandResult(
        data={"since": days.since, "until": days.until, "failed": [data_of(fields, one) for one in rows]},
        page=page,
        screen=[*seen.limits(wiring, of), *screen],
        is_of_the_ledger=True,
    )


def _fields(shown: Callable[[str], str]) -> list[Field[FailedRow]]:
    return [
        Field("row", lambda one: one.row, say("Row"), right=True),
        Field("", lambda one: shown(one.number), say("Number")),
        Field("state", lambda one: one.state, say("State"), figures.state),
        Field("cause", lambda one: one.cause, say("Why"), CAUSES.__getitem__),
        Field("dead", lambda one: one.cause in PERMANENT, written=figures.yes_or_no),
        Field("code", lambda one: one.code, say("Code")),
    ]


def _screen(wiring: Wiring, rows: Sequence[T], fields: Sequence[Field[T]]) -> list[Block]:
    """Return the messages that did not arrive; a long list is cut, a file holds them all."""
    if not rows and not have_come(wiring.ledger):
        return [TextLine(NO_REPORT_YET)]
    if not rows:
        return [TextLine(say("No report says that a message did not arrive."))]
    return [table_of(fields, rows[:SHOWN]), *and_more(len(rows), SHOWN, "--csv")]


def _columns(mailing: Mailing) -> list[Field[FailedRow]]:
    """Return the columns of a file; where the terms were not required, nobody is known to accept them."""
    row, number, state, cause, dead, code = _fields(str)
    name: Field[FailedRow] = Field("", lambda one: one.name, say("Name"))
    fields = [row, number, name, state, cause, dead._replace(title=say("Dead")), code]
    fields.append(Field("", lambda one: one.answer, say("Answer")))
    if not mailing.terms_required:
        fields.append(Field("", lambda _: "", say("Accepted terms")))
    return fields
