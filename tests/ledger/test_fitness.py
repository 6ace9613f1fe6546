from contextlib import suppress
from pathlib import Path

import pytest

from smsctl.errors import ExitCode, LedgerError
from smsctl.ledger import audit, fitness
from smsctl.ledger.store import Ledger

from . import sending
from .conftest import ACTOR, on
from .places import on_small_disk, python, why_no_mounts
from .runs import Taker, new_mailing, now, send_all

DAY = "2026-11-22"


@pytest.fixture
def at_eight(ledger: Ledger) -> Ledger:
    """A ledger whose newest entry is of eight o'clock."""
    new_mailing(ledger, 2, moment=on(DAY, "08:00:00.000"))
    return ledger


@pytest.mark.parametrize("clock", ["07:55:00.000", "07:59:00.000", "08:00:00.000", "23:00:00.000"])
def test_a_clock_that_is_hardly_behind_is_right(clock: str, at_eight: Ledger) -> None:
    fitness.must_be_fit(at_eight, on(DAY, clock))


@pytest.mark.parametrize(
    ("day", "clock"), [(DAY, "07:54:59.999"), (DAY, "06:00:00.000"), ("1970-01-01", "00:00:00.000")]
)
def test_a_clock_that_went_back_stops_everything(day: str, clock: str, at_eight: Ledger) -> None:
    with pytest.raises(LedgerError) as caught:
        fitness.must_be_fit(at_eight, on(day, clock))
    assert str(caught.value) == (
        f"The clock says {day}T{clock}Z, but the ledger has an entry of {DAY}T08:00:00.000Z;"
        " nothing was sent."
    )
    assert caught.value.exit_code is ExitCode.LEDGER
    assert "--accept-clock --reason TEXT" in str(caught.value.hint)
    with pytest.raises(LedgerError, match="The clock says"):
        new_mailing(at_eight, 2, moment=on(day, clock))


def test_the_very_first_batch_is_a_time_as_any_other(ledger: Ledger) -> None:
    sending.activate(ledger, moment=on(DAY, "08:00:00.000"))
    mailing = sending.begin(ledger, 2, moment=on(DAY, "08:00:00.000"))
    sending.claim(ledger, mailing, moment=on(DAY, "20:00:00.000"))
    assert fitness.newest_time(ledger) == f"{DAY}T20:00:00.000Z"


def test_an_empty_ledger_knows_no_time(ledger: Ledger) -> None:
    fitness.must_be_fit(ledger, on("1970-01-01"))


def test_a_gateway_is_not_asked_while_the_clock_is_behind(ledger: Ledger) -> None:
    mailing, gateway = new_mailing(ledger, 2, moment=on("2099-01-01")), Taker()
    with pytest.raises(LedgerError, match="The clock says"):
        send_all(ledger, mailing, gateway)
    assert not gateway.taken


def test_an_accepted_clock_goes_on_and_is_audited(at_eight: Ledger) -> None:
    early = on(DAY, "05:00:00.000")
    fitness.accept_clock(at_eight, early, ACTOR, "the clock was two hours ahead")
    fitness.must_be_fit(at_eight, early)
    row = audit.read(at_eight, most=1)[0]
    assert (row.action, row.user, row.reason) == ("accept-clock", ACTOR.user, "the clock was two hours ahead")
    assert row.detail == f"newest time {DAY}T08:00:00.000Z"


def test_a_clock_that_is_accepted_once_is_watched_again(at_eight: Ledger) -> None:
    fitness.accept_clock(at_eight, on(DAY, "05:00:00.000"), ACTOR, "it was ahead")
    new_mailing(at_eight, 2, moment=on(DAY, "05:01:00.000"))
    fitness.must_be_fit(at_eight, on(DAY, "05:02:00.000"))
    with pytest.raises(LedgerError, match="The clock says"):
        fitness.must_be_fit(at_eight, on(DAY, "04:00:00.000"))


def test_rows_of_a_clock_that_was_ahead_are_left_out_and_no_others(at_eight: Ledger) -> None:
    fitness.accept_clock(at_eight, on(DAY, "05:00:00.000"), ACTOR, "it was ahead")
    assert fitness.newest_time(at_eight) == f"{DAY}T05:00:00.000Z"  # the acceptance itself
    with at_eight.transaction():
        audit.record(at_eight, on(DAY, "06:00:00.000"), ACTOR, "block", "a number")
    assert fitness.newest_time(at_eight) == f"{DAY}T06:00:00.000Z"
    with pytest.raises(LedgerError, match="The clock says"):
        fitness.must_be_fit(at_eight, on(DAY, "05:30:00.000"))


def test_a_clock_that_was_accepted_in_an_earlier_version_is_still_accepted(at_eight: Ledger) -> None:
    with at_eight.transaction():
        at_eight.write("INSERT INTO facts VALUES ('accepted-clock', ?)", f"{DAY}T08:00:00.000Z")
    fitness.must_be_fit(at_eight, on(DAY, "05:00:00.000"))


def test_a_wrong_time_in_an_old_mailing_is_accepted_once_for_all_of_its_runs(ledger: Ledger) -> None:
    mailing, gateway = new_mailing(ledger, 4, moment=on("2099-01-01")), Taker()
    fitness.accept_clock(ledger, now(), ACTOR, "no battery")
    send_all(ledger, mailing, gateway)
    send_all(ledger, mailing, gateway)
    assert len(gateway.taken) == 4


def test_a_clock_that_is_right_needs_no_acceptance(at_eight: Ledger) -> None:
    fitness.accept_clock(at_eight, on(DAY, "09:00:00.000"), ACTOR, "to be sure")
    assert audit.read(at_eight, most=1)[0].action != "accept-clock"


def booked_by(ledger: Ledger, zone: str | None) -> None:
    """Write something into the ledger by a config that names this time zone."""
    ledger.engine.time_zone = zone
    with ledger.transaction():
        audit.record(ledger, now(), ACTOR, "block", "a number")


def test_days_are_booked_by_one_time_zone(ledger: Ledger) -> None:
    booked_by(ledger, "Europe/Stockholm")
    booked_by(ledger, "Europe/Stockholm")
    booked_by(ledger, None)  # whoever books no day
    with pytest.raises(LedgerError, match="books its days by Europe/Stockholm") as refused:
        booked_by(ledger, "Pacific/Auckland")
    assert (refused.value.exit_code, "accept-time-zone" in str(refused.value.hint)) == (ExitCode.INPUT, True)
    assert len(audit.read(ledger)) == 3
    with pytest.raises(LedgerError, match="and the config names Pacific/Auckland"):
        fitness.must_be_fit(ledger, now())


def test_a_transaction_that_is_taken_back_names_no_time_zone(ledger: Ledger) -> None:
    ledger.engine.time_zone = "Europe/Stockholm"
    with suppress(ZeroDivisionError), ledger.transaction():
        _ = 1 / 0
    booked_by(ledger, "Pacific/Auckland")


def test_a_person_names_another_one_and_it_is_audited(ledger: Ledger) -> None:
    booked_by(ledger, "Europe/Stockholm")
    ledger.engine.time_zone = None
    assert fitness.accept_time_zone(ledger, "Pacific/Auckland", now(), ACTOR, "moved") == "Europe/Stockholm"
    assert fitness.accept_time_zone(ledger, "Pacific/Auckland", now(), ACTOR, "moved") == "Pacific/Auckland"
    row = audit.read(ledger, most=1)[0]
    assert (row.action, row.detail, row.reason) == ("accept-time-zone", "time zone Pacific/Auckland", "moved")
    assert [one.action for one in audit.read(ledger)].count("accept-time-zone") == 1
    booked_by(ledger, "Pacific/Auckland")
    with pytest.raises(LedgerError, match="books its days by Pacific/Auckland"):
        booked_by(ledger, "Europe/Stockholm")


def test_nobody_names_another_one_while_a_run_is_sending(ledger: Ledger) -> None:
    """Its answers would find the ledger closed, and their messages would be unknown."""
    sending.activate(ledger)
    sending.claim(ledger, sending.begin(ledger, 2))
    with pytest.raises(LedgerError, match="a run is sending from it"):
        fitness.accept_time_zone(ledger, "Pacific/Auckland", now(), ACTOR, "moved")
    booked_by(ledger, "Europe/Stockholm")


def test_a_disk_without_room_for_the_rows_is_told_before_anything_is_written(tmp_path: Path) -> None:
    if why := why_no_mounts(tmp_path):
        pytest.skip(why)
    code = (
        "import sys; from pathlib import Path\n"
        "from smsctl.errors import LedgerError\n"
        "from smsctl.ledger.store import open_ledger\n"
        "from tests.ledger.runs import new_mailing\n"
        "ledger = open_ledger(Path(sys.argv[1]) / 'ledger.db')\n"
        "new_mailing(ledger, 10, body='fits')\n"
        "try: new_mailing(ledger, 5000, body='does not')\n"
        "except LedgerError as error: print(error, int(error.exit_code))\n"
        "print(ledger.rows('SELECT COUNT(*) FROM messages'))"
    )
    ran = on_small_disk(tmp_path, python(code, tmp_path), size="16m")
    told, held = ran.stdout.splitlines()
    assert " MB left, and 21 MB are needed; nothing was sent. 9" in told, ran.stderr
    assert held == "[(10,)]"
