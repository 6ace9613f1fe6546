"""What is accepted but has not left: throttled, scheduled or waiting for a person.

wire/puzzel.md, "Management API".
"""

import time
from collections.abc import Iterable
from threading import Lock
from typing import NamedTuple


class HeldMessage(NamedTuple):
    """An accepted message that has not left the gateway."""

    message_id: str
    reference: str | None
    leaves_at: float  # seconds since the epoch; infinite: when a person lets it go
    on_hold: bool  # waits for its window or for a person, not only for its turn


class HeldBatch(NamedTuple):
    """What is left of one batch."""

    reference: str
    messages: tuple[HeldMessage, ...]


class Held:
    """The queue of each service, by batch reference. Any thread may ask."""

    def __init__(self) -> None:
        """Start empty."""
        self._lock = Lock()
        self._batches: dict[tuple[str, str], tuple[HeldMessage, ...]] = {}
        self._stopped: list[str] = []

    def add(self, service_id: str, reference: str, messages: Iterable[HeldMessage]) -> None:
        """Put messages into the queue."""
        with self._lock:
            key = (service_id, reference)
            self._batches[key] = (*self._batches.get(key, ()), *messages)

    def batches(self, service_id: str) -> list[HeldBatch]:
        """Return what is left of every batch of the service, oldest batch first."""
        with self._lock:
            self._let_go()
            return [
                HeldBatch(ref, left) for (owner, ref), left in self._batches.items() if owner == service_id
            ]

    def stop(self, service_id: str, reference: str) -> HeldBatch | None:
        """Take what is left of the batch out of the queue, for good; None: nothing was left."""
        with self._lock:
            self._let_go()
            taken = self._batches.pop((service_id, reference), None)
            if taken is None:
                return None
            self._stopped += [message.message_id for message in taken]
            return HeldBatch(reference, taken)

    def stopped(self) -> tuple[str, ...]:
        """Return the message ids of all that was stopped, and so never sent."""
        with self._lock:
            return tuple(self._stopped)

    def _let_go(self) -> None:
        now = time.time()
        for key, messages in list(self._batches.items()):
            left = tuple(message for message in messages if message.leaves_at > now)
            if left:
                self._batches[key] = left
            else:
                del self._batches[key]
