"""Marking what is claimed, so that it stands there: what else writes in the database may have its own mind.

A trigger or a rule of somebody's, or one table that was put back alone, makes pending what was sent. So what
waits is counted against what is noted as waiting, and what was marked is counted before it is handed out.
"""

from collections.abc import Mapping, Sequence

from smsctl.domain.mailing import Mailing
from smsctl.errors import LedgerError, say
from smsctl.ledger.seam.sentences import PUT_BACK
from smsctl.ledger.store import Ledger

_COUNTED = (
    "SELECT (SELECT COUNT(*) FROM messages WHERE id BETWEEN ? AND ? AND state = 'pending'),"
    " COALESCE((SELECT messages FROM mailing_counts WHERE mailing = ? AND state = 'pending'), 0)"
)
_MARK = "UPDATE messages SET state = 'sending', batch = ? WHERE id BETWEEN ? AND ? AND state = 'pending'"
_NOTE = (
    "INSERT INTO batches ([names]) SELECT [places] WHERE ? = (SELECT COUNT(*) FROM messages"
    " WHERE id BETWEEN ? AND ? AND batch = ? AND state = 'sending')"
)


def must_agree(ledger: Ledger, mailing: Mailing) -> None:
    """Raise LedgerError where more of a mailing is pending, or less, than the ledger has noted of it."""
    found, noted = (ledger.one(_COUNTED, *mailing.span, mailing.id) or (0, 0))[:2]
    if found != noted:
        raise LedgerError(
            say(
                "{path}: {found} messages of mailing {id} are pending, and {noted} should be: something else"
                " has written in the ledger.",
                path=ledger.engine.place,
                found=found,
                id=mailing.id,
                noted=noted,
            ),
            hint=PUT_BACK,
        )


def mark(ledger: Ledger, messages: Sequence[int], batch: Mapping[str, object]) -> None:
    """Mark messages as sending, and write their batch, in the open transaction; LedgerError: it did not.

    All that is pending between the first and the last belongs to the batch: it was read in this order.
    """
    number, first, last, marked = batch["id"], messages[0], messages[-1], len(messages)
    # What is not marked would be handed out, and once more by the next run.
    ledger.write_later(_MARK, number, first, last, rows=marked)
    note = _NOTE.replace("[names]", ", ".join(batch)).replace("[places]", ", ".join("?" * len(batch)))
    ledger.write_later(note, *batch.values(), marked, first, last, number, rows=1)
