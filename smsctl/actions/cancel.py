"""Cancelling a mailing: what is pending here, and what the gateway still holds."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from smsctl.actions.ending import left_unsettled
from smsctl.domain.approval import ApprovalDecision
from smsctl.domain.gateway import Cancelling, CancelResult, Gateway
from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Status
from smsctl.domain.moment import Actor, Moment
from smsctl.domain.unsettled import Unsettled
from smsctl.errors import (
    ExitCode,
    GatewayRefusedError,
    Sentence,
    SmsctlError,
    StoppedError,
    say,
    say_n,
    worst,
)
from smsctl.ledger import (
    approvals,
    audit,
    batch_rows,
    cancelling,
    corrections,
    counts,
    reconciling,
    recovery,
    restoring,
    stops,
    under_way,
)
from smsctl.ledger.batch_rows import BatchRow
from smsctl.ledger.store import Ledger

_STOPPABLE = (Status.ACCEPTED, Status.UNKNOWN, Status.HELD)
"""What the gateway may hold. That it names a message as stopped proves that it had taken it."""

_UNANSWERED_IN_A_ROW = 2


class Cancelled(NamedTuple):
    """What was stopped, and what became of the rest."""

    pending: int  # never handed over
    stopped: int  # taken back from the gateway
    left: Unsettled
    on_their_way: int = 0  # accepted before
    not_asked: int = 0  # accepted, and the gateway could not be asked
    trouble: SmsctlError | None = None  # why the gateway could not be asked

    @property
    def exit_code(self) -> ExitCode:
        """The code to leave with: 0 only where all was stopped or accepted before."""
        code = self.left.exit_code
        return worst([code, self.trouble.exit_code]) if self.trouble else code


def cancel(
    ledger: Ledger,
    mailing: Mailing,
    open_gateway: Callable[[], Gateway] | None,
    moment: Moment,
    actor: Actor,
    reason: str | None,
) -> Cancelled:
    """Cancel what is pending, and stop at the gateway what it still holds (wire/puzzel.md, "Management API").

    `open_gateway` is called where something was handed over, also by another process until now; None: the
    gateway is not asked. What is pending is cancelled before, whatever comes of that. Raises LedgerError
    while another process sends the mailing, or where the ledger was put back from an older copy: what is
    pending in it may have been sent since.
    """
    restoring.refuse_restored(ledger)
    with recovery.taking_over(ledger, mailing, moment):
        with ledger.transaction():
            recovery.refuse_beside_others(ledger, mailing)
            reconciling.repeat_none(ledger, mailing)
            waiting, pending = cancelling.begin(ledger, mailing, moment)
            left_alone = under_way.batches_of(ledger, mailing)
            handed = counts.number_in(ledger, mailing, *_STOPPABLE)
            told = f"pending messages: {waiting}; at the gateway: {handed}"
            approvals.decide(ledger, mailing.id, ApprovalDecision.CANCELLED, moment, actor)
            audit.record(ledger, moment, actor, "cancel", audit.mailing_subject(mailing.id), told, reason)
        pending += cancelling.finish(ledger, mailing, moment)  # the audit tells of all
        there = _stoppable(ledger, mailing, left_alone) if open_gateway else {}
        at_gateway = _GatewayCancelling(ledger, mailing, moment, there)
        if open_gateway is not None and any(there.values()):
            at_gateway.stop_all(open_gateway)
        left = left_unsettled(ledger, mailing)  # first: what is heard meanwhile is accepted then
        accepted = corrections.messages_in(ledger, mailing, Status.ACCEPTED)
        if open_gateway is not None and not left_alone.keys().isdisjoint(accepted.values()):
            at_gateway.leave_under_way(open_gateway, left_alone)
    not_asked = sum(1 for batch in accepted.values() if batch in at_gateway.not_asked)
    return Cancelled(
        pending=pending,
        stopped=at_gateway.stopped,
        left=left,
        on_their_way=max(len(accepted) - left.in_doubt - not_asked, 0),
        not_asked=not_asked,
        trouble=at_gateway.trouble,
    )


def _stoppable(ledger: Ledger, mailing: Mailing, left_alone: Collection[int]) -> dict[Status, dict[int, int]]:
    """Return by state each message that the gateway may hold, and its batch, unless that is under way."""
    return {
        state: {
            message: batch
            for message, batch in corrections.all_in(ledger, mailing, state)
            if batch not in left_alone
        }
        for state in _STOPPABLE
    }


def finish_broken_off(ledger: Ledger, moment: Moment, tell: Callable[[Sentence], object]) -> None:
    """Cancel the rest of what was being cancelled when a process died, and tell it of each mailing.

    Not in an old copy of a ledger: there it may have been finished, and the rest sent, since.
    """
    if restoring.found_restored(ledger):
        return
    for mailing, messages in cancelling.finish_broken_off(ledger, moment):
        told = say_n(
            "The cancelling of mailing {id} was broken off: its last {n} pending message is cancelled now.",
            "The cancelling of mailing {id} was broken off: its last {n} pending messages are cancelled now.",
            n=messages,
            id=mailing,
        )
        tell(told)


@dataclass(slots=True)
class _GatewayCancelling:
    """What stops a mailing's batches at the gateway, one after the other."""

    ledger: Ledger
    mailing: Mailing
    moment: Moment
    there: Mapping[Status, Mapping[int, int]]  # by state: each message, and its batch
    stopped: int = 0
    trouble: SmsctlError | None = None
    not_asked: set[int] = field(default_factory=set)  # batches
    _by_reference: dict[str, int] = field(default_factory=dict)
    _by_name: dict[str, int] = field(default_factory=dict)

    def stop_all(self, open_gateway: Callable[[], Gateway]) -> None:
        """Ask for every batch of which something may be held; one that cannot be asked ends it."""
        sizes = Counter(batch for messages in self.there.values() for batch in messages.values())
        rows = [one for one in batch_rows.of_mailing(self.ledger, self.mailing.id) if one.id in sizes]
        try:
            gateway = open_gateway()
        except SmsctlError as error:
            return self._give_up(rows, error)
        if not isinstance(gateway, Cancelling):
            return None
        for state, messages in self.there.items():
            self._by_reference |= {self.mailing.message_reference(one): one for one in messages}
            self._by_name |= corrections.names_in(self.ledger, self.mailing, state)
        marked = stops.left_in(self.ledger, self.mailing)
        unanswered = 0
        for place, batch in enumerate(rows):
            try:
                answer = self._stop(gateway, batch, marked.get(batch.id, 0), sizes[batch.id])
            except (GatewayRefusedError, StoppedError) as error:
                return self._give_up(rows[place:], error)
            unanswered = 0 if answer.answered else unanswered + 1
            if unanswered >= _UNANSWERED_IN_A_ROW:
                return self._give_up(rows[place + 1 :], None)
        return None

    def leave_under_way(self, open_gateway: Callable[[], Gateway], batches: Mapping[int, str]) -> None:
        """Ask for none of these, under way until then perhaps, though it was heard late that they are held.

        What is stopped of one that was submitted once more would be taken again.
        """
        line = say(
            "A request of mailing {id} may be under way until {until}, perhaps from another host.",
            id=self.mailing.id,
            until=max(batches.values()),
        )
        trouble: SmsctlError = StoppedError(line)
        try:
            if not isinstance(open_gateway(), Cancelling):
                return
        except SmsctlError as error:
            trouble = error
        self.trouble = self.trouble or trouble
        self.not_asked.update(batches)

    def _give_up(self, rows: Sequence[BatchRow], error: SmsctlError | None) -> None:
        self.trouble = error
        self.not_asked = {one.id for one in rows} - stops.left_in(self.ledger, self.mailing).keys()

    def _stop(self, gateway: Cancelling, batch: BatchRow, marked: int, here: int) -> CancelResult:
        """Ask for one batch, in two phases: that it is asked is durable before the request leaves."""
        held = self._held(gateway, batch, here)
        left = marked if held == 0 else here if held is None else held
        if left != marked:
            self._mark(batch, left)
        try:
            answer = gateway.cancel(batch.reference)  # outside any transaction: it may take its time
        except (GatewayRefusedError, StoppedError):  # it was not asked
            if left != marked:
                self._mark(batch, marked)
            raise
        doubted = marked if answer.answered and held is None else left  # that it held anything is not known
        self._store(batch, doubted, answer, is_marked=left > 0)
        return answer

    def _held(self, gateway: Cancelling, batch: BatchRow, here: int) -> int | None:
        """Return how many messages of the batch the gateway holds; None where it does not tell.

        Where their time has not come, and it lists none of them, somebody else may have stopped them.
        """
        try:
            listed = gateway.listed(batch.reference)
        except StoppedError:
            return None
        if listed and listed.left:
            return listed.left  # whatever was asked before has stopped none of these
        send_at = self.mailing.letter.send_at
        return here if send_at is not None and send_at > datetime.fromisoformat(self.moment.at) else 0

    def _mark(self, batch: BatchRow, left: int) -> None:
        with self.ledger.transaction(patient=True):
            stops.mark(self.ledger, self.mailing, batch.id, left, self.moment)

    def _store(self, batch: BatchRow, left: int, answer: CancelResult, *, is_marked: bool) -> None:
        # It may name a message by our reference, by its own name, or both (wire/puzzel.md, "Management API").
        named = {self._by_reference[one] for one in answer.stopped if one in self._by_reference}
        both = named | {self._by_name[one] for one in answer.stopped_ids if one in self._by_name}
        named = both if len(both) <= answer.total else named  # more than it stopped: the names do not agree
        named = {one for one in named if any(m.get(one) == batch.id for m in self.there.values())}
        doubt = max(answer.total - len(named), 0) if answer.total else left
        if not (named or doubt or is_marked):
            return
        with self.ledger.transaction(patient=True):
            for state, messages in self.there.items():
                these = {one: batch.id for one in named if messages.get(one) == batch.id}
                self.stopped += corrections.move(
                    self.ledger,
                    self.mailing,
                    these,
                    state,
                    Status.CANCELLED,
                    self.moment,
                    "stopped at the gateway",
                )
            stops.mark(self.ledger, self.mailing, batch.id, doubt, self.moment)
