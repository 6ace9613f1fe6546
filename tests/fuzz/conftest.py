"""How much is tried: enough for every run, or a night's worth with --long. A failed test shows its seed."""

import os
import random
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

_NIGHT_S = 12 * 3600


def pytest_collection_modifyitems(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent and config.getoption("--long"):
            item.add_marker(pytest.mark.timeout(_NIGHT_S))


@pytest.fixture
def many(request: pytest.FixtureRequest) -> int:
    """How many times as much is tried as in a run of every day."""
    return 500 if request.config.getoption("--long") else 1


@pytest.fixture
def dice(request: pytest.FixtureRequest) -> random.Random:
    """Return chance that can be had again."""
    seed = request.config.getoption("--seed") or os.urandom(4).hex()
    sys.stdout.write(f"to see the same again: --seed {seed}\n")
    return random.Random(seed)


@pytest.fixture
def message(tmp_path: Path) -> Path:
    path = tmp_path / "message.txt"
    path.write_text("Hej på er\n", encoding="utf-8")
    return path
