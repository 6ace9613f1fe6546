"""What a municipality has used, out of the sums: the cost of asking does not grow with the messages."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from smsctl.domain.costs import Balance, ClosedPackage, DrawnParts, PeriodSum, balance
from smsctl.domain.costs import costs as costs_of
from smsctl.domain.message import COSTS, Status
from smsctl.domain.moment import ALWAYS, Period
from smsctl.domain.package import ConsumptionPace, Package, next_drawn
from smsctl.ledger import costs, packages
from smsctl.ledger.store import Ledger

_PACE_DAYS = 90
_FEWEST_PACE_DAYS = 14  # a first busy day is no pace


class Month(NamedTuple):
    """One local month: messages that cost, and the parts drawn in it."""

    month: str  # 2026-11
    messages: int
    parts: int
    parts_outside: int  # of these, outside any package
    parts_unpriced: int = 0  # of these, without a known price
    cost_ore: int = 0  # of those with a price, without VAT


class PackageLine(NamedTuple):
    """A package and its invoice, with the local days of its life."""

    package: Package
    opened_day: str
    used_up_day: str | None
    invoice: int
    handed_over_day: str | None
    closed_day: str | None = None  # with room in it: what was left is lost


class Usage(NamedTuple):
    """Everything that `usage` tells of one municipality; the packages are as of now."""

    municipality: str
    packages: tuple[Package, ...]  # with room, and the newest
    parts_on_the_wire: int  # reserved: no money before they are drawn
    outside_ore: int  # what the parts outside any package cost; no package's invoice has them
    balance: Balance
    states: Mapping[Status, int]
    months: tuple[Month, ...]  # oldest first, without gaps

    @property
    def parts(self) -> int:
        """Parts drawn in the period, and reserved for what is on the wire."""
        return sum(one.parts for one in self.months) + self.parts_on_the_wire

    @property
    def parts_outside(self) -> int:
        """Of these, outside any package."""
        return sum(one.parts_outside for one in self.months)

    @property
    def parts_unpriced(self) -> int:
        """Of these, without a known price."""
        return sum(one.parts_unpriced for one in self.months)

    @property
    def cost_ore(self) -> int:
        """What the parts with a price cost, without VAT: the sum of the months, and of the entries."""
        return sum(one.cost_ore for one in self.months)

    @property
    def messages(self) -> int:
        """Messages that cost."""
        return sum(n for state, n in self.states.items() if state in COSTS)

    @property
    def left(self) -> int:
        """Parts left in all packages."""
        return sum(one.left for one in self.packages)

    @property
    def package(self) -> Package | None:
        """The package the next part comes from; the last one where none has room."""
        return next_drawn(self.packages)


def usage(ledger: Ledger, municipality: str, period: Period = ALWAYS) -> Usage:
    """Return the usage of one municipality; all zero where nothing was sent."""
    states = _states_by_month(ledger, municipality, period)
    drawn = costs.drawn_in_sum(ledger, municipality, period)
    cost_ore = _by_slot(drawn)
    outside_ore = _by_slot([one for one in drawn if not one.source.package])
    inside_ore = Counter({slot: ore - outside_ore[slot] for slot, ore in cost_ore.items()})
    return Usage(
        municipality=municipality,
        packages=packages.packages_of(ledger, municipality),
        parts_on_the_wire=_on_the_wire(ledger, municipality, period),
        outside_ore=outside_ore.total() - outside_ore[""],
        balance=_balance(ledger, municipality, period, drawn, inside_ore),
        states=_sum(states.values()),
        months=_months(states, drawn, cost_ore),
    )


def known_municipalities(ledger: Ledger) -> tuple[str, ...]:
    """Return every municipality the ledger has heard of, also those no longer in the config."""
    every = "SELECT municipality FROM municipalities UNION SELECT municipality FROM day_counts ORDER BY 1"
    return tuple(ledger.column(every))


def package_lines(ledger: Ledger, account: Usage, *, most: int) -> tuple[PackageLine, ...]:
    """Return the newest packages with the days of their lives and their invoices, oldest first."""
    now = {one.number: one for one in account.packages}
    lines = [
        PackageLine(now.get(number, Package(number=number, size=size, price_ore=price_ore, used=used)), *life)
        for number, size, price_ore, used, *life in ledger.rows(
            "SELECT p.number, p.size, p.price_ore, p.used, p.opened_day, p.used_up_day, i.number,"
            " i.handed_over_day, p.closed_day FROM packages p"
            " JOIN invoices i ON i.municipality = p.municipality AND i.package = p.number"
            " WHERE p.municipality = ? ORDER BY p.number DESC LIMIT ?",
            account.municipality,
            most,
        )
    ]
    return tuple(reversed(lines))


def pace_of(ledger: Ledger, municipality: str, today: str, *, with_outside: bool = False) -> ConsumptionPace:
    """Return what was drawn from packages in the last 90 days, or since the first day if that is later."""
    last = date.fromisoformat(today)
    since = last - timedelta(days=_PACE_DAYS - 1)
    row = ledger.one(
        "SELECT COALESCE(SUM(parts), 0), (SELECT MIN(day) FROM day_parts WHERE municipality = ?)"
        " FROM day_parts WHERE municipality = ? AND package >= ? AND day >= ?",
        municipality,
        municipality,
        0 if with_outside else 1,
        since.isoformat(),
    )
    parts, first = row or (0, None)
    begun = max(since, date.fromisoformat(first)) if first else last
    return ConsumptionPace(parts=int(parts), days=max((last - begun).days + 1, _FEWEST_PACE_DAYS))


def _states_by_month(ledger: Ledger, municipality: str, period: Period) -> Mapping[str, Mapping[Status, int]]:
    found: defaultdict[str, dict[Status, int]] = defaultdict(dict)
    for month, state, messages in ledger.rows(
        "SELECT substr(day, 1, 7), state, SUM(messages) FROM day_counts WHERE municipality = ?"
        " AND day >= COALESCE(?, '') AND day <= COALESCE(?, '9999') GROUP BY 1, 2",
        municipality,
        *period,
    ):
        found[month][Status(state)] = messages
    return found


def _on_the_wire(ledger: Ledger, municipality: str, period: Period) -> int:
    return ledger.number(
        "SELECT SUM(parts) FROM batches WHERE municipality = ? AND settled_at IS NULL"
        " AND claimed_day >= COALESCE(?, '') AND claimed_day <= COALESCE(?, '9999')",
        municipality,
        *period,
    )


def _sum(every: Iterable[Mapping[Status, int]]) -> dict[Status, int]:
    total: Counter[Status] = Counter()
    for states in every:
        total.update(states)
    return {state: total[state] for state in Status if total[state] > 0}


def _months(
    states: Mapping[str, Mapping[Status, int]], drawn: Sequence[DrawnParts], cost_ore: Counter[str]
) -> tuple[Month, ...]:
    messages = {
        month: sum(n for state, n in counted.items() if state in COSTS) for month, counted in states.items()
    }
    parts, outside, unpriced = Counter[str](), Counter[str](), Counter[str]()
    for one in drawn:
        if one.slot:
            parts[one.slot] += one.parts
            outside[one.slot] += 0 if one.source.package else one.parts
            unpriced[one.slot] += 0 if one.source.size else one.parts
    told = {month for month, n in messages.items() if n} | parts.keys()
    return tuple(
        Month(
            month=month,
            messages=messages.get(month, 0),
            parts=parts[month],
            parts_outside=outside[month],
            parts_unpriced=unpriced[month],
            cost_ore=cost_ore[month],
        )
        for month in _row(told)
    )


def _by_slot(drawn: Sequence[DrawnParts]) -> Counter[str]:
    return Counter({slot.slot: ore for slot, ore in costs_of(drawn).items()})


def _balance(
    ledger: Ledger, municipality: str, period: Period, drawn: Sequence[DrawnParts], used_ore: Counter[str]
) -> Balance:
    since, until = period.since or "", period.until or "9999"
    before_ore, ore = ledger.one(
        "SELECT COALESCE(SUM(CASE WHEN opened_day < ? THEN price_ore END), 0),"
        " COALESCE(SUM(CASE WHEN opened_day >= ? THEN price_ore END), 0)"
        " FROM packages WHERE municipality = ? AND opened_day <= ?",
        since,
        since,
        municipality,
        until,
    ) or (0, 0)
    closed = ledger.rows(
        "SELECT number, size, price_ore, closed_day FROM packages WHERE municipality = ? AND closed_day <= ?",
        municipality,
        until,
    )
    return balance(
        PeriodSum(before_ore=int(before_ore), ore=int(ore)),
        PeriodSum(before_ore=used_ore[""], ore=used_ore.total() - used_ore[""]),
        drawn,
        [
            ClosedPackage(number=number, size=size, price_ore=price_ore, before=day < since)
            for number, size, price_ore, day in closed
        ],
    )


def _row(months: Collection[str]) -> Iterator[str]:
    """Yield every month from the first to the last, also one in which nothing was sent."""
    if not months:
        return
    month, last = min(months), max(months)
    while month <= last:
        yield month
        year, number = int(month[:4]), int(month[5:])
        month = f"{year + number // 12:04}-{number % 12 + 1:02}"
