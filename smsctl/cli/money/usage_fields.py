"""What is told of usage in tables and in the envelope: accounts, months, packages, mailings."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from smsctl.cli.money.usage_words import Account
from smsctl.cli.output import figures
from smsctl.cli.output.fields import Field, count_of, data_of, facts_of, money_of
from smsctl.domain.mailing import Mailing, MailingTotals
from smsctl.domain.package import Package
from smsctl.errors import Sentence, say
from smsctl.ledger.health import UnsettledMailing
from smsctl.ledger.usage import Month, PackageLine


class AccountMonth(NamedTuple):
    """One month, and whose it is."""

    account: Account
    month: Month


T = TypeVar("T")
_COST = say("Cost without VAT")
Listed = tuple[Mailing, MailingTotals]


def data(account: Account, *, mailings: bool, cost_centres: bool = False) -> dict[str, object]:
    """Return the fixed keys of the envelope (docs/reference/json.md), and what stands beside them."""
    found, package = account.usage, account.usage.package
    told: dict[str, object] = {
        "municipality": found.municipality,
        "municipality_name": account.municipality.name,
        "package": package
        and {
            **facts_of(package, "number", "size"),
            "used": package.size - package.left,
            **facts_of(package, "left", "price_ore"),
        },
        "parts": found.parts,
        "parts_outside_packages": found.parts_outside,
        "parts_without_price": found.parts_unpriced,
        "parts_on_the_way": found.parts_on_the_wire,
        "cost_ore": account.cost_ore,
        "cost_outside_packages_ore": found.outside_ore,
        "prepaid": {**found.balance._asdict(), "left_ore": found.balance.left_ore},
        "budget": account.budget and account.budget._asdict() | {"left_ore": account.budget.left_ore},
        "messages": found.messages,
        "states": {str(state): n for state, n in found.states.items()},
        "unsettled": _unsettled_data(account),
        "reports": account.came_back and account.came_back._asdict(),
        "months": [data_of(MONTH, one) for one in months_of(account)],
        "packages_in_all": max((one.number for one in found.packages), default=0),
        "packages": [data_of(PACKAGE, one) for one in account.packages],
        "runs_out": account.runs_out and account.runs_out.isoformat(),
    }
    if cost_centres:
        from smsctl.cli.money import cost_centres as by_cost_centre  # few ask for it

        told["cost_centres"] = by_cost_centre.data(account.cost_centres, found.municipality)
    if mailings:
        told["mailings"] = []
    if mailings and account.mailings:
        from smsctl.cli.output import mailings as listing  # many tell of no mailing

        told["mailings"] = [listing.data(mailing, tally) for mailing, tally in account.mailings]
    return told


def _unsettled_data(account: Account) -> dict[str, object]:
    return {
        **facts_of(account.left, "unknown", "held", "parts", "cost_ore"),
        "mailings_in_all": account.left.mailings,
        "mailings": [data_of(UNSETTLED, one) for one in account.unsettled],
    }


def mailing_fields(listed: Sequence[Listed], zone: str) -> list[Field[Listed]]:
    """Return what a table of mailings shows; the cost as far as a price is known."""
    from smsctl.cli.output import mailings as listing  # many tell of no mailing

    return [
        Field("", lambda one: one[0].id, say("Mailing"), right=True),
        Field("", lambda one: figures.local(one[0].created_at, zone), say("When")),
        listing.subject_field(mailing for mailing, _ in listed),
        count_of("", lambda one: one[0].messages, say("Messages")),
        count_of("", lambda one: one[1].parts, say("Parts")),
        _cost("", lambda one: one[1].cost_ore),
    ]


def _cost(key: str, value: Callable[[T], int | None], title: Sentence = _COST) -> Field[T]:
    """Return a field of money, which stands under the same words on a screen and in a file."""
    return money_of(key, value, title, figures.money_or_nothing)


def months_of(account: Account) -> list[AccountMonth]:
    """Return the months of a municipality, oldest first."""
    return [AccountMonth(account=account, month=one) for one in account.usage.months]


def package_in_a_file() -> list[Field[tuple[Account, PackageLine]]]:
    """Return the columns of a package, and whose it is, in a file."""
    lost = PACKAGE[-1]._replace(title=say("Kronor lost"), written=figures.kronor)
    return _of_accounts([*PACKAGE[:-2], PACKAGE[-2]._replace(title=say("Closed")), lost])


def mailing_in_a_file(
    mailings: Sequence[tuple[Account, Listed]], zone: str
) -> list[Field[tuple[Account, Listed]]]:
    """Return the columns of a mailing, and whose it is, in a file."""
    return _of_accounts(mailing_fields([listed for _, listed in mailings], zone))


def _of_accounts(columns: Sequence[Field[T]]) -> list[Field[tuple[Account, T]]]:
    def of_both(column: Field[T]) -> Field[tuple[Account, T]]:
        return Field(
            "", lambda both: column.value(both[1]), column.title, column.shown, written=column.written
        )

    return [
        Field("", lambda both: both[0].municipality.key, say("Key")),
        Field("", lambda both: both[0].municipality.name, say("Municipality")),
        *map(of_both, columns),
    ]


def _used(package: Package | None) -> str:
    return "-" if package is None else figures.percent(package.size - package.left, package.size)


def _left(account: Account) -> str:
    return figures.count(account.usage.left) if account.usage.package else "-"


def _runs_out(account: Account) -> str:
    return account.runs_out.isoformat() if account.runs_out and account.pace.parts else "-"


MONTH: Sequence[Field[AccountMonth]] = (
    Field("month", lambda one: one.month.month, say("Month")),
    count_of("messages", lambda one: one.month.messages, say("Messages")),
    count_of("parts", lambda one: one.month.parts, say("Parts")),
    count_of("parts_outside_packages", lambda one: one.month.parts_outside, say("Outside packages")),
    _cost("cost_ore", lambda one: one.month.cost_ore if one.account.has_a_price else None),
)
"""A month of a municipality."""

MONTH_IN_A_FILE: Sequence[Field[AccountMonth]] = (
    Field("", lambda one: one.account.municipality.key, say("Key")),
    Field("", lambda one: one.account.municipality.name, say("Municipality")),
    *MONTH,
)
"""A month, and whose it is."""

PACKAGE: Sequence[Field[PackageLine]] = (
    Field("number", lambda one: one.package.number, say("Package"), right=True),
    Field("opened", lambda one: one.opened_day, say("Opened")),
    Field("used_up", lambda one: one.used_up_day, say("Used up")),
    count_of("used", lambda one: one.package.size - one.package.left, say("Used")),
    count_of("size", lambda one: one.package.size, say("Parts")),
    _cost("price_ore", lambda one: one.package.price_ore, say("Price")),
    _cost("cost_ore", lambda one: one.package.used_ore),
    Field("invoice", lambda one: one.invoice, say("Invoice"), right=True),
    Field("handed_over", lambda one: one.handed_over_day, say("Handed over")),
    Field("closed", lambda one: one.closed_day),
    Field("lost_ore", lambda one: one.package.unused_ore if one.closed_day else None),
)
"""A package with the days of its life, what was used of it, and its invoice."""

ON_A_SCREEN = frozenset({"number", "opened", "used_up", "used", "size", "price_ore", "cost_ore"})
"""What of a package has room on 80 columns."""

ACCOUNT: Sequence[Field[Account]] = (
    Field("", lambda one: one.municipality.name, say("Municipality")),
    Field("", lambda one: one.usage.package, say("Used"), _used, right=True),
    Field("", _left, say("Parts left"), right=True),
    Field("", _runs_out, say("Runs out")),
    Field("", lambda one: one.usage.parts, say("Parts"), figures.count, right=True),
    Field("", lambda one: one.cost_ore, say("Cost"), figures.money_or_nothing, right=True),
    Field("", lambda one: one.left.messages, say("Unsettled"), figures.count, right=True),
)

UNSETTLED: Sequence[Field[UnsettledMailing]] = (
    Field("mailing", lambda one: one.mailing, say("Mailing"), right=True),
    Field("unknown", lambda one: one.unknown, say("Unknown"), figures.count, right=True),
    Field("held", lambda one: one.held, say("Held"), figures.count, right=True),
    Field("parts", lambda one: one.parts, say("Parts"), figures.count, right=True),
    Field("cost_ore", lambda one: one.cost_ore, say("May cost"), figures.money_or_nothing, right=True),
)
"""A mailing of which something is unknown or held."""
