"""Where what came in is stored: many requests wait, one thread writes, and each group shares a commit.

What must stay true: `hand_in` says yes only after the commit that holds what was handed in.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Event

from smsctl.domain.push import PushBatch
from smsctl.errors import SmsctlError

Store = Callable[[Sequence[PushBatch]], object]
"""Stores all batches durably, or raises and stores none."""

_LONGEST_WAIT_S = 50  # Intelecom gives up after 60 (wire/puzzel.md, "Delivery reports")
_LOOK_UP_S = 0.5
_GROUP = 64


@dataclass(slots=True)
class _QueuedBatch:
    """One batch in the queue."""

    push_batch: PushBatch
    stored: bool = False
    done: Event = field(default_factory=Event)


class PushQueue:
    """Takes batches from any thread; one thread, which owns the ledger, serves."""

    def __init__(
        self, store: Store, *, on_trouble: Callable[[Exception], None], on_turn: Callable[[], object]
    ) -> None:
        """`on_trouble` hears why a group was not stored; `on_turn` is called between groups."""
        self._store = store
        self._on_trouble = on_trouble
        self._on_turn = on_turn
        self._cases: SimpleQueue[_QueuedBatch] = SimpleQueue()

    def hand_in(self, push_batch: PushBatch) -> bool:
        """Wait until the batch is stored; False: it is not, or not yet."""
        queued = _QueuedBatch(push_batch)
        self._cases.put(queued)
        queued.done.wait(_LONGEST_WAIT_S)
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
        group: list[_QueuedBatch] = []
        try:
            group.append(self._cases.get(timeout=_LOOK_UP_S))
            while len(group) < _GROUP:
                group.append(self._cases.get_nowait())
        except Empty:
            pass
        return group

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
        for queued in group:
            queued.done.set()
