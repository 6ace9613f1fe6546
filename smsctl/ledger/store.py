"""The ledger's file: opened with the pragmas that survive a power cut, read and written in transactions.

What must stay true: nothing is handed to a gateway before the transaction that marks it is durable, so
a file whose pragmas are not in force is refused (never-twice.md, "Why the ledger is set so").
"""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from smsctl.errors import LedgerError, Sentence, say
from smsctl.ledger import file, schema
from smsctl.ledger.high_water import HighWater
from smsctl.ledger.sentences import is_busy, told

Row = tuple[Any, ...]
_IN_FORCE = {"journal_mode": "truncate", "synchronous": 3, "secure_delete": 1, "foreign_keys": 1}
_STEP_S = 0.01
"""One wait for whoever holds the file; a long one is many of these. SQLite looks after 1, 3 and 8 ms,
and later more seldom, so a gap between two commits of a long work (`give_way`) is not missed."""

_SAY_AFTER_S = 3.0
_SHARE_OF_OTHERS, _LEAST_GAP_S, _LONGEST_GAP_S = 0.15, 0.006, 0.05
ROWS_IN_A_COMMIT = 5_000
"""So many are written at most before others get in between."""

_TOGETHER = 500
"""So many keys are looked for by one statement."""


class Ledger:
    """An open ledger. All SQL stands in this folder; callers speak in domain words."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        high_water: HighWater | None = None,
        busy_timeout_s: float = 30,
        version: int | None = None,
    ) -> None:
        """Wrap an open connection; use `open_ledger` or `read_ledger`. `version` is that of its schema."""
        connection.execute(f"PRAGMA busy_timeout = {int(min(busy_timeout_s, _STEP_S) * 1000):d}")
        self._busy_timeout_s = busy_timeout_s
        self._version = version
        self.path = path
        self.high_water = high_water  # None: nothing lies on a disk that could be put back
        self._connection = connection
        self.on_wait: Callable[[Sentence], None] | None = None
        self.on_change: Callable[[Mapping[str, object]], None] | None = None
        self._held_s = 0.0  # by the latest transaction
        self._after_commit: dict[str, Callable[[], None]] = {}

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def rows(self, sql: str, *values: object) -> list[Row]:
        """Fetch all rows at once, so that no read stays open while something is sent."""
        with told(self.path), closing(self._insist(sql, *values)) as cursor:
            return cursor.fetchall()

    def one(self, sql: str, *values: object) -> Row | None:
        """Fetch the first row."""
        with told(self.path), closing(self._insist(sql, *values)) as cursor:
            row: Row | None = cursor.fetchone()
            return row

    def rows_of(self, sql: str, keys: Iterable[object]) -> list[Row]:
        """Fetch all rows of many keys; the one place of `sql` is the list that they stand in: IN (?)."""
        found: list[Row] = []
        waiting = iter(keys)
        while together := list(islice(waiting, _TOGETHER)):
            found += self.rows(sql.replace("?", ", ".join("?" * len(together))), *together)
        return found

    def records(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """Fetch all rows at once, each by column name."""
        with told(self.path), closing(self._insist(sql, *values)) as cursor:
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def write(self, sql: str, *values: object) -> int:
        """Run one statement inside an open transaction and return how many rows it changed."""
        self._must_be_open()
        return self._connection.execute(sql, _without_nul(values)).rowcount

    def write_many(self, sql: str, values: Iterator[Sequence[object]] | Sequence[Sequence[object]]) -> int:
        """Run one statement for each set of values inside an open transaction; return rows changed."""
        self._must_be_open()
        return self._connection.executemany(sql, map(_without_nul, values)).rowcount

    def next_id(self, table: str) -> int:
        """Return the id of a new row, in the open transaction: the greatest so far and one more."""
        found = self.rows("SELECT COALESCE(MAX(id), 0) + 1 FROM [table]".replace("[table]", table))
        return int(found[0][0])

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let everything read in the block be of one moment. Writers wait meanwhile, so it must be short."""
        with told(self.path):
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.execute("ROLLBACK")

    def copied(self, on_progress: Callable[[int, int], None]) -> "Ledger":
        """Return a copy of one moment, to be read; it goes when it is closed, or the process dies."""
        from smsctl.ledger import copying  # only a check needs it

        def make() -> sqlite3.Connection:
            return sqlite3.connect("", isolation_level=None)

        with told(self.path):
            return Ledger(copying.fill(self._connection, make, self.path, on_progress), self.path)

    def compact(self) -> None:
        """Write the file anew without the pages that are free; needs as much room once more meanwhile."""
        with told(self.path):
            self._insist("VACUUM")

    def after_commit(self, what: str, action: Callable[[], None]) -> None:
        """Do this when the open transaction is durable, and not if it fails; of each `what` the last one."""
        self._after_commit[what] = action

    def changed(self, **facts: object) -> None:
        """Tell whoever listens what the open transaction changes, once it is durable."""
        if self.on_change:
            self.after_commit(f"change {len(self._after_commit)}", partial(self.on_change, facts))

    @contextmanager
    def transaction(self, *, patient: bool = False) -> Iterator[None]:
        """Hold the ledger's one write lock; durable when the block has ended without an exception.

        `patient`: never give up because somebody else holds the ledger; for answers that cost money.
        Raises LedgerError when the ledger is busy, full, read-only or damaged; then nothing was written.
        """
        with told(self.path):
            self._insist("BEGIN IMMEDIATE", patient=patient)
            began_s = time.monotonic()
            self._after_commit.clear()
            try:
                self._must_be_as_opened()
                yield
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            self._commit(patient=patient)
            self._held_s = time.monotonic() - began_s
        for action in self._after_commit.values():
            action()

    def _must_be_as_opened(self) -> None:
        """Raise LedgerError where a newer smsctl has brought the file up to date since it was opened."""
        if self._version not in {None, schema.version_of(self._connection)}:
            raise LedgerError(
                say("{path}: a newer smsctl has changed the ledger; this run stops.", path=self.path),
                hint=say("Run the same command again, with the newer smsctl."),
            )

    def give_way(self) -> None:
        """Let whoever waits for the file get in, between two transactions of a long work.

        Nobody stands in a queue for it: a waiter looks again each few milliseconds.
        """
        time.sleep(min(max(self._held_s * _SHARE_OF_OTHERS, _LEAST_GAP_S), _LONGEST_GAP_S))

    def _commit(self, *, patient: bool) -> None:
        try:
            self._insist("COMMIT", patient=patient)
        except BaseException:  # also of who waits no longer: what is not durable must not be read back
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _insist(self, sql: str, *values: object, patient: bool = False) -> sqlite3.Cursor:
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
                self._say_so()

    def _say_so(self) -> None:
        if self.on_wait:
            self.on_wait(say("Waiting for {path}: another program holds it.", path=self.path))

    def _must_be_open(self) -> None:
        # After SQLITE_FULL the transaction is gone and a later statement would commit by itself.
        if not self._connection.in_transaction:
            message = "write outside a transaction"
            raise sqlite3.ProgrammingError(message)


def _without_nul(values: Sequence[object]) -> Sequence[object]:
    """Return the values as every engine takes them: a text with a NUL in it would lose a whole answer."""
    for value in values:
        if type(value) is str and "\0" in value:
            return [one.replace("\0", "") if isinstance(one, str) else one for one in values]
    return values


def open_ledger(
    path: Path, *, group: str | None = None, busy_timeout_s: float = 30, allow_network: bool = False
) -> Ledger:
    """Open the ledger for writing; a missing one is created, an older one is brought up to date.

    Raises LedgerError in words: not writable, damaged, newer, on a network disk, wrong owner or mode.
    """
    if not allow_network:
        file.refuse_network(path)
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
    return Ledger(connection, path, HighWater(path), busy_timeout_s, version)


def read_ledger(path: Path, *, group: str | None = None, busy_timeout_s: float = 30) -> Ledger | None:
    """Open an existing ledger for reading only; None where there is none. Creates and changes nothing."""
    if not file.is_there(path):
        return None
    file.refuse_stranger(path, group)
    with told(path), ExitStack() as unless_well:
        uri = f"{path.resolve().as_uri()}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, timeout=busy_timeout_s, isolation_level=None)
        unless_well.callback(connection.close)
        schema.refuse_foreign(connection, path)
        if schema.version_of(connection) < schema.newest():
            raise LedgerError(
                say("{path}: this ledger was written by an older smsctl.", path=path),
                hint=say("Bring it up to date with: smsctl mailings list"),
            )
        unless_well.pop_all()
    return Ledger(connection, path, HighWater(path), busy_timeout_s)
