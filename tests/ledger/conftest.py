"""What the tests of the ledger share: an open one, and times and people that stand still."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from smsctl.domain.moment import Actor, Moment
from smsctl.domain.municipality import Municipality
from smsctl.domain.package import PackageTerms
from smsctl.ledger.sqlite import schema
from smsctl.ledger.store import Ledger, open_ledger

ACTOR = Actor(user="elin", host="skolserver")
TOWN = Municipality(key="town", name="Town", rate=PackageTerms(size=10, price_ore=4900), in_packages=True)


def on(day: str, clock: str = "08:00:00.000") -> Moment:
    """A moment on a local day; the zone of these tests is UTC."""
    return Moment(at=f"{day}T{clock}Z", day=day)


NOW = on("2026-11-22")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(tmp_path / "ledger.db")
    yield opened
    opened.close()


def migrate_to(connection: sqlite3.Connection, path: Path, version: int) -> None:
    """Make the file a ledger as an earlier smsctl left it, of this schema version."""
    steps = path.with_name(f"steps{version}")
    steps.mkdir()
    for step in schema.MIGRATIONS.glob("*.sql"):
        if int(step.name[:4]) <= version:
            shutil.copy(step, steps)
    schema.migrate(connection, path, steps)
