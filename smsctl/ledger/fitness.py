"""Whether the ledger may be sent from now: it is no old copy, the clock is right, the disk has room."""

from datetime import datetime, timedelta

from smsctl.domain.moment import Actor, Moment
from smsctl.errors import LedgerError, say
from smsctl.ledger import audit, place, restoring
from smsctl.ledger.store import Ledger

BACKWARDS = timedelta(minutes=5)
"""So far behind the ledger's newest time the clock may be: two machines never agree to the second."""

_FACT = "accepted-clock"


def must_be_fit(ledger: Ledger, moment: Moment, *, rows: int = 0) -> None:
    """Raise LedgerError where a mailing must not be begun or gone on with; `rows` are still to be written."""
    restoring.refuse_restored(ledger)
    if ledger.high_water:
        ledger.high_water.must_take_marks()
    _refuse_backwards(ledger, moment)
    place.must_have_room(ledger.path, rows)


def accept_clock(ledger: Ledger, moment: Moment, actor: Actor, reason: str) -> None:
    """Let the clock be right and the ledger's newest time wrong, by a person's word; nothing if it is not."""
    newest = newest_time(ledger)
    if newest is None or not _is_behind(moment, newest):
        return
    with ledger.transaction():
        audit.record(ledger, moment, actor, "accept-clock", "ledger", f"newest time {newest}", reason)
        # The row just written may have changed what the newest time is.
        ledger.write(
            "INSERT INTO facts (name, value) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            _FACT,
            newest_time(ledger) or newest,
        )


def newest_time(ledger: Ledger) -> str | None:
    """Return the newest time in the ledger's last rows; earlier rows, of a wrong clock, may be newer."""
    row = ledger.one(
        "SELECT MAX(at) FROM (SELECT (SELECT created_at FROM mailings ORDER BY id DESC LIMIT 1) AS at"
        " UNION ALL SELECT (SELECT claimed_at FROM batches ORDER BY id DESC LIMIT 1)"
        " UNION ALL SELECT (SELECT settled_at FROM batches ORDER BY id DESC LIMIT 1)"
        " UNION ALL SELECT (SELECT at FROM audit ORDER BY id DESC LIMIT 1)) AS newest"
    )
    return None if row is None or row[0] is None else str(row[0])


def time_ahead(ledger: Ledger, moment: Moment) -> str | None:
    """Return the ledger's newest time where the clock is too far behind it and nobody has accepted that."""
    newest = newest_time(ledger)
    if newest is None or not _is_behind(moment, newest):
        return None
    accepted = ledger.one("SELECT value FROM facts WHERE name = ?", _FACT)
    return None if accepted is not None and accepted[0] == newest else newest


def _refuse_backwards(ledger: Ledger, moment: Moment) -> None:
    newest = time_ahead(ledger, moment)
    if newest:
        raise LedgerError(
            say(
                "The clock says {now}, but the ledger has an entry of {newest}; nothing was sent.",
                now=moment.at,
                newest=newest,
            ),
            hint=say("Set the clock right. If it is right, go on with: --accept-clock --reason TEXT"),
        )


def _is_behind(moment: Moment, newest: str) -> bool:
    return datetime.fromisoformat(moment.at) < datetime.fromisoformat(newest) - BACKWARDS
