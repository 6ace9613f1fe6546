"""Copying a ledger out of its file to a server, whole, and the file never sends again.

What must stay true: at no moment do two ledgers send. So the file is marked first, durably and with nobody
sending from it; then everything is copied in one transaction of the server's. What is broken off in between
is begun once more: the file stays marked, and the server holds nothing.
"""

from collections.abc import Iterator
from contextlib import ExitStack

from smsctl.domain.moment import Actor, Moment
from smsctl.errors import LedgerError, say
from smsctl.ledger import accepting_restore, audit, keyfile, lock, openings, recovery, restoring
from smsctl.ledger.seam.engine import COPIED, Progress
from smsctl.ledger.store import RETIRED, Ledger

_OF_ITS_OWN = ("lineage", "life", "quarantine", "schema-version", RETIRED, COPIED)
_PIECE_ROWS = 5_000


def move(source: Ledger, target: Ledger, moment: Moment, actor: Actor, on_progress: Progress) -> int:
    """Copy a ledger in a file to one on a server that holds nothing; return how many rows.

    Raises LedgerError: somebody sends from the file, it was put back or copied elsewhere, or the server's
    ledger is not empty.
    """
    place = target.engine.place
    _must_be_empty(target)
    with ExitStack() as held:
        if source.fact(RETIRED) != place:
            _retire(source, place, moment, held)
        held.enter_context(source.transaction())  # reports and the block list wait meanwhile
        with target.transaction():
            _must_be_empty(target)
            keyfile.bring(keyfile.path_of(source.path), target)
            rows = _copy(source, target, on_progress)
            audit.record(target, moment, actor, "copy", "ledger", f"{rows} rows of {source.path}")
    return rows


def _retire(source: Ledger, place: str, moment: Moment, held: ExitStack) -> None:
    restoring.refuse_restored(source)
    recovery.recover(source, moment)
    for _ in openings.clear(source):
        pass
    for mailing in accepting_restore.unfinished(source):
        held.enter_context(lock.right_to_send(source, mailing.reference))
    with source.transaction():
        restoring.refuse_restored(source)
        if source.rows("SELECT 1 FROM batches WHERE settled_at IS NULL UNION ALL SELECT 1 FROM openings"):
            raise LedgerError(
                say("{path}: a run is sending from it.", path=source.path),
                hint=say("Wait until it has ended, or stop it; then copy it."),
            )
        source.keep_fact(RETIRED, place)


def _must_be_empty(target: Ledger) -> None:
    if target.rows("SELECT 1 FROM audit UNION ALL SELECT 1 FROM mailings UNION ALL SELECT 1 FROM blocked"):
        raise LedgerError(
            say("{path}: there is something in this ledger already.", path=target.engine.place),
            hint=say("A ledger is copied to an empty one only: name another database."),
        )


def _copy(source: Ledger, target: Ledger, on_progress: Progress) -> int:
    columns_of = {name: list(columns) for name, columns in source.engine.inspection().tables().items()}
    tables = list(_parents_first(source, columns_of))
    rows = 0
    for done, table in enumerate(tables, start=1):
        columns = columns_of[table]
        names = ", ".join(f'"{column}"' for column in columns)
        found = source.rows(f'SELECT {names} FROM "{table}" ORDER BY 1')  # noqa: S608 - the schema's own
        if table == "facts":
            at = columns.index("name")
            found = [row for row in found if row[at] not in _OF_ITS_OWN]
        for first in range(0, len(found), _PIECE_ROWS):
            target.load(table, columns, found[first : first + _PIECE_ROWS])
        rows += len(found)
        on_progress(done, len(tables))
    return rows


def _parents_first(source: Ledger, tables: dict[str, list[str]]) -> Iterator[str]:
    """Yield the tables, each behind those that its rows name."""
    left = {
        table: {str(row[2]) for row in source.rows(f'PRAGMA foreign_key_list("{table}")')} - {table}
        for table in tables
    }
    while left:
        free = [table for table, parents in left.items() if not parents & left.keys()]
        for table in free:
            del left[table]
            yield table
