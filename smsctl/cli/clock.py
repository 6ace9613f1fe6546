"""The clock and the person at the keyboard; the only place that asks the machine for either."""

import os
import time
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property

from smsctl.domain.moment import Actor, Moment


class Clock:
    """UTC for the ledger, and the local day of the config's time zone."""

    def __init__(self, time_zone: str) -> None:
        """`time_zone` is an IANA name, checked when the config was read."""
        self._name = time_zone

    def now(self) -> Moment:
        """Return this moment."""
        utc = datetime.fromtimestamp(time.time(), UTC)
        return Moment(
            at=_stamp(utc),
            day=utc.astimezone(self._zone).date().isoformat(),
        )

    def before(self, age: timedelta) -> str:
        """Return the moment that long ago, as the ledger writes times."""
        return _stamp(datetime.fromtimestamp(time.time(), UTC) - age)

    def local(self) -> datetime:
        """Return this moment on the local clock."""
        return datetime.fromtimestamp(time.time(), self._zone)

    @cached_property
    def _zone(self) -> tzinfo:
        from zoneinfo import ZoneInfo  # not every command needs to know the time

        return ZoneInfo(self._name)


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


def _stamp(utc: datetime) -> str:
    return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def whoever() -> Actor:
    """Return the real user, seen through sudo, and the host."""
    import platform

    return Actor(user=os.environ.get("SUDO_USER") or _login(), host=platform.node())


def _login() -> str:
    if os.name == "posix":
        import pwd

        try:
            return pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            return f"uid {os.getuid()}"
    return os.environ.get("USERNAME", "unknown")
