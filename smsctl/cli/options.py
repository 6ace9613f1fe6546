"""The flags of the commands, each with its one help text; what several commands share looks the same."""

from pathlib import Path
from typing import Annotated, Final, get_args

import typer

from smsctl.domain.cells import plain
from smsctl.errors import UsageError, say

LARGEST: Final = 1_000_000_000
"""Of any count and id: more than a ledger will have, and no more than its columns hold."""

Municipality = Annotated[
    str | None, typer.Option(metavar="NAME", help="Who pays: key or name in the config.")
]
BlockListOf = Annotated[
    str | None, typer.Option("--municipality", metavar="NAME", help="For its mailings only; else for all.")
]
Payer = Annotated[str, typer.Argument(metavar="MUNICIPALITY", help="Key or name in the config.")]
Recipients = Annotated[
    Path | None, typer.Option(metavar="CSV", help="The recipients file, instead of the config's.")
]
Replace = Annotated[
    bool, typer.Option("--replace", help="Put the file in place of an earlier one, at once and whole.")
]
Column = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=HEADER", help="Which column holds what: number='Mobil VH1'. Repeatable."),
]
Delimiter = Annotated[
    str | None,
    typer.Option(metavar="MARK", help="What separates the columns: semicolon, comma or tab."),
]
SheetName = Annotated[
    str | None, typer.Option("--sheet", metavar="NAME", help="Which sheet of a workbook, where several fit.")
]
HiddenRows = Annotated[
    str | None,
    typer.Option(
        metavar="send|skip", help="Whether rows that a workbook hides or filters away are meant, or left out."
    ),
]
TermsNotRequired = Annotated[
    bool,
    typer.Option(
        "--terms-not-required", help="Also to people who have not accepted the terms; goes with --reason."
    ),
]
Group = Annotated[
    list[str] | None,
    typer.Option(
        metavar="GROUP",
        help="students, guardians, staff, principals, administrators, or a group of the file. Repeatable.",
    ),
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN=VALUE",
        help="Only rows with this value in this column. Repeatable: any of the values given for a column.",
    ),
]
WhereEmpty = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN", help="Only rows whose cell in this column is empty. Repeatable."),
]
Everyone = Annotated[bool, typer.Option("--all", help="Every row of the municipality.")]
Sender = Annotated[str | None, typer.Option(metavar="SENDER", help="What the phone shows.")]
Priority = Annotated[
    str | None, typer.Option(metavar="PRIORITY", help="low, normal or high (1, 2, 3; 3 is fastest).")
]
Validity = Annotated[
    str | None, typer.Option(metavar="DURATION", help="How long delivery is tried: 90m, 4h, 2d.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the plan; send nothing, write nothing.")]
SkipInvalid = Annotated[
    bool, typer.Option("--skip-invalid", help="Leave out rows that cannot be read, instead of stopping.")
]
MaxParts = Annotated[
    int | None,
    typer.Option(min=0, max=LARGEST, metavar="PARTS", help="The most parts that this run may cost."),
]
MaxNewPackages = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=LARGEST,
        metavar="PACKAGES",
        help="The most packages (each an invoice) that this run may open.",
    ),
]
MinMessages = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=LARGEST,
        metavar="MESSAGES",
        help="Refuse a mailing of fewer: cron's guard against a broken export.",
    ),
]
AllowEmpty = Annotated[
    bool, typer.Option("--allow-empty", help="Nobody to send to is no mistake: exit code 0 instead of 5.")
]
ReplaceTypographic = Annotated[
    bool,
    typer.Option(
        "--replace-typographic", help="Write curly quotes, dashes and the like in plain characters."
    ),
]
Strict = Annotated[
    bool, typer.Option("--strict", hidden=True, help="In a rehearsal, obey the rules that live would.")
]
TextFile = Annotated[
    str | None, typer.Argument(metavar="[FILE]", help="The file with the text; - is standard input.")
]
Words = Annotated[
    str | None, typer.Option("--text", metavar="TEXT", help="A short text, in quotes, instead of a file.")
]
Encoding = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Of the file with the text: cp850, mac_roman, windows-1252 and others."
    ),
]
TextAsItIs = Annotated[
    bool, typer.Option("--text-as-it-is", help="Send it though it does not look like a message.")
]


def without_value(flag: str) -> UsageError:
    """Return what is told of a flag whose value says nothing, as an empty variable gives."""
    return UsageError(
        say("{flag} has no value.", flag=flag), hint=say("Is the variable in the command empty?")
    )


def _something(text: str | None) -> str | None:
    if text is not None and not plain(text):
        raise without_value("--reason")
    return text


Reason = Annotated[
    str | None,
    typer.Option(metavar="TEXT", help="Why; written in the audit.", callback=_something),
]
Key = Annotated[
    str | None,
    typer.Option(
        metavar="KEY", help="Send once under this name; {date} {week} {month} {hour} make one for each slot."
    ),
]
Title = Annotated[
    str | None,
    typer.Option(metavar="TITLE", help="What this mailing is called in lists: 'Study day 11 December'."),
]
Case = Annotated[
    str | None,
    typer.Option(metavar="CASE", help="The case in the register of records (diarienummer): 'BUN 2026/123'."),
]
ListFile = Annotated[
    Path | None,
    typer.Option("--csv", metavar="FILE", help="Write them to a file (0600), with full numbers; - prints."),
]
MailingOrNone = Annotated[
    int | None,
    typer.Argument(min=1, max=LARGEST, metavar="[ID]", help="The number in: smsctl mailings list"),
]
OneNumber = Annotated[str, typer.Argument(metavar="NUMBER", help="In any usual spelling.")]
CostCentre = Annotated[
    str | None, typer.Option(metavar="NAME", help="Who is charged inside: a name under [cost_centres].")
]
TextFor = Annotated[
    list[str] | None,
    typer.Option(
        "--text-for",
        metavar="COLUMN=VALUE:FILE",
        help="The text in FILE for the rows with this value; the first text is for all others. Repeatable.",
    ),
]
OnePerNumber = Annotated[
    bool,
    typer.Option("--one-per-number", help="Of texts with fields, each number gets that of its first row."),
]
Again = Annotated[
    bool, typer.Option("--again", help="Also to people who have had this text in the last 20 hours.")
]
Urgent = Annotated[bool, typer.Option("--urgent", help="Also in quiet hours; goes with --reason.")]
At = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Held by the gateway until then: 07:30, or 2026-12-01T07:30."),
]
AcceptClock = Annotated[
    bool,
    typer.Option(
        "--accept-clock",
        hidden=True,
        help="The clock is right, though the ledger is ahead of it; goes with --reason.",
    ),
]
ForwardTo = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Mail each incoming SMS on, through the site's mail server."),
]
Since = Annotated[str | None, typer.Option(metavar="DAY", help="From this day on: 2026-11-22, or 2026-11.")]
Until = Annotated[str | None, typer.Option(metavar="DAY", help="Up to and with this day, or month.")]
MailingId = Annotated[
    int, typer.Argument(min=1, max=LARGEST, metavar="ID", help="The number in: smsctl mailings list")
]


RESCUE: Final = {"strict": Strict, "accept_clock": AcceptClock}
"""By their parameters: the flags that help pages show with --verbose only."""


def show_rescue(*, shown: bool) -> None:
    """Let help pages show the flags that get somebody out of a corner, or leave them out."""
    for flag in RESCUE.values():
        get_args(flag)[1].hidden = not shown
