"""Usage as one page for the finance office: charts and tables, to read in a browser or on paper.

The page stands alone: no scripts, nothing fetched, no telephone numbers and no texts.
"""

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

from smsctl.cli.money import usage_screen as usage
from smsctl.cli.money.usage_screen import Account
from smsctl.cli.output import figures, svg
from smsctl.cli.output.blocks import Table, Text
from smsctl.cli.output.fields import Field, table_of
from smsctl.cli.output.language import spoken, words
from smsctl.cli.output.phrases import NOTHING_LEAVES
from smsctl.cli.output.plain import safe
from smsctl.domain.mailing import Mailing, MailingTotals
from smsctl.domain.moment import Period
from smsctl.errors import say, say_n
from smsctl.ledger.usage import Month

_MONTHS_SHOWN = 24
_DAY = re.compile(r"\d{4}-\d\d")
_NOTHING_FETCHED = "default-src 'none'; style-src 'unsafe-inline'"


def page(accounts: Sequence[Account], period: Period, made: str, zone: str, *, simulated: bool) -> str:
    """Return the whole page, made at a time of the ledger's and shown on the clock of a time zone."""
    title = say("SMS usage, {when}", when=usage.when(period))
    head = [
        "<!DOCTYPE html>",
        f'<html lang="{spoken()}">',
        "<head>",
        '<meta charset="utf-8"/>',
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>',
        f'<meta http-equiv="Content-Security-Policy" content="{_NOTHING_FETCHED}"/>',
        f"<title>{_text(title)}</title>",
        f"<style>\n{Path(__file__).with_suffix('.css').read_text(encoding='utf-8')}</style>",
        "</head>",
    ]
    body = [
        "<body>",
        "<main>",
        f"<h1>{_text(title)}</h1>",
        _p(say("As of {at}.", at=figures.local(made, zone))),
    ]
    if simulated:
        body.append(_p(NOTHING_LEAVES, "warn"))
    for one in accounts:
        body += ["<section>", *_account(one, period, zone), "</section>"]
    return "\n".join([*head, *body, *_foot(), ""])


def _account(account: Account, period: Period, zone: str) -> list[str]:
    found = account.usage
    parts = [f"<h2>{_text(account.municipality.name)}</h2>"]
    if found.package:
        caption, foreseen = usage.package_caption(account), usage.forecast(account)
        number = say("Package {number}", number=found.package.number)
        parts += [f"<h3>{_text(number)}</h3>"]
        share = (found.package.size - found.package.left) / found.package.size
        parts += [svg.share_bar(share, caption), _p(caption)]
        if foreseen:
            parts.append(_p(foreseen, "warn" if found.package.is_nearly_used(account.warn_share) else ""))
    elif account.municipality.in_packages:
        parts.append(_p(say("No package is open.")))
    parts.append(_p(usage.parts_sentence(found, period)))
    parts += [_p(one, "warn") for one in usage.unsettled(found)]
    parts += _months(found.months[-_MONTHS_SHOWN:], in_packages=bool(account.packages))
    if account.packages:
        parts += [f"<h3>{_text(say('Packages'))}</h3>", *_table(table_of(usage.PACKAGE, account.packages))]
        parts += [_p(one, "warn") for one in usage.losses(account.packages)]
    return [*parts, *_mailings(account.mailings, zone)]


def _months(months: Sequence[Month], *, in_packages: bool) -> list[str]:
    if not months:
        return []
    parts = [f"<h3>{_text(say('Parts per month'))}</h3>"]
    split = in_packages and any(month.parts_outside for month in months)
    stacks = [
        svg.Stack(
            label=month.month,
            values=(month.parts - month.parts_outside, month.parts_outside) if split else (month.parts,),
            figure=figures.count(month.parts),
            told=say("{month}: {parts}", month=month.month, parts=figures.parts(month.parts)),
        )
        for month in months
    ]
    told = say("Columns: parts per month. The table below has the same figures.")
    parts.append(svg.columns(stacks, told))
    if split:
        inside, outside = _text(say("from packages")), _text(say("outside any package"))
        parts.append(f'<p><span class="key">{inside}</span><span class="key">{outside}</span></p>')
    fields: list[Field[Month]] = [
        Field("", lambda one: one.month, say("Month")),
        Field("", lambda one: one.messages, say("Messages"), figures.count, right=True),
        Field("", lambda one: one.parts, say("Parts"), figures.count, right=True),
    ]
    if in_packages:
        outside_title = say("Outside packages")
        fields.append(Field("", lambda one: one.parts_outside, outside_title, figures.count, right=True))
    return [*parts, *_table(table_of(fields, months))]


def _mailings(listed: Sequence[tuple[Mailing, MailingTotals]], zone: str) -> list[str]:
    if not listed:
        return []
    title = say_n("The newest mailing", "The newest {n} mailings", n=len(listed))
    return [f"<h3>{_text(title)}</h3>", *_table(table_of(usage.mailing_fields(listed, zone), listed))]


def _foot() -> list[str]:
    told = say(
        "A part is what the gateway bills. Prices are without VAT; a mailing's cost is its share of the"
        " packages it used. Corrections count in the month in which they were made."
    )
    return ["</main>", f"<footer>{_p(told)}</footer>", "</body>", "</html>"]


def _table(table: Table) -> list[str]:
    right = [' class="right"' if column.right else "" for column in table.columns]
    heads = [
        f'<th scope="col"{side}>{_text(column.title)}</th>'
        for column, side in zip(table.columns, right, strict=True)
    ]
    lines = ["<table>", f"<thead><tr>{''.join(heads)}</tr></thead>", "<tbody>"]
    for row in table.rows:
        cells = [
            f"<td{_kept(cell) or side}>{_text(cell)}</td>" for cell, side in zip(row, right, strict=True)
        ]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return [*lines, "</tbody>", "</table>"]


def _kept(cell: Text) -> str:
    """Keep a date on one line: a browser folds at its hyphens."""
    return ' class="day"' if isinstance(cell, str) and _DAY.match(cell) else ""


def _p(text: Text, kind: str = "") -> str:
    return f'<p class="{kind}">{_text(text)}</p>' if kind else f"<p>{_text(text)}</p>"


def _text(text: Text) -> str:
    return escape(safe(words(text)))
