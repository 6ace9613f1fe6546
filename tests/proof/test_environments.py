"""Where a server is not as it should be: limits, full and read-only disks, a ledger pulled away under a run.

Each environment holds for one run; then the server is well again, and the same command is started as cron
does. A ledger that somebody took away in the middle has forgotten what was sent: then a person must say so,
and nothing is sent until then.
"""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.proof import invariants, tracing
from tests.proof.conftest import Scale
from tests.proof.invariants import Accepted
from tests.proof.recorder import Faults, Recorder
from tests.proof.site import ROOT, ColdStarts, Nursery, Site, environment

_MESSAGES = 30
_ENDS = {0, 4, 5, 6, 7, 8, 9}  # never 1, 2 or 120
_STANDS_STILL_S = 66  # longer than a mark may be old when the first byte leaves
_SLOW = Faults(latency_s=0.15)


class Place(NamedTuple):
    """An environment: what stands before the command, what is missing around it, what happens meanwhile."""

    shell: str = ""  # run before the command
    without: tuple[str, ...] = ()  # variables
    meanwhile: Callable[[Site, subprocess.Popen[bytes]], None] = lambda _site, _process: None
    disk_kib: int = 0  # the ledger lies on a disk of its own, so small
    forgets: bool = False  # the ledger is another one afterwards: nothing may be sent from it unasked


def _renamed(site: Site, process: subprocess.Popen[bytes]) -> None:
    site.ledger.rename(site.ledger.with_name("elsewhere.db"))


def _brought_back(site: Site, process: subprocess.Popen[bytes]) -> None:
    _renamed(site, process)
    process.wait()
    site.ledger.with_name("elsewhere.db").replace(site.ledger)


def _replaced(site: Site, process: subprocess.Popen[bytes]) -> None:
    copy = site.ledger.with_name("copy.db")
    copy.write_bytes(site.ledger.read_bytes())
    copy.replace(site.ledger)


def _truncated(site: Site, process: subprocess.Popen[bytes]) -> None:
    os.truncate(site.ledger, 4096)


def _unwritable(site: Site, process: subprocess.Popen[bytes]) -> None:
    site.ledger.parent.chmod(0o500)
    process.wait()
    site.ledger.parent.chmod(0o700)


def _fill(folder: Path) -> None:
    with suppress(OSError), (folder / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(1024))


def _filled(site: Site, process: subprocess.Popen[bytes]) -> None:
    _fill(site.ledger.parent)
    process.wait()
    (site.ledger.parent / "filler").unlink()


def _made_writable(site: Site, process: subprocess.Popen[bytes]) -> None:
    process.wait()
    subprocess.run(["mount", "-o", "remount,rw", str(site.ledger.parent)], check=True)


@contextmanager
def _disk(folder: Path, kib: int) -> Iterator[None]:
    """Put a disk of its own where the ledger is to lie; 0: none."""
    if not kib:
        yield
        return
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={kib}k,mode=0700", "smsctl", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"no disk can be mounted here: {error}")
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _stopped(site: Site, process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGSTOP)
    time.sleep(1)
    process.send_signal(signal.SIGCONT)


PLACES = {
    # With fewer than 6, Python itself does not start.
    **{f"{n} open files": Place(shell=f"ulimit -n {n}; ") for n in (6, 8, 10, 12, 16, 24)},
    **{f"files of at most {n} KiB": Place(shell=f"ulimit -f {n}; ") for n in (0, 4, 32, 100, 180)},
    "no HOME": Place(without=("HOME",)),
    "no TZ and no locale": Place(without=("TZ", "LC_ALL", "LANG")),
    "nothing in the environment": Place(without=("HOME", "PATH", "TZ", "LC_ALL", "LANG", "USER", "LOGNAME")),
    "no input, output or errors": Place(shell="exec <&- >&- 2>&-; "),
    "a folder that is gone": Place(shell='mkdir gone; cd gone; rmdir "$PWD"; '),
    "a ledger that is renamed and brought back": Place(meanwhile=_brought_back),
    "a folder that nobody may write": Place(meanwhile=_unwritable),
    "a ledger that is replaced by its copy": Place(meanwhile=_replaced, forgets=True),
    "a ledger that is cut": Place(meanwhile=_truncated, forgets=True),
    "a disk that fills on the wire": Place(meanwhile=_filled, disk_kib=65536),
    "a disk that is nearly full": Place(disk_kib=480),
    "a disk that is read-only": Place(
        shell="mount -o remount,ro .smsctl; ", meanwhile=_made_writable, disk_kib=65536
    ),
    "a process that stands still": Place(meanwhile=_stopped),
}


@contextmanager
def _begun(site: Site, place: Place) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "smsctl", *site.send("mailing", keyed=True)]
    environ = {name: value for name, value in environment().items() if name not in place.without}
    environ["PYTHONPATH"] = str(ROOT)
    with site.said.open("ab") as said:
        process = subprocess.Popen(
            ["/bin/sh", "-c", f'{place.shell}exec "$@"', "sh", *command],
            cwd=site.folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _wait_for_the_wire(gateway: Recorder, process: subprocess.Popen[bytes]) -> None:
    while not gateway.count and process.poll() is None:
        time.sleep(0.01)


def live_through(folder: Path, place: Place) -> tuple[Counter[str], Sequence[int]]:
    """Send in the environment, then where all is well; return how often each was reached, and the ends."""
    with Recorder(_SLOW) as gateway:
        site = Site(folder=folder / "site", url=gateway.url, messages=_MESSAGES)
        with _disk(site.ledger.parent, place.disk_kib):
            ends = _both_runs(site, gateway, place)
            taken = gateway.taken()
            if not place.forgets:
                invariants.compare(site.ledger, [_named(site, one.number, one.text) for one in taken])
        said = site.said.read_text()
        assert "Traceback" not in said, said
        assert "smsctl itself failed" not in said, said
        return Counter(one.number for one in taken), ends


def _both_runs(site: Site, gateway: Recorder, place: Place) -> Sequence[int]:
    well = ColdStarts()
    assert well.run(site, site.activate()) == 0, site.said.read_text()
    with _begun(site, place) as process:
        _wait_for_the_wire(gateway, process)
        place.meanwhile(site, process)
        first = process.wait(60)
    return first, well.run(site, site.send("mailing", keyed=True))


def _named(site: Site, number: str, text: str) -> Accepted:
    reference = invariants.reference_of(site.ledger, number)
    return Accepted(reference=reference, number=number, text=text)


@pytest.mark.skipif(sys.platform != "linux", reason="limits and signals as Linux has them")
@pytest.mark.parametrize("name", PLACES)
def test_wherever_it_runs_nobody_is_reached_twice_or_forgotten(tmp_path: Path, name: str) -> None:
    place = PLACES[name]
    times, ends = live_through(tmp_path, place)
    assert set(ends) <= _ENDS, ends
    assert set(times.values()) <= {1}, times
    reached_all = len(times) == _MESSAGES
    assert reached_all or ends[1] in {4, 7, 9}, "some were not reached, and the last command says nothing"


@pytest.mark.skipif(sys.platform != "linux", reason="limits as Linux has them")
@pytest.mark.parametrize("most", [9, 13])
def test_with_too_few_open_files_for_its_connections_a_run_sends_nothing(tmp_path: Path, most: int) -> None:
    with Recorder(_SLOW) as gateway:
        site = Site(folder=tmp_path / "site", url=gateway.url, messages=_MESSAGES, connections=4)
        ends = _both_runs(site, gateway, Place(shell=f"ulimit -n {most}; "))
        assert "4 connections need 13 more open files" in site.said.read_text()
        assert ends == (9, 0)
        assert Counter(Counter(one.number for one in gateway.taken()).values()) == {1: _MESSAGES}


def test_a_run_that_stood_still_between_its_mark_and_the_request_gives_the_batch_back(
    tmp_path: Path, scale: Scale
) -> None:
    if not scale.night:
        pytest.skip("takes more than a minute: pytest --long")
    if why := tracing.why_not(tmp_path):
        pytest.skip(why)
    with Recorder() as gateway, Nursery() as processes:
        site = Site(folder=tmp_path / "site", url=gateway.url, messages=_MESSAGES)
        assert processes.run(site, site.activate()) == 0
        late = f"inject=connect:delay_enter={_STANDS_STILL_S * 1_000_000}:when=2"
        trace = tmp_path / "trace"
        assert tracing.run_traced(processes, site, site.send("mailing"), "-e", late, to=trace) == 0
        assert Counter(one.number for one in gateway.taken()).most_common(1)[0][1] == 1
        assert gateway.count == _MESSAGES
