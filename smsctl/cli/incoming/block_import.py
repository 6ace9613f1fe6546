"""`smsctl block import FILE`: many numbers at once."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from smsctl.cli import numbers, options
from smsctl.cli.output.blocks import TextLine, Tone
from smsctl.cli.output.phrases import rehearsal
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.typed_rows import named_columns
from smsctl.cli.wiring import Wiring
from smsctl.domain.columns import find_columns
from smsctl.domain.number import NumberFault, NumberReader, why_of_cell
from smsctl.errors import InputError, Sentence, say, say_n
from smsctl.ledger import blocklist
from smsctl.opening import read_whole
from smsctl.spreadsheet import open_sheet

EXAMPLES = ('smsctl block import blocked.csv --reason "taken over from SuperOffice"',)

_SHOWN = 50
_LARGEST_MB = 1  # some 80 000 numbers


def run(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV file with a column of numbers.")],
    *,
    column: options.Column = None,
    reason: options.Reason = None,
) -> CommandResult:
    """Put the numbers of a file on the block list: all of them, or none when one cannot be read.

    The file has a heading as a recipients file has, or is a bare list of numbers.
    """
    wiring: Wiring = ctx.obj
    wanted = _numbers_in(wiring, file, named_columns(column or ()))
    with wiring.ledger.transaction():
        added = blocklist.add(wiring.ledger, wanted, wiring.clock.now(), wiring.actor, reason or "")
    sentence = say_n(
        "{n} number was put on the block list, {known} stood there already.",
        "{n} numbers were put on the block list, {known} stood there already.",
        n=added,
        known=len(wanted) - added,
    )
    return CommandResult(
        data={"added": added, "known": len(wanted) - added},
        screen=[*rehearsal(simulated=wiring.simulated), TextLine(sentence, Tone.GOOD)],
    )


def _numbers_in(wiring: Wiring, file: Path, named: Mapping[str, tuple[str, ...]]) -> list[str]:
    reader = numbers.reader(wiring)
    found: dict[str, None] = {}
    problems: list[Sentence] = []
    bad = 0
    for row, cell in _cells(wiring, file, named, reader):
        reading = reader.read(cell) if cell.strip() else None
        if reading and reading.number:
            found[reading.number] = None
        elif reading:
            bad += 1
            if bad <= _SHOWN:
                told = why_of_cell(reading.fault or NumberFault.UNREADABLE, cell)
                problems.append(say("row {row}: {why}", row=row, why=told))
    if problems:
        raise InputError(
            say_n(
                "{file}: {n} number cannot be read; nothing was put on the list.",
                "{file}: {n} numbers cannot be read; nothing was put on the list.",
                n=bad,
                file=file,
            ),
            problems=problems,
        )
    return list(found)


def _cells(
    wiring: Wiring, file: Path, named: Mapping[str, tuple[str, ...]], reader: NumberReader
) -> Iterator[tuple[int, str]]:
    """Yield the cells with numbers, each with its row; a heading that is itself a number is no heading."""
    lines = read_whole(file, _LARGEST_MB).decode("utf-8", "replace").lstrip("\ufeff").splitlines()
    if lines and reader.read(lines[0]).number:
        yield from enumerate(lines, 1)
        return
    del lines
    sheet = open_sheet(file)
    columns = find_columns(sheet.header, {**wiring.settings.columns, **named}, require_terms=False)
    places = [one.number for one in columns.numbers]
    rows = enumerate(sheet.rows(), 2)
    yield from ((at, row[place]) for at, row in rows for place in places if len(row) > place)
