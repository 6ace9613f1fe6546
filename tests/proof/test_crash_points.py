"""SIGKILL at every single write, flush, connect, send and receive of a mailing of 20 messages."""

import re
import shutil
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from tests.proof import invariants, tracing
from tests.proof.conftest import Scale
from tests.proof.site import GatewayProcess, Nursery, Site
from tests.proof.weaknesses import Weakness

_AT_ONCE = 2
_PLANNED_POINTS = 137  # as many as the smallest sender that marks ahead had


@pytest.fixture(autouse=True)
def _strace(tmp_path: Path) -> None:
    if why := tracing.why_not(tmp_path):
        pytest.skip(why)


Command = Callable[[Site], Sequence[str]]


def crash_everywhere(
    folder: Path,
    calls: Sequence[str],
    *,
    command: Command = lambda site: site.send("mailing"),
    connections: int = 1,
    weaknesses: Sequence[Weakness] = (),
    left: str = "",
) -> int:
    """Kill a command at each call of these kinds, go on from there, compare; return how many points.

    `left`: the ledger that it begins with holds what this earlier death of it has left.
    """
    folder.joinpath("sites").mkdir()
    sent_from = set[str]()

    def take_turns(first: int) -> int:
        points = 0
        with Nursery(*weaknesses) as processes:
            active = Site(folder=folder / f"active{first}", url=gateway.url, messages=20 if left else 0)
            assert processes.run(active, active.activate()) == 0
            if left:
                tracing.run_traced(processes, active, command(active), "-e", left, to=active.folder / "trace")
                assert invariants.states(active.ledger)
                assert not invariants.mailings(active.ledger)
            for call in calls:
                for k in count(first, _AT_ONCE):
                    site = Site(
                        folder=folder / "sites" / f"{call}-{k}",
                        url=gateway.url,
                        messages=20,
                        connections=connections,
                    )
                    if command is not Site.activate:
                        shutil.copytree(active.ledger.parent, site.ledger.parent)
                    if not crash_at(processes, site, gateway, command, call, k, sent_from):
                        break
                    points += 1
        return points

    with GatewayProcess(folder / "journal.jsonl") as gateway, ThreadPoolExecutor(_AT_ONCE) as pool:
        return sum(pool.map(take_turns, range(1, _AT_ONCE + 1)))


def crash_at(
    processes: Nursery,
    site: Site,
    gateway: GatewayProcess,
    command: Command,
    call: str,
    k: int,
    sent_from: set[str],
) -> bool:
    """Kill the command at its k-th call, then send until nothing is pending; False: there is no k-th call.

    What a crash leaves is compared each time, and gone on from once: most leave the same, to the letter.
    Where several batches are in flight, what follows is chance, and each is gone on from. Where the command
    was the first, a ledger that it has made after all is what is left.
    """
    inject = f"inject={call}:signal=SIGKILL:when={k}"
    trace = site.folder / "trace"
    code = tracing.run_traced(processes, site, command(site), "-e", inject, to=trace)
    site.compare(gateway)
    if code == 0:
        return False
    assert code == -signal.SIGKILL, site.said.read_text()
    if command is Site.activate:
        assert processes.run(site, site.activate()) == 0
    left_there = as_left(site, gateway)
    if left_there in sent_from and site.connections == 1:
        assert not site.complaints()
        return True
    sent_from.add(left_there)
    if not invariants.mailings(site.ledger):
        assert processes.run(site, site.send("mailing") if command is Site.activate else command(site)) == 0
    while left := site.unfinished():
        assert processes.run(site, site.resume(left[0])) in (0, 4)
    site.compare(gateway)
    assert invariants.states(site.ledger).total() == site.messages
    invariants.nobody_is_forgotten(site.ledger)
    assert not site.complaints()
    return True


def as_left(site: Site, gateway: GatewayProcess) -> str:
    """Return all that whoever goes on finds, on the disk and at the gateway, but for what is drawn by chance.

    Each name that is drawn becomes its place in the order in which they occur: equal ones stay equal.
    A journal that is still there holds nothing: whoever compared before this has rolled back what one held.
    """
    own = {site.ledger, site.ledger.with_name(f"{site.ledger.name}-journal")}
    beside = [
        f"{one.name}: {one.read_text()}"
        for one in sorted(site.ledger.parent.rglob("*"))
        if one.is_file() and one not in own
    ]
    told = [invariants.contents(site.ledger), *beside, *map(str, sorted(gateway.accepted(site.folder.name)))]
    text = "\n".join(told).replace(str(site.folder), "folder").replace(f"{site.folder.name} ", "site ")
    places: dict[str, str] = {}
    return _DRAWN.sub(lambda found: places.setdefault(found[0], f"drawn {len(places)}"), text)


_DRAWN = re.compile(r"(?<![+\w.])(?:\d+\.\d+(?:e[+-]\d+)?|[0-9a-f]{10,})(?!\w)")


def test_a_crash_at_any_call_of_the_first_command_leaves_a_ledger_that_works(tmp_path: Path) -> None:
    assert crash_everywhere(tmp_path, tracing.CALLS, command=Site.activate) > 0


def test_a_crash_at_any_call_leaves_the_truth(tmp_path: Path) -> None:
    assert crash_everywhere(tmp_path, tracing.CALLS) >= _PLANNED_POINTS


def test_a_crash_at_any_call_with_several_batches_in_flight_leaves_the_truth(
    tmp_path: Path, scale: Scale
) -> None:
    calls = tracing.CALLS if scale.night else ("connect", "sendto", "recvfrom", "ftruncate")
    assert crash_everywhere(tmp_path, calls, connections=4) >= len(calls)


def under_its_key(site: Site) -> Sequence[str]:
    return site.send("mailing", keyed=True)


def test_a_crash_at_any_commit_of_a_mailing_that_is_opened_in_pieces_leaves_the_truth(tmp_path: Path) -> None:
    small = [Weakness.SMALL_COMMITS]
    assert crash_everywhere(tmp_path, ["ftruncate"], command=under_its_key, weaknesses=small) >= 10


def test_a_crash_while_what_a_crash_left_is_removed_leaves_the_truth(tmp_path: Path) -> None:
    left = "inject=ftruncate:signal=SIGKILL:when=5"
    small = [Weakness.SMALL_COMMITS]
    assert crash_everywhere(tmp_path, ["ftruncate"], command=under_its_key, weaknesses=small, left=left) >= 14


@pytest.mark.parametrize("weakness", [Weakness.BEFORE_ITS_ROWS, Weakness.LEFT_OPENINGS_STAY])
def test_the_crash_points_find_a_mailing_that_is_there_by_half(tmp_path: Path, weakness: Weakness) -> None:
    weak = [Weakness.SMALL_COMMITS, weakness]
    with pytest.raises(AssertionError, match=r"lost:|I2:|== 20"):
        crash_everywhere(tmp_path, ["ftruncate"], command=under_its_key, weaknesses=weak)


@pytest.mark.parametrize(
    ("weakness", "call"),
    [(Weakness.RECOVERED_AS_PENDING, "recvfrom"), (Weakness.SENT_BEFORE_THE_MARK, "fdatasync")],
)
def test_the_crash_points_find_a_missing_guard(tmp_path: Path, weakness: Weakness, call: str) -> None:
    with pytest.raises(AssertionError, match=r"I1:|I4:|I5:"):
        crash_everywhere(tmp_path, [call], weaknesses=[weakness])
