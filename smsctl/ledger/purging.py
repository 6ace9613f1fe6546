"""Removing personal data under a disposal decision: numbers, names and texts go, the facts of the bill stay.

What must stay true: nothing is removed from a mailing that is not finished or is held; counts, parts, money
and times are untouched; every removal has its protocol. The pragma secure_delete overwrites what is freed.
"""

import re
from typing import NamedTuple

from smsctl.domain.mailing import Mailing
from smsctl.domain.moment import Actor, Moment
from smsctl.errors import InputError, say
from smsctl.ledger import audit, keyfile, repeats
from smsctl.ledger.store import Ledger

UNFINISHED = "purge-unfinished"
"""The fact that stands from the first removal until the file was searched."""

_SAMPLE = 5  # numbers of one mailing that are looked for in the file afterwards
_OLD = (
    "SELECT g.id, EXISTS (SELECT 1 FROM mailing_counts c WHERE c.mailing = g.id AND c.messages > 0"
    " AND c.state IN ('pending', 'sending', 'unknown', 'held')),"
    " EXISTS (SELECT 1 FROM holds h WHERE h.mailing = g.id)"
    " FROM mailings g WHERE g.purge IS NULL AND g.created_at < ? AND COALESCE(g.send_at, '') < ?"
    " AND NOT EXISTS (SELECT 1 FROM batches b WHERE b.mailing = g.id AND b.claimed_at >= ?)"
    " AND (? IS NULL OR g.id = ?) ORDER BY g.id"
)


class Decision(NamedTuple):
    """What is to be removed, and on whose authority."""

    reference: str  # of the disposal decision, as KS 2026/123
    before: str  # UTC: mailings whose last batch is older, and what came in before


class Due(NamedTuple):
    """What a purge would remove now, and which mailings of that age it leaves alone."""

    mailings: tuple[int, ...]
    unfinished: tuple[int, ...]  # something is pending, on the wire, unknown or held at the gateway
    kept: tuple[int, ...]  # by a hold
    incoming: int
    reports: int  # that fitted no message
    hashes: int  # that earlier purges left, by which nobody need be known any more

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to remove."""
        return not (self.mailings or self.incoming or self.reports or self.hashes)


class Protocol(NamedTuple):
    """What one purge has removed; kept in the ledger."""

    id: int
    at: str
    by_whom: str
    host: str
    decision: str
    before: str
    mailings: int
    messages: int
    skipped: int
    incoming: int
    reports: int
    hashes: int


class Hold(NamedTuple):
    """A mailing that no purge touches."""

    mailing: int
    at: str
    by_whom: str
    reason: str


def due(ledger: Ledger, before: str, moment: Moment) -> Due:
    """Return what is old enough. Changes nothing."""
    found: dict[str, list[int]] = {"due": [], "unfinished": [], "kept": []}
    for mailing, is_open, is_kept in ledger.rows(_OLD, before, before, before, None, None):
        found["kept" if is_kept else "unfinished" if is_open else "due"].append(mailing)
    return Due(
        mailings=tuple(found["due"]),
        unfinished=tuple(found["unfinished"]),
        kept=tuple(found["kept"]),
        incoming=_count(ledger, "SELECT COUNT(*) FROM inbox WHERE at < ?", before),
        reports=_count(ledger, "SELECT COUNT(*) FROM reports WHERE fate <> 'waiting' AND at < ?", before),
        hashes=repeats.hashes_in_vain(ledger, moment),
    )


def is_due(ledger: Ledger, before: str, mailing: int) -> bool:
    """Say whether a mailing may be purged: nobody has held or resumed it since it was listed."""
    row = ledger.one(_OLD, before, before, before, mailing, mailing)
    return row is not None and not any(row[1:])


def is_unfinished(ledger: Ledger) -> bool:
    """Say whether a purge has removed something and has not yet seen that it is gone from the file."""
    return ledger.one("SELECT 1 FROM facts WHERE name = ?", UNFINISHED) is not None


def finish(ledger: Ledger) -> None:
    """Note, in the open transaction, that all that was removed is gone from the file."""
    ledger.write("DELETE FROM facts WHERE name = ?", UNFINISHED)


def begin(ledger: Ledger, decision: Decision, moment: Moment, actor: Actor) -> int:
    """Begin a protocol; remove what came in, and old hashes, in the open transaction. Return its number."""
    purge = ledger.insert(
        "INSERT INTO purges (at, by_whom, host, decision, before) VALUES (?, ?, ?, ?, ?)",
        moment.at,
        actor.shown,
        actor.host,
        decision.reference,
        decision.before,
    )
    ledger.write(
        "INSERT INTO facts (name, value) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        UNFINISHED,
        str(purge),
    )
    incoming = ledger.write("DELETE FROM inbox WHERE at < ?", decision.before)
    reports = ledger.write("DELETE FROM reports WHERE fate <> 'waiting' AND at < ?", decision.before)
    ledger.write(
        "UPDATE purges SET incoming = ?, reports = ?, hashes = ? WHERE id = ?",
        incoming,
        reports,
        repeats.forget(ledger, moment),
        purge,
    )
    return purge


def remove(ledger: Ledger, purge: int, mailing: Mailing, moment: Moment) -> tuple[str, ...]:
    """Remove numbers, names and texts of a mailing, in the open transaction; return some to look for.

    A number by which the already-sent rule still knows somebody stays as a hash under the ledger's key, until
    a later purge: a hash too tells which text a number got.
    """
    first, last = mailing.first_message, mailing.last_message
    sample = ledger.rows(
        "SELECT number FROM messages WHERE id BETWEEN ? AND ? AND number IS NOT NULL LIMIT ?",
        first,
        last,
        _SAMPLE,
    )
    if counting := repeats.still_counting(ledger, mailing, moment):
        key = keyfile.find_or_make(ledger)
        ledger.write_many(
            "UPDATE messages SET number_hash = ? WHERE id = ?",
            ((key.hash(number), message) for message, number in counting),
        )
    ledger.write("DELETE FROM gateway_ids WHERE message BETWEEN ? AND ?", first, last)
    messages = ledger.write(
        "UPDATE messages SET number = NULL, name = NULL, gateway_id = NULL, event = NULL, answer = NULL"
        " WHERE id BETWEEN ? AND ?",
        first,
        last,
    )
    skipped = ledger.write("UPDATE skipped SET number = NULL, name = NULL WHERE mailing = ?", mailing.id)
    # The digest has no key: the number of a batch of one is found by trying them all.
    ledger.write("UPDATE batches SET event = NULL, answer = NULL, digest = '' WHERE mailing = ?", mailing.id)
    ledger.write(
        "UPDATE mailings SET body = NULL, audience = ?, purge = ? WHERE id = ?",
        audience_without_values(mailing.audience),
        purge,
        mailing.id,
    )
    ledger.write(
        "UPDATE purges SET mailings = mailings + 1, messages = messages + ?, skipped = skipped + ?"
        " WHERE id = ?",
        messages,
        skipped,
        purge,
    )
    numbers = (number for (number,) in sample)
    return (*numbers, mailing.letter.text.body) if mailing.letter.text.body else tuple(numbers)


def audience_without_values(rule: str) -> str:
    """Return what is kept of the rule that chose the rows: what was looked for may be a name."""
    return re.sub("=[^;]*", "=…", rule)


def protocols(ledger: Ledger) -> tuple[Protocol, ...]:
    """Return the protocols of all purges, newest first."""
    found = ledger.records(
        "SELECT id, at, by_whom, host, decision, before, mailings, messages, skipped, incoming, reports,"
        " hashes FROM purges ORDER BY id DESC"
    )
    return tuple(Protocol(**one) for one in found)


def holds(ledger: Ledger) -> tuple[Hold, ...]:
    """Return the mailings that no purge touches."""
    found = ledger.records("SELECT mailing, at, by_whom, reason FROM holds ORDER BY mailing")
    return tuple(Hold(**one) for one in found)


def hold(ledger: Ledger, mailing: Mailing, moment: Moment, actor: Actor, reason: str) -> bool:
    """Keep a mailing from every purge; False where it is held already. InputError when it is purged."""
    with ledger.transaction():
        if _count(ledger, "SELECT COUNT(*) FROM mailings WHERE purge IS NOT NULL AND id = ?", mailing.id):
            raise InputError(
                say("Mailing {id} is purged already: there is nothing left to keep.", id=mailing.id)
            )
        kept = ledger.write(
            "INSERT INTO holds (mailing, at, by_whom, reason) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (mailing) DO NOTHING",
            mailing.id,
            moment.at,
            actor.shown,
            reason,
        )
        if kept > 0:
            audit.record(ledger, moment, actor, "hold", f"mailing {mailing.id}", reason=reason)
    return kept > 0


def release(ledger: Ledger, mailing: Mailing, moment: Moment, actor: Actor, reason: str | None) -> bool:
    """Let purges touch a mailing again; False where nothing kept it."""
    with ledger.transaction():
        released = ledger.write("DELETE FROM holds WHERE mailing = ?", mailing.id) > 0
        if released:
            audit.record(ledger, moment, actor, "release", f"mailing {mailing.id}", reason=reason)
    return released


def _count(ledger: Ledger, sql: str, *values: object) -> int:
    row = ledger.one(sql, *values)
    return int(row[0]) if row else 0
