"""Bringing the tables of a PostgreSQL ledger to this version: the same files, in one transaction."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from smsctl.ledger.postgres import dialect
from smsctl.ledger.seam.sentences import newer

_FILES = Path(__file__).parents[1] / "migrations"
_OWN = Path(__file__).parent / "migrations"
"""Those that SQLite alone can read, as PostgreSQL says them."""

VERSION = "schema-version"
"""The fact that tells it."""

_FIRST = (
    "CREATE TABLE writer (one INTEGER PRIMARY KEY);"
    "CREATE FUNCTION instr(text, text) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT strpos($1, $2)';"
    "CREATE FUNCTION hex(text) RETURNS text LANGUAGE sql IMMUTABLE"
    " AS 'SELECT upper(encode(convert_to($1, ''UTF8''), ''hex''))';"
)

_NO_STATISTICS = (
    "DO $$ DECLARE one record; BEGIN FOR one IN"
    " SELECT CAST(attrelid AS regclass) AS place, attname FROM pg_attribute"
    " JOIN pg_class c ON c.oid = attrelid"
    " WHERE relnamespace = CAST(current_schema() AS regnamespace) AND relkind = 'r'"
    " AND atttypid = CAST('text' AS regtype) AND attnum > 0 AND NOT attisdropped"
    " LOOP EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS 0', one.place, one.attname);"
    " END LOOP; END $$"
)
"""What the server counts to plan by holds texts as they are, and a purge does not reach it."""

TO_THE_END = (
    "SELECT set_config(name, '0', CAST(%s AS boolean)) FROM pg_settings"
    " WHERE name IN ('statement_timeout', 'transaction_timeout')"
)
"""What takes longer than a statement may would never be done; `on`: until the transaction ends."""

Session = psycopg.Connection[tuple[Any, ...]]


def newest() -> int:
    """Return the schema version that this smsctl writes."""
    return max(_numbered())


_CLOSED = (
    "SELECT 1 FROM pg_namespace WHERE nspname = split_part(current_setting('search_path'), ',', 1)"
    " AND NOT has_schema_privilege(oid, 'USAGE')"
)
"""Whether the role may not look into the ledger's schema: nothing in it seems to be there then."""


def version_of(session: Session) -> int:
    """Return the schema version of the ledger; 0 where there is none."""
    there = session.execute("SELECT to_regclass('facts') IS NOT NULL").fetchone()
    if there is None or not there[0]:
        if session.execute(_CLOSED.encode()).fetchone():
            raise psycopg.errors.InsufficientPrivilege
        return 0
    found = session.execute("SELECT value FROM facts WHERE name = %s", (VERSION,)).fetchone()
    return int(found[0]) if found else 0


def refuse_newer(version: int, place: str) -> None:
    """Raise LedgerError when the ledger was written by a newer smsctl."""
    if version > newest():
        raise newer(place, version)


def migrate(session: Session, schema: str, place: str, *, wait_s: float) -> None:
    """Apply what is missing, in one transaction that one process at a time can be in, and no writer.

    Whoever writes is waited for so long, and then it is LostError.
    """
    refuse_newer(version_of(session), place)
    if version_of(session) == newest():
        return
    with session.transaction():
        session.execute(f"SET LOCAL lock_timeout = {max(int(wait_s * 1000), 1)}".encode())
        session.execute(TO_THE_END, ("on",))
        # The schema may not be there yet, so that nothing of it can be locked.
        _lock(session, schema)
        there = session.execute("SELECT to_regnamespace(%s) IS NOT NULL", (schema,)).fetchone()
        if there is None or not there[0]:  # asked for: a role with a schema of its own may make no other
            session.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        found = version_of(session)  # another process may have been quicker
        refuse_newer(found, place)
        if found == 0:
            session.execute(dialect.definition(_FIRST))
        else:
            _lock_writer(session)
        for number, file in sorted(_numbered().items()):
            if number > found:
                session.execute(dialect.definition(file.read_text(encoding="utf-8")))
        session.execute(_NO_STATISTICS.encode())
        session.execute(
            "INSERT INTO facts (name, value) VALUES (%s, %s)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (VERSION, str(newest())),
        )


def _lock(session: Session, schema: str) -> None:
    session.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"smsctl {schema}",))


def _lock_writer(session: Session) -> None:
    """Take the lock of all writers first: one that is in the middle would wait for tables, and we for its."""
    session.execute("LOCK TABLE writer IN EXCLUSIVE MODE")


def _numbered() -> Mapping[int, Path]:
    found = {int(file.name[:4]): file for file in _FILES.iterdir() if file.suffix == ".sql"}
    return found | {int(file.name[:4]): file for file in _OWN.iterdir() if file.suffix == ".sql"}
