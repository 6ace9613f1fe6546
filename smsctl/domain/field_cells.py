"""The cells that fill in a text: what stands in it for one, and which cannot be filled in."""

import re
import unicodedata
from functools import partial
from typing import Final, NamedTuple

from smsctl.domain import gsm7
from smsctl.domain.cells import ERROR, has_lost_letters, veiled
from smsctl.domain.entries import Problem
from smsctl.domain.fields import TextField, as_field
from smsctl.domain.filled import JOINS
from smsctl.domain.remains import remains
from smsctl.domain.text import PartProfile, invisible, replace_typographic, septets
from smsctl.errors import Sentence, say


class FilledCell(NamedTuple):
    """A cell as it stands in a text. `septets` is very many where it goes in UCS-2."""

    text: str
    septets: int
    units: int  # UTF-16
    has_pairs: bool
    is_plain: bool  # nothing is wrong with it, and nothing before it can join its first character


def problem_of_cell(field: TextField, written: str) -> Problem | None:
    """Return why a cell cannot be filled in; None: it can."""
    cell, column = written.strip(), veiled(field.column)
    if not cell:
        return None if field.default is not None else ("empty-cell", partial(_empty, field))
    if at := next(invisible(cell), -1) + 1 or cell.find("\n") + 1:
        return f"character {column}", partial(_unseen, column, cell[at - 1])
    if cell.startswith("=") or re.fullmatch(ERROR, cell):
        return f"formula {column}", partial(_formula, column, cell)
    if ("&" in cell or "_x00" in cell) and (left := re.search(_LEFT, cell)):
        return f"left {column}", partial(_left, column, left[0])
    if re.fullmatch(NOTHING, cell):
        return f"nothing {column}", partial(_nothing, column, cell)
    return _problem_of_letters(column, cell)


def _problem_of_letters(column: str, cell: str) -> Problem | None:
    remain = None if cell.isascii() else next(iter(remains(cell)), None)
    if remain:
        return f"letters {column}", partial(_damaged, column, remain.piece, remain.meant)
    if has_lost_letters(cell):
        return f"lost {column}", partial(_lost, column, cell)
    return None


def text_of(field: TextField, written: str, *, replace: bool) -> str:
    """Return what stands in the text for a cell; with `replace`, typographic characters are plain."""
    cell = written.strip() or field.default or ""
    if not cell.isascii():
        cell = unicodedata.normalize("NFC", cell)
    return replace_typographic(cell)[0].strip() if replace else cell


def measured(text: str, profile: PartProfile) -> FilledCell:
    """Return a piece of text with its units counted."""
    units = len(text.encode("utf-16-be", "surrogatepass")) // 2
    narrow = septets(text, profile) if text else b""
    pairs = units > len(text) if narrow is None else gsm7.PAIR in narrow
    return FilledCell(
        text=text,
        septets=NOT_GSM7 if narrow is None else len(narrow),
        units=units,
        has_pairs=pairs or units > len(text),
        is_plain=text[:1] < JOINS,
    )


def _empty(field: TextField) -> Sentence:
    return say(
        "nothing stands under {column}; {default} would be filled in where the cell is empty.",
        column=veiled(field.column),
        default=as_field(f"{field.column}|…"),
    )


def _unseen(column: str, char: str) -> Sentence:
    name = f"U+{ord(char):04X}"
    if char in "\r\n":
        return say("{column} holds a line break ({name}).", column=column, name=name)
    return say("{column} holds a character that cannot be seen: {name}.", column=column, name=name)


def _formula(column: str, cell: str) -> Sentence:
    return say("{column} holds {cell}, a formula or its error.", column=column, cell=veiled(cell)[:_SHOWN])


def _left(column: str, piece: str) -> Sentence:
    return say(
        "{column} holds {piece}, which would reach the phone as it stands; write what it stands for.",
        column=column,
        piece=piece,
    )


def _damaged(column: str, piece: str, meant: str) -> Sentence:
    return say(
        "{column} has {piece}, which should probably be {meant}.",
        column=column,
        piece=veiled(piece)[:_SHOWN],
        meant=veiled(meant)[:_SHOWN],
    )


def _nothing(column: str, cell: str) -> Sentence:
    return say(
        "{column} holds {cell}, as programs write it where there is nothing; empty the cell.",
        column=column,
        cell=cell,
    )


def _lost(column: str, cell: str) -> Sentence:
    return say(
        "{column} has {cell}, with ? where a letter was lost when the file was written.",
        column=column,
        cell=veiled(cell)[:_SHOWN],
    )


NOT_GSM7: Final = 1 << 20
"""So many septets has what is not GSM-7: more than any text."""
BAD: Final = FilledCell(text="", septets=0, units=0, has_pairs=False, is_plain=False)
NOTHING: Final = r"NULL|null|\(null\)|None|nil|undefined|NaN|nan|NaT|<NA>|[Nn]/[Aa]|\[object Object\]"
_LEFT: Final = (
    r"_x00[0-9A-Fa-f]{2}_|&(?:nbsp|amp|lt|gt|quot|apos|[aouAOU]uml|[aA]ring|[eE]acute|#x?[0-9a-fA-F]{2,5});"
)
"""What is left of a line break of XLSX, or of HTML."""
_SHOWN: Final = 20
