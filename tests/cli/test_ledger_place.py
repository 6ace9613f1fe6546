"""One config is one ledger, whoever runs it; one that an earlier smsctl put elsewhere is not lost."""

import re
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from ..conftest import Live, LiveGateway
from ..front_door import SMSCTL, Run, run_process

DRY = ("send", "{message}", "--all", "--dry-run")
SEND = ("send", "{message}", "--all", "--yes", "--max-parts", "100", "--max-new-packages", "1")
WRITING = (
    DRY,
    SEND,
    (*SEND, "--key", "vh-{date}"),
    (*SEND, "--simulate"),
    ("mailings", "resume", "1"),
    ("municipality", "activate", "exempelkommun", "--yes"),
    ("block", "add", "+46701740605", "--reason", "asked"),
    ("ledger", "backup", "copy.db"),
    ("ledger", "check"),
    ("doctor",),
)


@pytest.fixture
def live(live_gateway: LiveGateway, tmp_path: Path) -> Live:
    """A live config that names no ledger, in a folder of the name that a user's own config has."""
    made = live_gateway(active=False, ledger=None, recipients=str(tmp_path / "recipients.csv"))
    config = tmp_path / "anna" / ".config" / "smsctl" / "config.toml"
    config.parent.mkdir(parents=True)
    shutil.move(made.config, config)
    return Live(config=config, simulator=made.simulator)


def as_user(monkeypatch: pytest.MonkeyPatch, home: Path | None) -> None:
    """Run what follows as somebody of that home, without any as a service has it."""
    for name, folder in (("HOME", "."), ("XDG_CONFIG_HOME", ".config"), ("XDG_DATA_HOME", ".local/share")):
        if home:
            monkeypatch.setenv(name, str((home / folder).absolute()))
        else:
            monkeypatch.delenv(name, raising=False)


def typed(words: tuple[str, ...], message: Path) -> list[str]:
    return [word.replace("{message}", str(message)) for word in words]


def written_in(config: Path, line: str) -> None:
    config.write_text(f"{config.read_text(encoding='utf-8')}\n[ledger]\n{line}\n", encoding="utf-8")


def names_below(folder: Path) -> Mapping[Path, int]:
    return {path: path.stat().st_size for path in folder.rglob("*")}


def test_everyone_who_sends_by_a_config_knows_what_the_others_sent(
    live: Live, tmp_path: Path, message: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("--config", live.config, "municipality", "activate", "exempelkommun", "--yes").code == 0
    link = tmp_path / "elsewhere" / "sms.toml"
    link.parent.mkdir()
    link.symlink_to(live.config)
    codes = []
    for home, config in ((tmp_path / "anna", live.config), (tmp_path / "root", link), (None, live.config)):
        as_user(monkeypatch, home)
        codes.append(run("--config", config, *typed(SEND, message)).code)
    assert codes == [0, 5, 5]
    numbers = [one.recipient for one in live.simulator.accepted()]
    assert len(numbers) == len(set(numbers)) > 0
    assert (live.config.parent / ".smsctl" / "ledger.db").exists()


@pytest.mark.parametrize("words", WRITING, ids=" ".join)
def test_a_ledger_in_the_earlier_place_stops_what_would_begin_another(
    words: tuple[str, ...],
    live: Live,
    tmp_path: Path,
    message: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    earlier = tmp_path / "anna" / ".local" / "share" / "smsctl" / "ledger.db"
    earlier.parent.mkdir(parents=True)
    earlier.touch(mode=0o600)
    monkeypatch.chdir(tmp_path)
    before = names_below(tmp_path)
    ran = run("--config", live.config, *typed(words, message))
    now = live.config.parent / ".smsctl" / "ledger.db"
    assert ran.code == 9, ran.said
    assert str(now) in ran.said
    assert f'path = "{earlier}"' in ran.said
    assert names_below(tmp_path) == before
    assert not live.simulator.accepted()


def test_who_does_not_need_it_is_warned_of_the_ledger_in_the_earlier_place(
    live: Live, tmp_path: Path, run: Run
) -> None:
    earlier = tmp_path / "anna" / ".local" / "share" / "smsctl" / "ledger.db"
    earlier.parent.mkdir(parents=True)
    earlier.touch(mode=0o600)
    assert run("--config", live.config, "usage").code == 9  # it would tell of nothing used
    ran = run("--config", live.config, "config", "check", "--json")
    assert ran.code == 0
    assert any(str(earlier) in one["text"] for one in ran.json["messages"])


def test_the_line_that_is_named_keeps_the_earlier_ledger_or_begins_anew(
    live: Live, tmp_path: Path, message: Path, run: Run
) -> None:
    earlier = tmp_path / "anna" / ".local" / "share" / "smsctl" / "ledger.db"
    plain = live.config.read_text(encoding="utf-8")
    written_in(live.config, f'path = "{earlier}"')
    assert run("--config", live.config, "municipality", "activate", "exempelkommun", "--yes").code == 0
    assert run("--config", live.config, *typed(SEND, message)).code == 0
    live.config.write_text(plain, encoding="utf-8")
    assert run("--config", live.config, *typed(SEND, message)).code == 9
    written_in(live.config, f'path = "{earlier}"')
    assert run("--config", live.config, *typed(SEND, message)).code == 5  # everybody has had it
    live.config.write_text(plain, encoding="utf-8")
    written_in(live.config, f'path = "{live.config.parent / ".smsctl" / "ledger.db"}"')
    assert run("--config", live.config, "municipality", "activate", "exempelkommun", "--yes").code == 0


def test_the_doctor_warns_of_an_earlier_ledger_beside_the_one_that_is_used(
    live: Live, tmp_path: Path, run: Run
) -> None:
    assert run("--config", live.config, "municipality", "activate", "exempelkommun", "--yes").code == 0
    earlier = tmp_path / "anna" / ".local" / "share" / "smsctl" / "ledger.db"
    earlier.parent.mkdir(parents=True)
    earlier.touch(mode=0o600)
    ran = run("--config", live.config, "doctor")
    assert (ran.code, f"ledger at {earlier}; it is not used." in ran.out) == (0, True)


def test_a_rehearsal_s_ledger_in_the_earlier_place_is_named_with_the_line_for_both(
    live: Live, tmp_path: Path, message: Path, run: Run
) -> None:
    earlier = tmp_path / "anna" / ".local" / "share" / "smsctl" / "ledger.simulate.db"
    earlier.parent.mkdir(parents=True)
    earlier.touch(mode=0o600)
    ran = run("--config", live.config, *typed(SEND, message), "--simulate")
    assert ran.code == 9
    assert str(earlier) in ran.err
    assert f'path = "{earlier.with_name("ledger.db")}"' in ran.err


def test_the_ledger_of_another_config_is_nothing_to_this_one(
    live: Live, tmp_path: Path, message: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "srv" / "smsctl" / "config.toml"
    config.parent.mkdir(parents=True)
    shutil.copy(live.config, config)
    as_user(monkeypatch, tmp_path / "anna")
    theirs = tmp_path / "anna" / ".local" / "share" / "smsctl" / "ledger.db"
    theirs.parent.mkdir(parents=True)
    theirs.touch(mode=0o600)
    assert run("--config", config, *typed(DRY, message)).code == 5  # not active: the one rule that is left
    assert run("--config", config, "municipality", "activate", "exempelkommun", "--yes").code == 0


def test_a_ledger_is_named_alike_for_every_user(live: Live, run: Run) -> None:
    written_in(live.config, 'path = "~/ledger.db"')
    ran = run("--config", live.config, "config", "check")
    assert ran.code == 8
    assert "ledger.path: must be one file for every user: write the whole path, without ~" in ran.err


def test_a_new_config_names_its_ledger_in_full(tmp_path: Path, run: Run) -> None:
    config = tmp_path / "smsctl" / "config.toml"
    config.parent.mkdir()
    assert run("--config", config, "config", "init", "--yes").code == 0
    named = f'path = "{config.parent / ".smsctl" / "ledger.db"}"'
    assert named in config.read_text(encoding="utf-8")


def test_a_new_config_keeps_the_ledger_that_the_one_before_it_left(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_user(monkeypatch, tmp_path)
    earlier = tmp_path / ".local" / "share" / "smsctl" / "ledger.db"
    earlier.parent.mkdir(parents=True)
    earlier.touch()
    monkeypatch.delenv("SMSCTL_CONFIG")
    (tmp_path / ".config" / "smsctl").mkdir(parents=True)
    assert run("config", "init", "--yes").code == 0
    config = tmp_path / ".config" / "smsctl" / "config.toml"
    assert f'path = "{earlier}"' in config.read_text(encoding="utf-8")


def test_the_doctor_names_the_ledger_who_asks_and_another_host_that_sent(
    live_gateway: LiveGateway, message: Path, tmp_path: Path
) -> None:
    live = live_gateway()
    ledger = tmp_path / "ledger" / "ledger.db"
    assert run_process("--config", live.config, *typed(SEND, message)).code == 0
    ran = run_process("--config", live.config, "doctor")
    assert f"{ledger} is sound. " in ran.out
    assert "This user is " in ran.out
    assert "last sent from" not in ran.out
    for host in ("0-skola", "~skola"):  # before this one in the alphabet, and after it
        connection = sqlite3.connect(ledger)
        with connection:
            connection.execute("UPDATE mailings SET created_host = ?", (host,))
        connection.close()
        ran = run_process("--config", live.config, "doctor")
        assert (ran.code, f"This ledger last sent from {host}, at " in ran.out) == (0, True)


@pytest.mark.parametrize("left_by_a_killed_run", [False, True])
def test_the_way_to_a_new_ledger_is_on_the_disk_before_the_first_request(
    live_gateway: LiveGateway, tmp_path: Path, *, left_by_a_killed_run: bool
) -> None:
    strace, trace = shutil.which("strace"), tmp_path / "trace"
    if strace is None:
        pytest.skip("strace is not installed")
    live = live_gateway(active=False, ledger={"path": "a/b/ledger.db"})
    if left_by_a_killed_run:
        (tmp_path / "a" / "b").mkdir(parents=True, mode=0o700)
    command = [*SMSCTL, "--config", str(live.config), "test", "+46701740605", "hej"]
    watched = [strace, "-f", "-y", "-o", str(trace), "-e", "trace=fsync,sendto", *command]
    ran = subprocess.run(watched, capture_output=True, text=True, timeout=60, check=False)
    if "ptrace" in ran.stderr.lower():
        pytest.skip(f"strace does not work here: {ran.stderr.strip()}")
    assert ran.returncode == 0, ran.stderr
    before, request, _ = trace.read_text(encoding="utf-8").partition('"POST ')
    assert request
    for folder in (tmp_path, tmp_path / "a"):
        assert re.search(rf"fsync\(\d+<{re.escape(str(folder))}>\)", before), folder
