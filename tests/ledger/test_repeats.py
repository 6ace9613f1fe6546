"""When the same text counts as sent: for 20 hours, from when it left or from when it is to arrive."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo

import pytest

from smsctl.domain.moment import Moment, Uptime
from smsctl.ledger import mailings, repeats
from smsctl.ledger.store import Ledger

from .conftest import on
from .sending import activate, new, send

STOCKHOLM = timezone(timedelta(hours=1))


@pytest.mark.parametrize(
    ("asked", "counts"),
    [
        (on("2026-11-22", "23:00:00.000"), True),  # it is held
        (on("2026-11-25", "08:00:00.000"), True),
        (on("2026-11-26", "02:29:00.000"), True),  # 20 hours after 06:30 UTC
        (on("2026-11-26", "02:31:00.000"), False),
    ],
)
@pytest.mark.parametrize("zone", [UTC, STOCKHOLM])
def test_what_the_gateway_sends_later_counts_from_then(
    ledger: Ledger, asked: Moment, zone: tzinfo, *, counts: bool
) -> None:
    activate(ledger)
    plain = new(body="Later")
    at = datetime(2026, 11, 25, 6, 30, tzinfo=UTC).astimezone(zone)
    send(ledger, 2, plain._replace(letter=plain.letter._replace(send_at=at)))
    assert bool(repeats.already_sent(ledger, mailings.body_hash("Later"), asked)) is counts


def test_what_left_at_once_counts_from_its_batch(ledger: Ledger) -> None:
    activate(ledger)
    send(ledger, 2, new(body="At once"))
    body_hash = mailings.body_hash("At once")
    assert repeats.already_sent(ledger, body_hash, on("2026-11-22", "07:00:00.000"))
    assert not repeats.already_sent(ledger, body_hash, on("2026-11-25", "08:00:00.000"))


@pytest.mark.parametrize(("hours", "boot", "counts"), [(19, "a", True), (21, "a", False), (19, "b", False)])
def test_what_a_clock_that_was_slow_has_sent_counts_by_the_machine_s_own(
    hours: float, boot: str, *, counts: bool, ledger: Ledger
) -> None:
    """Such as one that is set over the network only when smsctl has run already."""
    activate(ledger)
    send(ledger, 2, new(body="Slow"))
    with ledger.transaction():
        ledger.write("UPDATE batches SET boot = 'a', boot_s = 60")
    asked = on("2026-11-30")._replace(up=Uptime(boot=boot, s=60 + 3600 * hours))
    assert bool(repeats.already_sent(ledger, mailings.body_hash("Slow"), asked)) is counts
