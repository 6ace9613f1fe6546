"""The systemd units of contrib: what they start exists, and what they may write is little."""

import shlex
from configparser import RawConfigParser
from pathlib import Path

import pytest

from smsctl.cli import app, flags

UNITS = Path(__file__).parents[1] / "contrib" / "systemd"


def read(file: Path) -> RawConfigParser:
    unit = RawConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(file, encoding="utf-8")
    return unit


@pytest.mark.parametrize("file", sorted(UNITS.glob("*.service")), ids=lambda file: file.name)
def test_a_service_starts_a_command_that_there_is(file: Path) -> None:
    program, *argv = shlex.split(read(file)["Service"]["ExecStart"])
    asked, words = flags.take(argv)
    assert program.endswith("/smsctl")
    assert str(asked.config) == "/etc/smsctl/config.toml"
    assert app.command_in(words)


def test_the_listener_may_write_the_ledger_alone() -> None:
    service = read(UNITS / "smsctl-listen.service")["Service"]
    assert service["ReadWritePaths"] == "/var/lib/smsctl"
    assert service["ProtectSystem"] == "strict"
    assert service["NoNewPrivileges"] == "true"
