"""A secret or a config that another user owns: what is told fits who asks."""

import json
import os
import pwd
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..conftest import SECRET, MakeConfig
from ..two_users import common_ground, needs_root, run_as

pytestmark = needs_root


@pytest.mark.parametrize(
    ("owner", "mode", "says"),
    [
        ("root", 0o600, "Only root may read it."),
        ("daemon", 0o600, "ask as that user, with sudo -u daemon before the command"),
        ("daemon", 0o644, "ask as that user, with sudo -u daemon before the command"),
    ],
)
def test_a_secret_that_may_not_be_read_is_not_told_to_be_stored(
    make_config: MakeConfig, owner: str, mode: int, says: str
) -> None:
    with common_ground() as ground:
        secret, config = ground / "gateway.secret", ground / "config.toml"
        secret.write_text(SECRET, encoding="utf-8")
        secret.chmod(mode)
        os.chown(secret, pwd.getpwnam(owner).pw_uid, -1)
        made = make_config(gateway={"password": {"source": "file", "path": str(secret)}})
        config.write_text(made.read_text(encoding="utf-8"), encoding="utf-8")
        asked = run_as(pwd.getpwnam("bin").pw_uid, "--config", config, "credential", "check", "--json")
    told = " ".join(one["text"] for one in json.loads(asked.out)["messages"])
    assert (asked.code, says in told, "credential set" in told) == (8, True, False)
    assert "chown root" not in told


PIPED = ("sh", "-c", 'echo anew | "$0" "$@"')


@pytest.fixture
def of_a_service(make_config: MakeConfig) -> Iterator[Path]:
    """As in `set-up-a-server.md`: a folder of root's, with the secret and the ledger of a service."""
    service = pwd.getpwnam("daemon")
    with common_ground() as ground:
        secret, ledger = ground / "gateway.secret", ground / "ledger"
        ledger.mkdir(mode=0o700)
        secret.write_text(SECRET, encoding="utf-8")
        secret.chmod(0o600)
        for path in (secret, ledger):
            os.chown(path, service.pw_uid, service.pw_gid)
        password = {"source": "file", "path": str(secret)}
        made = make_config(gateway={"password": password}, ledger={"path": str(ledger / "ledger.db")})
        (ground / "config.toml").write_text(made.read_text(encoding="utf-8"), encoding="utf-8")
        yield ground


def _check_as(uid: int, folder: Path) -> str:
    ran = run_as(uid, "--config", folder / "config.toml", "credential", "check")
    return ran.out if ran.code == 0 else ran.said


def test_root_takes_the_secret_of_whom_it_steps_aside_for(of_a_service: Path) -> None:
    assert "comes from the file" in _check_as(0, of_a_service)


def test_nobody_elses(of_a_service: Path) -> None:
    os.chown(of_a_service / "gateway.secret", pwd.getpwnam("bin").pw_uid, -1)
    told = _check_as(0, of_a_service)
    assert "belongs to another user" in told
    assert f"Run: chown daemon {of_a_service / 'gateway.secret'}" in told


@pytest.mark.parametrize("is_there", [True, False])
def test_what_root_stores_is_for_whoever_sends(of_a_service: Path, *, is_there: bool) -> None:
    if not is_there:
        (of_a_service / "gateway.secret").unlink()
    stored = run_as(0, "--config", of_a_service / "config.toml", "credential", "set", before=PIPED)
    assert stored.code == 0, stored.said
    assert (of_a_service / "gateway.secret").read_text(encoding="utf-8") == "anew\n"
    assert "comes from the file" in _check_as(pwd.getpwnam("daemon").pw_uid, of_a_service)


def test_what_root_stores_for_itself_is_roots(of_a_service: Path) -> None:
    os.chown(of_a_service / "ledger", 0, 0)
    stored = run_as(0, "--config", of_a_service / "config.toml", "credential", "set", before=PIPED)
    found = (of_a_service / "gateway.secret").stat()
    assert (stored.code, found.st_uid, found.st_mode & 0o777) == (0, 0, 0o600)
    assert "comes from the file" in _check_as(0, of_a_service)


def test_who_may_not_write_there_is_told_who_may(of_a_service: Path) -> None:
    service = pwd.getpwnam("daemon").pw_uid
    for command in ("set", "delete"):
        ran = run_as(service, "--config", of_a_service / "config.toml", "credential", command, before=PIPED)
        assert (ran.code, "Run it as root" in ran.said, "sudo -u" in ran.said) == (8, True, False), ran.said


def test_a_config_of_a_group_that_is_not_ones_own_is_changed_by_root(of_a_service: Path) -> None:
    config, before = of_a_service / "config.toml", (of_a_service / "config.toml").read_bytes()
    service = pwd.getpwnam("daemon").pw_uid
    os.chown(config, service, 0)
    os.chown(of_a_service, service, service)
    argv = ("--config", config, "config", "set", "gateway.priority", "3")
    ran = run_as(service, *argv)
    assert (ran.code, "Run it as root: the file keeps its owner and group." in ran.err) == (8, True), ran.said
    assert config.read_bytes() == before
    assert run_as(0, *argv).code == 0
    assert (config.stat().st_uid, config.stat().st_gid) == (service, 0)
