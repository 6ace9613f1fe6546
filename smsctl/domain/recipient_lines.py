"""The lines of a recipients file, known in a text that was given by mistake."""

import re
from typing import Final

from smsctl.domain.headings import HEADERS, fold


def rows_in(body: str) -> int | None:
    """Find the lines of a recipients file: cells between delimiters, with its headings or numbers."""
    lines = [re.sub(_QUOTED_CELL, r"\1", line) for line in body.split("\n") if line.strip()]
    return next((0 for delimiter in ";,|" if _is_table(lines, delimiter)), None)


def numbers_in(body: str) -> int | None:
    """Find a column of numbers, with its heading or without, and nothing else."""
    lines = [line.strip(" ,;") for line in re.split(r"[\n;]|, ?", body) if line.strip(" ,;")]
    if lines and _is_heading(lines[0]) and ":" not in lines[0]:
        lines = lines[1:]
    are_numbers = all(re.fullmatch(_NUMBER_CELL, line) for line in lines)
    return 0 if len(lines) >= _FEWEST_LINES and are_numbers else None


def _is_table(lines: list[str], delimiter: str) -> bool:
    first = lines[0].split(delimiter)
    if not all(line.count(delimiter) for line in lines):
        return False
    heads = sum(_is_heading(cell) for cell in first)
    if len(first) < _FEWEST_CELLS:  # Namn,Mobil and the rows below
        are_known = len(first) > 1 and all(fold(cell) in _OF_FILES for cell in first)
        are_rows = len(lines) > _FEWEST_LINES and not any(f"{delimiter} " in line for line in lines)
        return are_known and (are_rows or any(_has_number(line.split(delimiter)) for line in lines[1:]))
    if f"{delimiter} " in lines[0] or (len(lines) == 1 and any(map(_is_prose, first))):
        return False
    if heads >= _FEWEST_HEADINGS and heads * 2 >= len(first):
        return True
    numbered = sum(_has_number(line.split(delimiter)) for line in lines)
    even = sum(line.count(delimiter) == len(first) - 1 for line in lines)
    wanted = 1 if delimiter == ";" else _FEWEST_LINES
    return numbered >= wanted and numbered * 2 >= len(lines) and even * 5 >= len(lines) * 4


def _is_prose(cell: str) -> bool:
    return ":" in cell or len(cell.split()) > _LONGEST_HEADING


def _is_heading(cell: str) -> bool:
    words = re.findall(r"\w+", cell.casefold())
    return 0 < len(words) <= _LONGEST_HEADING and any(word.endswith(_HEADINGS) for word in words)


def _has_number(cells: list[str]) -> bool:
    return any(re.fullmatch(_NUMBER_CELL, cell.strip(" '\"=")) for cell in cells)


_FEWEST_CELLS: Final = 3
_BESIDE: Final = "klass class elev fornamn efternamn personnummer personnr epost email mentor"
_OF_FILES: Final = frozenset().union(*HEADERS.values(), _BESIDE.split())
_QUOTED_CELL: Final = r'(?<![^;,|])"([^"]*)"(?![^;,|\r])'
_FEWEST_HEADINGS: Final = 2
_FEWEST_LINES: Final = 2
_LONGEST_HEADING: Final = 3
_NUMBER_CELL: Final = r"(?:\+|00)?[0-9][0-9 ()\-]{6,18}[0-9]"
_WORDS: Final = (
    "namn name mobil mobile mobilnr mobiltfn telefon phone nummer number tel grupp group roll role klass"
    " class skola school kommun municipality villkor terms personnr epost email mejl adress address avdelning"
    " vårdnadshavare"
)
_HEADINGS: Final = tuple(_WORDS.split())
