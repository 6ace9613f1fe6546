"""Whole mailings, from the command line to the last stored answer, beside the goals of the README.

    python benchmarks/mailing.py                    all of them; makes a virtual environment, takes minutes
    python benchmarks/mailing.py --venv PATH        with an installed smsctl (not editable) and pycurl
    python benchmarks/mailing.py simulator latency  only these

    simulator   10,000 messages to `smsctl simulator` in a process of its own
    floor       100,000 recipients beside the floor (floor.py), both against one fast gateway (stub.py)
    latency     the same with 50 ms a request
    durable     the same with the ledger on the disk and in memory
    personal    a text that each row fills in, beside one for all
    memory      1,000,000 recipients, with one text and with a text for each: the most memory

The floor needs pycurl: python -m pip install pycurl. Figures are medians of the rounds' ratios, taken in
turn, of the clock on the wall; beside the floor also of CPU time, which tells more on a machine that has
other work. Recipients are made up at run time, all different, and everything goes to loopback. How often a
mailing flushes is counted by flushes.py.
"""

import argparse
import json
import os
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import place
from place import Command, Pace

HERE = Path(__file__).parent
LARGE, SMALL = Pace(1_000, 2), Pace(100, 8)
LATENCY_S = 0.05
MEMORY = Path("/dev/shm")


class Cost(NamedTuple):
    """What one process took."""

    wall_s: float
    cpu_s: float
    peak_mib: float = 0.0


class Bench(NamedTuple):
    """What every measurement is done with."""

    folder: Path
    binaries: Path
    rows: int
    rounds: int

    def mailing(
        self,
        port: int,
        pace: Pace,
        ledger: str = "ledger/ledger.db",
        rows: int = 0,
        *,
        personal: bool = False,
    ) -> Cost:
        """Send a whole mailing from a place of its own; `personal`: with a text for each."""
        with tempfile.TemporaryDirectory(dir=self.folder) as made:
            rows = rows or self.rows
            site = place.write(Path(made) / "site", port, self.binaries, rows, pace, ledger)
            if personal:
                place.by_name(site, rows)
            return timed(place.send_command(self.binaries, rows), site)

    def floor(self, port: int) -> Cost:
        """Send the same without all that smsctl is for."""
        with tempfile.TemporaryDirectory(dir=self.folder) as made:
            site = place.write(Path(made) / "site", port, self.binaries, self.rows)
            command: Command = [
                self.binaries / "python",
                HERE / "floor.py",
                "recipients.csv",
                place.url(port),
                "floor.db",
            ]
            return timed(command, site)


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which; without any, all")
    parser.add_argument("--venv", type=Path, help="a virtual environment with smsctl and pycurl in it")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    place.compiled_once()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        binaries = asked.venv.absolute() / "bin" if asked.venv else place.install(folder / "venv", "pycurl")
        for part in asked.parts or PARTS:
            PARTS[part](Bench(folder=folder, binaries=binaries, rows=asked.rows, rounds=asked.rounds))


def against_simulator(bench: Bench) -> None:
    """10,000 messages to the simulator that administrators have."""
    rows = min(bench.rows, 10_000)
    with simulator(bench) as port:
        for pace in (Pace(), LARGE):
            seconds = statistics.median(
                bench.mailing(port, pace, rows=rows).wall_s for _ in range(bench.rounds)
            )
            figure(f"simulator, {rows:,}, {pace}", f"{seconds:.2f} s, {rows / seconds:,.0f} messages/s")


def beside_the_floor(bench: Bench) -> None:
    """No latency: what the checks, the plan, the money and the full ledger cost."""
    looked = subprocess.run(
        [bench.binaries / "python", "-c", "import pycurl"], check=False, capture_output=True
    )
    if looked.returncode:
        print("floor: left out, for pycurl is not there (python -m pip install pycurl)")
        return
    ratios: dict[Pace, list[Cost]] = {LARGE: [], SMALL: []}
    busy: list[float] = []
    with place.gateway(0) as port:
        for _ in range(bench.rounds):
            floor = bench.floor(port)
            must_have_all(told_by(port)["messages"], bench.rows)
            for pace, found in ratios.items():
                before_s = told_by(port)["cpu_s"]
                cost = bench.mailing(port, pace)
                told = told_by(port)
                must_have_all(told["messages"], bench.rows)
                found.append(Cost(wall_s=cost.wall_s / floor.wall_s, cpu_s=cost.cpu_s / floor.cpu_s))
                busy.append((told["cpu_s"] - before_s) / cost.wall_s)
    for pace, goal in ((LARGE, 1.8), (SMALL, 2.8)):
        wall = statistics.median(cost.wall_s for cost in ratios[pace])
        cpu = statistics.median(cost.cpu_s for cost in ratios[pace])
        figure(
            f"no latency, {bench.rows:,}, {pace}", f"{wall:.2f} x floor ({cpu:.2f} x its CPU)", f"<= {goal}"
        )
    print(f"{'':4}the gateway was busy {max(busy):.0%} of the time at most: it is not the limit")


def with_latency(bench: Bench) -> None:
    """50 ms a request: how much of the time is spent waiting for the gateway, as it should be."""
    ideal_s = bench.rows * LATENCY_S / (SMALL.batch_size * SMALL.connections)
    with place.gateway(LATENCY_S) as port:
        seconds = statistics.median(bench.mailing(port, SMALL).wall_s for _ in range(bench.rounds))
    share = ideal_s / seconds
    figure(f"50 ms a request, {bench.rows:,}, {SMALL}", f"{share:.0%} of w·k/latency", ">= 80 %")
    print(f"{'':4}{seconds:.2f} s, {bench.rows / seconds:,.0f} messages/s")


def durable_or_not(bench: Bench) -> None:
    """The ledger on the disk, beside the same in memory."""
    if not MEMORY.is_dir():
        print(f"durable: left out, for there is no file system in memory here ({MEMORY})")
        return
    with place.gateway(0) as port, tempfile.TemporaryDirectory(dir=MEMORY) as memory:
        for pace in (LARGE, SMALL):
            ratios = [
                bench.mailing(port, pace).wall_s
                / bench.mailing(port, pace, f"{memory}/{pace.batch_size}-{round_}/ledger.db").wall_s
                for round_ in range(bench.rounds)
            ]
            ratio = statistics.median(ratios)
            figure(f"on disk, {bench.rows:,}, {pace}", f"{ratio:.2f} x in memory", "<= 1.6")


def by_name(bench: Bench) -> None:
    """A text that each row fills in, beside one for all; in pairs, for machines are unequally busy."""
    with place.gateway(0) as port:
        for pace, goal in ((LARGE, "<= 1.4"), (Pace(), "<= 1.2")):
            ratios = []
            for _ in range(bench.rounds):
                common, own = (bench.mailing(port, pace, personal=one).cpu_s for one in (False, True))
                ratios.append(own / common)
            figure(
                f"texts by name, {bench.rows:,}, {pace}", f"{statistics.median(ratios):.2f} x one text", goal
            )


def memory_of_a_million(bench: Bench) -> None:
    """The most memory that a mailing to a million people takes, with one text and with a text for each."""
    with place.gateway(0) as port:
        for personal in (False, True):
            peak_mib = bench.mailing(port, LARGE, rows=_MILLION, personal=personal).peak_mib
            kind = "texts by name" if personal else "one text"
            figure(f"memory, {kind}, {_MILLION:,}", f"{peak_mib:.0f} MiB", "<= 150 MiB")


_MILLION = 1_000_000
PARTS: dict[str, Callable[[Bench], None]] = {
    "simulator": against_simulator,
    "floor": beside_the_floor,
    "latency": with_latency,
    "durable": durable_or_not,
    "personal": by_name,
    "memory": memory_of_a_million,
}


def figure(what: str, found: str, goal: str = "") -> None:
    print(f"{what:52} {found:26} {f'goal {goal}' if goal else ''}", flush=True)


def timed(command: Command, folder: Path) -> Cost:
    """Run a command to its end."""
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            sys.exit(f"{command}: exit code {process.returncode}\n{said.read().decode()}")
    return Cost(wall_s=wall_s, cpu_s=used.ru_utime + used.ru_stime, peak_mib=used.ru_maxrss / 1024)


def told_by(port: int, certificate: Path | None = None) -> dict[str, float]:
    """Return what the gateway has been handed since it was last asked, and its CPU time so far."""
    trust = ssl.create_default_context(cafile=certificate) if certificate else None
    with urllib.request.urlopen(place.url(port, certificate), context=trust) as reply:
        found: dict[str, float] = json.load(reply)
        return found


def must_have_all(handed: float, rows: int) -> None:
    if handed != rows:
        sys.exit(f"{rows:,} recipients, but the gateway was handed {handed:,.0f} messages")


@contextmanager
def simulator(bench: Bench) -> Iterator[int]:
    """Run smsctl's own simulator in a process of its own; yield its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    command: Command = [
        bench.binaries / "smsctl",
        "simulator",
        "--as-a-gateway",
        "--port",
        str(port),
        "--journal",
        "accepted.jsonl",
    ]
    with place.started(command, bench.folder):
        yield port


if __name__ == "__main__":
    main()
