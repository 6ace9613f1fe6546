"""Eight processes at once on one ledger, with kills, and a gateway that goes wrong now and then."""

import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.proof import invariants
from tests.proof.conftest import Scale
from tests.proof.site import GatewayProcess, Nursery, Site
from tests.proof.weaknesses import Weakness

_PROCESSES = 8
_FAULTS = "reset=0.03,reset-early=0.02,error500=0.02,error503=0.02,html200=0.01,missing-entry=0.02"
_REFUSED = 5  # everybody has the text, or is about to have it from another mailing
_BUSY = 9  # another process has the mailing, or has just begun one under that key
_ATTEMPTS = 10  # a crowd whose every kill strikes beside the wire cannot show the guard that is missing
_ENDS = {0, 4, _REFUSED, 7, _BUSY, -signal.SIGKILL}


class Crowd:
    """Everybody's work: each process goes on with a mailing that it finds, or begins one.

    Some begin what another has begun: the same text, by hand or under the same key.
    """

    def __init__(self, site: Site, weaknesses: Sequence[Weakness], hosts: int = 1) -> None:
        self._site, self._hosts = site, hosts
        for host in range(hosts):
            site.on_host(host, [])  # before they are many
        self._weaknesses = weaknesses
        self._texts = threading.Lock()
        self._begun = 0
        self.ends: Counter[int] = Counter()

    def work(self, seed: int, rounds: int, host: int) -> None:
        """Run one process after the other on a host; every second one is killed."""
        dice = random.Random(seed)
        with Nursery(*self._weaknesses) as processes:
            for _ in range(rounds):
                kill_after_s = dice.choice([None, dice.uniform(0, 0.6)])
                command = self._site.on_host(host % self._hosts, self._next(dice))
                code = processes.run(self._site, command, kill_after_s=kill_after_s)
                self.ends[code] += 1
                assert code in _ENDS, self._site.said.read_text()

    def finish(self, processes: Nursery) -> None:
        """Go on with what is left, alone, until nothing is pending."""
        ends = {0, 4, 7} | ({_BUSY} if self._site.database else set[int]())
        while left := self._site.unfinished():
            code = processes.run(self._site, self._site.resume(left[0]))
            # Refused where all have had its text from another meanwhile: then nothing of it is pending.
            assert code in ends or (code == _REFUSED and left[0] not in self._site.unfinished())

    def _next(self, dice: random.Random) -> Sequence[str]:
        left = self._site.unfinished()
        if left and dice.random() < 0.4:
            return self._site.resume(dice.choice(left))
        with self._texts:
            self._begun += dice.random() < 0.5
            return self._site.send(f"text{self._begun}", keyed=dice.random() < 0.5)


def crowd_together(
    folder: Path,
    dice: random.Random,
    *,
    rounds: int,
    weaknesses: Sequence[Weakness] = (),
    processes: int = _PROCESSES,
    database: str | None = None,
    hosts: int = 1,
) -> Counter[int]:
    """Let the processes work for so many rounds, on so many hosts, and compare; return how they ended."""
    flags = ["--latency", "0.003", "--faults", _FAULTS, "--seed", str(dice.randrange(10**6))]
    with GatewayProcess(folder / "journal.jsonl", *flags) as gateway, Nursery(*weaknesses) as alone:
        site = Site(folder=folder / "site", url=gateway.url, messages=30, connections=2, database=database)
        assert alone.run(site, site.activate()) == 0
        crowd = Crowd(site, weaknesses, hosts)
        with ThreadPoolExecutor(processes) as pool:
            seeds = [dice.randrange(10**9) for _ in range(processes)]
            list(pool.map(lambda host: crowd.work(seeds[host], rounds, host), range(processes)))
        site.compare(gateway)
        crowd.finish(alone)
        site.compare(gateway)
        invariants.nobody_is_forgotten(site.ledger)
        assert not site.complaints()
        return crowd.ends


def test_eight_processes_share_a_ledger(tmp_path: Path, dice: random.Random, scale: Scale) -> None:
    ends = crowd_together(tmp_path, dice, rounds=scale.of(short=10, long=1000))
    assert ends[0]
    assert ends[-signal.SIGKILL]


def test_the_crowd_finds_a_missing_guard(tmp_path: Path, dice: random.Random) -> None:
    def try_and_try() -> None:
        for attempt in range(_ATTEMPTS):
            folder = tmp_path / str(attempt)
            folder.mkdir()
            crowd_together(folder, dice, rounds=10, weaknesses=[Weakness.RECOVERED_AS_PENDING])

    with pytest.raises(AssertionError, match=r"I1:|I4:|I5:"):
        try_and_try()


def second_run(folder: Path, weaknesses: Sequence[Weakness] = ()) -> tuple[int, int]:
    """Resume a mailing while it is being sent; return how both runs ended."""
    with ExitStack() as open_:
        gateway = open_.enter_context(GatewayProcess(folder / "journal.jsonl", "--latency", "0.5"))
        first, second = (open_.enter_context(Nursery(*weaknesses)) for _ in range(2))
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
    # Who ends while the other has something on the wire takes it for what a dead one has left (0102).
    with pytest.raises(AssertionError, match=r"\([04], [04]\) == \(0, 9\)"):
        assert second_run(tmp_path, [Weakness.NO_LOCK]) == (0, _BUSY)
