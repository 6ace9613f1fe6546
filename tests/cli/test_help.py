"""What there is to learn: help in groups, checks that are the doctor's, and words as they are meant."""

import json
from pathlib import Path

import pytest

from smsctl import __version__
from smsctl.cli import contents

from ..conftest import LiveGateway, MakeConfig
from ..front_door import Run

RESCUE = ("--accept-clock", "--strict")


def test_the_help_page_groups_every_command(run: Run) -> None:
    page = run("--help").out
    for title, words in contents.HELP_GROUPS.items():
        listed = page.partition(f"  {title}:\n")[2].partition("\n\n")[0].splitlines()
        assert [line.split()[0] for line in listed] == list(words)


@pytest.mark.parametrize("flags", ["", "--quiet", "--verbose", "--simulate", "--config gone.toml"])
def test_the_version_is_told_whatever_flags_stand_beside_it(flags: str, run: Run) -> None:
    for argv in ([*flags.split(), "--version"], ["--version", *flags.split()]):
        assert (run(*argv).code, run(*argv).out) == (0, f"smsctl {__version__}\n"), argv
        ran = run("--json", *argv)
        assert (ran.code, ran.data) == (0, {"version": __version__}), argv


def test_what_may_come_next_is_named_once(run: Run) -> None:
    named = run("--json").json["messages"][0]["text"].partition(": ")[2].rstrip(".").split(", ")
    assert sorted(named) == sorted({*named})
    assert {"simulator", "send", "config"} <= {*named}


def test_flags_for_rare_cases_are_shown_to_who_asks(run: Run) -> None:
    page, more = run("send", "--help").out, run("send", "--help", "--verbose").out
    assert [flag for flag in RESCUE if flag in page] == []
    assert [flag for flag in RESCUE if flag in more] == list(RESCUE)
    assert "--help --verbose" in page
    assert "--help --verbose" not in run("usage", "--help").out


@pytest.mark.parametrize(
    ("command", "check"),
    [(("config", "check"), "config"), (("credential", "check"), "secret"), (("gateway", "probe"), "login")],
)
def test_a_check_says_what_the_doctor_says(
    live_gateway: LiveGateway, run: Run, command: tuple[str, ...], check: str
) -> None:
    argv = ("--config", live_gateway().config)
    findings = run(*argv, "doctor", "--json").data["checks"]
    (told,) = [one["text"] for one in findings if one["check"] == check]
    assert run(*argv, *command).out.startswith(told)


def test_a_check_of_the_config_warns_as_the_doctor_does(make_config: MakeConfig, run: Run) -> None:
    config = make_config()
    config.chmod(0o666)
    ran = run("--config", config, "config", "check")
    assert (ran.code, "can be changed by other users" in ran.err) == (0, True)


def test_a_command_is_scheduled_with_and_without_dashes(
    make_config: MakeConfig, run: Run, message: Path
) -> None:
    config = make_config()
    slot = ("--config", config, "schedule", "--at", "07:30", "--name", "send")
    sent = ("send", "--all", message, "--max-parts", 9)
    with_dashes, without = (run(*slot, *between, *sent) for between in (("--",), ()))
    assert (with_dashes.code, with_dashes.out) == (0, without.out)
    assert run(*slot, *sent, "--quiet").out == without.out


def test_a_path_that_is_set_is_where_it_was_meant(
    make_config: MakeConfig, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, there = make_config(), tmp_path / "elsewhere"
    there.mkdir()
    (there / "m.csv").write_text("Mobil\n", encoding="utf-8")
    monkeypatch.chdir(there)
    argv = ("--config", config, "config", "set", "recipients")
    whole = run(*argv, "m.csv")
    assert f"Written in full: {there / 'm.csv'}" in whole.err
    assert json.loads(run("--config", config, "config", "show", "--json").out)["data"]["settings"][
        "recipients"
    ] == str(there / "m.csv")
    told = run(*argv, "none-yet.csv")
    assert f"It is relative to the config: {tmp_path / 'none-yet.csv'}" in told.err
    assert "recipients" not in run("--config", config, "config", "set", "sender", "m.csv").err
