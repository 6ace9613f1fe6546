"""`smsctl usage`: what is used, what is left, what it costs."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer

from smsctl.cli import options
from smsctl.cli.money import usage_screen as render
from smsctl.cli.money.usage_screen import Account
from smsctl.cli.output.blocks import Block
from smsctl.cli.output.phrases import written
from smsctl.cli.output.reply import CommandResult, warning_of_all
from smsctl.cli.typed_times import period
from smsctl.cli.wiring import Wiring
from smsctl.domain.moment import ALWAYS, Period
from smsctl.domain.municipality import Municipality
from smsctl.domain.package import runs_out
from smsctl.errors import InputError, UsageError, say
from smsctl.ledger import costs, health, mailings
from smsctl.ledger.undelivered import Returns, have_come, of_municipality
from smsctl.ledger.usage import Usage, known_municipalities, pace_of, package_lines, usage

EXAMPLES = (
    "smsctl usage",
    "smsctl usage --municipality exempelkommun --since 2026-01",
    "smsctl usage --since 2026-11 --by cost-centre",
    "smsctl usage --html usage.html --replace   # for the finance office",
)

_LATEST = 5
_PACKAGES = 12
_ON_A_PAGE = 500

_Csv = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write the months of each municipality to a file; - prints."),
]
_By = Annotated[
    str | None,
    typer.Option(metavar="cost-centre", help="Tell the parts and their cost by who is charged inside."),
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
    by: _By = None,
    *,
    replace: options.Replace = False,
) -> CommandResult:
    """Show packages, parts and cost: one line for each municipality, or one municipality in full.

    Packages and the forecast are as of now; --since and --until choose what is counted beside them.
    """
    wiring: Wiring = ctx.obj
    wiring.names(write=(csv, html), replace=replace)
    asked = period(since, until)
    named = _payers(wiring, municipality)
    alone = len(named) == 1
    most, packages = (_ON_A_PAGE, _ON_A_PAGE) if html else (_LATEST if alone else 0, _PACKAGES)
    accounts = [_account(wiring, payer, asked, most_mailings=most, most_packages=packages) for payer in named]
    if by:
        return _by_cost_centre(wiring, by, accounts, asked, csv, replace=replace)
    if alone:
        shown, zone = accounts[0]._replace(mailings=accounts[0].mailings[:_LATEST]), wiring.settings.time_zone
        screen = render.one(shown, asked, zone, simulated=wiring.simulated)
    else:
        screen = render.table(accounts, simulated=wiring.simulated)
    told, printed = _files(wiring, accounts, asked, csv, html, replace=replace)
    data = {
        "since": asked.since,
        "until": asked.until,
        "municipalities": [render.data(one, mailings=alone) for one in accounts],
    }
    unsettled = warning_of_all(health.unsettled(wiring.ledger, named[0].key if alone else None))
    return CommandResult(data=data, screen=[*screen, *told], page=printed, notes=unsettled)


def _files(
    wiring: Wiring,
    accounts: Sequence[Account],
    asked: Period,
    csv: Path | None,
    html: Path | None,
    *,
    replace: bool,
) -> tuple[list[Block], str | None]:
    """Write the files that are asked for; return what is told of them, and what is printed instead."""
    told, pages = list[Block](), list[str | None]()
    if csv or html:
        from smsctl.cli.output import export  # needs csv, which a start does not
    if csv:
        rows = [(one, month) for one in accounts for month in one.usage.months]
        pages.append(export.write_csv(csv, render.MONTH, rows, replace=replace))
        told.append(written(csv))
    if html:
        from smsctl.cli.money import usage_page

        made, zone = wiring.clock.now().at, wiring.settings.time_zone
        page = usage_page.page(accounts, asked, made, zone, simulated=wiring.simulated)
        pages.append(export.write_text(html, page, replace=replace))
        told.append(written(html))
    return told, "".join(filter(None, pages)) or None


def _by_cost_centre(
    wiring: Wiring, by: str, accounts: Sequence[Account], asked: Period, csv: Path | None, *, replace: bool
) -> CommandResult:
    """Return what is told by cost centre: the months of each in a file, and their sum on a screen."""
    from smsctl.cli.money import cost_centres  # few ask for it

    if by != "cost-centre":
        raise UsageError(say("--by {by}: only cost-centre can be told apart.", by=by))
    keys = [one.municipality.key for one in accounts]
    lines = [line for key in keys for line in costs.by_cost_centre(wiring.ledger, key, asked)]
    screen, page = cost_centres.screen(lines, asked, wiring.called, simulated=wiring.simulated), None
    if csv:
        from smsctl.cli.output import export

        page = export.write_csv(csv, cost_centres.fields(wiring.called), lines, replace=replace)
        screen.append(written(csv))
    told = [
        {**render.data(one, mailings=False), "cost_centres": cost_centres.data(lines, one.municipality.key)}
        for one in accounts
    ]
    data = {"since": asked.since, "until": asked.until, "municipalities": told}
    return CommandResult(data=data, screen=screen, page=page)


def _payers(wiring: Wiring, named: str | None) -> tuple[Municipality, ...]:
    """Return the municipality of that name, or all: also those that only the ledger has."""
    if named is not None:
        try:
            return (wiring.municipality(named)[1],)
        except InputError:
            if named not in known_municipalities(wiring.ledger):
                raise
            return (Municipality(key=named, name=named),)
    found = {key: wiring.municipality(key)[1] for key in wiring.settings.municipalities}
    for key in known_municipalities(wiring.ledger):
        found.setdefault(key, Municipality(key=key, name=key))
    return tuple(found.values())


def _account(
    wiring: Wiring, payer: Municipality, period: Period, *, most_mailings: int, most_packages: int
) -> Account:
    """Return what is told of one municipality, with its newest packages and mailings."""
    ledger, today = wiring.ledger, wiring.clock.now().day
    found, pace = usage(ledger, payer.key, period), pace_of(ledger, payer.key, today)
    newest = map(
        wiring.named, mailings.newest(ledger, most=most_mailings, municipality=payer.key, period=period)
    )
    return Account(
        municipality=payer,
        usage=found,
        packages=package_lines(ledger, found, most=most_packages),
        mailings=[(mailing, mailings.tally(ledger, mailing)) for mailing in newest],
        came_back=_came_back(wiring, found) if period == ALWAYS else None,
        pace=pace,
        runs_out=runs_out(found.left, pace, date.fromisoformat(today)) if found.packages else None,
        warn_share=wiring.settings.limits.warn_share,
    )


def _came_back(wiring: Wiring, found: Usage) -> Returns | None:
    """Return what the delivery reports say; one is due when the configured wait has passed."""
    settings = wiring.settings
    if not settings.gateway.delivery_confirmation or not have_come(wiring.ledger):
        return None
    wait = settings.reports.wait + (settings.gateway.validity or timedelta())
    due_before = (wiring.clock.local() - wait).date().isoformat()
    return of_municipality(wiring.ledger, found.municipality, found.states, due_before)
