"""What was drawn, by month, price and cost centre: the sums from which costs are told, kept with each entry.

Cost centres stand with the batches: all messages of one batch have the same.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from smsctl.domain.costs import CostSlot, DrawnParts, PartSource
from smsctl.domain.costs import costs as cost_of
from smsctl.domain.mailing import CostShare, Mailing
from smsctl.domain.message import Letter
from smsctl.domain.moment import ALWAYS, Period
from smsctl.ledger.store import Ledger


def enter(
    ledger: Ledger, municipality: str, mailing: int, batch: int | None, package: int, parts: int, day: str
) -> None:
    """Add an entry to the sums, in the transaction that writes it."""
    rate = (0, 0) if package else _rate_of(ledger, mailing)  # a package has its own
    keys = {"municipality": municipality, "day": day, "rate_parts": rate[0], "rate_ore": rate[1]}
    if not package:
        ledger.add("outside_parts", keys, parts=parts)
    if batch is not None:
        ledger.write_later(_OF_COST_CENTRE, municipality, day, package, *rate, parts, batch)


_OF_COST_CENTRE = (
    "INSERT INTO cost_centre_parts (municipality, day, cost_centre, package, rate_parts, rate_ore, parts)"
    " SELECT CAST(? AS TEXT), CAST(? AS TEXT), cost_centre, CAST(? AS INTEGER), CAST(? AS INTEGER),"
    " CAST(? AS INTEGER), CAST(? AS INTEGER) FROM batches WHERE id = ? AND cost_centre <> ''"
    " ON CONFLICT (municipality, day, cost_centre, package, rate_parts, rate_ore)"
    " DO UPDATE SET parts = cost_centre_parts.parts + excluded.parts"
)
"""For a batch without a cost centre it writes nothing."""


def _rate_of(ledger: Ledger, mailing: int) -> tuple[int, int]:
    row = ledger.one(
        "SELECT COALESCE(rate_parts, 0), COALESCE(rate_ore, 0) FROM mailings WHERE id = ?", mailing
    )
    return (0, 0) if row is None else (int(row[0]), int(row[1]))


def write_shares(ledger: Ledger, mailing: int, first_message: int, shares: Sequence[CostShare]) -> None:
    """Write which of a mailing's messages are whose, in the open transaction: in the order of their ids."""
    for one in shares:
        ledger.insert("cost_shares", mailing=mailing, first_message=first_message, **one._asdict())
        first_message += one.messages


def shares_of(ledger: Ledger, mailing: int) -> tuple[CostShare, ...]:
    """Return the cost centres of a mailing and how many messages each has; none where nobody named any."""
    found = ledger.rows(
        "SELECT cost_centre, messages FROM cost_shares WHERE mailing = ? ORDER BY first_message", mailing
    )
    return tuple(CostShare(cost_centre=cost_centre, messages=n) for cost_centre, n in found)


def by_share(ledger: Ledger, mailing: Mailing, messages: Sequence[int]) -> list[tuple[str, int, int]]:
    """Return each cost centre of some messages, in order, and where its own begin and end among them."""
    shares = ledger.rows(
        "SELECT cost_centre, first_message, first_message + messages FROM cost_shares"
        " WHERE mailing = ? AND first_message <= ? AND first_message + messages > ? ORDER BY first_message",
        mailing.id,
        messages[-1],
        messages[0],
    )
    if not shares:
        return [("", 0, len(messages))]
    found = [
        (cost_centre, bisect_left(messages, first), bisect_left(messages, end))
        for cost_centre, first, end in shares
    ]
    return [(cost_centre, first, end) for cost_centre, first, end in found if first < end]


def letter_of(letter: Letter, cost_centre: str | None) -> Letter:
    """Return the letter as it goes out in a batch of a cost centre."""
    return letter._replace(cost_centre=cost_centre) if cost_centre else letter


def drawn(ledger: Ledger, municipality: str | None = None, period: Period = ALWAYS) -> list[DrawnParts]:
    """Return what was drawn until the end of a period, by month; all that came before it is in one slot, "".

    Of one municipality or of all. What is on the wire is not drawn yet.
    """
    since, until = period.since or "", period.until or "9999"
    found = ledger.rows(
        "SELECT d.municipality, d.package, p.size, p.price_ore,"
        " CASE WHEN d.day < ? THEN '' ELSE substr(d.day, 1, 7) END AS slot, SUM(d.parts) FROM day_parts d"
        " JOIN packages p ON p.municipality = d.municipality AND p.number = d.package"
        " WHERE d.municipality = COALESCE(CAST(? AS TEXT), d.municipality) AND d.day <= ?"
        " GROUP BY d.municipality, d.package, p.size, p.price_ore, slot"
        " UNION ALL SELECT o.municipality, 0, o.rate_parts, o.rate_ore,"
        " CASE WHEN o.day < ? THEN '' ELSE substr(o.day, 1, 7) END AS slot, SUM(o.parts)"
        " FROM outside_parts o"
        " WHERE o.municipality = COALESCE(CAST(? AS TEXT), o.municipality) AND o.day <= ?"
        " GROUP BY o.municipality, o.rate_parts, o.rate_ore, slot",
        *(since, municipality, until) * 2,
    )
    return [DrawnParts(PartSource(*source), slot, parts) for *source, slot, parts in found]


def drawn_in_sum(ledger: Ledger, municipality: str, period: Period = ALWAYS) -> list[DrawnParts]:
    """Return what `drawn` does of one municipality, in few lines however many packages there were.

    Packages that were drawn whole in one month stand as one: they cost their prices, and whole öre before
    change nothing in how a later correction is rounded. One that was closed stands alone: what it has lost is
    told by its own parts.
    """
    since, until = period.since or "", period.until or "9999"
    found = ledger.rows(
        "SELECT MIN(package), SUM(size), SUM(price_ore), slot, SUM(parts) FROM ("
        " SELECT package, CASE WHEN day < ? THEN '' ELSE substr(day, 1, 7) END AS slot, SUM(parts) AS parts"
        "  FROM day_parts WHERE municipality = ? AND day <= ? GROUP BY package, slot) AS every"
        " JOIN packages p ON p.municipality = ? AND p.number = every.package"
        " GROUP BY slot, CASE WHEN parts = size AND closed_day IS NULL THEN 0 ELSE package END"
        " UNION ALL SELECT 0, rate_parts, rate_ore,"
        " CASE WHEN day < ? THEN '' ELSE substr(day, 1, 7) END AS slot, SUM(parts) FROM outside_parts"
        " WHERE municipality = ? AND day <= ? GROUP BY rate_parts, rate_ore, slot",
        *(since, municipality, until),
        municipality,
        *(since, municipality, until),
    )
    return [DrawnParts(PartSource(municipality, *source), slot, parts) for *source, slot, parts in found]


def drawn_by_cost_centre(
    ledger: Ledger, municipality: str | None = None, period: Period = ALWAYS
) -> list[DrawnParts]:
    """Return what was drawn as `drawn` does, by cost centre; what nobody is named for has ""."""
    since, until = period.since or "", period.until or "9999"
    rows = ledger.rows(
        "SELECT d.municipality, d.package, COALESCE(p.size, d.rate_parts), COALESCE(p.price_ore, d.rate_ore),"
        " CASE WHEN d.day < ? THEN '' ELSE substr(d.day, 1, 7) END AS slot, SUM(d.parts), d.cost_centre"
        " FROM cost_centre_parts d"
        " LEFT JOIN packages p ON p.municipality = d.municipality AND p.number = d.package"
        " WHERE d.municipality = COALESCE(CAST(? AS TEXT), d.municipality) AND d.day <= ?"
        " GROUP BY 1, 2, 3, 4, slot, d.cost_centre",
        since,
        municipality,
        until,
    )
    found = [DrawnParts(PartSource(*one[:4]), one[4], one[5], cost_centre=one[6]) for one in rows]
    return [*found, *_of_nobody(drawn(ledger, municipality, period), found)]


class CostLine(NamedTuple):
    """What a cost centre has drawn in a local month, and what that cost without VAT."""

    municipality: str
    month: str  # 2026-11
    cost_centre: str  # "": none
    parts: int
    cost_ore: int | None  # None: no price is known


def by_cost_centre(
    ledger: Ledger, municipality: str | None = None, period: Period = ALWAYS
) -> tuple[CostLine, ...]:
    """Return what each cost centre has drawn in each month of a period; the months' costs add up to all."""
    found = drawn_by_cost_centre(ledger, municipality, period)
    cost, parts = cost_of(found), Counter[CostSlot]()
    for one in found:
        town, month = one.source.municipality, one.slot
        parts[CostSlot(municipality=town, slot=month, cost_centre=one.cost_centre)] += one.parts
    return tuple(
        CostLine(*slot, parts=n, cost_ore=cost.get(slot))
        for slot, n in sorted(parts.items())
        if slot.slot and (n or cost.get(slot))
    )


def _of_nobody(every: Sequence[DrawnParts], named: Sequence[DrawnParts]) -> Iterator[DrawnParts]:
    """Yield what is left of all that was drawn beside what a cost centre is named for."""
    taken: dict[tuple[PartSource, str], int] = {}
    for one in named:
        taken[one.source, one.slot] = taken.get((one.source, one.slot), 0) + one.parts
    for one in every:
        parts = one.parts - taken.get((one.source, one.slot), 0)
        if parts:
            yield one._replace(parts=parts)
