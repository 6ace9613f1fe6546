"""One text that was filled in: what it was made of, and how it is made."""

import unicodedata
from typing import NamedTuple

from smsctl.domain import gsm7
from smsctl.domain.fields import Template
from smsctl.domain.wording import Wording


class Filled(NamedTuple):
    """A template filled in from one row."""

    body: str
    cells: tuple[str, ...]  # as they stand in the text
    parts: int
    is_wide: bool  # UCS-2
    template: int = 0


def composed(body: str) -> str:
    """Return a text that was filled in as it is sent: composed, and without a blank end."""
    return unicodedata.normalize("NFC", body).rstrip(" \t\n\u00a0").rstrip()


def format_of(template: Template) -> str:
    """Return the template as Python's % fills it in: one pass, so that a cell with %s stays as it is."""
    return "%s".join(piece.replace("%", "%%") for piece in template.pieces)


def refilled(wording: Wording, filled: Filled, cells: tuple[str, ...]) -> str:
    """Return a text with other cells in it, as it may be shown."""
    return composed(format_of(wording.templates[filled.template]) % cells)


def foreign_in(cell: str) -> str:
    """Return the characters of a cell that are not GSM-7."""
    return "".join(sorted(set(cell).difference(gsm7.BASIC, gsm7.EXTENDED)))
