"""Fetching what comes back from a gateway's queues: stored first, acknowledged after."""

import time
from collections.abc import Callable, Sequence

from smsctl.actions.report import NOTHING, Taken
from smsctl.domain.push import Parcel, Queue

PAUSE_S = 10
"""What the gateway asks us to wait after an empty answer (protocols.md 3.10)."""


def poll(
    queues: Sequence[Queue], store: Callable[[Parcel], Taken], for_s: float = 0, *, pause_s: float = PAUSE_S
) -> Taken:
    """Empty the queues, and look again for so many seconds; return what was taken in.

    `store` makes a parcel durable before it is acknowledged. What is fetched twice is stored once. Raises
    GatewayRefusedError, StoppedError, or what `store` raises; all that was acknowledged is stored.
    """
    until = time.monotonic() + for_s
    taken = NOTHING
    while True:
        for queue in queues:
            taken = taken + _empty(queue, store)
        if time.monotonic() + pause_s > until:
            return taken
        time.sleep(pause_s)


def _empty(queue: Queue, store: Callable[[Parcel], Taken]) -> Taken:
    taken = NOTHING
    while found := queue.fetch():
        taken = taken + store(found.parcel)
        queue.acknowledge(found.receipt)
    return taken
