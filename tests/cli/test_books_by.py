"""The time zone by which a ledger books its days: one, whichever config opens it, on both engines."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from ..conftest import Live, LiveGateway
from ..front_door import Ran, Run, begin_process
from .test_reports import FROM_ENVIRONMENT, LONG_S, listening

OURS, THEIRS = "Europe/Stockholm", "Pacific/Auckland"


class Ledgers:
    """One ledger, and two configs that name it: of two hosts, or of before and after a move."""

    def __init__(self, live: Live, run: Run) -> None:
        self.live, self._run = live, run
        self.configs = {OURS: live.config, THEIRS: live.config.with_name("theirs.toml")}
        self.configs[THEIRS].write_text(f'time_zone = "{THEIRS}"\n{live.config.read_text("utf-8")}', "utf-8")

    def by(self, zone: str, *argv: object) -> Ran:
        return self._run("--config", self.configs[zone], *argv)

    def send(self, zone: str, text: str, *flags: object) -> Ran:
        message = self.live.config.with_name("text.txt")
        message.write_text(text, encoding="utf-8")
        return self.by(zone, "send", message, "--all", "--yes", "--max-parts", 3, *flags)


@pytest.fixture(params=["file", "server"])
def ledgers(
    request: pytest.FixtureRequest, live_gateway: LiveGateway, run: Run, monkeypatch: pytest.MonkeyPatch
) -> Ledgers:
    monkeypatch.setenv("SMSCTL_REPORTS_SECRET", "canary-of-the-reports")
    ledger: dict[str, object] = {"path": "ledger/ledger.db"}
    if request.param == "server":
        ledger = {"path": None, "url": request.getfixturevalue("url"), "state": "state"}
    live = live_gateway(ledger=ledger, reports=FROM_ENVIRONMENT)
    run("--config", live.config, "ledger", "accept-restore", "--reason", "new")
    return Ledgers(live, run)


def stop_sms() -> bytes:
    fields = {"messageid": "m1", "originator": "+46701740606", "content": "STOP", "sno": "71234"}
    return json.dumps({"mo": [fields]}).encode()


def test_a_config_that_names_another_one_books_nothing_and_reads_all(ledgers: Ledgers) -> None:
    assert ledgers.send(OURS, "Hej").code == 0
    for argv in (
        ("test", "+46701740605", "Hej"),
        ("block", "add", "0701740699"),
        ("mailings", "cancel", 1),
        ("municipality", "deactivate", "exempelkommun", "--yes"),
        ("doctor",),
    ):
        ran = ledgers.by(THEIRS, *argv)
        assert (ran.code, f"books its days by {OURS}" in ran.said) == (8, True), (argv, ran.said)
        assert "accept-time-zone --reason TEXT" in ran.said
    for flag in ("--quiet", "--dry-run"):
        ran = ledgers.send(THEIRS, "Hej igen", flag)
        assert (ran.code, f"names {THEIRS}" in ran.said) == (8, True), ran.said
    for reading in ("usage", "mailings list", "mailings show 1", "block list"):
        ran = ledgers.by(THEIRS, *reading.split())
        assert (ran.code, f"books its days by {OURS}" in ran.said) == (0, True), (reading, ran.said)
    assert len(ledgers.live.simulator.accepted()) == 3
    assert f"books its days by {OURS}" not in ledgers.by(OURS, "usage").said


def test_a_person_says_by_which_one_from_now_on(ledgers: Ledgers) -> None:
    assert ledgers.send(OURS, "Hej").code == 0
    assert ledgers.by(THEIRS, "ledger", "accept-time-zone").code == 2
    accepted = ledgers.by(THEIRS, "ledger", "accept-time-zone", "--reason", "moved", "--json")
    assert (accepted.code, accepted.data["before"], accepted.data["time_zone"]) == (0, OURS, THEIRS)
    again = ledgers.by(THEIRS, "ledger", "accept-time-zone", "--reason", "moved")
    assert (again.code, f"books its days by {THEIRS} already" in again.said) == (0, True), again.said
    assert ledgers.send(THEIRS, "Hej igen").code == 0
    refused = ledgers.send(OURS, "Hej en gång till")
    assert (refused.code, f"books its days by {THEIRS}" in refused.said) == (8, True), refused.said
    told = ledgers.by(THEIRS, "audit").said
    assert ("another time zone accepted" in told, f"time zone {THEIRS}" in told) == (True, True), told
    assert ledgers.by(THEIRS, "ledger", "check").code == 0


def test_a_rehearsal_goes_by_any(ledgers: Ledgers) -> None:
    for zone in (OURS, THEIRS):
        assert ledgers.by(zone, "block", "add", "0701740699", "--simulate").code == 0


@pytest.mark.parametrize("ledgers", ["file"], indirect=True)
def test_a_ledger_of_before_goes_by_the_config_that_books_first(ledgers: Ledgers, tmp_path: Path) -> None:
    assert ledgers.send(OURS, "Hej").code == 0
    with sqlite3.connect(tmp_path / "ledger" / "ledger.db") as hand:
        hand.execute("DELETE FROM facts WHERE name = 'time-zone'")
    assert ledgers.by(THEIRS, "usage").code == 0
    assert ledgers.send(OURS, "Hej igen").code == 0
    assert ledgers.send(THEIRS, "Hej en gång till").code == 8


def test_without_it_two_configs_book_one_minute_on_two_days(
    ledgers: Ledgers, set_clocks: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    set_clocks("2027-02-28T12:00Z")
    for place in ("store", "restoring", "sqlite.engine", "postgres.identity"):
        monkeypatch.setattr(f"smsctl.ledger.{place}.other_time_zone", lambda *_given: None)
    for zone in (OURS, THEIRS):
        sent = ledgers.send(zone, f"Hej {zone}")
        assert sent.code == 0, sent.said
    (used,) = ledgers.by(OURS, "usage", "--json").data["municipalities"]
    assert {one["month"]: one["parts"] for one in used["months"] if one["parts"]} == {
        "2027-02": 3,
        "2027-03": 3,
    }


def test_a_listener_goes_by_it(ledgers: Ledgers) -> None:
    assert ledgers.send(OURS, "Hej").code == 0
    with listening(ledgers.configs[OURS]) as ears:
        assert ears.push(stop_sms()) == 200
        assert ledgers.by(THEIRS, "ledger", "accept-time-zone", "--reason", "moved").code == 0
        assert ears.push(stop_sms()) == 503
        assert ears.process.wait(LONG_S) == 9
        assert ledgers.by(OURS, "ledger", "accept-time-zone", "--reason", "moved back").code == 0
    listener = begin_process("--config", ledgers.configs[THEIRS], "reports", "listen", "--port", "0")
    out, err = listener.communicate(timeout=LONG_S)
    assert (listener.returncode, "Listening" in out, "books its days" in err) == (8, False, True), err
