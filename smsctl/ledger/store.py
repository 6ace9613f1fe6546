"""The ledger, read and written in transactions, whatever engine keeps it."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar, overload

from smsctl.errors import LedgerError, Sentence
from smsctl.ledger.high_water import HighWater
from smsctl.ledger.seam.engine import TIME_ZONE, Engine, Progress, Row, Values, storable
from smsctl.ledger.seam.sentences import other_time_zone
from smsctl.ledger.sqlite import engine as sqlite
from smsctl.ledger.sqlite import file

T = TypeVar("T")
U = TypeVar("U")
ROWS_IN_A_COMMIT = 5_000  # at most before others get in between, where the disk is not what they wait for
MORE_ON_SLOW_DISKS = 5  # times as many: a commit takes little longer there
_SLOW_S, _FIRST_ROWS = 0.01, 1_000  # a disk that takes longer for a commit is slow
_NEXT_ID = "SELECT COALESCE(MAX(id), 0) + 1 FROM [table]"
_INSERT = "INSERT INTO [table] ([names]) VALUES ([places])"
_CLOSE, _TOGETHER = 2, 500  # keys that stand so close, or are looked for by one statement


class Ledger:
    """An open ledger. All SQL stands in this folder; callers speak in domain words."""

    def __init__(self, engine: Engine, high_water: HighWater | None = None) -> None:
        """Wrap an open database; use `open_ledger` or `read_ledger`."""
        self.engine = engine
        self.path = engine.path
        self.high_water = high_water  # None: nothing lies on a disk that could be put back
        self.on_wait: Callable[[Sentence], None] | None = None
        self.on_change: Callable[[Mapping[str, object]], None] | None = None
        engine.on_wait = self._say_so
        self._held_s = 0.0  # by the latest transaction
        self.waited_for_disk = False  # in it, for a good part of the time
        self._held_in_a_row_s = 0.0  # since others last got in between
        self._free_since_s = 0.0
        self._rows = 0  # that fit in a commit; 0: none has told yet
        self._written_rows = 0  # by the latest commit of a long work; 0: as many as it was told
        self._before = (0, 0.0)  # rows of the one before, and how long it held the file
        self._after_commit: dict[str, Callable[[], None]] = {}

    def close(self) -> None:
        """Close the database."""
        self.engine.close()

    def rows(self, sql: str, *values: object) -> list[Row]:
        """Fetch all rows at once, so that no read stays open while something is sent."""
        return self.engine.fetch(sql, values)

    def one(self, sql: str, *values: object) -> Row | None:
        """Fetch the first row."""
        return self.engine.first(sql, values)

    def number(self, sql: str, *values: object) -> int:
        """Fetch the first number; 0 where there is none."""
        row = self.one(sql, *values)
        return int(row[0] or 0) if row else 0

    def column(self, sql: str, *values: object) -> list[Any]:
        """Fetch the one value of each row."""
        return [value for (value,) in self.rows(sql, *values)]

    def pairs(self, sql: str, *values: object) -> dict[Any, Any]:
        """Fetch rows of two values: the second of each by the first."""
        return dict(self.rows(sql, *values))

    def rows_of(self, sql: str, keys: Iterable[object]) -> list[Row]:
        """Fetch all rows of many keys; the one place of `sql` is the list that they stand in: IN (?)."""
        found: list[Row] = []
        waiting = iter(keys)
        while together := list(islice(waiting, _TOGETHER)):
            found += self.rows(sql.replace("?", ", ".join("?" * len(together))), *together)
        return found

    def beside(self, sql: str, keys: Collection[int]) -> dict[int, Any]:
        """Fetch the value beside each of some keys; `sql` ends in the name of their column.

        Keys that stand close together, as a batch's do, are read in one piece: half the time of a list.
        """
        if not keys:
            return {}
        first, last = min(keys), max(keys)
        if last - first >= _CLOSE * len(keys):
            return dict(self.rows_of(f"{sql} IN (?)", keys))
        found: dict[int, Any] = dict(self.rows(f"{sql} BETWEEN ? AND ?", first, last))
        wanted = set(keys)
        if found.keys() <= wanted:
            return found
        return {key: value for key, value in found.items() if key in wanted}

    def records(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """Fetch all rows at once, each by column name."""
        return self.engine.records(sql, values)

    def write(self, sql: str, *values: object) -> int:
        """Run one statement inside an open transaction and return how many rows it changed."""
        return self.engine.change(sql, storable(values))

    def write_later(self, sql: str, *values: object, rows: int | None = None) -> None:
        """Run one statement inside an open transaction, at the latest before the next one that is asked.

        Where it must change so many `rows` and does not, LedgerError.
        """
        self.engine.enqueue(sql, storable(values), rows)

    def table(self, kinds: Sequence[str], columns: Sequence[Values]) -> tuple[str, Values]:
        """Return columns as a statement names a table, as column1, column2 …, and the values in it.

        `kinds` are their types: INTEGER or TEXT.
        """
        return self.engine.table(kinds, columns)

    def write_many(self, sql: str, values: Iterator[Sequence[object]] | Sequence[Sequence[object]]) -> int:
        """Run one statement for each set of values inside an open transaction; return rows changed."""
        return self.engine.change_many(sql, map(storable, values))

    def write_of(self, sql: str, *values: object, keys: Iterable[object]) -> int:
        """Run one statement for many keys inside an open transaction, as `rows_of`; return rows changed.

        The list of keys is the last place in it.
        """
        changed, waiting = 0, iter(keys)
        before, _, after = sql.rpartition("?")
        while together := list(islice(waiting, _TOGETHER)):
            changed += self.write(f"{before}{', '.join('?' * len(together))}{after}", *values, *together)
        return changed

    def insert(self, table: str, **columns: object) -> None:
        """Write a new row inside an open transaction."""
        self.write(_insert(table, tuple(columns)), *columns.values())

    def append(self, table: str, **columns: object) -> None:
        """Write a new row under the next id, as `write_later`."""
        self.write_later(_insert(table, tuple(columns), next_id=True), *columns.values())

    def add(self, table: str, keys: Mapping[str, object], **sums: int) -> None:
        """Add to the sums beside these keys, as `write_later`; the row is made if need be."""
        self.write_later(_add(table, tuple(keys), tuple(sums)), *keys.values(), *sums.values())

    def fact(self, name: str) -> str | None:
        """Fetch what the ledger keeps under a name; None: nothing."""
        row = self.one("SELECT value FROM facts WHERE name = ?", name)
        return None if row is None else str(row[0])

    def keep_fact(self, name: str, value: str) -> None:
        """Keep a word under a name, in place of an earlier one, inside an open transaction."""
        added = _insert("facts", ("name", "value"))
        self.write(f"{added} ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)

    def misbooked(self) -> LedgerError | None:
        """Return why nothing is booked: the config names another time zone. None: the ledger goes by it."""
        return other_time_zone(self.engine.place, self.fact(TIME_ZONE), self.engine.time_zone)

    def load(self, table: str, columns: Mapping[str, Values]) -> None:
        """Write many new rows inside an open transaction, given by column."""
        self.engine.load(table, columns)

    def next_id(self, table: str) -> int:
        """Return the id of a new row, in the open transaction: the greatest so far and one more."""
        return self.number(_NEXT_ID.replace("[table]", table))

    def newest_id(self, table: str) -> int:
        """Return the greatest id of a table; 0 where it has no row."""
        return self.next_id(table) - 1

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let everything read in the block be of one moment. Writers wait meanwhile, so it must be short."""
        self.engine.freeze()
        try:
            yield
        finally:
            self.engine.rollback()

    def copied(self, on_progress: Progress) -> "Ledger":
        """Return a copy of one moment, to be read; it goes when it is closed, or the process dies."""
        return Ledger(self.engine.copied(on_progress))

    def compact(self) -> None:
        """Free what is left of removed rows; a file needs as much room once more meanwhile."""
        self.engine.compact()

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
        self.engine.begin(patient=patient)
        began_s = time.monotonic()
        self._after_commit.clear()
        try:
            yield
        except BaseException:
            self.engine.rollback()
            raise
        written_s = time.monotonic()
        self.engine.commit(patient=patient)
        self._free_since_s = time.monotonic()
        self._held_s = self._free_since_s - began_s
        self.waited_for_disk = self._free_since_s - written_s > max(self._held_s / 4, _SLOW_S)
        self._held_in_a_row_s += self._held_s
        for action in self._after_commit.values():
            action()

    @property
    def rows_in_a_commit(self) -> int:
        """How many rows a long work writes next, so that others do not wait long for its commit."""
        times = MORE_ON_SLOW_DISKS if self.waited_for_disk else 1
        return min(self._rows or _FIRST_ROWS * times, ROWS_IN_A_COMMIT * times)

    @overload
    def in_pieces(self, rows: Iterable[T]) -> Iterator[list[T]]: ...
    @overload
    def in_pieces(self, rows: Iterable[T], made: Callable[[list[T]], U]) -> Iterator[U]: ...
    def in_pieces(
        self, rows: Iterable[T], made: Callable[[list[T]], Any] = lambda piece: piece
    ) -> Iterator[Any]:
        """Yield as many rows as a transaction takes, `made` into what it needs; others get in between."""
        left, written = iter(rows), 0
        while piece := list(islice(left, self.rows_in_a_commit)):
            ready = made(piece)
            if written:
                self._written_rows = written
                self.give_way()
            written = len(piece)
            yield ready

    def give_way(self) -> None:
        """Let whoever waits for the file get in, between two transactions of a long work.

        Nobody stands in a queue for it: a waiter looks again each few milliseconds. Where the latest held the
        file for long, as on a busy machine, the next takes fewer rows. Short ones are no reason to wait yet.
        """
        from smsctl.ledger.pieces import Piece, fitting_rows, gap_s  # few commands write so much

        asked = self.rows_in_a_commit
        latest, before = Piece(self._written_rows or asked, self._held_s), Piece(*self._before)
        self._rows = fitting_rows(asked, latest, before, for_disk=self.waited_for_disk)
        self._before, self._written_rows = latest, 0
        if gap := gap_s(self._held_in_a_row_s):
            time.sleep(max(gap - (time.monotonic() - self._free_since_s), 0))
            self._held_in_a_row_s = 0.0

    def _say_so(self, sentence: Sentence) -> None:
        if self.on_wait:
            self.on_wait(sentence)


@cache
def _insert(table: str, columns: tuple[str, ...], *, next_id: bool = False) -> str:
    names, places = ", ".join(columns), ", ".join("?" * len(columns))
    if next_id:
        names, places = f"id, {names}", f"({_NEXT_ID}), {places}"
    return _INSERT.replace("[names]", names).replace("[places]", places).replace("[table]", table)


@cache
def _add(table: str, keys: tuple[str, ...], sums: tuple[str, ...]) -> str:
    added = ", ".join(f"{one} = {table}.{one} + excluded.{one}" for one in sums)
    return f"{_insert(table, keys + sums)} ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {added}"


def open_ledger(
    path: Path, *, group: str | None = None, busy_timeout_s: float = 30, allow_network: bool = False
) -> Ledger:
    """Open the ledger for writing; a missing one is created, an older one is brought up to date.

    Raises LedgerError in words: not writable, damaged, newer, on a network disk, wrong owner or mode.
    """
    if not allow_network:
        file.refuse_network(path)
    return Ledger(sqlite.open_to_write(path, group, busy_timeout_s), HighWater(path))


def read_ledger(
    path: Path, *, group: str | None = None, busy_timeout_s: float = 30, even_older: bool = False
) -> Ledger | None:
    """Open an existing ledger for reading only; None where there is none. Creates and changes nothing.

    `even_older`: also one of an older smsctl, as `sqlite.open_to_read`.
    """
    found = sqlite.open_to_read(path, group, busy_timeout_s, even_older=even_older)
    return None if found is None else Ledger(found, HighWater(path))
