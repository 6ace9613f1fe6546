"""Random SIGKILL of real processes: 0 twice, 0 lost, 0 falsely accepted, and the sums are right."""

import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from tests.proof import invariants
from tests.proof.conftest import Scale
from tests.proof.site import ColdStarts, GatewayProcess, Nursery, Processes, Site
from tests.proof.weaknesses import Weakness

_AT_ONCE = 2
_KILLS_PER_SITE = 25
_ENDS = {0, 4, -signal.SIGKILL}  # all accepted; some unknown; killed


def torment(
    processes: Processes, site: Site, gateway: GatewayProcess, dice: random.Random, kills: int
) -> int:
    """Send and resume under kills at any moment, and compare after each; return the messages unknown."""
    names = count(1)
    assert processes.run(site, site.activate()) == 0
    started = time.monotonic()
    assert processes.run(site, site.send("undisturbed")) == 0
    lasts_s = time.monotonic() - started
    killed = 0
    while killed < kills or site.unfinished():
        left = site.unfinished()
        command = site.resume(left[0]) if left else site.send(f"text{next(names)}")
        code = processes.run(
            site, command, kill_after_s=dice.uniform(0, 1.1 * lasts_s) if killed < kills else None
        )
        killed += code == -signal.SIGKILL
        assert code in _ENDS, site.said.read_text()
        site.compare(gateway)
    assert not site.complaints()
    return invariants.states(site.ledger)["unknown"]


def torment_many(folder: Path, dice: random.Random, kills: int, weakness: Weakness | None = None) -> int:
    """Do that to as many new servers as it takes, some at once; return the messages unknown in the end."""
    numbers = count(1)
    folder.joinpath("sites").mkdir()

    def new_site(url: str) -> Site:
        return Site(
            folder=folder / "sites" / f"site{next(numbers)}",
            url=url,
            messages=dice.randint(60, 200),
            batch_size=dice.randint(5, 20),
            connections=dice.choice([1, 4]),
        )

    def one_at_a_time(seed: int) -> int:
        own = random.Random(seed)
        latency_ms = own.choice([2, 5, 10])
        unknown = 0
        journal = folder / f"journal{seed}.jsonl"
        with (
            GatewayProcess(journal, "--latency", f"{latency_ms / 1000}") as gateway,
            Nursery(weakness) as processes,
        ):
            for done in range(0, kills // _AT_ONCE, _KILLS_PER_SITE):
                wanted = min(_KILLS_PER_SITE, kills // _AT_ONCE - done)
                unknown += torment(processes, new_site(gateway.url), gateway, own, wanted)
        return unknown

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return sum(pool.map(one_at_a_time, [dice.randrange(10**9) for _ in range(_AT_ONCE)]))


@pytest.mark.timeout(4 * 3600)
def test_no_kill_makes_a_message_lost_or_sent_twice(
    tmp_path: Path, dice: random.Random, scale: Scale
) -> None:
    unknown = torment_many(tmp_path, dice, scale.of(short=300, long=10_000))
    assert unknown, "no kill ever struck between a mark and its answer"


@pytest.mark.timeout(1200)
def test_a_process_started_by_cron_may_be_killed_at_any_moment(
    tmp_path: Path, dice: random.Random, scale: Scale
) -> None:
    with GatewayProcess(tmp_path / "journal.jsonl", "--latency", "0.01") as gateway:
        site = Site(folder=tmp_path / "site", url=gateway.url, messages=100, connections=4)
        torment(ColdStarts(), site, gateway, dice, scale.of(short=20, long=200))


@pytest.mark.parametrize("weakness", [Weakness.RECOVERED_AS_PENDING, Weakness.SENT_BEFORE_THE_MARK])
def test_the_kills_find_a_missing_guard(tmp_path: Path, dice: random.Random, weakness: Weakness) -> None:
    with pytest.raises(AssertionError, match=r"I1|I4|I5"):
        torment_many(tmp_path, dice, 300, weakness)
