"""Freeing what is left of removed rows: a table is written anew, and nobody gets at it meanwhile.

What a session can still see that began before, of another program too or on a standby that tells of its
readers, the server keeps in the new table: it says how many rows, and then what was removed is not gone.

Whoever writes waits before anything is begun, for as long as it takes, and not in the middle for a second:
else a run of another host that has been answered could not store it, and the answer would be lost.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from time import sleep

from psycopg import errors, sql

from smsctl.errors import LedgerError, say
from smsctl.ledger.postgres import connect, schema
from smsctl.ledger.postgres.connect import Access, Session
from smsctl.ledger.postgres.sentences import told

_ANEW = "VACUUM (FULL, VERBOSE) {}"
_KEPT = re.compile("[0-9]+")
"""How many removed rows it keeps: the first number of what the server adds, in any language."""
_WARNS = "WARNING"
_LONGER = (
    "SELECT set_config('lock_timeout', CAST(2000 + extract(epoch FROM"
    " CAST(current_setting('deadlock_timeout') AS interval)) * 1000 AS bigint) || 'ms', false)"
)
"""The server cleans up by itself after what was removed, for minutes, and stops that for whoever has waited
so long: we wait longer."""
_PAUSES_S = (0.0, 0.2, 1.0, 4.0)
"""Before each look: who reads for a moment, as the server itself for its statistics, has gone by the next."""


def compact(access: Access, session: Session, tables: Iterable[str]) -> None:
    """Write each table anew. Raises LedgerError: somebody else holds it, or the database does not answer.

    Or it is not this role's; or somebody can still see what was removed, and then all but that is done.
    """
    place = access.address.shown
    with told(place), closing(connect.connect_for_long(access)) as other:
        session.execute(_LONGER.encode())
        session.execute(schema.TO_THE_END, ("off",))
        kept = list(tables)
        for pause_s in _PAUSES_S:
            if kept:
                sleep(pause_s)
                kept = [table for table in kept if not _is_gone(session, other, table, place)]
        for name in ("lock_timeout", "statement_timeout"):
            session.execute(f"RESET {name}".encode())
    if kept:
        raise LedgerError(
            say(
                "{path}: somebody reads the database as it was before, and so its files keep what was"
                " removed.",
                path=place,
            ),
            hint=say("Of another program too, or on a standby. When that session has ended: smsctl purge"),
        )


def _is_gone(session: Session, other: Session, table: str, place: str) -> bool:
    """Write a table anew; say whether nothing is kept of what was removed.

    Raises LedgerError where it is another role's: of that the server only warns, and leaves it as it was.
    """
    kept: list[int] = []
    warned: list[errors.Diagnostic] = []

    def hear(said: errors.Diagnostic) -> None:
        if said.severity_nonlocalized == _WARNS:
            warned.append(said)
        kept.extend(int(one[0]) for one in [_KEPT.search(said.message_detail or "")] if one)

    session.add_notice_handler(hear)
    try:
        with _writers_wait(other):
            session.execute(sql.SQL(_ANEW).format(sql.Identifier(table)))
    finally:
        session.remove_notice_handler(hear)
    if warned:
        raise LedgerError(
            say(
                "{path}: table {table} was not written anew and keeps what was removed.",
                path=place,
                table=table,
            ),
            hint=say(
                "Have the role in `[ledger] url` made its owner (ALTER TABLE … OWNER TO); then: smsctl purge"
            ),
        )
    return not any(kept)


@contextmanager
def _writers_wait(session: Session) -> Iterator[None]:
    """Let nobody begin to write, in a session of its own: a table is written anew outside any transaction."""
    session.execute("BEGIN")
    session.execute("LOCK TABLE writer IN EXCLUSIVE MODE")
    try:
        yield
    finally:
        connect.roll_back(session)
