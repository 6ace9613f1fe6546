"""What the tests of the front door share: a folder with a text, and rows made at run time."""

import math
import os
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count
from pathlib import Path

import pytest

from smsctl.cli.output import language
from smsctl.simulator import identity
from smsctl.simulator.server import ReceivedRequest, Simulator

from .. import postgres_server
from ..catalogues import marked, write
from ..conftest import Live, LiveGateway
from ..front_door import Run
from ..postgres_server import Cluster

WAIT_S = 30
_NUMBERS = count(1)


@pytest.fixture
def message(tmp_path: Path) -> Path:
    path = tmp_path / "message.txt"
    path.write_text("Hej på er\n", encoding="utf-8")
    return path


def guardians(count: int) -> list[str]:
    """Rows of as many guardians, each with a number from the range that belongs to nobody."""
    return [f"Person {n};+4670174{605 + n:04};vårdnadshavare;Exempelkommun;ja" for n in range(count)]


def submitted(simulator: Simulator) -> list[ReceivedRequest]:
    """Whatever a gateway was told, beside the question whether it is a simulator."""
    return [one for one in simulator.requests() if one.path != identity.PATH]


def wait_until(condition: Callable[[], object]) -> None:
    until = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.fixture(scope="session")
def marks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(marked(), tmp_path_factory.mktemp("marked"))


@pytest.fixture
def swedish_is_marked(marks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "CATALOGUES", marks)


@pytest.fixture
def set_clocks(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """What sets a database's clock and this machine's, both to another moment, from which they go on."""
    asked = pytest.importorskip("smsctl.ledger.postgres.identity")
    shown, texts = time.time, {name: vars(asked)[name] for name in ("NOW", "STANDING")}

    def set_both(moment: str) -> None:
        ahead_s = math.ceil(datetime.fromisoformat(moment).timestamp() - shown())
        monkeypatch.setattr(time, "time", lambda: shown() + ahead_s)
        ahead = f"(clock_timestamp() + interval '{ahead_s} seconds')"
        for name, text in texts.items():
            monkeypatch.setattr(asked, name, text.replace("clock_timestamp()", ahead))

    return set_both


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    """A PostgreSQL server of this process."""
    if why := postgres_server.why_none():
        pytest.skip(why)
    yield from postgres_server.of_this_process()


@pytest.fixture
def url(server: Cluster) -> Iterator[str]:
    """The address of an empty database."""
    import psycopg

    name = f"site_{os.getpid()}_{next(_NUMBERS)}_"
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
    yield server.url(name)
    server.forget(name)


@pytest.fixture
def new_on_server(live_gateway: LiveGateway, url: str) -> Live:
    """A config that names an empty database."""
    return live_gateway(ledger={"path": None, "url": url, "state": "state"})


@pytest.fixture
def live_on_server(new_on_server: Live, run: Run) -> Live:
    """One of whose ledger a person has said that nothing was sent before."""
    said = ("--reason", "nothing was sent before")
    assert run("--config", new_on_server.config, "ledger", "accept-restore", *said).code == 0
    return new_on_server
