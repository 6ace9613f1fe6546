"""The log of `[log] path`: what it tells, what it never holds, and that nothing depends on it."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from smsctl.simulator.server import Behaviour

from ..conftest import ROWS, SECRET, LiveGateway, MakeConfig
from ..front_door import Run, begin_process, end_process
from .conftest import guardians, wait_until

LOG = {"path": "smsctl.log"}


def lines(folder: Path, name: str = "smsctl.log") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]


def of(folder: Path, event: str) -> list[dict[str, Any]]:
    return [line for line in lines(folder) if line["event"] == event]


def test_each_command_and_each_change_of_state_has_its_line(
    live_gateway: LiveGateway, message: Path, tmp_path: Path, run: Run
) -> None:
    live = live_gateway(log=LOG, rows=guardians(5), gateway={"batch_size": 2})
    sent = run("--config", live.config, "send", message, "--all", "--yes", "--max-parts", 9)
    assert sent.code == 0, sent.said
    run("--config", live.config, "usage", "--municipality", "nowhere")
    told = [(line["command"], line["exit_code"], line["mode"]) for line in of(tmp_path, "command")]
    assert told == [("municipality activate", 0, "live"), ("send", 0, "live"), ("usage", 8, "live")]
    assert of(tmp_path, "command")[1]["outcome"] == {"accepted": 5}
    assert "error" in of(tmp_path, "command")[2]
    moved = Counter[str]()
    for line in of(tmp_path, "state"):
        assert (line["command"], line["mailing"]) == ("send", 1)
        moved.update(line["after"])
        moved.subtract(line["before"])
    assert +moved == {"accepted": 5}
    assert of(tmp_path, "audit")[0]["action"] == "activate"


def test_it_holds_nobody_and_no_text(
    live_gateway: LiveGateway, message: Path, tmp_path: Path, run: Run
) -> None:
    live = live_gateway(log=LOG)
    argv = ("--config", live.config)
    run(*argv, "test", "+46701740699", "Provet")
    run(*argv, "send", message, "--all", "--yes", "--max-parts", 9, "--key", "Slottet")
    run(*argv, "block", "add", "+46701740698", "--reason", "Anna ringde")
    run(*argv, "send", tmp_path / "none.txt", "--all")
    run(*argv, "mailings", "skipped", 2, "--show-numbers")
    told = (tmp_path / "smsctl.log").read_text(encoding="utf-8")
    people = [row.split(";")[0] for row in ROWS]
    for never in (SECRET, "Provet", "Hej", "7017406", "Slottet", "Anna", str(tmp_path), *people):
        assert never not in told
    assert (tmp_path / "smsctl.log").stat().st_mode & 0o027 == 0


@pytest.mark.parametrize("words", ["send message.txt --all --dry-run", "send message.txt --all --yes"])
def test_a_dry_run_and_a_site_without_a_log_make_no_file(
    words: str,
    make_config: MakeConfig,
    message: Path,
    tmp_path: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    config = make_config(log=LOG if "--dry-run" in words else None)
    run("--config", config, *words.split())
    assert not (tmp_path / "smsctl.log").exists()


@pytest.mark.parametrize("kind", ["folder", "missing", "pipe"])
def test_a_log_that_cannot_be_written_is_told_and_stops_nothing(
    kind: str, live_gateway: LiveGateway, message: Path, tmp_path: Path, run: Run
) -> None:
    place = tmp_path / "logs"
    if kind == "folder":
        (place / "smsctl.log").mkdir(parents=True)
    elif kind == "pipe":
        place.mkdir()
        os.mkfifo(place / "smsctl.log")
    live = live_gateway(log={"path": "logs/smsctl.log"})
    argv = ("--config", live.config, "send", message, "--all", "--yes", "--max-parts", 9)
    ran = run(*argv)
    assert ran.code == 0
    assert ran.err.count("smsctl.log cannot be written, and goes on without this run") == 1
    assert len(live.simulator.accepted()) == 3
    told = run("--config", live.config, "usage", "--json")
    assert (told.code, told.err) == (0, "")
    assert [note["code"] for note in told.json["messages"]] == ["warning"]


@pytest.mark.parametrize(
    "name", ["config.toml", "recipients.csv", "message.txt", "ledger/ledger.simulate.db"]
)
def test_a_file_of_something_else_takes_no_line(
    name: str, make_config: MakeConfig, message: Path, run: Run
) -> None:
    argv = ("--config", make_config(), "send", message, "--all", "--yes", "--max-parts", 9)
    assert run(*argv).code == 0
    config = make_config(log={"path": name})
    before = (config.parent / name).read_bytes()
    ran = run("--config", config, "config", "check")
    assert f"{name} cannot be written, and goes on without this run: it holds something else." in ran.err
    assert (ran.code, (config.parent / name).read_bytes()) == (0, before)


@pytest.mark.skipif(os.name != "posix", reason="links and modes are POSIX")
def test_a_link_is_followed_only_where_nobody_else_can_put_one(
    make_config: MakeConfig, tmp_path: Path, run: Run
) -> None:
    place, elsewhere = tmp_path / "logs", tmp_path / "elsewhere"
    place.mkdir()
    (place / "smsctl.log").symlink_to(elsewhere)
    config = make_config(log={"path": "logs/smsctl.log"})
    place.chmod(0o777)
    ran = run("--config", config, "usage")
    assert (ran.code, elsewhere.exists()) == (0, False)
    assert "goes on without this run" in ran.err
    place.chmod(0o755)
    assert run("--config", config, "usage").err == ""
    assert elsewhere.exists()


def test_a_disk_that_is_full_stops_nothing(live_gateway: LiveGateway, message: Path, run: Run) -> None:
    live = live_gateway(log={"path": "/dev/full"})
    assert run("--config", live.config, "send", message, "--all", "--yes", "--max-parts", 9).code == 0


def test_a_run_goes_on_in_the_new_file_when_the_log_was_moved_away(
    live_gateway: LiveGateway, message: Path, tmp_path: Path
) -> None:
    live = live_gateway(Behaviour(latency_s=0.3), log=LOG, rows=guardians(6), gateway={"batch_size": 2})
    argv = ("--config", live.config, "send", message, "--all", "--yes", "--max-parts", 9)
    process = begin_process(*argv)
    wait_until(live.simulator.accepted)
    (tmp_path / "smsctl.log").rename(tmp_path / "smsctl.log-1")
    assert end_process(process).code == 0
    assert lines(tmp_path, "smsctl.log-1")[-1]["event"] == "state"
    assert lines(tmp_path)[-1]["event"] == "command"
