"""How thorough the proofs are: enough for every run, or a night's worth with --long."""

import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from ..ledger.conftest import cluster, shared_ledgers
from . import loaded

__all__ = ("cluster", "shared_ledgers")

_SHORT_S, _NIGHT_S = 600, 12 * 3600  # the longest that one test may take


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is tried."""

    night: bool

    def of(self, *, short: int, long: int) -> int:
        return long if self.night else short


def pytest_collection_modifyitems(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    longest_s = _NIGHT_S if config.getoption("--long") else _SHORT_S
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.timeout(longest_s))


@pytest.fixture(scope="session")
def scale(request: pytest.FixtureRequest) -> Scale:
    """Return the scale that was asked for."""
    return Scale(night=request.config.getoption("--long"))


@pytest.fixture(scope="session", autouse=True)
def _loaded_ends() -> Iterator[None]:
    yield
    loaded.end()


@pytest.fixture
def dice(request: pytest.FixtureRequest) -> random.Random:
    """Return chance that can be had again: a failed test shows its seed."""
    seed = request.config.getoption("--seed") or os.urandom(4).hex()
    sys.stdout.write(f"to see the same again: --seed {seed}\n")
    return random.Random(seed)


@pytest.fixture
def in_memory(tmp_path: Path) -> Iterator[Path]:
    """Return a folder without a disk to wait for, where there is one; for what no disk can change."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(dir=memory))
    yield folder
    shutil.rmtree(folder)
