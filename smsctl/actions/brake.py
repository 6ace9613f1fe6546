"""How a person, or the machine going down, stops a run."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum


class Stop(StrEnum):
    """Why a run ended before everything was sent."""

    INTERRUPTED = "interrupted"
    TERMINATED = "terminated"
    CEILING = "ceiling"
    REFUSED = "refused"
    UNREACHED = "unreached"
    UNCLEAR = "unclear"


class Brake:
    """Asked once, the run ends after the batches in flight; asked twice, at once."""

    def __init__(self) -> None:
        """Start with nobody asking."""
        self.asked: Stop | None = None
        self._at_once = False
        self._shielded = False

    def ask(self, why: Stop) -> None:
        """Stop after what is in flight; the second time, raise KeyboardInterrupt as soon as that is safe."""
        if self.asked is None:
            self.asked = why
        elif self._shielded:
            self._at_once = True
        else:
            raise KeyboardInterrupt

    @contextmanager
    def shield(self) -> Iterator[None]:
        """Let a commit and the hand-over that belongs to it finish before stopping at once."""
        self._shielded = True
        try:
            yield
        finally:
            self._shielded = False
        if self._at_once:
            raise KeyboardInterrupt
