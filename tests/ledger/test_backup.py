import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Timer

import pytest

from smsctl.errors import ExitCode, InputError, LedgerError
from smsctl.ledger import checking, keyfile, restoring
from smsctl.ledger.backup import back_up, targets
from smsctl.ledger.sqlite import copying
from smsctl.ledger.store import Ledger, open_ledger, read_ledger

from .places import ROOT, on_small_disk, python, why_no_mounts
from .runs import Taker, new_mailing, send_all

WRITE = (
    "import sqlite3, sys, time\n"
    "ledger = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)\n"
    "ledger.execute('PRAGMA synchronous = OFF')\n"
    "for n in range(1_000_000):\n"
    "    ledger.execute('BEGIN IMMEDIATE')\n"
    "    for name in ('left', 'right'):\n"
    "        ledger.execute('INSERT INTO facts VALUES (?, ?)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value', (name, str(n)))\n"
    "    ledger.execute('COMMIT')\n"
    "    if n == 0: print('writing', flush=True)\n"
    "    time.sleep(float(sys.argv[2]))\n"
)

pytestmark = pytest.mark.of_a_file


def value(path: Path, name: str) -> int:
    with closing(sqlite3.connect(path, timeout=30)) as db:
        return int(db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()[0])


@contextmanager
def somebody_writes(path: Path, pause_s: float) -> Iterator[None]:
    with subprocess.Popen(python(WRITE, path, pause_s), stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == "writing\n"
        try:
            yield
            assert writer.poll() is None, "the writer gave up"
        finally:
            writer.kill()


@pytest.fixture
def large(ledger: Ledger) -> Ledger:
    """A ledger of some megabytes: many steps of a copy."""
    send_all(ledger, new_mailing(ledger, 200), Taker(), batch_size=100)
    with ledger.transaction():
        ledger.write("INSERT INTO facts (name, value) VALUES ('much', hex(zeroblob(4000000)))")
    return ledger


@pytest.mark.parametrize("pause_s", [0, 0.01, 0.2])
def test_a_backup_is_of_one_moment_while_somebody_writes(
    pause_s: float, large: Ledger, tmp_path: Path
) -> None:
    with somebody_writes(large.path, pause_s):
        for n in range(3):
            before = value(large.path, "left")
            made = back_up(large, tmp_path / f"backup{n}.db").ledger
            assert value(made, "left") == value(made, "right") >= before
            with closing(read_ledger(made) or large) as copy:
                assert {one.rule for one in checking.check(copy)} == {"restored"}
    assert not list(tmp_path.glob("*.unfinished*"))


def test_a_backup_ends_though_somebody_writes_between_any_two_of_its_steps(
    large: Ledger, tmp_path: Path
) -> None:
    steps: list[int] = []
    with closing(sqlite3.connect(large.path, isolation_level=None)) as writer:

        def write(done: int, _total: int) -> None:
            steps.append(done)
            writer.execute(
                "INSERT INTO facts VALUES ('n', '0') ON CONFLICT (name) DO UPDATE SET value = value + 1"
            )

        copying.copy(large.path, tmp_path / "backup.db", write)
    assert len(steps) < 20
    assert value(tmp_path / "backup.db", "n") == len(steps) - 2, "the copy is of its last beginning"


def test_a_check_waits_for_a_commit_that_a_slow_disk_draws_out(large: Ledger) -> None:
    with closing(sqlite3.connect(large.path, isolation_level=None, check_same_thread=False)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        end = Timer(0.3, writer.execute, ["COMMIT"])
        end.start()
        try:
            with closing(large.copied(lambda _done, _total: None)) as copy:
                assert copy.one("SELECT COUNT(*) FROM messages") == (200,)
        finally:
            end.join()


def test_a_backup_of_a_ledger_that_somebody_holds_for_good_ends_in_words(
    large: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "_BUSY_TIMEOUT_S", 0.01)
    with closing(sqlite3.connect(large.path, isolation_level=None)) as writer:

        def hold(_done: int, _total: int) -> None:
            if not writer.in_transaction:
                writer.execute("BEGIN EXCLUSIVE")

        with pytest.raises(LedgerError, match="another program holds it"):
            copying.copy(large.path, tmp_path / "backup.db", hold)
    assert not list(tmp_path.glob("backup*"))


def test_only_its_owner_reads_a_backup_whatever_the_umask_says(ledger: Ledger, tmp_path: Path) -> None:
    with ledger.transaction():
        keyfile.find_or_make(ledger).hash("+46701740605")
    before = os.umask(0)
    try:
        made = back_up(ledger, tmp_path / "backup.db")
    finally:
        os.umask(before)
    assert made.key
    assert {path.stat().st_mode & 0o777 for path in (made.ledger, made.key)} == {0o600}


def test_the_key_of_the_hashes_goes_with_the_ledger(ledger: Ledger, tmp_path: Path) -> None:
    with ledger.transaction():
        found = keyfile.find_or_make(ledger).hash("+46701740605")
    made = back_up(ledger, tmp_path / "elsewhere.db")
    with closing(open_ledger(made.ledger)) as copy, copy.transaction():
        assert keyfile.find_or_make(copy).hash("+46701740605") == found


def test_a_ledger_without_hashes_has_no_key_to_copy(ledger: Ledger, tmp_path: Path) -> None:
    assert back_up(ledger, tmp_path / "backup.db").key is None
    assert [path.name for path in tmp_path.glob("backup*")] == ["backup.db"]


def _back_up_without_its_key(ledger: Ledger, target: Path, there: bytes | None) -> None:
    """Back up where the key of the hashes is not, or another one is."""
    with ledger.transaction():
        keyfile.find_or_make(ledger).hash("+46701740605")
    key = keyfile.path_of(ledger.path)
    key.unlink()
    if there:
        key.write_bytes(there)
    back_up(ledger, target)


_NOT_ITS_KEY = pytest.mark.parametrize("there", [None, bytes(32)], ids=["none", "another"])


@_NOT_ITS_KEY
def test_without_the_key_of_the_hashes_there_is_no_backup(
    there: bytes | None, ledger: Ledger, tmp_path: Path
) -> None:
    """From one nothing could be sent, and the block list would be lost."""
    with pytest.raises(LedgerError, match=r"key is missing|not the key of this ledger"):
        _back_up_without_its_key(ledger, tmp_path / "backup.db", there)
    assert not list(tmp_path.glob("backup*"))


@_NOT_ITS_KEY
def test_without_asking_for_it_a_backup_would_lack_it_in_silence(
    there: bytes | None, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(keyfile, "find", lambda _ledger: None)
    _back_up_without_its_key(ledger, tmp_path / "backup.db", there)
    assert list(tmp_path.glob("backup.db"))


def test_a_key_that_another_host_makes_meanwhile_is_missed(ledger: Ledger, tmp_path: Path) -> None:
    def made_elsewhere(_done: int, _of: int) -> None:
        with ledger.transaction():
            keyfile.find_or_make(ledger)
        keyfile.path_of(ledger.path).unlink()

    with pytest.raises(LedgerError, match="the ledger's key is missing"):
        back_up(ledger, tmp_path / "backup.db", made_elsewhere)
    assert not list(tmp_path.glob("backup*"))


def test_a_backup_that_is_put_back_is_recognised_with_nothing_beside_it(
    ledger: Ledger, tmp_path: Path
) -> None:
    new_mailing(ledger, 2)
    made = back_up(ledger, tmp_path / "backup.db")
    new_disk = tmp_path / "new" / "ledger.db"
    new_disk.parent.mkdir()
    shutil.copy(made.ledger, new_disk)
    with closing(open_ledger(new_disk)) as restored:
        with pytest.raises(LedgerError, match="was put back from the backup of 20"):
            send_all(restored, new_mailing(ledger, 2, body="other"), Taker())
        assert restoring.found_restored(ledger) is None, "the original is none"


@pytest.mark.parametrize("taken", ["backup.db", "backup.db.key"])
def test_nothing_is_written_over(taken: str, ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / taken).write_text("of yesterday")
    with pytest.raises(InputError, match="exists already; nothing was written") as caught:
        back_up(ledger, tmp_path / "backup.db")
    assert caught.value.exit_code is ExitCode.INPUT
    assert [path.read_text() for path in tmp_path.glob("backup*")] == ["of yesterday"]


def test_a_folder_that_is_not_there_is_told_in_words(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"backup\.db: cannot be written: No such file or directory"):
        back_up(ledger, tmp_path / "nowhere" / "backup.db")


def test_a_folder_that_cannot_be_looked_into_is_told_in_words(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"backup\.db: cannot be written: File name too long"):
        back_up(ledger, tmp_path / ("x" * 300) / "backup.db")


def test_a_place_that_cannot_be_looked_at_is_not_called_a_folder(ledger: Ledger, tmp_path: Path) -> None:
    unseen = tmp_path / ("x" * 300) / "backup.db"
    assert targets(ledger.path, unseen) == (unseen,)


def test_a_key_that_cannot_be_copied_leaves_no_half_backup(ledger: Ledger, tmp_path: Path) -> None:
    keyfile.path_of(ledger.path).mkdir()
    with pytest.raises(LedgerError, match="plain file"):
        back_up(ledger, tmp_path / "backup.db")
    assert not list(tmp_path.glob("backup*"))


def test_a_full_disk_leaves_no_half_backup(large: Ledger, tmp_path: Path) -> None:
    if why := why_no_mounts(tmp_path):
        pytest.skip(why)
    disk = tmp_path / "disk"
    disk.mkdir()
    code = (
        "import sys; from pathlib import Path\n"
        "from smsctl.errors import OutputError\n"
        "from smsctl.ledger.backup import back_up\n"
        "from smsctl.ledger.store import read_ledger\n"
        "ledger, target = map(Path, sys.argv[1:])\n"
        "try: back_up(read_ledger(ledger), target)\n"
        "except OutputError as error: print(error, int(error.exit_code))\n"
        "print([*target.parent.iterdir()])"
    )
    ran = on_small_disk(disk, python(code, large.path, disk / "backup.db"), size="1m")
    assert "backup.db: cannot be written: No space left" in ran.stdout, ran.stderr
    assert ran.stdout.splitlines()[0].endswith(" 9")
    assert ran.stdout.endswith("\n[]\n")


def test_a_killed_backup_leaves_nothing_under_its_name(large: Ledger, tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path\n"
        "from smsctl.ledger.seam import whole\n"
        "from smsctl.ledger.sqlite import copying\n"
        "whole._flush = lambda path: os._exit(7)\n"
        "copying.copy(*map(Path, sys.argv[1:]))"
    )
    target = tmp_path / "backup.db"
    assert subprocess.run(python(code, large.path, target), cwd=ROOT, check=False).returncode == 7
    assert not target.exists()
    assert back_up(large, target).ledger == target
    assert not list(tmp_path.glob("*.unfinished*"))


@pytest.mark.parametrize("at", ["replace", "open", "link", "fsync"])
def test_a_backup_that_has_its_name_has_its_key_whenever_it_was_killed(
    at: str, ledger: Ledger, tmp_path: Path
) -> None:
    """One without its key lacks the block list, and nothing is sent from it; and its name was taken."""
    with ledger.transaction():
        keyfile.find_or_make(ledger).hash("+46701740605")
    target, calls = tmp_path / "backup.db", 0
    while True:
        calls += 1
        ran = subprocess.run(python(_KILLED, ledger.path, target, at, calls), check=False)
        if target.exists():
            assert keyfile.read(keyfile.path_of(target)) == keyfile.read(keyfile.path_of(ledger.path))
        else:
            back_up(ledger, target)  # the same command again
        if ran.returncode == 0:
            break
        for path in tmp_path.glob("backup*"):
            path.unlink()
    assert calls > 1, "it was killed"


_KILLED = """
import os, signal, sys
from pathlib import Path
from smsctl.ledger.backup import back_up
from smsctl.ledger.store import read_ledger

ledger, target, at, left = *map(Path, sys.argv[1:3]), sys.argv[3], int(sys.argv[4])

def stops(call):
    def or_is_killed(*words, **named):
        global left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*words, **named)
    return or_is_killed

where = Path if at == "replace" else os
opened = read_ledger(ledger)
setattr(where, at, stops(getattr(where, at)))
back_up(opened, target)
"""


def test_what_a_killed_copy_left_is_taken_away_by_the_next(ledger: Ledger, tmp_path: Path) -> None:
    left, of_another = tmp_path / "monday.db.unfinished", tmp_path / "thesis.unfinished"
    copying.copy(ledger.path, left)
    of_another.write_bytes(b"SQLite format 3\0 of another program" + bytes(100))
    back_up(ledger, tmp_path / "tuesday.db")
    assert not left.exists()
    assert of_another.exists()


@pytest.mark.skipif(os.name != "posix", reason="only POSIX tells whether somebody still makes it")
def test_a_copy_that_is_being_made_is_left_alone(ledger: Ledger, tmp_path: Path) -> None:
    import fcntl

    made = tmp_path / "monday.db.unfinished"
    copying.copy(ledger.path, made)
    with made.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        back_up(ledger, tmp_path / "tuesday.db")
        assert made.exists()
