"""Eight processes draw on one package at once."""

from pathlib import Path

import pytest

from smsctl.ledger.store import read_ledger

from ..conftest import LiveGateway
from ..front_door import begin_process, end_process
from ..ledger.recount import must_agree
from .conftest import guardians

PROCESSES, PEOPLE, SIZE = 8, 7, 10


@pytest.mark.parametrize("new_packages", [9, 0])
def test_eight_processes_share_a_package_to_the_last_part(
    new_packages: int, live_gateway: LiveGateway, tmp_path: Path
) -> None:
    live = live_gateway(
        rows=guardians(PEOPLE),
        gateway={"batch_size": 2},
        municipalities={"exempelkommun": {"package_size": SIZE}},
    )
    texts = [tmp_path / f"text{n}.txt" for n in range(PROCESSES)]
    for text in texts:
        text.write_text(f"Hej från {text.stem}", encoding="utf-8")
    ceilings = ("--max-parts", PEOPLE, "--max-new-packages", new_packages)
    processes = [
        begin_process("--config", live.config, "send", text, "--all", "--yes", *ceilings) for text in texts
    ]
    ended = [end_process(process) for process in processes]
    codes = {one.code for one in ended}
    assert codes == {0} if new_packages else {5} <= codes <= {0, 5}, [one.err for one in ended]
    ledger = read_ledger(tmp_path / "ledger" / "ledger.db")
    assert ledger
    must_agree(ledger)
    found = ledger.rows("SELECT number, used FROM packages ORDER BY number")
    ledger.close()
    sent = len(live.simulator.accepted())
    assert sum(used for _, used in found) == sent
    if new_packages:
        assert sent == PROCESSES * PEOPLE
        assert found == [(1, 10), (2, 10), (3, 10), (4, 10), (5, 10), (6, 6)]
    else:
        assert found == [(1, sent)]
        assert sent <= SIZE
