"""SIGKILL at flushes of an import, in several commits: a repeat takes the rest, and nothing counts twice."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import Live, LiveGateway
from tests.front_door import Run
from tests.proof import tracing
from tests.proof.conftest import Scale

_IN_SMALL_COMMITS = (
    "import sys\n"
    "from smsctl.ledger import store\n"
    "from smsctl.cli.app import main\n"
    "store.ROWS_IN_A_COMMIT, store.MORE_ON_SLOW_DISKS = 2, 1\n"
    "sys.exit(main(sys.argv[1:]))\n"
)
_UNMATCHED = 6
_BLOCKED = 7


@pytest.fixture(autouse=True)
def _strace(tmp_path: Path) -> None:
    if why := tracing.why_not(tmp_path):
        pytest.skip(why)


@pytest.fixture
def live(live_gateway: LiveGateway, run: Run, tmp_path: Path) -> Live:
    """Three people have had a text."""
    live, text = live_gateway(), tmp_path / "message.txt"
    text.write_text("Hej på er\n", encoding="utf-8")
    assert run("--config", live.config, "send", text, "--all", "--yes", "--max-parts", 9).code == 0
    return live


@pytest.fixture
def reports(live: Live, tmp_path: Path) -> tuple[str, ...]:
    """The words that import a report on each of the three, and some on nobody's message."""
    reference = counted(tmp_path, "SELECT reference FROM mailings")[0]
    told = [f"{reference}-{n}" for n in (1, 2, 3)] + [f"nobody-{n}" for n in range(_UNMATCHED)]
    path = tmp_path / "reports.json"
    path.write_text(
        json.dumps({"dr": [{"customerMessageReference": one, "statusCode": "0"} for one in told]})
    )
    return "--config", str(live.config), "reports", "import", str(path)


@pytest.fixture
def block(live: Live, tmp_path: Path) -> tuple[str, ...]:
    """The words that put some numbers on the block list."""
    path = tmp_path / "blocked.csv"
    path.write_text("".join(f"+467017406{n:02}\n" for n in range(5, 5 + _BLOCKED)))
    return "--config", str(live.config), "block", "import", str(path), "--reason", "they asked"


def counted(folder: Path, sql: str) -> list[object]:
    with closing(sqlite3.connect(folder / "ledger" / "ledger.db")) as db:
        return [value for row in db.execute(sql) for value in row]


def killed(words: tuple[str, ...], k: int) -> bool:
    """Run a command in a real process that is killed at its k-th flush; say whether it came that far."""
    inject = f"inject=fdatasync:signal=SIGKILL:when={k}"
    traced = ["strace", "-f", "-o", os.devnull, "-e", "trace=fdatasync", "-e", inject]
    command = [*traced, sys.executable, "-c", _IN_SMALL_COMMITS, *words]
    code = subprocess.run(command, capture_output=True, check=False, timeout=60).returncode
    assert code in (0, -signal.SIGKILL)
    return code != 0


def killed_anywhere(
    folder: Path, words: tuple[str, ...], done: str, run: Run, scale: Scale
) -> Iterator[object]:
    """Kill the command at one flush after the other, each time from the start, and repeat it.

    Yield what had been `done` when it was killed, after the repeat.
    """
    ledger, kept = folder / "ledger", folder / "kept"
    shutil.copytree(ledger, kept)
    for k in (6, 13) if scale.of(short=1, long=2) == 1 else range(1, 90):
        shutil.rmtree(ledger)
        shutil.copytree(kept, ledger)
        if killed(words, k):
            (before,) = counted(folder, done)
            assert run(*words).code == 0
            assert run(*words[:2], "ledger", "check").code == 0
            yield before


def test_an_import_of_reports_that_is_killed_is_ended_by_a_repeat(
    reports: tuple[str, ...], run: Run, tmp_path: Path, scale: Scale
) -> None:
    delivered, kept = (
        "SELECT COUNT(*) FROM messages WHERE state = 'delivered'",
        "SELECT COUNT(*) FROM reports",
    )
    found = set()
    for before in killed_anywhere(tmp_path, reports, f"SELECT ({delivered}) + ({kept})", run, scale):
        found.add(before)
        assert (counted(tmp_path, delivered), counted(tmp_path, kept)) == ([3], [_UNMATCHED])
    assert found - {0, 3 + _UNMATCHED}, "no kill fell between two commits"


def test_a_block_list_that_is_imported_and_killed_is_ended_by_a_repeat(
    block: tuple[str, ...], run: Run, tmp_path: Path, scale: Scale
) -> None:
    blocked, told = "SELECT COUNT(*) FROM blocked", "SELECT COUNT(*) FROM audit WHERE action = 'block'"
    found = set()
    for before in killed_anywhere(tmp_path, block, blocked, run, scale):
        found.add(before)
        assert (counted(tmp_path, blocked), counted(tmp_path, told)) == ([_BLOCKED], [_BLOCKED])
    assert found - {0, _BLOCKED}, "no kill fell between two commits"
