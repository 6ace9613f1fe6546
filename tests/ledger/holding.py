"""Another program that holds the ledger's one write lock, on either engine."""

import sqlite3
from typing import Any

from smsctl.ledger.sqlite.engine import SqliteEngine
from smsctl.ledger.store import Ledger


class Holder:
    """Holds the ledger when it is told to, from any thread."""

    def __init__(self, ledger: Ledger) -> None:
        """Open the ledger once more; nothing is held yet."""
        self._session: Any
        if isinstance(ledger.engine, SqliteEngine):
            self._session = sqlite3.connect(ledger.path, isolation_level=None, check_same_thread=False)
            self._hold: tuple[str, ...] = ("BEGIN IMMEDIATE",)
            return
        import psycopg

        from smsctl.ledger.postgres import connect, engine

        assert isinstance(ledger.engine, engine.PostgresEngine)
        access = ledger.engine.access
        self._session = psycopg.connect(**connect.parameters(access), autocommit=True)
        self._hold = ("BEGIN", "LOCK TABLE writer IN EXCLUSIVE MODE")

    def hold(self) -> None:
        for sql in self._hold:
            self._session.execute(sql)

    def release(self) -> None:
        self._session.execute("ROLLBACK")

    def close(self) -> None:
        self._session.close()


def tell_of_waits_at_once(ledger: Ledger) -> None:
    """Let the ledger say that it waits as soon as it does."""
    if isinstance(ledger.engine, SqliteEngine):
        ledger.rows("PRAGMA busy_timeout = 0")
        return
    from smsctl.ledger.postgres import engine

    assert isinstance(ledger.engine, engine.PostgresEngine)
    ledger.engine.access = ledger.engine.access._replace(busy_timeout_s=0)
