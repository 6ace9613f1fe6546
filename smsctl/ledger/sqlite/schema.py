"""Bringing a ledger file to this version: numbered SQL files, each in one transaction; a new file in one.

`schema.sql` is what those up to its version make of an empty file, all at once (docs/decisions/0084).
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from smsctl.errors import LedgerError, say
from smsctl.ledger.seam.sentences import newer, reason
from smsctl.ledger.sqlite.file import APPLICATION

MIGRATIONS = Path(__file__).parents[1] / "migrations"
_WHOLE = Path(__file__).with_name("schema.sql")
_WHOLE_BEGINS = "-- The schema of version "
_Fetch = Callable[[str], Sequence[Sequence[object]]]


def newest(folder: Path = MIGRATIONS) -> int:
    """Return the schema version that this smsctl writes."""
    return max(_numbered(folder))


def version_of(connection: sqlite3.Connection) -> int:
    """Return the schema version of the open file; 0 for an empty one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def refuse_foreign(connection: sqlite3.Connection, path: Path, folder: Path = MIGRATIONS) -> None:
    """Raise LedgerError when the file was written by a newer smsctl, or is no ledger at all."""
    found = version_of(connection)
    # In this order: another process may be making the ledger, and its first tables come with our mark.
    has_tables = connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None
    ours = connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION
    if has_tables and not ours:
        raise LedgerError(
            say("{path}: this is a database of another program, not a ledger.", path=path),
            hint=say("Name the ledger's own file in `[ledger] path`."),
        )
    if found > newest(folder):
        raise newer(path, found)


def migrate(connection: sqlite3.Connection, path: Path, folder: Path = MIGRATIONS) -> None:
    """Apply what is missing, one transaction for each step; an existing ledger is backed up first.

    A new ledger is made in one transaction: it is whole, or it is not there.
    """
    refuse_foreign(connection, path, folder)
    before = version_of(connection)
    while version_of(connection) < newest(folder):
        _apply(connection, path, before, folder)


def whole() -> str:
    """Return the text of `schema.sql`, made by the migrations."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as made:
        for _, script in _numbered_scripts(MIGRATIONS, 0):
            for statement in _statements(script):
                made.execute(statement)
        found = made.execute(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type <> 'table', type, name"
        )
        written = "".join(f"{sql};\n" for (sql,) in found)
    return f"{_WHOLE_BEGINS}{newest()}, as the migrations make it. Made by docs/generate.py.\n{written}"


def strange_tables(fetch: _Fetch) -> list[str]:
    """Return the tables that have not the columns which the migrations make; `fetch` returns the rows of SQL.

    A bit that turns in the schema leaves a file that SQLite finds sound.
    """
    ((version,),) = fetch("PRAGMA user_version")
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as made:
        for script in _scripts_to(int(str(version))):
            for statement in _statements(script):
                made.execute(statement)
        tables = made.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        expected = {
            str(table): _columns(lambda sql: made.execute(sql).fetchall(), table) for (table,) in tables
        }
    return [table for table, columns in expected.items() if _columns(fetch, table) != columns]


def _columns(fetch: _Fetch, table: str) -> list[tuple[object, ...]]:
    """Return of each column its name, its type, and whether it may be empty."""
    return [tuple(column)[1:4] for column in fetch(f'PRAGMA table_info("{table}")')]


def _numbered(folder: Path) -> dict[int, Path]:
    return {int(file.name[:4]): file for file in folder.iterdir() if file.suffix == ".sql"}


def _numbered_scripts(folder: Path, after: int) -> list[tuple[int, str]]:
    steps = sorted((number, file) for number, file in _numbered(folder).items() if number > after)
    return [(number, file.read_text(encoding="utf-8")) for number, file in steps]


def _all_scripts() -> list[tuple[int, str]]:
    """Return what makes a ledger of an empty file, each with the version that it leads to."""
    script = _WHOLE.read_text(encoding="utf-8")
    version = int(script.removeprefix(_WHOLE_BEGINS).partition(",")[0])
    return [(version, script), *_numbered_scripts(MIGRATIONS, version)]


def _scripts_to(version: int) -> list[str]:
    found = _all_scripts()
    if version < found[0][0]:
        found = _numbered_scripts(MIGRATIONS, 0)
    return [script for number, script in found if number <= version]


def _steps(version: int, folder: Path) -> list[tuple[int, str]]:
    if version:
        return _numbered_scripts(folder, version)[:1]
    return _all_scripts() if folder == MIGRATIONS else _numbered_scripts(folder, 0)


def _apply(connection: sqlite3.Connection, path: Path, before: int, folder: Path) -> None:
    # executescript() would first commit what is open, so the statements are run one by one.
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = version_of(connection)  # another process may have been quicker
        for number, script in _steps(found, folder):
            if found and found == before:  # with the lock held, so that nobody changes what is saved
                _back_up(path, number)
            for statement in _statements(script):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION:d}")
            connection.execute(f"PRAGMA user_version = {number:d}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _back_up(path: Path, number: int) -> None:
    from smsctl.ledger.sqlite import copying  # seldom needed, and every command passes here

    target = path.with_name(f"{path.name}.before-version-{number}")
    try:
        copying.copy(path, target)
    except OSError as error:
        raise LedgerError(
            say("{path}: cannot be written: {reason}.", path=target, reason=reason(error)),
            hint=say("The ledger is saved there before it is brought up to date."),
        ) from error


def _statements(script: str) -> list[str]:
    found: list[str] = []
    piece = ""
    for line in script.splitlines(keepends=True):
        piece += line
        if sqlite3.complete_statement(piece):
            found.append(piece)
            piece = ""
    return found
