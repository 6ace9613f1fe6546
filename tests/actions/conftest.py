from collections.abc import Callable, Iterator, Sequence

import pytest

from ..conftest import HEADER, ROWS, MakeConfig
from .second_way_in import SecondWayIn


@pytest.fixture
def way_in(make_config: MakeConfig) -> Iterator[Callable[..., SecondWayIn]]:
    opened: list[SecondWayIn] = []

    def begin(*, rows: Sequence[str] = ROWS, header: str = HEADER, **overrides: object) -> SecondWayIn:
        opened.append(SecondWayIn(make_config(rows=rows, header=header, mode="live", **overrides)))
        return opened[-1]

    yield begin
    for one in opened:
        one.ledger.close()
