"""What the operating system gives: users, groups, uptime, standard streams, signals. Nowhere else.

Root who acts for a ledger's owner becomes that owner. What root named before, the owner may not be able to
open: so it is opened first, and kept here, since a process has one user.
"""

import os
import re
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

from smsctl.domain.moment import Actor, Uptime

_LOGIN_UID = Path("/proc/self/loginuid")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_NOBODY_LOGGED_IN = 0xFFFF_FFFF
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows knows no SIGHUP
_ASK_TO_END = [signal.Signals[name] for name in _SIGNALS if hasattr(signal, name)]
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


def end_undisturbed() -> None:
    """Let nothing that asks the process to end change its exit code: it has one, and is about to leave."""
    for number in _ASK_TO_END:
        signal.signal(number, signal.SIG_IGN)


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

    can_hear = threading.current_thread() is threading.main_thread()
    heeded = [one for one in _ASK_TO_END if can_hear and signal.getsignal(one) is not signal.SIG_IGN]
    earlier = {number: signal.signal(number, hear) for number in heeded}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            has_hung_up = number in heard and number.name == "SIGHUP"
            signal.signal(number, signal.SIG_IGN if has_hung_up else handler)


class Owner(NamedTuple):
    """A user who owns a file, and the file's group."""

    uid: int
    gid: int

    @property
    def name(self) -> str:
        """The user's name, `uid 1000` where there is none."""
        return _name_of(self.uid)

    @property
    def has_name(self) -> bool:
        """Whether this machine knows the user by a name."""
        return self.name != f"uid {self.uid}"


def become(owner: Owner) -> None:
    """Become another user for good, with the groups and the home of theirs. Only root can.

    Raises OSError: this user cannot be taken here, or cannot read smsctl.
    """
    import pwd

    try:
        known = pwd.getpwuid(owner.uid)
    except KeyError:
        os.setgroups([])
        os.setgid(owner.gid)
    else:
        os.initgroups(known.pw_name, known.pw_gid)
        os.setgid(known.pw_gid)
        os.environ |= {"HOME": known.pw_dir, "USER": known.pw_name, "LOGNAME": known.pw_name}
    _must_be_readable_to(owner)
    os.setuid(owner.uid)


def _must_be_readable_to(owner: Owner) -> None:
    """Raise OSError where a user cannot read smsctl: much of it is loaded only when it is needed."""
    os.seteuid(owner.uid)
    try:
        for program in (__file__, os.__file__):
            with Path(program).open("rb"):
                pass
    finally:
        os.seteuid(0)


_kept: dict[str, int] = {}
_made: dict[str, int | OSError] = {}


def keep(path: Path) -> None:
    """Open a file that was named, as the user who named it."""
    with suppress(OSError, ValueError):  # whoever opens it later says so
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
        os.set_blocking(handle, True)
        for name in (str(path), str(path.absolute()), os.path.realpath(path)):
            _kept[name] = handle


def kept(path: Path) -> int | None:
    """Return another handle of a file that was kept; its position is shared with every other one."""
    return os.dup(_kept[str(path)]) if str(path) in _kept else None


def make_ahead(path: Path) -> None:
    """Make a file that is to be written, as the user who named it; what is wrong is said by `create`."""
    try:
        _made[str(path)] = _create(path)
    except OSError as error:
        _made[str(path)] = error


def is_made_ahead(path: Path) -> bool:
    """Say whether a file was made, or tried to be made, before this process became another user."""
    return str(path) in _made


def create(path: Path) -> int:
    """Return the handle of a new file, mode 0600. Raises OSError, also where there is one already."""
    made = _made.pop(str(path), None)
    if isinstance(made, OSError):
        raise made
    return _create(path) if made is None else made


def forget_unwritten() -> list[Path]:
    """Close what was made ahead and never written; return those that could not be removed again."""
    left = []
    for name, made in _made.items():
        if isinstance(made, int):
            os.close(made)
            try:
                Path(name).unlink()
            except OSError:
                left.append(Path(name))
    _made.clear()
    return left


def _create(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


def others_may_write(path: Path, sharing_group: str | None = None) -> bool:
    """Say whether somebody other than root and this user may change a file.

    The file's owner's own group is nobody else, and neither is `sharing_group`. Raises OSError.
    """
    if os.name != "posix":
        return False
    import grp
    import pwd

    found = _status(path)
    if found.st_uid not in (0, os.geteuid()) or found.st_mode & stat.S_IWOTH:
        return True
    if not found.st_mode & stat.S_IWGRP:
        return False
    try:
        if grp.getgrgid(found.st_gid).gr_name == sharing_group:
            return False
        return pwd.getpwuid(found.st_uid).pw_gid != found.st_gid
    except KeyError:
        return True


def _status(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except PermissionError:
        handle = kept(path)
        if handle is None:
            raise
        try:
            return os.fstat(handle)
        finally:
            os.close(handle)


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
