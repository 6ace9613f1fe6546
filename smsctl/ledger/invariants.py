"""What the rows of the ledger promise each other: each rule is a query for the rows that break it.

I2 and I10 of never-twice.md and the laws that packages.py, counts.py and batches.py name.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from smsctl.domain.message import COSTS, Status
from smsctl.errors import Sentence, say
from smsctl.ledger.audit import GUARDS


class Invariant(NamedTuple):
    """One rule; `name` never changes its meaning."""

    name: str
    broken: str  # SQL for the rows that break it
    told: Callable[..., Sentence]  # takes the columns of such a row


def _either(states: Iterable[Status]) -> str:
    return ", ".join(f"'{state}'" for state in sorted(states))


def _recount(keys: str, kept: str, counted: str) -> str:
    """Return a query for the keys whose sum that is kept is not the one that is counted."""
    return (
        f"SELECT {keys}, SUM(kept), SUM(counted) FROM (SELECT {keys}, {kept}"  # noqa: S608 - from literals
        f" UNION ALL SELECT {keys}, {counted}) AS both_sums GROUP BY {keys} HAVING SUM(kept) <> SUM(counted)"
    )


def _broken_off(mark: object) -> Sentence:
    purge = str(mark).partition(".")[0]
    if purge.isdecimal():
        return say("Purge {purge} was broken off, or is under way; smsctl purge ends it.", purge=purge)
    return say("A purge that blanks words was broken off, or is under way; smsctl purge ends it.")


_DRAWN = _either(COSTS - {Status.SENDING})  # what is on the wire is only reserved

# What was never in a batch is counted on the day of its mailing, all else on the day of its batch.
_BY_DAY = (
    " FROM (SELECT g.municipality, COALESCE(b.claimed_day, g.created_day) AS day, m.state, g.parts_each"
    " FROM messages m JOIN mailings g ON g.id = m.mailing LEFT JOIN batches b ON b.id = m.batch) AS every"
    " GROUP BY municipality, day, state"
)

_GUARDS = " UNION ALL ".join(f"SELECT '{name}' AS name" for name in sorted(GUARDS))

RULES = (
    Invariant(
        name="states",
        broken=f"SELECT mailing, state, COUNT(*) FROM messages WHERE state NOT IN ({_either(Status)})"  # noqa: S608
        " GROUP BY mailing, state",
        told=lambda mailing, state, n: say(
            "Mailing {mailing}: {n} messages are {state}, which is no state.",
            mailing=mailing,
            state=state,
            n=n,
        ),
    ),
    Invariant(
        name="messages",
        broken="SELECT g.id, g.messages, COALESCE(held.n, 0) FROM mailings g LEFT JOIN"
        " (SELECT mailing, COUNT(*) AS n, MIN(id) AS low, MAX(id) AS high FROM messages GROUP BY mailing)"
        " AS held ON held.mailing = g.id"
        " WHERE g.messages <> COALESCE(held.n, 0) OR (held.n > 0 AND"
        " (held.low <> g.first_message OR held.high <> g.first_message + g.messages - 1))",
        told=lambda mailing, wanted, n: say(
            "Mailing {mailing} should hold {wanted} messages without gaps and holds {n}.",
            mailing=mailing,
            wanted=wanted,
            n=n,
        ),
    ),
    Invariant(
        name="strays",
        broken="SELECT mailing, COUNT(*) FROM messages WHERE mailing NOT IN"
        " (SELECT id FROM mailings UNION SELECT mailing FROM openings) GROUP BY mailing",
        told=lambda mailing, n: say(
            "{n} messages belong to mailing {mailing}, which is not there.", mailing=mailing, n=n
        ),
    ),
    Invariant(
        name="strays-skipped",
        broken="SELECT mailing, COUNT(*) FROM skipped WHERE mailing NOT IN"
        " (SELECT id FROM mailings UNION SELECT mailing FROM openings) GROUP BY mailing",
        told=lambda mailing, n: say(
            "{n} skipped rows belong to mailing {mailing}, which is not there.", mailing=mailing, n=n
        ),
    ),
    Invariant(
        name="rows",
        broken="SELECT g.id, g.rows_total, g.messages, COUNT(s.mailing) FROM mailings g"
        " LEFT JOIN skipped s ON s.mailing = g.id GROUP BY g.id, g.rows_total, g.messages"
        " HAVING g.rows_total <> g.messages + COUNT(s.mailing)",
        told=lambda mailing, rows, messages, skipped: say(
            "Mailing {mailing}: {rows} rows are not {messages} messages and {skipped} skipped.",
            mailing=mailing,
            rows=rows,
            messages=messages,
            skipped=skipped,
        ),
    ),
    Invariant(
        name="sending",
        broken="SELECT m.mailing, m.id, m.state FROM messages m LEFT JOIN batches b ON b.id = m.batch"
        " WHERE (m.state = 'sending') <> (b.id IS NOT NULL AND b.settled_at IS NULL)",
        told=lambda mailing, message, state: say(
            "Mailing {mailing}: message {message} is {state}, and its batch says otherwise.",
            mailing=mailing,
            message=message,
            state=state,
        ),
    ),
    Invariant(
        name="batch",
        broken="SELECT m.mailing, m.id, m.state FROM messages m LEFT JOIN batches b ON b.id = m.batch"  # noqa: S608
        f" WHERE (m.state IN ({_either(COSTS)}) AND (b.id IS NULL OR b.mailing <> m.mailing"
        "  OR m.id NOT BETWEEN b.first_message AND b.last_message)) OR (m.state = 'pending' AND m.batch > 0)",
        told=lambda mailing, message, state: say(
            "Mailing {mailing}: message {message} is {state}, which does not go with its batch.",
            mailing=mailing,
            message=message,
            state=state,
        ),
    ),
    Invariant(
        name="batches",
        broken="SELECT b.reference, b.messages, COUNT(m.id) FROM batches b LEFT JOIN messages m"
        " ON m.id BETWEEN b.first_message AND b.last_message AND m.batch = b.id WHERE b.settled_at IS NULL"
        " GROUP BY b.reference, b.messages HAVING b.messages <> COUNT(m.id)",
        told=lambda batch, wanted, n: say(
            "Batch {batch} went out with {wanted} messages and holds {n}.", batch=batch, wanted=wanted, n=n
        ),
    ),
    Invariant(
        name="mailing-counts",
        broken=_recount(
            "mailing, state",
            "messages AS kept, 0 AS counted FROM mailing_counts",
            "0, COUNT(*) FROM messages WHERE mailing NOT IN (SELECT mailing FROM openings)"
            " GROUP BY mailing, state",
        ),
        told=lambda mailing, state, kept, n: say(
            "Mailing {mailing}: {kept} messages are noted as {state}, and {n} are.",
            mailing=mailing,
            kept=kept,
            state=state,
            n=n,
        ),
    ),
    Invariant(
        name="day-counts",
        broken=_recount(
            "municipality, day, state",
            "messages AS kept, 0 AS counted FROM day_counts",
            f"0, COUNT(*) {_BY_DAY}",
        ),
        told=lambda municipality, day, state, kept, n: say(
            "{municipality}, {day}: {kept} messages are noted as {state}, and {n} are.",
            municipality=municipality,
            day=day,
            kept=kept,
            state=state,
            n=n,
        ),
    ),
    Invariant(
        name="day-parts-of-states",
        broken=_recount(
            "municipality, day, state",
            "parts AS kept, 0 AS counted FROM day_counts",
            f"0, SUM(parts_each) {_BY_DAY}",
        ),
        told=lambda municipality, day, state, kept, n: say(
            "{municipality}, {day}: {kept} parts are noted as {state}, and {n} are.",
            municipality=municipality,
            day=day,
            kept=kept,
            state=state,
            n=n,
        ),
    ),
    Invariant(
        name="cost",
        broken=_recount(
            "mailing",
            "parts AS kept, 0 AS counted FROM entries",
            "0, parts_each * messages FROM (SELECT c.mailing, c.messages, g.parts_each FROM mailing_counts c"  # noqa: S608
            f" JOIN mailings g ON g.id = c.mailing WHERE c.state IN ({_DRAWN})"
            "  UNION ALL SELECT m.mailing, m.taken_besides, g.parts_each FROM messages m"
            "  JOIN mailings g ON g.id = m.mailing WHERE m.taken_besides > 0) AS costing",
        ),
        told=lambda mailing, kept, n: say(
            "Mailing {mailing}: {kept} parts were drawn, and its messages cost {n}.",
            mailing=mailing,
            kept=kept,
            n=n,
        ),
    ),
    Invariant(
        name="day-parts",
        broken=_recount(
            "municipality, day, package",
            "parts AS kept, 0 AS counted FROM day_parts",
            "0, parts FROM entries",
        ),
        told=lambda municipality, day, package, kept, n: say(
            "{municipality}, {day}, package {package}: {kept} parts are noted, and {n} were drawn.",
            municipality=municipality,
            day=day,
            package=package,
            kept=kept,
            n=n,
        ),
    ),
    Invariant(
        name="packages",
        broken=_recount(
            "municipality, package",
            "used AS kept, 0 AS counted"
            " FROM (SELECT municipality, number AS package, used FROM packages) AS every",
            "0, parts FROM entries WHERE package > 0",
        ),
        told=lambda municipality, package, kept, n: say(
            "{municipality}, package {package}: {kept} parts are noted as used, and {n} were drawn.",
            municipality=municipality,
            package=package,
            kept=kept,
            n=n,
        ),
    ),
    Invariant(
        name="package-size",
        broken="SELECT municipality, number, used, size FROM packages WHERE used > size OR used < 0"
        " OR (used = size) <> (used_up_day IS NOT NULL)",
        told=lambda municipality, package, used, size: say(
            "{municipality}, package {package}: {used} of {size} parts are used, which cannot be.",
            municipality=municipality,
            package=package,
            used=used,
            size=size,
        ),
    ),
    Invariant(
        name="package-numbers",
        broken="SELECT municipality, COUNT(*), MAX(number) FROM packages GROUP BY municipality"
        " HAVING MIN(number) <> 1 OR MAX(number) <> COUNT(*)",
        told=lambda municipality, n, highest: say(
            "{municipality}: {n} packages are numbered up to {highest}.",
            municipality=municipality,
            n=n,
            highest=highest,
        ),
    ),
    Invariant(
        name="invoices",
        broken="SELECT p.municipality, p.number FROM packages p LEFT JOIN invoices i"
        " ON i.municipality = p.municipality AND i.package = p.number"
        " WHERE i.number IS NULL OR i.parts <> p.size OR i.price_ore <> p.price_ore",
        told=lambda municipality, package: say(
            "{municipality}: the invoice of package {package} is missing or for another package.",
            municipality=municipality,
            package=package,
        ),
    ),
    Invariant(
        name="purge",
        broken="SELECT value FROM facts WHERE name = 'purge-unfinished'",
        told=_broken_off,
    ),
    Invariant(
        name="audit",
        broken="SELECT COUNT(*), MAX(id) FROM audit HAVING MIN(id) <> 1 OR MAX(id) <> COUNT(*)",
        told=lambda n, newest: say(
            "The audit has {n} rows, and its ids go to {newest}.",
            n=n,
            newest=newest,
        ),
    ),
    Invariant(
        name="audit-guards",
        broken=f"SELECT name FROM ({_GUARDS}) AS every WHERE name NOT IN"  # noqa: S608 - from literals
        " (SELECT name FROM sqlite_master WHERE type = 'trigger')",
        told=lambda name: say("What keeps the audit from being changed is gone: {name}.", name=name),
    ),
)
