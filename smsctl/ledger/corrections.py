"""Moving messages that were once submitted: corrections, each with its negative entry and its audit row.

What must stay true: `unknown` leaves only with evidence or by a person's order, and what no longer costs
is given back to the package it came from, in the same transaction.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Status
from smsctl.domain.moment import Moment
from smsctl.ledger import counts, packages
from smsctl.ledger.mailings import pieces
from smsctl.ledger.store import Ledger


def all_in(ledger: Ledger, mailing: Mailing, state: Status) -> Iterator[tuple[int, int]]:
    """Yield the messages in a state, each with the batch it went out in (0: none). Read piece by piece."""
    for first, last in pieces(*mailing.span):
        yield from ledger.rows(
            "SELECT id, COALESCE(batch, 0) FROM messages WHERE id BETWEEN ? AND ? AND state = ? ORDER BY id",
            first,
            last,
            state,
        )


def messages_in(ledger: Ledger, mailing: Mailing, state: Status, most: int | None = None) -> dict[int, int]:
    """Return the messages in a state, each with the batch it went out in (0: none); the first `most`."""
    return dict(islice(all_in(ledger, mailing, state), most))


def names_in(ledger: Ledger, mailing: Mailing, state: Status) -> dict[str, int]:
    """Return the messages in a state by the gateway's own names for them, where it gave any to one alone."""
    found: dict[str, int] = {}
    shared: set[str] = set()
    for first, last in pieces(*mailing.span):
        for name, message in ledger.rows(
            "SELECT gateway_id, id FROM messages WHERE id BETWEEN ? AND ? AND state = ?"
            " AND gateway_id IS NOT NULL",
            first,
            last,
            state,
        ):
            if found.setdefault(name, message) != message:
                shared.add(name)
    return {name: message for name, message in found.items() if name not in shared}


def still_in(ledger: Ledger, messages: Mapping[int, int], state: Status) -> dict[int, int]:
    """Return those of some messages (id and batch) that are in a state, and in that batch, now.

    Of a message that was read before, a report may have told since; or another host has sent it once more.
    """
    found = ledger.rows_of("SELECT id, COALESCE(batch, 0), state FROM messages WHERE id IN (?)", messages)
    return {message: batch for message, batch, now in found if (now, batch) == (state, messages[message])}


_MOVE = (
    "UPDATE messages SET state = ?, code = ?, batch = CASE WHEN ? = 'pending' THEN NULL ELSE batch END"
    " WHERE state = ? AND COALESCE(batch, 0) = ? AND id IN (?)"
)


def move(
    ledger: Ledger,
    mailing: Mailing,
    messages: Mapping[int, int],
    before: Status,
    after: Status,
    moment: Moment,
    why: str,
) -> int:
    """Move messages (id and batch) from one state to another, in the open transaction; return how many.

    A message that is no longer in the state `before`, or in that batch, stays as it is.
    """
    moved = 0
    for batch, ids in _by_batch(messages).items():
        parts = _parts(ledger, mailing, ids, (before, batch))
        done = ledger.write_of(_MOVE, after, why, after, before, batch, keys=ids)
        if done > 0:
            change = counts.Sum(messages=done, parts=done * mailing.size.parts if parts is None else parts)
            _account(ledger, mailing, batch, {before: change}, {after: change}, moment, why)
            moved += done
    return moved


def remember_earlier(ledger: Ledger, messages: Mapping[int, int]) -> None:
    """Remember the batch of messages that a person's word took out of it: a report may tell otherwise."""
    for batch, ids in _by_batch(messages).items():
        if batch:
            ledger.write_of("UPDATE messages SET earlier_batch = ? WHERE id IN (?)", batch, keys=ids)


def put_back(ledger: Ledger, messages: Mapping[int, int]) -> None:
    """Put messages (id and batch) in the batch again that a person's word took them out of.

    It is by its batch that a message counts as sent, and at what time.
    """
    for batch, ids in _by_batch(messages).items():
        back = "UPDATE messages SET batch = ?, earlier_batch = NULL WHERE id IN (?)"
        ledger.write_of(back, batch, keys=ids)


def _by_batch(messages: Mapping[int, int]) -> dict[int, list[int]]:
    found: defaultdict[int, list[int]] = defaultdict(list)
    for message, batch in messages.items():
        found[batch].append(message)
    return found


def _parts(
    ledger: Ledger, mailing: Mailing, messages: Sequence[int], there: tuple[Status, int]
) -> int | None:
    """Return the parts of those that are in a state and a batch; None where each has its mailing's."""
    if not mailing.personal:
        return None
    found = ledger.rows_of("SELECT state, COALESCE(batch, 0), parts FROM messages WHERE id IN (?)", messages)
    return sum(int(parts) for *place, parts in found if tuple(place) == there)


def _account(
    ledger: Ledger,
    mailing: Mailing,
    batch: int,
    before: counts.Sums,
    after: counts.Sums,
    moment: Moment,
    why: str,
) -> None:
    row = ledger.one("SELECT claimed_day FROM batches WHERE id = ?", batch)
    counts.move(ledger, mailing, row[0] if row else mailing.created_day, before, after)
    packages.book_change(ledger, mailing, batch or None, before, after, moment, why)
