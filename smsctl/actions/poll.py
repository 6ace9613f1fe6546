"""Fetching what comes back from a gateway's queues: stored first, acknowledged after."""

import time
from collections import Counter
from collections.abc import Callable, Sequence

from smsctl.actions.report import NOTHING, IntakeCounts
from smsctl.actions.stop_signal import StopSignal
from smsctl.config.settings import Settings
from smsctl.domain.push import PushBatch, Queue
from smsctl.errors import GatewayRefusedError, RuleError, SmsctlError, StoppedError, say

PAUSE_S = 10
"""What the gateway asks us to wait after an empty answer (wire/pswincom.md, "Polling")."""

LONGEST_S = 600
"""For one look at the queues: they may be filled as fast as they are emptied."""
_LEAST_S = 5
"""What one request may take even at the end of the time."""
_OFTEN = 5
"""As often may one thing come that was acknowledged, or something that cannot be read."""
_REMEMBERED = 10_000
"""So many receipts, by which it is known that a thing came before."""


def poll(
    queues: Sequence[Queue],
    store: Callable[[PushBatch], IntakeCounts],
    for_s: float | None = None,
    *,
    stop_signal: StopSignal | None = None,
    pause_s: float = PAUSE_S,
) -> IntakeCounts:
    """Empty the queues one after the other, in ten minutes at most; return what was taken in.

    With `for_s`, look again for so many seconds, and stop then whatever is left or however slow the gateway
    is. `store` makes a batch durable before it is acknowledged. What is fetched twice is stored once.
    Once `stop_signal` is asked, it ends after what is being stored.
    A queue that fails is left alone, and the others are emptied all the same: an account may have one only.
    Raises then GatewayRefusedError or StoppedError at the end, also where one look was not enough, and at
    once what `store` raises; all that was acknowledged is stored.
    """
    stop_signal = stop_signal or StopSignal()
    until = time.monotonic() + (LONGEST_S if for_s is None else for_s)
    taken = NOTHING
    failures: dict[Queue, SmsctlError] = {}
    while True:
        for queue in [one for one in queues if one not in failures]:
            try:
                taken = taken + _empty(queue, store, until, stop_signal)
            except (GatewayRefusedError, StoppedError) as error:
                failures[queue] = error
        if for_s is None or len(failures) == len(queues) or time.monotonic() + pause_s > until:
            break
        if stop_signal.asked_within(pause_s):
            break
    if for_s is None and time.monotonic() >= until and not failures:
        failures[queues[0]] = StoppedError(
            say("The gateway's queues were not empty after {n} minutes.", n=LONGEST_S // 60),
            hint=say("What was fetched is stored. Fetch the rest with: smsctl reports poll --for 1h"),
        )
    for failure in failures.values():
        raise failure
    return taken


def must_be_allowed_to_poll(settings: Settings) -> None:
    """Raise RuleError where the config does not allow to empty the queues, or the gateway has none."""
    if settings.gateway.module != "pswincom":
        raise RuleError(
            say("Only PSWinCom has queues to poll."), hint=say("Listen with: smsctl reports listen")
        )
    if not settings.reports.poll:
        raise RuleError(
            say("Polling is not allowed by the config: it empties the account's queues for everybody."),
            hint=say(
                "If nothing else reads them, SuperOffice for one, set under [reports] in {path}: poll = true",
                path=settings.path,
            ),
        )


def _empty(
    queue: Queue, store: Callable[[PushBatch], IntakeCounts], until: float, stop_signal: StopSignal
) -> IntakeCounts:
    taken, times = NOTHING, Counter[str]()
    while not stop_signal.asked and time.monotonic() < until and (found := queue.fetch(_left_s(until))):
        if len(times) > _REMEMBERED:
            times.clear()
        times[found.receipt] += 1
        if times[found.receipt] > _OFTEN:
            break
        if found.receipt:
            taken = taken + store(found.push_batch)
            queue.acknowledge(found.receipt, _left_s(until))
    if times[""] or max(times.values(), default=0) > _OFTEN:
        raise StoppedError(
            say("The gateway's queue holds what cannot be read, or gives the same again and again."),
            hint=say("What could be read is stored. Ask the gateway's support to look at the queue."),
        )
    return taken


def _left_s(until: float) -> float:
    return max(until - time.monotonic(), _LEAST_S)
