"""A faithful copy of a ledger's file while others read and write it (SQLite's online backup)."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from smsctl.errors import LedgerError, say
from smsctl.ledger.seam import whole
from smsctl.ledger.seam.engine import COPIED, Progress, nobody_looks
from smsctl.ledger.sqlite.file import APPLICATION
from smsctl.ledger.sqlite.sentences import in_one_line, told

_STEPS = ((1024, 3), (-1, 0))  # pages at a time, and how often it may have to start over
_PAUSE_S = 0.005
_BUSY_TIMEOUT_S = 30
_MARK = slice(68, 72)  # of the program, in the head of SQLite's files


def copy(
    source: Path,
    target: Path,
    on_progress: Progress = nobody_looks,
    before_named: Callable[[], object] = lambda: None,
) -> None:
    """Copy the ledger to `target`, durably, mode 0600; it is there whole or not at all.

    `on_progress` is told how many pages are copied, and of how many; `before_named` is called when all are.

    Raises LedgerError when the ledger cannot be read or the disk is full, and OSError when `target`
    cannot be made.
    """
    with whole.written(target, _is_ledger) as unfinished:
        _fill(source, unfinished, on_progress)
        before_named()


def _is_ledger(head: bytes) -> bool:
    return head.startswith(b"SQLite format 3") and head[_MARK] == APPLICATION.to_bytes(4, "big")


class _StartedOverError(Exception):
    """The ledger was written to, so that what was copied is not worth anything."""


def _fill(source: Path, target: Path, on_progress: Progress) -> None:
    uri = f"{source.resolve().as_uri()}?mode=ro"
    with told(source), closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_TIMEOUT_S)) as found:
        found.execute("SELECT COUNT(*) FROM sqlite_master").fetchall()  # what is wrong with it is said of it
        with told(target), closing(fill(found, lambda: _emptied(target), source, on_progress)) as made:
            _mark(made, target, source)


def _emptied(target: Path) -> sqlite3.Connection:
    os.truncate(target, 0)  # half a copy is none
    made = sqlite3.connect(target, isolation_level=None)
    made.execute("PRAGMA journal_mode = OFF")  # the file gets its name only when it is whole
    made.execute("PRAGMA synchronous = OFF")  # and is flushed then
    return made


def fill(
    source: sqlite3.Connection,
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
            with suppress(_StartedOverError), _patient(source):
                source.backup(made, pages=pages, progress=_watch(patience, on_progress), sleep=_PAUSE_S)
                unless_whole.pop_all()
                return made
    raise LedgerError(
        say("{path}: the ledger is busy; another program holds it.", path=path),
        hint=say("Try again in a minute."),
    )


@contextmanager
def _patient(source: sqlite3.Connection) -> Iterator[None]:
    """Let each step wait for a commit that is being written, however slow the disk is."""
    (before_ms,) = source.execute("PRAGMA busy_timeout").fetchone()
    source.execute(f"PRAGMA busy_timeout = {int(1000 * _BUSY_TIMEOUT_S)}")
    try:
        yield
    finally:
        source.execute(f"PRAGMA busy_timeout = {before_ms:d}")


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


def _mark(made: sqlite3.Connection, target: Path, source: Path) -> None:
    """Let the copy know that it is one. What is damaged in it is so in its source."""
    with told(source):
        found = made.execute("PRAGMA quick_check").fetchone()[0]
    if found != "ok":
        raise LedgerError(
            say("{path}: the copy would be damaged: {found}.", path=target, found=in_one_line(found)),
            hint=say("Look with: smsctl ledger check"),
        )
    made.execute(
        "INSERT INTO facts (name, value) VALUES (?, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (COPIED,),
    )
