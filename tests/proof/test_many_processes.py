"""Eight processes at once on one ledger, with kills, and a gateway that goes wrong now and then."""

import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.proof.conftest import Scale
from tests.proof.site import GatewayProcess, Nursery, Site
from tests.proof.weaknesses import Weakness

_PROCESSES = 8
_FAULTS = "reset=0.03,reset-early=0.02,error500=0.02,error503=0.02,html200=0.01,missing-entry=0.02"
_BUSY = 9  # another process has the mailing
_ENDS = {0, 4, 7, _BUSY, -signal.SIGKILL}


class Crowd:
    """Everybody's work: each process begins a mailing of its own, or goes on with one that it finds."""

    def __init__(self, site: Site, gateway: GatewayProcess, weakness: Weakness | None) -> None:
        self._site = site
        self._gateway = gateway
        self._weakness = weakness
        self._texts = threading.Lock()
        self._begun = 0
        self.killed = 0

    def work(self, seed: int, rounds: int) -> None:
        """Run one process after the other; every second one is killed."""
        dice = random.Random(seed)
        with Nursery(self._weakness) as processes:
            for _ in range(rounds):
                kill_after_s = dice.choice([None, dice.uniform(0, 0.6)])
                code = processes.run(self._site, self._next(dice), kill_after_s=kill_after_s)
                self.killed += code == -signal.SIGKILL
                assert code in _ENDS, self._site.said.read_text()

    def finish(self, processes: Nursery) -> None:
        """Go on with what is left, alone, until nothing is pending."""
        while left := self._site.unfinished():
            assert processes.run(self._site, self._site.resume(left[0])) in {0, 4, 7}

    def _next(self, dice: random.Random) -> list[str]:
        left = self._site.unfinished()
        if left and dice.random() < 0.6:
            return self._site.resume(dice.choice(left))
        with self._texts:
            self._begun += 1
            return self._site.send(f"text{self._begun}")


def crowd_together(
    folder: Path, dice: random.Random, *, rounds: int, weakness: Weakness | None = None
) -> int:
    """Let the processes work for so many rounds, and compare; return how many were killed."""
    flags = ["--latency", "0.003", "--faults", _FAULTS, "--seed", str(dice.randrange(10**6))]
    with GatewayProcess(folder / "journal.jsonl", *flags) as gateway, Nursery(weakness) as alone:
        site = Site(folder=folder / "site", url=gateway.url, messages=30, connections=2)
        assert alone.run(site, site.activate()) == 0
        crowd = Crowd(site, gateway, weakness)
        with ThreadPoolExecutor(_PROCESSES) as pool:
            seeds = [dice.randrange(10**9) for _ in range(_PROCESSES)]
            list(pool.map(lambda seed: crowd.work(seed, rounds), seeds))
        site.compare(gateway)
        crowd.finish(alone)
        site.compare(gateway)
        assert not site.complaints()
        return crowd.killed


@pytest.mark.timeout(4 * 3600)
def test_eight_processes_share_a_ledger(tmp_path: Path, dice: random.Random, scale: Scale) -> None:
    assert crowd_together(tmp_path, dice, rounds=scale.of(short=10, long=1000)) > 0


def test_the_crowd_finds_a_missing_guard(tmp_path: Path, dice: random.Random) -> None:
    with pytest.raises(AssertionError, match=r"I1|I4|I5"):
        crowd_together(tmp_path, dice, rounds=10, weakness=Weakness.RECOVERED_AS_PENDING)


def second_run(folder: Path, weakness: Weakness | None = None) -> tuple[int, int]:
    """Resume a mailing while it is being sent; return how both runs ended."""
    with ExitStack() as open_:
        gateway = open_.enter_context(GatewayProcess(folder / "journal.jsonl", "--latency", "0.5"))
        first, second = (open_.enter_context(Nursery(weakness)) for _ in range(2))
        site = Site(folder=folder / "site", url=gateway.url, messages=20)
        assert first.run(site, site.activate()) == 0
        first.begin(site, site.send("mailing"))
        while not gateway.accepted("site"):
            time.sleep(0.01)
        code = second.run(site, site.resume(1))
        ended = first.end(), code
        site.compare(gateway)
        return ended


def test_a_second_run_of_the_same_mailing_ends_at_once_and_the_first_goes_on(tmp_path: Path) -> None:
    assert second_run(tmp_path) == (0, _BUSY)


def test_without_the_lock_the_second_run_is_not_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        assert second_run(tmp_path, Weakness.NO_LOCK) == (0, _BUSY)
