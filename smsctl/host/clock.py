"""The clocks that nobody sets."""

import sys
import time
from functools import cache
from pathlib import Path

from smsctl.domain.moment import Uptime

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


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
