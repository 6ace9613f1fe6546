"""Months that were posted: which entries each covers, and the file that was handed over; closed for good.

An entry is covered by the first posting of its month or a later one that was made after it. What is entered
into a closed month afterwards, by a clock that went back, is so covered by the next.
"""

from typing import NamedTuple

from smsctl.domain.costs import DrawnParts, PartSource
from smsctl.domain.moment import Actor, Moment
from smsctl.ledger import audit
from smsctl.ledger.store import Ledger


class Posting(NamedTuple):
    """A closed month, and the file that it was handed over in."""

    month: str  # 2026-11
    document: str
    at: str  # when it was first handed over
    by_whom: str
    content: str


def of_month(ledger: Ledger, month: str) -> Posting | None:
    """Return what a month was posted in; None: it is not posted."""
    found = ledger.records(
        "SELECT month, document, at, by_whom, content FROM postings WHERE month = ?", month
    )
    return Posting(**found[0]) if found else None


def first_and_last(ledger: Ledger) -> tuple[str, str] | None:
    """Return the first and the last month that were posted; None: none was."""
    row = ledger.one("SELECT MIN(month), MAX(month) FROM postings")
    return None if row is None or row[0] is None else (str(row[0]), str(row[1]))


def to_be_posted(ledger: Ledger, month: str, *, alone: bool = False) -> list[DrawnParts]:
    """Return what the posting of a month covers, in the slot of the month, and all before it in the slot "".

    The cost centre of each has behind it, after a line break, the month that it corrects, or nothing.
    `alone`: as if all months before were posted and complete.
    """
    found = first_and_last(ledger)
    first = month if alone or found is None else min(found[0], month)
    rows = ledger.rows(
        "SELECT municipality, package, size, price_ore, covered, cost_centre, of_month, SUM(parts) FROM ("
        " SELECT e.municipality, e.package, COALESCE(p.size, g.rate_parts, 0) AS size,"
        " COALESCE(p.price_ore, g.rate_ore, 0) AS price_ore, COALESCE(b.cost_centre, '') AS cost_centre,"
        " CASE WHEN e.day < ? OR EXISTS (SELECT 1 FROM postings k WHERE k.month < ?"
        "   AND substr(e.day, 1, 7) <= k.month AND e.id <= k.last_entry) THEN 1 ELSE 0 END AS covered,"
        " CASE WHEN e.reason <> 'sent' AND substr(b.claimed_day, 1, 7) < substr(e.day, 1, 7)"
        "  THEN substr(b.claimed_day, 1, 7) ELSE substr(e.day, 1, 7) END AS of_month, e.parts"
        " FROM entries e JOIN mailings g ON g.id = e.mailing LEFT JOIN batches b ON b.id = e.batch"
        " LEFT JOIN packages p ON p.municipality = e.municipality AND p.number = e.package"
        " WHERE substr(e.day, 1, 7) <= ?) AS every"
        " GROUP BY municipality, package, size, price_ore, covered, cost_centre, of_month",
        f"{first}-01",
        month,
        month,
    )
    return [
        DrawnParts(
            source=PartSource(municipality=town, package=package, size=size, price_ore=price_ore),
            slot="" if covered else month,
            parts=parts,
            cost_centre=f"{cost_centre}\n{'' if of_month == month else of_month}",
        )
        for town, package, size, price_ore, covered, cost_centre, of_month, parts in rows
    ]


def close(ledger: Ledger, month: str, document: str, content: str, moment: Moment, actor: Actor) -> Posting:
    """Close a month with the file it is handed over in, in the open transaction."""
    ledger.write(
        "INSERT INTO postings (month, document, last_entry, at, by_whom, content)"
        " VALUES (?, ?, (SELECT COALESCE(MAX(id), 0) FROM entries), ?, ?, ?)",
        month,
        document,
        moment.at,
        actor.shown,
        content,
    )
    audit.record(ledger, moment, actor, "posting", f"month {month}", document)
    return Posting(month=month, document=document, at=moment.at, by_whom=actor.shown, content=content)
