import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from smsctl.errors import LedgerError
from smsctl.ledger.sqlite import file, schema

from .places import ROOT, python

FIRST = "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);"
SECOND = "-- a name may be long\nCREATE TABLE more (x INTEGER);\nINSERT INTO facts VALUES ('second', 'done');"
BROKEN = "INSERT INTO facts VALUES ('third', 'half');\nINSERT INTO nowhere VALUES (1);"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The migrations of an smsctl that has made one version."""
    made = tmp_path / "migrations"
    made.mkdir()
    (made / "0001_first.sql").write_text(FIRST)
    return made


def migrate(path: Path, folder: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        schema.migrate(connection, path, folder)


def read(path: Path) -> tuple[int, dict[str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        facts = dict(connection.execute("SELECT name, value FROM facts"))
        facts.pop("copied", None)
        return schema.version_of(connection), facts


def ledger_of_the_first_version(path: Path, folder: Path) -> None:
    migrate(path, folder)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("INSERT INTO facts VALUES ('sent', '12 messages')")


def test_an_older_ledger_is_saved_and_brought_up_to_date(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger_of_the_first_version(path, folder)
    (folder / "0002_second.sql").write_text(SECOND)
    (folder / "0003_third.sql").write_text("INSERT INTO facts VALUES ('third', 'done');")
    migrate(path, folder)
    assert read(path) == (3, {"sent": "12 messages", "second": "done", "third": "done"})
    assert [one.name for one in tmp_path.glob("ledger.db?*")] == ["ledger.db.before-version-2"]
    saved = tmp_path / "ledger.db.before-version-2"
    assert read(saved) == (1, {"sent": "12 messages"})
    assert saved.stat().st_mode & 0o777 == 0o600


def test_a_new_ledger_has_nothing_to_save(tmp_path: Path, folder: Path) -> None:
    (folder / "0002_second.sql").write_text(SECOND)
    migrate(tmp_path / "ledger.db", folder)
    assert read(tmp_path / "ledger.db") == (2, {"second": "done"})
    assert not list(tmp_path.glob("ledger.db?*"))


def test_a_step_that_fails_leaves_the_ledger_as_it_was(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger_of_the_first_version(path, folder)
    (folder / "0002_second.sql").write_text(SECOND)
    (folder / "0003_broken.sql").write_text(BROKEN)
    with pytest.raises(sqlite3.OperationalError):
        migrate(path, folder)
    assert read(path) == (2, {"sent": "12 messages", "second": "done"})


def test_where_the_ledger_cannot_be_saved_it_stays_as_it_is(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger_of_the_first_version(path, folder)
    (folder / "0002_second.sql").write_text(SECOND)
    (tmp_path / "ledger.db.before-version-2.unfinished").mkdir()
    with pytest.raises(LedgerError, match=r"before-version-2: cannot be written"):
        migrate(path, folder)
    assert read(path) == (1, {"sent": "12 messages"})


def test_a_newer_ledger_is_never_taken_backwards(tmp_path: Path, folder: Path) -> None:
    path, second = tmp_path / "ledger.db", folder / "0002_second.sql"
    second.write_text(SECOND)
    migrate(path, folder)
    second.unlink()
    with pytest.raises(LedgerError, match=r"written by a newer smsctl \(version 2\)"):
        migrate(path, folder)
    assert read(path)[0] == 2


@pytest.mark.parametrize("look", [1, 2, 3])
def test_a_ledger_that_is_made_between_two_looks_is_not_taken_for_another_programs(
    look: int, tmp_path: Path, folder: Path
) -> None:
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        looks: list[str] = []

        def between_the_looks(sql: str) -> None:
            looks.append(sql)
            if len(looks) == look:
                schema.migrate(other, path, folder)

        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            connection.set_trace_callback(between_the_looks)
            schema.refuse_foreign(connection, path, folder)
            assert schema.version_of(other) == 1


@pytest.mark.parametrize("made_before", [True, False])
def test_processes_that_come_together_bring_it_up_to_date_once(
    *, made_before: bool, tmp_path: Path, folder: Path
) -> None:
    path = tmp_path / "ledger.db"
    if made_before:
        ledger_of_the_first_version(path, folder)
    (folder / "0002_second.sql").write_text(SECOND)
    code = (
        "import sqlite3, sys; from pathlib import Path; from smsctl.ledger.sqlite import schema\n"
        "path = Path(sys.argv[1])\n"
        "connection = sqlite3.connect(path, isolation_level=None, timeout=30)\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "schema.migrate(connection, path, Path(sys.argv[2]))"
    )
    together = [
        subprocess.Popen(
            python(code, path, folder), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for one in together:
        assert one.stdout
        assert one.stdout.readline() == "ready\n"
    for one in together:
        assert one.stdin
        one.stdin.write("go\n")
        one.stdin.flush()
    for one in together:
        one.communicate()
    assert [one.returncode for one in together] == [0, 0, 0, 0]
    sent = {"sent": "12 messages"} if made_before else {}
    assert read(path) == (2, sent | {"second": "done"})
    if made_before:
        assert read(tmp_path / "ledger.db.before-version-2") == (1, sent)


def test_no_two_steps_have_the_same_number() -> None:
    """Of two with one number a ledger would take one, and never the other."""
    numbers = sorted(int(step.name[:4]) for step in schema.MIGRATIONS.glob("*.sql"))
    assert numbers == [*range(1, len(numbers) + 1)]


def test_the_ledger_of_this_version_can_be_made(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        schema.migrate(connection, path)
        assert schema.version_of(connection) == schema.newest()
        assert connection.execute("PRAGMA application_id").fetchone() == (file.APPLICATION,)


def test_a_new_ledger_is_what_the_migrations_make_one_after_the_other(tmp_path: Path) -> None:
    steps = tmp_path / "steps"
    shutil.copytree(schema.MIGRATIONS, steps)
    for path, folder in ((tmp_path / "new.db", schema.MIGRATIONS), (tmp_path / "old.db", steps)):
        migrate(path, folder)
    assert made_of(tmp_path / "new.db") == made_of(tmp_path / "old.db")


def test_a_new_ledger_is_whole_or_not_there(tmp_path: Path, folder: Path) -> None:
    (folder / "0002_second.sql").write_text(SECOND)
    (folder / "0003_broken.sql").write_text(BROKEN)
    with pytest.raises(sqlite3.OperationalError):
        migrate(tmp_path / "ledger.db", folder)
    assert made_of(tmp_path / "ledger.db") == (0, ["BEGIN TRANSACTION;", "COMMIT;"])


def made_of(path: Path) -> tuple[int, list[str]]:
    """Return the version of a ledger, and every table, index, trigger and row, as it is written."""
    with closing(sqlite3.connect(path)) as connection:
        return schema.version_of(connection), sorted(connection.iterdump())


@pytest.mark.parametrize("name", ["aaa", "zzz"])
def test_a_table_whose_column_is_called_otherwise_is_strange(name: str, tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    migrate(path, schema.MIGRATIONS)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        assert schema.strange_tables(lambda sql: connection.execute(sql).fetchall()) == []
        connection.execute(f"ALTER TABLE facts RENAME COLUMN value TO {name}")
        assert schema.strange_tables(lambda sql: connection.execute(sql).fetchall()) == ["facts"]
