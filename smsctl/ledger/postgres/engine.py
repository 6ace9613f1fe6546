"""PostgreSQL's part of the ledger: several hosts, and one writer at a time, as with a file.

What must stay true: nothing is handed to a gateway before the transaction that marks it is known to be
durable; of a COMMIT whose answer was lost the server is asked, in the same incarnation of the database.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from smsctl.errors import LedgerError, Sentence, say
from smsctl.host import clock
from smsctl.ledger.postgres import connect, dialect, identity
from smsctl.ledger.postgres.connect import Access, Session
from smsctl.ledger.postgres.rights import Rights
from smsctl.ledger.postgres.sentences import NotNowError, broke, in_words, not_now, told
from smsctl.ledger.postgres.standby import Standby
from smsctl.ledger.postgres.statements import Statements
from smsctl.ledger.seam.engine import Inspection, Progress, Row, Values
from smsctl.ledger.seam.sentences import LostError, OnlyReadError
from smsctl.ledger.seam.standing import Identity, Standing

_SAY_AFTER_S, _PAUSE_S = 3.0, 0.2


class PostgresEngine:
    """An open ledger on a server."""

    def __init__(self, access: Access, session: Session, version: int) -> None:
        """Wrap an open session; use `open_to_write` or `open_to_read`."""
        self.access, self._session, self._version = access, session, version
        self._transaction: int | None = None  # what the open one leaves when it is committed
        self._statements = Statements(access.address.shown)
        self.rights = Rights(access.schema)
        self._standby, self._is_frozen, self.moving = Standby(access), False, False
        self.time_zone: str | None = None
        self._lineage: str | None = None  # as the open transaction leaves it, if it writes facts
        self._standing: Standing | None = None  # as the open transaction has found it
        self.path, self.place = access.state, access.address.shown
        self.on_wait: Callable[[Sentence], None] = lambda _sentence: None
        self._standby.listen(session)
        self._known = self.identity()

    def close(self) -> None:
        """Close the session."""
        self._session.close()

    def fetch(self, sql: str, values: Values = ()) -> list[Row]:
        """Fetch all rows at once."""
        return self._run(sql, values).fetchall()

    def first(self, sql: str, values: Values = ()) -> Row | None:
        """Fetch the first row."""
        return self._run(sql, values).fetchone()

    def records(self, sql: str, values: Values = ()) -> list[dict[str, Any]]:
        """Fetch all rows at once, each by column name."""
        cursor = self._run(sql, values)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def change(self, sql: str, values: Values) -> int:
        """Run one statement inside an open transaction and return how many rows it changed."""
        self._must_be_open()
        changed = self._run(sql, values).rowcount
        if " facts " in sql:
            self._standing, self._lineage = None, self.identity().lineage
        return changed

    def enqueue(self, sql: str, values: Values, rows: int | None = None) -> None:
        """Run one statement inside an open transaction on the way to the server that the next one takes."""
        self._must_be_open()
        self._statements.add(sql, values, rows)

    def table(self, kinds: Sequence[str], columns: Sequence[Values]) -> tuple[str, Values]:
        """Return columns as a statement names a table, and the values in it."""
        return dialect.table(kinds, columns)

    def change_many(self, sql: str, values: Iterable[Values]) -> int:
        """Run one statement for each set of values inside an open transaction; return rows changed."""
        self._must_be_open()
        with told(self.place):
            return self._statements.execute_many(self._session, sql, values)

    def load(self, table: str, columns: Mapping[str, Values]) -> None:
        """Write many new rows inside an open transaction, by COPY."""
        self._must_be_open()
        with told(self.place):
            self._statements.load(self._session, table, columns)

    def begin(self, *, patient: bool) -> None:
        """Take the one write lock. Raises LedgerError: busy, lost, not the ledger that was opened."""
        if self.access.read_only:
            raise in_words(psycopg.errors.ReadOnlySqlTransaction(), self.place)
        began_s, is_told = time.monotonic(), False
        while True:
            try:
                self._begin()
            except NotNowError as error:
                waited_s = time.monotonic() - began_s
                if not patient and waited_s >= self.access.busy_timeout_s:
                    raise error.told from None
                if patient and not is_told and waited_s >= min(self.access.busy_timeout_s, _SAY_AFTER_S):
                    is_told = True
                    self.on_wait(error.waiting)
                if self._session.closed:
                    time.sleep(_PAUSE_S)
            else:
                return

    def freeze(self) -> None:
        """Let what is read be of one moment, until `rollback`."""
        self._reconnect_if_lost()
        with told(self.place):
            self._session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        self._is_frozen = True

    def commit(self, *, patient: bool) -> None:
        """Make the open transaction durable; where this raises, nothing of it may be handed out.

        Raises LostError where it is known that nothing of it is stored.
        """
        try:
            with told(self.place):
                self._statements.flush(self._session)
        except BaseException:
            self.rollback()
            raise
        transaction, self._transaction, self._standing = self._transaction, None, None
        try:
            done = self._standby.committed(self._session, self.on_wait, patient=patient)
            if done == "COMMIT":
                self._standby.must_have_taken(self._session)
        except psycopg.OperationalError as error:
            if not self._session.closed:
                raise in_words(error, self.place) from None
            self._ask_of(transaction, patient=patient)
            return
        except psycopg.Error as error:
            raise in_words(error, self.place) from None
        if done != "COMMIT":  # it was broken before, and the server took it back
            raise LostError(say("{path}: the database took back the write.", path=self.place))
        self._known = self._known._replace(lineage=self._lineage or self._known.lineage)

    def rollback(self) -> None:
        """Take back the open transaction, if one is open still."""
        self._transaction, self._is_frozen, self._standing = None, False, None
        self._statements.clear()
        if not self._session.closed and self._session.info.transaction_status:
            with suppress(LostError), told(self.place):
                connect.roll_back(self._session)

    @contextmanager
    def right_to_send(self, reference: str) -> Iterator[bool]:
        """Hold the lock of the mailing of this reference; yields whether it was free."""
        self._reconnect_if_lost()
        with told(self.place):
            is_free = self.rights.take(self._session, reference)
        try:
            yield is_free
        finally:
            if is_free:
                with suppress(LostError), told(self.place):
                    self.rights.give_back(self._session, reference)

    def may_still_send(self, reference: str) -> bool:
        """Say whether a right that was taken is ours still, as far as can be told without asking."""
        return self.rights.holds(self._session, reference)

    def standing(self) -> Standing:
        """Return what the server says of itself: in the open transaction, or just now."""
        if self._standing is None:
            read, row = clock.reading(), self._run(identity.NOW, ()).fetchone()
            found = identity.stood(self.access, read, row)
            self._standing = found if self._transaction is not None else None
            return found
        return self._standing

    def inspection(self) -> Inspection:
        """Return what looks below the rows of this ledger."""
        from smsctl.ledger.postgres.inspection import SchemaInspection

        return SchemaInspection(self, self.access.schema)

    def copied(self, on_progress: Progress) -> "PostgresEngine":
        """Return all of one moment, in a session of its own; writers go on meanwhile."""
        access = self.access._replace(read_only=True)
        copy = PostgresEngine(access, connect.connect_for_long(access), self._version)
        copy.freeze()
        on_progress(1, 1)
        return copy

    def back_up(self, target: Path, on_progress: Progress, before_named: Callable[[], object]) -> None:
        """Copy the ledger to a new file for pg_restore. Raises OSError where that cannot be written."""
        from smsctl.ledger.postgres import dumping  # only a backup needs it

        dumping.dump(self.access, self._session.info.server_version, target, before_named)
        on_progress(1, 1)

    def compact(self) -> None:
        """Free what is left of removed rows; the server's log and its standbys keep them longer."""
        from smsctl.ledger.postgres import compacting  # only who removes something needs it

        tables = self.inspection().tables()
        compacting.compact(self.access, self._session, tables)

    def identity(self) -> Identity:
        """Return which database this is."""
        with told(self.place):
            return identity.stood(
                self.access, clock.reading(), self._session.execute(identity.NOW).fetchone()
            ).identity

    def _begin(self) -> None:
        if self._session.closed:
            self._reconnect()
        read = clock.reading()
        try:
            row = connect.begin(self._session, identity.STANDING)
        except psycopg.Error as error:
            self.rollback()
            told_of = in_words(error, self.place)
            may_come = self._session.closed or isinstance(told_of, LostError | OnlyReadError)
            raise (NotNowError(told_of) if may_come else told_of) from None
        transaction, version, filling, zone = row[:4]
        standing = identity.stood(self.access, read, row[4:])
        try:
            identity.must_be_as_opened(self.access, version, self._version)
            identity.must_be_same_life(self.access, standing.identity, self._known)
            if not self.moving:
                identity.must_take_writes(self._session, self.place, filling, zone, self.time_zone)
        except BaseException:
            self.rollback()
            raise
        self._transaction, self._lineage, self._standing = transaction, None, standing
        self._known = standing.identity
        self._standby.begun(standing.settings_at, has_standby=standing.has_standby)

    def _ask_of(self, mark: int | None, *, patient: bool) -> None:
        """Find out whether a COMMIT whose answer was lost was done; returns only if it was."""
        before, awaited, begun = self._known, self._standby.awaited, self._lineage or self._known.lineage
        self._known = before if begun == before.lineage else before._replace(lineage="")  # either may be
        while True:
            try:
                self.begin(patient=patient)  # with the lock: the old session has ended
            except LostError as error:  # that it was not done is not known
                raise LedgerError(error.sentence, hint=error.hint) from None
            try:
                is_done = bool(self.fetch(identity.MARK, (mark,)))
                if self._known != before._replace(lineage=begun if is_done else before.lineage):
                    raise identity.another(self.place)
            except LostError:
                continue
            finally:
                self.rollback()
            if not is_done:
                raise broke(self.place)
            if not awaited or self._standby.has_it(self._session):
                return  # else it was lost as well: the server is asked once more

    def _reconnect_if_lost(self) -> None:
        if self._session.closed and self._transaction is None and not self._is_frozen:
            try:
                self._reconnect()
            except NotNowError as error:  # whatever it is, it may be over in a minute
                raise LostError(error.told.sentence, hint=error.told.hint) from None

    def _reconnect(self) -> None:
        """Open another session; the ledger must be the same one, and the rights are taken once more."""
        try:
            self._session = connect.connect(self.access)
        except LedgerError as error:  # also one that refuses: it may be starting, or about to take over
            raise NotNowError(error) from None
        self._standby.listen(self._session)
        with not_now(), ExitStack() as unless_well, told(self.place):
            unless_well.callback(self._session.close)
            identity.must_be_same_life(self.access, self.identity(), self._known)
            self.rights.take_again(self._session)
            unless_well.pop_all()

    def _run(self, sql: str, values: Values) -> psycopg.Cursor[Row]:
        alone = self._transaction is None and not self._is_frozen
        while True:
            self._reconnect_if_lost()
            try:
                with told(self.place):
                    return self._statements.execute(self._session, sql, values)
            except LostError:
                if not alone:
                    raise
                alone = False  # what only reads is read once more, in another session

    def _must_be_open(self) -> None:
        if self._transaction is None:
            message = "write outside a transaction"
            raise AssertionError(message)
