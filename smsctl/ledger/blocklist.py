"""The block list: numbers never to send to, kept as keyed hashes.

So a recipients file that is imported anew cannot undo it, and the list gives no number away. What must
stay true: with numbers on the list, nothing is sent while their key is missing.

A number is on it for all municipalities, or for some of them: where they share a ledger, what one authority
was told is secret to another.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from smsctl.domain.moment import Actor, Moment, stamp
from smsctl.errors import RuleError, say
from smsctl.ledger import audit, keyfile
from smsctl.ledger.mailings import pieces
from smsctl.ledger.store import Ledger

BY_STOP = "STOP by SMS"
THE_RECIPIENT = "the recipient"
"""The reason of a number that is on the list because its owner answered STOP."""

FOR_ALL = ("",)
"""Stands for every municipality, also those that the config does not have yet."""

_LISTS = "SELECT municipality FROM blocked WHERE hash = ? ORDER BY municipality"
_CLEAR_DIGITS = 2


class BlockedRow(NamedTuple):
    """One number as far as it is told of."""

    last_digits: str
    at: str
    by_whom: str
    reason: str
    municipality: str  # its key; empty: for all


def add(
    ledger: Ledger,
    numbers: Iterable[str],
    moment: Moment,
    actor: Actor,
    reason: str,
    of: Collection[str] = FOR_ALL,
) -> int:
    """Put E.164 numbers on the list of municipalities, in the open transaction.

    Returns how many were not on it yet for one of them; what is there for all, is so for each.
    """
    key = keyfile.find_or_make(ledger)
    added = 0
    for number in numbers:
        last, hashed = number[-_CLEAR_DIGITS:], key.hash(number)
        new = [one for one in sorted(of) if not _is_there(ledger, hashed, one)]
        for municipality in new:
            row = {"at": moment.at, "by_whom": actor.shown, "reason": reason, "municipality": municipality}
            ledger.insert("blocked", hash=hashed, last_digits=last, **row)
        if new:
            added += 1
            subject, detail = f"number ending in {last}", ", ".join(filter(None, new))
            audit.record(ledger, moment, actor, "block", subject, detail, reason=reason)
    return added


def _is_there(ledger: Ledger, hashed: str, municipality: str) -> bool:
    sql = "SELECT 1 FROM blocked WHERE hash = ? AND municipality IN ('', ?)"
    return ledger.one(sql, hashed, municipality) is not None


def add_all(
    ledger: Ledger,
    numbers: Sequence[str],
    moment: Moment,
    actor: Actor,
    reason: str,
    on_progress: Callable[[int, int], None],
    of: Collection[str] = FOR_ALL,
) -> int:
    """Put many numbers on the list as `add`, in several commits; stopped half-way, a repeat adds the rest."""
    with ledger.transaction():
        key = keyfile.find_or_make(ledger)
    added, done = 0, 0
    for some in ledger.in_pieces(sorted(numbers, key=key.hash)):  # each commit writes few pages of the index
        on_progress(done, len(numbers))
        with ledger.transaction():
            added += add(ledger, some, moment, actor, reason, of)
        done += len(some)
    return added


def remove(
    ledger: Ledger, number: str, moment: Moment, actor: Actor, reason: str, of: Collection[str] | None = None
) -> bool:
    """Take an E.164 number off the list, in the open transaction; say whether it was on it.

    `of` are the municipalities on whose list it shall stand no more; None: on none at all.
    Raises RuleError where it is there for all, which is not for some of them to undo.
    """
    key = keyfile.find(ledger)
    hashed = key.hash(number) if key else ""
    if of is not None and ledger.one("SELECT 1 FROM blocked WHERE hash = ? AND municipality = ''", hashed):
        raise RuleError(
            say("The number is on the block list for all municipalities."),
            hint=say("Ask somebody who may see all of them by [senders] to take it off."),
        )
    gone = [
        municipality for municipality in ledger.column(_LISTS, hashed) if of is None or municipality in of
    ]
    if not gone:
        return False
    one = "DELETE FROM blocked WHERE hash = ? AND municipality = ?"
    ledger.write_many(one, [(hashed, municipality) for municipality in gone])
    subject, detail = f"number ending in {number[-_CLEAR_DIGITS:]}", ", ".join(filter(None, gone))
    audit.record(ledger, moment, actor, "unblock", subject, detail, reason=reason)
    return True


def listed(ledger: Ledger, of: Collection[str] | None = None) -> tuple[BlockedRow, ...]:
    """Return the list, newest first: of these municipalities and what is there for all; None: the whole.

    Why a number is there for all was written by somebody who sees all, and may tell of another's recipient.
    """
    found = ledger.records(
        "SELECT last_digits, at, by_whom, reason, municipality FROM blocked"
        " ORDER BY at DESC, hash, municipality"
    )
    rows = tuple(BlockedRow(**one) for one in found)
    if of is None:
        return rows
    return tuple(_without_words(one) for one in rows if one.municipality in {"", *of})


def _without_words(row: BlockedRow) -> BlockedRow:
    return row if row.municipality or row.reason == BY_STOP else row._replace(reason="")


def judge(ledger: Ledger, municipality: str, *, by_stop: bool = False) -> Callable[[str], bool] | None:
    """Return what says of an E.164 number whether it is on a municipality's list; None while that is empty.

    With `by_stop`, only numbers count that have answered STOP.
    Raises LedgerError when the key is missing.
    """
    rows = ledger.rows(
        "SELECT hash, last_digits FROM blocked WHERE municipality IN ('', ?) AND ? IN ('', reason)",
        municipality,
        BY_STOP * by_stop,
    )
    key = keyfile.find(ledger) if rows else None
    if key is None:
        return None
    hash_of = key.hash
    hashes = {one for one, _ in rows}
    endings = {last for _, last in rows}  # a hash costs more than a glance at the last digits
    return lambda number: number[-_CLEAR_DIGITS:] in endings and hash_of(number) in hashes


def among(ledger: Ledger, numbers: Sequence[str], of: Collection[str] | None) -> frozenset[str]:
    """Return those of the E.164 numbers that are on the list of a municipality in `of`; None: on any.

    For a few. Raises LedgerError as `judge`.
    """
    if ledger.one("SELECT 1 FROM blocked LIMIT 1") is None:
        return frozenset()
    key = keyfile.find(ledger)
    if key is None:
        return frozenset()
    lists = None if of is None else {"", *of}
    return frozenset(
        number
        for number in numbers
        if any(lists is None or one in lists for one in ledger.column(_LISTS, key.hash(number)))
    )


_SCHEDULED = (
    "SELECT id, municipality, send_at, first_message, first_message + messages - 1 FROM mailings"
    " WHERE send_at >= ? AND purge IS NULL ORDER BY id"
)
_TAKEN = (
    "SELECT number FROM messages WHERE id BETWEEN ? AND ?"
    " AND state IN ('accepted', 'held', 'unknown') AND number IS NOT NULL"
)


def still_reached(ledger: Ledger, moment: Moment, of: Collection[str] | None) -> list[tuple[int, int]]:
    """Return how many messages of which mailings the gateway still holds for numbers that are on the list.

    They were handed over before, to be sent later (`--at`). `of`: only mailings of these municipalities.
    """
    now, found = datetime.fromisoformat(moment.at), []
    yesterday = stamp(now - timedelta(days=1))  # a time is kept with its offset, and is compared by its text
    for mailing, municipality, send_at, *span in ledger.rows(_SCHEDULED, yesterday):
        is_theirs = of is None or municipality in of
        is_blocked = judge(ledger, municipality) if is_theirs else None
        if is_blocked and datetime.fromisoformat(send_at) > now:
            n = sum(is_blocked(one) for piece in pieces(*span) for one in ledger.column(_TAKEN, *piece))
            found += [(mailing, n)] if n else []
    return found
