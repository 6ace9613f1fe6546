"""A disk that fills up in the middle of a mailing, seen from the front door."""

import shlex
import shutil
from pathlib import Path

import pytest

from ..conftest import SECRET, MakeConfig
from ..front_door import SMSCTL, Run
from ..ledger.places import on_small_disk, python, why_no_mounts
from .conftest import guardians

_RUN = """
import sys, threading, time
from pathlib import Path
from smsctl.cli.app import main
from smsctl.simulator.server import Behaviour, start

config, message, disk, filler = sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[3]) / "filler"

def fill():
    while not simulator.accepted(): time.sleep(0.01)
    with filler.open("wb", buffering=0) as file:
        for piece in (1 << 20, 1 << 12, 1):
            try:
                while file.write(b"x" * piece) == piece: pass
            except OSError: pass

with start(Behaviour(latency_s=0.5, as_a_gateway=True)) as simulator:
    path = Path(config)
    path.write_text(path.read_text().replace("http://127.0.0.1:1", simulator.url))
    smsctl = ["--config", config]
    main([*smsctl, "municipality", "activate", "exempelkommun", "--yes"])
    threading.Thread(target=fill, daemon=True).start()
    send = [*smsctl, "send", message, "--all", "--yes", "--max-parts", "90", "--max-new-packages", "1"]
    print("code", int(main(send)), len(simulator.accepted()), flush=True)
    filler.unlink()
    print("code", int(main([*smsctl, "mailings", "resume", "1"])), len(simulator.accepted()))
    print("numbers", len({one.recipient for one in simulator.accepted()}))
"""


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """Return a folder for a ledger, where a small disk can be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir(mode=0o700)
    if why := why_no_mounts(folder):
        pytest.skip(why)
    return folder


def test_what_was_answered_is_recorded_and_the_rest_is_pending(
    make_config: MakeConfig, message: Path, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", SECRET)
    config = make_config(
        rows=guardians(20),
        mode="live",
        gateway={"url": "http://127.0.0.1:1", "batch_size": 5},
        ledger={"path": str(disk / "ledger.db")},
    )
    ran = on_small_disk(disk, python(_RUN, config, message, disk), size="24m", before='chmod 700 "$0"')
    told = [line for line in ran.stdout.splitlines() if line.startswith(("code", "numbers"))]
    assert told == ["code 9 5", "code 0 20", "numbers 20"], ran.stdout + ran.stderr
    assert "The disk is full: what was answered is recorded, and nothing more is sent." in ran.stderr
    assert "15 pending, 5 accepted" in ran.stderr


def test_a_disk_that_takes_no_more_files_is_told_before_it_is_needed(
    make_config: MakeConfig, run: Run, message: Path, disk: Path
) -> None:
    """There may be room enough on it."""
    config = make_config(ledger={"path": str(disk / "ledger.db")})
    assert run("--config", config, "municipality", "activate", "exempelkommun", "--yes").code == 0
    kept = disk.with_name("kept")
    shutil.copytree(disk, kept)
    before = f'{{ chmod 700 "$0" && cp -a {kept}/. "$0"; }}'
    for words in (["doctor"], ["send", str(message), "--all", "--yes"]):
        command = [*SMSCTL, "--config", str(config), *words]
        ran = on_small_disk(disk, command, size="30m,nr_inodes=9", before=before)
        told = ran.stdout + ran.stderr
        assert (ran.returncode, "fewer than 8 more files" in told) == (9, True), told


@pytest.mark.parametrize("words", ["block add +46701740609", "ledger restore {kept} --yes"])
def test_who_needs_room_is_told_to_make_it(
    words: str, make_config: MakeConfig, run: Run, message: Path, disk: Path
) -> None:
    """And not that the user may not write there."""
    config = make_config(ledger={"path": str(disk / "ledger.db")})
    assert run("--config", config, "send", message, "--all", "--yes").code == 0
    kept = disk.with_name("kept")
    shutil.copytree(disk, kept)
    asked = shlex.split(words.format(kept=kept / "ledger.simulate.db"))
    fill = 'head -c 9999999 /dev/zero >"$0/fill" 2>/dev/null || true'
    before = f'{{ chmod 700 "$0" && cp -a {kept}/. "$0" && {fill}; }}'
    ran = on_small_disk(disk, [*SMSCTL, "--config", str(config), *asked], size="900k", before=before)
    assert (ran.returncode, "No space left on device" in ran.stderr) == (9, True), ran.stderr
    assert "Make room on the disk" in ran.stderr
    assert "user who sends" not in ran.stderr
