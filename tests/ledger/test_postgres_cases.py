"""Cases of a ledger on a server that each have a verdict, and what would be without the guard."""

import os
import signal
import struct
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from smsctl.actions.stop_signal import StopReason
from smsctl.domain import database_address as address
from smsctl.domain.message import Answer, Batch, Status
from smsctl.errors import LedgerError
from smsctl.ledger import hosts, mailings, packages, recovery
from smsctl.ledger.seam.sentences import LostError
from smsctl.ledger.store import Ledger

from .. import postgres_server
from ..postgres_server import Cluster
from .conftest import TOWN, open_shared
from .cut_line import CutLine
from .runs import Taker, must_be_true, new_mailing, now, send_all, states

if why := postgres_server.why_none():
    pytest.skip(why, allow_module_level=True)

import psycopg

from smsctl.ledger.postgres import connect, identity, schema
from smsctl.ledger.postgres.connect import Access, Session
from smsctl.ledger.postgres.sentences import in_words

_NUMBERS = count(1)
Admin = psycopg.Connection[Any]


@pytest.fixture
def access(cluster: Cluster, tmp_path: Path) -> Access:
    state = tmp_path / "ledger.db"
    state.touch(mode=0o600)
    name = f"case_{os.getpid()}_{next(_NUMBERS)}"
    return Access(address=address.parse(cluster.url()), state=state, schema=name, busy_timeout_s=5)


@pytest.fixture
def admin(cluster: Cluster) -> Iterator[Admin]:
    with psycopg.connect(cluster.url(), autocommit=True) as session:
        yield session


def through(access: Access, line: CutLine) -> Access:
    server = address.Server(host="127.0.0.1", port=line.port)
    return access._replace(address=access.address._replace(servers=(server,)))


def at(access: Access, cluster: Cluster) -> Access:
    return access._replace(address=address.parse(cluster.url()))


# A server that takes over


@pytest.mark.parametrize("arrives", [False, True], ids=["lost on the way", "done, its answer lost"])
def test_a_commit_in_doubt_is_not_asked_of_a_server_that_took_over(
    *, arrives: bool, access: Access, cluster: Cluster
) -> None:
    """Its number of a transaction may be anything there, and what it says of it means nothing."""
    gateway, commits = Taker(), count(1)
    line = CutLine(cluster.port)
    line.arrives = arrives
    with ExitStack() as around:
        around.callback(line.close)
        ledger = open_shared(through(access, line))
        around.callback(ledger.close)
        mailing = new_mailing(ledger, 6)
        standby = cluster.standby()
        standby.start(hot_standby="on", primary_conninfo="", restore_command="false")
        around.callback(standby.stop)
        standby.promote()

        def takes_over(said: bytes) -> bool:
            if b"COMMIT\0" not in said or next(commits) != 2:
                return False
            line.turn_to(standby.port)
            return True

        line.when = takes_over
        with pytest.raises(LedgerError, match="another database than before"):
            send_all(ledger, mailing, gateway)
        assert gateway.taken.total() == 2
        line.when = lambda _said: False
        with (
            closing(open_shared(at(access, standby))) as there,
            pytest.raises(LedgerError, match=r"lacks batch|took over"),
        ):
            send_all(there, mailings.get(there, mailing.id), gateway)
        with closing(open_shared(access)) as here:
            done = {"accepted": 2, "sending": 2, "pending": 2}
            assert states(here) == (done if arrives else {"sending": 2, "pending": 4})
            recovery.recover(here, now())
            send_all(here, mailings.get(here, mailing.id), gateway)
            assert set(gateway.taken.values()) == {1}
            assert states(here) == {"unknown": 2, "accepted": 4}


def test_a_standby_is_read_and_never_written(access: Access, cluster: Cluster) -> None:
    with closing(open_shared(access)) as ledger:
        send_all(ledger, new_mailing(ledger, 2), Taker())
    standby = cluster.standby()
    standby.start(hot_standby="on")
    try:
        with pytest.raises(LedgerError, match=r"can only be read: it is a standby"):
            open_shared(at(access, standby))
        found = hosts.read_shared(at(access, standby))
        assert found
        with closing(found) as reader:
            assert states(reader) == {"accepted": 2}
    finally:
        standby.stop()


def test_numbers_have_no_gaps_after_a_crash_as_those_of_a_sequence_have(
    access: Access, cluster: Cluster, admin: Admin
) -> None:
    with closing(open_shared(access)) as ledger:
        mailing = new_mailing(ledger, 25)
        send_all(ledger, mailing, Taker(), batch_size=12)
        assert TOWN.rate
        with suppress(ZeroDivisionError), ledger.transaction():
            packages.open_package(ledger, TOWN.key, TOWN.rate, now(), mailing.id)
            _ = 1 / 0
    admin.execute(f"CREATE SEQUENCE {access.schema}.numbers".encode())
    before = admin.execute(f"SELECT nextval('{access.schema}.numbers')".encode()).fetchone()
    cluster.stop(signal.SIGQUIT)
    cluster.start()
    with closing(open_shared(access)) as ledger:
        send_all(ledger, new_mailing(ledger, 25, body="Igen"), Taker(), batch_size=12)
        for table, column in (("invoices", "number"), ("packages", "number"), ("batches", "id")):
            found = [one for (one,) in ledger.rows(f"SELECT {column} FROM {table} ORDER BY 1")]
            assert found == [*range(1, len(found) + 1)], table
    with psycopg.connect(cluster.url()) as session:
        after = session.execute(f"SELECT nextval('{access.schema}.numbers')".encode()).fetchone()
    assert before
    assert after
    assert after[0] > before[0] + 1, "the control: a sequence jumps"


# Who writes at the same time


def _numbered_by_two(access: Access) -> list[int]:
    """Let two hosts write the next number, 40 times each; return the numbers."""
    together = threading.Barrier(2)

    def write(n: int) -> None:
        with closing(open_shared(access)) as ledger:
            together.wait()
            for _ in range(40):
                with suppress(LedgerError), ledger.transaction():
                    found = ledger.rows("SELECT COUNT(*) FROM facts WHERE name LIKE 'n %'")[0][0]
                    ledger.write("INSERT INTO facts (name, value) VALUES (?, ?)", f"n {n} {_} {found}", found)

    writers = [threading.Thread(target=write, args=(n,)) for n in range(2)]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    with closing(open_shared(access)) as ledger:
        return sorted(int(n) for (n,) in ledger.rows("SELECT value FROM facts WHERE name LIKE 'n %'"))


def test_whoever_has_the_lock_sees_what_the_last_writer_wrote(access: Access) -> None:
    open_shared(access).close()
    assert _numbered_by_two(access) == [*range(80)]


def test_of_a_snapshot_before_the_lock_it_would_be_stale(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: an advisory lock is asked for by a statement, which sees what was before it."""
    open_shared(access).close()

    def begin(session: Session, standing: str) -> tuple[Any, ...]:
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE")
        session.execute("SELECT pg_advisory_xact_lock(1)")
        (row,) = session.execute(standing.encode()).fetchall()
        return (1, *row)

    monkeypatch.setattr(connect, "begin", begin)
    assert _numbered_by_two(access) != [*range(80)]


def test_without_the_lock_of_who_migrates_most_of_eight_would_fail(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control of eight that make the ledger at once."""
    failed = list[LedgerError]()
    monkeypatch.setattr(schema, "_lock", lambda *_given: None)
    together = threading.Barrier(8)

    def make() -> None:
        together.wait()
        try:
            open_shared(access).close()
        except LedgerError as error:
            failed.append(error)

    makers = [threading.Thread(target=make) for _ in range(8)]
    for one in makers:
        one.start()
    for one in makers:
        one.join()
    assert failed


def test_who_stands_still_in_a_transaction_is_put_out_and_does_not_write(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = vars(connect)["_SETTINGS"] | {"idle_in_transaction_session_timeout": "300ms"}
    monkeypatch.setattr(connect, "_SETTINGS", settings)
    with closing(open_shared(access)) as still, closing(open_shared(access)) as other:

        def stand_still() -> None:
            with still.transaction():
                still.write("INSERT INTO facts (name, value) VALUES ('still', '1')")
                with other.transaction():  # waits for the lock, until the server puts the first one out
                    other.write("INSERT INTO facts (name, value) VALUES ('other', '1')")
                still.write("INSERT INTO facts (name, value) VALUES ('still too', '1')")

        with pytest.raises(LostError):
            stand_still()
        found = {name for (name,) in other.rows("SELECT name FROM facts WHERE value = '1'")}
        assert found == {"other"}
        assert still.rows("SELECT 1") == [(1,)]


def _answered_while_a_table_is_held(access: Access, admin: Admin) -> tuple[dict[str, int], list[Exception]]:
    """Hold the messages as one does who compacts them, until who stores an answer has given up once."""
    failed, holds = list[Exception](), iter((True,))
    with closing(open_shared(access)) as ledger:
        mailing = new_mailing(ledger, 4)

        def hold() -> None:
            if next(holds, False):
                admin.execute("BEGIN")
                admin.execute(f"LOCK TABLE {access.schema}.messages IN ACCESS EXCLUSIVE MODE".encode())

        def send() -> None:
            try:
                send_all(ledger, mailing, Taker(before=hold))
            except LedgerError as error:
                failed.append(error)

        sender = threading.Thread(target=send)
        sender.start()
        waits = (
            "SELECT xact_start FROM pg_stat_activity, pg_stat_clear_snapshot() WHERE wait_event = 'relation'"
        )
        tries = set[object]()
        while sender.is_alive() and len(tries) < 2:
            tries.update(admin.execute(waits).fetchall())
            sender.join(0.02)
        admin.execute("ROLLBACK")
        sender.join()
        return states(ledger), failed


def test_who_finds_a_table_held_stores_the_answer_when_it_is_free(access: Access, admin: Admin) -> None:
    assert _answered_while_a_table_is_held(access, admin) == ({"accepted": 4}, [])


def test_as_any_other_error_it_would_cost_the_answer(
    access: Access, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr("smsctl.ledger.postgres.sentences._TAKEN_BACK", ())
    found, failed = _answered_while_a_table_is_held(access, admin)
    assert found == {"sending": 2, "pending": 2}
    assert failed


def _migrated_while_somebody_writes(
    access: Access, admin: Admin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> bool:
    """Bring the ledger up to date while a host is in the middle of a write; say whether that waited."""
    with closing(hosts.open_shared(access)) as ledger:
        newer = tmp_path / "9999_newer.sql"
        newer.write_text("ALTER TABLE audit ADD COLUMN newer TEXT;", encoding="utf-8")
        known = vars(schema)["_numbered"]()
        monkeypatch.setattr(schema, "_numbered", lambda: known | {9999: newer})
        migrating = threading.Thread(target=lambda: hosts.open_shared(access).close())
        waits = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = CAST(%s AS regclass)"
        with ledger.transaction():
            ledger.write("INSERT INTO facts (name, value) VALUES ('one', '1')")
            migrating.start()
            waited = False
            while migrating.is_alive() and not waited:
                waited = admin.execute(waits, (f"{access.schema}.writer",)).fetchone() is not None
            ledger.write("INSERT INTO facts (name, value) VALUES ('two', '2')")
        migrating.join()
        with pytest.raises(LedgerError, match="a newer smsctl has changed the ledger"), ledger.transaction():
            pass
        return waited


def test_a_ledger_is_brought_up_to_date_between_two_writes(
    access: Access, admin: Admin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _migrated_while_somebody_writes(access, admin, tmp_path, monkeypatch)


def test_without_the_lock_of_the_writers_it_would_change_under_one(
    access: Access, admin: Admin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(schema, "_lock_writer", lambda *_given: None)
    assert not _migrated_while_somebody_writes(access, admin, tmp_path, monkeypatch)


# What the server says


def test_a_full_disk_at_any_commit_costs_no_answer_and_sends_nothing_twice(
    access: Access, admin: Admin
) -> None:
    with closing(open_shared(access)) as ledger:
        admin.execute(f"SET search_path = {access.schema}".encode())
        admin.execute("CREATE TABLE full_at (row_ bigint)")
        admin.execute("CREATE SEQUENCE rows_")
        admin.execute(
            "CREATE FUNCTION be_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " IF nextval('rows_') = (SELECT row_ FROM full_at) THEN"
            " RAISE EXCEPTION 'No space: +46701740699' USING ERRCODE = '53100'; END IF; RETURN NULL; END $$"
        )
        for n in range(1, 7):  # batches are written and settled six times in all, in four commits
            mailing, gateway = new_mailing(ledger, 6, body=f"Hej {n}"), Taker()
            admin.execute("TRUNCATE full_at")
            admin.execute("SELECT setval('rows_', 1, false)")
            admin.execute("INSERT INTO full_at VALUES (%s)", (n,))
            admin.execute(
                "CREATE CONSTRAINT TRIGGER is_full AFTER INSERT OR UPDATE ON batches"
                " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION be_full()"
            )
            if n == 1:
                with pytest.raises(LedgerError, match="disk of the database is full") as told:
                    send_all(ledger, mailing, gateway)
                assert "+46701740699" not in f"{told.value} {told.value.hint}"
                assert not gateway.taken
            else:
                assert send_all(ledger, mailing, gateway).stop is StopReason.DISK
            admin.execute("DROP TRIGGER is_full ON batches")
            recovery.recover(ledger, now())
            send_all(ledger, mailing, gateway)
            assert set(gateway.taken.values()) == {1}
            found = ledger.rows("SELECT DISTINCT state FROM messages WHERE mailing = ?", mailing.id)
            assert found == [("accepted",)], n


def test_what_shares_sessions_between_here_and_the_server_is_refused(
    access: Access, cluster: Cluster
) -> None:
    """A pooler names a session of its own, and hands the statements to whichever of the server's is free."""
    line = CutLine(cluster.port)

    def other_session(said: bytes) -> bytes:
        where = said.find(b"K\0\0\0\x0c")
        return said if where < 0 else said[: where + 5] + struct.pack("!i", 4711) + said[where + 9 :]

    line.change = other_session
    with closing(line), pytest.raises(LedgerError, match="shares sessions") as refused:
        open_shared(through(access, line))
    assert refused.value.hint


def test_no_sentence_quotes_what_the_server_says() -> None:
    number, kinds = "+46701740699", 0
    for kind in vars(psycopg.errors).values():
        if isinstance(kind, type) and issubclass(kind, psycopg.Error):
            told = in_words(kind(f"Key (number)=({number}) already exists."), "here")
            assert number not in f"{told} {told.hint} {told.problems}"
            kinds += 1
    assert kinds > 200


class Garbled(Taker):
    """A gateway whose answers hold what no text should."""

    def submit(self, batch: Batch, *, not_after: float) -> Answer:
        answer = super().submit(batch, not_after=not_after)
        receipts = tuple(one._replace(gateway_id=f"id\0{one.reference}") for one in answer.receipts)
        return answer._replace(receipts=receipts, text="said\0 and more")


def test_a_nul_in_an_answer_costs_no_answer(access: Access) -> None:
    with closing(open_shared(access)) as ledger:
        gateway = Garbled()
        send_all(ledger, new_mailing(ledger, 3), gateway)
        assert states(ledger) == {Status.ACCEPTED: 3}
        must_be_true(ledger, gateway)
        assert ledger.rows("SELECT gateway_id FROM messages WHERE gateway_id LIKE ?", "id%")


# A server that crashes


def until_it_is_gone(cluster: Cluster) -> None:
    """Wait until the server has given back what a session held that was closed."""
    with psycopg.connect(cluster.url(), autocommit=True) as session:
        while session.execute("SELECT 1 FROM pg_stat_activity WHERE application_name = 'smsctl'").fetchall():
            pass


def crashed_in_doubt(access: Access, cluster: Cluster, gateway: Taker) -> Ledger:
    """The server loses its power before a COMMIT reaches it, and another host is the first to write again."""
    commits, line = count(1), CutLine(cluster.port)
    cluster.stop()
    cluster.start(wal_writer_delay="10s", autovacuum="off")  # nothing else writes, or takes a number

    def crashes(said: bytes) -> bool:
        if b"COMMIT\0" not in said or next(commits) != 2:
            return False
        line.is_open = False
        cluster.stop(signal.SIGQUIT)
        cluster.start(autovacuum="off")
        with closing(open_shared(access)) as other:
            recovery.recover(other, now())
            send_all(other, mailings.get(other, 1), gateway)
        until_it_is_gone(cluster)
        line.is_open = True
        return True

    with closing(line), closing(open_shared(through(access, line))) as ledger:
        mailing = new_mailing(ledger, 6)
        line.when = crashes
        with suppress(LedgerError):
            send_all(ledger, mailing, gateway)
        assert line.broken == 1
    return open_shared(access)


def test_after_a_crash_a_commit_in_doubt_is_not_taken_for_the_one_that_got_its_number(
    access: Access, cluster: Cluster
) -> None:
    gateway = Taker()
    with closing(crashed_in_doubt(access, cluster, gateway)) as later:
        assert set(gateway.taken.values()) == {1}
        must_be_true(later, gateway)
        assert states(later) == {"accepted": 6}


def test_by_its_number_it_would_be_and_the_batch_would_go_out_twice(
    access: Access, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control of the test above: the server gives the number of what it lost once more."""
    monkeypatch.setattr(connect, "MARK", "SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint)")
    status = "SELECT 1 WHERE pg_xact_status(CAST(CAST(? AS text) AS xid8)) = 'committed'"
    monkeypatch.setattr(identity, "MARK", status)
    gateway = Taker()
    with closing(crashed_in_doubt(access, cluster, gateway)):
        assert max(gateway.taken.values()) > 1
