"""Copying a ledger out of its file to a server, whole, and the file never sends again.

What must stay true: at no moment do two ledgers send, and none that is empty or half. So the server is marked
first: nobody writes in what is being filled. Then the file, with nobody sending from it: nothing is written
in it any more. Then everything is copied in one transaction, which takes the server's mark away. Both marks
name the copy, so that what is broken off is begun once more with these two, and with no others.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack

from smsctl.domain.moment import Actor, Moment
from smsctl.errors import LedgerError, Sentence, say
from smsctl.ledger import audit, hosts, keyfile, lock, mailings, openings, recovery, restoring
from smsctl.ledger.high_water import LINEAGE
from smsctl.ledger.seam.engine import COPIED, FILLING, RETIRED, TIME_ZONE, Progress, Row
from smsctl.ledger.store import Ledger

_NAME, _DONE = "copy", "copied-whole"
_OF_ITS_OWN = (LINEAGE, "life", "quarantine", "schema-version", RETIRED, COPIED, FILLING, _NAME, _DONE)
_PIECE_ROWS = 5_000
_PIECE = 'SELECT rowid, [names] FROM "[table]" WHERE rowid > ? ORDER BY rowid LIMIT ?'
_NOT_EMPTY = say(
    "A ledger is copied to an empty one only. Nothing was sent from that one: note who is blocked there"
    " (smsctl inbox list), for that goes with it, and have its schema dropped."
)
_ANY = 'SELECT 1 FROM "[table]" LIMIT 1'


def move(source: Ledger, target: Ledger, moment: Moment, actor: Actor, on_progress: Progress) -> int | None:
    """Copy a ledger in a file to one on a server that holds nothing; return how many rows. None: it is there.

    Raises LedgerError: somebody sends from the file, it was put back or copied elsewhere, its key is missing,
    the server's ledger is not empty, or this host has sent from another one.
    """
    name = source.fact(_NAME)
    if name and target.fact(_DONE) == name:
        return None
    _must_be_the_first(target)
    keyfile.find(source)  # where it is missing, nothing is begun
    keyfile.must_fit(keyfile.path_of(source.path), target)
    _must_be_ours(source, target, name)
    source.engine.moving = target.engine.moving = True
    with ExitStack() as held:
        name = name or _named(source)
        _mark(source, target, name)
        if source.fact(RETIRED) is None:
            _retire(source, target, moment, held)
        held.enter_context(source.transaction())
        with target.transaction():
            _must_be_ours(source, target, name)
            keyfile.find(source)
            keyfile.bring(keyfile.path_of(source.path), target)
            rows = _copy(source, target, on_progress)
            target.write("DELETE FROM facts WHERE name = ?", FILLING)
            target.keep_fact(_DONE, name)
            hosts.renew(target)
            audit.record(target, moment, actor, "copy", "ledger", f"{rows} rows of {source.path}")
        source.keep_fact(_DONE, name)
    return rows


def is_copied(source: Ledger, target: Ledger) -> bool:
    """Say whether the ledger of a file is the one that was copied, or is being copied, to a server's."""
    name, filling = source.fact(_NAME), target.fact(FILLING) or ""
    return source.fact(RETIRED) is not None and name in (target.fact(_DONE), filling.partition(" ")[0])


def _must_be_the_first(target: Ledger) -> None:
    """Raise LedgerError where this host has sent from another server's ledger: the file knows nothing of it.

    An older copy of the file may never have been marked, and what it fills would be sent from at once.
    """
    try:
        hosts.refuse_elsewhere(target)
    except LedgerError as error:
        assert target.high_water is not None  # noqa: S101 - it is what told of that
        raise LedgerError(
            error.sentence,
            hint=say(
                "Find out what was sent since it was there. Then move {path} away, copy again, and say before"
                " anything is sent: smsctl ledger accept-restore --put-back --reason TEXT",
                path=target.high_water.path,
            ),
        ) from None


def _named(source: Ledger) -> str:
    """Give this copy a name, durably, by which both sides know it."""
    with source.transaction():
        name = os.urandom(8).hex()
        source.keep_fact(_NAME, name)
    return name


def _mark(source: Ledger, target: Ledger, name: str) -> None:
    with target.transaction():
        _must_be_ours(source, target, name)
        target.keep_fact(FILLING, f"{name} {source.path}, {socket.gethostname()}")


def _retire(source: Ledger, target: Ledger, moment: Moment, held: ExitStack) -> None:
    restoring.refuse_restored(source)
    recovery.recover(source, moment)
    for _ in openings.clear(source):
        pass
    for mailing in source.column(
        "SELECT DISTINCT mailing FROM mailing_counts WHERE messages > 0"
        " AND state IN ('pending', 'sending', 'unknown', 'held') ORDER BY mailing"
    ):  # also one that is only asked after, or settled by a person
        held.enter_context(lock.right_to_send(source, mailings.get(source, mailing).reference))
    with source.transaction():
        restoring.refuse_restored(source)
        if source.rows("SELECT 1 FROM batches WHERE settled_at IS NULL UNION ALL SELECT 1 FROM openings"):
            raise LedgerError(
                say("{path}: a run is sending from it.", path=source.path),
                hint=say("Wait until it has ended, or stop it; then copy it."),
            )
        source.keep_fact(RETIRED, target.engine.place)


def _must_be_ours(source: Ledger, target: Ledger, name: str | None) -> None:
    """Raise LedgerError for a server's ledger that is not empty, or that another copy fills."""
    filling, place = target.fact(FILLING), target.engine.place
    if filling and filling.partition(" ")[0] != name:
        raise LedgerError(
            say(
                "{path} is being filled with another ledger: {told}.",
                path=place,
                told=filling.partition(" ")[2],
            ),
            hint=say("Copy that one to its end, or name another database."),
        )
    if not filling and (retired := source.fact(RETIRED)):
        raise LedgerError(
            say(
                "{path} was copied to {place}, and that was another ledger.", path=source.path, place=retired
            ),
            hint=say("Name that place in the config, under [ledger]: url"),
        )
    if source.fact(_DONE):
        raise LedgerError(
            say("{path} was copied whole before; {place} was put back since.", path=source.path, place=place),
            hint=say("Have the newest backup of the database put back."),
        )
    for table in target.engine.inspection().tables():
        if table not in ("facts", "hosts") and target.rows(_ANY.replace("[table]", table)):
            raise LedgerError(
                say("{path}: there is something in this ledger already.", path=place),
                hint=_sent_from(source) if target.rows(_ANY.replace("[table]", "mailings")) else _NOT_EMPTY,
            )


def _sent_from(source: Ledger) -> Sentence:
    """Return what to do where both have mailings: in a database of its own, this one would send beside it."""
    return say(
        "Two ledgers do not become one. If all hosts are to go on with that one, block there who is blocked"
        " in {path}, and move it away.",
        path=source.path,
    )


def _copy(source: Ledger, target: Ledger, on_progress: Progress) -> int:
    # However long it takes: the server gives up on a long transaction otherwise.
    target.rows("SELECT set_config(name, '0', true) FROM pg_settings WHERE name = 'transaction_timeout'")
    columns_of = {name: list(columns) for name, columns in source.engine.inspection().tables().items()}
    tables = list(_parents_first(source, columns_of))
    if source.fact(TIME_ZONE):  # it comes along; a config that names another one is refused then
        target.write("DELETE FROM facts WHERE name = ?", TIME_ZONE)
    rows = 0
    for done, table in enumerate(tables, start=1):
        for piece in _pieces(source, table, columns_of[table]):
            if piece:  # all of one may stay behind
                target.load(table, dict(zip(columns_of[table], zip(*piece, strict=True), strict=True)))
            rows += len(piece)
        on_progress(done, len(tables))
    return rows


def _pieces(source: Ledger, table: str, columns: list[str]) -> Iterator[list[Row]]:
    names, last = ", ".join(f'"{column}"' for column in columns), 0
    sql = _PIECE.replace("[names]", names).replace("[table]", table)
    while found := source.rows(sql, last, _PIECE_ROWS):
        last = found[-1][0]
        yield [row[1:] for row in found if table != "facts" or row[1] not in _OF_ITS_OWN]


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
