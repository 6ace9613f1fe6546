"""SQLite's part of the ledger: one file, opened with the pragmas that survive a power cut.

What must stay true: nothing is handed to a gateway before the transaction that marks it is durable, so
a file whose pragmas are not in force is refused (never-twice.md, "Why the ledger is set so").
"""

import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smsctl.errors import LedgerError, Sentence, say
from smsctl.ledger.seam.engine import TIME_ZONE, Inspection, Progress, Row, Values, storable
from smsctl.ledger.seam.sentences import held, must_have_changed, older, other_time_zone, overtaken, retired
from smsctl.ledger.sqlite import file, schema
from smsctl.ledger.sqlite.sentences import is_busy, told

if TYPE_CHECKING:
    from smsctl.ledger.seam.standing import Standing

_IN_FORCE = {"journal_mode": "truncate", "synchronous": 3, "secure_delete": 1, "foreign_keys": 1}
_AS_OPENED = (
    "SELECT user_version, (SELECT value FROM facts WHERE name = 'retired'),"
    " (SELECT value FROM facts WHERE name = 'time-zone') FROM pragma_user_version"
)
_STEP_S = 0.01
"""One wait for whoever holds the file; a long one is many of these. SQLite looks after 1, 3 and 8 ms,
and later more seldom, so a gap between two commits of a long work (`give_way`) is not missed."""

_SAY_AFTER_S = 3.0
_TOGETHER = 500
"""So many rows are written by one statement."""


class SqliteEngine:
    """An open ledger file."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        busy_timeout_s: float = 30,
        version: int | None = None,
    ) -> None:
        """Wrap an open connection; use `open_to_write` or `open_to_read`. `version` is that of its schema."""
        connection.execute(f"PRAGMA busy_timeout = {int(min(busy_timeout_s, _STEP_S) * 1000):d}")
        self._busy_timeout_s = busy_timeout_s
        self._version = version
        self._connection = connection
        self.path, self.place = path, str(path)
        self.on_wait: Callable[[Sentence], None] = lambda _sentence: None
        self.moving = False
        self.time_zone: str | None = None

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def fetch(self, sql: str, values: Values = ()) -> list[Row]:
        """Fetch all rows at once, so that no read stays open."""
        with told(self.path), closing(self._insist(sql, values)) as cursor:
            return cursor.fetchall()

    def first(self, sql: str, values: Values = ()) -> Row | None:
        """Fetch the first row."""
        with told(self.path), closing(self._insist(sql, values)) as cursor:
            row: Row | None = cursor.fetchone()
            return row

    def records(self, sql: str, values: Values = ()) -> list[dict[str, Any]]:
        """Fetch all rows at once, each by column name."""
        with told(self.path), closing(self._insist(sql, values)) as cursor:
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def change(self, sql: str, values: Values) -> int:
        """Run one statement inside an open transaction and return how many rows it changed."""
        self._must_be_open()
        try:
            return self._connection.execute(sql, values).rowcount
        except sqlite3.Error:
            with told(self.path):
                raise

    def enqueue(self, sql: str, values: Values, rows: int | None = None) -> None:
        """Run one statement inside an open transaction; it must change so many `rows`."""
        must_have_changed(self.place, self.change(sql, values), rows)

    def table(self, kinds: Sequence[str], columns: Sequence[Values]) -> tuple[str, Values]:
        """Return columns as a statement names a table, and the values in it; no type is to be told."""
        places = f"({', '.join('?' * len(kinds))})"
        return f"(VALUES {', '.join([places] * len(columns[0]))})", _in_rows(columns)

    def change_many(self, sql: str, values: Iterable[Values]) -> int:
        """Run one statement for each set of values inside an open transaction; return rows changed."""
        self._must_be_open()
        with told(self.path):
            return self._connection.executemany(sql, values).rowcount

    def load(self, table: str, columns: Mapping[str, Values]) -> None:
        """Write many new rows inside an open transaction: in half the time of a statement for each."""
        places = f"({', '.join('?' * len(columns))})"
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES "  # noqa: S608 - names of ours
        values = [storable(column) for column in columns.values()]
        for at in range(0, len(values[0]), _TOGETHER):
            together = [column[at : at + _TOGETHER] for column in values]
            self.change(sql + ", ".join([places] * len(together[0])), _in_rows(together))

    def begin(self, *, patient: bool) -> None:
        """Take the one write lock. Raises LedgerError: busy, read-only, damaged, or of a newer smsctl."""
        with told(self.path):
            self._insist("BEGIN IMMEDIATE", patient=patient)
            try:
                self._must_be_as_opened()
            except BaseException:
                self.rollback()
                raise

    def freeze(self) -> None:
        """Let what is read be of one moment, until `rollback`. Writers wait, so it must be short."""
        with told(self.path):
            self._connection.execute("BEGIN")

    def commit(self, *, patient: bool) -> None:
        """Make the open transaction durable; where this raises, nothing of it is stored."""
        with told(self.path):
            try:
                self._insist("COMMIT", patient=patient)
            except BaseException:  # also of who waits no longer: what is not durable must not be read back
                self.rollback()
                raise

    def rollback(self) -> None:
        """Take back the open transaction, if one is open still."""
        if self._connection.in_transaction:
            with told(self.path):
                self._connection.execute("ROLLBACK")

    def right_to_send(self, reference: str) -> AbstractContextManager[bool]:
        """Hold the lock of the mailing of this reference; yields whether it was free."""
        from smsctl.ledger.sqlite import lock  # who only reads needs none

        return lock.right_to_send(self.path, reference)

    def may_still_send(self, reference: str) -> bool:  # noqa: ARG002
        """Say that a right is ours: it goes with the process alone."""
        return True

    def standing(self) -> "Standing | None":
        """Return nothing: no other host shares the file."""
        return None

    def inspection(self) -> Inspection:
        """Return what looks below the rows of this ledger."""
        from smsctl.ledger.sqlite.inspection import FileInspection  # as for `right_to_send`

        return FileInspection(self)

    def copied(self, on_progress: Progress) -> "SqliteEngine":
        """Return a copy of one moment, to be read; it goes when it is closed, or the process dies."""
        from smsctl.ledger.sqlite import copying  # only a check needs it

        def make() -> sqlite3.Connection:
            return sqlite3.connect("", isolation_level=None)

        with told(self.path):
            return SqliteEngine(copying.fill(self._connection, make, self.path, on_progress), self.path)

    def back_up(self, target: Path, on_progress: Progress, before_named: Callable[[], object]) -> None:
        """Copy the file to a new one, whole or not at all. Raises OSError where that cannot be written."""
        from smsctl.ledger.sqlite import copying  # as for `copied`

        copying.copy(self.path, target, on_progress, before_named)

    def compact(self) -> None:
        """Write the file anew without the pages that are free; needs as much room once more meanwhile."""
        with told(self.path):
            self._insist("VACUUM")

    def _must_be_as_opened(self) -> None:
        """Raise LedgerError where a newer smsctl has brought the file up to date since, or it was retired.

        And where it books days by another time zone; the first one is noted, and that it was rehearsed with.
        """
        if self._version is None:
            return
        version, place, zone = self._connection.execute(_AS_OPENED).fetchone()
        if version != self._version:
            raise overtaken(self.path)
        if self.moving:
            return
        if place is not None:
            raise retired(self.path, place)
        if wrong := other_time_zone(self.place, zone, self.time_zone):
            raise wrong
        if self.time_zone not in (None, zone):
            self.change("REPLACE INTO facts (name, value) VALUES (?, ?)", (TIME_ZONE, self.time_zone))

    def _insist(self, sql: str, values: Sequence[object] = (), *, patient: bool = False) -> sqlite3.Cursor:
        """Run one statement; wait for whoever holds the file, but only the patient without an end."""
        began_s, silent = time.monotonic(), patient
        while True:
            try:
                return self._connection.execute(sql, values)
            except sqlite3.OperationalError as error:
                waited_s = time.monotonic() - began_s
                if not is_busy(error) or not (patient or waited_s < self._busy_timeout_s):
                    raise
            if silent and waited_s >= min(self._busy_timeout_s, _SAY_AFTER_S):
                silent = False
                self.on_wait(held(self.path))

    def _must_be_open(self) -> None:
        # After SQLITE_FULL the transaction is gone and a later statement would commit by itself.
        if not self._connection.in_transaction:
            message = "write outside a transaction"
            raise sqlite3.ProgrammingError(message)


def _in_rows(columns: Sequence[Values]) -> Values:
    """Return the values of columns row by row. Raises ValueError where one is longer than another."""
    width, found = len(columns), list[object]([None]) * len(columns) * len(columns[0])
    for at, column in enumerate(columns):
        found[at::width] = column
    return found


def open_to_write(path: Path, group: str | None, busy_timeout_s: float) -> SqliteEngine:
    """Open a ledger's file for writing; a missing one is created, an older one is brought up to date.

    Raises LedgerError in words: not writable, damaged, newer, wrong owner or mode.
    """
    if not file.is_there(path):
        file.prepare(path, group)
    file.refuse_stranger(path, group)
    with told(path), ExitStack() as unless_well:
        connection = sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None)
        unless_well.callback(connection.close)
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
        version = schema.version_of(connection)
        unless_well.pop_all()
    return SqliteEngine(connection, path, busy_timeout_s, version)


def open_to_read(
    path: Path, group: str | None, busy_timeout_s: float, *, even_older: bool = False
) -> SqliteEngine | None:
    """Open an existing file for reading only; None where there is none. Creates and changes nothing.

    `even_older`: also one that an older smsctl has left, for what every version of it has.
    """
    if not file.is_there(path):
        return None
    file.refuse_stranger(path, group)
    with told(path), ExitStack() as unless_well:
        uri = f"{path.resolve().as_uri()}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, timeout=busy_timeout_s, isolation_level=None)
        unless_well.callback(connection.close)
        schema.refuse_foreign(connection, path)
        if schema.version_of(connection) < schema.newest() and not even_older:
            raise older(path)
        unless_well.pop_all()
    return SqliteEngine(connection, path, busy_timeout_s)
