"""How commands end: silence and 0 say that nobody was left out and nothing is left to do."""

import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from ..conftest import Live, LiveGateway
from ..front_door import SMSCTL, Ran, Run
from .conftest import guardians


class Office:
    """A site, and what cron or a script does there with --quiet."""

    def __init__(self, run: Run, config: Path, message: Path) -> None:
        self.config, self._run, self._message = config, run, message

    def __call__(self, *argv: object) -> Ran:
        return self._run("--config", self.config, *argv, "--quiet")

    def send(self) -> Ran:
        return self("send", self._message, "--all", "--yes", "--max-parts", 9, "--key", "weekly")

    def change(self, sql: str) -> None:
        with closing(sqlite3.connect(self.config.parent / "ledger" / "ledger.db")) as ledger, ledger:
            ledger.execute(sql)


@pytest.fixture
def live(live_gateway: LiveGateway) -> Live:
    return live_gateway(rows=guardians(3))


@pytest.fixture
def office(live: Live, message: Path, run: Run) -> Office:
    return Office(run, live.config, message)


# What was printed and nobody took


def in_bash(line: str, config: Path) -> Ran:
    command = " ".join((*SMSCTL, "--config", str(config)))
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line.format(command)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=60,
    )
    return Ran(code=done.returncode, out=done.stdout, err=done.stderr)


@pytest.mark.parametrize("into", [">/dev/full", ">&-", "| true"])
def test_no_invoice_is_handed_over_with_a_list_that_nobody_took(into: str, office: Office, run: Run) -> None:
    ran = in_bash(f"{{}} invoices export --csv - --mark {into}", office.config)
    assert ran.code == 9, ran.said
    assert "no invoice is marked as handed over" in ran.err
    (one,) = run("--config", office.config, "invoices", "list", "--json").data["invoices"]
    assert one["handed_over"] is None


def test_a_list_that_was_taken_is_printed_once_and_marked(office: Office, run: Run) -> None:
    ran = in_bash("{} invoices export --csv - --mark | cat", office.config)
    assert (ran.code, len(ran.out.splitlines()), ran.out[-1]) == (0, 2, "\n")
    (one,) = run("--config", office.config, "invoices", "list", "--json").data["invoices"]
    assert one["handed_over"] is not None


@pytest.mark.parametrize(
    "words", ["purge --list", "purge --written", "invoices postings --month 2026-11 --preview"]
)
def test_a_flag_that_only_lists_fails_with_its_output(words: str, office: Office) -> None:
    assert in_bash(f"{{}} {words} >/dev/full", office.config).code == 9
    assert in_bash(f"{{}} {words} | true", office.config).code == 0
