"""Of what `accept_restore` orders: taking what is pending for possibly sent, which makes it unknown."""

import os

from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Status
from smsctl.domain.moment import Moment
from smsctl.domain.remark import Event
from smsctl.ledger import corrections, costs, counts, mailings, packages, reports, under_way
from smsctl.ledger.store import Ledger

VERDICT = "restored"


def unfinished(ledger: Ledger) -> tuple[Mailing, ...]:
    """Return the mailings with pending messages, the oldest first."""
    pending = "SELECT mailing FROM mailing_counts WHERE state = 'pending' AND messages > 0 ORDER BY mailing"
    return tuple(mailings.get(ledger, mailing) for mailing in ledger.column(pending))


def make_unknown(ledger: Ledger, mailing: Mailing, moment: Moment) -> int:
    """Make the mailing's pending messages unknown, in the open transaction; return how many.

    They get a batch that stands for those the ledger does not know, so that they count as sent at this
    moment. It has no digest: it can never be taken for a request that may be repeated.
    """
    pending = sorted(corrections.messages_in(ledger, mailing, Status.PENDING))
    unknown = 0
    for cost_centre, first, end in costs.by_share(ledger, mailing, pending) if pending else ():
        unknown += _make_unknown(ledger, mailing, pending[first:end], cost_centre, moment)
    if unknown:
        reports.apply_to_unknown(ledger, mailing, moment)
    return unknown


def _make_unknown(
    ledger: Ledger, mailing: Mailing, messages: list[int], cost_centre: str, moment: Moment
) -> int:
    written = counts.total(ledger, mailing, messages)
    batch = _batch(ledger, mailing, messages, written, cost_centre, moment)
    ledger.write(
        "UPDATE messages SET state = 'unknown', batch = ?, code = ?"
        " WHERE id BETWEEN ? AND ? AND state = 'pending'",
        batch,
        VERDICT,
        messages[0],
        messages[-1],
    )
    before, after = {Status.PENDING: written}, {Status.UNKNOWN: written}
    counts.move(ledger, mailing, moment.day, before, after)
    packages.book_change(ledger, mailing, batch, before, after, moment, VERDICT)
    return written.messages


def _batch(
    ledger: Ledger,
    mailing: Mailing,
    messages: list[int],
    written: counts.Sum,
    cost_centre: str,
    moment: Moment,
) -> int:
    # A name of its own, and so have the batches that are numbered after it: a gateway that refuses repeats
    # must not take one of them for a batch that this ledger has forgotten.
    reference = f"{mailing.reference}-r{os.urandom(2).hex()}-0"
    batch = ledger.next_id("batches")
    boot, boot_s = moment.up or (None, None)
    ledger.insert(
        "batches",
        id=batch,
        reference=reference,
        mailing=mailing.id,
        municipality=mailing.municipality.key,
        first_message=messages[0],
        last_message=messages[-1],
        **written._asdict(),
        digest="",
        claimed_at=moment.at,
        claimed_day=moment.day,
        boot=boot,
        boot_s=boot_s,
        settled_at=moment.at,
        verdict=VERDICT,
        event=Event.RESTORED,
        cost_centre=cost_centre or None,
        under_way_until=under_way.from_now(ledger),
    )
    return batch
