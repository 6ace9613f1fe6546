"""The machine's clock while something is sent: a process whose clock is set back in the middle."""

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from smsctl.simulator.server import Behaviour

from ..conftest import Live, LiveGateway
from ..front_door import SMSCTL, Ran, Run, Terminal
from .conftest import guardians, wait_until

SLOW = Behaviour(latency_s=0.2)
CAREFUL = {"batch_size": 5}
RUN_S = 60


class Clock:
    """What a process takes for the clock: this machine's, so far away."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.set("+0")

    def set(self, away: str) -> None:
        self._file.write_text(f"{away}\n", encoding="utf-8")

    @property
    def environ(self) -> Mapping[str, str]:
        return os.environ | {
            "LD_PRELOAD": library(),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


@cache
def library() -> str:
    """What is loaded into a process for another clock; for several threads."""
    named = ["faketime", "-f", "+0", "printenv", "LD_PRELOAD"]
    told = subprocess.run(named, capture_output=True, text=True, timeout=RUN_S, check=True).stdout.strip()
    return told.replace("libfaketime.so", "libfaketimeMT.so")


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    if shutil.which("faketime") is None:
        pytest.skip("faketime is not installed: no process can be given another clock")
    return Clock(tmp_path)


def begin(clock: Clock, *argv: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*SMSCTL, *map(str, argv)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clock.environ,
    )


def end(process: "subprocess.Popen[str]") -> Ran:
    out, err = process.communicate(timeout=RUN_S)
    return Ran(code=process.returncode, out=out, err=err)


def send(live: Live, message: Path) -> tuple[object, ...]:
    words = ("send", message, "--all", "--yes", "--max-parts", 1000, "--max-new-packages", 1)
    return ("--config", live.config, *words)


def numbers(live: Live) -> list[str]:
    return [one.recipient for one in live.simulator.accepted()]


def test_a_clock_that_is_set_back_stops_the_run_and_nobody_is_reached_twice(
    clock: Clock, live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = live_gateway(SLOW, rows=guardians(40), gateway=CAREFUL)
    process = begin(clock, *send(live, message))
    wait_until(lambda: len(numbers(live)) >= 10)
    clock.set("-21h")
    ran = end(process)
    assert ran.code == 9, ran.said
    assert "The clock went back to " in ran.err
    taken = len(numbers(live))
    assert 10 <= taken < 40
    told = run("--config", live.config, "mailings", "show", 1, "--json").data["states"]
    assert told == {"accepted": taken, "pending": 40 - taken}
    # Whoever sends the text again, the clock being right, reaches nobody whom it has reached.
    assert run(*send(live, message)).code == 5  # the rest is reserved by the first mailing
    assert run("--config", live.config, "mailings", "resume", 1).code == 0
    assert len(numbers(live)) == len(set(numbers(live))) == 40


def test_what_a_clock_that_was_ahead_has_sent_counts_as_sent_now(
    clock: Clock, live_gateway: LiveGateway, message: Path, run: Run, tmp_path: Path
) -> None:
    live = live_gateway(rows=guardians(6), limits={"max_parts_per_day": 10})
    clock.set("+30h")
    assert end(begin(clock, *send(live, message))).code == 0
    assert run(*send(live, message)).code == 9
    accepted = ("--accept-clock", "--reason", "it was a day ahead")
    ran = run(*send(live, message), *accepted)
    assert ran.code == 5, ran.said
    other = tmp_path / "other.txt"
    other.write_text("Något annat", encoding="utf-8")
    ran = run(*send(live, other))  # the clock is accepted once for all
    assert ran.code == 5, ran.said
    assert "max_parts_per_day" in ran.err
    assert len(numbers(live)) == 6


def in_minutes(minutes: int) -> str:
    return f"{datetime.now(ZoneInfo('Europe/Stockholm')) + timedelta(minutes=minutes):%H:%M}"


@pytest.mark.parametrize("words", ["send", "send --at", "resume"])
def test_an_answer_that_comes_too_late_sends_nothing(
    words: str, clock: Clock, live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    quiet = f"{in_minutes(30)}-{in_minutes(90)}"
    limits = {"quiet_hours": False if words == "send --at" else quiet}
    live = live_gateway(Behaviour(username="demo"), rows=guardians(2), limits=limits)
    argv: tuple[object, ...] = ("send", message, "--all")
    if words == "send --at":
        argv = (*argv, "--at", in_minutes(30))
    if words == "resume":
        right = live.config.read_text(encoding="utf-8")
        live.config.write_text(right.replace('"demo"', '"nobody"'), encoding="utf-8")
        assert run(*send(live, message)).code == 6
        live.config.write_text(right, encoding="utf-8")
        argv = ("mailings", "resume", 1)
    with Terminal("--config", live.config, *argv, columns=120, **clock.environ) as terminal:
        terminal.wait_for("[y/N]")
        clock.set("+1h")
        terminal.type("y")
        ran = terminal.end()
    assert (ran.code, "The answer came" in ran.seen, numbers(live)) == (5, True, [])


@pytest.mark.parametrize("module", ["intelecom", "pswincom"])
def test_what_leaves_after_the_time_of_its_mailing_leaves_at_once(
    module: str, live_gateway: LiveGateway, message: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = {"module": module, "service_id": 4711 if module == "intelecom" else None, "batch_size": 2}
    live = live_gateway(rows=guardians(6), gateway=account, limits={"quiet_hours": False})
    right, passed_s = time.time, timedelta(minutes=45).total_seconds()
    monkeypatch.setattr(time, "time", lambda: right() + (passed_s if live.simulator.accepted() else 0))
    ran = run(*send(live, message), "--at", in_minutes(30))
    assert (ran.code, len(live.simulator.accepted())) == (0, 6)
    assert [one.send_at is not None for one in live.simulator.accepted()] == [True, True, *[False] * 4]


@pytest.mark.parametrize("module", ["intelecom", "pswincom"])
def test_what_is_held_at_the_gateway_is_not_dropped_before_its_time(
    module: str, live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    account = {"module": module, "service_id": 4711 if module == "intelecom" else None, "validity": "30m"}
    live = live_gateway(rows=guardians(1), gateway=account, limits={"quiet_hours": False})
    assert run(*send(live, message), "--at", in_minutes(55)).code == 0
    (sent,) = live.simulator.accepted()
    assert sent.validity is not None
    valid_min = sent.validity if module == "pswincom" else 5 * (sent.validity + 1)
    assert 30 + 53 < valid_min <= 30 + 55 + 5


def test_the_gateways_own_clock_can_be_told(live_gateway: LiveGateway, message: Path, run: Run) -> None:
    account = {"module": "pswincom", "service_id": None, "gateway_time_zone": "Etc/GMT-3"}
    live = live_gateway(rows=guardians(1), gateway=account, limits={"quiet_hours": False})
    at = datetime.now(ZoneInfo("Europe/Stockholm")).replace(second=0, microsecond=0) + timedelta(minutes=55)
    assert run(*send(live, message), "--at", f"{at:%Y-%m-%dT%H:%M}").code == 0
    (sent,) = live.simulator.accepted()  # whose clock is an hour ahead of UTC
    assert datetime.fromisoformat(sent.send_at or "") - at == timedelta(hours=2)
