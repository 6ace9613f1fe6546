"""Usage as the finance office reads it: the package as a bar, the months, the packages, the mailings."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from smsctl.cli.output import figures, returns
from smsctl.cli.output import mailings as listing
from smsctl.cli.output.blocks import GAP, Bar, Bars, Block, TextLine, Tone
from smsctl.cli.output.fields import Field, table_of
from smsctl.cli.output.phrases import rehearsal
from smsctl.domain.mailing import Mailing, MailingTotals
from smsctl.domain.message import Status
from smsctl.domain.moment import Period
from smsctl.domain.municipality import Municipality
from smsctl.domain.package import ConsumptionPace, Package
from smsctl.errors import Sentence, say
from smsctl.ledger.undelivered import Returns
from smsctl.ledger.usage import Month, PackageLine, Usage

_MONTHS_SHOWN = 12
_PACKAGES_SHOWN = 6


class Account(NamedTuple):
    """Everything that is told of one municipality."""

    municipality: Municipality
    usage: Usage
    packages: Sequence[PackageLine]
    mailings: Sequence[tuple[Mailing, MailingTotals]]  # newest first
    came_back: Returns | None
    pace: ConsumptionPace
    runs_out: date | None  # None: not for years, or there is no package
    warn_share: float


def data(account: Account, *, mailings: bool) -> dict[str, object]:
    """Return the fixed keys of the envelope (docs/reference/json.md), and what stands beside them."""
    found = account.usage
    package = found.package
    told: dict[str, object] = {
        "municipality": found.municipality,
        "package": None
        if package is None
        else {
            "number": package.number,
            "size": package.size,
            "used": package.size - package.left,
            "left": package.left,
            "price_ore": package.price_ore,
        },
        "parts": found.parts,
        "parts_outside_packages": found.parts_outside,
        "messages": found.messages,
        "states": {str(state): n for state, n in found.states.items()},
        "reports": returns.data(account.came_back),
        "months": [
            {"month": one.month, "messages": one.messages, "parts": one.parts} for one in found.months
        ],
        "packages": [_package_data(one) for one in account.packages],
        "runs_out": account.runs_out and account.runs_out.isoformat(),
    }
    if mailings:
        told["mailings"] = [listing.data(mailing, tally) for mailing, tally in account.mailings]
    return told


def table(accounts: Sequence[Account], *, simulated: bool) -> list[Block]:
    """Return one line for each municipality."""
    return [*rehearsal(simulated=simulated), table_of(_ACCOUNT, accounts)]


def one(account: Account, period: Period, zone: str, *, simulated: bool) -> list[Block]:
    """Return one municipality in full."""
    found = account.usage
    blocks: list[Block] = [*rehearsal(simulated=simulated), TextLine(account.municipality.name, Tone.STRONG)]
    if found.package:
        blocks += _current(account)
    elif account.municipality.in_packages:
        blocks.append(TextLine(say("No package is open.")))
    blocks.append(TextLine(parts_sentence(found, period)))
    blocks += [*(TextLine(one, Tone.WARN) for one in unsettled(found)), *returns.blocks(account.came_back)]
    blocks += [*_months(found.months[-_MONTHS_SHOWN:]), *_packages(account.packages[-_PACKAGES_SHOWN:])]
    if account.mailings:
        latest = table_of(mailing_fields(account.mailings, zone), account.mailings)
        blocks += [GAP, TextLine(say("Latest mailings"), Tone.STRONG), latest]
    return blocks


def parts_sentence(found: Usage, period: Period) -> Sentence:
    """Say how many parts were used in the period, and how many of them outside any package."""
    parts = figures.parts(found.parts)
    if found.package and found.parts_outside:
        return say(
            "{parts} used {when}, {outside} of them outside any package.",
            parts=parts,
            when=when(period),
            outside=figures.count(found.parts_outside),
        )
    return say("{parts} used {when}.", parts=parts, when=when(period))


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
    if not account.packages or not account.pace.parts:
        return None
    if account.usage.left <= 0:
        return say("Nothing is left: the next part opens a package, and makes an invoice.")
    if account.runs_out is None:
        return say("At the pace of the last 90 days it lasts for years.")
    return say("At the pace of the last 90 days it is used up on {day}.", day=account.runs_out.isoformat())


def package_caption(account: Account) -> Sentence:
    """Say how full the current package is."""
    package = account.usage.package
    size, left = (package.size, package.left) if package else (0, 0)
    return say(
        "{percent}: {used} of {size} parts used, {left} left",
        percent=figures.percent(size - left, size),
        used=figures.count(size - left),
        size=figures.count(size),
        left=figures.count(left),
    )


def mailing_fields(
    listed: Sequence[tuple[Mailing, MailingTotals]], zone: str
) -> list[Field[tuple[Mailing, MailingTotals]]]:
    """Return what a table of mailings shows; the cost as far as a price is known."""
    return [
        Field("", lambda one: one[0].id, say("Mailing"), right=True),
        Field("", lambda one: figures.local(one[0].created_at, zone), say("When")),
        listing.subject_field(mailing for mailing, _ in listed),
        Field("", lambda one: figures.count(one[0].messages), say("Messages"), right=True),
        Field("", lambda one: figures.count(one[1].parts), say("Parts"), right=True),
        Field("", lambda one: one[1].cost_ore, say("Cost"), _money, right=True),
    ]


def _money(ore: int | None) -> str:
    return "" if ore is None else figures.money(ore)


def _package_data(line: PackageLine) -> dict[str, object]:
    one = line.package
    return {
        "number": one.number,
        "size": one.size,
        "used": one.size - one.left,
        "price_ore": one.price_ore,
        "opened": line.opened_day,
        "used_up": line.used_up_day,
        "invoice": line.invoice,
        "handed_over": line.handed_over_day,
        "closed": line.closed_day,
        "lost_ore": one.unused_ore if line.closed_day else None,
    }


def _runs_out(account: Account) -> str:
    return account.runs_out.isoformat() if account.runs_out and account.pace.parts else "-"


def _unsettled(account: Account) -> int:
    states = account.usage.states
    return states.get(Status.UNKNOWN, 0) + states.get(Status.HELD, 0)


def _left(account: Account) -> str:
    return figures.count(account.usage.left) if account.usage.package else "-"


def _used(package: Package | None) -> str:
    return "-" if package is None else figures.percent(package.size - package.left, package.size)


def _current(account: Account) -> list[Block]:
    package, foreseen = account.usage.package, forecast(account)
    if package is None:
        return []
    tone = Tone.WARN if package.is_nearly_used(account.warn_share) else Tone.GOOD
    bar = Bar(
        say("Package {number}", number=package.number), (package.size - package.left) / package.size, "", tone
    )
    price = say("Price of the package: {price}", price=figures.money(package.price_ore))
    told = [package_caption(account), *([foreseen] if foreseen else []), price]
    return [Bars([bar]), *(TextLine(sentence, indent=2) for sentence in told)]


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


def unsettled(found: Usage) -> list[Sentence]:
    """Say how many messages nobody can tell the cost of yet."""
    counted = [(state, found.states.get(state, 0)) for state in (Status.UNKNOWN, Status.HELD)]
    return [
        say(
            "{count} {state}: counted as cost until settled.",
            count=figures.count(n),
            state=figures.state(state),
        )
        for state, n in counted
        if n
    ]


def _months(months: Sequence[Month]) -> list[Block]:
    if not months:
        return []
    longest = max(1, *(one.parts for one in months), 1)
    bars = [
        Bar(
            month.month,
            month.parts / longest,
            say(
                "{parts}, {messages}",
                parts=figures.parts(month.parts),
                messages=figures.messages(month.messages),
            ),
        )
        for month in months
    ]
    return [GAP, TextLine(say("Parts per month"), Tone.STRONG), Bars(bars)]


def _packages(lines: Sequence[PackageLine]) -> list[Block]:
    if not lines:
        return []
    lost = [TextLine(one, Tone.WARN) for one in losses(lines)]
    return [GAP, TextLine(say("Packages"), Tone.STRONG), table_of(PACKAGE, lines), *lost]


MONTH: Sequence[Field[tuple[Account, Month]]] = (
    Field("", lambda one: one[0].municipality.key, say("Key")),
    Field("", lambda one: one[0].municipality.name, say("Municipality")),
    Field("", lambda one: one[1].month, say("Month")),
    Field("", lambda one: one[1].messages, say("Messages")),
    Field("", lambda one: one[1].parts, say("Parts")),
    Field("", lambda one: one[1].parts_outside, say("Outside packages")),
)
"""A month of a municipality, in a file."""

PACKAGE: Sequence[Field[PackageLine]] = (
    Field("", lambda one: one.package.number, say("Package"), right=True),
    Field("", lambda one: one.opened_day, say("Opened")),
    Field("", lambda one: one.used_up_day, say("Used up")),
    Field("", lambda one: one.package.size - one.package.left, say("Used"), figures.count, right=True),
    Field("", lambda one: one.package.size, say("Parts"), figures.count, right=True),
    Field("", lambda one: one.package.price_ore, say("Price"), figures.money, right=True),
    Field("", lambda one: one.invoice, say("Invoice"), right=True),
    Field("", lambda one: one.handed_over_day, say("Handed over")),
)
"""A package with the days of its life and its invoice."""

_ACCOUNT: Sequence[Field[Account]] = (
    Field("", lambda one: one.municipality.name, say("Municipality")),
    Field("", lambda one: one.usage.package.number if one.usage.package else "-", say("Package"), right=True),
    Field("", lambda one: one.usage.package, say("Used"), _used, right=True),
    Field("", _left, say("Left"), right=True),
    Field("", _runs_out, say("Runs out")),
    Field("", lambda one: one.usage.parts, say("Parts in all"), figures.count, right=True),
    Field("", lambda one: one.usage.messages, say("Messages"), figures.count, right=True),
    Field("", _unsettled, say("Unsettled"), figures.count, right=True),
)
