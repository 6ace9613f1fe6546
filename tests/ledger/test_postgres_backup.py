"""A backup of a ledger on a server: made by pg_dump, put back by pg_restore, and recognised then."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from smsctl.domain.secret import Secret
from smsctl.errors import InputError, LedgerError
from smsctl.ledger import checking, mailings
from smsctl.ledger.backup import back_up
from smsctl.ledger.high_water import HighWater
from smsctl.ledger.store import Ledger

from .. import postgres_server
from ..postgres_server import Cluster
from .runs import Taker, must_be_true, new_mailing, send_all, states

if why := postgres_server.why_none():
    pytest.skip(why, allow_module_level=True)

import psycopg

from smsctl.domain import database_address as address
from smsctl.ledger.postgres import dumping, opening
from smsctl.ledger.postgres.connect import Access

_NUMBERS = count(1)


@pytest.fixture
def access(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Access:
    monkeypatch.setenv("PATH", f"{cluster.binaries}{os.pathsep}{os.environ['PATH']}")
    state = tmp_path / "state" / "ledger.db"
    state.parent.mkdir()
    state.touch(mode=0o600)
    name = f"backup_{os.getpid()}_{next(_NUMBERS)}"
    return Access(address=address.parse(cluster.url()), state=state, schema=name, busy_timeout_s=5)


@pytest.fixture
def admin(cluster: Cluster) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(cluster.url(), autocommit=True) as session:
        yield session


def opened(access: Access) -> Ledger:
    return Ledger(opening.open_to_write(access), HighWater(access.state))


def _major(ledger: Ledger) -> int:
    return int(ledger.rows("SHOW server_version_num")[0][0]) // 10_000


def put_back(access: Access, backup: Path) -> None:
    """Type what the program says."""
    ran = subprocess.run(shlex.split(access.address.restoring_line(backup)), capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_a_backup_that_is_put_back_holds_all_and_is_recognised(access: Access, tmp_path: Path) -> None:
    target, gateway = tmp_path / "ledger.dump", Taker()
    with closing(opened(access)) as ledger:
        mailing = new_mailing(ledger, 6)
        send_all(ledger, mailing, gateway)
        made = back_up(ledger, target)
        assert (made.ledger, target.stat().st_mode & 0o777) == (target, 0o600)
        send_all(ledger, new_mailing(ledger, 4, body="Igen"), gateway)
        must_be_true(ledger, gateway)
        put_back(access, target)
        assert states(ledger) == {"accepted": 6}
        with pytest.raises(LedgerError, match="another database than before"), ledger.transaction():
            pass
    with closing(opened(access)) as later:
        assert [fault.rule for fault in checking.check(later)] == ["restored"]
        assert mailings.get(later, mailing.id) == mailing
    assert list(tmp_path.glob("*.unfinished")) == []


def test_a_backup_of_one_moment_is_made_while_others_send(access: Access, tmp_path: Path) -> None:
    target = tmp_path / "ledger.dump"
    with closing(opened(access)) as ledger, closing(opened(access)) as other:
        mailing = new_mailing(ledger, 4)
        copies = iter([target])

        def copy() -> None:
            for one in copies:
                back_up(other, one)

        gateway = Taker(before=copy)
        send_all(ledger, mailing, gateway)
        must_be_true(ledger, gateway)
        put_back(access, target)
    with closing(opened(access)) as later:
        assert states(later) == {"sending": 2, "pending": 2}


def test_the_password_is_given_and_told_nowhere(
    access: Access, admin: psycopg.Connection[Any], cluster: Cluster, tmp_path: Path
) -> None:
    """The line of a program shows who looks at the processes of a machine."""
    password, role = "ca:na\\ry", f"dumper_{os.getpid()}"
    admin.execute(f"CREATE ROLE {role} LOGIN SUPERUSER PASSWORD '{password}'".encode())
    rules = cluster.data / "pg_hba.conf"
    before = rules.read_text(encoding="utf-8")
    rules.write_text(f"host all {role} all scram-sha-256\n{before}", encoding="utf-8")
    admin.execute("SELECT pg_reload_conf()")
    seen = tmp_path / "seen"
    program = tmp_path / "bin" / "pg_dump"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\nprintf \'%s\\n\' "$@" >>{seen}\nenv >>{seen}\nexec {cluster.binaries}/pg_dump "$@"\n',
        encoding="utf-8",
    )
    program.chmod(0o755)
    locked = access._replace(
        address=access.address._replace(user=role), password=Secret(password), schema=f"{access.schema}_own"
    )
    try:
        with closing(opened(locked)) as ledger, pytest.MonkeyPatch.context() as patched:
            patched.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
            patched.setenv("PGPASSWORD", "wrong")
            target = back_up(ledger, tmp_path / "ledger.dump").ledger
            assert target.read_bytes().startswith(b"PGDMP")
            wrong = locked._replace(password=Secret("wrong"))
            with pytest.raises(LedgerError, match="pg_dump failed") as told:
                dumping.dump(wrong, 10_000 * _major(ledger), tmp_path / "other.dump")
    finally:
        rules.write_text(before, encoding="utf-8")
        admin.execute("SELECT pg_reload_conf()")
    assert "ca:na" not in seen.read_text(encoding="utf-8") + str(told.value)
    assert "PGPASSWORD" not in seen.read_text(encoding="utf-8")
    assert not (tmp_path / "other.dump").exists()


def test_a_backup_needs_a_program_as_new_as_the_server(
    access: Access, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "bin" / "pg_dump"
    old.parent.mkdir()
    with closing(opened(access)) as ledger:
        with monkeypatch.context() as patched:
            patched.setenv("PATH", str(old.parent))
            with pytest.raises(LedgerError, match="needs pg_dump") as told:
                back_up(ledger, tmp_path / "ledger.dump")
            assert "of version 1" in str(told.value.hint)
            for version in ("pg_dump (PostgreSQL) 9.6.24", "what?"):
                old.write_text(f"#!/bin/sh\necho '{version}'\n", encoding="utf-8")
                old.chmod(0o755)
                with pytest.raises(LedgerError, match="is older than the server"):
                    back_up(ledger, tmp_path / "ledger.dump")
        with pytest.raises(InputError):
            back_up(ledger, tmp_path / "nowhere" / "ledger.dump")
    assert not (tmp_path / "ledger.dump").exists()


@pytest.fixture
def older(tmp_path: Path) -> Iterator[Access]:
    """The way to Debian's server, which is older than the programs that the wheel brings."""
    if why := postgres_server.why_none_of_debian():
        pytest.skip(why)
    cluster = postgres_server.new_cluster(of_debian=True)
    cluster.start()
    state = tmp_path / "ledger.db"
    state.touch(mode=0o600)
    try:
        yield Access(address=address.parse(cluster.url()), state=state, schema="older", busy_timeout_s=5)
    finally:
        cluster.stop()
        shutil.rmtree(cluster.folder)


def test_no_backup_is_made_that_its_server_does_not_take_back(
    older: Access, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{cluster.binaries}{os.pathsep}{os.environ['PATH']}")
    target = tmp_path / "ledger.dump"
    with closing(opened(older)) as ledger:
        if _major(ledger) >= 17:
            pytest.skip("this server takes it back")
        with pytest.raises(LedgerError, match=r"cannot be put back in a server of version 1[56]") as told:
            back_up(ledger, target)
        assert "of version 1" in str(told.value.hint)
        assert not target.exists()
        monkeypatch.setattr(dumping, "_TIMES_OUT", 99)  # the control
        back_up(ledger, target)
        line = shlex.split(older.address.restoring_line(target))
        ran = subprocess.run(line, capture_output=True, text=True, check=False)
        assert ran.returncode == 1
        assert "transaction_timeout" in ran.stderr


def test_an_older_program_is_not_asked_to_know_the_certificates_of_the_system(tmp_path: Path) -> None:
    """It would take the word for the name of a file, and fail; what it says is not shown."""
    there = address.parse("postgresql://owner@db.example.se/ledger")
    access = Access(address=there, state=tmp_path / "ledger.db")
    place = vars(dumping)["_place"]
    with pytest.raises(LedgerError, match="pg_dump 15 does not know the certificates of the system") as told:
        place(access, os.devnull, 15)
    assert "ca_bundle" in str(told.value.hint)
    assert "sslrootcert=system" in place(access, os.devnull, 16)
    named = access._replace(ca_bundle=tmp_path / "ca.pem")
    assert f"sslrootcert={tmp_path / 'ca.pem'}" in place(named, os.devnull, 15)
