"""What the tests of the front door share: a folder with a text, and rows made at run time."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from smsctl.cli.output import language
from smsctl.simulator import identity
from smsctl.simulator.server import ReceivedRequest, Simulator

from ..catalogues import marked, write

WAIT_S = 30


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
