"""Clearing up what is unknown, where that is provable: the gateway's own list, or a repeat it refuses.

A batch is submitted a second time only where the gateway has been proved to refuse repeats, with the same
references, and within 50 minutes of its first submission (reliability.md 2.3; the gateway remembers for
one hour, protocols.md 2.9).
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from smsctl.actions.brake import Brake
from smsctl.domain.gateway import Cancelling, Gateway, Listed
from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Status
from smsctl.domain.moment import Moment
from smsctl.errors import Sentence, SmsctlError, say
from smsctl.ledger import settling, unknowns
from smsctl.ledger.batches import Claim
from smsctl.ledger.store import Ledger

WITHIN = timedelta(minutes=50)

_PROVES = {Status.ACCEPTED, Status.HELD}
_NAP_S = 0.1


class Search(NamedTuple):
    """Where proof is looked for, and how patiently."""

    mailing: Mailing
    ledger: Ledger
    gateway: Gateway
    now: Callable[[], Moment]
    brake: Brake
    proved_at: str | None
    """When the gateway was proved to refuse repeats; None: it never was. What was first submitted before
    that is never submitted again: the gateway may not have kept its references then."""
    pauses_s: Sequence[float]
    """Before each try; a gateway that gave no answer is seldom well again at once."""


class Cleared(NamedTuple):
    """The new states of what was settled, and why the rest was not, where there is more to say."""

    states: Counter[Status]
    remarks: Sequence[Sentence]


def clear_up(search: Search) -> Cleared:
    """Settle what can be proved of the mailing's unknown batches.

    The caller holds the right to send the mailing. What cannot be proved stays unknown.
    """
    states: Counter[Status] = Counter()
    remarks: dict[int, Sentence] = {}  # by batch; the latest
    for pause_s in search.pauses_s if search.proved_at else (0.0,):
        left = _left(search)
        if left:
            _wait(pause_s, search.brake)
        if not left or search.brake.asked:
            break
        for claim, claimed_at in left:
            listed = _listed(search.gateway, claim.batch.reference)
            states += _settle(search, claim, claimed_at, listed)
            if listed and listed.left != len(claim.messages):
                remarks[claim.id] = _partly(claim, listed)
    still = {claim.id for claim, _ in _left(search)} if remarks else set()
    return Cleared(states, [remark for batch, remark in remarks.items() if batch in still])


def may_be_proved(ledger: Ledger, mailing: Mailing, moment: Moment) -> bool:
    """Say whether a batch of the mailing is unknown, and so young that it may be submitted again."""
    return bool(_young(ledger, mailing, moment))


def _left(search: Search) -> list[tuple[Claim, str]]:
    return _young(search.ledger, search.mailing, search.now())


def _young(ledger: Ledger, mailing: Mailing, moment: Moment) -> list[tuple[Claim, str]]:
    oldest = datetime.fromisoformat(moment.at) - WITHIN
    since = oldest.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return unknowns.unknown_batches(ledger, mailing, since)


def _wait(pause_s: float, brake: Brake) -> None:
    until = time.monotonic() + pause_s
    while not brake.asked and (left_s := until - time.monotonic()) > 0:
        time.sleep(min(_NAP_S, left_s))


def _settle(search: Search, claim: Claim, claimed_at: str, listed: Listed | None) -> Counter[Status]:
    # The list tells how many it holds, never which: only one that holds them all proves anything of each.
    if listed and listed.left == len(claim.messages):
        waits = listed.on_hold == listed.left and search.mailing.letter.send_at is None
        held = dict.fromkeys(claim.messages, Status.HELD if waits else Status.ACCEPTED)
        return _store(search, claim, held, "in the gateway's list")
    if search.proved_at is None or claimed_at <= search.proved_at:
        return Counter()
    answer = search.gateway.submit(claim.batch, not_after=time.monotonic() + 1)
    # A refusal of the repeat says nothing of the first: only acceptance, or code 25, proves anything.
    proved = {
        message: receipt.status
        for message, receipt in zip(claim.messages, answer.receipts, strict=True)
        if receipt.status in _PROVES
    }
    return _store(search, claim, proved, "submitted again with the same references")


def _store(search: Search, claim: Claim, proved: dict[int, Status], why: str) -> Counter[Status]:
    mailing, ledger, states = search.mailing, search.ledger, Counter[Status]()
    with ledger.transaction(patient=True):
        for status in sorted(set(proved.values())):
            messages = {message: claim.id for message, found in proved.items() if found is status}
            states[status] += settling.move(
                ledger, mailing, messages, Status.UNKNOWN, status, search.now(), why
            )
    return states


def _listed(gateway: Gateway, reference: str) -> Listed | None:
    """Return what the gateway's list holds of the batch; one that cannot be asked shows nothing."""
    if not (gateway.traits.cancelling and isinstance(gateway, Cancelling)):
        return None
    try:
        return gateway.listed(reference)
    except SmsctlError:
        return None


def _partly(claim: Claim, listed: Listed) -> Sentence:
    return say(
        "The gateway's list holds {left} of the {messages} messages of batch {reference}, and does not tell"
        " which: nobody can tell what became of each.",
        left=listed.left,
        messages=len(claim.messages),
        reference=claim.batch.reference,
    )
