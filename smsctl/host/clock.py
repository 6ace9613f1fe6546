"""The clocks of this machine: that nobody sets, and that it shows."""

import sys
import time
from functools import cache
from pathlib import Path
from typing import NamedTuple

from smsctl.domain.moment import Uptime

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class ClockReading(NamedTuple):
    """Two clocks of this machine, read at once, in seconds."""

    since_boot_s: float
    shown_s: float  # what it shows; a virtual machine that was paused may know so by this one alone

    def gone_s(self, now: "ClockReading") -> float:
        """Return how many seconds are gone since then, by the clock that has gone on further."""
        return max(now.since_boot_s - self.since_boot_s, now.shown_s - self.shown_s)


def reading() -> ClockReading:
    """Read both clocks."""
    return ClockReading(since_boot_s=since_boot_s(), shown_s=time.time())


def uptime() -> Uptime | None:
    """Return how long the machine has been up; only Linux tells which boot that was."""
    boot = _boot()
    return Uptime(boot=boot, s=since_boot_s()) if boot else None


def since_boot_s() -> float:
    """Return seconds of a clock that nobody sets; on Linux it goes on while the machine sleeps."""
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


@cache
def _boot() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""
