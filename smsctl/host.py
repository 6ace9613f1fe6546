"""What the operating system gives: users, groups, uptime, standard streams, signals. Nowhere else."""

import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from smsctl.domain.moment import Actor, Uptime

_LOGIN_UID = Path("/proc/self/loginuid")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_NOBODY_LOGGED_IN = 0xFFFF_FFFF
_A_NAME = re.compile(r"[\w.@\\-][\w.@$\\ -]{0,63}")


def whoever(login_uid: Path = _LOGIN_UID) -> Actor:
    """Return who runs this, and on which host; asked once, before the process becomes another user.

    Who logged in is kept by Linux through su and sudo, and cannot be changed by them. Where nobody did (a
    service, a container, a cron without pam_loginuid) it is whom sudo names, if root runs this: only root
    can have set that; else the user. A $SUDO_USER of anybody else is a claim, which counts for nothing.
    """
    import platform

    claim = os.environ.get("SUDO_USER", "")
    claim = claim if _A_NAME.fullmatch(claim) else ""
    user = _logged_in(login_uid) or (claim if _is_root() else "") or _login()
    return Actor(user=user, host=platform.node(), claim=claim if claim != user else "")


def uptime() -> Uptime | None:
    """Return how long the machine has been up; only Linux tells which boot that was."""
    boot = _boot()
    return Uptime(boot=boot, s=since_boot_s()) if boot else None


def since_boot_s() -> float:
    """Return seconds of a clock that nobody sets; on Linux it goes on while the machine sleeps."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


def open_closed_streams() -> None:
    """Give the process the standard streams that it was started without.

    Else the next file that it opens, the ledger perhaps, would have the number of one of them, and get what
    is meant for a screen. Reading finds nothing; writing fails, as it does where a stream is closed.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            number = os.open(os.devnull, os.O_RDONLY)  # the lowest that is free: the stream's own
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


def has_a_folder() -> bool:
    """Say whether the folder that the process stands in is still there."""
    try:
        return bool(os.getcwd())  # noqa: PTH109 - no path is made of it
    except FileNotFoundError:
        return False


@contextmanager
def stopped_by_signals(stop: Callable[[str], object]) -> Iterator[None]:
    """Let what asks a process to end (Ctrl-C, SIGTERM, a terminal that hangs up) call `stop` with its name.

    What was ignored at the start stays ignored: nohup and `&` mean it. Whoever has hung up hangs up once: the
    shell, the session and the kernel may all say so, until the process ends.
    """
    heard: set[int] = set()

    def hear(number: int, _frame: object) -> None:
        heard.add(number)
        stop(signal.Signals(number).name)

    hang_up = getattr(signal, "SIGHUP", None)  # Windows has none
    numbers = [one for one in (signal.SIGINT, signal.SIGTERM, hang_up) if one is not None]
    can_hear = threading.current_thread() is threading.main_thread()
    heeded = [one for one in numbers if can_hear and signal.getsignal(one) is not signal.SIG_IGN]
    earlier = {number: signal.signal(number, hear) for number in heeded}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, signal.SIG_IGN if number == hang_up and number in heard else handler)


def groups_of(user: str) -> frozenset[str]:
    """Return the groups of the operating system that a user is in; none where there are no such groups."""
    if os.name != "posix":
        return frozenset()
    import grp
    import pwd

    try:
        ids = os.getgrouplist(user, pwd.getpwnam(user).pw_gid)
    except KeyError:
        return frozenset()
    known = {one.gr_gid: one.gr_name for one in grp.getgrall()}
    return frozenset(known[id_] for id_ in ids if id_ in known)


@cache
def _boot() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _logged_in(login_uid: Path) -> str | None:
    try:
        uid = int(login_uid.read_bytes())
    except (OSError, ValueError):  # no Linux, or one without auditing
        return None
    return None if uid == _NOBODY_LOGGED_IN else _name_of(uid)


def _is_root() -> bool:
    return os.name == "posix" and os.getuid() == 0


def _login() -> str:
    return _name_of(os.getuid()) if os.name == "posix" else os.environ.get("USERNAME", "unknown")


def _name_of(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
