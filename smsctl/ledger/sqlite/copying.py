"""A faithful copy of a ledger's file while others read and write it (SQLite's online backup)."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from smsctl.errors import LedgerError, say
from smsctl.host import disk
from smsctl.ledger.seam.engine import COPIED, Progress, nobody_looks
from smsctl.ledger.sqlite.file import APPLICATION
from smsctl.ledger.sqlite.sentences import told

_STEPS = ((1024, 3), (-1, 0))  # pages at a time, and how often it may have to start over
_PAUSE_S = 0.005
_BUSY_TIMEOUT_S = 30
_HEAD_BYTES = 100
_MARK = slice(68, 72)  # of the program, in the head of SQLite's files


def copy(source: Path, target: Path, on_progress: Progress = nobody_looks) -> None:
    """Copy the ledger to `target`, durably, mode 0600; it is there whole or not at all.

    `on_progress` is told how many pages are copied, and of how many.

    Raises LedgerError when the ledger cannot be read or the disk is full, and OSError when `target`
    cannot be made.
    """
    unfinished = target.with_name(f"{target.name}.unfinished")
    _take_away_unfinished(target.parent)
    unfinished.unlink(missing_ok=True)
    make_private(unfinished)
    try:
        with _held(unfinished):
            _fill(source, unfinished, on_progress)
        _flush(unfinished)
        unfinished.replace(target)
        disk.make_names_durable(target.parent)
    finally:
        unfinished.unlink(missing_ok=True)


def make_private(path: Path) -> None:
    """Make an empty file that only this user can read. Raises OSError where one is already."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _take_away_unfinished(folder: Path) -> None:
    """Remove what copies that were killed have left: numbers and names where nobody looks for them."""
    for path in folder.glob("*.unfinished"):
        with suppress(OSError):
            handle = os.open(path, os.O_RDONLY | disk.CAREFULLY)
            try:
                head = os.read(handle, _HEAD_BYTES)
                is_ours = head.startswith(b"SQLite format 3") and head[_MARK] == APPLICATION.to_bytes(
                    4, "big"
                )
                if is_ours and disk.lock(handle):
                    path.unlink()
            finally:
                os.close(handle)


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Let others see that a copy is being made, until this process ends."""
    handle = os.open(path, os.O_RDONLY)
    try:
        disk.lock(handle)
        yield
    finally:
        os.close(handle)


class _StartedOverError(Exception):
    """The ledger was written to, so that what was copied is not worth anything."""


def _fill(source: Path, target: Path, on_progress: Progress) -> None:
    uri = f"{source.resolve().as_uri()}?mode=ro"
    with told(source), closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_TIMEOUT_S)) as found:
        found.execute("SELECT COUNT(*) FROM sqlite_master").fetchall()  # what is wrong with it is said of it
        with told(target), closing(fill(found, lambda: _emptied(target), source, on_progress)) as made:
            _mark(made, target)


def _emptied(target: Path) -> sqlite3.Connection:
    os.truncate(target, 0)  # half a copy is none
    made = sqlite3.connect(target, isolation_level=None)
    made.execute("PRAGMA journal_mode = OFF")  # the file gets its name only when it is whole
    made.execute("PRAGMA synchronous = OFF")  # and is flushed then
    return made


def fill(
    found: sqlite3.Connection,
    make: Callable[[], sqlite3.Connection],
    path: Path,
    on_progress: Progress = nobody_looks,
) -> sqlite3.Connection:
    """Copy an open ledger, that of `path`, into an empty database that `make` opens; all of one moment.

    Writers get in between two steps. A write makes the copy begin again, so after some of these the steps
    grow, and at last all is copied in one while writers wait.
    """
    for pages, patience in _STEPS:
        with ExitStack() as unless_whole:
            made = make()
            unless_whole.callback(made.close)
            with suppress(_StartedOverError), _patient(found):
                found.backup(made, pages=pages, progress=_watch(patience, on_progress), sleep=_PAUSE_S)
                unless_whole.pop_all()
                return made
    raise LedgerError(
        say("{path}: the ledger is busy; another program holds it.", path=path),
        hint=say("Try again in a minute."),
    )


@contextmanager
def _patient(found: sqlite3.Connection) -> Iterator[None]:
    """Let each step wait for a commit that is being written, however slow the disk is."""
    (before_ms,) = found.execute("PRAGMA busy_timeout").fetchone()
    found.execute(f"PRAGMA busy_timeout = {int(1000 * _BUSY_TIMEOUT_S)}")
    try:
        yield
    finally:
        found.execute(f"PRAGMA busy_timeout = {before_ms:d}")


def _watch(patience: int, on_progress: Progress) -> Callable[[int, int, int], None]:
    """Return the progress callback; it ends a copy that had to begin again, or to wait, too often."""
    before, again = 0, 0

    def look(_status: int, remaining: int, total: int) -> None:
        nonlocal before, again
        # A copy that begins again after each step has the same left after each.
        again += remaining >= (before or total)
        before = remaining
        if again > patience:
            raise _StartedOverError
        on_progress(total - remaining, total)

    return look


def _mark(made: sqlite3.Connection, target: Path) -> None:
    """Let the copy know that it is one."""
    found = made.execute("PRAGMA quick_check").fetchone()[0]
    if found != "ok":
        raise LedgerError(
            say("{path}: the copy would be damaged: {found}.", path=target, found=found),
            hint=say("Look with: smsctl ledger check"),
        )
    made.execute(
        "INSERT INTO facts (name, value) VALUES (?, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (COPIED,),
    )


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
