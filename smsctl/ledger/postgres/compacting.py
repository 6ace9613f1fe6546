"""Freeing what is left of removed rows: a table is written anew, and nobody gets at it meanwhile.

Whoever writes waits before anything is begun, for as long as it takes, and not in the middle for a second:
else a run of another host that has been answered could not store it, and the answer would be lost.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager

from psycopg import sql

from smsctl.ledger.postgres import connect
from smsctl.ledger.postgres.connect import Access, Session
from smsctl.ledger.postgres.sentences import told

_ANEW = "VACUUM FULL {}"


def compact(access: Access, session: Session, tables: Iterable[str]) -> None:
    """Write each table anew. Raises LedgerError: somebody else holds it, or the database does not answer."""
    with told(access.address.shown), closing(connect.connect(access)) as other:
        connect.wait_for_ever(other)
        for table in tables:
            with _writers_wait(other):
                session.execute(sql.SQL(_ANEW).format(sql.Identifier(table)))


@contextmanager
def _writers_wait(session: Session) -> Iterator[None]:
    """Let nobody begin to write, in a session of its own: a table is written anew outside any transaction."""
    session.execute("BEGIN")
    session.execute("LOCK TABLE writer IN EXCLUSIVE MODE")
    try:
        yield
    finally:
        connect.roll_back(session)
