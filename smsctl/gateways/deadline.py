"""One thread that calls back when a time is up: a Timer for each request costs more than the request."""

import time
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from threading import Condition, Thread
from typing import Final


class Deadline:
    """One thing to call, unless it is switched off in time."""

    __slots__ = ("_ring", "off")

    def __init__(self, ring: Callable[[], None]) -> None:
        """Keep what to call."""
        self._ring = ring
        self.off = False

    def ring(self) -> None:
        """Call, unless switched off."""
        if not self.off:
            self._ring()


class Deadlines:
    """Alarms in the order of their times. What they call must be short and must not raise."""

    def __init__(self) -> None:
        """Start no thread yet."""
        self._changed = Condition()
        self._alarms: list[tuple[float, int, Deadline]] = []
        self._number = count()
        self._sleeps_until = float("inf")
        self._thread: Thread | None = None

    def set(self, after_s: float, ring: Callable[[], None]) -> Deadline:
        """Call `ring` in so many seconds, in the clock's own thread."""
        due, alarm = time.monotonic() + after_s, Deadline(ring)
        with self._changed:
            self._drop_switched_off()
            heappush(self._alarms, (due, next(self._number), alarm))
            if self._thread is None:
                self._thread = Thread(target=self._run, name="alarm clock", daemon=True)
                self._thread.start()
            elif due < self._sleeps_until:  # else it wakes early enough by itself
                self._changed.notify()
        return alarm

    def _run(self) -> None:
        with self._changed:
            while True:
                self._drop_switched_off()
                self._sleeps_until = self._alarms[0][0] if self._alarms else float("inf")
                left_s = self._sleeps_until - time.monotonic()
                if left_s > 0:
                    self._changed.wait(None if left_s == float("inf") else left_s)
                else:
                    heappop(self._alarms)[2].ring()

    def _drop_switched_off(self) -> None:
        while self._alarms and self._alarms[0][2].off:
            heappop(self._alarms)


CLOCK: Final = Deadlines()
"""The process's clock."""
