"""How one run goes: what its answers make of it, when it waits, and why it ends."""

import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import NamedTuple, Self

from smsctl.actions.stop_signal import StopReason
from smsctl.actions.workers import BatchDone
from smsctl.domain.message import Answer, Status, SubmitVerdict, statuses
from smsctl.errors import Sentence, say

UNREACHED_TRIES = 4
UNCLEAR_IN_A_ROW = 2
UNKNOWN_IN_A_RUN = 200


class SendPace(NamedTuple):
    """How fast a run goes, and how long it waits for a gateway that does not answer."""

    batch_size: int = 100
    connections: int = 1
    first_pause_s: float = 2.0
    longest_pause_s: float = 600.0
    request_s: float = 90.0  # in which a request ends
    reconcile_pauses_s: Sequence[float] = (1.0, 5.0, 20.0)


@dataclass(slots=True)
class RunProgress:
    """The loop's own bookkeeping; nothing of it outlives the process."""

    pace: SendPace
    states: Counter[Status] = field(default_factory=Counter)
    cursor: int = 0
    unreached: int = 0
    unclear: int = 0
    not_before: float = 0.0  # monotonic; nothing is claimed before it
    waits: bool = False  # nothing was claimed, for it was not yet time
    stop: StopReason | None = None
    why: Sentence | None = None
    mend: Sentence | None = None
    remarks: Sequence[Sentence] = ()
    fault: BaseException | None = None  # in smsctl itself; raised when all that is in flight is stored

    @property
    def ended(self) -> bool:
        """Whether nothing more is claimed."""
        return self.stop is not None or self.fault is not None

    def become(self, before: Self) -> None:
        """Return to what was noted `before`, because the transaction since then has failed."""
        for one in fields(RunProgress):
            setattr(self, one.name, getattr(before, one.name))

    def end(self, stop: StopReason, why: Sentence | None = None, mend: Sentence | None = None) -> None:
        """Claim nothing more; the first reason stands."""
        if self.stop is None:
            self.stop, self.why, self.mend = stop, why, mend

    def judge(self, done: BatchDone) -> None:
        """Decide from one answer whether the run goes on, waits or ends (what-an-answer-proves.md)."""
        answer = done.answer
        self.fault = self.fault or done.error
        self.states.update(statuses(answer.receipts))
        given_back = self.states.pop(Status.PENDING, 0)
        if given_back:
            self.cursor = min(self.cursor, done.claim.messages[0] - 1)
        if answer.verdict is SubmitVerdict.REFUSED:
            self.end(StopReason.REFUSED, say("Stopped: {text}", text=answer.text), answer.mend)
        elif answer.verdict in (SubmitVerdict.NOT_REACHED, SubmitVerdict.BUSY, SubmitVerdict.STALE):
            self._pause(answer)
        else:
            self.unreached = 0
            self._count_unclear(answer)

    def _pause(self, answer: Answer) -> None:
        if time.monotonic() < self.not_before:
            return  # another batch of the same round has said it already
        if any(receipt.status in (Status.ACCEPTED, Status.REJECTED) for receipt in answer.receipts):
            self.unreached = 0  # it has taken some, as a mail server does that ends a session after so many
        self.unreached += 1
        if self.unreached >= UNREACHED_TRIES:
            is_busy = answer.verdict is SubmitVerdict.BUSY
            busy = say("The gateway is busy and has taken nothing: {text}", text=answer.text)
            unreached = say("The gateway cannot be reached: {text}", text=answer.text)
            self.end(StopReason.UNREACHED, busy if is_busy else unreached)
            return
        wait_s = answer.retry_after_s
        if wait_s is None:
            wait_s = self.pace.first_pause_s * 3 ** (self.unreached - 1) * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
        self.not_before = time.monotonic() + min(wait_s, self.pace.longest_pause_s)

    def _count_unclear(self, answer: Answer) -> None:
        told = {*statuses(answer.receipts)}  # by e-mail the rest was not tried
        unclear = Status.UNKNOWN in told and told <= {Status.UNKNOWN, Status.PENDING}
        self.unclear = self.unclear + 1 if unclear else 0
        too_many = self.states[Status.UNKNOWN] > max(UNKNOWN_IN_A_RUN, 2 * self.pace.batch_size)
        if self.unclear >= UNCLEAR_IN_A_ROW or too_many:
            self.end(StopReason.UNCLEAR, say("The gateway gives no clear answer: {text}", text=answer.text))
