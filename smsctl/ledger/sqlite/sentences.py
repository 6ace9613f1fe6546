"""What SQLite says, in words: every error of the file becomes a sentence and exit code 9."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from smsctl.errors import LedgerError, Sentence, say
from smsctl.ledger.seam.sentences import MAKE_ROOM, FullError, OutOfDateError


class _PerhapsFullError(FullError):
    """A quota, and a disk that finds its room only when it is flushed, fail as a broken disk does."""

    certain = False


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn SQLite's errors about the file at `path` into LedgerError."""
    try:
        yield
    except sqlite3.Error as error:
        if str(error).startswith("Could not decode"):  # it quotes the cell, which may be a number or a name
            told = say("{path}: the ledger is damaged: a text in it cannot be read.", path=path)
            raise LedgerError(told, hint=_RESTORE) from None
        raise _kind(error)(_words(error, path), hint=_mend(error)) from error
    except UnicodeDecodeError as error:  # what SQLite says quotes a schema that is no text any more
        told = say("{path}: this is not a ledger, or it is damaged ({error}).", path=path, error=error.reason)
        raise LedgerError(told, hint=_RESTORE) from error


def in_one_line(damage: object) -> str:
    """Return what SQLite's checks say of a damaged file: several lines in one text."""
    return " ".join(str(damage).split())


def is_busy(error: sqlite3.Error) -> bool:
    """Say whether somebody else holds the file, so that trying again will help."""
    return _code(error) in _BUSY


_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_NOT_WRITTEN = (sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC)
_RESTORE = say("Restore it from a backup; `[ledger] path` in the config says where it is looked for.")
_CLOSED = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM)


def _code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _is_elsewhere(error: sqlite3.Error) -> bool:
    """Another file stands under the ledger's name, or none: what was opened is not the ledger any more."""
    return getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY_DBMOVED


def _kind(error: sqlite3.Error) -> type[LedgerError]:
    if _is_elsewhere(error):
        return OutOfDateError
    if _code(error) == sqlite3.SQLITE_FULL:
        return FullError
    is_unwritten = getattr(error, "sqlite_errorcode", 0) in _NOT_WRITTEN
    return _PerhapsFullError if is_unwritten else LedgerError


def _is_unfinished(error: sqlite3.Error) -> bool:
    """A process died while it wrote, and whoever may only read cannot undo that."""
    return getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY_ROLLBACK


def _words(error: sqlite3.Error, path: Path) -> Sentence:
    code = _code(error)
    if code in _BUSY:
        return say("{path}: the ledger is busy; another program holds it.", path=path)
    if code == sqlite3.SQLITE_FULL:
        return say("{path}: the disk is full, nothing more was recorded or sent.", path=path)
    if code in _DAMAGED:
        return say("{path}: this is not a ledger, or it is damaged ({error}).", path=path, error=error)
    if code in _CLOSED:
        return _closed(error, path)
    return say("{path}: the ledger failed: {error}.", path=path, error=error)


def _closed(error: sqlite3.Error, path: Path) -> Sentence:
    if _is_unfinished(error):
        return say("{path}: the last write was broken off and must be undone first.", path=path)
    if _is_elsewhere(error):
        return say("{path}: another file was put in the ledger's place, or it was moved away.", path=path)
    return say("{path}: the ledger cannot be written ({error}).", path=path, error=error)


def _mend(error: sqlite3.Error) -> Sentence:
    code = _code(error)
    if code in _BUSY:
        return say("Try again in a minute.")
    if code == sqlite3.SQLITE_FULL:
        return MAKE_ROOM
    if code in _DAMAGED:
        return _RESTORE
    if _is_elsewhere(error):
        return say("See that the right one lies there: smsctl ledger check. Then run the same command again.")
    if _is_unfinished(error):
        return say("Undo it with: smsctl mailings list")
    return say("Check the disk, the folder's owner and its rights, and `[ledger] path` in the config.")
