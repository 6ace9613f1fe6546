"""The clock by which a command judges and writes in the ledger."""

import time
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property

from smsctl.domain.moment import Moment, stamp
from smsctl.host.clock import uptime
from smsctl.ledger.seam.standing import CLOCK_OFF, Standing


class Clock:
    """UTC for the ledger, and the local day of the config's time zone."""

    def __init__(self, time_zone: str) -> None:
        """`time_zone` is an IANA name, checked when the config was read.

        It is made before the ledger is opened, which may take long: a run began when its clock was made.
        """
        self._name = time_zone
        self._begun_s = time.time()
        self._ahead_s = 0.0  # of this machine's clock

    def keep_to(self, standing: Standing | None) -> None:
        """Go by the clock of a server; None: the ledger is a file, and has none."""
        if standing is not None:
            self._ahead_s = datetime.fromisoformat(standing.at).timestamp() - standing.read.shown_s

    def now(self) -> Moment:
        """Return this moment."""
        utc = datetime.fromtimestamp(time.time() + self._ahead_s, UTC)
        return Moment(at=stamp(utc), day=utc.astimezone(self._zone).date().isoformat(), up=uptime())

    def before(self, age: timedelta) -> str:
        """Return the moment that long ago, as the ledger writes times."""
        return stamp(datetime.fromtimestamp(time.time() + self._ahead_s, UTC) - age)

    def local(self) -> datetime:
        """Return this moment on the local clock."""
        return datetime.fromtimestamp(time.time() + self._ahead_s, self._zone)

    def here(self) -> datetime:
        """Return when its cron began the run, by this machine's own clock: that names the slot.

        Once the ledger is not busy any more, or by the clock of a server, it may be another slot; where the
        two clocks differ by more, this one is wrong.
        """
        wrong_s = self._ahead_s if abs(self._ahead_s) > CLOCK_OFF.total_seconds() else 0.0
        return datetime.fromtimestamp(self._begun_s + wrong_s, self._zone)

    @cached_property
    def _zone(self) -> tzinfo:
        from zoneinfo import ZoneInfo  # not every command needs to know the time

        return ZoneInfo(self._name)
