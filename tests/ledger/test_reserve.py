"""A disk that fills up while answers are on their way: each is stored, and nothing more is marked."""

from pathlib import Path

import pytest

from .places import on_small_disk, python, why_no_mounts

_RUN = """
import sys, threading
from pathlib import Path
from smsctl.actions.stop_signal import StopSignal
from smsctl.actions.run_progress import SendPace
from smsctl.actions.send import SendRun, send
from smsctl.domain.mailing import Ceilings
from smsctl.errors import LedgerError
from smsctl.ledger import checking
from smsctl.ledger.store import open_ledger
from tests.ledger.runs import Taker, new_mailing, now, states

folder, connections, batch_size = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
lock, filler = threading.Lock(), folder / "filler"

def fill():
    "Leave nothing free, as another program's log would."
    with lock, filler.open("ab", buffering=0) as file:
        for piece in (1 << 20, 1 << 12, 1):
            try:
                while file.write(b"x" * piece) == piece: pass
            except OSError: pass

ledger = open_ledger(folder / "ledger.db")
mailing, gateway = new_mailing(ledger, 8 * connections * batch_size), Taker(fill)
result = send(SendRun(mailing=mailing, ledger=ledger, gateway=gateway, now=now, ceilings=Ceilings(),
    pace=SendPace(batch_size=batch_size, connections=connections), stop_signal=StopSignal(), proved_at=None,
    on_progress=lambda states: None))
found = states(ledger)
print(result.stop, int(result.exit_code), sorted(found), found["accepted"] == len(gateway.taken))
try: send(SendRun(mailing=mailing, ledger=ledger, gateway=gateway, now=now, ceilings=Ceilings(),
    pace=SendPace(), stop_signal=StopSignal(), proved_at=None, on_progress=lambda states: None))
except LedgerError as error: print(int(error.exit_code), states(ledger) == found)
filler.unlink()
gateway = Taker()
result = send(SendRun(mailing=mailing, ledger=ledger, gateway=gateway, now=now, ceilings=Ceilings(),
    pace=SendPace(), stop_signal=StopSignal(), proved_at=None, on_progress=lambda states: None))
print(int(result.exit_code), len(gateway.taken) == found["pending"], sorted(states(ledger)))
print(checking.check(ledger))
"""


@pytest.mark.parametrize(("connections", "batch_size"), [(1, 100), (3, 100), (8, 20)])
def test_a_disk_that_fills_up_loses_no_answer(connections: int, batch_size: int, tmp_path: Path) -> None:
    if why := why_no_mounts(tmp_path):
        pytest.skip(why)
    ran = on_small_disk(tmp_path, python(_RUN, tmp_path, connections, batch_size), size="24m")
    assert ran.stdout.splitlines() == [
        "disk 9 ['accepted', 'pending'] True",
        "9 True",  # while it is full nothing is begun
        "0 True ['accepted']",
        "()",
    ], ran.stdout + ran.stderr
