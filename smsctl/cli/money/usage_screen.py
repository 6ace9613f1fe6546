"""Usage as the finance office reads it: the package as a bar, the months, the packages, the mailings."""

from collections.abc import Iterator, Sequence

from smsctl.cli.money import usage_fields as fields
from smsctl.cli.money import usage_words as words
from smsctl.cli.money.usage_words import Account
from smsctl.cli.output import figures
from smsctl.cli.output.blocks import GAP, Bar, Bars, Block, TextLine, Tone
from smsctl.cli.output.fields import table_of
from smsctl.domain.moment import Period
from smsctl.domain.package import are_nearly_used
from smsctl.errors import Sentence, joined, say
from smsctl.ledger.usage import Month

MONTHS_SHOWN = 24
PACKAGES_SHOWN = 40


def table(accounts: Sequence[Account], period: Period) -> list[Block]:
    """Return one line for each municipality, and what all of them come to."""
    told = [words.total(accounts, period), *words.without_price(accounts)]
    return [table_of(fields.ACCOUNT, accounts), *map(TextLine, told)]


def one(account: Account, period: Period, zone: str) -> list[Block]:
    """Return one municipality in full."""
    found = account.usage
    blocks: list[Block] = [TextLine(account.municipality.name, Tone.STRONG)]
    if found.package:
        blocks += _current(account)
    elif account.municipality.in_packages:
        blocks.append(TextLine(say("No package is open.")))
    blocks.append(TextLine(words.parts_sentence(found, period)))
    blocks += map(TextLine, words.money_sentences(account, period))
    tone = Tone.WARN if words.is_budget_short(account) else Tone.PLAIN
    blocks += [TextLine(told, tone) for told in words.budget(account)]
    blocks += [TextLine(told, Tone.WARN) for told in words.unsettled(account)]
    if account.came_back:
        from smsctl.cli.output import returns  # only where reports have come

        blocks += returns.blocks(account.came_back)
    blocks += [*_months(account), *_packages(account)]
    if account.mailings:
        latest = table_of(fields.mailing_fields(account.mailings, zone), account.mailings)
        blocks += [GAP, TextLine(say("Latest mailings"), Tone.STRONG), latest]
    return blocks


def _current(account: Account) -> list[Block]:
    package, foreseen = account.usage.package, words.forecast(account)
    if package is None:
        return []
    tone = Tone.WARN if are_nearly_used(account.usage.packages, account.warn_share) else Tone.GOOD
    name, used = say("Package {number}", number=package.number), package.size - package.left
    shown = Bars([Bar(name, used / package.size, "", tone)]) if used else TextLine(name, Tone.STRONG)
    price = say("Price of the package: {price}", price=figures.money(package.price_ore))
    told = [words.package_caption(account), *([foreseen] if foreseen else []), price]
    return [shown, *(TextLine(sentence, indent=2) for sentence in told)]


def _months(account: Account) -> list[Block]:
    months, before = account.usage.months[-MONTHS_SHOWN:], account.usage.months[:-MONTHS_SHOWN]
    if not any(one.parts for one in months):
        return []
    longest = max(1, *(one.parts for one in months))
    told = _in_columns(months, is_priced=account.cost_ore is not None)
    bars = [
        Bar(month.month, month.parts / longest, figure) for month, figure in zip(months, told, strict=True)
    ]
    blocks: list[Block] = [GAP, TextLine(say("Parts and cost per month"), Tone.STRONG), Bars(bars)]
    if before:
        parts, cost = sum(one.parts for one in before), sum(one.cost_ore for one in before)
        blocks.append(
            TextLine(
                say(
                    "Before {month}: {parts}, {cost}. Each month with: --csv FILE",
                    month=months[0].month,
                    parts=figures.parts(parts),
                    cost=figures.money(cost),
                ),
                indent=2,
            )
        )
    return blocks


def _in_columns(months: Sequence[Month], *, is_priced: bool) -> Iterator[Sentence]:
    """Yield what stands beside each month's bar, its figures below those of the others."""
    parts = _padded([figures.count(one.parts) for one in months])
    messages = _padded([figures.count(one.messages) for one in months])
    cost = _padded([figures.money(one.cost_ore) for one in months])
    for place, month in enumerate(months):
        told = [
            figures.parts(month.parts).given(count=parts[place]),
            figures.messages(month.messages).given(count=messages[place]),
        ]
        yield joined(*told, cost[place]) if is_priced else joined(*told)


def _padded(cells: Sequence[str]) -> list[str]:
    width = max(map(len, cells))
    return [f"{one:>{width}}" for one in cells]


def _packages(account: Account) -> list[Block]:
    lines = account.packages[-PACKAGES_SHOWN:]
    if not lines:
        return []
    shown = [one for one in fields.PACKAGE if one.key in fields.ON_A_SCREEN]
    still, more = words.open_invoices(lines), words.earlier_packages(account, lines)
    return [
        GAP,
        TextLine(say("Packages"), Tone.STRONG),
        table_of(shown, lines),
        *([TextLine(more)] if more else []),
        *([TextLine(still)] if still else []),
        *(TextLine(lost, Tone.WARN) for lost in words.losses(lines)),
    ]
