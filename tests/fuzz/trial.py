"""One piece of a fuzzer's work: how often it tries, by which chance, and what came of it."""

import logging
import random
import re
import resource
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ..front_door import Ran
from .verdict import faults

MOST_MIB = 150
"""What one piece may add to the most memory that the process has had."""


@dataclass(kw_only=True)
class Trial:
    """So many tries, with chance that can be had again."""

    tries: int
    dice: random.Random
    ends: Counter[int] = field(default_factory=Counter)
    is_hasty: bool = False  # it ends with the first fault
    found: dict[str, str] = field(default_factory=dict)  # an input for each kind of fault

    def __iter__(self) -> Iterator[random.Random]:
        kept, logging.root.handlers = logging.root.handlers, []  # as in a process: a log goes to stderr
        try:
            for _ in range(self.tries):
                yield self.dice
                if self.found and self.is_hasty:
                    break
        finally:
            logging.root.handlers = kept
        assert not self.found, "\n\n".join(f"{kind}: {told}" for kind, told in self.found.items())

    def judge(self, ran: Ran, told: str, *, numbers: bool = True) -> None:
        """Count how it ended, and keep the input of what must not be."""
        self.ends[ran.code] += 1
        for fault in faults(ran, numbers=numbers):
            reason = re.search(r"itself failed[^.]*|\w+Error\b", ran.said)
            self.blame(f"{fault} {reason[0] if reason else ''}", f"{told[:2000]}\n{ran.said[:2000]}")

    def blame(self, fault: str, told: str) -> None:
        """Keep the first input that did this."""
        self.found.setdefault(fault, told)


def hasty() -> Trial:
    """Return a trial that is to find a fault."""
    return Trial(tries=400, dice=random.Random(1), is_hasty=True)


@contextmanager
def bounded() -> Iterator[None]:
    """Fail where memory grew beyond what one piece may take."""
    before = peak_mib()
    yield
    grown = peak_mib() - before
    assert grown < MOST_MIB, f"{grown} MiB more than before"


def peak_mib() -> int:
    """Return the most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
