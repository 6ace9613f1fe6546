"""`smsctl usage`: what is used, what is left, what it costs."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

from smsctl.cli import options
from smsctl.cli.money import usage_fields as fields
from smsctl.cli.money import usage_screen as render
from smsctl.cli.money.usage_words import Account
from smsctl.cli.options import option
from smsctl.cli.output.blocks import Block
from smsctl.cli.output.reply import CommandResult, warning_of_all
from smsctl.cli.typed_times import period
from smsctl.cli.wiring import Wiring
from smsctl.domain.mailing import Mailing
from smsctl.domain.moment import ALWAYS, Period
from smsctl.domain.municipality import Municipality
from smsctl.domain.package import runs_out
from smsctl.errors import UsageError, say
from smsctl.ledger import costs, health, mailings
from smsctl.ledger.undelivered import Returns, have_come, of_municipality
from smsctl.ledger.usage import Usage, known_municipalities, pace_of, package_lines, usage

if TYPE_CHECKING:
    from smsctl.domain.budget import YearBudget

EXAMPLES = (
    "smsctl usage",
    "smsctl usage --municipality exempelkommun --since 2026-01",
    "smsctl usage --since 2026-11 --by cost-centre",
    "smsctl usage --html usage.html --replace   # for the finance office",
)

_BY = ("month", "package", "mailing", "cost-centre")
_LATEST = 5
_ON_A_PAGE = 500

_Csv = Annotated[Path | None, option("FILE", "Write the months, or what --by names, to a file; - prints.")]
_By = Annotated[
    str | None,
    option(
        "|".join(_BY), "What a line of --csv tells of; cost-centre, who is charged inside, on the screen too."
    ),
]
_Html = Annotated[Path | None, option("FILE", "Write one page with charts, to read or print.")]


class _Wanted(NamedTuple):
    """How much is looked up beside the sums."""

    mailings: int  # the newest
    packages: int
    unsettled: int  # mailings
    cost_centres: bool


def run(
    wiring: Wiring,
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
    if csv and html and csv.absolute() == html.absolute():
        raise UsageError(say("--csv and --html name one file: {path}.", path=csv))
    wiring.names(write=(csv, html), replace=replace)
    asked, told_by = period(since, until), _told_by(by)
    named = _payers(wiring, municipality)
    alone = len(named) == 1
    wanted = _Wanted(
        mailings=_most(csv and told_by == "mailing", html, _LATEST if alone else 0),
        packages=_most(csv and told_by == "package", html, render.PACKAGES_SHOWN),
        unsettled=_most(None, html, render.PACKAGES_SHOWN if wiring.output.speaks_json else 0),
        cost_centres=bool(html) or told_by == "cost-centre",
    )
    accounts = [_account(wiring, payer, asked, wanted) for payer in named]
    screen = [] if wiring.output.speaks_json else _screen(wiring, accounts, asked, told_by)
    printed = None
    if csv or html:
        from smsctl.cli.money import usage_files  # needs csv, which a start does not

        told, printed = usage_files.write(
            wiring, accounts, asked, told_by, csv=csv, html=html, replace=replace
        )
        screen += told
    data = {
        "since": asked.since,
        "until": asked.until,
        "municipalities": [
            fields.data(one, mailings=alone, cost_centres=told_by == "cost-centre") for one in accounts
        ],
    }
    left = {one.left.newest: one.left.messages for one in accounts if one.left.newest}
    return CommandResult(
        data=data, screen=screen, page=printed, notes=warning_of_all(left), is_of_the_ledger=True
    )


def _told_by(by: str | None) -> str:
    if by is not None and by not in _BY:
        known = ", ".join(_BY)
        raise UsageError(say("--by {by} is unknown; write one of {known}.", by=by, known=known))
    return by or _BY[0]


def _most(every: object, on_a_page: object, shown: int) -> int:
    return mailings.EVERY if every else _ON_A_PAGE if on_a_page else shown


def _screen(wiring: Wiring, accounts: Sequence[Account], asked: Period, told_by: str) -> list[Block]:
    if told_by == "cost-centre":
        from smsctl.cli.money import cost_centres  # few ask for it

        lines = [line for one in accounts for line in one.cost_centres]
        return cost_centres.screen(lines, asked, wiring.called)
    if len(accounts) > 1:
        return render.table(accounts, asked)
    shown = accounts[0]._replace(mailings=accounts[0].mailings[:_LATEST])
    return render.one(shown, asked, wiring.settings.time_zone)


def _payers(wiring: Wiring, named: str | None) -> tuple[Municipality, ...]:
    """Return the municipality of that name, or all: also those that only the ledger has."""
    found = {key: wiring.municipality(key)[1] for key in wiring.settings.municipalities}
    if named is not None:
        from smsctl.cli import payers  # cron names none

        key = payers.key_of(wiring, named)
        return (found.get(key, Municipality(key=key, name=key)),)
    for key in known_municipalities(wiring.ledger):
        found.setdefault(key, Municipality(key=key, name=key))
    return tuple(found.values())


def _account(wiring: Wiring, payer: Municipality, period: Period, wanted: _Wanted) -> Account:
    """Return what is told of one municipality, with its newest packages and mailings."""
    ledger, today = wiring.ledger, wiring.clock.now().day
    with ledger.snapshot():  # while somebody sends, parts, packages and kronor add up of one moment alone
        account = _sums(wiring, payer, period, wanted, today)
    newest: Iterable[Mailing] = map(
        wiring.named, mailings.newest(ledger, most=wanted.mailings, municipality=payer.key, period=period)
    )
    if wiring.settings.senders:
        from smsctl.cli import seen  # most have none

        newest = seen.as_told(wiring, newest)
    return account._replace(mailings=[(one, mailings.tally_of_one_look(ledger, one)) for one in newest])


def _sums(wiring: Wiring, payer: Municipality, period: Period, wanted: _Wanted, today: str) -> Account:
    """Return what is told of one municipality but for its mailings."""
    ledger = wiring.ledger
    found, pace = usage(ledger, payer.key, period), pace_of(ledger, payer.key, today)
    return Account(
        municipality=payer,
        usage=found,
        packages=package_lines(ledger, found, most=wanted.packages),
        mailings=[],
        left=health.unsettled_sum(ledger, payer.key),
        unsettled=health.unsettled_mailings(ledger, payer.key, wanted.unsettled),
        cost_centres=costs.by_cost_centre(ledger, payer.key, period) if wanted.cost_centres else (),
        came_back=_came_back(wiring, found) if period == ALWAYS else None,
        pace=pace,
        runs_out=runs_out(found.left, pace, date.fromisoformat(today))
        if payer.package and found.packages
        else None,
        warn_share=wiring.settings.limits.warn_share,
        budget=_budget(wiring, payer, today),
    )


def _budget(wiring: Wiring, payer: Municipality, today: str) -> "YearBudget | None":
    if payer.budget_year_ore is None:
        return None
    from smsctl.domain.budget import year_budget
    from smsctl.ledger import budgets  # many have none

    spending = budgets.spending(wiring.ledger, payer, today)
    pace = pace_of(wiring.ledger, payer.key, today, with_outside=True)
    return year_budget(payer, spending, pace, date.fromisoformat(today))


def _came_back(wiring: Wiring, used: Usage) -> Returns | None:
    """Return what the delivery reports say; one is due when the configured wait has passed."""
    settings = wiring.settings
    if not settings.gateway.delivery_confirmation or not have_come(wiring.ledger):
        return None
    wait = settings.reports.wait + (settings.gateway.validity or timedelta())
    due_before = (wiring.clock.local() - wait).date().isoformat()
    return of_municipality(wiring.ledger, used.municipality, used.states, due_before)
