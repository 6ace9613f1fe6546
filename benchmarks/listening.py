"""How many pushes `reports listen` takes, beside a waitress that only answers 200, and what the disk allows.

    python benchmarks/listening.py                makes a virtual environment
    python benchmarks/listening.py --venv PATH    with an installed smsctl (not editable)

Eight clients push one delivery report at a time, each over a connection of its own, to both in turn. smsctl
answers when the report is stored durably, and what comes in while it writes shares the next commit: so with
eight clients eight reports at most are in one. How long so many bare commits of SQLite take tells what of the
difference is the disk's. Everything goes to loopback.
"""

import argparse
import json
import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import place
from mailing import figure
from place import Command, Pace

CLIENTS = 8
GOAL = 0.4
BARE = (
    "import sys, waitress\n"
    "def application(environ, start_response):\n"
    "    environ['wsgi.input'].read()\n"
    "    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', '0')])\n"
    "    return [b'']\n"
    "server = waitress.create_server(application, host='127.0.0.1', port=0, threads=16)\n"
    "print(f'http://127.0.0.1:{server.effective_port}', flush=True)\n"
    "server.run()\n"
)


class Target(NamedTuple):
    """Who is pushed to."""

    host: str
    port: int
    path: str


def main() -> None:
    """Push to both, in turn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--venv", type=Path, help="a virtual environment with smsctl in it")
    parser.add_argument("--pushes", type=int, default=4_000, help="to each, in a round")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    place.compiled_once()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        binaries = asked.venv.absolute() / "bin" if asked.venv else place.install(folder / "venv")
        rows = asked.pushes * asked.rounds
        ledger = folder / "site" / "ledger" / "ledger.db"
        reference = sent(folder / "site", binaries, rows)
        bodies = iter([report(reference, n) for n in range(1, rows + 1)])
        ratios, disks, groups, loads = [], [], [], []
        with listening(folder / "site", binaries) as ours, bare(binaries) as theirs:
            for _ in range(asked.rounds):
                pushes = [next(bodies) for _ in range(asked.pushes)]
                theirs_s = pushed(theirs, pushes)
                before = transactions(ledger)
                ours_s = pushed(ours, pushes)
                groups.append(asked.pushes / (transactions(ledger) - before))
                ratios.append(theirs_s / ours_s)
                disks.append(
                    place.bare_commits(folder / "bare.db", asked.pushes // CLIENTS, CLIENTS) / ours_s
                )
                loads.append(os.getloadavg()[0])
        figure(
            f"{asked.pushes:,} pushes, {CLIENTS} clients",
            f"{statistics.median(ratios):.2f} x a bare waitress (best {max(ratios):.2f})",
            f">= {GOAL}",
        )
        print(f"{'':4}{statistics.median(groups):.1f} pushes in a commit; ", end="")
        share = f"{statistics.median(disks):.0%} of smsctl's time"
        print(f"bare commits of {CLIENTS} each took {share}; load of this machine {max(loads):.1f}")


def sent(site: Path, binaries: Path, rows: int) -> str:
    """Send a mailing whose messages are reported on; return its reference."""
    with place.gateway(0) as port:
        place.write(site, port, binaries, rows, Pace(1_000, 2))
        subprocess.run(place.send_command(binaries, rows), cwd=site, check=True)
    with (site / "config.toml").open("a", encoding="utf-8") as file:
        file.write('[reports.secret]\nsource = "file"\npath = "reports-secret"\n')
    secret = site / "reports-secret"
    secret.touch(mode=0o600)
    secret.write_text(f"{os.urandom(16).hex()}\n")
    with closing(sqlite3.connect(site / "ledger" / "ledger.db")) as db:
        return str(db.execute("SELECT reference FROM mailings").fetchone()[0])


def report(reference: str, place_: int) -> bytes:
    entry = {"customerMessageReference": f"{reference}-{place_}", "statusCode": "0"}
    return json.dumps({"dr": [entry]}).encode()


@contextmanager
def listening(site: Path, binaries: Path) -> Iterator[Target]:
    """Run smsctl's listener."""
    command: Command = [binaries / "smsctl", "--config", "config.toml"]
    told = subprocess.run(
        [*command, "--json", "reports", "listen", "--addresses"], cwd=site, check=True, capture_output=True
    )
    paths = {one["gateway"]: one["path"] for one in json.loads(told.stdout)["data"]["addresses"]}
    with place.started([*command, "reports", "listen", "--port", "0"], site) as line:
        url = urlsplit(line[line.index("http") :].strip().rstrip("."))
        yield Target(host=str(url.hostname), port=int(url.port or 0), path=paths["intelecom"])


@contextmanager
def bare(binaries: Path) -> Iterator[Target]:
    """Run a waitress that looks at nothing."""
    with place.started([binaries / "python", "-c", BARE]) as line:
        url = urlsplit(line.strip())
        yield Target(host=str(url.hostname), port=int(url.port or 0), path="/")


def pushed(target: Target, bodies: list[bytes]) -> float:
    """Push everything with so many clients at once; return how long it took."""
    began = time.perf_counter()
    with ThreadPoolExecutor(max_workers=CLIENTS) as clients:
        for well in clients.map(lambda body: push(target, body), bodies):
            if not well:
                sys.exit("listening: a push was not answered with 200")
    return time.perf_counter() - began


def push(target: Target, body: bytes) -> bool:
    """Push once, over a new connection; say whether it was taken."""
    head = f"POST {target.path} HTTP/1.1\r\nHost: {target.host}\r\nConnection: close\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection((target.host, target.port)) as line:
        line.sendall(head.encode() + body)
        reply = line.recv(4096)
    return reply.startswith(b"HTTP/1.1 200")


def transactions(ledger: Path) -> int:
    """Return how many transactions have changed the file, as its header counts them."""
    with ledger.open("rb") as file:
        file.seek(24)
        return int.from_bytes(file.read(4), "big")


if __name__ == "__main__":
    main()
