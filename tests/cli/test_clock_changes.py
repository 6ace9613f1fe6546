"""The two nights a year in which the clock is changed: an hour is an hour, whatever the clock shows."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from smsctl.simulator.server import Behaviour

from ..conftest import LiveGateway
from ..front_door import Run
from .conftest import guardians

ROWS = guardians(2)
ANY_HOUR: dict[str, object] = {"quiet_hours": False}
REAL_TIME = time.time


def last_sunday(month: int) -> datetime:
    """When the clock is changed in a month of next year: a gateway takes what is for that night."""
    last = datetime(datetime.now(UTC).year + 1, month, 31, 1, tzinfo=UTC)
    return last - timedelta(days=last.isoweekday() % 7)


PUT_FORWARD, PUT_BACK = last_sunday(3), last_sunday(10)


def set_clock(monkeypatch: pytest.MonkeyPatch, at: datetime) -> None:
    """Let the clock of what is run show this time, and go on."""
    ahead_s = at.timestamp() - REAL_TIME()
    monkeypatch.setattr(time, "time", lambda: REAL_TIME() + ahead_s)


@pytest.mark.parametrize(("module", "days"), [("intelecom", 30), ("pswincom", 7)])
@pytest.mark.parametrize("changed", [PUT_BACK, PUT_FORWARD])
def test_a_gateway_is_asked_to_hold_no_mailing_for_longer_than_it_does(
    module: str,
    days: int,
    changed: datetime,
    live_gateway: LiveGateway,
    message: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = {"module": module, "service_id": 4711 if module == "intelecom" else None}
    live = live_gateway(rows=ROWS, gateway=account, limits=ANY_HOUR)
    now = changed - timedelta(days=2)
    set_clock(monkeypatch, now)
    argv = ("send", message, "--all", "--max-parts", 9, "--max-new-packages", 1, "--dry-run")
    for minutes, code in (-61, 0), (1, 8):
        at = now + timedelta(days=days, minutes=minutes)
        ran = run("--config", live.config, *argv, "--at", at.isoformat())
        assert ran.code == code, ran.said


@pytest.mark.parametrize(
    ("changed", "hours", "code"), [(PUT_BACK, 24.5, 5), (PUT_FORWARD, 23.5, 0)], ids=["back", "forward"]
)
def test_a_file_is_as_old_for_doctor_as_it_is_for_send(
    changed: datetime,
    hours: float,
    code: int,
    live_gateway: LiveGateway,
    message: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    live = live_gateway(rows=ROWS, limits=ANY_HOUR, recipients_max_age="1d")
    now = changed + timedelta(hours=9)
    (recipients,) = live.config.parent.glob("*.csv")
    written = (now - timedelta(hours=hours)).timestamp()
    os.utime(recipients, (written, written))
    set_clock(monkeypatch, now)
    argv = ("send", message, "--all", "--yes", "--max-parts", 9, "--max-new-packages", 1)
    assert run("--config", live.config, *argv).code == code
    told = run("--config", live.config, "doctor", "--json").data["checks"]
    assert [one["level"] for one in told if one["check"] == "recipients"] == ["error" if code else "ok"]


def test_what_is_resumed_just_before_the_clock_is_put_back_is_put_off_by_no_hour(
    live_gateway: LiveGateway, message: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = live_gateway(Behaviour(username="demo"), rows=ROWS, limits=ANY_HOUR)
    right = live.config.read_text(encoding="utf-8")
    live.config.write_text(right.replace('"demo"', '"nobody"'), encoding="utf-8")
    set_clock(monkeypatch, PUT_BACK - timedelta(minutes=10))
    argv = ("send", message, "--all", "--yes", "--max-parts", 9, "--max-new-packages", 1)
    at = PUT_BACK + timedelta(minutes=15)
    assert run("--config", live.config, *argv, "--at", at.isoformat()).code == 6
    live.config.write_text(right, encoding="utf-8")
    set_clock(monkeypatch, PUT_BACK - timedelta(seconds=30))
    ran = run("--config", live.config, "mailings", "resume", 1, "--yes")
    assert ran.code == 0, ran.said
    assert {datetime.fromisoformat(str(one.send_at)) for one in live.simulator.accepted()} == {at}
