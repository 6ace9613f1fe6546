"""Bringing a ledger file to this version: numbered SQL files, each applied in one transaction."""

import sqlite3
from pathlib import Path

from smsctl.errors import LedgerError, say

_FOLDER = Path(__file__).parent / "migrations"


def newest() -> int:
    """Return the schema version that this smsctl writes."""
    return max(_numbered())


def version_of(connection: sqlite3.Connection) -> int:
    """Return the schema version of the open file; 0 for an empty one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def refuse_newer(connection: sqlite3.Connection, path: Path) -> None:
    """Raise LedgerError when the file was written by a newer smsctl."""
    found = version_of(connection)
    if found > newest():
        raise LedgerError(
            say(
                "{path}: this ledger was written by a newer smsctl (version {found}).", path=path, found=found
            ),
            hint=say("Upgrade smsctl on this machine; the ledger is never taken backwards."),
        )


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Apply what is missing, one transaction for each step; an existing ledger is backed up first."""
    refuse_newer(connection, path)
    found = version_of(connection)
    pending = {number: file for number, file in _numbered().items() if number > found}
    if pending and found:
        _back_up(connection, path, found)
    for number in sorted(pending):
        _apply(connection, number, pending[number].read_text(encoding="utf-8"))


def _numbered() -> dict[int, Path]:
    return {int(file.name[:4]): file for file in _FOLDER.glob("[0-9]*.sql")}


def _apply(connection: sqlite3.Connection, number: int, script: str) -> None:
    # executescript() would first commit what is open, so the statements are run one by one.
    connection.execute("BEGIN IMMEDIATE")
    try:
        if version_of(connection) < number:  # another process may have been quicker
            for statement in _statements(script):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number:d}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _statements(script: str) -> list[str]:
    found: list[str] = []
    piece = ""
    for line in script.splitlines(keepends=True):
        piece += line
        if sqlite3.complete_statement(piece):
            found.append(piece)
            piece = ""
    return found


def _back_up(connection: sqlite3.Connection, path: Path, version: int) -> None:
    target = path.with_name(f"{path.name}.before-{newest()}-from-{version}")
    target.touch(mode=0o600)
    copy = sqlite3.connect(target)
    try:
        connection.backup(copy)
    finally:
        copy.close()
