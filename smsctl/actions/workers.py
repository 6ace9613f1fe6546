"""The threads that wait for the gateway, so that several batches can be in flight.

They touch nothing but the gateway: the ledger belongs to the thread that drives the run. While it writes
down answers and marks the next batches, threads that are done must not stand idle, or every round would
wait for the disk; so where there are several, half as many batches again are marked ahead. Where they stand
idle nevertheless, the gateway is quicker than the ledger, and more are marked: a part is on its way while the
answers to the others are written, and where it is the disk that takes the time, more batches share a commit.
A thread takes one of those at once, unless the run has been told to stop: then it is given back unsent.
While an answer that is not a clear one waits to be judged, no thread begins another: it may be the last.
"""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from smsctl.domain.gateway import Gateway
from smsctl.domain.message import Answer, Status, SubmitVerdict, same_for_all
from smsctl.domain.remark import Event, Remark
from smsctl.host import clock
from smsctl.host.clock import ClockReading
from smsctl.ledger.batches import Claim, must_have_its_receipts
from smsctl.ledger.under_way import left_s

_GAP_S = 0.002
_LONGEST_GATHER_S = 0.2
_WAKE_S = 0.5

_ON_THEIR_WAY, _AHEAD, _AHEAD_OF_THE_DISK = 3, 6, 12  # batches for each thread
_AHEAD_MESSAGES = 10_000  # so many are marked at most, beyond what a quick disk needs


class BatchDone(NamedTuple):
    """A batch that came back. `error` is a fault in smsctl itself; the batch is then unknown."""

    claim: Claim
    answer: Answer
    error: BaseException | None = None


def most_in_flight(size: int, messages: int = 1) -> int:
    """Return how many batches of so many messages may be marked and not answered, with so many threads."""
    if size == 1:
        return 1
    return max(_AHEAD * size, min(_AHEAD_OF_THE_DISK * size, _AHEAD_MESSAGES // messages))


class Workers:
    """So many threads, each with one batch at a time."""

    def __init__(
        self,
        gateway: Gateway,
        size: int,
        halted: Callable[[], bool] = lambda: False,
        read_clock: Callable[[], ClockReading] = clock.reading,
        messages: int = 1,
    ) -> None:
        """Threads start when there is something to do; they never keep the process alive.

        `halted` is asked before each batch, by the threads: whether it must be given back instead. So it is
        when by `read_clock`, which knows of the machine's sleep, its claim is too old. A batch has so many
        `messages` at most.
        """
        self._gateway = gateway
        self._size = size
        self._halted = halted
        self._read_clock = read_clock
        self._threads, self._over = 0, False
        self._ahead = size // 2
        self._most = most_in_flight(size, messages)
        self._work: queue.SimpleQueue[tuple[Claim, ClockReading] | None] = queue.SimpleQueue()
        self._back: queue.SimpleQueue[BatchDone] = queue.SimpleQueue()
        self.open: dict[int, Claim] = {}  # submitted, and its answer not yet stored
        self._answered: dict[int, BatchDone] = {}
        self._doubtful: set[int] = set()  # answered otherwise than clearly, and not yet judged
        self._judged = threading.Condition()
        self._waiting: dict[int, Claim] = {}  # in a thread's hands, and not begun while an answer is in doubt

    @property
    def free(self) -> int:
        """How many more batches may be marked."""
        return self._size + self._ahead - self.in_flight

    @property
    def in_flight(self) -> int:
        """Batches marked whose answer is not stored."""
        return len(self.open)

    def submit(self, claim: Claim) -> None:
        """Hand a claimed batch to a thread."""
        self.open[claim.id] = claim
        if self._threads < min(len(self.open), self._size):
            self._threads += 1
            threading.Thread(target=self._serve, daemon=True).start()
        # On a server all count from when its clock was read: to be told of a COMMIT may have taken long.
        self._work.put((claim, claim.by.read if claim.by else self._read_clock()))

    def gather(self) -> list[BatchDone]:
        """Wait for an answer, and for others that can share its commit.

        While a marked batch is left for whichever thread is free next, no thread stands idle, so others are
        waited for at leisure (`_LONGEST_GATHER_S`); when none is left, only for a moment (`_GAP_S`). Of many,
        a part is left on its way, for the threads to do meanwhile. One that they wait for is stored at once.
        """
        while not self._take(timeout_s=_WAKE_S):
            pass  # a signal that came just before would not end the wait; now its handler runs
        latest = time.monotonic() + _LONGEST_GATHER_S
        left = _ON_THEIR_WAY * self._size
        enough = min(max(len(self.open) - left, left), len(self.open))
        while len(self._answered) < enough and time.monotonic() < latest and not self._doubtful:
            if not self._take(timeout_s=_GAP_S) and self._work.empty():
                break
        return list(self._answered.values())

    def arrived(self) -> list[BatchDone]:
        """Return the answers that are here and not yet stored, without waiting."""
        while self._take(timeout_s=0):
            pass
        return list(self._answered.values())

    def recall(self) -> list[BatchDone]:
        """Take back the batches that no thread has begun; they were not sent."""
        found: list[BatchDone] = []
        with suppress(queue.Empty):
            while work := self._work.get_nowait():
                found.append(_given_back(work[0]))
        with self._judged:
            found += map(_given_back, self._waiting.values())
            self._waiting.clear()
        return found

    def stored(self, done: Sequence[BatchDone], *, by_slow_disk: bool = False) -> None:
        """Forget batches whose answers are durable.

        Where all others have come back meanwhile, the threads stood idle: more are marked ahead. Where none
        has, the gateway is the slower one, and what is marked for nothing would be unknown after a crash.
        """
        for one in done:
            self.open.pop(one.claim.id, None)
            self._answered.pop(one.claim.id, None)
        with self._judged:
            self._doubtful.difference_update(one.claim.id for one in done)
            self._judged.notify_all()
        came_back = self._back.qsize()
        if done and came_back == len(self.open):
            times, most = (3, self._most) if by_slow_disk else (2, _AHEAD * self._size)
            self._ahead = min(times * self._ahead, most - self._size)
        elif not came_back:
            self._ahead = max(self._ahead // 2, self._size // 2)

    def dismiss(self) -> None:
        """Let the threads end: what they have not begun is submitted no more, however the run has ended."""
        with self._judged:
            self._over = True
            self._judged.notify_all()
        for _ in range(self._threads):
            self._work.put(None)

    def _take(self, *, timeout_s: float) -> bool:
        try:
            done = self._back.get(timeout=timeout_s) if timeout_s else self._back.get_nowait()
        except queue.Empty:
            return False
        self._answered[done.claim.id] = done
        return True

    def _serve(self) -> None:
        while (work := self._work.get()) is not None:
            claim, begun = work
            try:
                is_late = partial(self._is_late, begun)
                if not self._is_still_here(claim):
                    continue
                if self._over or self._halted() or is_late():
                    self._back.put(_given_back(claim))
                else:
                    answer = self._gateway.submit(claim.batch, is_late=is_late)
                    must_have_its_receipts(claim.batch, answer.receipts)
                    self._come_back(BatchDone(claim, answer))
            except BaseException as error:  # noqa: BLE001 - a fault here must not lose the batch: it is unknown
                lost = same_for_all(claim.batch, Status.UNKNOWN, SubmitVerdict.UNCLEAR, type(error).__name__)
                self._come_back(BatchDone(claim, lost, error))

    def _is_still_here(self, claim: Claim) -> bool:
        """Wait while an answer is in doubt; say whether the batch has not been recalled meanwhile."""
        with self._judged:
            self._waiting[claim.id] = claim
            self._judged.wait_for(lambda: self._over or not self._doubtful)
            return self._waiting.pop(claim.id, None) is not None

    def _come_back(self, done: BatchDone) -> None:
        """Hand in what the gateway answered; the other threads wait where it may end the run, or pause it."""
        if done.answer.verdict is not SubmitVerdict.ANSWERED:
            with self._judged:
                self._doubtful.add(done.claim.id)
        self._back.put(done)

    def _is_late(self, begun: ClockReading) -> bool:
        return left_s(begun, self._read_clock()) < 0


def _given_back(claim: Claim) -> BatchDone:
    return BatchDone(
        claim, same_for_all(claim.batch, Status.PENDING, SubmitVerdict.STALE, Remark(Event.GIVEN_BACK))
    )
