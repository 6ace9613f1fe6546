"""`smsctl usage`: what is used, what is left, what it costs."""

from pathlib import Path
from typing import Annotated

import typer

from smsctl.cli import options
from smsctl.cli.money import usage_screen as render
from smsctl.cli.money.accounts import account_of, payers
from smsctl.cli.output.blocks import Block, TextLine, Tone
from smsctl.cli.output.reply import CommandResult, warning_of_all
from smsctl.cli.typed_times import period
from smsctl.cli.wiring import Wiring
from smsctl.errors import say
from smsctl.ledger import health

EXAMPLES = (
    "smsctl usage",
    "smsctl usage --municipality exempelkommun --since 2026-01",
    "smsctl usage --html usage.html   # for the finance office",
)

_LATEST = 5
_PACKAGES = 12
_ON_A_PAGE = 500

_Csv = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write the months of each municipality to a file; - prints."),
]
_Html = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write one page with charts, to read or print.")
]


def run(
    ctx: typer.Context,
    municipality: options.Municipality = None,
    since: options.Since = None,
    until: options.Until = None,
    csv: _Csv = None,
    html: _Html = None,
) -> CommandResult:
    """Show packages, parts and cost: one line for each municipality, or one municipality in full.

    Packages and the forecast are as of now; --since and --until choose what is counted beside them.
    """
    wiring: Wiring = ctx.obj
    wiring.names(write=(csv, html))
    asked = period(since, until)
    named = payers(wiring, municipality)
    alone = len(named) == 1
    mailings = _ON_A_PAGE if html else _LATEST if alone else 0
    packages = _ON_A_PAGE if html else _PACKAGES
    accounts = [
        account_of(wiring, payer, asked, most_mailings=mailings, most_packages=packages) for payer in named
    ]
    if alone:
        shown = accounts[0]._replace(mailings=accounts[0].mailings[:_LATEST])
        screen = render.one(shown, asked, wiring.settings.time_zone, simulated=wiring.simulated)
    else:
        screen = render.table(accounts, simulated=wiring.simulated)
    written, pages = list[Block](), list[str | None]()
    if csv or html:
        from smsctl.cli import files  # needs csv, which a start does not
    if csv:
        pages.append(files.write_csv(csv, render.MONTHS_HEADER, render.month_rows(accounts)))
        written.append(TextLine(say("Written to {path}.", path=csv), Tone.GOOD))
    if html:
        from smsctl.cli.money import usage_page

        made, zone = wiring.clock.now().at, wiring.settings.time_zone
        page = usage_page.page(accounts, asked, made, zone, simulated=wiring.simulated)
        pages.append(files.write_text(html, page))
        written.append(TextLine(say("Written to {path}.", path=html), Tone.GOOD))
    data = {
        "since": asked.since,
        "until": asked.until,
        "municipalities": [render.data(one, mailings=alone) for one in accounts],
    }
    reply = CommandResult(data=data, screen=[*screen, *written], page="".join(filter(None, pages)) or None)
    unsettled = health.unsettled(wiring.ledger, named[0].key if alone else None)
    return reply._replace(notes=warning_of_all(unsettled))
