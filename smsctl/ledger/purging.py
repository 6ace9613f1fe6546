"""Removing personal data under a disposal decision: numbers, names and texts go, the facts of the bill stay.

What must stay true: nothing is removed from a mailing that is not finished or is held, or whose municipality
the decision does not cover; counts, parts, money and times are untouched; every removal has its protocol. The
pragma secure_delete overwrites what is freed.
"""

import os
import re
from collections.abc import Collection, Iterable
from typing import NamedTuple

from smsctl.domain.audience import AudienceRule
from smsctl.domain.mailing import Mailing
from smsctl.domain.moment import Actor, Moment
from smsctl.ledger import carried, keyfile, own_texts, repeats, texts
from smsctl.ledger.store import Ledger

UNFINISHED = "purge-unfinished"
"""The fact that stands from the first removal until the file was searched; its value is another each time."""

_SAMPLE = 5  # numbers of one mailing that are looked for in the file afterwards
_OLD = (
    "SELECT g.id, g.municipality, EXISTS (SELECT 1 FROM mailing_counts c WHERE c.mailing = g.id"
    " AND c.messages > 0 AND c.state IN ('pending', 'sending', 'unknown', 'held')),"
    " EXISTS (SELECT 1 FROM holds h WHERE h.mailing = g.id)"
    " FROM mailings g WHERE g.purge IS NULL AND g.created_at < ? AND COALESCE(g.send_at, '') < ?"
    " AND NOT EXISTS (SELECT 1 FROM batches b WHERE b.mailing = g.id AND b.claimed_at >= ?)"
    " AND g.id = COALESCE(?, g.id) ORDER BY g.id"
)

_REPORTS = (
    " FROM reports WHERE fate <> 'waiting' AND at < ? AND COALESCE((SELECT g.municipality FROM messages m"
    " JOIN mailings g ON g.id = m.mailing WHERE m.id = reports.message), '') = ?"
)
_REMOVE_REPORTS = "DELETE FROM reports WHERE id IN (SELECT id[REPORTS] LIMIT ?)".replace(
    "[REPORTS]", _REPORTS
)
_REMOVE_INCOMING = "DELETE FROM inbox WHERE id IN (SELECT id FROM inbox WHERE at < ? LIMIT ?)"
_REMOVE_SKIPPED = (
    "UPDATE skipped SET number = NULL, name = NULL WHERE mailing = ? AND sheet_row IN (SELECT sheet_row"
    " FROM skipped WHERE mailing = ? AND (number IS NOT NULL OR name IS NOT NULL) LIMIT ?)"
)


class Reach(NamedTuple):
    """Whose data a decision covers."""

    municipalities: frozenset[str]
    strays: bool  # also what belongs to none: incoming SMS, and reports that fitted no message

    @property
    def owners(self) -> Iterable[str]:
        """To whom a row may belong; empty: to no municipality."""
        return (*sorted(self.municipalities), "") if self.strays else sorted(self.municipalities)


class Decision(NamedTuple):
    """What is to be removed, and on whose authority."""

    reference: str  # of the disposal decision, as KS 2026/123
    before: str  # UTC: mailings whose last batch is older, and what came in before
    reach: Reach


class Due(NamedTuple):
    """What a purge would remove now, and which mailings of that age it leaves alone."""

    mailings: tuple[int, ...]
    unfinished: tuple[int, ...]
    """Something is pending, on the wire, unknown or held at the gateway; or its own texts count as sent."""
    held: tuple[int, ...]  # kept from every purge
    incoming: int
    reports: int  # that fitted no message
    hashes: int  # that earlier purges left, by which nobody need be known any more

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to remove."""
        return not (self.mailings or self.incoming or self.reports or self.hashes)


class Protocol(NamedTuple):
    """What one purge has removed, and whose it was; kept in the ledger."""

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
    municipalities: tuple[str, ...]


def due(ledger: Ledger, before: str, reach: Reach, moment: Moment) -> Due:
    """Return what is old enough, of those whom a decision covers. Changes nothing."""
    found: dict[str, list[int]] = {"due": [], "unfinished": [], "kept": []}
    for mailing, municipality, is_open, is_kept in ledger.rows(_OLD, before, before, before, None):
        if municipality in reach.municipalities:
            waits = is_open or own_texts.counts_still(ledger, mailing, moment)
            found["kept" if is_kept else "unfinished" if waits else "due"].append(mailing)
    return Due(
        mailings=tuple(found["due"]),
        unfinished=tuple(found["unfinished"]),
        held=tuple(found["kept"]),
        incoming=ledger.number("SELECT COUNT(*) FROM inbox WHERE at < ?", before) if reach.strays else 0,
        reports=sum(ledger.number(f"SELECT COUNT(*){_REPORTS}", before, one) for one in reach.owners),
        hashes=repeats.hashes_in_vain(ledger, reach.municipalities, moment),
    )


def is_due(ledger: Ledger, decision: Decision, mailing: int, moment: Moment) -> bool:
    """Say whether a mailing may be purged: nobody has held or resumed it since it was listed."""
    before = decision.before
    row = ledger.one(_OLD, before, before, before, mailing)
    if row is None or row[1] not in decision.reach.municipalities or any(row[2:]):
        return False
    return not own_texts.counts_still(ledger, mailing, moment)


def of_nobody_known(ledger: Ledger, known: Collection[str]) -> tuple[str, ...]:
    """Return the municipalities whose personal data is here, and that are not among these."""
    found = ledger.column(
        "SELECT DISTINCT municipality FROM mailings WHERE purge IS NULL"
        " OR id IN (SELECT mailing FROM messages WHERE number_hash IS NOT NULL) ORDER BY 1"
    )
    return tuple(one for one in found if one not in known)


def unfinished(ledger: Ledger) -> str | None:
    """Return the mark of what was removed and not yet seen to be gone from the file; None: there is none."""
    row = ledger.one("SELECT hex(value) FROM facts WHERE name = ?", UNFINISHED)
    return None if row is None else row[0]


def mark(ledger: Ledger, removal: str) -> None:
    """Note, in the open transaction that removes something, which removal the file must be rid of."""
    ledger.keep_fact(UNFINISHED, f"{removal}.{os.urandom(4).hex()}")


def finish(ledger: Ledger, seen: str | None) -> None:
    """Note, in the open transaction, that what was removed is gone, unless another has removed more since."""
    ledger.write("DELETE FROM facts WHERE name = ? AND hex(value) = ?", UNFINISHED, seen)


def begin(ledger: Ledger, decision: Decision, moment: Moment, actor: Actor) -> int:
    """Begin a protocol, in the open transaction; return its number."""
    purge = ledger.next_id("purges")
    ledger.insert(
        "purges",
        id=purge,
        at=moment.at,
        by_whom=actor.shown,
        host=actor.host,
        decision=decision.reference,
        before=decision.before,
        municipality=None if decision.reach.strays else ", ".join(decision.reach.owners),
    )
    mark(ledger, str(purge))
    return purge


def sweep(ledger: Ledger, purge: int, decision: Decision, moment: Moment, most: int) -> bool:
    """Remove so much of what came in, and of old hashes, in the open transaction; False: none was left."""
    before, reach = decision.before, decision.reach
    incoming = ledger.write(_REMOVE_INCOMING, before, most) if reach.strays else 0
    reports = sum(ledger.write(_REMOVE_REPORTS, before, one, most) for one in reach.owners)
    hashes = 0 if incoming or reports else repeats.forget(ledger, reach.municipalities, moment, most)
    ledger.write(
        "UPDATE purges SET incoming = incoming + ?, reports = reports + ?, hashes = hashes + ? WHERE id = ?",
        incoming,
        reports,
        hashes,
        purge,
    )
    mark(ledger, str(purge))
    return bool(incoming or reports or hashes)


def sample(ledger: Ledger, mailing: Mailing) -> tuple[str, ...]:
    """Return some of what a mailing holds, to be looked for in the file when it is removed."""
    numbers = ledger.column(
        "SELECT number FROM messages WHERE id BETWEEN ? AND ? AND number IS NOT NULL LIMIT ?",
        *mailing.span,
        _SAMPLE,
    )
    bodies = texts.some(ledger, *mailing.span, _SAMPLE)
    return (*numbers, *bodies, *filter(None, (mailing.letter.text.body, mailing.label.title)))


def remove_messages(
    ledger: Ledger, purge: int, mailing: Mailing, first: int, last: int, moment: Moment
) -> None:
    """Remove the numbers and names of some messages of a mailing, in the open transaction.

    A number by which the already-sent rule still knows somebody stays as a hash under the ledger's key, until
    a later purge: a hash too tells which text a number got.
    """
    if counting := repeats.still_counting(ledger, mailing, first, last, moment):
        key = keyfile.find_or_make(ledger)
        ledger.write_many(
            "UPDATE messages SET number_hash = ? WHERE id = ?",
            ((key.hash(number), message) for message, number in counting),
        )
    ledger.write("DELETE FROM gateway_ids WHERE message BETWEEN ? AND ?", first, last)
    texts.remove(ledger, first, last)
    messages = ledger.write(
        "UPDATE messages SET number = NULL, name = NULL, gateway_id = NULL, event = NULL, answer = NULL"
        " WHERE id BETWEEN ? AND ? AND number IS NOT NULL",
        first,
        last,
    )
    ledger.write("UPDATE purges SET messages = messages + ? WHERE id = ?", messages, purge)
    mark(ledger, str(purge))


def remove_skipped(ledger: Ledger, purge: int, mailing: Mailing, most: int) -> bool:
    """Remove so many numbers and names of those who got no message, in the open transaction; False: none.

    With them go the cells that were kept beside the rows.
    """
    skipped = ledger.write(_REMOVE_SKIPPED, mailing.id, mailing.id, most)
    kept = carried.remove_some(ledger, mailing.id, most)
    ledger.write("UPDATE purges SET skipped = skipped + ? WHERE id = ?", skipped, purge)
    mark(ledger, str(purge))
    return skipped > 0 or kept > 0


def remove_text(ledger: Ledger, purge: int, mailing: Mailing) -> None:
    """Remove the text of a mailing whose numbers are gone, in the open transaction: now it is purged."""
    # The digest has no key: the number of a batch of one is found by trying them all.
    ledger.write("UPDATE batches SET event = NULL, answer = NULL, digest = '' WHERE mailing = ?", mailing.id)
    ledger.write(
        "UPDATE mailings SET body = NULL, title = NULL, audience = ?, purge = ? WHERE id = ?",
        str(audience_without_values(mailing.audience)),
        purge,
        mailing.id,
    )
    ledger.write("UPDATE purges SET mailings = mailings + 1 WHERE id = ?", purge)
    mark(ledger, str(purge))


def audience_without_values(rule: AudienceRule) -> AudienceRule:
    """Return what is kept of the rule that chose the rows: what was looked for may be a name."""
    return rule._replace(where=re.sub("=[^;]*", "=…", rule.where))


def protocols(ledger: Ledger) -> tuple[Protocol, ...]:
    """Return the protocols of all purges, newest first."""
    reached: dict[int, list[str]] = {}
    for purge, municipality in ledger.rows(
        "SELECT DISTINCT purge, municipality FROM mailings WHERE purge IS NOT NULL ORDER BY municipality"
    ):
        reached.setdefault(purge, []).append(municipality)
    found = ledger.records(
        "SELECT id, at, by_whom, host, decision, before, mailings, messages, skipped, incoming, reports,"
        " hashes, municipality AS municipalities FROM purges ORDER BY id DESC"
    )
    for one in found:
        named = one["municipalities"]
        one["municipalities"] = tuple(reached.get(one["id"], ()) if named is None else (named,))
    return tuple(Protocol(**one) for one in found)
