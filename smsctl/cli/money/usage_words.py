"""What is told of a municipality's usage, in sentences: the same on a screen and on the page."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from smsctl.cli.output import figures
from smsctl.domain.mailing import Mailing, MailingTotals
from smsctl.domain.moment import ALWAYS, Period
from smsctl.domain.municipality import Municipality
from smsctl.domain.package import ConsumptionPace
from smsctl.errors import Sentence, joined, say, say_n
from smsctl.ledger.costs import CostLine
from smsctl.ledger.health import UnsettledMailing, UnsettledSum
from smsctl.ledger.undelivered import Returns
from smsctl.ledger.usage import PackageLine, Usage

if TYPE_CHECKING:  # many have none
    from smsctl.domain.budget import YearBudget


class Account(NamedTuple):
    """Everything that is told of one municipality."""

    municipality: Municipality
    usage: Usage
    packages: Sequence[PackageLine]  # the newest, oldest first
    mailings: Sequence[tuple[Mailing, MailingTotals]]  # newest first
    left: UnsettledSum  # as of now
    unsettled: Sequence[UnsettledMailing]  # the newest
    cost_centres: Sequence[CostLine]  # by month; only where they are told
    came_back: Returns | None
    pace: ConsumptionPace
    runs_out: date | None  # None: not for years, or there is no package
    warn_share: float
    budget: "YearBudget | None" = None

    @property
    def cost_ore(self) -> int | None:
        """What was used costs, without VAT; None where no price is known."""
        return self.usage.cost_ore if self.has_a_price else None

    @property
    def has_a_price(self) -> bool:
        """Whether the price of anything is known."""
        found = self.usage
        return bool(self.municipality.rate or found.packages or found.parts_unpriced != found.parts)


def parts_sentence(used: Usage, period: Period) -> Sentence:
    """Say how many parts were used in the period, and how many of them outside any package."""
    if not used.parts:
        ever = say("Nothing that costs has been sent yet.")
        return ever if period == ALWAYS else say("Nothing that costs was sent {when}.", when=when(period))
    parts = figures.parts(used.parts)
    if used.package and used.parts_outside:
        return say(
            "{parts} used {when}, {outside} of them outside any package.",
            parts=parts,
            when=when(period),
            outside=figures.count(used.parts_outside),
        )
    return say("{parts} used {when}.", parts=parts, when=when(period))


def money_sentences(account: Account, period: Period) -> list[Sentence]:
    """Say what was used costs, and how that goes together with what was invoiced for packages."""
    found, cost_ore = account.usage, account.cost_ore
    told: list[Sentence] = []
    if cost_ore is not None and found.parts:
        told.append(_cost(cost_ore, found.outside_ore if found.packages else 0, period))
    told += [] if cost_ore is None else without_price([account])
    if found.parts_on_the_wire:
        parts = figures.parts(found.parts_on_the_wire)
        told.append(say("On the way right now, and not in the cost yet: {parts}.", parts=parts))
    return [*told, _balance(found, period)] if found.packages else told


def _cost(cost_ore: int, outside_ore: int, period: Period) -> Sentence:
    cost = figures.money(cost_ore)
    if outside_ore:
        outside = figures.money(outside_ore)
        return say(
            "Cost {when}: {cost} without VAT, {outside} of it outside any package.",
            when=when(period),
            cost=cost,
            outside=outside,
        )
    return say("Cost {when}: {cost} without VAT.", when=when(period), cost=cost)


def _balance(used: Usage, period: Period) -> Sentence:
    kept = used.balance
    terms = [
        say("{money} invoiced", money=figures.money(kept.invoiced_ore)),
        say("{money} used", money=figures.money(kept.used_ore)),
    ]
    if period.since:
        terms.insert(0, say("{money} prepaid before", money=figures.money(kept.before_ore)))
    if kept.lost_ore:
        terms.append(say("{money} lost in closed ones", money=figures.money(kept.lost_ore)))
    left = figures.money(kept.left_ore)
    if period.until:
        terms.append(say("{money} left on {day} (prepaid)", money=left, day=period.until))
    else:
        terms.append(say("{money} left (prepaid)", money=left))
    return say("Packages: {terms}.", terms=joined(*terms))


def budget(account: Account) -> list[Sentence]:
    """Say what of the year's budget is used, and what the year comes to at the latest pace."""
    found = account.budget
    if found is None:
        return []
    return [
        say(
            "Budget of {year}: {used} of {budget} used ({percent} %), {left} left.",
            year=found.year,
            used=figures.money(found.used_ore),
            budget=figures.money(found.budget_ore),
            percent=found.percent,
            left=figures.money(found.left_ore),
        ),
        say(
            "At the pace of the last 90 days, {year} comes to {money}.",
            year=found.year,
            money=figures.money(found.foreseen_ore),
        ),
    ]


def is_budget_short(account: Account) -> bool:
    """Say whether so much of the year's budget is used, or foreseen, that it must be told."""
    found = account.budget
    if found is None:
        return False
    return found.used_ore >= account.warn_share * found.budget_ore or found.foreseen_ore > found.budget_ore


def when(period: Period) -> Sentence:
    """Say the period in words."""
    match period:
        case Period(since=None, until=None):
            return say("in all")
        case Period(until=None):
            return say("since {since}", since=period.since)
        case Period(since=None):
            return say("until {until}", until=period.until)
    return say("from {since} to {until}", since=period.since, until=period.until)


def forecast(account: Account) -> Sentence | None:
    """Say when the last part is used at the pace of the last 90 days; None where nothing can be said."""
    if account.municipality.package is None or not account.packages or not account.pace.parts:
        return None  # what is left of a package is drawn no more where the config has none
    if account.usage.left <= 0:
        return say("Nothing is left: the next part opens a package, and makes an invoice.")
    if account.runs_out is None:
        return say("At the pace of the last 90 days it lasts for years.")
    return say("At the pace of the last 90 days it is used up on {day}.", day=account.runs_out.isoformat())


def package_caption(account: Account) -> Sentence:
    """Say how full the current package is."""
    package = account.usage.package
    size, left = (package.size, package.left) if package else (0, 0)
    if size == left:
        return say("Nothing of it is used yet: {parts} left.", parts=figures.parts(left))
    return say(
        "{percent}: {used} of {size} parts used, {left} left",
        percent=figures.percent(size - left, size),
        used=figures.count(size - left),
        size=figures.count(size),
        left=figures.count(left),
    )


def unsettled(account: Account) -> list[Sentence]:
    """Say how many messages nobody can tell the cost of yet, and what they may cost."""
    left = account.left
    if not left.messages:
        return []
    told = []
    if left.unknown:
        told.append(say("{n} unknown", n=figures.count(left.unknown)))
    if left.held:
        told.append(say("{n} held", n=figures.count(left.held)))
    states = joined(*told)
    if left.cost_ore is None:
        return [say("{states}: counted as cost until settled.", states=states)]
    money = figures.money(left.cost_ore)
    return [say("{states}: {money}, counted as cost until settled.", states=states, money=money)]


def losses(lines: Sequence[PackageLine]) -> list[Sentence]:
    """Say what was lost with the packages that were closed with room in them."""
    return [
        say(
            "Package {number} was closed on {day} with {parts} left: {money} without VAT is lost.",
            number=one.package.number,
            day=one.closed_day,
            parts=figures.parts(one.package.left),
            money=figures.money(one.package.unused_ore),
        )
        for one in lines
        if one.closed_day
    ]


def open_invoices(lines: Sequence[PackageLine]) -> Sentence | None:
    """Say how many of these packages' invoices are not handed over, and what they sum to."""
    still = [one.package.price_ore for one in lines if one.handed_over_day is None]
    if not still:
        return None
    return say_n(
        "{n} invoice is not handed over: {price} without VAT.",
        "{n} invoices are not handed over: {price} without VAT.",
        n=len(still),
        price=figures.money(sum(still)),
    )


def total(accounts: Sequence[Account], period: Period) -> Sentence:
    """Say what all of them come to."""
    if not any(one.usage.parts for one in accounts):
        return parts_sentence(accounts[0].usage, period)
    return say(
        "{count} {when}: {parts}, {cost} without VAT.",
        count=say_n("{n} municipality", "{n} municipalities", n=len(accounts)),
        when=when(period),
        parts=figures.parts(sum(one.usage.parts for one in accounts)),
        cost=figures.money(sum(one.cost_ore or 0 for one in accounts)),
    )


def without_price(accounts: Sequence[Account]) -> list[Sentence]:
    """Say how many parts are in no sum of money, because nobody knows their price."""
    parts = sum(one.usage.parts_unpriced for one in accounts)
    return [say("Not in that: {parts} without a known price.", parts=figures.parts(parts))] if parts else []


def earlier_packages(
    account: Account, lines: Sequence[PackageLine], *, with_flag: bool = True
) -> Sentence | None:
    """Say how many packages are older than those of a list, which holds the newest, and where they are."""
    every = max((one.number for one in account.usage.packages), default=0)
    left_out = every - len(lines)
    if left_out <= 0:
        return None
    if not with_flag:
        return say_n("Not shown: {n} earlier package.", "Not shown: {n} earlier packages.", n=left_out)
    return say_n(
        "Not shown: {n} earlier package; all with: --html FILE",
        "Not shown: {n} earlier packages; all with: --html FILE",
        n=left_out,
    )
