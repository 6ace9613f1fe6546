"""What `reports listen`, `poll` and `import` share: storing what came in, and telling of trouble."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock

from smsctl.actions.report import NOTHING, IntakeCounts, IntakeRules, take_in
from smsctl.cli.incoming.still_reached import still_reached
from smsctl.cli.output.phrases import taken_twice
from smsctl.cli.wiring import Wiring
from smsctl.domain.moment import Moment
from smsctl.domain.push import PushBatch
from smsctl.errors import Sentence, say_n
from smsctl.ledger import restoring
from smsctl.ledger.blocklist import FOR_ALL
from smsctl.ledger.reports import ReportFate

_SILENT_S = 60


class PushIntake:
    """Stores pushes in the ledger and keeps count."""

    def __init__(self, wiring: Wiring, intake_rules: IntakeRules, tell: Callable[[Sentence], None]) -> None:
        """Nothing is opened yet. `tell` hears of what costs more than was told before."""
        self._wiring = wiring
        self._clock = wiring.clock
        self._intake_rules = intake_rules
        self._tell = tell
        self.taken = NOTHING

    def open(self, on_wait: Callable[[Sentence], None]) -> None:
        """Open the ledger: what cannot be stored is not asked for. Raises LedgerError."""
        self._wiring.ledger.on_wait = on_wait
        restoring.must_take_writes(self._wiring.ledger)

    def store(self, *push_batches: PushBatch) -> IntakeCounts:
        """Store all of them durably; return what they held. Raises LedgerError, and has then stored none."""
        taken = take_in(self._wiring.ledger, push_batches, self._intake_rules, self._now)
        self.taken = self.taken + taken
        if twice := taken.reports[ReportFate.TWICE]:
            self._tell(taken_twice(twice))
        if taken.blocked:
            stopped = frozenset(self._intake_rules.stopped)
            for told in still_reached(self._wiring, None if stopped == {*FOR_ALL} else stopped):
                self._tell(told)
        return taken

    def _now(self) -> Moment:
        """Return the time, in the open transaction, in which a server has told its own.

        A listener goes on for months, and meanwhile somebody sets this machine's clock right, or another
        server takes over from the one that it has reached. Raises LedgerError then.
        """
        restoring.must_be_here(self._wiring.ledger)
        self._clock.keep_to(self._wiring.ledger.engine.standing())
        return self._clock.now()


@dataclass(slots=True)
class _Kind:
    """Complaints of one kind, which have the same template; `untold` ones came after the latest was told."""

    latest: Sentence
    told_at: float  # monotonic
    untold: int = 0


class Complaints:
    """What goes wrong while a command runs for days: told at once, then each minute how often it came again.

    Strangers cause some of them: they must fill neither the log nor the memory. Called from many threads.
    """

    def __init__(self, tell: Callable[[Sentence], None]) -> None:
        """Nothing has gone wrong yet."""
        self._speak = tell
        self._lock = Lock()
        self._kinds: dict[str, _Kind] = {}  # by template: there are only so many

    def note(self, sentence: Sentence) -> None:
        """Tell a sentence, unless one of the same template was told within the last minute."""
        with self._lock:
            kind = self._kinds.get(sentence.template)
            if kind is None:
                self._kinds[sentence.template] = _Kind(sentence, time.monotonic())
                self._tell(sentence)
            else:
                kind.latest = sentence
                kind.untold += 1

    def turn(self) -> None:
        """Tell how often each kind came up again, once its minute is over. To be called now and then."""
        self._sum_up(time.monotonic() - _SILENT_S)

    def end(self) -> None:
        """Tell at once how often each kind came up again."""
        self._sum_up(time.monotonic())

    def _tell(self, sentence: Sentence) -> None:
        # A log that went away or is full must not end what it would have told of.
        with suppress(OSError):
            self._speak(sentence)

    def _sum_up(self, until: float) -> None:
        with self._lock:
            for template, kind in list(self._kinds.items()):
                if kind.told_at > until:
                    continue
                if not kind.untold:
                    del self._kinds[template]
                    continue
                sentence = say_n(
                    "once more since then: {what}",
                    "{n} times more since then: {what}",
                    n=kind.untold,
                    what=kind.latest,
                )
                self._tell(sentence)
                kind.told_at, kind.untold = time.monotonic(), 0
