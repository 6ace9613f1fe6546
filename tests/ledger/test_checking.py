import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from smsctl.domain.mailing import Ceilings
from smsctl.errors import LedgerError
from smsctl.ledger import batches, blocklist, checking, legible, recovery
from smsctl.ledger.batches import ClaimRequest
from smsctl.ledger.high_water import HighWater
from smsctl.ledger.invariants import RULES
from smsctl.ledger.repeats import Repeats
from smsctl.ledger.sqlite.engine import SqliteEngine
from smsctl.ledger.store import Ledger, open_ledger

from . import sending
from .conftest import ACTOR, NOW, TOWN
from .places import on_small_disk, python, why_no_mounts
from .runs import Taker, must_be_true, new_mailing, now, send_all


class HalfwayError(Exception):
    """The process ends here."""


@pytest.fixture
def lived(ledger: Ledger) -> Ledger:
    """A ledger with mailings that are sent, half sent, unknown in part, and waiting; two packages opened."""
    send_all(ledger, new_mailing(ledger, 13, body="sent"), Taker(), batch_size=5)
    asked: list[int] = []

    def fail() -> None:
        asked.append(1)
        if len(asked) == 2:
            raise HalfwayError

    with pytest.raises(HalfwayError):
        send_all(ledger, new_mailing(ledger, 6, body="half"), Taker(before=fail))
    new_mailing(ledger, 3, body="waiting")
    recovery.recover(ledger, now())
    return ledger


DAMAGE = {
    "integrity": "PRAGMA writable_schema = ON; UPDATE sqlite_master SET rootpage ="
    " (SELECT rootpage FROM sqlite_master WHERE name = 'mailings_of_body') WHERE name = 'batches_of_mailing'",
    "references": "INSERT INTO outside (mailing, reason, municipality, sheet_rows)"
    " VALUES (999, 'where', '', 2)",
    "key": "INSERT INTO facts VALUES ('key-check', 'a hash')",
    "restored": "DELETE FROM facts WHERE name = 'lineage'",
    "contents": "UPDATE mailings SET created_at = 'yesterday' WHERE id = 1",
    "states": "UPDATE messages SET state = 'lost' WHERE id = 1",
    "messages": "DELETE FROM messages WHERE id = 2",
    "strays": "UPDATE messages SET mailing = 99 WHERE id = 1",
    "strays-skipped": "INSERT INTO skipped (mailing, sheet_row, number_column, reason)"
    " VALUES (999, 2, '', 'terms')",
    "strays-carried": "INSERT INTO carried (mailing, sheet_row, cells) VALUES (999, 2, '7B')",
    "approvals": "INSERT INTO approvals (mailing, asked_at, asked_by, above, counted, new_packages,"
    " expires_at, at_once) SELECT id, created_at, 'anna', 1, 3, 0, created_at, 0 FROM mailings WHERE id = 1",
    "cancelled": "UPDATE mailings SET cancelled_at = created_at WHERE id = 1;"
    " UPDATE messages SET state = 'sending' WHERE id = 1",
    "approvals-every-time": "INSERT INTO approvals (mailing, asked_at, asked_by, above, counted,"
    " new_packages, expires_at, at_once, decision, decided_at, decided_by, by_yes_of)"
    " SELECT id, created_at, 'anna', 1, 3, 0, created_at, 0, 'approved', created_at, 'bo', id FROM mailings"
    " WHERE id = 1",
    "retries": "UPDATE mailings SET retry_of = 99 WHERE id = 1",
    "rows": "UPDATE mailings SET rows_total = rows_total + 1 WHERE id = 1",
    "sending": "UPDATE messages SET state = 'sending' WHERE id = 1",
    "batch": "UPDATE messages SET batch = NULL WHERE id = 1",
    "batches": "UPDATE batches SET settled_at = NULL, messages = messages + 1 WHERE id = 1",
    "mailing-counts": "UPDATE mailing_counts SET messages = messages + 1 WHERE mailing = 1",
    "mailing-parts": "UPDATE mailing_counts SET parts = parts + 1 WHERE mailing = 1",
    "batch-parts": "UPDATE batches SET settled_at = NULL, parts = parts + 1 WHERE id = 1",
    "texts": "UPDATE messages SET parts = 1 WHERE id = 1",
    "strays-texts": "INSERT INTO texts (message, body) VALUES (999, 'Hej')",
    "day-counts": "UPDATE day_counts SET messages = messages + 1 WHERE state = 'accepted'",
    "day-parts-of-states": "UPDATE day_counts SET parts = parts - 1 WHERE state = 'accepted'",
    "cost": "DELETE FROM entries WHERE id = 1",
    "day-parts": "UPDATE day_parts SET parts = parts + 1 WHERE package = 1",
    "outside-parts": "INSERT INTO outside_parts VALUES ('town', '2026-11-22', 10, 4900, 5)",
    "cost-centre-parts": "UPDATE batches SET cost_centre = '4711'",
    "cost-shares": "INSERT INTO cost_shares VALUES (1, 1, 5, '4711')",
    "packages": "UPDATE packages SET used = used - 1 WHERE number = 2",
    "package-size": "UPDATE packages SET used_up_day = NULL WHERE number = 1",
    "closed-packages": "UPDATE packages SET closed_day = opened_day",
    "package-numbers": "UPDATE packages SET number = 7 WHERE number = 2",
    "purge": "INSERT INTO facts VALUES ('purge-unfinished', '1')",
    "audit": "DROP TRIGGER audit_is_not_removed; DELETE FROM audit WHERE id = 1",
    "audit-guards": "DROP TRIGGER audit_is_not_changed",
    "invoices": "UPDATE invoices SET price_ore = 1 WHERE package = 2",
}


def test_a_ledger_that_has_lived_is_sound(lived: Ledger) -> None:
    assert checking.check(lived) == ()


def test_a_look_shows_how_far_it_has_come_and_is_not_at_its_end_before_it_ends(lived: Ledger) -> None:
    told: list[tuple[int, int]] = []
    checking.check(lived, lambda done, total: told.append((done, total)))
    shares = [done / total for done, total in told]
    assert shares == sorted(shares)
    assert 0 < shares[-1] < 1


@pytest.mark.of_a_file
def test_a_mailing_is_sound_at_every_moment_of_its_sending(ledger: Ledger) -> None:
    gateway = Taker(before=lambda: found.append(checking.check(reader)))
    found: list[tuple[checking.LedgerFault, ...]] = []
    with closing(_of_any_thread(ledger)) as reader:
        send_all(ledger, new_mailing(ledger, 6), gateway)
    must_be_true(ledger, gateway)
    assert found == [(), (), ()]


def test_a_batch_on_its_way_may_leave_out_a_message_between_its_own(ledger: Ledger) -> None:
    sending.activate(ledger)
    mailing = sending.begin(ledger, 3)
    with ledger.transaction():
        blocklist.add(ledger, ["+46700000001"], NOW, ACTOR, "asked")
    claimed = sending.claim(ledger, mailing)
    assert claimed
    assert len(claimed.messages) == 2
    assert checking.check(ledger) == ()


def _of_any_thread(ledger: Ledger) -> Ledger:
    connection = sqlite3.connect(ledger.path, isolation_level=None, check_same_thread=False)
    return Ledger(SqliteEngine(connection, ledger.path), HighWater(ledger.path))


def test_there_is_a_damage_for_every_rule() -> None:
    beside_the_rules = {"integrity", "contents", "references", "key", "restored", "audit-guards"}
    assert DAMAGE.keys() == {rule.name for rule in RULES} | beside_the_rules


@pytest.mark.of_a_file
@pytest.mark.parametrize("rule", DAMAGE)
def test_a_damage_is_found_by_its_rule_and_told_in_words(rule: str, lived: Ledger) -> None:
    with closing(sqlite3.connect(lived.path, isolation_level=None)) as other:
        other.execute("PRAGMA foreign_keys = OFF")
        for statement in DAMAGE[rule].split(";"):
            other.execute(statement)
    with closing(_of_any_thread(lived)) as reopened:
        found = checking.check(reopened)
    assert rule in [one.rule for one in found]
    for one in found:
        assert "{" not in str(one.sentence)
        assert str(one.sentence).endswith(".")


@pytest.mark.of_a_file
@pytest.mark.parametrize("rule", [rule.name for rule in RULES if rule.name != "purge"])
def test_what_breaks_a_rule_is_not_whole(rule: str, lived: Ledger) -> None:
    checking.must_be_whole(lived)
    with closing(sqlite3.connect(lived.path, isolation_level=None)) as other:
        other.execute("PRAGMA foreign_keys = OFF")
        for statement in DAMAGE[rule].split(";"):
            other.execute(statement)
    with closing(_of_any_thread(lived)) as reopened, pytest.raises(LedgerError, match="is not whole"):
        checking.must_be_whole(reopened)


@pytest.mark.of_a_file
def test_a_row_that_the_schema_does_not_allow_is_damage_of_the_file(lived: Ledger) -> None:
    with closing(sqlite3.connect(lived.path, isolation_level=None)) as other:
        other.execute("PRAGMA ignore_check_constraints = ON")
        other.execute("UPDATE mailings SET kind = 'other' WHERE id = 1")
    with closing(_of_any_thread(lived)) as reopened:
        found = [str(one.sentence) for one in checking.check(reopened) if one.rule == "integrity"]
    assert found == ["The file is damaged: CHECK constraint failed in mailings."]


def test_what_is_found_names_the_place_and_both_figures(lived: Ledger) -> None:
    with lived.transaction():
        lived.write("UPDATE day_parts SET parts = parts + 4 WHERE package = 1")
    (found,) = checking.check(lived)
    day = now().day
    assert str(found.sentence) == f"{TOWN.key}, {day}, package 1: 14 parts are noted, and 10 were drawn."


@pytest.mark.of_a_file
@pytest.mark.parametrize(("wrong", "told"), [(1, 1), (2, 2), (3, 2)])
def test_of_a_column_no_more_cells_are_told_than_are_asked_for(wrong: int, told: int, ledger: Ledger) -> None:
    with ledger.transaction():
        for n in range(wrong):
            ledger.write("INSERT INTO facts (name, value) VALUES (?, CAST(x'ff' AS TEXT))", f"fact {n}")
    found = [str(one) for one in legible.wrong_cells(ledger, 2)]
    assert sum("of facts: value cannot be read" in one for one in found) == told


def test_a_thousand_faults_of_one_kind_are_told_twenty_times(lived: Ledger) -> None:
    new_mailing(lived, 100, body="many")
    with lived.transaction():
        lived.write("UPDATE messages SET batch = 1 WHERE state = 'pending'")
    assert len([one for one in checking.check(lived) if one.rule == "batch"]) == 20


@pytest.mark.of_a_file
def test_nobody_waits_for_a_check_and_what_is_sent_meanwhile_is_no_fault(ledger: Ledger) -> None:
    mailing = new_mailing(ledger, 60)
    with closing(open_ledger(ledger.path, busy_timeout_s=0)) as sender:
        sent: list[int] = []

        def send(_done: int, _total: int) -> None:
            with sender.transaction():
                want = ClaimRequest(
                    mailing=mailing, most=3, ceilings=Ceilings(), repeats=Repeats(mailing, "none")
                )
                assert batches.claim(sender, want, 0, now())
            sent.append(1)

        assert checking.check(ledger, send) == ()
    assert len(sent) > 3


@pytest.mark.of_a_file
def test_a_copy_for_which_there_is_no_room_is_told_with_the_way_out(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_mailing(ledger, 40_000, body="more than is kept in memory")
    small = tmp_path / "small"
    small.mkdir()
    if why := why_no_mounts(small):
        pytest.skip(why)
    monkeypatch.setenv("SQLITE_TMPDIR", str(small))
    code = (
        "import sys; from pathlib import Path; from smsctl.ledger import checking, store\n"
        "from smsctl.errors import LedgerError\n"
        "try: checking.check(store.read_ledger(Path(sys.argv[1])))\n"
        "except LedgerError as error: print(error, error.hint, sep='\\n')\n"
    )
    ran = on_small_disk(small, python(code, ledger.path), size="200k")
    assert ran.stdout.splitlines() == [
        f"{ledger.path}: there is no room for the copy of it that is checked.",
        "Make room, or name another folder for temporary files: SQLITE_TMPDIR=FOLDER",
    ], ran.stderr
