"""A disk that fills up while answers are on their way: each is stored, and nothing more is marked."""

import resource
import sqlite3
import sys
from contextlib import closing, nullcontext
from pathlib import Path

import pytest

from smsctl.errors import LedgerError, Sentence, say
from smsctl.ledger.reserve import Reserve
from smsctl.ledger.seam.sentences import FullError
from smsctl.ledger.store import Ledger, open_ledger

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
fill()  # what was kept and not needed is free again
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


@pytest.mark.parametrize(
    ("room", "batches", "begins"),
    [
        (3 << 18, 2, False),
        (3 << 18, 1, True),
        (2 * (256 + 100) * 1024 - 100, 1, False),  # the last piece is taken in part
    ],
)
def test_where_less_room_is_left_than_must_be_kept_nothing_is_begun(
    room: int, batches: int, ledger: Ledger, *, begins: bool
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    how = nullcontext() if begins else pytest.raises(LedgerError, match="no room can be kept beside it")
    try:
        with how, Reserve(ledger.path, batches=batches, messages=100):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("is_loaded", [True, False])
def test_where_no_more_files_may_be_open_nothing_is_begun(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, *, is_loaded: bool
) -> None:
    if not is_loaded:
        monkeypatch.delitem(sys.modules, "tempfile")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        with (
            pytest.raises(LedgerError, match="no room can be kept beside it: Too many open files"),
            Reserve(ledger.path, batches=1, messages=1),
        ):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(("connections", "begins"), [(1, True), (20, True), (200, False)])
def test_so_many_files_as_the_connections_and_the_answers_need_must_be_left(
    ledger: Ledger, connections: int, *, begins: bool
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    how = nullcontext() if begins else pytest.raises(LedgerError, match="200 connections need 405 more")
    try:
        before = len(list(Path("/dev/fd").iterdir()))
        with how, Reserve(ledger.path, batches=1, messages=1, connections=connections):
            pass
        assert len(list(Path("/dev/fd").iterdir())) == before
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class _MaybeBrokenError(FullError):
    certain = False


class _Disk:
    """Takes what is stored only when it has been asked so many times."""

    def __init__(self, ledger: Ledger, full: type[FullError], times: int) -> None:
        self.asked = 0
        self._ledger, self._full, self._times = ledger, full, times

    def __call__(self) -> None:
        self.asked += 1
        if self.asked <= self._times:
            raise self._full(say("The disk is full."))
        self._ledger.write("INSERT INTO facts (name, value) VALUES ('answer', 'stored')")


@pytest.mark.parametrize(
    ("full", "times", "stored", "waits"),
    [
        (FullError, 3, True, 0),  # a share for each batch, and one
        (FullError, 5, True, 1),  # then somebody must make room, and is told so once
        (_MaybeBrokenError, 3, True, 0),
        (_MaybeBrokenError, 4, False, 0),  # no room helps against a broken disk
    ],
)
def test_kept_room_is_given_up_before_anybody_waits(
    full: type[FullError], times: int, waits: int, ledger: Ledger, *, stored: bool
) -> None:
    said: list[Sentence] = []
    ledger.on_wait = said.append
    disk = _Disk(ledger, full, times)
    how = nullcontext() if stored else pytest.raises(FullError)
    with Reserve(ledger.path, batches=2, messages=10) as room, how:
        room.store(ledger, disk)
    assert ledger.rows("SELECT value FROM facts WHERE name = 'answer'") == [("stored",)] * stored
    assert (disk.asked, len(said)) == (times + stored, waits)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows the files without a name")
def test_one_answer_takes_no_more_than_its_share_of_the_room(ledger: Ledger) -> None:
    """Else whoever fills the disk has the rest before the next answer comes."""
    with Reserve(ledger.path, batches=2, messages=10) as room:
        kept = kept_beside(ledger.path)
        room.store(ledger, _Disk(ledger, FullError, 1))
        assert 0 < kept_beside(ledger.path) == kept * 2 // 3


def kept_beside(ledger: Path) -> int:
    """Return the bytes of the files of this process that have no name, in the ledger's folder."""
    opened = [one for one in Path("/proc/self/fd").iterdir() if one.is_symlink()]
    return sum(one.stat().st_size for one in opened if _is_nameless(str(one.readlink()), ledger.parent))


def _is_nameless(link: str, folder: Path) -> bool:
    return link.startswith(f"{folder}/") and link.endswith(" (deleted)")


@pytest.mark.of_a_file
def test_an_answer_waits_for_whoever_holds_the_ledger_too(ledger: Ledger) -> None:
    other, said = sqlite3.connect(ledger.path, isolation_level=None), list[Sentence]()

    def told(sentence: Sentence) -> None:
        said.append(sentence)
        other.execute("ROLLBACK")  # the other ends only when it is told of the wait

    with closing(other), closing(open_ledger(ledger.path, busy_timeout_s=0.05)) as impatient:
        impatient.on_wait = told
        other.execute("BEGIN IMMEDIATE")
        with Reserve(ledger.path, batches=1, messages=10) as room:
            room.store(impatient, _Disk(impatient, FullError, 0))
    assert len(said) == 1
    assert ledger.rows("SELECT value FROM facts WHERE name = 'answer'") == [("stored",)]
