"""How long whoever sends waits while another command works on the same ledger, and how long that takes.

    python benchmarks/waits.py                a ledger of 1,000,000 messages; takes a quarter of an hour
    python benchmarks/waits.py --venv PATH    with an installed smsctl (not editable)
    python benchmarks/waits.py --rows 100000  a smaller one

Beside each command a process makes a transaction every 20 ms, as a run that sends does, and `smsctl send` to
one person is run again and again, which must end well each time. Numbers are made up at run time, and
everything goes to loopback. Other work on the machine makes the waits longer.
"""

import argparse
import json
import os
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import place
from place import Command, Pace

LONGEST_WAIT_S = 1.0
WRITER = (
    "import sys, time; from pathlib import Path\n"
    "from smsctl.ledger.store import open_ledger\n"
    "ledger, longest = open_ledger(Path(sys.argv[1])), 0.0\n"
    "print('ready', flush=True)\n"
    "while not Path(sys.argv[2]).exists():\n"
    "    began = time.perf_counter()\n"
    "    with ledger.transaction():\n"
    "        ledger.write('DELETE FROM facts WHERE name = ?', 'nobody')\n"
    "        ledger.write('INSERT INTO facts (name, value) VALUES (?, ?)', 'nobody', began)\n"
    "    longest = max(longest, time.perf_counter() - began)\n"
    "    time.sleep(float(sys.argv[3]))\n"
    "print(longest, flush=True)\n"
)


class Cost(NamedTuple):
    """What one command took."""

    wall_s: float
    cpu_s: float
    mib: float


class Site(NamedTuple):
    """Where it is measured."""

    folder: Path
    binaries: Path
    rows: int

    @property
    def ledger(self) -> Path:
        """Its file."""
        return self.folder / "ledger" / "ledger.db"

    def command(self, *words: str | Path) -> Command:
        """Return a command on this ledger."""
        return [self.binaries / "smsctl", "--config", "config.toml", *words]

    def run(self, *words: str | Path, well: Collection[int] = (0,)) -> Cost:
        """Run a command to its end; return what it took."""
        with tempfile.TemporaryFile() as said:
            began = time.perf_counter()
            process = subprocess.Popen(self.command(*words), cwd=self.folder, stdout=said, stderr=said)
            _, status, used = os.wait4(process.pid, 0)
            took = time.perf_counter() - began
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode not in well:
                said.seek(0)
                sys.exit(f"{words}: exit code {process.returncode}\n{said.read().decode()}")
        return Cost(wall_s=took, cpu_s=used.ru_utime + used.ru_stime, mib=used.ru_maxrss / 1024)


def main() -> None:
    """Measure every command that works on many rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--venv", type=Path, help="a virtual environment with smsctl in it")
    parser.add_argument("--rows", type=int, default=1_000_000)
    asked = parser.parse_args()
    place.compiled_once()
    with tempfile.TemporaryDirectory() as made, place.gateway(0) as port:
        folder = Path(made)
        binaries = asked.venv.absolute() / "bin" if asked.venv else place.install(folder / "venv")
        place.write(folder / "site", port, binaries, asked.rows, Pace(1_000, 2))
        site = Site(folder / "site", binaries, asked.rows)
        (site.folder / "one.csv").write_text("Mobil;Godkänt villkor\n0701740605;ja\n", encoding="utf-8")
        words = map(str, place.send_command(binaries, asked.rows)[3:])
        waiting(
            "send", site, *words, "--max-new-packages", "9"
        )  # the others use up what is left of the first
        the_same_text_once_more(site)
        pending = left_pending(site)
        waiting("mailings cancel", site, "mailings", "cancel", pending, "--reason", "measured")
        backup(site)
        waiting("ledger check", site, "ledger", "check")
        waiting("mailings show", site, "mailings", "show", pending)
        reports = site.folder / "reports.json"
        write_reports(site, reports)
        cost = waiting("reports import", site, "reports", "import", reports)
        figure("", f"{cost.cpu_s / asked.rows * 1e6:.1f} us of CPU a report, read and stored", "<= 25")
        figure("", f"{cost.mib:.0f} MiB", "<= 100")
        blocked = site.folder / "blocked.csv"
        blocked.write_text("".join(f"+46709{n:06}\n" for n in range(min(asked.rows, 70_000))))
        waiting("block import", site, "block", "import", blocked, "--reason", "measured")
        vacuum(site)
        waiting("purge", site, "purge", "--older-than", "1s", "--decision", "measured", "--yes")


def figure(what: str, found: str, goal: str) -> None:
    print(f"{what:28} {found:60} goal {goal}", flush=True)


def waiting(what: str, site: Site, *words: str | Path) -> Cost:
    """Run a command while others write; print how long they waited at most."""
    with writing(site) as longest, sending(site) as sent:
        cost = site.run(*words)
    figure(
        what,
        f"{cost.wall_s:.1f} s; others waited {longest[0]:.2f} s at most, {len(sent)} sends well",
        f"<= {LONGEST_WAIT_S:.0f} s",
    )
    return cost


@contextmanager
def writing(site: Site, pause_s: float = 0.02) -> Iterator[list[float]]:
    """Write beside something; afterwards the list holds the longest wait."""
    stop, found = site.folder / "stop", [0.0]
    stop.unlink(missing_ok=True)
    command: Command = [site.binaries / "python", "-c", WRITER, site.ledger, stop, str(pause_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        writer.stdout.readline()
        try:
            yield found
        finally:
            stop.touch()
            found[0] = float(writer.stdout.readline())


_CEILINGS = ("--max-parts", "9", "--max-new-packages", "9")


@contextmanager
def sending(site: Site) -> Iterator[list[Cost]]:
    """Send to one person again and again; each must end well."""
    sent: list[Cost] = []
    over = threading.Event()

    def send() -> None:
        while not over.is_set():
            text = site.folder / "one.txt"
            text.write_text(f"Hej {os.urandom(4).hex()}\n", encoding="utf-8")
            sent.append(site.run("send", "--all", text, "--recipients", "one.csv", "--yes", *_CEILINGS))

    with ThreadPoolExecutor(max_workers=1) as aside:
        failed = aside.submit(send)
        try:
            yield sent
        finally:
            over.set()
        failed.result()  # raises what a send that did not end well said


def backup(site: Site) -> None:
    """Copy the ledger alone, and beside a run that commits every 5 ms."""
    target = site.folder / "backup.db"

    def copied() -> float:
        took = site.run("ledger", "backup", target).wall_s
        target.unlink()
        return took

    lone = statistics.median(copied() for _ in range(3))
    with writing(site, 0.005) as longest:
        beside = copied()
    figure("ledger backup", f"{beside / lone:.2f} x its lone time beside a writer", "<= 3")
    figure("", f"{beside:.1f} s; others waited {longest[0]:.2f} s at most", f"<= {LONGEST_WAIT_S:.0f} s")


def vacuum(site: Site) -> None:
    """Write a copy of the file anew, as a purge does at its end while others wait."""
    copy = site.folder / "copy.db"
    shutil.copyfile(site.ledger, copy)
    with closing(sqlite3.connect(copy, isolation_level=None)) as db:
        for pragma in ("journal_mode = TRUNCATE", "synchronous = EXTRA", "secure_delete = ON"):
            db.execute(f"PRAGMA {pragma}").fetchall()
        began = time.perf_counter()
        db.execute("VACUUM")
        figure("bare VACUUM", f"{time.perf_counter() - began:.2f} s, which a purge waits for", "none")
    copy.unlink()


def the_same_text_once_more(site: Site) -> None:
    """A dry run of the text that everybody has had, beside one of another text."""
    other = site.folder / "other.txt"
    other.write_text("En annan text\n", encoding="utf-8")
    first, again = (
        site.run("send", "--all", text, "--dry-run", "--quiet", well={0, 5})
        for text in (other, site.folder / "message.txt")
    )
    figure(
        "the same text once more", f"{again.cpu_s / first.cpu_s:.2f} x the CPU of the first dry run", "<= 1.5"
    )
    figure("", f"{again.mib / first.mib:.2f} x its memory ({again.mib:.0f} MiB)", "<= 1.5")


def left_pending(site: Site) -> str:
    """Begin a mailing of another text to everybody whose gateway is not there; return its number."""
    from smsctl.ledger.store import read_ledger

    config = (site.folder / "config.toml").read_text()
    (site.folder / "down.toml").write_text(re.sub('url = "[^"]*"', 'url = "http://127.0.0.1:9"', config))
    command: Command = [site.binaries / "smsctl", "--config", "down.toml", "send", "--all", "other.txt"]
    command += ["--yes", "--max-parts", str(2 * site.rows), "--max-new-packages", "9"]
    subprocess.run(command, cwd=site.folder, check=False, capture_output=True)
    with closing(read_ledger(site.ledger) or sys.exit("no ledger")) as ledger:
        ((mailing, messages),) = ledger.rows(
            "SELECT mailing, messages FROM mailing_counts WHERE state = 'pending' AND messages > 0"
        )
    if messages != site.rows:
        sys.exit(f"{messages:,} messages are pending, not {site.rows:,}")
    return str(mailing)


def write_reports(site: Site, to: Path) -> None:
    """Write a delivery report on each message of the first mailing.

    Line by line: what this process holds at most would count as what a command takes that it starts.
    """
    from smsctl.ledger.store import read_ledger

    with closing(read_ledger(site.ledger) or sys.exit("no ledger")) as ledger:
        ((reference, messages),) = ledger.rows(
            "SELECT reference, messages FROM mailings ORDER BY messages DESC LIMIT 1"
        )
    with to.open("w", encoding="utf-8") as file:
        for n in range(messages):
            report = {"customerMessageReference": f"{reference}-{n + 1}", "statusCode": "0"}
            file.write(("," if n else '{"dr": [') + json.dumps(report) + "\n")
        file.write("]}")


if __name__ == "__main__":
    main()
