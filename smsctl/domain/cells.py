"""How the cells of a recipients file are compared, and how one that names several things is split.

Excel, school platforms and the web put no-break spaces, joiners and marks of direction into cells, and write
å as one character or as two. A reader sees none of it, so no comparison may.
"""

import re
import unicodedata
from typing import Final


def plain(text: str) -> str:
    """Return a cell as it is compared: NFKC, without case and invisible characters, single spaces."""
    if text.isascii() and _RETURN not in text:
        return " ".join(text.casefold().split())
    shown = re.sub(UNSEEN, "", unicodedata.normalize("NFKC", text))
    return " ".join(unicodedata.normalize("NFKC", shown.casefold()).split())


def bare(text: str) -> str:
    """Return a cell as it is compared, without the mark by which Excel keeps it as text: ="ja", 'ja."""
    if text[:1] in _MARKS and (marked := re.fullmatch(_TEXT_MARK, text, re.DOTALL)):
        text = marked[1] or marked[2] or ""
    return plain(text)


def shown(text: str) -> str:
    """Return a cell as it is shown: as it was written, without what nobody sees, on one line."""
    if text.isascii() and "\n" not in text and _RETURN not in text:
        return text.strip()
    return " ".join(re.sub(UNSEEN, "", text).split())


def may_name_somebody(text: str) -> bool:
    """Say whether a foreign text may hold somebody's number: of a phone, of an identity, a date of birth."""
    return re.search(_FIGURES, text) is not None


def may_hold_a_name(text: str) -> bool:
    """Say whether a word within a sentence is written as names are; many a name is not."""
    return re.search(_WITHIN, text) is not None


def veiled(cell: str) -> str:
    """Return a cell as a sentence or a list may repeat it: `…` where it may name somebody."""
    return VEIL if may_name_somebody(cell) else cell


def has_lost_letters(cell: str) -> bool:
    """Say whether a word of a cell has ? in the place of a letter, as PowerShell writes it; no link has."""
    return "?" in cell and re.search(_LOST, cell) is not None


def pieces(cell: str) -> list[str]:
    """Return what a cell names, in order; `,` `/` `;` `|` and line breaks stand between several."""
    return [piece for text in re.split(_BETWEEN, cell) if (piece := shown(text))]


VEIL: Final = "…"
NAMES_TOLD: Final = 20
"""Different cells of a column that are listed; more of them may be people."""
_BESIDE: Final = r"[\s()/.+\-\u2010-\u2015\u2212]*"
_FIGURES: Final = rf"\d(?:{_BESIDE}\d){{6}}|\d{{5}}|(?<!\d)[+0](?:{_BESIDE}\d){{4}}"
"""Of dates, months and school years, 2026-11 and 2025/26 are none: a telephone begins with 0 or +."""
_WITHIN: Final = r"(?<=[^\W\d_]|[,(\d])[ /]\(?[A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ]+"
# Texts, compiled at first use: most commands read no file.
UNSEEN: Final = (
    "_x000[Dd]_|[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
"""What nobody sees; it comes along from Excel, school platforms and phone books.

`_x000D_` is a carriage return as XLSX writes it; not every program that makes a CSV of one knows that.
"""
_MARKS: Final = ("=", "'")
_TEXT_MARK: Final = r"=\s*\"([^\"]*)\"\s*|'([^']*)"
_RETURN: Final = "_x000"
ERROR: Final = r"#[A-ZÅÄÖ][A-ZÅÄÖ/0-9]*[!?]|#N/A|#{2,}"
"""What a spreadsheet shows where a formula has come to nothing, or a column is too narrow."""
_LOST: Final = r"(?:^|\s)(?:[^\s/=@.]*[^\W\d_]\?[^\W\d_]|\?[^\W\d_]{2})"
_BETWEEN: Final = "[,/;|\n\r\v\f\u0085\u2028\u2029]"
