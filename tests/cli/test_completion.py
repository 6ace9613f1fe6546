import re
import shutil
import sys
from pathlib import Path

import pytest

from smsctl.cli import contents

from ..conftest import HEADER, ROWS, MakeConfig
from ..front_door import OWN_TERMINAL, Run, Terminal

KEY = "exempelkommun"
OWN_GROUPS = ["Åsa;070-174 06 05;Fritids/Klass 7B;Exempelkommun;ja", *ROWS]


def offered(run: Run, *words: object) -> list[str]:
    ran = run("completion", "bash", "--", *words)
    assert (ran.code, ran.err) == (0, "")
    return ran.out.splitlines()


def test_the_first_word_is_a_command_or_a_group(run: Run) -> None:
    first = {name.split()[0] for name in contents.COMMANDS}
    assert set(offered(run, "")) == {*first, "--config"}
    assert set(offered(run, "--config", "a.toml", "")) == first
    assert offered(run, "doc") == ["doctor"]


def test_after_a_group_comes_one_of_its_commands(run: Run) -> None:
    assert offered(run, "credential", "") == ["check", "delete", "set"]
    assert offered(run, "--json", "config", "in") == ["init"]


@pytest.mark.parametrize("command", contents.COMMANDS)
def test_every_flag_of_every_command_is_offered(command: str, run: Run) -> None:
    found = offered(run, *command.split(), "-")
    page = run(*command.split(), "--help", "--verbose").out
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
        (["credential", "set", ""], ["gateway", "ledger", "proxy", "reports", "smtp"]),
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


def test_the_tab_key_writes_and_logs_nothing(make_config: MakeConfig, run: Run, tmp_path: Path) -> None:
    config = make_config(log={"path": "smsctl.log"})
    before = sorted(tmp_path.rglob("*"))
    assert offered(run, "--config", config, "send", "--municipality", "") == [KEY]
    assert "guardians" in offered(run, "--config", config, "send", "--group", "")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_municipality_is_offered_by_its_name_too(make_config: MakeConfig, run: Run) -> None:
    config = make_config(municipalities={"osteraker": {"name": "Österåker"}})
    argv = ("--config", config, "usage", "--municipality")
    assert offered(run, *argv, "") == ["exempelkommun", "osteraker", "Österåker"]
    assert offered(run, *argv, "ö") == ["Österåker"]


def test_there_is_no_script_for_a_shell_that_is_not_known(run: Run) -> None:
    ran = run("completion", "tcsh")
    assert ran.code == 2
    assert "bash, zsh or fish" in ran.err


TYPED = (  # what stands before the Tab key, and what the command is given in the end
    ("municipality acti", ("municipality", "activate")),
    ("credential set smt", ("credential", "set", "smtp")),
    ("--config 'own.toml' send --municipality ex", ("--config", "own.toml", "send", "--municipality", KEY)),
    ("send --municipality=ex", ("send", f"--municipality={KEY}")),
    ("send --group kla", ("send", "--group", "Klass 7B")),
    ("send --group 'Kla", ("send", "--group", "Klass 7B")),
    ('send --group "Kla', ("send", "--group", "Klass 7B")),
    (r"send --group Klass\ 7", ("send", "--group", "Klass 7B")),
    ("send --group 'Klass 7B' --muni", ("send", "--group", "Klass 7B", "--municipality")),
    ("send --group åk", ("send", "--group", "Åk 9 & Öst")),
    ("send --group 50", ("send", "--group", "50 % $HOME")),
    ("send min", ("send", "min text.txt")),
)
SEVERAL = {  # fish lets a person choose among several
    "bash": (("send --group är\tB", ("send", "--group", "Ärende B")),),
    "zsh": (("send --group är\tB", ("send", "--group", "Ärende B")),),
    "fish": (),
}
START = {
    "bash": ("--norc", "--noprofile", "-i"),
    "zsh": ("--no-global-rcs", "--no-rcs", "-i"),
    "fish": ("--no-config", "-i"),
}
SOURCE = {
    "bash": "source {script}",
    "zsh": "fpath=({folder} $fpath); autoload -Uz compinit; compinit -D -u",
    "fish": "source {script}",
}


@pytest.mark.parametrize("shell", START)
def test_a_shell_completes(shell: str, make_config: MakeConfig, run: Run, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed here")
    groups = "Fritids/Klass 7B/Åk 9 & Öst/50 % $HOME/Ärende A/Ärende B"
    config = make_config(rows=[f"Åsa;070-174 06 05;{groups};Exempelkommun;ja"])
    shutil.copy(config, tmp_path / "own.toml")
    (tmp_path / "min text.txt").write_text("hej", encoding="utf-8")
    script = tmp_path / "functions" / "_smsctl"
    script.parent.mkdir()
    script.write_text(run("completion", shell).out, encoding="utf-8")
    program = (sys.executable, "-c", OWN_TERMINAL, shell, *START[shell])
    path = f"{_program(tmp_path)}:/usr/bin:/bin"
    with Terminal(program=program, PATH=path, LC_ALL="C.UTF-8", SMSCTL_CONFIG=str(config)) as terminal:
        terminal.type(f"cd {tmp_path}; {SOURCE[shell].format(script=script, folder=script.parent)}")
        for typed, given in (*TYPED, *SEVERAL[shell]):
            terminal.seen = ""
            terminal.type(f"smsctl {typed}\t")
            terminal.wait_for(":end")
            (words,) = re.findall(r"typed(.*):end", terminal.seen)
            assert words == "".join(f"<{word}>" for word in given)


def _program(folder: Path) -> Path:
    """A folder with smsctl in it; it completes, and of all else it tells what it was given."""
    place = folder / "bin"
    place.mkdir()
    program = place / "smsctl"
    program.write_text(
        "#!/bin/sh\n"
        f'[ "$1" = completion ] && exec {sys.executable} -m smsctl "$@"\n'
        "printf typed; printf '<%s>' \"$@\"; echo :end\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    return place
