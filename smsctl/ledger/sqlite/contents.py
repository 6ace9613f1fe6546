"""What a ledger's file holds, whichever smsctl made it: looked at before it is put in the ledger's place."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from smsctl.errors import InputError, LedgerError, say
from smsctl.ledger.seam.engine import REHEARSED, TIME_ZONE
from smsctl.ledger.sqlite import schema
from smsctl.ledger.sqlite.sentences import in_one_line

ANOTHER_FILE = say("Name a file that `ledger backup` has made.")
NO_DATABASE = "file is not a database"  # as SQLite says it
_SOUND = "ok"


class LedgerContents(NamedTuple):
    """What a ledger's file holds, as a person tells it from another."""

    mailings: int
    newest_at: str | None  # UTC, as stored
    is_rehearsed: bool


def look(path: Path, told_as: Path) -> LedgerContents:
    """Return what a ledger's file holds. Raises InputError where it is no sound ledger of ours."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            schema.refuse_foreign(connection, told_as)
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found == _SOUND:
                n, newest = connection.execute("SELECT COUNT(*), MAX(created_at) FROM mailings").fetchone()
                (zone,) = connection.execute(
                    "SELECT MAX(value) FROM facts WHERE name = ?", (TIME_ZONE,)
                ).fetchone()
                return LedgerContents(mailings=n, newest_at=newest, is_rehearsed=zone == REHEARSED)
    except LedgerError as error:
        raise InputError(error.sentence, hint=ANOTHER_FILE) from error
    except sqlite3.Error as error:
        found = str(error)
    raise no_ledger(told_as, in_one_line(found))


def no_ledger(path: Path, reason: str) -> InputError:
    """Return what is told of a file that is no ledger, or a damaged one."""
    return InputError(
        say("{path} is no sound ledger: {reason}.", path=path, reason=reason), hint=ANOTHER_FILE
    )
