"""The power goes at any moment, and the disk keeps what it must and loses what it may.

A run is recorded call by call; from every moment of it a disk is made as a power cut leaves it (disk.py),
and the same command is started on that, as cron does.
"""

import random
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.proof import tracing
from tests.proof.conftest import Scale
from tests.proof.disk import Disk, Event, Fate, Kind
from tests.proof.recorder import Recorder, Taken, bodies_in, messages_in
from tests.proof.recording import record
from tests.proof.site import Nursery, Site
from tests.proof.weaknesses import Weakness

_MESSAGES = 20
_GATEWAYS = ("intelecom", "pswincom")
_REFUSED = 9  # the ledger is damaged, or behind its mark: a person must look; nothing is sent


@pytest.fixture(autouse=True)
def _strace(tmp_path: Path) -> None:
    if why := tracing.why_not(tmp_path):
        pytest.skip(why)


class Cut(NamedTuple):
    """A moment at which the power goes, and what becomes of what is not safe by then."""

    after: int  # so many calls
    fate: Fate
    seed: int


class WrongError(AssertionError):
    """What a power cut has led to."""


def replay(
    folder: Path,
    dice: random.Random,
    *,
    states: int,
    module: str,
    connections: int = 1,
    weaknesses: Sequence[Weakness] = (),
) -> Counter[str]:
    """Record one first mailing, cut the power in so many ways, go on; return what was wrong, by kind."""
    wrong: Counter[str] = Counter()
    with Recorder() as gateway, Nursery(*weaknesses) as processes:
        site = Site(
            folder=folder / "site",
            url=gateway.url,
            messages=_MESSAGES,
            connections=connections,
            module=module,
        )
        command = site.send("mailing", keyed=True)
        before = shutil.copytree(site.folder, folder / "before")
        events = record(processes, site, site.activate()) + record(processes, site, command)
        assert len(gateway.taken()) == _MESSAGES
        for cut in _cuts(events, dice, states):
            _put(site.folder, before, _disk_after(site, before, folder, events, cut))
            sent = _taken_in(events[: cut.after])
            gateway.taken()
            try:
                _go_on(processes, site, gateway, sent)
            except WrongError as found:
                wrong[str(found)] += 1
    return wrong


def _cuts(events: Sequence[Event], dice: random.Random, states: int) -> Iterator[Cut]:
    """Spread the cuts over the calls that change anything."""
    places = [place for place, one in enumerate(events, 1) if one.kind is not Kind.FLUSH]
    for _ in range(states):
        yield Cut(after=dice.choice(places), fate=dice.choice(list(Fate)), seed=dice.randrange(10**9))


def _disk_after(
    site: Site, before: Path, folder: Path, events: Sequence[Event], cut: Cut
) -> dict[Path, bytes | None]:
    shutil.rmtree(site.folder)
    shutil.copytree(before, site.folder)
    disk = Disk(site.folder)
    for event in events[: cut.after]:
        disk.take(event)
    return {Path(path): what for path, what in disk.left(cut.fate, random.Random(cut.seed)).items()}


def _put(place: Path, before: Path, found: dict[Path, bytes | None]) -> None:
    shutil.rmtree(place)
    shutil.copytree(before, place)  # what no run has written
    for path, content in sorted(found.items()):
        if content is None:
            path.mkdir(exist_ok=True, mode=0o700)
        else:
            path.write_bytes(content)
            path.chmod(0o600)


def _taken_in(events: Sequence[Event]) -> list[Taken]:
    """Return what the gateway may have taken by then: every request that had left whole."""
    by_line: dict[str, bytes] = {}
    for event in events:
        if event.kind is Kind.SEND:
            by_line[event.path] = by_line.get(event.path, b"") + event.data
    return [one for sent in by_line.values() for body in bodies_in(sent) for one in messages_in(body)]


def _go_on(processes: Nursery, site: Site, gateway: Recorder, sent: Sequence[Taken]) -> None:
    """Start the command again, as cron does, until it has ended; compare with what the gateway took."""
    codes = [processes.run(site, site.activate()), processes.run(site, site.send("mailing", keyed=True))]
    taken = [*sent, *gateway.taken()]
    times = Counter(one.number for one in taken)
    if twice := sum(n > 1 for n in times.values()):
        raise WrongError(f"sent twice, {'>9' if twice > 9 else 'few'}")
    if complaint := re.search(r"Traceback|smsctl itself failed", site.said.read_text()):
        raise WrongError(complaint[0])
    if _REFUSED in codes:
        raise WrongError("refused")
    _compare(site, times)


def _compare(site: Site, times: Counter[str]) -> None:
    with closing(sqlite3.connect(site.ledger)) as db:
        states = dict(db.execute("SELECT number, state FROM messages"))
    if len(states) != _MESSAGES:
        raise WrongError("lost")
    for number, state in states.items():
        if state == "accepted" and not times[number]:
            raise WrongError("called accepted, and not taken")
        if state not in ("accepted", "unknown"):
            raise WrongError(f"left {state}")


@pytest.mark.parametrize("module", _GATEWAYS)
@pytest.mark.parametrize("connections", [1, 4])
def test_no_power_cut_makes_a_message_lost_or_sent_twice(
    tmp_path: Path, dice: random.Random, scale: Scale, module: str, connections: int
) -> None:
    states = scale.of(short=15, long=500)
    assert not replay(tmp_path, dice, states=states, module=module, connections=connections)


def test_the_cuts_find_a_ledger_that_is_not_flushed(tmp_path: Path, dice: random.Random) -> None:
    found = replay(tmp_path, dice, states=20, module="intelecom", weaknesses=[Weakness.NO_FSYNC])
    assert found
