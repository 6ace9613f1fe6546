import pytest

from smsctl.domain.message import Status
from smsctl.ledger import health
from smsctl.ledger.health import KeyedRun
from smsctl.ledger.store import Ledger

from . import sending
from .conftest import on
from .sending import new


def keyed(ledger: Ledger, key: str, day: str, state: Status) -> int:
    made_of = new(body=key)._replace(run_key=key)
    mailing = sending.begin(ledger, 2, made_of, on(day))
    claimed = sending.claim(ledger, mailing, moment=on(day))
    sending.settle(ledger, mailing, claimed, [state, Status.ACCEPTED], on(day))
    return mailing.id


def test_each_key_is_told_of_by_its_own_mailings(ledger: Ledger) -> None:
    sending.activate(ledger, moment=on("2026-11-01"))
    keyed(ledger, "weekly-2026-W46", "2026-11-09", Status.ACCEPTED)
    keyed(ledger, "weekly-2026-W47", "2026-11-16", Status.REJECTED)
    weekly = keyed(ledger, "weekly-2026-W48", "2026-11-23", Status.UNKNOWN)
    daily = keyed(ledger, "daily-2026-11-24", "2026-11-24", Status.ACCEPTED)
    last, before = on("2026-11-24").at, on("2026-11-16").at
    assert health.keyed_runs(ledger) == (
        KeyedRun(key="daily-{date}", mailing=daily, at=last, unfinished=0, last_good_at=last),
        KeyedRun(
            key="weekly-{week}",
            mailing=weekly,
            at=on("2026-11-23").at,
            unfinished=1,
            last_good_at=before,
        ),
    )


@pytest.mark.parametrize("slot", ["2026-10-25T02", "2026-10-25T02+0100", "2026-10-25T01-0500"])
def test_the_slot_of_an_hour_is_known_also_where_it_tells_its_offset(slot: str) -> None:
    assert health.without_slot(f"alarm-{slot}") == "alarm-{hour}"
