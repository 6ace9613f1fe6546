"""Clearing up what is unknown, where that is provable: the gateway's own list, or a repeat it refuses.

A batch is submitted a second time only where the gateway has been proved to refuse repeats, with the same
references, and within 50 minutes of its first submission (reliability.md 2.3; the gateway remembers for
one hour, protocols.md 2.9).
"""

import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from smsctl.actions.brake import Brake
from smsctl.domain.gateway import Cancelling, Gateway
from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Status
from smsctl.domain.moment import Moment
from smsctl.errors import SmsctlError
from smsctl.ledger import settling, unknowns
from smsctl.ledger.batches import Claim
from smsctl.ledger.store import Ledger

WITHIN = timedelta(minutes=50)
PAUSES_S = (1.0, 5.0, 20.0)
"""Before each try; a gateway that gave no answer is seldom well again at once."""

_PROVES = {Status.ACCEPTED, Status.HELD}


def clear_up(
    mailing: Mailing,
    ledger: Ledger,
    gateway: Gateway,
    now: Callable[[], Moment],
    brake: Brake,
    *,
    proved_at: str | None,
) -> Counter[Status]:
    """Settle what can be proved of the mailing's unknown batches; return the messages' new states.

    `proved_at` is when the gateway was proved to refuse repeats; None, it never was. What was first
    submitted before that is never submitted again: the gateway may not have kept its references then.
    The caller holds the right to send the mailing. What cannot be proved stays unknown.
    """
    settled: Counter[Status] = Counter()
    pauses = PAUSES_S if proved_at else PAUSES_S[:1]
    for pause_s in pauses:
        oldest = datetime.fromisoformat(now().at) - WITHIN
        since = oldest.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        left = unknowns.unknown_batches(ledger, mailing, since)
        if not left or brake.asked:
            break
        if proved_at:
            time.sleep(pause_s)
        for claim, claimed_at in left:
            again = proved_at is not None and claimed_at > proved_at
            settled += _settle(mailing, ledger, gateway, now, claim, repeats_refused=again)
    return settled


def _settle(
    mailing: Mailing,
    ledger: Ledger,
    gateway: Gateway,
    now: Callable[[], Moment],
    claim: Claim,
    *,
    repeats_refused: bool,
) -> Counter[Status]:
    if _listed(gateway, claim.batch.reference):
        proved = dict.fromkeys(claim.messages, Status.ACCEPTED)
        return _store(mailing, ledger, now(), claim, proved, "in the gateway's list")
    if not repeats_refused:
        return Counter()
    answer = gateway.submit(claim.batch, not_after=time.monotonic() + 1)
    # A refusal of the repeat says nothing of the first: only acceptance, or code 25, proves anything.
    proved = {
        message: receipt.status
        for message, receipt in zip(claim.messages, answer.receipts, strict=True)
        if receipt.status in _PROVES
    }
    return _store(mailing, ledger, now(), claim, proved, "submitted again with the same references")


def _store(
    mailing: Mailing, ledger: Ledger, moment: Moment, claim: Claim, proved: dict[int, Status], why: str
) -> Counter[Status]:
    states: Counter[Status] = Counter()
    with ledger.transaction(patient=True):
        for status in sorted(set(proved.values())):
            messages = {message: claim.id for message, found in proved.items() if found is status}
            states[status] += settling.move(ledger, mailing, messages, Status.UNKNOWN, status, moment, why)
    return states


def _listed(gateway: Gateway, reference: str) -> bool:
    """Say whether the gateway's list shows the batch; one that cannot be asked shows nothing."""
    if not (gateway.traits.cancelling and isinstance(gateway, Cancelling)):
        return False
    try:
        return gateway.listed(reference)
    except SmsctlError:
        return False
