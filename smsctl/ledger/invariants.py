"""What the rows of the ledger promise each other: each rule is a query for the rows that break it.

I2 and I10 of never-twice.md and the laws that packages.py, counts.py and batches.py name.
"""

from collections.abc import Iterable

from smsctl.domain.message import COSTS, Status
from smsctl.errors import Sentence, say
from smsctl.ledger.belonging import BELONGING, ROW, Invariant


def _either(states: Iterable[Status]) -> str:
    return ", ".join(f"'{state}'" for state in sorted(states))


def _recount(name: str, keys: str, kept: str, counted: str, sentence: Sentence) -> Invariant:
    """Return the rule that the sum which is kept under these keys is the one that is counted."""
    broken = (
        f"SELECT {keys}, SUM(kept) AS kept, SUM(counted) AS n FROM"  # noqa: S608 - from literals
        f" (SELECT {keys}, {kept.replace(' FROM', ' AS kept, 0 AS counted FROM', 1)}"
        f" UNION ALL SELECT {keys}, 0, {counted}) AS both_sums"
        f" GROUP BY {keys} HAVING SUM(kept) <> SUM(counted)"
    )
    return Invariant(name=name, broken=broken, told=sentence)


def _broken_off(mark: object) -> Sentence:
    purge = str(mark).partition(".")[0]
    if purge.isdecimal():
        return say("Purge {purge} was broken off, or is under way; smsctl purge ends it.", purge=purge)
    return say("A purge that blanks words was broken off, or is under way; smsctl purge ends it.")


_DRAWN = _either(COSTS - {Status.SENDING})  # what is on the wire is only reserved

# What was never in a batch is counted on the day of its mailing, all else on the day of its batch.
_BY_DAY = (
    " FROM (SELECT g.municipality, COALESCE(b.claimed_day, g.created_day) AS day, m.state,"
    " COALESCE(m.parts, g.parts_each) AS parts"
    " FROM messages m JOIN mailings g ON g.id = m.mailing LEFT JOIN batches b ON b.id = m.batch) AS every"
    " GROUP BY municipality, day, state"
)

RULES = (
    *BELONGING,
    Invariant(
        name="states",
        broken="SELECT mailing, state, COUNT(*) AS n"  # noqa: S608 - from literals
        f" FROM messages WHERE state NOT IN ({_either(Status)})"
        " GROUP BY mailing, state",
        told=say("Mailing {mailing}: {n} messages are {state}, which is no state.", **ROW),
    ),
    Invariant(
        name="messages",
        broken="SELECT g.id AS mailing, g.messages AS wanted, COALESCE(held.n, 0) AS n"
        " FROM mailings g LEFT JOIN"
        " (SELECT mailing, COUNT(*) AS n, MIN(id) AS low, MAX(id) AS high FROM messages GROUP BY mailing)"
        " AS held ON held.mailing = g.id"
        " WHERE g.messages <> COALESCE(held.n, 0) OR (held.n > 0 AND"
        " (held.low <> g.first_message OR held.high <> g.first_message + g.messages - 1))",
        told=say("Mailing {mailing} should hold {wanted} messages without gaps and holds {n}.", **ROW),
    ),
    Invariant(
        name="rows",
        broken="SELECT g.id AS mailing, g.rows_total AS rows, g.messages, COUNT(s.mailing) AS skipped"
        " FROM mailings g"
        " LEFT JOIN skipped s ON s.mailing = g.id GROUP BY g.id, g.rows_total, g.messages"
        " HAVING g.rows_total <> g.messages + COUNT(s.mailing)",
        told=say("Mailing {mailing}: {rows} rows are not {messages} messages and {skipped} skipped.", **ROW),
    ),
    Invariant(
        name="sending",
        broken="SELECT m.mailing, m.id AS message, m.state"
        " FROM messages m LEFT JOIN batches b ON b.id = m.batch"
        " WHERE (m.state = 'sending') <> (b.id IS NOT NULL AND b.settled_at IS NULL)",
        told=say("Mailing {mailing}: message {message} is {state}, and its batch says otherwise.", **ROW),
    ),
    Invariant(
        name="batch",
        broken="SELECT m.mailing, m.id AS message, m.state"  # noqa: S608 - from literals
        " FROM messages m LEFT JOIN batches b ON b.id = m.batch"
        f" WHERE (m.state IN ({_either(COSTS)}) AND (b.id IS NULL OR b.mailing <> m.mailing"
        "  OR m.id NOT BETWEEN b.first_message AND b.last_message)) OR (m.state = 'pending' AND m.batch > 0)",
        told=say("Mailing {mailing}: message {message} is {state}, which does not go with its batch.", **ROW),
    ),
    Invariant(
        name="batches",
        broken="SELECT b.reference AS batch, b.messages AS wanted, COUNT(m.id) AS n"
        " FROM batches b LEFT JOIN messages m"
        " ON m.id BETWEEN b.first_message AND b.last_message AND m.batch = b.id WHERE b.settled_at IS NULL"
        " GROUP BY b.reference, b.messages HAVING b.messages <> COUNT(m.id)",
        told=say("Batch {batch} went out with {wanted} messages and holds {n}.", **ROW),
    ),
    _recount(
        "mailing-counts",
        "mailing, state",
        "messages FROM mailing_counts",
        "COUNT(*) FROM messages WHERE mailing NOT IN (SELECT mailing FROM openings) GROUP BY mailing, state",
        sentence=say("Mailing {mailing}: {kept} messages are noted as {state}, and {n} are.", **ROW),
    ),
    _recount(
        "mailing-parts",
        "mailing, state",
        "parts FROM mailing_counts",
        "COALESCE(m.parts, g.parts_each) FROM messages m JOIN mailings g ON g.id = m.mailing",
        sentence=say("Mailing {mailing}: {kept} parts are noted as {state}, and {n} are.", **ROW),
    ),
    Invariant(
        name="batch-parts",
        broken="SELECT b.reference AS batch, b.parts AS kept, SUM(COALESCE(m.parts, g.parts_each)) AS n"
        " FROM batches b JOIN mailings g ON g.id = b.mailing JOIN messages m"
        " ON m.id BETWEEN b.first_message AND b.last_message AND m.batch = b.id WHERE b.settled_at IS NULL"
        " GROUP BY b.reference, b.parts HAVING b.parts <> SUM(COALESCE(m.parts, g.parts_each))",
        told=say("Batch {batch} reserves {kept} parts, and its messages take {n}.", **ROW),
    ),
    Invariant(
        name="texts",
        broken="SELECT m.mailing, m.id AS message FROM messages m JOIN mailings g ON g.id = m.mailing"
        " LEFT JOIN texts t ON t.message = m.id WHERE (g.personal = 1) <> (m.parts IS NOT NULL)"
        " OR (g.personal = 1 AND m.number IS NOT NULL) <> (t.message IS NOT NULL)",
        told=say("Mailing {mailing}: message {message} has not the text that it must have.", **ROW),
    ),
    _recount(
        "day-counts",
        "municipality, day, state",
        "messages FROM day_counts",
        f"COUNT(*) {_BY_DAY}",
        sentence=say("{municipality}, {day}: {kept} messages are noted as {state}, and {n} are.", **ROW),
    ),
    _recount(
        "day-parts-of-states",
        "municipality, day, state",
        "parts FROM day_counts",
        f"SUM(parts) {_BY_DAY}",
        sentence=say("{municipality}, {day}: {kept} parts are noted as {state}, and {n} are.", **ROW),
    ),
    _recount(
        "cost",
        "mailing",
        "parts FROM entries",
        f"parts FROM (SELECT mailing, parts FROM mailing_counts WHERE state IN ({_DRAWN})"  # noqa: S608 - from literals
        "  UNION ALL SELECT m.mailing, m.taken_besides * COALESCE(m.parts, g.parts_each) FROM messages m"
        "  JOIN mailings g ON g.id = m.mailing WHERE m.taken_besides > 0) AS costing",
        sentence=say("Mailing {mailing}: {kept} parts were drawn, and its messages cost {n}.", **ROW),
    ),
    _recount(
        "day-parts",
        "municipality, day, package",
        "parts FROM day_parts",
        "parts FROM entries",
        sentence=say(
            "{municipality}, {day}, package {package}: {kept} parts are noted, and {n} were drawn.", **ROW
        ),
    ),
    _recount(
        "outside-parts",
        "municipality, day, rate_parts, rate_ore",
        "parts FROM outside_parts",
        "parts FROM (SELECT e.municipality, e.day, COALESCE(g.rate_parts, 0) AS rate_parts,"
        " COALESCE(g.rate_ore, 0) AS rate_ore, e.parts FROM entries e"
        " JOIN mailings g ON g.id = e.mailing WHERE e.package = 0) AS outside",
        sentence=say(
            "{municipality}, {day}, outside any package: {kept} parts are noted, and {n} were drawn.", **ROW
        ),
    ),
    _recount(
        "cost-centre-parts",
        "municipality, day, package, cost_centre",
        "parts FROM cost_centre_parts",
        "parts FROM (SELECT e.municipality, e.day, e.package, b.cost_centre, e.parts FROM entries e"
        " JOIN batches b ON b.id = e.batch WHERE b.cost_centre IS NOT NULL) AS named",
        sentence=say("{day}, cost centre {cost_centre}: {kept} parts noted, {n} drawn.", **ROW),
    ),
    Invariant(
        name="cost-shares",
        broken="SELECT g.id AS mailing, g.messages AS n, SUM(s.messages) AS kept FROM mailings g"
        " JOIN cost_shares s ON s.mailing = g.id GROUP BY g.id, g.messages"
        " HAVING SUM(s.messages) <> g.messages OR MIN(s.first_message) <> MIN(g.first_message)",
        told=say("Mailing {mailing}: {kept} of {n} messages have a cost centre or none.", **ROW),
    ),
    _recount(
        "packages",
        "municipality, package",
        "used FROM (SELECT municipality, number AS package, used FROM packages) AS every",
        "parts FROM entries WHERE package > 0",
        sentence=say(
            "{municipality}, package {package}: {kept} parts are noted as used, and {n} were drawn.", **ROW
        ),
    ),
    Invariant(
        name="package-size",
        broken="SELECT municipality, number AS package, used, size"
        " FROM packages WHERE used > size OR used < 0"
        " OR (used = size) <> (used_up_day IS NOT NULL)",
        told=say(
            "{municipality}, package {package}: {used} of {size} parts are used, which cannot be.", **ROW
        ),
    ),
    Invariant(
        name="package-numbers",
        broken="SELECT municipality, COUNT(*) AS n, MAX(number) AS highest"
        " FROM packages GROUP BY municipality"
        " HAVING MIN(number) <> 1 OR MAX(number) <> COUNT(*)",
        told=say("{municipality}: {n} packages are numbered up to {highest}.", **ROW),
    ),
    Invariant(
        name="closed-packages",
        broken="SELECT municipality, MAX(number) AS package FROM packages GROUP BY municipality"
        " HAVING MAX(number) = MAX(CASE WHEN closed_day IS NOT NULL THEN number END)",
        told=say("{municipality}, package {package}: it is closed and the newest.", **ROW),
    ),
    Invariant(
        name="invoices",
        broken="SELECT p.municipality, p.number AS package FROM packages p LEFT JOIN invoices i"
        " ON i.municipality = p.municipality AND i.package = p.number"
        " WHERE i.number IS NULL OR i.parts <> p.size OR i.price_ore <> p.price_ore",
        told=say(
            "{municipality}: the invoice of package {package} is missing or for another package.", **ROW
        ),
    ),
    Invariant(
        name="purge",
        broken="SELECT value FROM facts WHERE name = 'purge-unfinished'",
        told=lambda row: _broken_off(row["value"]),
    ),
    Invariant(
        name="audit",
        broken="SELECT COUNT(*) AS n, MAX(id) AS newest"
        " FROM audit HAVING MIN(id) <> 1 OR MAX(id) <> COUNT(*)",
        told=say("The audit has {n} rows, and its ids go to {newest}.", **ROW),
    ),
)
