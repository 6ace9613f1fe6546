"""The flags of the commands, each with its one help text; what several commands share looks the same."""

from pathlib import Path
from typing import Annotated, Any, Final, get_args

import typer

from smsctl.errors import UsageError, say

LARGEST: Final = 1_000_000_000
"""Of any count and id: more than a ledger will have, and no more than its columns hold."""


def option(metavar: str, text: str, *names: str, **more: Any) -> Any:  # noqa: ANN401 - as Typer has it
    """Return a flag with a value, which its help calls by `metavar`; `names` where it has another name."""
    return typer.Option(*names, metavar=metavar, help=text, **more)


def flag(name: str, text: str, **more: Any) -> Any:  # noqa: ANN401
    """Return a flag without a value."""
    return typer.Option(name, help=text, **more)


def argument(metavar: str, text: str, **more: Any) -> Any:  # noqa: ANN401
    """Return what is typed without a flag."""
    return typer.Argument(metavar=metavar, help=text, **more)


Municipality = Annotated[str | None, option("NAME", "Who pays: key or name in the config.")]
BlockListOf = Annotated[str | None, option("NAME", "For its mailings only; else for all.", "--municipality")]
Payer = Annotated[str, argument("MUNICIPALITY", "Key or name in the config.")]


def without_value(flag: str) -> UsageError:
    """Return what is told of a flag whose value says nothing, as an empty variable gives."""
    return UsageError(
        say("{flag} has no value.", flag=flag), hint=say("Is the variable in the command empty?")
    )


def _recipients(path: str) -> Path:
    if not path.strip():  # as a path it would be the folder
        raise without_value("--recipients")
    return Path(path)


Recipients = Annotated[
    Path | None, option("CSV", "The recipients file, instead of the config's.", parser=_recipients)
]
Replace = Annotated[bool, flag("--replace", "Put the file in place of an earlier one, at once and whole.")]
Column = Annotated[
    list[str] | None, option("NAME=HEADER", "Which column holds what: number='Mobil VH1'. Repeatable.")
]
Delimiter = Annotated[str | None, option("MARK", "What separates the columns: semicolon, comma or tab.")]
SheetName = Annotated[str | None, option("NAME", "Which sheet of a workbook, where several fit.", "--sheet")]
HiddenRows = Annotated[
    str | None,
    option("send|skip", "Whether rows that a workbook hides or filters away are meant, or left out."),
]
TermsNotRequired = Annotated[
    bool, flag("--terms-not-required", "Also to people who have not accepted the terms; goes with --reason.")
]
Group = Annotated[
    list[str] | None,
    option(
        "GROUP", "students, guardians, staff, principals, administrators, or a group of the file. Repeatable."
    ),
]
Where = Annotated[
    list[str] | None,
    option(
        "COLUMN=VALUE",
        "Only rows with this value in this column. Repeatable: any of the values given for a column.",
    ),
]
WhereEmpty = Annotated[
    list[str] | None, option("COLUMN", "Only rows whose cell in this column is empty. Repeatable.")
]
Everyone = Annotated[bool, flag("--all", "Every row of the municipality.")]
Sender = Annotated[str | None, option("SENDER", "What the phone shows.")]
Priority = Annotated[str | None, option("PRIORITY", "low, normal or high (1, 2, 3; 3 is fastest).")]
Validity = Annotated[str | None, option("DURATION", "How long delivery is tried: 90m, 4h, 2d.")]
Yes = Annotated[bool, flag("--yes", "Do not ask.")]
DryRun = Annotated[bool, flag("--dry-run", "Show the plan; send nothing, write nothing.")]
SkipInvalid = Annotated[
    bool, flag("--skip-invalid", "Leave out rows that cannot be read, instead of stopping.")
]
MaxParts = Annotated[
    int | None, option("PARTS", "The most parts that this run may cost.", min=0, max=LARGEST)
]
MaxNewPackages = Annotated[
    int | None,
    option("PACKAGES", "The most packages (each an invoice) that this run may open.", min=0, max=LARGEST),
]
MinMessages = Annotated[
    int | None,
    option(
        "MESSAGES", "Refuse a mailing of fewer: cron's guard against a broken export.", min=0, max=LARGEST
    ),
]
AllowEmpty = Annotated[
    bool, flag("--allow-empty", "Nobody to send to is no mistake: exit code 0 instead of 5.")
]
ReplaceTypographic = Annotated[
    bool, flag("--replace-typographic", "Write curly quotes, dashes and the like in plain characters.")
]
Strict = Annotated[bool, flag("--strict", "In a rehearsal, obey the rules that live would.", hidden=True)]
TextFile = Annotated[str | None, argument("[FILE]", "The file with the text; - is standard input.")]
Words = Annotated[str | None, option("TEXT", "A short text, in quotes, instead of a file.", "--text")]
Encoding = Annotated[
    str | None, option("NAME", "Of the file with the text: cp850, mac_roman, windows-1252 and others.")
]
TextAsItIs = Annotated[bool, flag("--text-as-it-is", "Send it though it does not look like a message.")]


def must_say_why(reason: str | None) -> str:
    """Return the reason that the audit wants. Raises UsageError where none is given."""
    if not reason:
        raise UsageError(say("Say why, for the audit, with: --reason TEXT"))
    return reason


def _something(text: str | None) -> str | None:
    from smsctl.domain.cells import plain  # of use only where there is a reason

    if text is not None and not plain(text):
        raise without_value("--reason")
    return text


Reason = Annotated[str | None, option("TEXT", "Why; written in the audit.", callback=_something)]
Key = Annotated[
    str | None,
    option("KEY", "Send once under this name; {date} {week} {month} {hour} make one for each slot."),
]
Wait = Annotated[
    str | None,
    option("DURATION", "While another run of this --key sends, wait so long (90m); then send what is left."),
]
Title = Annotated[
    str | None, option("TITLE", "What this mailing is called in lists: 'Study day 11 December'.")
]
Case = Annotated[
    str | None, option("CASE", "The case in the register of records (diarienummer): 'BUN 2026/123'.")
]
ListFile = Annotated[
    Path | None, option("FILE", "Write them to a file (0600), with full numbers; - prints.", "--csv")
]
MailingOrNone = Annotated[
    int | None, argument("[ID]", "The number in: smsctl mailings list", min=1, max=LARGEST)
]
OneNumber = Annotated[str, argument("NUMBER", "In any usual spelling.")]
CostCentre = Annotated[str | None, option("NAME", "Who is charged inside: a name under [cost_centres].")]
TextFor = Annotated[
    list[str] | None,
    option(
        "COLUMN=VALUE:FILE",
        "The text in FILE for the rows with this value; the first text is for all others. Repeatable.",
        "--text-for",
    ),
]
OnePerNumber = Annotated[
    bool, flag("--one-per-number", "Of texts with fields, each number gets that of its first row.")
]
Again = Annotated[bool, flag("--again", "Also to people who have had this text in the last 20 hours.")]
Urgent = Annotated[
    bool, flag("--urgent", "Also in quiet hours, and beyond a day's or month's ceiling; goes with --reason.")
]
At = Annotated[str | None, option("TIME", "Held by the gateway until then: 07:30, or 2026-12-01T07:30.")]
PutBack = Annotated[bool, flag("--put-back", "It was put back, also where nothing tells so.")]
AcceptClock = Annotated[
    bool,
    flag(
        "--accept-clock",
        "The clock is right, though the ledger is ahead of it; goes with --reason.",
        hidden=True,
    ),
]
ForwardTo = Annotated[
    str | None, option("ADDRESS", "Mail each incoming SMS on, through the site's mail server.")
]
Since = Annotated[str | None, option("DAY", "From this day on: 2026-11-22, or 2026-11.")]
Until = Annotated[str | None, option("DAY", "Up to and with this day, or month.")]
MailingId = Annotated[int, argument("ID", "The number in: smsctl mailings list", min=1, max=LARGEST)]


RESCUE: Final = {"strict": Strict, "accept_clock": AcceptClock}
"""By their parameters: the flags that help pages show with --verbose only."""


def show_rescue(*, shown: bool) -> None:
    """Let help pages show the flags that get somebody out of a corner, or leave them out."""
    for flag in RESCUE.values():
        get_args(flag)[1].hidden = not shown
