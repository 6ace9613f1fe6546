"""What must be true of a ledger and the gateway beside it at every moment (never-twice.md).

Recounted from the raw tables, row by row, by no code of smsctl's own. I1 to I12 are that list's numbers.
"""

import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from smsctl.ledger.store import Ledger

TAKEN = frozenset({"accepted", "delivered", "expired", "failed"})
DRAWN = TAKEN | {"held", "unknown"}
NOT_TAKEN = frozenset({"pending", "rejected", "cancelled"})
EITHER = frozenset({"sending", "unknown", "held"})
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z|\d{4}-\d\d-\d\d")


class Accepted(NamedTuple):
    """One message as the gateway took it."""

    reference: str
    number: str
    text: str
    parts: int = 1


class _Message(NamedTuple):
    mailing: int
    reference: str
    number: str | None  # None once it is purged
    text: str | None
    municipality: str
    state: str
    day: str
    parts: int
    batch: int | None
    batch_open: bool


def compare(
    ledger: Path | Ledger,
    accepted: Sequence[Accepted],
    *,
    rows: int | None = None,
    by_word: Collection[str] = frozenset(),
    window_over: bool = False,
) -> None:
    """Raise AssertionError with everything that is not true; of many messages in one plight, one is named.

    A ledger on a server is given open. `rows` is what every mailing must hold; `by_word` are the references
    of messages that a person has settled or sent again, who may have been wrong; `window_over`: so much time
    may have passed that the same text may go to a number again.
    """
    broken = [*_broken(ledger, accepted, rows, by_word)]
    if not window_over:
        broken += _repeated(accepted, by_word)
    assert not broken, "\n".join(broken)


def nobody_is_forgotten(ledger: Path) -> None:
    """Raise AssertionError unless everybody's message has gone out, or may have; for when all is sent.

    A message is cancelled only where its number has had the text, or may have, from another mailing.
    """
    with closing(sqlite3.connect(ledger, timeout=30)) as db:
        messages = _messages(db)
    reached = {(one.number, one.text) for one in messages if one.state in TAKEN | {"unknown"}}
    lost = [
        f"lost: {one.reference} is {one.state}"
        for one in messages
        if (one.number, one.text) not in reached or one.state not in TAKEN | {"unknown", "cancelled"}
    ]
    assert not lost, "\n".join(lost)


def states(ledger: Path) -> Counter[str]:
    """Return how many messages are in each state."""
    with closing(sqlite3.connect(ledger, timeout=30)) as db:
        return Counter(dict(db.execute("SELECT state, COUNT(*) FROM messages GROUP BY state")))


def contents(ledger: Path) -> str:
    """Return all that a ledger holds, and what lies beside it, but for when and by which version."""
    with closing(sqlite3.connect(ledger)) as db:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        beside = sorted(one.name.rstrip("0123456789") for one in ledger.parent.iterdir())
        return _TIME.sub("then", "\n".join([str(version), *beside, *db.iterdump()]))


def reference_of(ledger: Path, number: str) -> str:
    """Return the reference of the message to a number that was in a batch; empty where there is none."""
    with closing(sqlite3.connect(ledger, timeout=30)) as db:
        row = db.execute(
            "SELECT i.reference || '-' || (m.id - i.first_message + 1) FROM messages m"
            " JOIN mailings i ON i.id = m.mailing WHERE m.number = ? AND m.batch IS NOT NULL",
            (number,),
        ).fetchone()
    return str(row[0]) if row else ""


def mailings(ledger: Path) -> dict[int, Counter[str]]:
    """Return the mailings, each with the number of its messages in each state; none that is half opened."""
    found: dict[int, Counter[str]] = defaultdict(Counter)
    with closing(sqlite3.connect(ledger, timeout=30)) as db:
        for mailing, state, n in db.execute(
            "SELECT g.id, m.state, COUNT(*) FROM messages m JOIN mailings g ON g.id = m.mailing GROUP BY 1, 2"
        ):
            found[mailing][state] = n
    return found


_MIGRATIONS = len([*(Path(__file__).parents[2] / "smsctl" / "ledger" / "migrations").glob("*.sql")])


class _Rows(list[tuple[Any, ...]]):
    """Rows, as a cursor gives them."""

    def fetchone(self) -> tuple[Any, ...] | None:
        return self[0] if self else None

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self


class _OnAServer:
    """An open ledger, asked as a file is."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def execute(self, sql: str, values: Sequence[object] = ()) -> _Rows:
        return _Rows(self._ledger.engine.fetch(sql, values))


_Asked = sqlite3.Connection | _OnAServer


def _broken(
    ledger: Path | Ledger, accepted: Sequence[Accepted], rows: int | None, by_word: Collection[str]
) -> Iterator[str]:
    if isinstance(ledger, Ledger):
        with ledger.snapshot():
            yield from _wrong(_OnAServer(ledger), accepted, rows, by_word)
        return
    if not ledger.exists():
        if accepted:
            yield f"I5: {len(accepted)} accepted, and there is no ledger"
        return
    with closing(sqlite3.connect(ledger, timeout=30)) as db:
        db.execute("BEGIN")  # one moment for all that follows
        if db.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            yield "I12: integrity_check"
        if db.execute("PRAGMA user_version").fetchone()[0] < _MIGRATIONS and not accepted:
            return  # it is still being made
        yield from _wrong(db, accepted, rows, by_word)


def _wrong(
    db: _Asked, accepted: Sequence[Accepted], rows: int | None, by_word: Collection[str]
) -> Iterator[str]:
    messages = _messages(db)
    yield from _against_gateway(messages, accepted, by_word)
    yield from _rows(db, messages, rows)
    yield from _batches(db, messages)
    yield from _counts(db, messages)
    yield from _money(db, messages)


def _messages(db: _Asked) -> list[_Message]:
    return [
        _Message._make(found)
        for found in db.execute(
            "SELECT i.id, i.reference || '-' || (m.id - i.first_message + 1), m.number,"
            " COALESCE(t.body, i.body), i.municipality, m.state, COALESCE(b.claimed_day, i.created_day),"
            " COALESCE(m.parts, i.parts_each), m.batch,"
            " m.batch IS NOT NULL AND b.settled_at IS NULL"
            " FROM messages m JOIN mailings i ON i.id = m.mailing LEFT JOIN batches b ON b.id = m.batch"
            " LEFT JOIN texts t ON t.message = m.id"
        )
    ]


def _against_gateway(
    messages: list[_Message], accepted: Sequence[Accepted], by_word: Collection[str]
) -> Iterator[str]:
    times = Counter(one.reference for one in accepted)
    explained = {(one.reference, one.number, one.text, one.parts) for one in messages}
    if unexplained := set(accepted) - explained:
        known = {one.reference: one for one in messages}
        for one in unexplained:
            message = known.get(one.reference)
            if message is None:
                yield f"I5: {one.reference} was accepted, and the ledger does not know it"
            elif message.number is not None:  # else it is purged: who it was is gone
                yield f"{one.reference}: another number, text or size was accepted than the ledger's"
    kinds = {(one.state, times[one.reference]): one for one in messages if one.reference not in by_word}
    for (_, found), message in kinds.items():
        yield from _of_one(message, found)


def _repeated(accepted: Sequence[Accepted], by_word: Collection[str]) -> Iterator[str]:
    people = Counter((one.number, one.text) for one in accepted if one.reference not in by_word)
    yield from (f"the same text went to one number {n} times" for n in people.values() if n > 1)


def _of_one(message: _Message, times: int) -> Iterator[str]:
    reference, state = message.reference, message.state
    if times > 1:
        yield f"I1: {reference} was accepted {times} times"
    if state in TAKEN and not times:
        yield f"I3: {reference} is {state}, and the gateway does not have it"
    if state in NOT_TAKEN and times:
        yield f"I4: {reference} is {state}, and the gateway has it"
    if state not in TAKEN | NOT_TAKEN | EITHER:
        yield f"I2: {reference} is {state}, which is no state"


def _rows(db: _Asked, messages: list[_Message], rows: int | None) -> Iterator[str]:
    held = Counter(one.mailing for one in messages)
    for mailing, kind, total, first, count, skipped, lowest, highest in db.execute(
        "SELECT i.id, i.kind, i.rows_total, i.first_message, i.messages,"
        " (SELECT COUNT(*) FROM skipped s WHERE s.mailing = i.id),"
        " (SELECT MIN(id) FROM messages m WHERE m.mailing = i.id),"
        " (SELECT MAX(id) FROM messages m WHERE m.mailing = i.id) FROM mailings i"
    ):
        if held[mailing] != count or (lowest, highest) != (first, first + count - 1):
            yield f"I2: mailing {mailing} should hold {count} messages and holds {held[mailing]}"
        if (rows not in (None, total) and kind == "send") or total != count + skipped:
            yield f"I2: mailing {mailing}: {total} rows are not {count} messages and {skipped} skipped"


def _batches(db: _Asked, messages: list[_Message]) -> Iterator[str]:
    # What the gateway has stopped is cancelled and keeps its batch, whose parts are given back.
    given_back = {batch for (batch,) in db.execute("SELECT DISTINCT batch FROM entries WHERE parts < 0")}
    for one in {(one.state, one.batch, one.batch_open): one for one in messages}.values():
        if (one.state == "sending") != one.batch_open:
            yield f"{one.reference} is {one.state}, and its batch is {'open' if one.batch_open else 'closed'}"
        in_a_batch = one.batch is not None and (one.state == "pending" or one.batch not in given_back)
        if one.state in NOT_TAKEN - {"rejected"} and in_a_batch:
            yield f"{one.reference} is {one.state} and still in a batch"
        if one.state in TAKEN | EITHER and one.batch is None:
            yield f"{one.reference} is {one.state} and was in no batch"
    sending = [one for one in messages if one.state == "sending"]
    on_the_wire = Counter(one.batch for one in sending)
    reserved: Counter[int | None] = Counter()
    for one in sending:
        reserved[one.batch] += one.parts
    for batch, count, parts in db.execute("SELECT id, messages, parts FROM batches WHERE settled_at IS NULL"):
        if on_the_wire[batch] != count or parts != reserved[batch]:
            yield f"batch {batch} is open with {count} messages; {on_the_wire[batch]} are on the wire"


_COUNTED = attrgetter("mailing", "municipality", "day", "state", "parts")


def _counts(db: _Asked, messages: list[_Message]) -> Iterator[str]:
    by_mailing: dict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0])
    by_day: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0])
    for (mailing, municipality, day, state, parts), n in Counter(map(_COUNTED, messages)).items():
        for sums in (by_day[municipality, day, state], by_mailing[mailing, state]):
            sums[0] += n
            sums[1] += n * parts
    told = {
        (mailing, state): [n, parts]
        for mailing, state, n, parts in db.execute("SELECT * FROM mailing_counts")
        if n or parts
    }
    if told != by_mailing:
        yield f"mailing_counts say {told}, the messages {dict(by_mailing)}"
    told_days = {
        (municipality, day, state): [n, parts]
        for municipality, day, state, n, parts in db.execute("SELECT * FROM day_counts")
        if n or parts
    }
    if told_days != by_day:
        yield f"day_counts say {told_days}, the messages {dict(by_day)}"


def _money(db: _Asked, messages: list[_Message]) -> Iterator[str]:
    drawn: Counter[int] = Counter()
    for (mailing, _, _, state, parts), n in Counter(map(_COUNTED, messages)).items():
        drawn[mailing] += n * parts if state in DRAWN else 0
    entered = Counter(dict(db.execute("SELECT mailing, SUM(parts) FROM entries GROUP BY mailing")))
    for mailing in drawn | entered:
        if drawn[mailing] != entered[mailing]:
            yield f"I10: mailing {mailing} drew {entered[mailing]} parts, its messages cost {drawn[mailing]}"
    for told, counted in _SUMS:
        if (a := db.execute(told).fetchall()) != (b := db.execute(counted).fetchall()):
            yield f"I10: {told} says {a}, the entries {b}"
    for municipality, count, highest, invoices in db.execute(
        "SELECT p.municipality, COUNT(*), MAX(p.number), COUNT(i.number) FROM packages p LEFT JOIN invoices i"
        " ON i.municipality = p.municipality AND i.package = p.number GROUP BY p.municipality"
    ):
        if not count == highest == invoices:
            yield f"{municipality}: {count} packages up to number {highest}, {invoices} invoices"
    yield from _opened_too_early(db)


def _opened_too_early(db: _Asked) -> Iterator[str]:
    """Where nothing was ever given back, a package is opened by the part that no longer fits."""
    for municipality, number, used, size in db.execute(
        "SELECT municipality, number, used, size FROM packages p WHERE number > 1 AND used = 0 OR"
        " used < size AND number < (SELECT MAX(number) FROM packages n WHERE n.municipality = p.municipality)"
    ):
        given_back = "SELECT 1 FROM entries WHERE municipality = ? AND parts < 0"
        if db.execute(given_back, (municipality,)).fetchone() is None:
            yield f"{municipality}: {used} of {size} parts of package {number} used, and the next one opened"


_SUMS = (
    (
        """SELECT municipality, number, used FROM packages WHERE used != 0 ORDER BY 1, 2""",
        """SELECT municipality, package, SUM(parts) FROM entries WHERE package > 0
        GROUP BY 1, 2 HAVING SUM(parts) != 0 ORDER BY 1, 2""",
    ),
    (
        """SELECT municipality, day, package, parts FROM day_parts WHERE parts != 0 ORDER BY 1, 2, 3""",
        """SELECT municipality, day, package, SUM(parts) FROM entries
        GROUP BY 1, 2, 3 HAVING SUM(parts) != 0 ORDER BY 1, 2, 3""",
    ),
)
