"""A ledger on a server as the proofs use it: begun, and read as if it were a file."""

import sqlite3
import tempfile
import threading
from collections.abc import Sequence
from contextlib import closing
from functools import cache
from pathlib import Path

import psycopg
from psycopg import sql

from smsctl.domain import database_address as address
from smsctl.ledger.postgres.connect import Access
from smsctl.ledger.sqlite import schema

from ..ledger.conftest import open_shared

_SCHEMA = "smsctl"
_INTO = "INSERT INTO [table] ([names]) VALUES ([places])"


def begin(url: str, state: Path) -> None:
    """Make an empty database a ledger of which a person has said that nothing was sent before."""
    state.parent.mkdir(mode=0o700)
    state.touch(mode=0o600)
    open_shared(Access(address=address.parse(url), state=state, schema=_SCHEMA)).close()


def in_a_file(url: str, folder: Path) -> Path:
    """Write the rows of this moment into a file of the same schema, and return it."""
    path = folder / f"seen{threading.get_ident()}.db"
    path.write_bytes(_empty())
    with closing(sqlite3.connect(path, isolation_level=None)) as seen, psycopg.connect(url) as server:
        seen.executescript("PRAGMA synchronous = OFF; BEGIN")
        tables = [name for (name,) in seen.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        server.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        for table in tables:
            rows = server.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(_SCHEMA, table)))
            names = [column.name for column in rows.description or ()]
            into = _INTO.replace("[table]", table).replace("[names]", ", ".join(names))
            seen.executemany(into.replace("[places]", ", ".join("?" * len(names))), rows.fetchall())
        seen.execute("COMMIT")
    return path


@cache
def _empty() -> bytes:
    """Return a file of the ledger's schema, without its triggers: what it takes in has happened elsewhere."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "empty.db")
        with closing(sqlite3.connect(path, isolation_level=None)) as made:
            made.executescript(f"BEGIN; {schema.whole()}")
            for (trigger,) in made.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            ).fetchall():
                made.execute(f"DROP TRIGGER {trigger}")
            made.execute("COMMIT")
        return path.read_bytes()


def change(url: str, statement: str, values: Sequence[object]) -> None:
    """Change rows, behind the back of whoever has the ledger open."""
    with psycopg.connect(url, options=f"-c search_path={_SCHEMA}") as server:
        server.execute(statement.replace("?", "%s").encode(), values)
