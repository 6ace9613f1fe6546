"""For how long a text counts as sent: 20 hours from when it was claimed, or from when it was to leave."""

from datetime import datetime, timedelta

from smsctl.domain.moment import Moment, stamp
from smsctl.ledger.store import Ledger

WINDOW = timedelta(hours=20)
Window = tuple[str, str | None, float]
# What was claimed since then by the clock that nobody sets was so, whatever its date says.
BATCH_COUNTS = "(b.claimed_at >= ? OR (b.boot = ? AND b.boot_s >= ?))"
MESSAGE_COUNTS = "m.state NOT IN ('pending', 'rejected', 'cancelled')"
COUNTS_FOR_A_RETRY = (
    "(m.state NOT IN ('pending', 'rejected', 'cancelled', 'failed', 'expired')"
    " OR m.earlier_batch IS NOT NULL OR m.taken_besides > 0)"
)
"""For a mailing to those who were not reached: what did not arrive does not count, unless it left twice."""

_BATCHES = (
    "SELECT b.first_message, b.last_message, b.id FROM batches b WHERE b.mailing = ? AND [COUNTS]"
).replace("[COUNTS]", BATCH_COUNTS)


def batches_of(
    ledger: Ledger, mailing: int, send_at: str | None, moment: Moment
) -> list[tuple[int, int, int]]:
    """Return the batches of a mailing that count: the first and the last of their messages, and the id."""
    return ledger.rows(_BATCHES, mailing, *window(read(send_at), moment))


def window(send_at: datetime | None, moment: Moment) -> Window:
    """Return the oldest claim that still counts: its date, and in which boot how long the machine was up."""
    since = datetime.fromisoformat(moment.at) - WINDOW
    is_late = send_at is not None and send_at >= since
    boot, up_s = moment.up or (None, 0.0)
    return "" if is_late else stamp(since), boot, up_s - WINDOW.total_seconds()


def read(send_at: str | None) -> datetime | None:
    """Return a time as it is stored."""
    return None if send_at is None else datetime.fromisoformat(send_at)
