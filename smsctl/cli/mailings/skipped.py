"""`smsctl mailings skipped ID`: who got no message, and why."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

from smsctl.actions.ending import left_unsettled
from smsctl.cli import numbers, options, seen
from smsctl.cli.mailings import story as render
from smsctl.cli.options import option
from smsctl.cli.output import figures
from smsctl.cli.output.export import write_csv
from smsctl.cli.output.fields import Field
from smsctl.cli.output.reply import CommandResult, warnings_of
from smsctl.cli.wiring import Wiring
from smsctl.domain.recipients import BEFORE_TERMS, told
from smsctl.errors import say
from smsctl.ledger import skipped
from smsctl.ledger.skipped import SkippedEntry

EXAMPLES = ("smsctl mailings skipped 12", "smsctl mailings skipped 12 --csv skipped.csv")


def run(
    wiring: Wiring,
    mailing: options.MailingId,
    csv: Annotated[
        Path | None, option("FILE", "Write them to a file (0600), with full numbers; - prints.")
    ] = None,
    *,
    replace: options.Replace = False,
) -> CommandResult:
    """List the rows that got no message, each with its reason: for whoever corrects the register."""
    wiring.names(write=(csv,), replace=replace)
    found = seen.with_recipients(wiring, mailing)
    entries = skipped.entries(wiring.ledger, found.id)
    page = write_csv(csv, _fields(entries), entries, replace=replace)
    listed = [{"row": one.row, "reason": told(one.reason), "column": one.column} for one in entries]
    return CommandResult(
        data={"mailing": found.id, "skipped": listed},
        screen=render.skipped(entries, partial(numbers.shown_written, wiring), csv),
        is_of_the_ledger=True,
        page=page,
        notes=warnings_of(left_unsettled(wiring.ledger, found)),
    )


def _fields(entries: Sequence[SkippedEntry]) -> list[Field[SkippedEntry]]:
    """Return the columns of a file that may be given as a recipients file, once it is corrected.

    Its reasons are words of ours, by which it is known again. The terms are told with it; the last columns
    stand only where they say more than the reason does.
    """
    fields: list[Field[SkippedEntry]] = [
        Field("", lambda one: one.row, say("Row")),
        Field("", lambda one: told(one.reason), say("Reason")),
        Field("", lambda one: one.number, say("Number")),
        Field("", lambda one: one.name, say("Name")),
    ]
    if any(one.column for one in entries):
        fields.append(Field("", lambda one: one.column, say("Column")))
    if any(one.accepted is not None for one in entries if one.reason in BEFORE_TERMS):
        fields.append(Field("", lambda one: one.accepted, say("Accepted terms"), written=figures.yes_or_no))
    return fields
