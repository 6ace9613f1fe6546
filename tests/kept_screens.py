"""Every screen of smsctl out of one example: a ledger with a history, and a clock that stands still.

`python -m tests.kept_screens` writes the kept screens anew; read them line by line before they are kept.
"""

import json
import os
import re
import shlex
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple
from unittest.mock import patch

from smsctl.cli import clock
from smsctl.cli.output import language
from smsctl.domain.moment import Actor
from smsctl.host import users
from smsctl.simulator.faults import Fault
from smsctl.simulator.server import Behaviour, start

from .front_door import Ran, run_here

ROOT = Path(__file__).parents[1]
KEPT = Path(__file__).parent / "screens"
LANGUAGES = ("en", "sv")
LOOKS = ("40", "80", "200", "dumb")
"""How wide a terminal is; `dumb` can do nothing, as one that is read aloud."""

_NOW = "2026-11-27T10:00+01:00"
_RECIPIENTS_AT = 1_795_760_000
_CONFIG = """mode = "live"
default_municipality = "exempelkommun"
sender = "Kommunen"
recipients = "recipients.csv"

[gateway]
module = "intelecom"
endpoint = "KOMMUN"
service_id = 4711
username = "demo"
url = "http://127.0.0.1:{port}"
password = {{ source = "file", path = "gateway.secret" }}

[municipalities.exempelkommun]
name = "Exempelkommun"
package_size = 40
package_price = "19.60"
budget_year = "100.00"
invoice_node = "skola"

[municipalities.provkommun]
name = "Provkommun"
part_price = "0.49"
cost_centre = "4711"

[cost_centres.4711]
konto = "6250"

[approval]
above = 17

[ledger]
path = "ledger.db"

[reports.secret]
source = "file"
path = "reports.secret"
"""
_CEILINGS = "--yes --max-parts 100 --max-new-packages 1"


class Step(NamedTuple):
    """Something that was done before today, or came in."""

    at: str
    words: str
    gateway: Behaviour = Behaviour()
    code: int = 0


_HISTORY = (
    Step("2026-08-31T09:00+02:00", "municipality order exempelkommun"),
    Step("2026-09-01T09:00+02:00", "municipality activate exempelkommun --yes"),
    Step("2026-09-01T09:10+02:00", "block add 070-1740699 --reason 'bad om det per telefon'"),
    Step(
        "2026-09-14T10:00+02:00",
        "send --group guardians --skip-invalid --title Hösttermin --case 'BUN 2026/114'"
        f" --text 'Hej! Välkommen till höstterminen.' {_CEILINGS}",
    ),
    Step(
        "2026-09-21T10:00+02:00",
        f"send --municipality provkommun --all --text 'Hej från Provkommun' {_CEILINGS}",
    ),
    Step(
        "2026-10-12T10:00+02:00",
        f"send --group guardians --text 'Hej! Föräldramöte tisdag kl 18.' {_CEILINGS}",
    ),
    Step("2026-10-12T10:20+02:00", "reports import pushed.json"),
    Step("2026-10-13T08:00+02:00", "invoices export --csv invoices.csv"),
    Step(
        "2026-11-03T10:00+01:00",
        f"send --group principals --text 'Hej! Rektorsmötet är flyttat.' {_CEILINGS}",
        Behaviour(faults={Fault.RESET: 1.0}),
        4,
    ),
    Step(
        "2026-11-10T10:00+01:00",
        f"send --group administrators --text 'Hej! Systemet är nere i kväll.' {_CEILINGS}",
        Behaviour(password="another"),
        6,
    ),
    Step(
        "2026-11-12T10:00+01:00",
        f"send --group staff --text 'Hej! Utbildningsdagen är inställd.' {_CEILINGS}",
        Behaviour(spam_limit=0),
        4,
    ),
    Step("2026-11-12T11:00+01:00", "purge --hold 5 --reason 'begärd av pressen'"),
    Step(
        "2026-11-24T10:00+01:00",
        f"send --group students --skip-invalid --text 'Hej! Idrotten är inställd i dag.' {_CEILINGS}",
    ),
    Step("2026-11-24T10:05+01:00", "test 070-1740698 Prov"),
    Step(
        "2026-11-27T09:00+01:00",
        f"send --group guardians --group staff --text 'Hej! Skolan är stängd på måndag.' {_CEILINGS}",
        code=5,
    ),
)
_PUSHED = {"delivered": range(1, 12), "failed": range(12, 14)}  # places in mailing 3; two have no report
_INCOMING = (("Tack!", "+46701740611"), ("STOP", "+46701740612"), ("Jag vill inte ha fler", "+46701740613"))

_SEND = "send --group guardians message.txt"
SCREENS = (
    "--help",
    "mailings --help",
    "mailings show --help",
    _SEND,
    "send --group principals --text 'Hej!' --dry-run --simulate",
    "send --group students --skip-invalid --text 'Hej!' --yes",
    "send --group janitors message.txt",
    "test 070-1740697 Hej",
    "usage",
    "usage --municipality exempelkommun",
    "usage --municipality provkommun",
    "usage --by cost-centre",
    "mailings list",
    *(f"mailings show {mailing}" for mailing in (1, 3, 4, 5, 6, 9)),
    "mailings recipients 3",
    "mailings find 070-1740611",
    "mailings skipped 1",
    "mailings failed 3",
    "mailings failed --since 2026-09",
    "mailings resume 5",
    "mailings approve 9",
    "mailings retry 3 --dry-run",
    "mailings cancel 5 --reason 'för sent'",
    "mailings resolve 4 --not-sent --reason 'deras logg'",
    "municipality list",
    "municipality order exempelkommun",
    "municipality deactivate exempelkommun",
    "invoices list",
    "invoices export --csv new.csv",
    "invoices postings --month 2026-09 --csv posting.csv",
    "invoices compare bill.csv",
    "reports import pushed.json",
    "reports unmatched",
    "reports listen --addresses",
    "inbox list",
    "inbox show 1",
    "inbox show 2",
    "block list",
    "block add 070-1740695 0701",
    "block remove 070-1740699 --reason 'vill ha igen'",
    "recipients check",
    "gateway probe",
    "credential check",
    "config check",
    "config show",
    "config set gateway.priority high",
    "ledger check",
    "ledger backup copy.db",
    "purge --list",
    "purge --written",
    "purge --older-than 30d --decision 'KS 2026/123'",
    "audit",
    "doctor",
    "schedule --at 07:30 --days mon,fri -- send --group guardians message.txt --max-parts 50",
)
FAULTS = (
    "frob",
    "mailings",
    "send message.txt --all --max-parts ten",
    "send gone.txt --all",
    "send --group administrators --text 'Hej!' --yes --max-parts 1 --max-new-packages 0",
    "mailings show 99",
    "usage --municipality ankeborg",
    "config set gateway.priority 7",
    "config set gateway.prioritet high",
    "test 12 hej",
)


class Example(NamedTuple):
    """The example as it stands today, and the gateway that it means."""

    folder: Path
    beginning: Path  # a copy that every screen starts from
    port: int

    def screen(self, words: str, spoken: str, look: str) -> str:
        """Return what a terminal shows of a command; a question is answered with no."""
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(self.beginning, self.folder, dirs_exist_ok=True)
        environ = {
            "SMSCTL_LANGUAGE": spoken,
            "COLUMNS": "80" if look == "dumb" else look,
            "TERM": "dumb" if look == "dumb" else "xterm-256color",
        }
        with patch.dict(os.environ, environ):
            ran = _at(_NOW, words, terminal=True)
        told = f"$ smsctl {words}\n{ran.seen}{_uncoloured(ran.err)}" + (f"[{ran.code}]\n" if ran.code else "")
        return _settled(told, self)


@contextmanager
def example() -> Iterator[Example]:
    """Make the example out of what was done in it; its gateway runs meanwhile."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kept-", dir="/tmp")))
        beginning = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.callback(os.chdir, Path.cwd())
        os.chdir(folder)
        stack.callback(language.speak, "en", {})
        with start() as simulator:
            port = int(simulator.url.rpartition(":")[2])
        _set_up(folder, port)
        environ = {
            "SMSCTL_CONFIG": str(folder / "config.toml"),
            "SMSCTL_LANGUAGE": "sv",
            "TZ": "Europe/Stockholm",
        }
        stack.callback(time.tzset)
        stack.enter_context(patch.dict(os.environ, environ))
        time.tzset()
        stack.enter_context(patch.object(users, "whoever", lambda: Actor(user="anna", host="server")))
        for step in _HISTORY:
            if "pushed.json" in step.words:
                _push(folder)
            with start(replace(step.gateway, as_a_gateway=True), port=port):
                ran = _at(step.at, step.words)
            assert ran.code == step.code, (step.words, ran.said)
        shutil.copytree(folder, beginning, dirs_exist_ok=True)
        stack.enter_context(start(Behaviour(as_a_gateway=True), port=port))
        yield Example(folder=folder, beginning=beginning, port=port)


def _set_up(folder: Path, port: int) -> None:
    for name in ("recipients.csv", "message.txt"):
        shutil.copy(ROOT / "examples" / name, folder)
        os.utime(folder / name, (_RECIPIENTS_AT, _RECIPIENTS_AT))
    for name in ("gateway.secret", "reports.secret"):
        (folder / name).touch(mode=0o600)
        (folder / name).write_text("canary-of-the-screens\n", encoding="utf-8")
    (folder / "config.toml").touch(mode=0o600)
    (folder / "config.toml").write_text(_CONFIG.format(port=port), encoding="utf-8")
    (folder / "bill.csv").write_text(
        "Månad;Delar;Belopp\n2026-09;18;8,82\n2026-10;16;7,84\n", encoding="utf-8"
    )


def _push(folder: Path) -> None:
    (batch,) = run_here("mailings", "show", 3, "--json").data["batches"]
    stem = batch["reference"].partition("-")[0]
    codes = {"delivered": 0, "failed": 351}
    reports = [
        {"statuscode": codes[state], "customermessagereference": f"{stem}-{place}"}
        for state, places in _PUSHED.items()
        for place in places
    ]
    reports.append({"statuscode": 0, "customermessagereference": "superoffice-17"})
    incoming = [
        {
            "messageid": f"m{number}",
            "sno": "71234",
            "originator": sender,
            "content": f"KOMMUN {text}",
            "command": "KOMMUN",
        }
        for number, (text, sender) in enumerate(_INCOMING)
    ]
    (folder / "pushed.json").write_text(json.dumps({"dr": reports, "mo": incoming}), encoding="utf-8")


def _at(moment: str, words: str, *, terminal: bool = False) -> Ran:
    seconds = datetime.fromisoformat(moment).timestamp()
    with patch.object(clock, "time", SimpleNamespace(time=lambda: seconds)):
        return run_here(*shlex.split(words), terminal=terminal, stdin="n\n" * terminal)


def _uncoloured(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


def _settled(text: str, made: Example) -> str:
    """Take out what differs each time; nothing gets longer or shorter by it."""
    text = re.sub(_wherever_folded(made.folder.name), lambda found: _filled("kept-00000000", found[0]), text)
    text = re.sub(r"(?<=127\.0\.0\.1:)\d{5}", "41414", text)
    text = re.sub(r"\b[0-9a-f]{10}(?=-b?\d)", "27048f5d2c", text)
    text = re.sub(r"\d+ \d{3} MB", "99 999 MB", text)
    text = re.sub(r"/\S+/smsctl(?= --config)", "/usr/bin/smsctl", text)
    text = re.sub(r"(?<=-0730-)[0-9a-f]{6}", "4fdc73", text)
    text = re.sub(r"^.*━.*\n", "", text, flags=re.MULTILINE)  # how far a bar has come is chance
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def _wherever_folded(name: str) -> str:
    return r"(?:\n +)?".join(map(re.escape, name))


def _filled(stands_for: str, found: str) -> str:
    letters = iter(stands_for)
    return "".join(one if one in " \n" else next(letters) for one in found)


def kept(spoken: str, look: str) -> Path:
    """Return the file that keeps the screens of a language and a look."""
    return KEPT / f"{spoken}-{look}.txt"


def screens(made: Example, spoken: str, look: str) -> str:
    """Return every screen, one below the other."""
    return "\n".join(made.screen(words, spoken, look) for words in (*SCREENS, *FAULTS))


if __name__ == "__main__":
    with example() as today:
        KEPT.mkdir(exist_ok=True)
        for one in LANGUAGES:
            for how in LOOKS:
                kept(one, how).write_text(screens(today, one, how), encoding="utf-8")
