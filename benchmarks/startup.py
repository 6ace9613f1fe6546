"""Start-up: what a command costs before it does anything, as a share of bare Python.

    python benchmarks/startup.py                    makes a virtual environment and installs smsctl in it
    python benchmarks/startup.py --venv PATH        uses one where smsctl is installed (not editable)

Whole processes, in turn A B C A B C, each beside `python -c pass` of the same round and the same virtual
environment, and beside a Python that imports Typer, which reads the flags of every command and is the floor
(docs/decisions/0055). Figures are medians of the rounds' ratios, of CPU time and of the clock on the wall.
The CPU's is the one to hold against the goal where the machine has other work. For a send the clock stops
when the gateway has its first request; the process is then killed, so that nothing after it is counted.
"""

import argparse
import os
import pty
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import place
from place import Command

ROWS = 10
PEERS = ("sqlite-utils", "twine", "http")
TYPER_ALONE = "import gc; gc.set_threshold(100_000); import typer; gc.freeze()"  # as smsctl starts and ends


class Row(NamedTuple):
    """One line of the table: what is run, and what it may cost beside a bare Python, or Typer alone."""

    title: str
    argv: Command
    goal: str = ""
    terminal: bool = False
    until_request: bool = False


class Cost(NamedTuple):
    """What one process took."""

    cpu_s: float
    wall_s: float


def main() -> None:
    """Measure all rows and print them beside their goals."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--venv", type=Path, help="a virtual environment with smsctl in it")
    parser.add_argument("--rounds", type=int, default=15)
    asked = parser.parse_args()
    for variable in (
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONUNBUFFERED",
    ):  # else sources are compiled at every start
        os.environ.pop(variable, None)
    with tempfile.TemporaryDirectory() as made, door() as (port, arrived):
        folder = Path(made)
        binaries = asked.venv.absolute() / "bin" if asked.venv else place.install(folder / "venv")
        site = place.write(folder / "site", port, binaries, ROWS)
        rows = [row for row in table(binaries) if Path(row.argv[0]).exists()]
        taken: dict[str, list[Cost]] = {row.title: [] for row in rows}
        for _ in range(asked.rounds + 1):
            for row in rows:
                taken[row.title].append(run(row, site, arrived))
    report(rows, {title: costs[1:] for title, costs in taken.items()})  # the first round fills caches


def table(binaries: Path) -> list[Row]:
    """Return what is measured; the first two rows are the yardsticks."""
    smsctl = binaries / "smsctl"
    ours: Command = [smsctl, "--config", "config.toml"]
    send = [*ours, "send", "--all", "message.txt"]
    live = [*send, "--yes", "--max-parts", "100"]
    return [
        Row("python -c pass", [binaries / "python", "-c", "pass"]),
        Row("import typer", [binaries / "python", "-c", TYPER_ALONE]),
        Row("--version", [smsctl, "--version"], "1.5 x CPU"),
        Row("--help", [smsctl, "--help"], "1.6 x Typer"),
        Row("send --help", [smsctl, "send", "--help"], "1.6 x Typer"),
        Row("usage", [*ours, "usage"], "2 x Typer"),
        Row("usage, on a terminal", [*ours, "usage"], "2.6 x Typer", terminal=True),
        Row("send --dry-run, 10 rows", [*send, "--dry-run", "--max-parts", "100"], "3 x Typer"),
        Row("send, first request", live, "3.4 x Typer", until_request=True),
        Row("send, the same on a terminal", live, "4.3 x Typer", terminal=True, until_request=True),
        *(Row(f"{peer} --version", [binaries / peer, "--version"]) for peer in PEERS),
    ]


def report(rows: Sequence[Row], taken: Mapping[str, Sequence[Cost]]) -> None:
    """Print the medians of the rounds' ratios."""
    bare, typer = (taken[row.title] for row in rows[:2])
    print(f"{'':30} {'ms CPU':>7} {'x CPU':>7} {'x wall':>7} {'x Typer':>7}   goal   (median of {len(bare)})")
    for row in rows:
        costs = taken[row.title]
        cpu = statistics.median(one.cpu_s / yard.cpu_s for one, yard in zip(costs, bare, strict=True))
        wall = statistics.median(one.wall_s / yard.wall_s for one, yard in zip(costs, bare, strict=True))
        over = statistics.median(one.cpu_s / floor.cpu_s for one, floor in zip(costs, typer, strict=True))
        cpu_ms = 1000 * statistics.median(one.cpu_s for one in costs)
        goal = f"<= {row.goal}" if row.goal else ""
        print(f"{row.title:30} {cpu_ms:7.1f} {cpu:7.2f} {wall:7.2f} {over:7.2f}   {goal}")


def run(row: Row, site: Path, arrived: threading.Event) -> Cost:
    """Run one process in a site of its own, to its end or to its first request."""
    with tempfile.TemporaryDirectory() as made:
        here = Path(made) / "site"
        shutil.copytree(site, here)
        arrived.clear()
        start = time.perf_counter()
        with started(row, here) as (process, drain):
            if row.until_request:
                if not arrived.wait(timeout=60):
                    sys.exit(f"{row.title}: no request came")
                process.kill()
            else:
                drain()
            _, status, used = os.wait4(process.pid, 0)
            wall_s = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode and not row.until_request:
        sys.exit(f"{row.title}: exit code {process.returncode}")
    return Cost(cpu_s=used.ru_utime + used.ru_stime, wall_s=wall_s)


@contextmanager
def started(row: Row, here: Path) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[], None]]]:
    """Start the process, on a terminal or in a pipe; yield it and what reads all it says."""
    ours, theirs = pty.openpty() if row.terminal else os.pipe()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen(
        row.argv,
        cwd=here,
        env=environment,
        stdin=theirs if row.terminal else subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)

    def drain() -> None:
        with suppress(OSError):  # how a terminal ends
            while os.read(ours, 65_536):
                pass

    try:
        yield process, drain
    finally:
        os.close(ours)


@contextmanager
def door() -> Iterator[tuple[int, threading.Event]]:
    """Listen as a gateway that never answers; yield its port, and what is set when a request has come."""
    arrived = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                line, _ = listener.accept()
                with line, suppress(OSError):
                    if not line.recv(65_536).startswith(b"POST "):  # whether it is a simulator
                        line.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                        continue
                    arrived.set()
                    while line.recv(65_536):
                        pass

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1], arrived


if __name__ == "__main__":
    main()
