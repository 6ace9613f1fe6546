"""The ledger's file: opened with the pragmas that survive a power cut, read and written in transactions.

What must stay true: nothing is handed to a gateway before the transaction that marks it is durable, so
a file whose pragmas are not in force is refused (reliability.md 0.2, 2.2).
"""

import os
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from smsctl.errors import LedgerError, Sentence, say
from smsctl.ledger import schema

Row = tuple[Any, ...]
_IN_FORCE = {"journal_mode": "truncate", "synchronous": 3, "secure_delete": 1, "foreign_keys": 1}
_PATIENCE_S = 0.05


class Ledger:
    """An open ledger. All SQL stands in this folder; callers speak in domain words."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        """Wrap an open connection; use `open_ledger` or `read_ledger`."""
        self.path = path
        self._connection = connection
        self.on_wait: Callable[[Sentence], None] | None = None

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def rows(self, sql: str, *values: object) -> list[Row]:
        """Fetch all rows at once, so that no read stays open while something is sent."""
        with _told(self.path):
            return self._connection.execute(sql, values).fetchall()

    def one(self, sql: str, *values: object) -> Row | None:
        """Fetch the first row."""
        with _told(self.path):
            row: Row | None = self._connection.execute(sql, values).fetchone()
            return row

    def records(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """Fetch all rows at once, each by column name."""
        with _told(self.path):
            cursor = self._connection.execute(sql, values)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def write(self, sql: str, *values: object) -> int:
        """Run one statement inside an open transaction and return how many rows it changed."""
        self._must_be_open()
        return self._connection.execute(sql, values).rowcount

    def write_many(self, sql: str, values: Iterator[Sequence[object]] | Sequence[Sequence[object]]) -> int:
        """Run one statement for each set of values inside an open transaction; return rows changed."""
        self._must_be_open()
        return self._connection.executemany(sql, values).rowcount

    def insert(self, sql: str, *values: object) -> int:
        """Run one INSERT inside an open transaction and return the new row's id."""
        self._must_be_open()
        return int(self._connection.execute(sql, values).lastrowid or 0)

    @contextmanager
    def transaction(self, *, patient: bool = False) -> Iterator[None]:
        """Hold the ledger's one write lock; durable when the block has ended without an exception.

        `patient`: never give up because somebody else holds the ledger; for answers that cost money.
        Raises LedgerError when the ledger is busy, full, read-only or damaged; then nothing was written.
        """
        with _told(self.path):
            self._insist("BEGIN IMMEDIATE", patient=patient)
            try:
                yield
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            self._commit(patient=patient)

    def _commit(self, *, patient: bool) -> None:
        try:
            self._insist("COMMIT", patient=patient)
        except sqlite3.Error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _insist(self, statement: str, *, patient: bool) -> None:
        told = False
        while True:
            try:
                self._connection.execute(statement)
            except sqlite3.OperationalError as error:
                if not patient or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
                if self.on_wait and not told:
                    told = True
                    self.on_wait(say("Waiting for {path}: another program holds it.", path=self.path))
                time.sleep(_PATIENCE_S)
            else:
                return

    def _must_be_open(self) -> None:
        # After SQLITE_FULL the transaction is gone and a later statement would commit by itself.
        if not self._connection.in_transaction:
            message = "write outside a transaction"
            raise sqlite3.ProgrammingError(message)


def open_ledger(path: Path, *, group: str | None = None, busy_timeout_s: float = 30) -> Ledger:
    """Open the ledger for writing; a missing one is created, an older one is brought up to date.

    Raises LedgerError in words: not writable, damaged, newer, wrong owner or mode.
    """
    _prepare(path, group)
    with _told(path):
        connection = sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None)
        for pragma, value in _IN_FORCE.items():
            connection.execute(f"PRAGMA {pragma} = {value}").fetchall()
        for pragma, value in _IN_FORCE.items():
            found = connection.execute(f"PRAGMA {pragma}").fetchone()[0]
            if found != value:
                raise LedgerError(
                    say("{path}: the setting {pragma} is not in force.", path=path, pragma=pragma),
                    hint=say("Put the ledger on a local disk; nothing is sent without it."),
                )
        schema.migrate(connection, path)
    return Ledger(connection, path)


def read_ledger(path: Path, *, busy_timeout_s: float = 30) -> Ledger | None:
    """Open an existing ledger for reading only; None where there is none. Creates and changes nothing."""
    if not path.exists():
        return None
    _refuse_stranger(path)
    with _told(path):
        uri = f"{path.resolve().as_uri()}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, timeout=busy_timeout_s, isolation_level=None)
        schema.refuse_newer(connection, path)
        if schema.version_of(connection) < schema.newest():
            raise LedgerError(
                say("{path}: this ledger was written by an older smsctl.", path=path),
                hint=say("Run `smsctl mailings list` once: it brings the ledger up to date."),
            )
    return Ledger(connection, path)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn SQLite's and the file system's errors into a sentence."""
    try:
        yield
    except sqlite3.Error as error:
        raise LedgerError(_words(error, path), hint=_mend(error)) from error


def _code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _words(error: sqlite3.Error, path: Path) -> Sentence:
    code = _code(error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return say("{path}: the ledger is busy; another program holds it.", path=path)
    if code == sqlite3.SQLITE_FULL:
        return say("{path}: the disk is full, nothing more was recorded or sent.", path=path)
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return say("{path}: this is not a ledger, or it is damaged ({error}).", path=path, error=error)
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return say("{path}: the ledger cannot be written ({error}).", path=path, error=error)
    return say("{path}: the ledger failed: {error}.", path=path, error=error)


def _mend(error: sqlite3.Error) -> Sentence:
    code = _code(error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return say("Try again in a minute.")
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return say("Restore it from a backup; `[ledger] path` in the config says where it is looked for.")
    return say("Check the disk, the folder's owner and its rights, and `[ledger] path` in the config.")


def _prepare(path: Path, group: str | None) -> None:
    """Make the folder and an empty file with the right modes before SQLite makes them wider."""
    try:
        if not path.parent.exists():
            path.parent.mkdir(parents=True, mode=0o700)
            _share(path.parent, group, 0o2770)
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            _share(path, group, 0o660)
    except FileExistsError:
        pass  # another process made it in between
    except (OSError, LookupError) as error:
        raise LedgerError(
            say("{path}: the ledger cannot be created: {error}.", path=path, error=_reason(error)),
            hint=say("Choose a folder that this user may write, with `[ledger] path` in the config."),
        ) from error
    _refuse_stranger(path)


def _reason(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


def _share(path: Path, group: str | None, mode: int) -> None:
    if group is not None:
        import shutil

        shutil.chown(path, group=group)
        path.chmod(mode)


def _refuse_stranger(path: Path) -> None:
    """A ledger that others may read or swap is not trusted with phone numbers and money."""
    try:
        found = path.lstat()
    except OSError as error:
        raise LedgerError(say("{path}: cannot be read: {error}.", path=path, error=_reason(error))) from error
    if not stat.S_ISREG(found.st_mode):
        raise LedgerError(
            say("{path}: the ledger must be a plain file, not a link or a folder.", path=path),
            hint=say("Name the real file in `[ledger] path`."),
        )
    if os.name == "posix" and found.st_mode & (stat.S_IRWXO):
        raise LedgerError(
            say("{path}: every user of this machine can read the ledger.", path=path),
            hint=say("Run: chmod o= {path}", path=path),
        )
