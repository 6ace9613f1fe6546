"""The place where a command is measured: an installed smsctl, a config, recipients and a ledger."""

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent

CONFIG = """
mode = "live"
default_municipality = "exempelkommun"
sender = "Kommunen"
recipients = "recipients.csv"
[gateway]
module = "intelecom"
url = "{url}"
{trust}service_id = 4711
username = "demo"
batch_size = {batch_size}
connections = {connections}
[gateway.password]
source = "file"
path = "secret"
[municipalities.exempelkommun]
name = "Exempelkommun"
package_size = 10000000
package_price = "4900000.00"
[limits]
quiet_hours = false
countries = ["+46", "+47", "+45"]
[ledger]
path = "{ledger}"
"""
TEXT = "Hej! Föräldramöte på torsdag kl 18.30 i matsalen. Anmäl specialkost senast på tisdag. Välkomna!"
PERSONAL = (
    "Hej! Samtal för ((Elev)) på torsdag kl ((Tid)) i matsalen. Anmäl förhinder senast på tisdag. Välkomna!"
)


Command = list[str | Path]


class Pace(NamedTuple):
    """How a mailing is sent: messages in a request, and requests in flight."""

    batch_size: int = 100
    connections: int = 1

    def __str__(self) -> str:
        """As a line of a table begins."""
        return f"{self.batch_size:,} a request, {self.connections} in flight"


CAREFUL = Pace()
"""As smsctl is installed."""


def compiled_once() -> None:
    """Let Python keep what it compiles; without this every start would read the sources anew."""
    for variable in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"):
        os.environ.pop(variable, None)


def install(venv: Path, *extras: str) -> Path:
    """Make a virtual environment, install smsctl in it as an administrator would, and return its `bin`."""
    print("installing smsctl in a virtual environment of its own ...", flush=True)
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    pip: Command = [venv / "bin" / "python", "-m", "pip"]
    pip += ["install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--upgrade", "pip"], check=True)  # an old one writes start scripts that load `re`
    subprocess.run([*pip, ROOT, *extras], check=True)
    return venv / "bin"


def write(
    site: Path,
    port: int,
    binaries: Path,
    rows: int,
    pace: Pace = CAREFUL,
    ledger: str = "ledger/ledger.db",
    certificate: Path | None = None,
) -> Path:
    """Write a config, a text, recipients who all get it, and a ledger in which the municipality is active."""
    site.mkdir()
    trust = f'ca_bundle = "{certificate}"\n' if certificate else ""
    filled = CONFIG.format(url=url(port, certificate), trust=trust, ledger=ledger, **pace._asdict())
    (site / "config.toml").write_text(filled)
    (site / "message.txt").write_text(f"{TEXT}\n")
    with (site / "recipients.csv").open("w", encoding="utf-8") as file:
        file.write("Namn;Mobil;Grupp;Kommun;Godkänt villkor\n")
        file.writelines(f"Åsa Ek;{number};Vårdnadshavare;Exempelkommun;ja\n" for number in numbers(rows))
    secret = site / "secret"
    secret.touch(mode=0o600)
    secret.write_text("hemligt\n")
    activate = ["--config", "config.toml", "municipality", "activate", "exempelkommun", "--yes"]
    subprocess.run([binaries / "smsctl", *activate], cwd=site, check=True, stdout=subprocess.DEVNULL)
    return site


def by_name(site: Path, rows: int) -> None:
    """Give the text fields instead, which each row fills in with words of its own."""
    (site / "message.txt").write_text(f"{PERSONAL}\n")
    with (site / "recipients.csv").open("w", encoding="utf-8") as file:
        file.write("Namn;Mobil;Grupp;Kommun;Godkänt villkor;Elev;Tid\n")
        file.writelines(
            f"Åsa Ek;{number};Vårdnadshavare;Exempelkommun;ja{cells}\n"
            for number, cells in zip(numbers(rows), pupils(), strict=False)
        )


def pupils() -> Iterator[str]:
    """Yield cells for the fields without end: some thousand names, one in fifty of them unicode."""
    for row in count():
        name = f"Đorđe {row % 4000}" if row % 50 == 7 else f"Elev Öberg {row % 4000}"
        yield f";{name};{8 + row % 9}:{row % 6}0"


def numbers(rows: int) -> Iterator[str]:
    """Yield mobile numbers of valid shapes, no two the same, as people write them."""
    for row in range(rows):
        digits = f"{row:07d}"
        match row % 10:
            case 7:
                yield f"+4670{digits}"
            case 8:
                yield f"004670{digits}"
            case 9:
                yield f"+479{digits}"
            case kind if kind % 2:
                yield f"070{digits}"
            case _:
                yield f"070-{digits[:3]} {digits[3:5]} {digits[5:]}"


def send_command(binaries: Path, rows: int) -> Command:
    """Return the command that sends to everybody, as cron would."""
    return [
        *(binaries / "smsctl", "--config", "config.toml", "send", "--all", "message.txt"),
        *("--yes", "--max-parts", str(2 * rows), "--quiet"),
    ]


@contextmanager
def gateway(latency_s: float, certificate: Path | None = None) -> Iterator[int]:
    """Run the fast gateway (stub.py) in a process of its own; yield its port."""
    command: Command = [sys.executable, Path(__file__).with_name("stub.py"), "--latency", str(latency_s)]
    if certificate:
        command += ["--certificate", certificate]
    with started(command) as first_line:
        yield int(first_line)


def url(port: int, certificate: Path | None = None) -> str:
    return f"https://localhost:{port}" if certificate else f"http://127.0.0.1:{port}"


def certify(folder: Path) -> Path:
    """Make a certificate for this machine, and its key in the same file."""
    made = folder / "localhost.pem"
    openssl: Command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    openssl += ["-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*openssl, "-keyout", made, "-out", folder / "cert"], check=True, capture_output=True)
    made.write_text(made.read_text() + (folder / "cert").read_text())
    return made


@contextmanager
def started(command: Command, folder: Path | None = None) -> Iterator[str]:
    """Run a server; yield the first line it prints, when it is ready."""
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield process.stdout.readline()
    finally:
        process.kill()
        process.wait()


def bare_commits(path: Path, commits: int, rows: int) -> float:
    """Return how many seconds so many commits of so many rows each take alone, set as the ledger's are."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for pragma in ("journal_mode = TRUNCATE", "synchronous = EXTRA", "secure_delete = ON"):
            db.execute(f"PRAGMA {pragma}").fetchall()
        db.execute("CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, state TEXT)")
        began = time.perf_counter()
        for _ in range(commits):
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT INTO messages (state) VALUES (?)", [("sending",)] * rows)
            db.execute("COMMIT")
        return time.perf_counter() - began
