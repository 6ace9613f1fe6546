"""What a look at the ledger tells of the days behind: what waits for a person, and how the keys fared."""

import re
from collections.abc import Collection, Mapping
from typing import NamedTuple

from smsctl.domain.message import FINAL, Status
from smsctl.domain.package import share_ore
from smsctl.ledger import counts
from smsctl.ledger.store import Ledger

_KEYED = 500  # mailings looked back at; a key that has not been used since is no longer in cron
_SLOTS = (
    ("{week}", r"\d{4}-W\d{2}"),
    ("{hour}", r"\d{4}-\d{2}-\d{2}T\d{2}(?:[+-]\d{4})?"),
    ("{date}", r"\d{4}-\d{2}-\d{2}"),
    ("{month}", r"\d{4}-\d{2}(?!\d)"),
)


class KeyedRun(NamedTuple):
    """How the mailings under one key, over all its slots, have fared."""

    key: str  # with the slot as its place, `weekly-{week}`
    mailing: int  # the newest one
    at: str
    unfinished: int  # of its messages: pending, unknown or held
    last_good_at: str | None  # when the newest one that left nothing unfinished was made


class Reporting(NamedTuple):
    """Whether delivery reports have come for a mailing."""

    mailing: int
    waiting: int  # accepted, and nothing heard since
    reported: int


class LastSent(NamedTuple):
    """The mailing that the newest batch is of: where it was made, and when the batch was claimed."""

    host: str
    at: str


def last_sent(ledger: Ledger) -> LastSent | None:
    """Return from which machine the ledger was last sent; None: it never was."""
    row = ledger.one(
        "SELECT g.created_host, b.claimed_at FROM batches b JOIN mailings g ON g.id = b.mailing"
        " ORDER BY b.id DESC LIMIT 1"
    )
    return None if row is None else LastSent(host=row[0], at=row[1])


def waiting(ledger: Ledger) -> Mapping[Status, int]:
    """Return how many messages are pending, unknown and held, in all mailings.

    What is pending of a mailing that nobody has approved, or that is cancelled in part, is not resumed.
    """
    found = ledger.rows(
        "SELECT state, SUM(messages) FROM mailing_counts WHERE state IN ('unknown', 'held')"
        " OR (state = 'pending' AND mailing NOT IN (SELECT id FROM mailings WHERE half_cancelled = 1 UNION"
        " SELECT mailing FROM approvals WHERE at_once = 0 AND COALESCE(decision, '') <> 'approved'))"
        " GROUP BY state HAVING SUM(messages) > 0"
    )
    return {Status(state): messages for state, messages in found}


def unsettled(ledger: Ledger, municipality: str | None = None) -> Mapping[int, int]:
    """Return how many messages are unknown or held, by mailing, of one municipality or of all."""
    return ledger.pairs(
        "SELECT c.mailing, SUM(c.messages) FROM mailing_counts c JOIN mailings m ON m.id = c.mailing"
        " WHERE c.state IN ('unknown', 'held') AND m.municipality = COALESCE(?, m.municipality)"
        " GROUP BY c.mailing HAVING SUM(c.messages) > 0 ORDER BY c.mailing",
        municipality,
    )


class UnsettledMailing(NamedTuple):
    """What of a mailing is unknown or held, and counted as cost until somebody settles it."""

    mailing: int
    unknown: int  # messages
    held: int
    parts: int
    cost_ore: int | None  # at the price that the mailing was made at; None: not known


class UnsettledSum(NamedTuple):
    """What of all mailings of a municipality is unknown or held."""

    newest: int = 0  # mailing; 0: nothing is
    mailings: int = 0
    unknown: int = 0  # messages
    held: int = 0
    parts: int = 0
    cost_ore: int | None = None  # as far as a price is known

    @property
    def messages(self) -> int:
        """All of them."""
        return self.unknown + self.held


_LEFT = (
    "SUM(CASE WHEN c.state = 'unknown' THEN c.messages ELSE 0 END),"
    " SUM(CASE WHEN c.state = 'held' THEN c.messages ELSE 0 END), SUM(c.parts), m.rate_parts, m.rate_ore"
    " FROM mailing_counts c JOIN mailings m ON m.id = c.mailing WHERE c.state IN ('unknown', 'held')"
    " AND c.messages > 0 AND m.municipality = ? GROUP BY m.rate_parts, m.rate_ore"
)
"""What is unknown, held and may cost of a municipality's mailings, at each price."""


def unsettled_sum(ledger: Ledger, municipality: str) -> UnsettledSum:
    """Return what is unknown or held of a municipality's mailings, and what it may cost."""
    found = UnsettledSum()
    every = f"SELECT MAX(m.id), COUNT(DISTINCT m.id), {_LEFT}"
    for newest, mailings, unknown, held, parts, size, price_ore in ledger.rows(every, municipality):
        known = share_ore(parts, size, price_ore) if size else None
        found = UnsettledSum(
            newest=max(found.newest, newest),
            mailings=found.mailings + mailings,
            unknown=found.unknown + unknown,
            held=found.held + held,
            parts=found.parts + parts,
            cost_ore=found.cost_ore if known is None else (found.cost_ore or 0) + known,
        )
    return found


def unsettled_mailings(ledger: Ledger, municipality: str, most: int) -> tuple[UnsettledMailing, ...]:
    """Return the newest mailings of a municipality of which something is unknown or held."""
    newest = f"SELECT m.id, {_LEFT}, m.id ORDER BY m.id DESC LIMIT ?"
    return tuple(
        UnsettledMailing(
            mailing=mailing,
            unknown=unknown,
            held=held,
            parts=parts,
            cost_ore=share_ore(parts, size, price_ore) if size else None,
        )
        for mailing, unknown, held, parts, size, price_ore in ledger.rows(newest, municipality, most)
    )


def keyed_runs(ledger: Ledger, of: Collection[str] | None = None) -> tuple[KeyedRun, ...]:
    """Return each run key of late, with the slot taken out, newest first.

    `of`: only of mailings of these municipalities, for somebody has written it; None: of all.
    """
    sql = (
        "SELECT m.run_key, m.id, m.created_at, COALESCE((SELECT SUM(c.messages) FROM mailing_counts c"
        " WHERE c.mailing = m.id AND c.state IN ('pending', 'sending', 'unknown', 'held')), 0)"
        " FROM mailings m WHERE m.run_key IS NOT NULL[theirs] ORDER BY m.id DESC LIMIT [most]"
    ).replace("[most]", str(_KEYED))
    if of is None:
        rows = ledger.rows(sql.replace("[theirs]", ""))
    else:
        rows = ledger.rows_of(sql.replace("[theirs]", " AND m.municipality IN (?)"), of)
    found: dict[str, KeyedRun] = {}
    for run_key, mailing, at, unfinished in rows:
        key = without_slot(run_key)
        good_at = None if unfinished else at
        if key not in found:
            found[key] = KeyedRun(key, mailing, at, unfinished, good_at)
        elif found[key].last_good_at is None:
            found[key] = found[key]._replace(last_good_at=good_at)
    return tuple(found.values())


def without_slot(run_key: str) -> str:
    """Turn an expanded key back into the one of the crontab line: weekly-2026-W48 -> weekly-{week}."""
    for place, pattern in _SLOTS:
        run_key = re.sub(pattern, place, run_key)
    return run_key


def reporting(ledger: Ledger, *, older_than_at: str) -> Reporting | None:
    """Return whether reports came for the newest mailing old enough to have some; None: no such mailing."""
    row = ledger.one(
        "SELECT id FROM mailings WHERE want_report = 1 AND send_at IS NULL AND created_at < ?"
        " ORDER BY id DESC LIMIT 1",
        older_than_at,
    )
    if row is None:
        return None
    kept = counts.of_mailing(ledger, row[0])
    reported = sum(kept.get(state, counts.NONE).messages for state in _REPORTED)
    waiting = kept.get(Status.ACCEPTED, counts.NONE).messages
    return Reporting(mailing=row[0], waiting=waiting, reported=reported)


_REPORTED = FINAL & {Status.DELIVERED, Status.EXPIRED, Status.FAILED}
