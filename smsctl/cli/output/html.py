"""A page that stands alone: no scripts, nothing fetched. It fits a phone, a screen and paper."""

import re
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import TypeVar

from smsctl.cli.output.blocks import Text
from smsctl.cli.output.fields import Field, cells_of, columns_of
from smsctl.cli.output.language import spoken, words
from smsctl.cli.output.plain import safe

T = TypeVar("T")
_DAY = re.compile(r"\d{4}-\d\d(?:-\d\d)?")
_INSIDE_A_FIGURE = re.compile(r"(?<=\d) (?=\d{3}(?!\d)|kr\b|%)")
_KEPT_TOGETHER = "\u00a0"
_NOTHING_FETCHED = "default-src 'none'; style-src 'unsafe-inline'"
_FITS_A_PHONE = 5  # columns; a wider table becomes a card for each row there


def page(title: Text, main: Iterable[str], footer: Iterable[str]) -> str:
    """Return a whole page."""
    lines = [
        "<!DOCTYPE html>",
        f'<html lang="{spoken()}">',
        "<head>",
        '<meta charset="utf-8"/>',
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>',
        f'<meta http-equiv="Content-Security-Policy" content="{_NOTHING_FETCHED}"/>',
        f"<title>{text(title)}</title>",
        f"<style>\n{Path(__file__).with_suffix('.css').read_text(encoding='utf-8')}</style>",
        "</head>",
        "<body>",
        "<main>",
        heading(title, 1),
        *main,
        "</main>",
        f"<footer>{''.join(footer)}</footer>",
        "</body>",
        "</html>",
    ]
    return "\n".join([*lines, ""])


def table(fields: Sequence[Field[T]], rows: Iterable[T], total: Sequence[tuple[Text, ...]] = ()) -> list[str]:
    """Return a table; `total` are the lines below it, each with a cell for every column."""
    columns = columns_of(fields)
    titles = [text(one.title) for one in columns]
    right = [' class="right"' if one.right else "" for one in columns]
    wide = ' class="wide"' if len(columns) > _FITS_A_PHONE else ""
    heads = [f'<th scope="col"{side}>{title}</th>' for title, side in zip(titles, right, strict=True)]

    def line(cells: Sequence[Text]) -> str:
        told = (
            f'<td{side or _kept(cell)} data-title="{title}">{text(cell)}</td>'
            for cell, title, side in zip(cells, titles, right, strict=True)
        )
        return f"<tr>{''.join(told)}</tr>"

    body = [f"<table{wide}>", f"<thead><tr>{''.join(heads)}</tr></thead>", "<tbody>"]
    body += [line(cells_of(fields, row)) for row in rows]
    foot = ["<tfoot>", *map(line, total), "</tfoot>"] if total else []
    return [*body, "</tbody>", *foot, "</table>"]


def _kept(cell: Text) -> str:
    """Keep a date on one line: a browser folds at its hyphens."""
    return ' class="day"' if isinstance(cell, str) and _DAY.match(cell) else ""


def heading(title: Text, level: int = 3) -> str:
    """Return a heading."""
    return f"<h{level}>{_unbroken(title)}</h{level}>"


def paragraph(content: Text, kind: str = "") -> str:
    """Return a paragraph."""
    return f'<p class="{kind}">{_unbroken(content)}</p>' if kind else f"<p>{_unbroken(content)}</p>"


def _unbroken(content: Text) -> str:
    """Return a text in which no date is folded: a browser does at its hyphens."""
    return _DAY.sub(r'<span class="day">\g<0></span>', text(content))


def keys(*told: Text) -> str:
    """Return what the colours of a chart mean, in their order."""
    told_apart = "".join(f'<span class="key">{text(one)}</span>' for one in told)
    return f"<p>{told_apart}</p>"


def text(content: Text) -> str:
    """Return a text as it may stand in a page, also between quotes; no figure in it is folded."""
    return escape(_INSIDE_A_FIGURE.sub(_KEPT_TOGETHER, safe(words(content))))
