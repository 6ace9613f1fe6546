"""Whether the ledger may be sent from now: it is no old copy, the clock is right, the disk has room."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from smsctl.domain.moment import Actor, Moment
from smsctl.errors import LedgerError, say
from smsctl.ledger import audit, hosts, restoring
from smsctl.ledger.seam.engine import TIME_ZONE
from smsctl.ledger.sqlite import file
from smsctl.ledger.store import Ledger

BACKWARDS = timedelta(minutes=5)
"""So far behind the ledger's newest time the clock may be: two machines never agree to the second."""

_FACT = "accepted-clock"
_MEND = say(
    "Set the clock right. If it is right, say so once, with send, test, mailings resume or retry:"
    " --accept-clock --reason TEXT"
)


def must_be_fit(ledger: Ledger, moment: Moment, *, rows: int = 0) -> None:
    """Raise LedgerError where nothing may be sent from this ledger now; `rows` are still to be written."""
    restoring.must_take_writes(ledger)
    _refuse_on_server(ledger)
    restoring.refuse_restored(ledger)
    if ledger.high_water:
        ledger.high_water.must_take_marks()
    _refuse_backwards(ledger, moment)
    file.must_have_room(ledger.path, rows)


class SteadyClock:
    """The clock of one run: its times never go back, though the machine's clock may.

    A batch that is marked with a time long gone by would soon count as sent long ago, and its people would be
    sent the text again.
    """

    def __init__(self, now: Callable[[], Moment], ledger: Ledger) -> None:
        """`now` asks the machine. A time that the ledger has, if only a little ahead, is not gone behind."""
        self._now = now
        self._newest = now()
        self._shown = self._newest
        newest = newest_time(ledger)
        if newest and newest > self._newest.at and not _is_behind(self._newest, newest):
            self._newest = self._newest._replace(at=newest)

    def now(self) -> Moment:
        """Return the machine's time, or the newest one returned before if the machine is behind that."""
        self._shown = self._now()
        if self._shown.at >= self._newest.at:
            self._newest = self._shown
        return self._newest._replace(up=self._shown.up)

    def gone_back(self) -> LedgerError | None:
        """Return why the run must end: its clock was set back far, as last seen. None: it was not."""
        if not _is_behind(self._shown, self._newest.at):
            return None
        return LedgerError(
            say(
                "The clock went back to {now}, from {newest}, while this was sent.",
                now=self._shown.at,
                newest=self._newest.at,
            ),
            hint=_MEND,
        )


def accept_clock(ledger: Ledger, moment: Moment, actor: Actor, reason: str) -> None:
    """Record that a person says: the clock is right, and the ledger's times beyond it are wrong.

    Nothing is recorded where no time in the ledger is far beyond the clock.
    """
    newest = newest_time(ledger)
    if newest is None or not _is_behind(moment, newest):
        return
    with ledger.transaction():
        audit.record(ledger, moment, actor, "accept-clock", "ledger", f"newest time {newest}", reason)
        last = (str(ledger.newest_id(table)) for table in ("mailings", "batches", "audit"))
        ledger.keep_fact(_FACT, " ".join((moment.at, *last)))


def accept_time_zone(ledger: Ledger, zone: str, moment: Moment, actor: Actor, reason: str) -> str | None:
    """Let days be booked by this time zone from now on, as a person says; return by which they were.

    What is booked stays as it is. Raises LedgerError while a run is sending: it books by the other one.
    """
    with ledger.transaction():
        restoring.refuse_rehearsed(ledger)
        before = ledger.fact(TIME_ZONE)
        if before == zone:
            return before
        if ledger.rows("SELECT 1 FROM batches WHERE settled_at IS NULL UNION ALL SELECT 1 FROM openings"):
            raise LedgerError(
                say("{path}: a run is sending from it.", path=ledger.engine.place),
                hint=say("Wait until it has ended, or stop it; then say it again."),
            )
        ledger.keep_fact(TIME_ZONE, zone)
        audit.record(ledger, moment, actor, "accept-time-zone", "ledger", f"time zone {zone}", reason)
    return before


def newest_time(ledger: Ledger) -> str | None:
    """Return the newest time in the last row of each table, leaving out times of a clock that was wrong.

    A time is wrong if it is beyond the clock that a person accepted (`accept_clock`), and its row was there
    then. A message of such a row still counts as sent, namely now (`repeats`, `packages`).
    """
    accepted = _accepted(ledger)
    row = ledger.one(
        "SELECT MAX(at) FROM (SELECT * FROM (SELECT created_at AS at, id <= ? AS old FROM mailings"
        "  ORDER BY id DESC LIMIT 1) AS a"
        " UNION ALL SELECT * FROM (SELECT claimed_at, id <= ? FROM batches ORDER BY id DESC LIMIT 1) AS b"
        " UNION ALL SELECT * FROM (SELECT settled_at, id <= ? FROM batches ORDER BY id DESC LIMIT 1) AS c"
        " UNION ALL SELECT * FROM (SELECT at, id <= ? FROM audit ORDER BY id DESC LIMIT 1) AS d) AS newest"
        " WHERE NOT (old AND at > ?)",
        accepted.mailing,
        accepted.batch,
        accepted.batch,
        accepted.audit,
        accepted.at,
    )
    return None if row is None or row[0] is None else str(row[0])


def no_earlier(ledger: Ledger, moment: Moment) -> Moment:
    """Return the moment with the ledger's newest time, where the clock is behind that."""
    return moment._replace(at=max(moment.at, newest_time(ledger) or ""))


def time_ahead(ledger: Ledger, moment: Moment) -> str | None:
    """Return the newest time if the clock is too far behind it; None if not, or if a person accepted it."""
    newest = newest_time(ledger)
    if newest is None or not _is_behind(moment, newest):
        return None
    is_accepted = ledger.fact(_FACT) == newest  # an earlier smsctl kept no more than the newest time
    return None if is_accepted else newest


class _Accepted(NamedTuple):
    """What the clock showed when a person accepted it, and the last row of each table at that time."""

    at: str = ""
    mailing: int = 0
    batch: int = 0
    audit: int = 0


def _accepted(ledger: Ledger) -> _Accepted:
    kept = ledger.fact(_FACT) or ""
    if " " not in kept:
        return _Accepted()
    at, mailing, batch, audited = kept.split()
    return _Accepted(at=at, mailing=int(mailing), batch=int(batch), audit=int(audited))


def _refuse_on_server(ledger: Ledger) -> None:
    standing = ledger.engine.standing()
    if standing is None:
        return
    if wrong := standing.unfit(ledger.engine.place):
        raise wrong
    hosts.note_what_is_missing(ledger)


def _refuse_backwards(ledger: Ledger, moment: Moment) -> None:
    newest = time_ahead(ledger, moment)
    if newest:
        raise LedgerError(
            say(
                "The clock says {now}, but the ledger has an entry of {newest}; nothing was sent.",
                now=moment.at,
                newest=newest,
            ),
            hint=_MEND,
        )


def _is_behind(moment: Moment, newest: str) -> bool:
    return datetime.fromisoformat(moment.at) < datetime.fromisoformat(newest) - BACKWARDS
