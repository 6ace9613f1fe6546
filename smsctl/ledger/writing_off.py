"""Taking what is pending for possibly sent, in a ledger that has forgotten what it sent."""

import os

from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Status
from smsctl.domain.moment import Moment
from smsctl.domain.remark import Event
from smsctl.ledger import corrections, counts, mailings, packages, reports
from smsctl.ledger.store import Ledger

VERDICT = "restored"


def unfinished(ledger: Ledger) -> tuple[Mailing, ...]:
    """Return the mailings with pending messages, the oldest first."""
    found = ledger.rows(
        "SELECT mailing FROM mailing_counts WHERE state = 'pending' AND messages > 0 ORDER BY mailing"
    )
    return tuple(mailings.get(ledger, mailing) for (mailing,) in found)


def write_off(ledger: Ledger, mailing: Mailing, moment: Moment) -> int:
    """Make the mailing's pending messages unknown, in the open transaction; return how many.

    They get a batch that stands for those the ledger does not know, so that they count as sent at this
    moment. It has no digest: it can never be taken for a request that may be repeated.
    """
    pending = corrections.messages_in(ledger, mailing, Status.PENDING)
    if not pending:
        return 0
    written = counts.total(ledger, mailing, sorted(pending))
    batch = _batch(ledger, mailing, sorted(pending), written, moment)
    ledger.write(
        "UPDATE messages SET state = 'unknown', batch = ?, code = ?"
        " WHERE id BETWEEN ? AND ? AND state = 'pending'",
        batch,
        VERDICT,
        mailing.first_message,
        mailing.last_message,
    )
    before, after = {Status.PENDING: written}, {Status.UNKNOWN: written}
    counts.move(ledger, mailing, moment.day, before, after)
    packages.book_change(ledger, mailing, batch, before, after, moment, VERDICT)
    reports.written_off(ledger, mailing, moment)
    return written.messages


def _batch(ledger: Ledger, mailing: Mailing, messages: list[int], written: counts.Sum, moment: Moment) -> int:
    # A name of its own, and so have the batches that are numbered after it: a gateway that refuses repeats
    # must not take one of them for a batch that this ledger has forgotten.
    reference = f"{mailing.reference}-r{os.urandom(2).hex()}-0"
    batch = ledger.next_id("batches")
    ledger.write(
        "INSERT INTO batches (id, reference, mailing, municipality, first_message, last_message, messages,"
        " parts, digest, claimed_at, claimed_day, settled_at, verdict, event)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', ?, ?, ?, ?, ?)",
        batch,
        reference,
        mailing.id,
        mailing.municipality.key,
        messages[0],
        messages[-1],
        *written,
        moment.at,
        moment.day,
        moment.at,
        VERDICT,
        Event.RESTORED,
    )
    return batch
