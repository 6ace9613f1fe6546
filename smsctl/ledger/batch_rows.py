"""The batches of a mailing as they are told of, and what has become of their messages since."""

from collections import Counter, defaultdict
from typing import NamedTuple

from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Status
from smsctl.domain.remark import Words, restored
from smsctl.ledger.mailings import pieces
from smsctl.ledger.store import Ledger


class BatchRow(NamedTuple):
    """One batch as it is told of: how many, when, and what came back."""

    id: int
    reference: str
    first_message: int
    last_message: int
    messages: int
    claimed_at: str
    settled_at: str | None
    verdict: str | None
    answer: Words | None


def of_mailing(ledger: Ledger, mailing: int) -> tuple[BatchRow, ...]:
    """Return the batches of a mailing in the order they were claimed."""
    found = ledger.records(
        "SELECT id, reference, first_message, last_message, messages, claimed_at, settled_at, verdict, event,"
        " answer FROM batches WHERE mailing = ? ORDER BY id",
        mailing,
    )
    for one in found:
        one["answer"] = restored(one.pop("event"), one["answer"]) or None
    return tuple(BatchRow(**one) for one in found)


def states_by_batch(ledger: Ledger, mailing: Mailing) -> dict[int, dict[Status, int]]:
    """Return what has become of each batch's messages since; what was given back belongs to none."""
    found: defaultdict[int, Counter[Status]] = defaultdict(Counter)
    for piece in pieces(*mailing.span):
        for batch, state, messages in ledger.rows(
            "SELECT batch, state, COUNT(*) FROM messages WHERE id BETWEEN ? AND ? AND batch > 0"
            " GROUP BY batch, state",
            *piece,
        ):
            found[batch][Status(state)] += messages
    return {batch: {one: n[one] for one in Status if one in n} for batch, n in found.items()}
