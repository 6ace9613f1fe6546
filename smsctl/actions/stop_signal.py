"""How a person, or the machine going down, stops a run."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Final

from smsctl.errors import ExitCode

_AT_ONCE = 2
_NAP_S = 0.1


class StopReason(StrEnum):
    """Why a run ended before everything was sent."""

    INTERRUPTED = "interrupted"
    TERMINATED = "terminated"
    HUNG_UP = "hung-up"
    CEILING = "ceiling"
    REFUSED = "refused"
    UNREACHED = "unreached"
    UNCLEAR = "unclear"
    CLOCK = "clock"
    DISK = "disk"
    LEDGER = "ledger"  # on a server: the right to send was lost, or it may have been put back

    @property
    def exit_code(self) -> ExitCode:
        """The code of a run that ended so."""
        return _CODES[self]


BY_SIGNAL: Final = {
    "SIGINT": StopReason.INTERRUPTED,
    "SIGTERM": StopReason.TERMINATED,
    "SIGHUP": StopReason.HUNG_UP,
}
"""What a signal's name means."""

CODES: Final = {
    StopReason.INTERRUPTED: ExitCode.INTERRUPTED,
    StopReason.TERMINATED: ExitCode.TERMINATED,
    StopReason.HUNG_UP: ExitCode.HUNG_UP,
}
"""The exit code of a run that was asked to end."""

_CODES: Final = {
    **CODES,
    StopReason.CEILING: ExitCode.REFUSED,
    StopReason.REFUSED: ExitCode.GATEWAY,
    StopReason.UNREACHED: ExitCode.STOPPED,
    StopReason.UNCLEAR: ExitCode.STOPPED,
    StopReason.CLOCK: ExitCode.LEDGER,
    StopReason.DISK: ExitCode.LEDGER,
    StopReason.LEDGER: ExitCode.LEDGER,
}


class StopSignal:
    """Asked once, the run ends after the batches in flight; asked twice, at once, with the answers stored.

    Asked a third time it does not even wait for the ledger: what is marked counts as unknown.
    A terminal that hangs up ends the run too, but it does not insist: it is no second asking, nor a first one
    that a second could follow.

    Only inside `armed` does asking again interrupt anything. Elsewhere it is noted, for nothing is in flight.
    """

    def __init__(self) -> None:
        """Start with nobody asking."""
        self.asked: StopReason | None = None
        self._times = 0
        self._armed = False
        self._shielded = False

    @property
    def as_it_stands(self) -> bool:
        """Whether not even the answers that are here are to be stored: what is marked counts as unknown."""
        return self._times > _AT_ONCE

    def ask(self, why: StopReason) -> None:
        """Stop after what is in flight; the second time, raise KeyboardInterrupt as soon as that is safe."""
        self.asked = self.asked or why
        if why is StopReason.HUNG_UP:
            return
        self._times += 1
        if self._times >= _AT_ONCE and self._armed and (self.as_it_stands or not self._shielded):
            self._interrupt()

    def asked_within(self, pause_s: float) -> bool:
        """Wait so long, but no longer than until somebody asks; say whether anybody has."""
        until = time.monotonic() + pause_s
        while not self.asked and (left_s := until - time.monotonic()) > 0:
            time.sleep(min(_NAP_S, left_s))  # a signal alone does not end a sleep
        return self.asked is not None

    @contextmanager
    def armed(self) -> Iterator[None]:
        """Let whoever asks again end the block by KeyboardInterrupt, once."""
        self._armed = True
        try:
            yield
        finally:
            self._armed = False

    @contextmanager
    def shield(self) -> Iterator[None]:
        """Let a commit and the hand-over that belongs to it finish before stopping at once.

        Where it waits for somebody else's hold of the ledger, a third asking ends that too.
        """
        self._shielded = True
        try:
            yield
        finally:
            self._shielded = False
        if self._times >= _AT_ONCE and self._armed:
            self._interrupt()

    def _interrupt(self) -> None:
        self._armed = False
        raise KeyboardInterrupt
