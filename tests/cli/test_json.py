"""The contract of docs/reference/json.md: one envelope for every command, fixed keys, sums that agree."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from smsctl.cli.output import envelope
from smsctl.errors import ExitCode

from ..conftest import LiveGateway, MakeConfig
from ..front_door import ENVELOPE, Run, run_process
from .conftest import guardians

SEND = {"mailing", "municipality", "recipients", "text", "cost", "dry_run"}


def test_one_line_is_one_envelope(make_config: MakeConfig, message: Path) -> None:
    ran = run_process("--config", make_config(), "send", message, "--all", "--yes", "--json")
    assert ran.err == ""
    assert ran.out.count("\n") == 1
    assert tuple(ran.json) == ENVELOPE
    assert (ran.json["command"], ran.json["mode"]) == ("send", "simulate")
    assert (ran.json["ok"], ran.json["exit_code"], ran.code) == (True, 0, 0)


@pytest.mark.parametrize(
    "words",
    [
        "test +46701740605 hej",
        "usage",
        "usage --municipality exempelkommun",
        "mailings list",
        "recipients check",
        "config check",
        "config show",
        "audit",
        "credential delete",
    ],
)
def test_every_command_speaks_json(words: str, make_config: MakeConfig, run: Run) -> None:
    config = make_config(gateway={"password": {"source": "keyring"}})
    ran = run("--config", config, *words.split(), "--json")
    assert (ran.code, ran.err) == (0, "")
    assert tuple(ran.json) == ENVELOPE
    assert words.startswith(ran.json["command"])
    assert ran.json["mode"] == "simulate"


def test_a_mailing_has_its_fixed_keys_and_its_sums_agree(
    make_config: MakeConfig, message: Path, run: Run
) -> None:
    rows = [*guardians(5), *guardians(2), "Bo;;VH;Exempelkommun;ja", "Eva;0701740690;VH;Exempelkommun;"]
    ran = run("--config", make_config(rows=rows), "send", message, "--all", "--yes", "--json")
    data = ran.data
    assert set(data) >= SEND | {"outcome"}
    assert data["municipality"] == "exempelkommun"
    assert data["recipients"] == {
        "rows": 9,
        "ready": 5,
        "skipped": {"no-number": 1, "terms": 1, "duplicate": 2},
        "audience_rows": 9,
        "file_rows": 9,
        "outside": {},
        "other_municipalities": {},
    }
    assert data["text"] == {"encoding": "gsm7", "units": 9, "parts": 1}
    assert data["cost"] == {"parts": 5, "ore": 245, "currency": "SEK"}
    assert data["outcome"] == {"accepted": 5}
    assert data["dry_run"] is False


def test_what_was_sent_under_a_key_is_told_as_when_it_was_sent(
    make_config: MakeConfig, message: Path, run: Run
) -> None:
    argv = ("--config", make_config(), "send", message, "--all", "--yes", "--key", "slot", "--json")
    first, again = run(*argv).data, run(*argv).data
    fixed = SEND | {"outcome"}
    assert {key: again[key] for key in fixed} == {key: first[key] for key in fixed}
    assert {name: again["recipients"][name] for name in ("rows", "ready", "skipped")} == {
        "rows": 4,
        "ready": 3,
        "skipped": {"terms": 1},
    }


def test_a_test_has_the_keys_of_a_mailing(make_config: MakeConfig, run: Run) -> None:
    data = run("--config", make_config(), "test", "+46701740605", "Hej 😀", "--json").data
    assert set(data) >= SEND | {"outcome"}
    assert data["recipients"] == {"rows": 1, "ready": 1, "skipped": {}}
    assert data["text"] == {"encoding": "ucs2", "units": 6, "parts": 1}
    assert data["cost"] == {"parts": 1, "ore": 49, "currency": "SEK"}
    assert data["outcome"] == {"accepted": 1}


def test_a_dry_run_has_no_outcome(make_config: MakeConfig, message: Path, run: Run) -> None:
    data = run("--config", make_config(), "send", message, "--all", "--dry-run", "--json").data
    assert set(data) >= SEND
    assert "outcome" not in data
    assert (data["mailing"], data["dry_run"]) == (None, True)


def test_usage_has_its_fixed_keys(make_config: MakeConfig, message: Path, run: Run) -> None:
    config = make_config()
    run("--config", config, "send", message, "--all", "--yes")
    (used,) = run("--config", config, "usage", "--json").data["municipalities"]
    assert used["municipality"] == "exempelkommun"
    assert {key: used["package"][key] for key in ("number", "size", "used", "left")} == {
        "number": 1,
        "size": 10_000,
        "used": 3,
        "left": 9_997,
    }
    assert (used["parts"], used["messages"], used["states"]) == (3, 3, {"accepted": 3})


def test_without_packages_there_is_none(make_config: MakeConfig, message: Path, run: Run) -> None:
    config = make_config(
        municipalities={"exempelkommun": {"package_size": None, "package_price": None, "part_price": "0.395"}}
    )
    sent = run("--config", config, "send", message, "--all", "--yes", "--json")
    assert sent.data["cost"] == {"parts": 3, "ore": 119, "currency": "SEK"}
    (used,) = run("--config", config, "usage", "--json").data["municipalities"]
    assert (used["package"], used["parts"]) == (None, 3)


def test_a_mailing_shown_agrees_with_the_mailing_sent(
    make_config: MakeConfig, message: Path, run: Run
) -> None:
    config = make_config()
    sent = run("--config", config, "send", message, "--all", "--yes", "--json").data
    shown = run("--config", config, "mailings", "show", sent["mailing"], "--json").data
    assert shown["mailing"] == sent["mailing"]
    assert shown["states"] == sent["outcome"]
    assert shown["parts"] == sent["cost"]["parts"]


@pytest.mark.parametrize(
    "spell",
    [
        lambda words: ["--json", *words],
        lambda words: [*words, "--json"],
        lambda words: [words[0], "--json", *words[1:]],
    ],
    ids=["before", "after", "between"],
)
def test_the_flag_works_before_and_after_the_command(
    spell: Callable[[list[str]], list[str]], make_config: MakeConfig, run: Run
) -> None:
    assert run("--config", make_config(), *spell(["mailings", "list"])).json["command"] == "mailings list"


def test_after_two_dashes_it_is_a_text(live_gateway: LiveGateway, run: Run) -> None:
    live = live_gateway()
    ran = run("--config", live.config, "test", "--", "+46701740605", "--json")
    assert ran.code == 0
    assert [one.content for one in live.simulator.accepted()] == ["--json"]


def test_json_never_asks(make_config: MakeConfig, message: Path, run: Run) -> None:
    ran = run("--config", make_config(), "send", message, "--all", "--json", stdin="y\n", terminal=True)
    assert (ran.code, ran.json["ok"]) == (5, False)
    assert [one["level"] for one in ran.json["messages"]] == ["error", "info"]


def test_a_mailing_that_is_refused_tells_whom_it_would_reach_and_at_what_cost(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = live_gateway()
    argv = ("--config", live.config, "send", message, "--all", "--yes", "--max-parts", "0", "--json")
    ran = run(*argv)
    dry = run(*argv, "--dry-run").data
    assert ran.code == 5
    assert ran.data == {**dry, "dry_run": False}
    assert ran.data["recipients"]["ready"]


def test_a_live_run_says_live(live_gateway: LiveGateway, run: Run) -> None:
    ran = run("--config", live_gateway().config, "test", "+46701740605", "hej", "--json")
    assert ran.json["mode"] == "live"


@pytest.mark.parametrize("words", ["--json", "--quiet"])
def test_a_reader_that_goes_away_is_no_fault(words: str, make_config: MakeConfig) -> None:
    shown = [sys.executable, "-m", "smsctl", "--config", str(make_config()), "config", "show", words]
    with subprocess.Popen(shown, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.parametrize("page", [["--help"], ["usage", "--help"], ["block", "--help"]])
def test_a_help_page_is_no_fault(page: list[str], run: Run) -> None:
    assert run(*page, "--json").code == 0


def test_what_steers_a_screen_is_written_as_its_number() -> None:
    foreign = "a\x7fb\x9bc\u202ed\u200be\ud800f\U000e0001g åäö 😀 \x1b[2J"
    told = envelope.of("inbox list", "live", {"text": foreign}, (), ExitCode.OK)
    assert json.loads(told)["data"]["text"] == foreign
    assert not re.search("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\ud800-\udfff\U000e0001]", told)
    assert "åäö 😀" in told
