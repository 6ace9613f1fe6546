"""A municipality's server as the proofs use it: files, a gateway beside it, and processes to be killed."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from tests.proof import invariants, loaded
from tests.proof.invariants import Accepted
from tests.proof.loaded import Forked
from tests.proof.weaknesses import Weakness

ROOT = Path(__file__).parents[2]
_PASSWORD = "SMSCTL_PROOF_PASSWORD"
_CONFIG = """
mode = "live"
default_municipality = "exempelkommun"
sender = "Kommunen"
recipients = "recipients.csv"
require_accepted_terms = false

[gateway]
module = "{module}"
url = "{url}"
{service}username = "demo"
unique_references = {unique_references}
batch_size = {batch_size}
connections = {connections}
read_timeout = "{read_timeout_s}s"

[gateway.password]
source = "env"
variable = "{password}"

[municipalities.exempelkommun]
name = "Exempelkommun"
package_size = 37
package_price = "49.00"

[limits]
quiet_hours = false
{approval}{ledger}"""
_ON_SERVER = """
[ledger]
url = "{url}"
state = "state"
"""
SECOND = "as the second person"
"""Stands in a command that somebody else runs than whoever sends."""


def environment() -> dict[str, str]:
    """Return the environment of a process that may send."""
    return os.environ | {_PASSWORD: "proof", "SUDO_USER": "proof"}  # named: so it is not looked up


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One server: its config, its recipients, its ledger. Its name begins every text it sends.

    Packages are small, so that some open while processes are killed; texts may be so long that a message
    takes several parts, which straddle two packages.
    """

    folder: Path
    url: str
    messages: int
    batch_size: int = 5
    connections: int = 1
    read_timeout_s: float = 5
    text_length: int = 0  # at least
    unique_references: bool = False
    module: str = "intelecom"
    approval_above: int | None = None  # messages; more wait for a second person
    personal: bool = False  # each row has words of its own, of 1 to 3 parts; some numbers have several rows
    database: str | None = None  # where the ledger is, if on a server: an empty one

    def __post_init__(self) -> None:
        self.folder.mkdir()
        (self.folder / "config.toml").write_text(
            _CONFIG.format(
                module=self.module,
                url=self.url,
                service="service_id = 4711\n" if self.module == "intelecom" else "",
                batch_size=self.batch_size,
                connections=self.connections,
                read_timeout_s=self.read_timeout_s,
                unique_references=str(self.unique_references).lower(),
                password=_PASSWORD,
                approval=""
                if self.approval_above is None
                else f"\n[approval]\nabove = {self.approval_above}\n",
                ledger=_ON_SERVER.format(url=self.database) if self.database else "",
            )
        )
        if self.database:
            from tests.proof import on_server

            on_server.begin(self.database, self.folder / "state" / "ledger")
        heading, rows = "Mobil", [f"+4672{number:07d}" for number in range(self.messages)]
        if self.personal:  # every seventh row is a second one of the number before
            numbers = (number - (number % 7 == 6) for number in range(self.messages))
            heading = "Mobil;Ord"
            rows = [f"+4672{number:07d};{_words(place)}" for place, number in enumerate(numbers)]
        (self.folder / "recipients.csv").write_text("\n".join([heading, *rows, ""]))

    @property
    def ledger(self) -> Path:
        """The ledger's file; of one on a server, a file with its rows of this moment, to be read."""
        if self.database:
            from tests.proof import on_server

            return on_server.in_a_file(self.database, self.folder)
        return self.folder / ".smsctl" / "ledger.db"

    @property
    def said(self) -> Path:
        return self.folder / "said.txt"

    def activate(self) -> list[str]:
        """Return the command that makes the municipality active; the ledger begins with it."""
        return self._command("municipality", "activate", "exempelkommun", "--yes")

    def send(self, name: str, *, keyed: bool = False) -> list[str]:
        """Return the command that sends a mailing, as cron does under a key; its text is the name's own."""
        text = self.folder / f"{name}.txt"
        if not text.exists():
            field = " ((Ord))" if self.personal else ""
            text.write_text(f"{self.folder.name} {name}{field}".ljust(self.text_length, "."))
        flags = ["--max-parts", "10000", "--max-new-packages", "1000"]
        if keyed:
            flags += ["--key", name]
        return self._command("send", str(text), "--all", "--yes", *flags)

    def resume(self, mailing: int) -> list[str]:
        """Return the command that goes on with a mailing, and opens more packages than were approved."""
        return self._command("mailings", "resume", str(mailing), "--max-new-packages", "1000")

    def on_host(self, host: int, command: Sequence[str]) -> list[str]:
        """Return the command as it is typed on a host, which keeps what it alone knows in its own folder."""
        first, own = self.folder / "config.toml", self.folder / f"host{host}.toml"
        if host and not own.exists():
            own.write_text(first.read_text().replace('"state"', f'"state{host}"'))
        return [str(own) if host and word == str(first) else word for word in command]

    def approve(self, mailing: int) -> list[str]:
        """Return the command by which a second person approves a mailing, and sends it."""
        return [SECOND, *self._command("mailings", "approve", str(mailing), "--yes")]

    def go_on(self, mailing: int) -> list[str]:
        """Return the command that goes on with a mailing, whether it waits for a second person or not."""
        return self.approve(mailing) if mailing in self.waiting() else self.resume(mailing)

    def waiting(self) -> set[int]:
        """Return the mailings that wait for a second person."""
        if self.approval_above is None:
            return set()
        with closing(sqlite3.connect(self.ledger, timeout=30)) as db:
            return {one for (one,) in db.execute("SELECT mailing FROM approvals WHERE decision IS NULL")}

    def unfinished(self) -> list[int]:
        """Return the mailings that have messages to send, left on the wire, or to be submitted again."""
        left = {"pending", "sending"} | ({"unknown"} if self.unique_references else set())
        return [mailing for mailing, states in invariants.mailings(self.ledger).items() if left & set(states)]

    def compare(self, gateway: "GatewayProcess") -> None:
        """Raise AssertionError when ledger and gateway do not agree."""
        invariants.compare(self.ledger, gateway.accepted(self.folder.name), rows=self.messages)

    def change(self, sql: str, *values: object) -> None:
        """Change the rows of the ledger, behind its back."""
        if self.database:
            from tests.proof import on_server

            return on_server.change(self.database, sql, values)
        with closing(sqlite3.connect(self.ledger, timeout=30)) as db, db:
            db.execute(sql, values)
        return None

    def complaints(self) -> str:
        """Return what only a bug, or a ledger that is busy too early, would say."""
        said = self.said.read_text() if self.said.exists() else ""
        return "\n".join(line for line in said.splitlines() if _is_complaint(line))

    def _command(self, *words: str) -> list[str]:
        return ["--config", str(self.folder / "config.toml"), *words]


def _words(place: int) -> str:
    return f"{place} {'x' * (place * 37 % 400)}"


def _is_complaint(line: str) -> bool:
    return any(word in line for word in ("Traceback", "Error:", "bug", "busy"))


class GatewayProcess:
    """The simulator as a process of its own: every message is on the disk before its answer leaves."""

    def __init__(self, journal: Path, *flags: str) -> None:
        command = ("simulator", "--as-a-gateway", "--durable", "--journal", str(journal), *flags)
        self._process = loaded.fork(environment(), argv=command)
        self._handle = os.pidfd_open(self._process.pid)  # its number may be another's when it has ended
        self.url = next(line.strip() for line in self._process.says if "http://" in line)
        self._journal = journal.open()
        self._half = ""
        self._reading = threading.Lock()
        self._accepted: dict[str, list[Accepted]] = defaultdict(list)

    def accepted(self, site: str) -> Sequence[Accepted]:
        """Return what was accepted of a site's messages so far; the first word of a text is its site."""
        with self._reading:
            *lines, self._half = (self._half + self._journal.read()).split("\n")
            for line in lines:
                found = json.loads(line)
                number = f"+{found['recipient'].lstrip('+')}"
                one = Accepted(
                    reference=found["reference"], number=number, text=found["content"], parts=found["parts"]
                )
                self._accepted[one.text.split()[0]].append(one)
            return tuple(self._accepted[site])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.pidfd_send_signal(self._handle, signal.SIGTERM)
        self._process.says.read()
        os.close(self._handle)
        _close(self._process)
        self._journal.close()


class Processes(Protocol):
    """A way to run smsctl as a process."""

    def run(self, site: Site, command: Sequence[str], *, kill_after_s: float | None = None) -> int: ...


class ColdStarts:
    """Runs every smsctl from the start of Python, as cron does."""

    def run(self, site: Site, command: Sequence[str], *, kill_after_s: float | None = None) -> int:
        """Run a process to its end, or until its time is up."""
        with site.said.open("a") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "smsctl", *command],
                cwd=ROOT,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
        try:
            return process.wait(kill_after_s)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()


class Nursery:
    """Runs smsctl processes one after the other (nursery.py)."""

    def __init__(self, *weaknesses: Weakness) -> None:
        self._process = loaded.fork(environment(), weaknesses=weaknesses)

    def begin(
        self,
        site: Site,
        command: Sequence[str],
        *,
        kill_after_s: float | None = None,
        gate: Path | None = None,
    ) -> int:
        """Start a process and return its id; it waits at the gate, a named pipe, until that is opened."""
        asked = {
            "argv": [word for word in command if word != SECOND],
            "user": "second" if SECOND in command else "proof",
            "said": str(site.said),
            "kill_after_s": kill_after_s,
            "gate": str(gate) if gate else None,
            "on_server": site.database is not None,
        }
        self._process.told.write(json.dumps(asked) + "\n")
        self._process.told.flush()
        return self._answer()

    def end(self) -> int:
        """Wait for the process that was started; a negative exit code is the signal it died of."""
        return self._answer()

    def run(self, site: Site, command: Sequence[str], *, kill_after_s: float | None = None) -> int:
        """Run a process to its end, or until its time is up."""
        self.begin(site, command, kill_after_s=kill_after_s)
        return self.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.told.close()
        self._process.says.read()
        _close(self._process)

    def _answer(self) -> int:
        return int(next(self._process.says))


def _close(process: Forked) -> None:
    process.told.close()
    process.says.close()
