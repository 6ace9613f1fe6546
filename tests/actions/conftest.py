from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from smsctl.ledger.store import Ledger, open_ledger

from ..conftest import HEADER, ROWS, MakeConfig
from ..ledger.conftest import cluster, shared_ledgers
from .second_way_in import SecondWayIn

__all__ = ("cluster", "shared_ledgers")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what opens a ledger by `opener` on both engines, if it is not about the file itself."""
    if "opener" in metafunc.fixturenames:
        of_a_file = metafunc.definition.get_closest_marker("of_a_file")
        metafunc.parametrize("opener", ["sqlite"] if of_a_file else ["sqlite", "postgres"], indirect=True)


@pytest.fixture
def opener(request: pytest.FixtureRequest) -> Callable[[Path], Ledger]:
    """Return what opens an empty ledger, once on each engine."""
    if request.param == "postgres":
        opened: Callable[[Path], Ledger] = request.getfixturevalue("shared_ledgers")
        return opened
    return open_ledger


@pytest.fixture
def way_in(make_config: MakeConfig, opener: Callable[[Path], Ledger]) -> Iterator[Callable[..., SecondWayIn]]:
    opened: list[SecondWayIn] = []

    def begin(*, rows: Sequence[str] = ROWS, header: str = HEADER, **overrides: object) -> SecondWayIn:
        opened.append(SecondWayIn(make_config(rows=rows, header=header, mode="live", **overrides), opener))
        return opened[-1]

    yield begin
    for one in opened:
        one.ledger.close()
