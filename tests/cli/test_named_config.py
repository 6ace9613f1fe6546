"""A command that is told to be typed names the config that was named with --config, and no other."""

import json
import quopri
import re
import shlex
import shutil
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from smsctl.cli import contents
from smsctl.simulator.server import Behaviour

from ..conftest import LiveGateway, MakeConfig
from ..front_door import Run, Terminal, run_process, run_terminal
from ..gateways.fault_server import FaultServer
from ..gateways.test_mail import mail_server
from .test_notify import smtp_at

NAME = "vår config {n} 'a'.toml"  # a shell would take it apart, and a template fill it in
CATALOGUE = Path(__file__).parents[2] / "translations" / "sv.po"
TYPED = re.compile(rf"\bsmsctl (?:{'|'.join(contents.FIRST_WORDS)})\b")


def oddly_named(config: Path) -> Path:
    return Path(shutil.copy(config, config.with_name(NAME)))


def typed(config: Path) -> str:
    return shlex.join(["smsctl", "--config", str(config)])


@pytest.mark.parametrize(
    ("words", "tells"),
    [
        ("mailings show 99", "The numbers stand in: {} mailings list"),
        ("doctor", "{} municipality activate exempelkommun"),
        ("send", '{} send --group guardians message.txt, or: --text "Hej!"'),
        ("mailings", "See: {} mailings --help"),
        ("mailings resume", "See: {} mailings resume --help"),
        ("municipality order exempelkommun", "go on with: {} municipality activate exempelkommun"),
        ("test +46701740605 hej", ""),
    ],
)
@pytest.mark.parametrize("flags", ["", "--json"])
def test_it_is_named_in_a_hint_where_it_was_named(
    words: str, tells: str, flags: str, live_gateway: LiveGateway, run: Run
) -> None:
    config = oddly_named(live_gateway(active=False).config)
    ran = run("--config", config, *flags.split(), *words.split())
    told = json.dumps(ran.json, ensure_ascii=False) if flags else ran.said
    assert TYPED.findall(told.replace("smsctl mailings needs one of", "")) == []
    hint = tells.format(typed(config))
    hint = json.dumps(hint, ensure_ascii=False)[1:-1] if flags else hint
    assert hint in told or (flags and ran.code == 0), ran.said


@pytest.mark.parametrize("how", ["the environment", "its usual place"])
def test_it_is_not_named_where_nobody_named_it(
    how: str, live_gateway: LiveGateway, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = live_gateway(active=False).config
    if how == "the environment":
        monkeypatch.setenv("SMSCTL_CONFIG", str(config))
    else:
        monkeypatch.delenv("SMSCTL_CONFIG")
        monkeypatch.setattr("smsctl.config.places.SYSTEM_CONFIG", config)
        monkeypatch.setattr("smsctl.config.places.user_config", lambda: None)
    for words in ("doctor", "mailings show 99", "send", "doctor --as-cron"):
        if how == "the environment" or "cron" not in words:
            told = run(*words.split()).said
            assert TYPED.search(told), told
            assert "--config" not in told, told


def test_as_cron_it_is_named_where_it_was_named(live_gateway: LiveGateway, run: Run) -> None:
    config = oddly_named(live_gateway(active=False).config)
    told = run("--config", config, "doctor", "--as-cron").said
    assert f"{typed(config)} municipality activate exempelkommun" in " ".join(told.split())


def test_a_mail_names_it_from_everywhere(
    live_gateway: LiveGateway, message: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads it stands in another folder than whoever has typed a name without one."""
    alarm, told = tmp_path / "alarm", tmp_path / "told"
    alarm.write_text(f'#!/bin/sh\necho "$SMSCTL_TEXT" >{told}\n', encoding="utf-8")
    alarm.chmod(0o700)
    with FaultServer(mail_server()) as server:
        notify = {"to": "drift@example.se", "command": str(alarm)}
        live = live_gateway(Behaviour(faults={"reset": 1.0}), smtp=smtp_at(server.port), notify=notify)
        monkeypatch.chdir(live.config.parent)
        ran = run_process("--config", live.config.name, "send", message, "--all", "--yes", "--max-parts", 9)
        mail = quopri.decodestring(b"".join(server.requests)).decode().replace("\r\n", "\n")
    assert ran.code == 4
    assert f"smsctl --config {live.config.name} mailings resolve 1" in ran.err
    assert f"smsctl --config {live.config} mailings show 1" in mail
    assert f"{typed(live.config)} mailings resolve 1" in mail
    assert f"{typed(live.config)} mailings resolve 1" in told.read_text(encoding="utf-8")


def test_a_person_is_told_in_swedish_too(make_config: MakeConfig) -> None:
    config = oddly_named(make_config(language="sv"))
    ran = run_terminal(["--config", config, "mailings", "show", "99"], [])
    assert f"Numren står i: {typed(config)} mailings list" in " ".join(ran.seen.split())


@pytest.mark.parametrize("columns", [60, 200])
def test_on_a_terminal_it_is_never_folded_away_from_its_command(
    make_config: MakeConfig, columns: int
) -> None:
    """Half a command that is copied would be run at the end of its line."""
    config = make_config()
    with Terminal("--config", config, "mailings", "show", "99", columns=columns) as terminal:
        seen = terminal.end().seen
    assert f"{typed(config)} mailings list" in seen.replace("\r", "").splitlines()[-1]


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("more", [-30, -1, 0, 1, 20])
def test_on_a_terminal_a_command_that_ends_a_line_is_never_folded(
    more: int, *, named: bool, make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make_config()
    monkeypatch.setenv("SMSCTL_CONFIG", str(config))
    program = typed(config) if named else "smsctl"
    command = f"{program} municipality activate exempelkommun"
    flags = ("--config", config) if named else ()
    columns = len(command) + more
    with Terminal(*flags, "municipality", "order", "exempelkommun", columns=columns) as terminal:
        seen = terminal.end().seen
    assert seen.replace("\r", "").splitlines()[-1].endswith(command), seen


def test_every_translation_has_the_commands_of_its_sentence() -> None:
    """The config is put before the same commands in both languages."""
    with CATALOGUE.open("rb") as file:
        for one in read_po(file, "sv"):
            english = one.id if isinstance(one.id, str) else one.id[0]
            forms = [one.string] if isinstance(one.string, str) else one.string or ()
            for swedish in forms:
                assert sorted(TYPED.findall(english)) == sorted(TYPED.findall(swedish)), swedish
