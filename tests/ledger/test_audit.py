import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from smsctl.domain.moment import Actor
from smsctl.ledger import audit
from smsctl.ledger.store import Ledger, open_ledger

from .conftest import ACTOR, NOW, migrate_to


@pytest.fixture
def audited(ledger: Ledger) -> Ledger:
    """A ledger with three rows of audit, each with a reason."""
    with ledger.transaction():
        for n in range(3):
            audit.record(ledger, NOW, ACTOR, "resume", f"mailing {n}", reason="asked by phone")
    return ledger


@pytest.mark.of_a_file
@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit WHERE id = 2",
        "DELETE FROM audit",
        "UPDATE audit SET by_whom = 'somebody else' WHERE id = 2",
        "UPDATE audit SET at = '2020-01-01T00:00:00.000Z'",
        "UPDATE audit SET id = 9 WHERE id = 3",
        "UPDATE audit SET reason = 'another' WHERE id = 1",
        "UPDATE audit SET reason = NULL WHERE id = 1",  # nothing says that it was blanked
        "INSERT OR REPLACE INTO audit VALUES (2, '', 'x', 'x', 'x', 'x', 'x', NULL)",
        "INSERT OR REPLACE INTO audit VALUES (3, '', 'x', 'x', 'x', 'x', 'x', NULL)",
        "INSERT INTO audit VALUES (5, '', 'x', 'x', 'x', 'x', 'x', NULL)",
        "INSERT INTO audit VALUES (0, '', 'x', 'x', 'x', 'x', 'x', NULL)",
        "INSERT INTO audit VALUES (-7, '', 'x', 'x', 'x', 'x', 'x', NULL)",
    ],
)
def test_what_was_done_is_not_changed_afterwards(statement: str, audited: Ledger) -> None:
    before = audit.read(audited)
    with closing(sqlite3.connect(audited.path)) as other:
        with pytest.raises(sqlite3.IntegrityError, match="audit"):
            other.execute(statement)
        other.commit()
    assert audit.read(audited) == before


def test_a_reason_can_be_blanked_where_a_row_says_so(audited: Ledger) -> None:
    with audited.transaction():
        audit.record(audited, NOW, ACTOR, "blank", "audit 2", reason="a name stood there")
        audited.write("UPDATE audit SET reason = NULL WHERE id = 2")
    assert [row.reason for row in audit.read(audited)] == [
        "a name stood there",
        "asked by phone",
        None,
        "asked by phone",
    ]


def test_a_run_that_fails_leaves_no_gap(audited: Ledger) -> None:
    with pytest.raises(ZeroDivisionError):
        _fail_after_a_row(audited)
    with audited.transaction():
        audit.record(audited, NOW, ACTOR, "resume", "mailing 10")
    assert audited.rows("SELECT id FROM audit ORDER BY id") == [(1,), (2,), (3,), (4,)]


def _fail_after_a_row(ledger: Ledger) -> None:
    with ledger.transaction():
        audit.record(ledger, NOW, ACTOR, "resume", "mailing 9")
        raise ZeroDivisionError


def test_whom_somebody_says_they_are_stands_beside_who_they_are(ledger: Ledger) -> None:
    with ledger.transaction():
        audit.record(
            ledger, NOW, Actor(user="smsctl", host="skolserver", claim="anna"), "resume", "mailing 1"
        )
    assert audit.read(ledger)[0].user == "smsctl (says: anna)"


def test_the_audit_of_an_older_ledger_is_kept_and_guarded(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    row = (1, "2026-11-22T10:00:00.000Z", "rut", "server", "resume", "mailing 1", "", "asked by phone")
    with closing(sqlite3.connect(path, isolation_level=None)) as older:
        migrate_to(older, path, 2)
        older.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    path.chmod(0o600)
    with closing(open_ledger(path)) as newer:
        assert [one.reason for one in audit.read(newer)] == ["asked by phone"]
        with pytest.raises(sqlite3.IntegrityError), closing(sqlite3.connect(newer.path)) as other:
            other.execute("DELETE FROM audit")
