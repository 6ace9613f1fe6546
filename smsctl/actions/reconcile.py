"""Clearing up what is unknown, where that is provable: the gateway's own list, or a repeat it refuses.

A batch is submitted a second time only where the gateway has been proved to refuse repeats, with the same
references, and within 50 minutes of its first submission (what-an-answer-proves.md, "Asking again").
Those minutes are counted by the clock that nobody sets, within one boot of the
machine; a date can only forbid a repeat. The list may hold a batch for days: what is sent later, what waits
for a person.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from smsctl.actions.stop_signal import StopSignal
from smsctl.domain.gateway import Cancelling, Gateway, Listed
from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Status
from smsctl.domain.moment import Moment
from smsctl.errors import Sentence, SmsctlError, say
from smsctl.host import clock
from smsctl.ledger import blocklist, corrections, hosts, late_answers, reconciling, restoring, under_way
from smsctl.ledger.batches import Claim
from smsctl.ledger.host_mark import name_of
from smsctl.ledger.hosts import HaltError
from smsctl.ledger.late_answers import PROVES
from smsctl.ledger.reconciling import Unknown
from smsctl.ledger.store import Ledger

WITHIN = timedelta(minutes=50)

_SOON_S = 1.0


class Search(NamedTuple):
    """Where proof is looked for, and how patiently."""

    mailing: Mailing
    ledger: Ledger
    gateway: Gateway
    now: Callable[[], Moment]
    stop_signal: StopSignal
    account: str  # the one that the gateway is asked for
    proved_at: str | None
    """When the gateway was proved to refuse repeats; None: it never was. What was first submitted before
    that is never submitted again: the gateway may not have kept its references then."""
    pauses_s: Sequence[float]
    """Before each try; a gateway that gave no answer is seldom well again at once."""
    request_s: float = 90  # in which a request ends, whatever the gateway does

    @property
    def may_go_on(self) -> bool:
        """Whether nobody asks us to stop, and the right to send the mailing is ours still."""
        return not self.stop_signal.asked and self.ledger.engine.may_still_send(self.mailing.reference)


class Reconciled(NamedTuple):
    """The new states of what was settled, and why the rest was not, where there is more to say."""

    states: Counter[Status]
    remarks: Sequence[Sentence]


def reconcile(search: Search) -> Reconciled:
    """Settle what can be proved of the mailing's unknown batches.

    The caller holds the right to send the mailing. What cannot be proved stays unknown.
    """
    found = _Found(asks_list=search.gateway.traits.cancelling)
    for tried, pause_s in enumerate(search.pauses_s if search.proved_at else (0.0,)):
        # What can only be found in the list is looked for once: it does not come later.
        left = [one for one in _left(search) if not tried or _may_repeat(search, one)]
        if left:
            search.stop_signal.asked_within(pause_s)
        for one in left:
            if search.may_go_on and not found.halted:
                found.look_for(search, one)
        if not left or found.halted or not search.may_go_on:
            break
    still = {one.claim.id for one in _left(search)} if found.remarks else set()
    remarks = [remark for batch, remark in found.remarks.items() if batch in still]
    return Reconciled(states=found.states, remarks=remarks)


@dataclass(slots=True)
class _Found:
    """What was found so far."""

    asks_list: bool
    states: Counter[Status] = field(default_factory=Counter)
    remarks: dict[int, Sentence] = field(default_factory=dict)  # by batch; the latest
    halted: bool = False  # nothing may be sent by this run

    def look_for(self, search: Search, unknown: Unknown) -> None:
        """Settle one batch, if that can be proved now."""
        claim, listed = unknown.claim, None
        if self.asks_list:
            listed, self.asks_list = _listed(search.gateway, claim.batch.reference)
        try:
            self.states += _settle(search, unknown, listed)
        except HaltError as halted:
            hosts.note_what_is_missing(search.ledger)
            self.halted = True
            self.remarks[claim.id] = halted.sentence
            return
        if listed and listed.left != len(claim.messages):
            self.remarks[claim.id] = _partly(claim, listed)


def may_be_repeated(ledger: Ledger, mailing: Mailing, account: str, moment: Moment) -> bool:
    """Say whether a batch of the mailing is unknown, and so young that it may be submitted again."""
    found = reconciling.unknown_batches(ledger, mailing, account)
    return any(_is_young(one.claimed, moment) for one in found)


def _left(search: Search) -> list[Unknown]:
    return reconciling.unknown_batches(search.ledger, search.mailing, search.account)


def _may_repeat(search: Search, unknown: Unknown) -> bool:
    """Say whether a batch may be submitted again: none with somebody who is on the block list by now."""
    return (
        search.proved_at is not None
        and search.proved_at < unknown.claimed.at
        and reconciling.proved_after(search.ledger, search.account) < unknown.claim.id
        and _is_young(unknown.claimed, search.now())
        and not blocklist.among(
            search.ledger, unknown.claim.batch.numbers, (search.mailing.municipality.key,)
        )
    )


def _is_young(claimed: Moment, moment: Moment) -> bool:
    """Say whether the gateway still remembers it; where the machine cannot tell, it does not."""
    then, now = claimed.up, moment.up
    if (
        then is None
        or now is None
        or then.boot != now.boot
        or not 0 <= now.s - then.s <= WITHIN.total_seconds()
    ):
        return False
    # A virtual machine that was halted may not know that; its clock is set when it goes on.
    age = datetime.fromisoformat(moment.at) - datetime.fromisoformat(claimed.at)
    return timedelta(0) <= age <= WITHIN


def _settle(search: Search, unknown: Unknown, listed: Listed | None) -> Counter[Status]:
    claim = unknown.claim
    # The list tells how many it holds, never which: only one that holds them all proves anything of each.
    if listed and listed.left == len(claim.messages):
        waits = listed.on_hold == listed.left and claim.batch.letter.send_at is None
        held = dict.fromkeys(claim.messages, Status.HELD if waits else Status.ACCEPTED)
        return _store(search, claim, held, "in the gateway's list")
    if not _may_repeat(search, unknown):
        return Counter()
    left_s = _mark_again(search, unknown)
    if left_s <= 0:
        return Counter()
    begun, most_s = clock.reading(), min(left_s, _SOON_S)
    answer = search.gateway.submit(claim.batch, is_late=lambda: begun.gone_s(clock.reading()) > most_s)
    # A refusal of the repeat says nothing of the first: only acceptance, or code 25, proves anything.
    proved = {
        message: receipt.status
        for message, receipt in zip(claim.messages, answer.receipts, strict=True)
        if receipt.status in PROVES
    }
    return _store(search, claim, proved, "submitted again with the same references")


def _mark_again(search: Search, unknown: Unknown) -> float:
    """Let other hosts know, durably, that the batch may be under way again; return how long it may leave.

    0: it may not, for another host or a person has settled it meanwhile, or found that repeats are taken.
    Raises HaltError.
    """
    ledger, mailing, claim = search.ledger, search.mailing, unknown.claim
    if ledger.engine.standing() is None:  # a file, of which nobody takes the right that we hold
        return _SOON_S
    with ledger.transaction():
        host = hosts.admit(ledger, mailing.reference, search.now())
        found = reconciling.unknown_batches(ledger, mailing, search.account, batch=claim.id)
        if host is None or unknown not in found or not _may_repeat(search, unknown):
            return 0
        under_way.mark_again(ledger, claim.id, under_way.until(host.at, search.request_s))
        name = name_of(claim.batch.reference, unknown.claimed.at)
        restoring.watch(ledger, before=claim.id - 1, newest=claim.id, reference=name, at=host.at)
    return under_way.left_s(host.read, clock.reading())


def _store(search: Search, claim: Claim, proved: dict[int, Status], why: str) -> Counter[Status]:
    mailing, ledger, states = search.mailing, search.ledger, Counter[Status]()
    with ledger.transaction(patient=True):
        late_answers.overrule(ledger, mailing, claim.id, claim.batch.reference, proved, search.now())
        for status in sorted(set(proved.values())):
            messages = {message: claim.id for message, found in proved.items() if found is status}
            states[status] += corrections.move(
                ledger, mailing, messages, Status.UNKNOWN, status, search.now(), why
            )
    return states


def _listed(gateway: Gateway, reference: str) -> tuple[Listed | None, bool]:
    """Return what the gateway's list holds of the batch, and whether it is worth asking for another."""
    if not isinstance(gateway, Cancelling):
        return None, False
    try:
        return gateway.listed(reference), True
    except SmsctlError:
        return None, False


def _partly(claim: Claim, listed: Listed) -> Sentence:
    return say(
        "The gateway's list holds {left} of the {messages} messages of batch {reference}, and does not tell"
        " which: nobody can tell what became of each.",
        left=listed.left,
        messages=len(claim.messages),
        reference=claim.batch.reference,
    )
