"""Reads a file of numbers, with a heading as a recipients file has, or a bare list."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from smsctl.domain.columns import find_columns
from smsctl.domain.entries import wrong_width
from smsctl.domain.number import NumberReader, why_of_cell
from smsctl.domain.number_plan import NumberFault
from smsctl.errors import InputError, Sentence, say, say_n
from smsctl.opening import read_whole
from smsctl.spreadsheet import open_sheet

Columns = Mapping[str, tuple[str, ...]]
_SHOWN = 50
_LARGEST_MB = 1  # some 80 000 numbers


def read_numbers(file: Path, columns: Columns, reader: NumberReader) -> list[str]:
    """Return the numbers of a file, each once; `columns` names those that are not recognised by themselves.

    Raises InputError where one cannot be read.
    """
    found: dict[str, None] = {}
    problems: list[Sentence] = []
    bad = 0
    for row, cell in _cells(file, columns, reader):
        told = cell
        if isinstance(cell, str):
            reading = reader.read(cell)
            if reading.number:
                found[reading.number] = None
                continue
            told = why_of_cell(reading.fault or NumberFault.UNREADABLE, cell)
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
    return list(found)


def _cells(file: Path, named: Columns, reader: NumberReader) -> Iterator[tuple[int, str | Sentence]]:
    """Yield the cells with numbers, each with its row; a heading that is itself a number is no heading.

    Of a row with none, and with more or fewer cells than the heading, why: in which its number stands is not
    known.
    """
    lines = read_whole(file, _LARGEST_MB).decode("utf-8", "replace").lstrip("\ufeff").splitlines()
    if lines and reader.read(lines[0]).number:
        yield from ((at, line) for at, line in enumerate(lines, 1) if line.strip())
        return
    del lines
    sheet = open_sheet(file)
    columns = find_columns(sheet.header, named, require_terms=False)
    places = [one.number for one in columns.numbers]
    for at, row in enumerate(sheet.rows(), 2):
        there = [row[place] for place in places if len(row) > place and row[place].strip()]
        yield from ((at, cell) for cell in there)
        if not there and len(row) != sheet.width and any(map(str.strip, row)):
            _, why = wrong_width(len(row), sheet.width)
            yield at, why()
