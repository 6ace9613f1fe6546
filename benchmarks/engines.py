"""A mailing on both engines of the ledger, in turn: a file, and a PostgreSQL server on this machine.

The gateway is in this process and takes everything at once, so that the ledger is most of the work.
"""

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from smsctl.actions.run_progress import SendPace
from smsctl.actions.send import SendRun, send
from smsctl.actions.stop_signal import StopSignal
from smsctl.domain import database_address as address
from smsctl.domain.gateway import Traits
from smsctl.domain.mailing import Ceilings
from smsctl.domain.message import Status
from smsctl.domain.package import PackageTerms
from smsctl.ledger.high_water import HighWater
from smsctl.ledger.postgres import opening
from smsctl.ledger.postgres.connect import Access
from smsctl.ledger.store import Ledger, open_ledger
from tests import postgres_server
from tests.ledger import runs
from tests.ledger.runs import Taker, new_mailing, now

PEOPLE = 100_000
TOWN = runs.TOWN._replace(rate=PackageTerms(size=10_000, price_ore=490_000))  # as a real one
ROUNDS = 3
DISK = Path("/var/tmp")
"""Where both engines wait for the same disk; a server of another user can look into it."""

GOALS = {(1000, 2): 1.8, (100, 8): 2.5}


class _Large(Taker):
    @property
    def traits(self) -> Traits:
        return super().traits._replace(max_batch=1000)


def took_s(ledger: Ledger, batch_size: int, connections: int) -> float:
    """Begin and send one mailing; return how long both took."""
    began_s = time.monotonic()
    mailing = new_mailing(ledger, PEOPLE, town=TOWN)
    result = send(
        SendRun(
            mailing=mailing,
            ledger=ledger,
            gateway=_Large(),
            now=now,
            ceilings=Ceilings(),
            pace=SendPace(batch_size=batch_size, connections=connections),
            stop_signal=StopSignal(),
            proved_at=None,
            on_progress=lambda _states: None,
        )
    )
    assert result.states == {Status.ACCEPTED: PEOPLE}, result
    return time.monotonic() - began_s


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=DISK) as made:
        yield Path(made)


def main() -> None:
    """Print the ratio of each pace beside its goal."""
    names, cluster = count(1), postgres_server.new_cluster(DISK)
    try:
        cluster.start()
        for (batch_size, connections), goal in GOALS.items():
            ratios = []
            for _ in range(ROUNDS):
                with folder() as here, closing(open_ledger(here / "ledger.db")) as ledger:
                    of_a_file_s = took_s(ledger, batch_size, connections)
                with folder() as here:
                    state = here / "ledger.db"
                    state.touch(mode=0o600)
                    there = address.parse(cluster.url())
                    access = Access(address=there, state=state, schema=f"round_{next(names)}")
                    with closing(Ledger(opening.open_to_write(access), HighWater(state))) as ledger:
                        ratios.append(took_s(ledger, batch_size, connections) / of_a_file_s)
            told = f"{batch_size} a request, {connections} in flight"
            print(f"{told}: {statistics.median(ratios):.1f} times a file (goal {goal})")
    finally:
        cluster.stop()
        shutil.rmtree(cluster.folder)


if __name__ == "__main__":
    main()
