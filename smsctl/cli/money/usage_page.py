"""Usage as one page for the finance office: charts and tables, to read in a browser or on paper.

No telephone numbers and no texts stand in it.
"""

from collections.abc import Callable, Iterator, Sequence

from smsctl.cli.money import cost_centres
from smsctl.cli.money import usage_fields as fields
from smsctl.cli.money import usage_words as usage
from smsctl.cli.money.usage_words import Account
from smsctl.cli.output import figures, html, svg
from smsctl.cli.output.blocks import Text
from smsctl.cli.output.phrases import NOTHING_LEAVES
from smsctl.domain.moment import Period
from smsctl.domain.package import are_nearly_used
from smsctl.errors import say, say_n
from smsctl.ledger.usage import Month

_MONTHS_SHOWN = 24
_MILLION_ORE = 1_000_000 * figures.KRONA_ORE


def page(accounts: Sequence[Account], period: Period, made: str, zone: str, *, simulated: bool) -> str:
    """Return the whole page, made at a time of the ledger's and shown on the clock of a time zone."""
    main = [html.paragraph(say("As of {at}.", at=figures.local(made, zone)))]
    if simulated:
        main.append(html.paragraph(NOTHING_LEAVES, "warn"))
    if len(accounts) > 1:
        main += html.table(fields.ACCOUNT, accounts)
        main += map(html.paragraph, (usage.total(accounts, period), *usage.without_price(accounts)))
    for one in accounts:
        main += ["<section>", *_account(one, period, zone), "</section>"]
    footer = (
        say(
            "A part is what the gateway bills. Prices are without VAT; a mailing's cost is its share of the"
            " packages it used. Corrections count in the month in which they were made."
        ),
        say(
            "The months add up to the total, to the öre. Each mailing is rounded by itself, so that the"
            " mailings may differ from it by some öre."
        ),
    )
    title = say("SMS usage, {when}", when=usage.when(period))
    return html.page(title, main, map(html.paragraph, footer))


def _account(account: Account, period: Period, zone: str) -> list[str]:
    found = account.usage
    told = [html.heading(account.municipality.name, 2)]
    if found.package:
        caption, foreseen = usage.package_caption(account), usage.forecast(account)
        told.append(html.heading(say("Package {number}", number=found.package.number)))
        share = (found.package.size - found.package.left) / found.package.size
        told += [*([svg.share_bar(share, caption)] if share else []), html.paragraph(caption)]
        if foreseen:
            is_near = are_nearly_used(found.packages, account.warn_share)
            told.append(html.paragraph(foreseen, "warn" if is_near else ""))
    elif account.municipality.in_packages:
        told.append(html.paragraph(say("No package is open.")))
    told.append(html.paragraph(usage.parts_sentence(found, period)))
    told += map(html.paragraph, usage.money_sentences(account, period))
    short = "warn" if usage.is_budget_short(account) else ""
    told += [html.paragraph(one, short) for one in usage.budget(account)]
    told += [*_unsettled(account), *_months(account), *_cost_centres(account), *_packages(account)]
    return [*told, *_mailings(account, zone)]


def _unsettled(account: Account) -> list[str]:
    if not account.unsettled:
        return []
    told = [html.heading(say("Not settled"))]
    told += [html.paragraph(one, "warn") for one in usage.unsettled(account)]
    told += html.table(fields.UNSETTLED, account.unsettled)
    if more := account.left.mailings - len(account.unsettled):
        told.append(
            html.paragraph(
                say_n("Not shown: {n} earlier mailing.", "Not shown: {n} earlier mailings.", n=more)
            )
        )
    return told


def _months(account: Account) -> list[str]:
    months = account.usage.months[-_MONTHS_SHOWN:]
    if not months:
        return []
    is_split = bool(account.packages) and any(month.parts_outside for month in account.usage.months)
    told: list[str] = []
    if account.cost_ore is not None:
        kronor = _chart(months, lambda month: (month.cost_ore,), figures.money, _in_short)
        told += [html.heading(say("Kronor per month")), *kronor]
    told += [
        html.heading(say("Parts per month")),
        *_chart(months, _parts(is_split=is_split), figures.count, figures.count),
    ]
    if is_split:
        told.append(html.keys(say("from packages"), say("outside any package")))
    shown = [one for one in fields.MONTH if is_split or one.key != "parts_outside_packages"]
    lines = [one for one in fields.months_of(account) if one.month in months]
    before = account.usage.months[:-_MONTHS_SHOWN]
    total = [_sum(say("In all"), account.usage.months, account, is_split=is_split)]
    if before:
        earlier = say("Before {month}", month=months[0].month)
        total.insert(0, _sum(earlier, before, account, is_split=is_split))
    return [*told, *html.table(shown, lines, total)]


def _chart(
    months: Sequence[Month],
    values: Callable[[Month], Sequence[int]],
    shown: Callable[[int], str],
    on_the_scale: Callable[[int], str],
) -> Iterator[str]:
    stacks = [
        svg.Stack(
            label=month.month,
            values=values(month),
            figure=shown(sum(values(month))),
            told=say("{month}: {parts}", month=month.month, parts=shown(sum(values(month)))),
        )
        for month in months
    ]
    told = say("Columns by month. The table below has the same figures.")
    yield svg.columns(stacks, told, shown=on_the_scale)
    yield svg.columns(stacks, told, shown=on_the_scale, width=svg.NARROW)


def _in_short(ore: int) -> str:
    """Tell a round amount in few letters: 5 000 kr, 1,5 Mkr."""
    if ore >= _MILLION_ORE:
        tenths = ore * 10 // _MILLION_ORE
        return f"{tenths // 10},{tenths % 10} Mkr"
    return figures.money(ore).replace(",00", "")


def _parts(*, is_split: bool) -> Callable[[Month], Sequence[int]]:
    def values(month: Month) -> Sequence[int]:
        return (month.parts - month.parts_outside, month.parts_outside) if is_split else (month.parts,)

    return values


def _sum(title: Text, months: Sequence[Month], account: Account, *, is_split: bool) -> tuple[Text, ...]:
    outside = (figures.count(sum(one.parts_outside for one in months)),) if is_split else ()
    cost_ore = None if account.cost_ore is None else sum(one.cost_ore for one in months)
    return (
        title,
        figures.count(sum(one.messages for one in months)),
        figures.count(sum(one.parts for one in months)),
        *outside,
        figures.money_or_nothing(cost_ore),
    )


def _cost_centres(account: Account) -> list[str]:
    lines = cost_centres.summed(account.cost_centres)
    if not any(one.cost_centre for one in lines):
        return []
    return [html.heading(say("By cost centre")), *html.table(cost_centres.OF_ONE, lines)]


def _packages(account: Account) -> list[str]:
    lines = account.packages
    if not lines:
        return []
    told = [usage.earlier_packages(account, lines, with_flag=False), usage.open_invoices(lines)]
    return [
        html.heading(say("Packages and their invoices")),
        *html.table(fields.PACKAGE, lines[::-1]),  # as mailings are, the newest first
        *(html.paragraph(one) for one in told if one),
        *(html.paragraph(one, "warn") for one in usage.losses(lines)),
    ]


def _mailings(account: Account, zone: str) -> list[str]:
    listed = account.mailings
    if not listed:
        return []
    title = say_n("The newest mailing", "The newest {n} mailings", n=len(listed))
    return [html.heading(title), *html.table(fields.mailing_fields(listed, zone), listed)]
