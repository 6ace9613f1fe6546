"""A line to the database that leaves this machine: encrypted, to the server that is named, or not at all.

And a server that is older than the one of the wheel. Debian's is asked, for the wheel's has no TLS.
"""

import os
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from smsctl.domain import database_address as address
from smsctl.domain.secret import Secret
from smsctl.errors import LedgerError

from .. import postgres_server
from ..postgres_server import Cluster
from .conftest import open_shared
from .runs import Taker, must_be_true, new_mailing, send_all

if why := postgres_server.why_none() or postgres_server.why_none_of_debian():
    pytest.skip(why, allow_module_level=True)

import psycopg

from smsctl.ledger.postgres import dialect
from smsctl.ledger.postgres.connect import Access
from smsctl.ledger.seam.sentences import LostError

_NUMBERS = count(1)
_PASSWORD = "canary-of-the-line"
_OTHER_THAN_LOOPBACK = "127.0.0.2"
"""Loopback as well, and under no name that the program takes for this machine's own."""


class Papers(NamedTuple):
    """A certificate, which is its own authority, and its key."""

    certificate: Path
    key: Path


def papers(folder: Path, name: str, *, days: int = 1, to: str = _OTHER_THAN_LOOPBACK) -> Papers:
    """Make what a server shows of itself, good for so many days from now on."""
    key, common = ec.generate_private_key(ec.SECP256R1()), x509.NameAttribute(NameOID.COMMON_NAME, name)
    began = datetime.now(UTC) - timedelta(days=2)
    signed = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([common]))
        .issuer_name(x509.Name([common]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(began)
        .not_valid_after(datetime.now(UTC) + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(to))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    made = Papers(certificate=folder / f"{name}.pem", key=folder / f"{name}.key")
    made.certificate.write_bytes(signed.public_bytes(Encoding.PEM))
    made.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    made.key.chmod(0o600)
    return made


@pytest.fixture(scope="module")
def debian() -> Iterator[Cluster]:
    made = postgres_server.new_cluster(of_debian=True)
    rules = made.data / "pg_hba.conf"
    trusted = rules.read_text(encoding="utf-8")
    rules.write_text(f"hostssl all all all scram-sha-256\n{trusted}", encoding="utf-8")
    try:
        _start(made)
        with psycopg.connect(made.url(), autocommit=True) as session:
            session.execute(f"ALTER ROLE owner PASSWORD '{_PASSWORD}'".encode())
        yield made
    finally:
        made.stop()
        shutil.rmtree(made.folder)


def _start(cluster: Cluster, shown: Papers | None = None) -> None:
    settings = {"listen_addresses": f"127.0.0.1,{_OTHER_THAN_LOOPBACK}"}
    if shown:
        for file in shown:
            there = cluster.data / file.name
            shutil.copy(file, there)
            cluster.own(there)
        settings |= {"ssl": "on", "ssl_cert_file": shown[0].name, "ssl_key_file": shown[1].name}
    cluster.start(**settings)


@pytest.fixture
def access(debian: Cluster, tmp_path: Path) -> Access:
    state = tmp_path / "ledger.db"
    state.touch(mode=0o600)
    server = address.Server(host=_OTHER_THAN_LOOPBACK, port=debian.port)
    return Access(
        address=address.parse(debian.url())._replace(servers=(server,)),
        state=state,
        password=Secret(_PASSWORD),
        schema=f"tls_{os.getpid()}_{next(_NUMBERS)}",
        busy_timeout_s=5,
    )


@pytest.fixture
def authority(access: Access, tmp_path: Path) -> Papers:
    assert access
    return papers(tmp_path, "authority")


@pytest.mark.parametrize("case", ["plain", "another name", "expired", "another authority"])
def test_a_line_that_could_be_anybodys_is_refused(
    case: str, access: Access, debian: Cluster, authority: Papers, tmp_path: Path
) -> None:
    """The way there is asked in full, whatever is written about it elsewhere."""
    shown: dict[str, Papers | None] = {
        "plain": None,
        "another name": papers(tmp_path, "other-name", to="127.0.0.3"),
        "expired": papers(tmp_path, "expired", days=-1),
        "another authority": papers(tmp_path, "stranger"),
    }
    found = shown[case]
    bundle = authority.certificate if case in {"plain", "another authority"} or found is None else found[0]
    debian.stop()
    _start(debian, found)
    with pytest.raises(LedgerError, match="not encrypted as it must be, or the server's certificate") as told:
        open_shared(access._replace(ca_bundle=bundle))
    assert told.value.hint
    assert _PASSWORD not in f"{told.value} {told.value.hint} {told.value.__cause__!r}"


@pytest.mark.parametrize("how", ["at once", "in the middle", "reset"])
def test_a_server_that_goes_down_in_the_middle_is_not_one_whose_certificate_is_wrong(
    how: str, access: Access, authority: Papers
) -> None:
    def go_down() -> None:
        line, _ = listening.accept()
        with line:
            line.recv(8)  # whether it speaks TLS
            line.sendall(b"S")
            if how != "at once":
                line.recv(10_000 if how == "reset" else 1)

    with socket.create_server((_OTHER_THAN_LOOPBACK, 0)) as listening:
        Thread(target=go_down, daemon=True).start()
        there = address.Server(host=_OTHER_THAN_LOOPBACK, port=listening.getsockname()[1])
        with pytest.raises(LostError, match="connection to the database broke"):
            open_shared(
                access._replace(
                    address=access.address._replace(servers=(there,)), ca_bundle=authority.certificate
                )
            )


def test_a_line_to_the_server_that_is_named_is_taken_and_all_of_it_is_encrypted(
    access: Access, debian: Cluster, authority: Papers
) -> None:
    debian.stop()
    _start(debian, authority)
    with closing(open_shared(access._replace(ca_bundle=authority.certificate))) as ledger:
        gateway = Taker()
        send_all(ledger, new_mailing(ledger, 3), gateway)
        must_be_true(ledger, gateway)
        shown = ledger.one("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        assert shown == (1,)
    with pytest.raises(LedgerError, match="refused the login"):
        open_shared(access._replace(ca_bundle=authority.certificate, password=Secret("wrong")))


def test_a_server_that_asks_for_no_password_is_not_the_one_that_is_meant(
    access: Access, debian: Cluster, authority: Papers
) -> None:
    rules = debian.data / "pg_hba.conf"
    before = rules.read_text(encoding="utf-8")
    debian.stop()
    rules.write_text(before.replace("scram-sha-256", "trust"), encoding="utf-8")
    _start(debian, authority)
    try:
        with pytest.raises(LedgerError, match="refused the login"):
            open_shared(access._replace(ca_bundle=authority.certificate))
    finally:
        rules.write_text(before, encoding="utf-8")


def test_the_oldest_server_that_is_supported_is_sent_from(debian: Cluster, access: Access) -> None:
    with psycopg.connect(debian.url(), sslmode="disable") as session:
        version: Any = session.info.server_version
    here = access._replace(address=address.parse(debian.url()), password=None)
    with closing(open_shared(here)) as ledger:
        gateway = Taker()
        send_all(ledger, new_mailing(ledger, 12), gateway)
        must_be_true(ledger, gateway)
        with ledger.transaction():
            plan = ledger.column("EXPLAIN SELECT COUNT(*) FROM messages WHERE code = 'x'")
        assert any("Seq Scan" in line for line in plan), plan
        assert "JIT:" not in plan, "a tenth of a second for each statement that looks through a table"
    assert version >= 150_000


# A database that sorts as in Sweden: the wheel's server knows no order but that of bytes


@pytest.fixture
def in_swedish(debian: Cluster, access: Access) -> Iterator[Access]:
    """The way to such a database."""
    with psycopg.connect(debian.url(), autocommit=True) as admin:
        admin.execute(
            "CREATE DATABASE swedish LOCALE_PROVIDER icu ICU_LOCALE 'sv' LOCALE 'C' TEMPLATE template0"
        )
        yield access._replace(address=address.parse(debian.url("swedish")), password=None)
        admin.execute("DROP DATABASE swedish WITH (FORCE)")


NAMES = ["Z", "a", "v", "w", "W", "ä", "å", "Å", "ö", "-", "é"]


def _sorted_there(access: Access) -> tuple[list[str], list[str]]:
    """Write names; return them as the ledger sorts them, and those of them that come before "a"."""
    with closing(open_shared(access)) as ledger:
        with ledger.transaction():
            ledger.write_many("INSERT INTO facts (name, value) VALUES (?, '')", [(one,) for one in NAMES])
        return (
            ledger.column("SELECT name FROM facts WHERE value = '' ORDER BY name"),
            ledger.column("SELECT name FROM facts WHERE value = '' AND name < 'a' ORDER BY name"),
        )


def test_a_swedish_database_sorts_as_a_file_does(in_swedish: Access) -> None:
    assert _sorted_there(in_swedish) == (sorted(NAMES), ["-", "W", "Z"])


def test_by_its_own_order_it_would_not(in_swedish: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    monkeypatch.setattr(dialect, "_TEXT", re.compile("(?!)"))
    found, before = _sorted_there(in_swedish)
    assert sorted(found) == sorted(NAMES)
    assert found != sorted(NAMES)
    assert before == ["-"]
