import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from smsctl.cli import contents

from ..conftest import HEADER, ROWS, MakeConfig
from ..front_door import Run

OWN_GROUPS = ["Åsa;070-174 06 05;Fritids/Klass 7B;Exempelkommun;ja", *ROWS]


def offered(run: Run, *words: object) -> list[str]:
    ran = run("completion", "bash", "--", *words)
    assert (ran.code, ran.err) == (0, "")
    return ran.out.splitlines()


def test_the_first_word_is_a_command_or_a_group(run: Run) -> None:
    first = {name.split()[0] for name in contents.COMMANDS}
    assert set(offered(run, "")) == first
    assert offered(run, "doc") == ["doctor"]


def test_after_a_group_comes_one_of_its_commands(run: Run) -> None:
    assert offered(run, "credential", "") == ["check", "delete", "set"]
    assert offered(run, "--json", "config", "in") == ["init"]


@pytest.mark.parametrize("command", contents.COMMANDS)
def test_every_flag_of_every_command_is_offered(command: str, run: Run) -> None:
    found = offered(run, *command.split(), "-")
    page = run(*command.split(), "--help").out
    for flag in found:
        assert flag in page + "--config --json --quiet --verbose --simulate --show-numbers"
    own = re.findall(r"^  (--[a-z][a-z-]+)(?: <?[A-Z].*?)?  ", page, re.MULTILINE)
    assert set(own) <= set(found)


def test_names_of_municipalities_and_groups_come_from_the_config_and_the_file(
    make_config: MakeConfig, run: Run
) -> None:
    config = make_config(rows=OWN_GROUPS, header=HEADER)
    argv = ["--config", config]
    assert offered(run, *argv, "send", "--municipality", "ex") == ["exempelkommun"]
    assert offered(run, *argv, "municipality", "activate", "") == ["exempelkommun"]
    groups = offered(run, *argv, "send", "--group", "")
    assert {"guardians", "staff", "Fritids", "Klass 7B"} <= set(groups)
    assert offered(run, *argv, "send", "--group", "kla") == ["Klass 7B"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["credential", "set", ""], ["gateway", "reports", "smtp"]),
        (["config", "set", "limits.max_p"], ["limits.max_parts_per_day", "limits.max_parts_per_run"]),
        (["send", "--priority", "h"], ["high"]),
        (["completion", ""], ["bash", "fish", "zsh"]),
        (["schedule", "--at", "07:30", "--", "send", "--max-n"], ["--max-new-packages"]),
        (["send", ""], []),  # a file: the shell's business
        (["send", "--recipients", ""], []),
        (["--config", ""], []),
        (["no-such-command", ""], []),
        (["send", "--config"], ["--config"]),
    ],
)
def test_what_stands_in_a_place_is_offered_there(run: Run, words: list[str], expected: list[str]) -> None:
    assert offered(run, *words) == expected


@pytest.mark.parametrize("broken", ["mode = 'live'", "mode =", None])
def test_a_config_that_is_wrong_or_missing_is_no_error_at_the_tab_key(
    tmp_path: Path, run: Run, broken: str | None
) -> None:
    config = tmp_path / "config.toml"
    if broken is not None:
        config.write_text(broken, encoding="utf-8")
    assert offered(run, "--config", config, "send", "--group", "") == []


def test_a_recipients_file_that_cannot_be_read_leaves_the_groups_that_every_file_has(
    make_config: MakeConfig, run: Run, tmp_path: Path
) -> None:
    config = make_config()
    (tmp_path / "recipients.csv").write_bytes(b"\0\xff\xfe")
    assert "guardians" in offered(run, "--config", config, "send", "--group", "")


def test_there_is_no_script_for_a_shell_that_is_not_known(run: Run) -> None:
    ran = run("completion", "tcsh")
    assert ran.code == 2
    assert "bash, zsh or fish" in ran.err


def test_bash_completes(make_config: MakeConfig, run: Run, tmp_path: Path) -> None:
    config = make_config(rows=OWN_GROUPS, header=HEADER)
    asked = _in_shell("bash", run, tmp_path, _BASH)
    assert asked("municipality", "acti") == ["activate"]
    assert asked("--config", str(config), "send", "--group", "Kla") == ["Klass\\ 7B"]
    (tmp_path / "message.txt").write_text("hej", encoding="utf-8")
    assert asked("send", "mess") == ["message.txt"]


def test_zsh_completes(run: Run, tmp_path: Path) -> None:
    asked = _in_shell("zsh", run, tmp_path, _ZSH)
    assert asked("municipality", "acti") == ["activate"]
    assert asked("credential", "set", "") == ["gateway", "reports", "smtp"]


def test_fish_completes(run: Run, tmp_path: Path) -> None:
    asked = _in_shell("fish", run, tmp_path, _FISH)
    assert asked("municipality", "acti") == ["activate"]
    assert asked("credential", "set", "") == ["gateway", "reports", "smtp"]


_BASH = """
source {script}
COMP_WORDS=(smsctl "$@"); COMP_CWORD=$#
_smsctl
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
_ZSH = """
compdef() {{ }}
compadd() {{ print -l -- $found }}
source {script}
words=(smsctl "$@"); CURRENT=$(( $# + 1 ))
_smsctl
"""
_FISH = """
source {script}
complete -C "smsctl $argv[2..-1]"
"""


def _program(folder: Path) -> Path:
    """A folder with smsctl in it, as the PATH of an administrator has one."""
    place = folder / "bin"
    place.mkdir(exist_ok=True)
    program = place / "smsctl"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m smsctl "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return place


def _in_shell(shell: str, run: Run, folder: Path, text: str) -> Callable[..., list[str]]:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed here")
    script = folder / "script"
    script.write_text(run("completion", shell).out, encoding="utf-8")

    def ask(*words: str) -> list[str]:
        done = subprocess.run(
            [str(shutil.which(shell)), "-c", text.format(script=script), shell, *words],
            capture_output=True,
            text=True,
            cwd=folder,
            env={"PATH": f"{_program(folder)}:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(folder)},
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return ask
