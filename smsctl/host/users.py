"""Who runs this, as whom, and in which groups. Windows has users, but none of these numbers."""

import os
import re
import sys
from pathlib import Path
from typing import NamedTuple

from smsctl.domain.moment import Actor

_LOGIN_UID = Path("/proc/self/loginuid")
_NOBODY_LOGGED_IN = 0xFFFF_FFFF
_A_NAME = r"[\w.@\\-][\w.@$\\ -]{0,63}"


def whoever(login_uid: Path = _LOGIN_UID) -> Actor:
    """Return who runs this, and on which host; asked once, before the process becomes another user.

    Who logged in is kept by Linux through su and sudo, and cannot be changed by them. Where nobody did (a
    service, a container, a cron without pam_loginuid) it is whom sudo names, if root runs this: only root
    can have set that; else the user. A $SUDO_USER of anybody else is a claim, which counts for nothing.
    """
    import platform

    claim = os.environ.get("SUDO_USER", "")
    claim = claim if claim and re.fullmatch(_A_NAME, claim) else ""
    logged_in, by_root = _logged_in(login_uid), claim if _is_really_root() else ""
    user = logged_in or by_root or _login()
    return Actor(
        user=user,
        host=platform.node(),
        claim=claim if claim != user else "",
        unsure=bool(claim) and not (logged_in or by_root),
    )


def runs_as() -> str:
    """Return as whom this process runs now; who logged in, and asked root to become that user, is another."""
    return _login()


def is_root() -> bool:
    """Say whether this process may do everything."""
    return sys.platform != "win32" and os.geteuid() == 0


def is_ours(uid: int) -> bool:
    """Say whether this is the user who runs this; on Windows, where files tell none, it is."""
    return sys.platform == "win32" or uid == os.geteuid()


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
    if sys.platform == "win32":
        raise OSError("no user becomes another one on Windows")
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
    if sys.platform == "win32":
        return
    os.seteuid(owner.uid)
    try:
        for program in (__file__, os.__file__):
            with Path(program).open("rb"):
                pass
    finally:
        os.seteuid(0)


def groups_of(user: str) -> frozenset[str]:
    """Return the groups of the operating system that a user is in; none where there are no such groups."""
    if sys.platform == "win32":
        return frozenset()
    import grp
    import pwd

    try:
        ids = os.getgrouplist(user, pwd.getpwnam(user).pw_gid)
    except KeyError:
        return frozenset()
    known = {one.gr_gid: one.gr_name for one in grp.getgrall()}
    return frozenset(known[id_] for id_ in ids if id_ in known)


def _logged_in(login_uid: Path) -> str | None:
    try:
        uid = int(login_uid.read_bytes())
    except (OSError, ValueError):  # no Linux, or one without auditing
        return None
    return None if uid == _NOBODY_LOGGED_IN else _name_of(uid)


def _is_really_root() -> bool:
    return sys.platform != "win32" and os.getuid() == 0


def _login() -> str:
    if sys.platform == "win32":
        return os.environ.get("USERNAME", "unknown")
    return _name_of(os.getuid())


def _name_of(uid: int) -> str:
    if sys.platform == "win32":
        return f"uid {uid}"
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
