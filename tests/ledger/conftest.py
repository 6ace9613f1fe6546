"""What the tests of the ledger share: an open one, and times and people that stand still."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smsctl.domain.moment import Actor, Moment
from smsctl.domain.municipality import Municipality
from smsctl.domain.package import PackageTerms
from smsctl.ledger import hosts
from smsctl.ledger.high_water import LINEAGE
from smsctl.ledger.seam.engine import FILLING
from smsctl.ledger.sqlite import schema
from smsctl.ledger.sqlite.engine import SqliteEngine
from smsctl.ledger.store import Ledger, open_ledger

from .. import postgres_server
from ..postgres_server import Cluster

if TYPE_CHECKING:
    from smsctl.ledger.postgres.connect import Access

ACTOR = Actor(user="elin", host="skolserver")
TOWN = Municipality(key="town", name="Town", rate=PackageTerms(size=10, price_ore=4900), in_packages=True)


def on(day: str, clock: str = "08:00:00.000") -> Moment:
    """A moment on a local day; the zone of these tests is UTC."""
    return Moment(at=f"{day}T{clock}Z", day=day)


NOW = on("2026-11-22")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what is given an open ledger on both engines, if it is not about the file itself."""
    if "ledger" in metafunc.fixturenames:
        of_a_file = metafunc.definition.get_closest_marker("of_a_file")
        metafunc.parametrize("ledger", ["sqlite"] if of_a_file else ["sqlite", "postgres"], indirect=True)


@pytest.fixture
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """An open ledger, once on each engine."""
    if request.param == "postgres":
        opened = request.getfixturevalue("shared_ledgers")(tmp_path / "ledger.db")
    else:
        opened = open_ledger(tmp_path / "ledger.db")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server of this process."""
    if why := postgres_server.why_none():
        pytest.skip(why)
    yield from postgres_server.of_this_process()


@pytest.fixture(scope="session")
def shared_ledgers(cluster: Cluster) -> Callable[[Path], Ledger]:
    """Return what opens an empty ledger on the server; one at a time."""
    from smsctl.domain import database_address as address
    from smsctl.ledger.postgres import connect, opening

    migrated: list[str] = []

    def opened(state: Path) -> Ledger:
        access = connect.Access(address=address.parse(cluster.url()), state=state)
        if not migrated:
            opening.open_to_write(access).close()
            migrated.append(access.schema)
        cluster.empty(access.schema)
        state.touch(mode=0o600)
        return open_shared(access)

    return opened


def open_shared(access: "Access") -> Ledger:
    """Open a ledger on a server; of a new one, a person says that nothing was sent before."""
    opened = hosts.open_shared(access)
    if opened.fact(LINEAGE) is None and opened.fact(FILLING) is None:
        with opened.transaction():
            hosts.renew(opened)
    return opened


def opened_again(ledger: Ledger, busy_timeout_s: float = 30) -> Ledger:
    """Open the same ledger once more, as another process would."""
    if isinstance(ledger.engine, SqliteEngine):
        return open_ledger(ledger.path, busy_timeout_s=busy_timeout_s)
    from smsctl.ledger.postgres import engine

    assert isinstance(ledger.engine, engine.PostgresEngine)
    access = ledger.engine.access._replace(busy_timeout_s=busy_timeout_s)
    return open_shared(access)


def migrate_to(connection: sqlite3.Connection, path: Path, version: int) -> None:
    """Make the file a ledger as an earlier smsctl left it, of this schema version."""
    steps = path.with_name(f"steps{version}")
    steps.mkdir()
    for step in schema.MIGRATIONS.glob("*.sql"):
        if int(step.name[:4]) <= version:
            shutil.copy(step, steps)
    schema.migrate(connection, path, steps)
