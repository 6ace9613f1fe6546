"""`smsctl block …`: the numbers that are never sent to."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from smsctl.cli import numbers, options, seen
from smsctl.cli.incoming.still_reached import still_reached
from smsctl.cli.options import argument
from smsctl.cli.output import audited
from smsctl.cli.output.blocks import Text, TextLine, Tone
from smsctl.cli.output.fields import Field, data_of, table_of, time_of
from smsctl.cli.output.reply import CommandResult, Note
from smsctl.cli.typed_rows import named_columns, reading_of
from smsctl.cli.wiring import Wiring
from smsctl.errors import InputError, Sentence, say, say_n
from smsctl.ledger import blocklist
from smsctl.ledger.blocklist import BlockedRow
from smsctl.spreadsheet.kinds import Hidden

EXAMPLES = {
    "add": ('smsctl block add 070-1740605 --reason "asked by phone"',),
    "remove": ('smsctl block remove 070-1740605 --reason "wants messages again"',),
    "list": ("smsctl block list", "smsctl block list --json"),
    "import": ('smsctl block import blocked.csv --reason "taken over from SuperOffice"',),
}


def run_add(
    wiring: Wiring,
    number: Annotated[list[str], argument("NUMBER...", "In any usual spelling.")],
    *,
    municipality: options.BlockListOf = None,
    reason: options.Reason = None,
) -> CommandResult:
    """Put numbers on the block list: nothing is sent to them any more.

    Where the gateway still holds an SMS for one of them (--at), that is told. Only a hash of each is kept,
    and no name, so that people with protected identity can stand there too.
    """
    wanted = _all_of(wiring, number)
    of = seen.lists(wiring, municipality, blocklist.FOR_ALL) or ()
    with wiring.ledger.transaction():
        added = blocklist.add(wiring.ledger, wanted, wiring.clock.now(), wiring.actor, reason or "", of)
    sentence = say_n(
        "{n} number was put on the block list.", "{n} numbers were put on the block list.", n=added
    )
    return _added({"added": added}, sentence, still_reached(wiring, seen.seen_by(wiring)))


def _added(data: dict[str, object], sentence: Sentence, doubts: Sequence[Sentence]) -> CommandResult:
    return CommandResult(
        data=data,
        screen=[TextLine(sentence, Tone.GOOD), *(TextLine(told, Tone.WARN) for told in doubts)],
        said=[Note(code="warning", level="warning", text=told) for told in doubts],
        is_of_the_ledger=True,
        is_told_always=bool(doubts),
    )


def _all_of(wiring: Wiring, typed: Sequence[str]) -> list[str]:
    """Return the numbers. Raises InputError where one cannot be read; it tells of each of the others too."""
    wanted: list[str] = []
    refused: list[Sentence] = []
    for one in typed:
        try:
            wanted.append(numbers.read(wiring, one))
        except InputError as error:
            if len(typed) == 1:
                raise
            refused.append(error.sentence)
    if not refused:
        return wanted
    left = [
        say("{number} can be read, and was not put there either.", number=numbers.shown(wiring, one))
        for one in wanted
    ]
    raise InputError(
        say_n(
            "{n} number cannot be read; nothing was put on the block list.",
            "{n} numbers cannot be read; nothing was put on the block list.",
            n=len(refused),
        ),
        hint=say("Correct what cannot be read, and give all the numbers again."),
        problems=[*refused, *left],
    )


def run_remove(
    wiring: Wiring,
    number: Annotated[str, argument("NUMBER", "In any usual spelling.")],
    *,
    municipality: options.BlockListOf = None,
    reason: options.Reason = None,
) -> CommandResult:
    """Take a number off the block list; what was cancelled meanwhile stays cancelled."""
    wanted, of = numbers.read(wiring, number), seen.lists(wiring, municipality, None)
    with wiring.ledger.transaction():
        removed = blocklist.remove(wiring.ledger, wanted, wiring.clock.now(), wiring.actor, reason or "", of)
    sentence = say("The number may be sent to again.") if removed else say("The number was not on the list.")
    return CommandResult(
        data={"removed": removed},
        screen=[TextLine(sentence)],
        is_of_the_ledger=True,
        is_told_always=not removed,  # of a number that is typed wrongly, nobody would know
    )


def run_list(wiring: Wiring) -> CommandResult:
    """List the block list: since when, why, by whom, and the last two digits.

    More is not kept: the list holds hashes, not numbers.
    """
    seen_here = seen.seen_by(wiring)
    rows = [
        row._replace(reason=numbers.shown_text(wiring, row.reason))
        for row in blocklist.listed(wiring.ledger, seen_here)
    ]
    fields = _fields(wiring)
    shown = fields if any(row.municipality for row in rows) else fields[:-1]
    listed = table_of(shown, rows) if rows else TextLine(say("The block list is empty."))
    return CommandResult(
        data={"blocked": [data_of(fields, row) for row in rows]},
        screen=[*seen.limits(wiring, seen_here), listed],
        is_of_the_ledger=True,
    )


def run_import(
    wiring: Wiring,
    file: Annotated[Path, argument("FILE", "A CSV file with a column of numbers.")],
    *,
    column: options.Column = None,
    delimiter: options.Delimiter = None,
    sheet: options.SheetName = None,
    municipality: options.BlockListOf = None,
    reason: options.Reason = None,
) -> CommandResult:
    """Put the numbers of a file on the block list: none when one of them cannot be read.

    The file has a heading as a recipients file has, or is a bare list of numbers.
    """
    from smsctl.actions.read_numbers import read_numbers  # the other commands need none of it

    columns = {**wiring.settings.columns, **named_columns(column or ())}
    of = seen.lists(wiring, municipality, blocklist.FOR_ALL) or ()
    reading = reading_of(delimiter, sheet, Hidden.SEND)  # hidden rows are blocked too
    wanted, without, assumed = read_numbers(file, columns, numbers.reader(wiring), reading)
    doubts = [*assumed, *_left(without)]
    with wiring.output.working(say("Blocking")) as tell:
        added = blocklist.add_all(
            wiring.ledger, wanted, wiring.clock.now(), wiring.actor, reason or "", tell, of
        )
    sentence = say_n(
        "{n} number was put on the block list, {known} stood there already.",
        "{n} numbers were put on the block list, {known} stood there already.",
        n=added,
        known=len(wanted) - added,
    )
    doubts += still_reached(wiring, seen.seen_by(wiring))
    return _added({"added": added, "known": len(wanted) - added}, sentence, doubts)


def _left(rows: Sequence[int]) -> list[Sentence]:
    """Say which rows have no number, so that nobody was blocked for them."""
    from smsctl.cli.output import whom  # the other commands need none of it

    told = say_n(
        "{n} row has no number, and blocks nobody: {rows}.",
        "{n} rows have no number, and block nobody: {rows}.",
        n=len(rows),
        rows=whom.listed(rows, _ROWS_TOLD),
    )
    return [told] if rows else []


def _fields(wiring: Wiring) -> list[Field[BlockedRow]]:
    """Return what is known of a number: when, why, who, the last two digits, and last for whom."""

    def name(key: object) -> Text:
        return wiring.called(str(key)) if key else say("all")

    return [
        time_of("at", lambda one: one.at, say("Since"), wiring.settings.time_zone),
        Field("reason", lambda one: one.reason, say("Why"), audited.reason),
        Field("by", lambda one: one.by_whom, say("By"), audited.actor),
        Field("last_digits", lambda one: one.last_digits, say("Last digits")),
        Field("municipality", lambda one: one.municipality or None, say("Municipality"), name),
    ]


_ROWS_TOLD = 20
