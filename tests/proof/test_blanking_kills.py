"""SIGKILL at writes and flushes of a blanking: the words go in the end, and nothing is sent for it."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Live, LiveGateway
from tests.front_door import Ran, Run
from tests.proof import tracing
from tests.proof.conftest import Scale

KEY = "anna-test-{date}"
WORDS = "Anna Test ringde 070-174 06 05"
WHY = "ett nummer stod där"
_CALLS = {"pwrite64": (16, 32), "fdatasync": (4,), "ftruncate": (1, 2, 3)}


@pytest.fixture(autouse=True)
def _strace(tmp_path: Path) -> None:
    if why := tracing.why_not(tmp_path):
        pytest.skip(why)


@pytest.fixture
def live(live_gateway: LiveGateway, run: Run, tmp_path: Path) -> Live:
    """A key with a name has sent to three people; words with a number stand in the audit and at a hold."""
    live, text = live_gateway(), tmp_path / "message.txt"
    text.write_text("Hej på er\n", encoding="utf-8")
    assert send(run, live, text).code == 0
    assert run("--config", live.config, "purge", "--hold", 1, "--reason", WORDS).code == 0
    return live


def send(run: Run, live: Live, text: Path) -> Ran:
    words = ("send", text, "--all", "--yes", "--max-parts", 9, "--key", KEY)
    return run("--config", live.config, *words)


def blank_killed(live: Live, call: str, k: int, *flags: str) -> int:
    """Blank in a real process that is killed at its k-th call of this kind; return its exit code."""
    inject = f"inject={call}:signal=SIGKILL:when={k}"
    command = [sys.executable, "-m", "smsctl", "--config", str(live.config), "purge", *flags, "--reason", WHY]
    traced = ["strace", "-f", "-o", os.devnull, "-e", f"trace={call}", "-e", inject, *command]
    return subprocess.run(traced, capture_output=True, check=False, timeout=60).returncode


def points(scale: Scale) -> Iterator[tuple[str, int]]:
    for call, places in _CALLS.items():
        yield from ((call, k) for k in (places if scale.of(short=1, long=2) == 1 else range(1, 90)))


def held_in_files(folder: Path, text: str) -> bool:
    return any(text.encode() in one.read_bytes() for one in folder.iterdir() if one.is_file())


@pytest.mark.parametrize(("flags", "words"), [(("--blank", "3"), WORDS), (("--blank-key", "2"), "anna-test")])
def test_a_blanking_that_is_killed_anywhere_is_ended_and_nothing_is_sent(
    flags: tuple[str, str], words: str, live: Live, run: Run, tmp_path: Path, scale: Scale
) -> None:
    ledger, kept = tmp_path / "ledger", tmp_path / "kept"
    shutil.copytree(ledger, kept)
    killed = marked = 0
    for call, k in points(scale):
        shutil.rmtree(ledger)
        shutil.copytree(kept, ledger)
        code = blank_killed(live, call, k, *flags)
        if code == 0:
            continue
        assert code == -signal.SIGKILL
        killed += 1
        marked += is_ended(run, live, ledger, words)
        again = run("--config", live.config, "purge", *flags, "--reason", WHY)
        assert (again.code, held_in_files(ledger, words)) == (0, False), (call, k)
        assert run("--config", live.config, "ledger", "check").code == 0
        sent = send(run, live, tmp_path / "message.txt")
        assert (sent.code, len(live.simulator.accepted())) == (0, 3), (call, k)
    assert killed > marked > 0, "no kill fell between the removal and the search"


def is_ended(run: Run, live: Live, ledger: Path, words: str) -> bool:
    """Say whether the ledger was marked as unfinished; then a plain purge must have ended it."""
    assert run("--config", live.config, "mailings", "list").code == 0  # undoes a write that was broken off
    checked = run("--config", live.config, "ledger", "check")
    if checked.code == 0:
        return False
    assert "was broken off, or is under way" in checked.said
    done = run("--config", live.config, "purge")
    assert (done.code, "overwritten in the file now" in done.out) == (0, True)
    assert not held_in_files(ledger, words)
    assert run("--config", live.config, "ledger", "check").code == 0
    return True
