"""Statements on their way to the server: those that need no answer go along with the next that does."""

from collections.abc import Iterable, Mapping
from contextlib import nullcontext

import psycopg
from psycopg import sql as compose

from smsctl.ledger.postgres.connect import Session
from smsctl.ledger.postgres.dialect import statement
from smsctl.ledger.postgres.together import together
from smsctl.ledger.seam.engine import Row, Values, storable
from smsctl.ledger.seam.sentences import must_have_changed


class Statements:
    """Those of the open transaction that wait; where one fails, whatever follows fails with it."""

    def __init__(self, place: str) -> None:
        """Nothing waits yet; `place` is what a sentence names."""
        self._place = place
        self._waiting: list[tuple[bytes, Values, int | None]] = []

    def add(self, sql: str, values: Values, rows: int | None) -> None:
        """Let a statement wait for the next one; it must change so many rows."""
        self._waiting.append((statement(sql), values, rows))

    def clear(self) -> None:
        """Forget what waits."""
        self._waiting.clear()

    def execute(self, session: Session, sql: str, values: Values) -> psycopg.Cursor[Row]:
        """Run what waits and one statement more, in one way there and back."""
        return self._send(session, statement(sql), values)

    def flush(self, session: Session) -> None:
        """Run what waits."""
        if self._waiting:
            self._send(session, *self._waiting.pop())

    def execute_many(self, session: Session, sql: str, values: Iterable[Values]) -> int:
        """Run what waits, and one statement for each set of values; return rows changed."""
        self.flush(session)
        with session.cursor() as cursor:
            cursor.executemany(statement(sql), values)
            return max(cursor.rowcount, 0)

    def load(self, session: Session, table: str, columns: Mapping[str, Values]) -> None:
        """Run what waits, and write many new rows by COPY."""
        self.flush(session)
        names = compose.SQL(", ").join(map(compose.Identifier, columns))
        sql = compose.SQL("COPY {} ({}) FROM STDIN").format(compose.Identifier(table), names)
        with session.cursor() as cursor, cursor.copy(sql) as copying:
            for row in zip(*map(storable, columns.values()), strict=True):
                copying.write_row(row)

    def _send(
        self, session: Session, sql: bytes, values: Values, rows: int | None = None
    ) -> psycopg.Cursor[Row]:
        waiting, self._waiting = [*self._waiting, (sql, values, rows)], []
        with together(session) if len(waiting) > 1 else nullcontext():
            sent = [session.execute(text, given) for text, given, _ in waiting]
        for done, (_, _, wanted) in zip(sent, waiting, strict=True):
            must_have_changed(self._place, done.rowcount, wanted)
        return sent[-1]
