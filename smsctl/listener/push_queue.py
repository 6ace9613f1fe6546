"""Where what came in is stored: many requests wait, one thread writes, and each group shares a commit.

What must stay true: `hand_in` says yes only after the commit that holds what was handed in.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event, Lock

from smsctl.domain.push import PushBatch
from smsctl.errors import SmsctlError

Store = Callable[[Sequence[PushBatch]], object]
"""Stores all batches durably, or raises and stores none."""

_LONGEST_WAIT_S = 50  # Intelecom gives up after 60 (wire/puzzel.md, "Delivery reports")
_LOOK_UP_S = 0.5
_COME_BACK_S = 0.02  # who was answered pushes the next within so long, or has no next
_GROUP = 64


@dataclass(slots=True)
class _QueuedBatch:
    """One batch in the queue."""

    push_batch: PushBatch
    stored: bool = False
    undecided: Lock = field(default_factory=Lock)  # an Event takes ten times as long


class PushQueue:
    """Takes batches from any thread; one thread, which owns the ledger, serves."""

    def __init__(
        self, store: Store, *, on_trouble: Callable[[Exception], None], on_turn: Callable[[], object]
    ) -> None:
        """`on_trouble` hears why a group was not stored; `on_turn` is called between groups."""
        self._store = store
        self._on_trouble = on_trouble
        self._on_turn = on_turn
        self._waiting: deque[_QueuedBatch] = deque()
        self._expected = 1  # so many are worth a commit
        self._enough = Event()

    def hand_in(self, push_batch: PushBatch) -> bool:
        """Wait until the batch is stored; False: it is not, or not yet."""
        queued = _QueuedBatch(push_batch)
        queued.undecided.acquire()
        self._waiting.append(queued)
        if len(self._waiting) >= self._expected:
            self._enough.set()
        queued.undecided.acquire(timeout=_LONGEST_WAIT_S)
        return queued.stored

    def serve(self, closed: Event) -> None:
        """Store what is handed in, until the door is closed and nobody waits."""
        while True:
            group = self._next_group()
            if group:
                self._store_group(group)
            elif closed.is_set():
                return
            self._on_turn()

    def _next_group(self) -> list[_QueuedBatch]:
        """Return who waits, once as many are in as are expected, or do not come.

        Expected are those who have just been answered, beside those who came meanwhile: or a few clients
        would make two groups that take turns, and two commits.
        """
        self._enough.clear()
        if len(self._waiting) < self._expected:
            self._enough.wait(_COME_BACK_S if self._expected > 1 else _LOOK_UP_S)
        self._expected = 1
        return [self._waiting.popleft() for _ in range(min(len(self._waiting), _GROUP))]

    def _store_group(self, group: list[_QueuedBatch]) -> None:
        try:
            self._store([queued.push_batch for queued in group])
        except SmsctlError as error:  # the ledger's trouble is everybody's
            self._on_trouble(error)
        except Exception as error:  # noqa: BLE001  # one batch must not keep the others out
            if len(group) > 1:
                for queued in group:
                    self._store_group([queued])
                return
            self._on_trouble(error)
        else:
            for queued in group:
                queued.stored = True
        self._expected = min(len(group) + len(self._waiting), _GROUP)  # counted before the first comes back
        for queued in group:
            queued.undecided.release()
