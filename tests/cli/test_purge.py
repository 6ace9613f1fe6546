from pathlib import Path

import pytest

from smsctl.errors import LedgerError, say
from smsctl.ledger.store import Ledger

from ..conftest import LiveGateway, MakeConfig
from ..front_door import Run, run_terminal

DECISION = ("--decision", "KS 2026/123")


@pytest.fixture
def config(live_gateway: LiveGateway, message: Path, run: Run, tmp_path: Path) -> Path:
    """A site that has sent to three people, long enough ago for a purge of what is older than a second."""
    config = live_gateway().config
    assert run("--config", config, "send", message, "--all", "--yes", "--max-parts", 9).code == 0
    import sqlite3

    with sqlite3.connect(tmp_path / "ledger" / "ledger.db") as ledger:
        ledger.execute("UPDATE mailings SET created_at = '2020-01-01T00:00:00.000Z'")
        ledger.execute("UPDATE batches SET claimed_at = '2020-01-01T00:00:00.000Z'")
    ledger.close()
    return config


def bytes_of(tmp_path: Path) -> bytes:
    return (tmp_path / "ledger" / "ledger.db").read_bytes()


def test_a_purge_removes_the_people_and_prints_its_protocol(config: Path, run: Run, tmp_path: Path) -> None:
    for gone in (b"+46701740605", "Åsa Öberg".encode(), "Hej på er".encode(), b"+46701740608"):
        assert gone in bytes_of(tmp_path)
    ran = run("--config", config, "purge", "--older-than", "90d", *DECISION)
    assert ran.code == 0
    assert "Protocol of purge 1" in ran.out
    assert "KS 2026/123" in ran.out
    for gone in (b"+46701740605", "Åsa Öberg".encode(), "Hej på er".encode(), b"+46701740608"):
        assert gone not in bytes_of(tmp_path)
    (used,) = run("--config", config, "usage", "--json").data["municipalities"]
    assert (used["parts"], used["messages"], used["mailings"][0]["cost_ore"]) == (3, 3, 147)
    shown = run("--config", config, "mailings", "show", 1)
    assert shown.code == 0
    assert "purged" in shown.out
    listed = run("--config", config, "purge", "--list", "--json").data["protocols"]
    assert [(one["decision"], one["mailings"], one["messages"], one["skipped"]) for one in listed] == [
        ("KS 2026/123", 1, 3, 1)
    ]


@pytest.mark.parametrize("flag", ["--quiet", "--json"])
def test_what_is_removed_and_not_overwritten_is_told_where_the_ledger_fails(
    config: Path, run: Run, monkeypatch: pytest.MonkeyPatch, flag: str
) -> None:
    """As where the disk has no room for it to be written anew, or a database takes no more connections."""

    def fails(_ledger: object) -> None:
        raise LedgerError(say("the disk is full."))

    purge = ("--config", config, "purge", "--older-than", "90d", *DECISION, flag)
    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "compact", fails)
        for _ in range(2):
            ran = run(*purge)
            told = "disk is full" in ran.said, "not yet overwritten in the file" in ran.said
            assert (ran.code, told) == (9, (True, True)), ran.said
        listed = run("--config", config, "purge", "--list", "--json").data["protocols"]
        assert [one["messages"] for one in listed] == [3]
    done = run(*purge)
    assert (done.code, "not yet overwritten" in done.said) == (0, False), done.said


def test_a_protocol_says_what_no_purge_reaches(config: Path, run: Run) -> None:
    ran = run("--config", config, "purge", "--older-than", "90d", *DECISION)
    listed = run("--config", config, "purge", "--list")
    for told in (ran.out, listed.out):
        assert "older copies of the ledger" in " ".join(told.split())
        assert "--key names and reasons: see them" in " ".join(told.split())
    (protocol,) = run("--config", config, "purge", "--list", "--json").data["protocols"]
    assert protocol["not_reached"] == ["backups", "exported_files", "reasons", "keys"]


def test_a_dry_run_removes_nothing_and_needs_no_decision(config: Path, run: Run, tmp_path: Path) -> None:
    before = bytes_of(tmp_path)
    ran = run("--config", config, "purge", "--older-than", "90d", "--dry-run", "--json")
    assert (ran.code, ran.data["due"]["mailings"]) == (0, [1])
    assert bytes_of(tmp_path) == before


def test_a_held_mailing_stays(config: Path, run: Run, tmp_path: Path) -> None:
    assert run("--config", config, "purge", "--hold", 1).code == 2
    assert run("--config", config, "purge", "--hold", 1, "--reason", "asked for").code == 0
    ran = run("--config", config, "purge", "--older-than", "90d", *DECISION, "--json")
    assert (ran.code, ran.data["protocol"], ran.data["due"]["held"]) == (0, None, [1])
    assert b"+46701740605" in bytes_of(tmp_path)
    assert run("--config", config, "purge", "--release", 1).code == 0
    ran = run("--config", config, "purge", "--older-than", "90d", *DECISION, "--json")
    assert ran.data["protocol"]["mailings"] == 1
    rows = [row["action"] for row in run("--config", config, "audit", "--json").data["audit"]]
    assert rows[:3] == ["purge", "release", "hold"]


def test_a_purge_of_nothing_asks_nothing_and_keeps_no_protocol(config: Path, run: Run) -> None:
    argv = ["--config", config, "purge", "--older-than", "9000d", *DECISION]
    ran = run_terminal(argv)
    assert ran.code == 0
    assert "There is nothing to remove from before" in ran.seen
    assert run("--config", config, "purge", "--list", "--json").data["protocols"] == []
    assert "purge" not in [row["action"] for row in run("--config", config, "audit", "--json").data["audit"]]


def test_on_a_terminal_it_asks_first(config: Path, run: Run, tmp_path: Path) -> None:
    argv = ["--config", config, "purge", "--older-than", "90d", *DECISION]
    ran = run_terminal(argv, [("for good? [y/N]", "n")])
    assert ran.code == 5
    assert b"+46701740605" in bytes_of(tmp_path)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--older-than", "90d"], "under a disposal decision"),
        (["--older-than", "90d", "--decision", " "], "under a disposal decision"),
        ([*DECISION], "How old"),
        (["--older-than", "soon", *DECISION], "--older-than soon"),
        (["--hold", "1", "--release", "1"], "one of --hold"),
        (["--release", str(-(1 << 64))], "--release"),
    ],
)
def test_what_is_missing_is_asked_for(words: list[str], told: str, make_config: MakeConfig, run: Run) -> None:
    ran = run("--config", make_config(), "purge", *words)
    assert ran.code == 2
    assert told in ran.err


def test_the_config_may_name_age_and_decision(config: Path, run: Run) -> None:
    with config.open("a", encoding="utf-8") as file:
        file.write('[retention]\ndays = 30\ndecision = "KS 2026/9"\n')
    ran = run("--config", config, "purge", "--json")
    assert (ran.code, ran.data["protocol"]["decision"]) == (0, "KS 2026/9")


def test_a_purged_text_is_not_resumed_and_its_key_is_not_sent_under_again(
    config: Path, message: Path, run: Run
) -> None:
    run("--config", config, "purge", "--older-than", "90d", *DECISION)
    ran = run("--config", config, "mailings", "resume", 1)
    assert ran.code == 0
    assert "nothing pending" in ran.said


def test_a_purge_that_was_broken_off_is_found_and_ended_by_the_next(
    config: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from smsctl.ledger.store import Ledger

    def killed(_ledger: Ledger) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(Ledger, "compact", killed)
        ran = run("--config", config, "purge", "--older-than", "90d", *DECISION)
    assert (ran.code, f"End it with: smsctl --config {config} purge" in ran.err) == (130, True)
    checked = run("--config", config, "ledger", "check")
    assert (checked.code, "Purge 1 was broken off" in checked.said) == (9, True)
    ran = run("--config", config, "purge", "--older-than", "90d", *DECISION)
    assert (ran.code, "An earlier purge was broken off" in ran.out) == (0, True)
    assert b"+46701740605" not in bytes_of(tmp_path)
    assert run("--config", config, "ledger", "check").code == 0
    assert "broken off" not in run("--config", config, "purge", "--older-than", "90d", *DECISION).out
