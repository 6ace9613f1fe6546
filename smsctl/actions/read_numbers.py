"""Reads a file of numbers, with a heading as a recipients file has, or a bare list."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from smsctl.actions.classify import columns_of
from smsctl.domain.entries import wrong_width
from smsctl.domain.number import NumberReader, why_of_cell
from smsctl.domain.number_plan import NumberFault
from smsctl.errors import InputError, Sentence, say, say_n
from smsctl.opening import read_whole
from smsctl.spreadsheet import ReadOptions, open_sheet

Columns = Mapping[str, tuple[str, ...]]
_SHOWN = 50
_LARGEST_MB = 1  # some 80 000 numbers


class NumbersRead(NamedTuple):
    """The numbers of a file, each once, the rows that have none, and what was assumed of a workbook."""

    numbers: list[str]
    without: list[int]  # as the spreadsheet numbers them
    assumed: list[Sentence]


def read_numbers(file: Path, columns: Columns, reader: NumberReader, reading: ReadOptions) -> NumbersRead:
    """Return the numbers of a file; `columns` names those that are not recognised by themselves.

    Raises InputError where one cannot be read, and where there is none.
    """
    found: dict[str, None] = {}
    without: list[int] = []
    assumed: list[Sentence] = []
    problems: list[Sentence] = []
    bad = 0
    for row, cell in _cells(file, columns, reader, reading, assumed):
        told = cell
        if isinstance(cell, str):
            number, fault, _ = reader.read(cell)
            if number:
                found[number] = None
                continue
            if fault is NumberFault.EMPTY:
                without.append(row)
                continue
            told = why_of_cell(fault or NumberFault.UNREADABLE, cell)
        bad += 1
        if bad <= _SHOWN:
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
    if not found:
        raise InputError(say("{file}: no row has a number; nothing was put on the list.", file=file))
    return NumbersRead(numbers=list(found), without=without, assumed=assumed)


def _cells(
    file: Path, named: Columns, reader: NumberReader, reading: ReadOptions, assumed: list[Sentence]
) -> Iterator[tuple[int, str | Sentence]]:
    """Yield the cells with numbers, each with its row; a heading that is itself a number is no heading.

    A row with none gives an empty one; where it has more or fewer cells than the heading, why: in which its
    number stands is not known.
    """
    lines = read_whole(file, _LARGEST_MB).decode("utf-8", "replace").lstrip("\ufeff").splitlines()
    if lines and reader.read(lines[0]).number:
        yield from ((at, line) for at, line in enumerate(lines, 1) if line.strip())
        return
    del lines
    sheet = open_sheet(file, reading._replace(numbers=named.get("number", ())))
    if sheet.name and sheet.notice:
        assumed.append(sheet.notice)
    columns = columns_of(sheet, named, reader, require_terms=False)
    places = [one.number for one in columns.numbers]
    for at, row in enumerate(sheet.rows(), 2):
        there = [row[place] for place in places if len(row) > place and row[place].strip()]
        yield from ((at, cell) for cell in there)
        if not there and any(map(str.strip, row)):
            _, why = wrong_width(len(row), sheet.width)
            yield at, "" if len(row) in (sheet.width, len(sheet.header)) else why()
