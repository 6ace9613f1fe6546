"""What becomes of a run that Ctrl-C, SIGTERM or SIGHUP asks to end, from its beginning to its last word.

While it plans and asks, it is broken off, and nothing is sent. While it sends or serves, it ends in its own
way. Once that is done, it has an exit code, which holds: the site is told all the same.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from smsctl.errors import HungUpError, InterruptionError, Sentence, TerminatedError
from smsctl.host import process

_KINDS = {"SIGTERM": TerminatedError, "SIGHUP": HungUpError}


class Stopping:
    """Who asks this run to end, and what that breaks off."""

    def __init__(self) -> None:
        """Nobody has asked, and nothing is being done."""
        self.by = ""  # the signal that broke off what was done last
        self._still_heard = 0

    @contextmanager
    def after(self, times: int) -> Iterator[None]:
        """Let whoever asks so many times break off the block by KeyboardInterrupt, once; 0: nobody does."""
        self.by = ""
        self._still_heard = times
        try:
            yield
        finally:
            self._still_heard = 0

    def hear(self, name: str) -> None:
        """Take in a signal. A terminal that hangs up does not insist."""
        if self._still_heard == 0 or (name == "SIGHUP" and self._still_heard > 1):
            return
        self._still_heard -= 1
        if self._still_heard == 0:
            self.by = name
            raise KeyboardInterrupt

    @contextmanager
    def ends(self, stop: Callable[[str], object]) -> Iterator[None]:
        """Let signals call `stop` with their name; from now on nothing else is broken off by them."""
        self._still_heard = 0

        def hear(name: str) -> None:
            self.by = self.by or name
            stop(name)

        with process.stopped_by_signals(hear):
            if self.by:  # an exception may be lost where Python cannot raise it, while it tidies up
                stop(self.by)
            yield

    def told(self, sentence: Sentence, hint: Sentence | None = None) -> InterruptionError:
        """Return what is told of it, with the exit code that the signal has."""
        return _KINDS.get(self.by, InterruptionError)(sentence, hint=hint)
