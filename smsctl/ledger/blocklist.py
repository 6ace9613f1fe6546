"""The block list: numbers never to send to, kept as keyed hashes.

So a recipients file that is imported anew cannot undo it, and the list gives no number away. What must
stay true: with numbers on the list, nothing is sent while their key is missing.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from smsctl.domain.moment import Actor, Moment
from smsctl.ledger import audit, keyfile
from smsctl.ledger.store import Ledger

BY_STOP = "STOP by SMS"
THE_RECIPIENT = "the recipient"
"""The reason of a number that is on the list because its owner answered STOP."""

_CLEAR_DIGITS = 2
_IN_A_COMMIT = 1_000
"""Each number is hashed, and has its row in the audit as well."""


class BlockedRow(NamedTuple):
    """One number as far as it is told of."""

    last_digits: str
    at: str
    by_whom: str
    reason: str


def add(ledger: Ledger, numbers: Iterable[str], moment: Moment, actor: Actor, reason: str) -> int:
    """Put E.164 numbers on the list, in the open transaction; return how many were not on it yet."""
    key = keyfile.find_or_make(ledger)
    added = 0
    for number in numbers:
        last = number[-_CLEAR_DIGITS:]
        is_new = ledger.write(
            "INSERT INTO blocked (hash, last_digits, at, by_whom, reason) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (hash) DO NOTHING",
            key.hash(number),
            last,
            moment.at,
            actor.shown,
            reason,
        )
        if is_new > 0:
            added += 1
            audit.record(ledger, moment, actor, "block", f"number ending in {last}", reason=reason)
    return added


def add_all(
    ledger: Ledger,
    numbers: Sequence[str],
    moment: Moment,
    actor: Actor,
    reason: str,
    on_progress: Callable[[int, int], None],
) -> int:
    """Put many numbers on the list as `add`, in several commits; stopped half-way, a repeat adds the rest."""
    added = 0
    for start in range(0, len(numbers), _IN_A_COMMIT):
        on_progress(start, len(numbers))
        with ledger.transaction():
            added += add(ledger, numbers[start : start + _IN_A_COMMIT], moment, actor, reason)
        ledger.give_way()
    return added


def remove(ledger: Ledger, number: str, moment: Moment, actor: Actor, reason: str) -> bool:
    """Take an E.164 number off the list, in the open transaction; say whether it was on it."""
    key = keyfile.find(ledger)
    if key is None or not ledger.write("DELETE FROM blocked WHERE hash = ?", key.hash(number)):
        return False
    subject = f"number ending in {number[-_CLEAR_DIGITS:]}"
    audit.record(ledger, moment, actor, "unblock", subject, reason=reason)
    return True


def listed(ledger: Ledger) -> tuple[BlockedRow, ...]:
    """Return the list, newest first."""
    found = ledger.rows("SELECT last_digits, at, by_whom, reason FROM blocked ORDER BY at DESC, hash")
    return tuple(BlockedRow(*row) for row in found)


def judge(ledger: Ledger, *, by_stop: bool = False) -> Callable[[str], bool] | None:
    """Return what says of an E.164 number whether it is on the list; None while the list is empty.

    With `by_stop`, only numbers count that have answered STOP.
    Raises LedgerError when the key is missing.
    """
    rows = ledger.rows("SELECT hash, last_digits FROM blocked WHERE ? IN ('', reason)", BY_STOP * by_stop)
    key = keyfile.find(ledger) if rows else None
    if key is None:
        return None
    hash_of = key.hash
    hashes = {one for one, _ in rows}
    endings = {last for _, last in rows}  # a hash costs more than a glance at the last digits
    return lambda number: number[-_CLEAR_DIGITS:] in endings and hash_of(number) in hashes


def among(ledger: Ledger, numbers: Sequence[str]) -> frozenset[str]:
    """Return those of the E.164 numbers that are on the list; for a few. Raises LedgerError as `judge`."""
    if ledger.one("SELECT 1 FROM blocked LIMIT 1") is None:
        return frozenset()
    key = keyfile.find(ledger)
    if key is None:
        return frozenset()
    return frozenset(
        one for one in numbers if ledger.one("SELECT 1 FROM blocked WHERE hash = ?", key.hash(one))
    )
