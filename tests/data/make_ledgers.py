"""Makes the ledgers in tests/data/ledgers with an older smsctl: `PYTHONPATH` leads to its checkout.

    git worktree add OLDER COMMIT
    unshare --uts sh -c 'hostname sms.example; PYTHONPATH=OLDER python -m tests.data.make_ledgers FOLDER'

Run from this repository's root, with `faketime` installed: the ledgers are of January 2025, so that no clock
that opens them is behind them. Every state is come by as it is in life: real processes of that smsctl,
killed, refused and left without an answer by a gateway on loopback. FOLDER must not exist; SITE is made and
removed.
"""

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.gateways.recorder import Recorder, lost, silent

SITE = Path("/srv/smsctl-site")  # the ledgers tell the path of the recipients file
START = datetime(2025, 1, 15, 9, 0, tzinfo=UTC)  # a Wednesday, at 10 in Stockholm
GATEWAYS = ("intelecom", "pswincom")
NUMBERS = [f"+4670174{605 + place:04}" for place in range(6)]
CONFIG = """
mode = "live"
default_municipality = "exempelkommun"
sender = "Kommunen"
recipients = "recipients.csv"
require_accepted_terms = false

[gateway]
module = "{module}"
url = "{url}"
{service}username = "demo"
batch_size = 2

[gateway.password]
source = "env"

[municipalities.exempelkommun]
name = "Exempelkommun"
package_size = 8
package_price = "40.00"

[limits]
quiet_hours = false

[ledger]
path = "ledger/ledger.db"
"""
CEILINGS = ("--yes", "--max-parts", "99", "--max-new-packages", "9")
OPENED = ("ledger.db", "ledger.db.key", "ledger.db.high-water")


class Site:
    """One server whose ledger is made; `days` is how far its clock is after the start."""

    def __init__(self, module: str, folder: Path) -> None:
        """Write its files."""
        self.module, self.folder, self.days = module, folder, 0.0
        self.taken: list[tuple[str, str]] = []
        rows = "\n".join(["Mobil", *NUMBERS, ""])
        (folder / "recipients.csv").write_text(rows, encoding="utf-8")
        with Recorder() as gateway:
            self.run(gateway, "municipality", "activate", "exempelkommun", "--yes")

    def begin(self, gateway: Recorder, *argv: str) -> "subprocess.Popen[str]":
        """Start a process of the older smsctl, with the clock of then."""
        service = "service_id = 4711\n" if self.module == "intelecom" else ""
        config = CONFIG.format(module=self.module, url=gateway.url, service=service)
        (self.folder / "config.toml").write_text(config, encoding="utf-8")
        back_s = time.time() - START.timestamp() - self.days * 86_400
        environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.environ["PYTHONPATH"],
            "HOME": str(self.folder),
            "TZ": "UTC",
            "LC_ALL": "C.UTF-8",
            "SUDO_USER": "smsctl",
            "SMSCTL_GATEWAY_SECRET": "of-the-ledgers",
            "DONT_FAKE_MONOTONIC": "1",
        }
        command = ["faketime", "-f", f"-{back_s:.0f}s", sys.executable, "-m", "smsctl"]
        return subprocess.Popen(
            [*command, "--config", "config.toml", *argv],
            cwd=self.folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, gateway: Recorder, *argv: str, code: int = 0) -> None:
        """Run a command to its end, which must be as foreseen."""
        process = self.begin(gateway, *argv)
        said, _ = process.communicate(timeout=120)
        self.taken += gateway.taken
        if process.returncode != code:
            message = f"{self.module} {argv}: {process.returncode} in place of {code}\n{said}"
            raise SystemExit(message)

    def send(self, gateway: Recorder, name: str, *flags: str, code: int = 0) -> None:
        """Send the text of this name to everybody."""
        with gateway:
            self.run(gateway, *self._sending(name), *flags, code=code)

    def send_and_kill(self, name: str, *flags: str, after: int) -> None:
        """Kill the run while the gateway keeps the answer to itself, so many requests after the first."""
        with Recorder(silent, end_from=after) as gateway:
            process = self.begin(gateway, *self._sending(name), *flags)
            while len(gateway.taken) < 2 * (after + 1):
                time.sleep(0.01)
            os.killpg(process.pid, signal.SIGKILL)  # faketime has a child
            process.communicate(timeout=60)
            self.taken += gateway.taken

    def keep(self, place: Path) -> None:
        """Keep the ledger, its key and mark, and what the gateway took."""
        place.mkdir(parents=True)
        for name in OPENED:
            source = self.folder / "ledger" / name
            if name == "ledger.db":
                packed = gzip.compress(source.read_bytes(), mtime=0)
                (place / f"{name}.gz").write_bytes(packed)
            elif source.exists():
                shutil.copy(source, place / name)
        lines = [json.dumps({"number": number, "text": text}) for number, text in self.taken]
        (place / "taken.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def _sending(self, name: str) -> Sequence[str]:
        (self.folder / name).write_text(f"The text of the mailing called {name}.\n", encoding="utf-8")
        return "send", name, "--all", *CEILINGS


def pending(site: Site) -> None:
    """Two were accepted, and then the login was refused."""
    site.send(Recorder(refuse_from=1), "pending", code=6)


def killed(site: Site) -> None:
    """Two were accepted, two were on the wire when the process was killed, two were still to come."""
    site.send_and_kill("killed", after=1)


def unknown(site: Site) -> None:
    """The last of three batches was taken, and no answer came."""
    site.send(Recorder(lost, end_from=2), "unknown", code=4)


def keyed(site: Site) -> None:
    """Under a key each: one that is done, one that is half done, one that is partly unknown, one killed."""
    site.send(Recorder(), "done", "--key", "done")
    site.send(Recorder(refuse_from=1), "half", "--key", "half", code=6)
    site.send(Recorder(lost, end_from=2), "lost", "--key", "lost", code=4)
    site.send_and_kill("cut", "--key", "cut", after=1)


def scheduled(site: Site) -> None:
    """For the day after: one handed over, one of which only the first batch was."""
    site.send(Recorder(), "later", "--key", "later", "--at", "2025-01-16T12:00")
    site.send(Recorder(refuse_from=1), "waiting", "--key", "waiting", "--at", "2025-01-16T12:00", code=6)


def purged(site: Site) -> None:
    """What was sent half a year ago is purged; a newer mailing is not."""
    site.send(Recorder(), "old", "--key", "old")
    site.days = 180
    site.send(Recorder(), "new", "--key", "new")
    with Recorder() as gateway:
        site.run(gateway, "purge", "--older-than", "90d", "--decision", "KS 2025/1")


def put_back(site: Site) -> None:
    """The ledger is put back from before the newest mailing, and while another one was half done."""
    site.send(Recorder(refuse_from=1), "before", "--key", "before", code=6)
    ledger = site.folder / "ledger" / "ledger.db"
    copy = ledger.read_bytes()
    with Recorder() as gateway:
        site.run(gateway, "mailings", "resume", "1")
    site.send(Recorder(), "after", "--key", "after")
    ledger.write_bytes(copy)


def restored(site: Site) -> None:
    """As put back, and a person has accepted it."""
    put_back(site)
    with Recorder() as gateway:
        site.run(gateway, "ledger", "accept-restore", "--reason", "new disk")


KINDS: Sequence[Callable[[Site], None]] = (
    pending,
    killed,
    unknown,
    keyed,
    scheduled,
    purged,
    put_back,
    restored,
)


def main() -> None:
    """Make each ledger in a folder of its own."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    target = Path(sys.argv[1])
    target.mkdir()
    for module in GATEWAYS:
        for kind in KINDS:
            SITE.mkdir(parents=True)
            try:
                site = Site(module, SITE)
                kind(site)
                site.keep(target / module / kind.__name__.replace("_", "-"))
            finally:
                shutil.rmtree(SITE)
            sys.stdout.write(f"{module} {kind.__name__}\n")


if __name__ == "__main__":
    main()
