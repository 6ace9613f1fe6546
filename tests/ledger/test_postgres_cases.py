"""Cases of a ledger on a server that each have a verdict, and what would be without the guard."""

import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from smsctl.actions.purge import finish_purge, purge
from smsctl.actions.stop_signal import StopReason
from smsctl.domain import database_address as address
from smsctl.domain.gateway import IsLate
from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Answer, Batch, Status
from smsctl.errors import LedgerError, say
from smsctl.host.clock import ClockReading
from smsctl.ledger import checking, fitness, hosts, mailings, openings, packages, recovery
from smsctl.ledger.purging import Decision, Reach
from smsctl.ledger.seam.sentences import LostError
from smsctl.ledger.seam.standing import Identity, Standing
from smsctl.ledger.store import Ledger

from .. import postgres_server
from ..postgres_server import Cluster
from . import sending
from .conftest import ACTOR, NOW, TOWN, on, open_shared
from .cut_line import CutLine
from .runs import Taker, end_session, let_commits_be_small, must_be_true, new_mailing, now, send_all, states

if why := postgres_server.why_none():
    pytest.skip(why, allow_module_level=True)

import psycopg
from psycopg.abc import PQGen
from psycopg.generators import send

from smsctl.ledger.postgres import compacting, connect, identity, schema
from smsctl.ledger.postgres import together as at_once
from smsctl.ledger.postgres.connect import Access, Session
from smsctl.ledger.postgres.engine import PostgresEngine
from smsctl.ledger.postgres.rights import Rights
from smsctl.ledger.postgres.sentences import NotNowError, in_words

_NUMBERS = count(1)
OLD = on("2026-08-01")
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


def of_another_host(access: Access) -> Access:
    state = access.state.with_name("other.db")
    state.touch(mode=0o600)
    return access._replace(state=state)


def at(access: Access, cluster: Cluster) -> Access:
    return access._replace(address=address.parse(cluster.url()))


# A server that takes over


class TakenOver(NamedTuple):
    """A mailing that is begun; when it is sent, a standby takes over in the middle of the second COMMIT."""

    ledger: Ledger
    line: CutLine
    mailing: Mailing
    standby: Cluster  # as of the beginning


@contextmanager
def taken_over_at_the_second_commit(
    access: Access, cluster: Cluster, *, arrives: bool
) -> Iterator[TakenOver]:
    """`arrives`: whether that COMMIT still gets to the server from which the standby takes over."""
    line, commits = CutLine(cluster.port), count(1)
    line.arrives = arrives
    with ExitStack() as around:
        around.callback(line.close)
        ledger = open_shared(through(access, line))
        around.callback(ledger.close)
        mailing, standby = new_mailing(ledger, 6), cluster.standby()
        standby.start(hot_standby="on", primary_conninfo="", restore_command="false")
        around.callback(standby.stop)
        standby.promote()

        def takes_over(said: bytes) -> bool:
            if b"COMMIT\0" not in said or next(commits) != 2:
                return False
            line.turn_to(standby.port)
            return True

        line.when = takes_over
        yield TakenOver(ledger=ledger, line=line, mailing=mailing, standby=standby)


@pytest.mark.parametrize("arrives", [False, True], ids=["lost on the way", "done, its answer lost"])
def test_a_commit_in_doubt_is_not_asked_of_a_server_that_took_over(
    *, arrives: bool, access: Access, cluster: Cluster
) -> None:
    """Its number of a transaction may be anything there, and what it says of it means nothing."""
    gateway = Taker()
    with taken_over_at_the_second_commit(access, cluster, arrives=arrives) as (
        ledger,
        line,
        mailing,
        standby,
    ):
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
            with pytest.raises(LedgerError, match="seen that another server took over from this one"):
                send_all(here, mailings.get(here, mailing.id), gateway)
        with closing(open_shared(of_another_host(access))) as other:
            recovery.recover(other, now())
            send_all(other, mailings.get(other, mailing.id), gateway)
            assert set(gateway.taken.values()) == {1}
            assert states(other) == {"unknown": 2, "accepted": 4}


def test_without_the_identity_one_that_took_over_would_be_asked(
    access: Access, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: it knows nothing of what was committed, and the batch is handed out there too."""
    stood = identity.stood

    def nobody_tells(access: Access, read: ClockReading, row: Sequence[Any] | None) -> Standing:
        nothing = Identity(system="1", timeline="1", database=1, facts=1, lineage="")
        return stood(access, read, row)._replace(identity=nothing)

    monkeypatch.setattr(identity, "stood", nobody_tells)
    for besides in ("_own_doubt", "_stop_all"):
        monkeypatch.setattr(hosts, besides, lambda *_given: None)
    monkeypatch.setattr(hosts, "watched", nullcontext)
    gateway = Taker()
    with taken_over_at_the_second_commit(access, cluster, arrives=True) as taken:
        ledger, line, mailing, standby = taken
        with suppress(LedgerError):
            send_all(ledger, mailing, gateway)
        line.when = lambda _said: False
        with closing(open_shared(at(access, standby))) as there:
            send_all(there, mailings.get(there, mailing.id), gateway)
    assert 2 in gateway.taken.values()


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


def test_who_reads_is_told_by_the_primary_and_by_a_standby_only_where_nobody_else_answers(
    access: Access, cluster: Cluster
) -> None:
    """A standby may be behind, and come first in the config."""
    with closing(open_shared(access)) as ledger:
        standby = cluster.standby()
        send_all(ledger, new_mailing(ledger, 2), Taker())
    standby.start(hot_standby="on", primary_conninfo="", restore_command="false")
    behind, first = at(access, standby).address, at(access, cluster).address
    both = behind._replace(servers=(*behind.servers, *first.servers))
    try:
        found = hosts.read_shared(access._replace(address=both))
        assert found
        with closing(found) as reader:
            assert states(reader) == {"accepted": 2}
            fitness.must_be_fit(reader, now())
        nobody = address.Server(host="127.0.0.1", port=1)
        found = hosts.read_shared(access._replace(address=both._replace(servers=(nobody, *behind.servers))))
        assert found
        with closing(found) as reader:
            assert states(reader) == {}
            with pytest.raises(LedgerError, match="only a standby answers"):
                fitness.must_be_fit(reader, now())
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


# A line that breaks, and a server that stops


def _begun_over_a_line_that_breaks(
    access: Access, cluster: Cluster, monkeypatch: pytest.MonkeyPatch, how: str, every: int
) -> None:
    """Break the line at each request of an activation and of a mailing in pieces: it is all or nothing."""
    let_commits_be_small(monkeypatch, rows=5)
    monkeypatch.setattr("smsctl.actions.begin.ROWS_IN_A_COMMIT", 5)
    line = CutLine(cluster.port)
    line.by_half, line.arrives = how == "by half", how == "done"
    with closing(line), closing(open_shared(access)) as here:
        for at in count(1, every):
            town, broken, seen = TOWN._replace(key=f"town{at}"), line.broken, count(1)
            with closing(open_shared(through(access, line))) as there:
                line.when = partial(_is_the, at, seen)
                told = False
                with suppress(LedgerError):
                    new_mailing(there, 12, town=town)
                    told = True
                line.when = lambda _said: False
            while here.number("SELECT COUNT(*) FROM openings"):  # until the session that broke has ended
                list(openings.clear(here))
            of_town = "SELECT messages FROM mailings WHERE municipality = ?"
            assert here.column(of_town, town.key) == [12] * told, at
            if not told:
                new_mailing(here, 12, town=town)  # what a person does then
            assert here.rows("SELECT COUNT(*) FROM packages WHERE municipality = ?", town.key) == [(1,)], at
            assert here.number("SELECT COUNT(*) FROM messages") == sum(
                here.column("SELECT messages FROM mailings")
            )
            if line.broken == broken:
                break
        assert at > 5
        assert checking.check(here) == ()


def _is_the(at: int, seen: Iterator[int], _said: bytes) -> bool:
    return next(seen) == at


@pytest.mark.parametrize("how", ["lost", "by half", "done"])
def test_a_line_that_breaks_leaves_a_mailing_begun_or_not_and_an_activation_invoiced_once(
    how: str,
    access: Access,
    cluster: Cluster,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    every = 1 if request.config.getoption("--long") else 15
    _begun_over_a_line_that_breaks(access, cluster, monkeypatch, how, every)


def never_asks(self: PostgresEngine, mark: int | None, *, patient: bool) -> None:
    raise LostError(say("{path}", path="lost"))


def test_without_the_question_a_mailing_would_be_begun_that_was_said_not_to_be(
    access: Access, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: the answer to the second COMMIT is lost, after that of the activation."""
    monkeypatch.setattr(PostgresEngine, "_ask_of", never_asks)
    line, commits = CutLine(cluster.port), count(1)
    line.arrives = True
    with closing(line), closing(open_shared(through(access, line))) as ledger:
        line.when = lambda said: b"COMMIT\0" in said and next(commits) == 2
        with pytest.raises(LedgerError):
            new_mailing(ledger, 2)
        with ledger.transaction():  # with the lock: the session that broke has ended
            assert states(ledger) == {"pending": 2}


def _sent_while_the_server_stops_at_once(access: Access, cluster: Cluster, at: int) -> tuple[Ledger, Taker]:
    """Stop the server at this COMMIT of a run, before it is done or when it is."""
    line, commits, done, gateway = CutLine(cluster.port), count(1), count(1), Taker()

    def stop() -> None:
        cluster.stop(signal.SIGQUIT)
        cluster.start()
        with psycopg.connect(cluster.url(), autocommit=True) as other:  # takes the numbers that were lost
            for _ in range(20):
                other.execute("SELECT pg_current_xact_id()")

    def before(said: bytes) -> bool:
        if b"COMMIT\0" not in said or at % 2 or next(commits) != at // 2 + 1:
            return False
        stop()
        return True

    def after(said: bytes) -> bytes:
        if b"COMMIT\0" not in said or not at % 2 or next(done) != at // 2 + 1:
            return said
        stop()
        return b""

    with closing(line), closing(open_shared(through(access, line))) as there:
        mailing = new_mailing(there, 6, body=f"Hej {at}")
        line.when, line.change = before, after
        with suppress(LedgerError):
            send_all(there, mailing, gateway)
    with ExitStack() as unless_well:
        ledger = open_shared(access)
        unless_well.callback(ledger.close)
        recovery.recover(ledger, now())
        send_all(ledger, mailing, gateway)
        unless_well.pop_all()
    return ledger, gateway


def test_a_server_that_stops_at_once_at_a_commit_sends_nothing_twice_and_loses_no_answer(
    access: Access, cluster: Cluster, request: pytest.FixtureRequest
) -> None:
    for at in range(50) if request.config.getoption("--long") else (2, 3):
        ledger, gateway = _sent_while_the_server_stops_at_once(access, cluster, at % 8)
        with closing(ledger):
            assert set(gateway.taken.values()) == {1}
            assert len(gateway.taken) == 6
            assert [*states(ledger)] == ["accepted"]
            assert checking.check(ledger) == ()


def test_without_the_question_its_answers_would_be_lost(
    access: Access, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(PostgresEngine, "_ask_of", never_asks)
    ledger, _ = _sent_while_the_server_stops_at_once(access, cluster, 3)
    with closing(ledger):
        assert states(ledger) != {"accepted": 6}


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


class _Asking(psycopg.Pipeline):
    """Asks for the answers when they are there."""

    def _fetch_gen(self, *, flush: bool) -> PQGen[None]:
        yield from super()._fetch_gen(flush=False)
        self.pgconn.send_flush_request()
        yield from send(self.pgconn)


def _stands_still(ledger: Ledger, admin: Admin, *, after: str) -> bool:
    """Let the ledger stand still after what it sends together; say whether the server puts it out."""
    ((pid,),), is_out = ledger.rows("SELECT pg_backend_pid()"), False
    with suppress(LostError), ledger.transaction():
        if after == "statements":
            ledger.rows("SELECT 1")
            ledger.write_later("INSERT INTO facts (name, value) VALUES ('still', '1')")
            ledger.rows("SELECT 1")
        until_s = time.monotonic() + 3
        while not is_out and time.monotonic() < until_s:
            time.sleep(0.05)
            is_out = not admin.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", (pid,)).fetchall()
    return is_out


@pytest.mark.parametrize("after", ["beginning", "statements"])
@pytest.mark.parametrize("is_guarded", [True, False])
def test_who_stands_still_after_what_it_sent_together_is_put_out(
    access: Access, admin: Admin, monkeypatch: pytest.MonkeyPatch, after: str, *, is_guarded: bool
) -> None:
    """Not guarded, the negative control: as the driver ends it unless the server is quicker."""
    settings = vars(connect)["_SETTINGS"] | {"idle_in_transaction_session_timeout": "300ms"}
    monkeypatch.setattr(connect, "_SETTINGS", settings)
    if not is_guarded:
        monkeypatch.setattr(at_once, "_Together", _Asking)
    with closing(open_shared(access)) as ledger:
        assert _stands_still(ledger, admin, after=after) is is_guarded


def _written_after_a_long_wait(access: Access, admin: Admin) -> None:
    """Hold the lock of all writers until who waits for it has asked often; in each of several states."""
    for before in range(6):
        with closing(open_shared(access._replace(busy_timeout_s=0.02))) as ledger:
            for _ in range(before):
                with ledger.transaction():
                    ledger.keep_fact("written", "before")
            for after in ("once", "twice"):
                admin.execute("BEGIN")
                admin.execute(f"LOCK TABLE {access.schema}.writer IN EXCLUSIVE MODE".encode())
                free = threading.Timer(0.3, admin.execute, ("ROLLBACK",))
                free.start()
                try:
                    with ledger.transaction(patient=True):
                        ledger.keep_fact("written", after)
                finally:
                    free.join()
                assert ledger.fact("written") == after


def test_who_waits_long_for_the_lock_writes_when_it_is_free(access: Access, admin: Admin) -> None:
    _written_after_a_long_wait(access, admin)


def test_what_was_prepared_in_vain_would_be_named(
    access: Access, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: the driver does not forget it at a word that it has said before."""
    monkeypatch.setattr(connect, "roll_back", lambda session: session.execute("ROLLBACK"))
    with pytest.raises(LedgerError, match="26000"):
        _written_after_a_long_wait(access, admin)


def _answered_while_a_table_is_held(
    access: Access, admin: Admin, *, cancel: bool = False
) -> tuple[dict[str, int], list[Exception]]:
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
        waits = "SELECT xact_start FROM pg_stat_activity WHERE wait_event = 'relation'"
        tries = set[object]()
        while sender.is_alive() and len(tries) < 2:
            if cancel:
                admin.execute(
                    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'relation'"
                )
            admin.execute("SELECT pg_stat_clear_snapshot()")  # else `xact_start` may be an earlier one's
            tries.update(admin.execute(waits).fetchall())
            sender.join(0.02)
        admin.execute("ROLLBACK")
        sender.join()
        return states(ledger), failed


def test_who_finds_a_table_held_stores_the_answer_when_it_is_free(access: Access, admin: Admin) -> None:
    assert _answered_while_a_table_is_held(access, admin) == ({"accepted": 4}, [])


def test_who_is_cancelled_meanwhile_stores_the_answer_too(access: Access, admin: Admin) -> None:
    assert _answered_while_a_table_is_held(access, admin, cancel=True) == ({"accepted": 4}, [])


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
                time.sleep(0.001)
            ledger.write("INSERT INTO facts (name, value) VALUES ('two', '2')")
        migrating.join()
        with pytest.raises(LedgerError, match="a newer smsctl has changed the ledger"), ledger.transaction():
            pass
        return waited


def test_a_ledger_is_brought_up_to_date_between_two_writes(
    access: Access, admin: Admin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _migrated_while_somebody_writes(access, admin, tmp_path, monkeypatch)


def _upgraded_on_a_slow_server(access: Access, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Bring the ledger up to date where that takes longer than a statement may; return its version."""
    hosts.open_shared(access).close()
    newer = tmp_path / "9999_newer.sql"
    newer.write_text("SELECT pg_sleep(0.6);", encoding="utf-8")
    known = vars(schema)["_numbered"]()
    monkeypatch.setattr(schema, "_numbered", lambda: known | {9999: newer})
    with closing(connect.connect(access)) as session:
        session.execute("SET statement_timeout = '200ms'")
        with suppress(psycopg.errors.QueryCanceled):
            schema.migrate(session, access.schema, "here", wait_s=5)
        assert session.execute("SHOW statement_timeout").fetchone() == ("200ms",)
        return schema.version_of(session)


def test_a_ledger_is_brought_up_to_date_however_long_that_takes(
    access: Access, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _upgraded_on_a_slow_server(access, tmp_path, monkeypatch) == 9999


def test_by_the_time_of_a_statement_it_would_stay_as_it_was(
    access: Access, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(schema, "TO_THE_END", "SELECT CAST(%s AS boolean)")
    assert _upgraded_on_a_slow_server(access, tmp_path, monkeypatch) < 9999


def test_without_the_lock_of_the_writers_it_would_change_under_one(
    access: Access, admin: Admin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(schema, "_lock_writer", lambda *_given: None)
    assert not _migrated_while_somebody_writes(access, admin, tmp_path, monkeypatch)


def _told_of_other_columns(access: Access, admin: Admin) -> str:
    """Return what a host is told that waits, and only reads, while a newer smsctl adds a column."""
    with closing(hosts.open_shared(access)) as ledger:
        for _ in range(4):  # it is prepared by then
            ledger.records("SELECT * FROM mailings WHERE id = ?", 1)
        admin.execute(f"ALTER TABLE {access.schema}.mailings ADD COLUMN newer TEXT".encode())
        with pytest.raises(LedgerError) as told:
            ledger.records("SELECT * FROM mailings WHERE id = ?", 1)
        return str(told.value)


def test_who_only_reads_is_told_of_a_newer_smsctl(access: Access, admin: Admin) -> None:
    assert f"{access.address.shown}: a newer smsctl has changed" in _told_of_other_columns(access, admin)


def test_by_its_code_alone_nobody_would_know_what_it_is(
    access: Access, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smsctl.ledger.postgres.sentences._OTHER_COLUMNS", "")
    assert "SQLSTATE 0A000" in _told_of_other_columns(access, admin)


# What the server says


@pytest.fixture
def fill(access: Access, admin: Admin) -> Callable[[int], None]:
    """What makes the server's disk full at the commit that writes this row of batches; 0 gives it room."""
    open_shared(access).close()
    admin.execute(f"SET search_path = {access.schema}".encode())
    admin.execute("CREATE TABLE full_at (row_ bigint)")
    admin.execute("CREATE SEQUENCE rows_")
    admin.execute(
        "CREATE FUNCTION be_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF nextval('rows_') = (SELECT row_ FROM full_at) THEN"
        " RAISE EXCEPTION 'No space: +46701740699' USING ERRCODE = '53100'; END IF; RETURN NULL; END $$"
    )

    def at_row(n: int) -> None:
        admin.execute("DROP TRIGGER IF EXISTS is_full ON batches")
        admin.execute("TRUNCATE full_at")
        admin.execute("SELECT setval('rows_', 1, false)")
        admin.execute("INSERT INTO full_at VALUES (%s)", (n,))
        if n:
            admin.execute(
                "CREATE CONSTRAINT TRIGGER is_full AFTER INSERT OR UPDATE ON batches"
                " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION be_full()"
            )

    return at_row


def test_a_full_disk_at_any_commit_costs_no_answer_and_sends_nothing_twice(
    access: Access, fill: Callable[[int], None]
) -> None:
    with closing(open_shared(access)) as ledger:
        for n in range(1, 7):  # batches are written and settled six times in all, in four commits
            mailing, gateway = new_mailing(ledger, 6, body=f"Hej {n}"), Taker()
            fill(n)
            if n == 1:
                with pytest.raises(LedgerError, match="disk of the database is full") as told:
                    send_all(ledger, mailing, gateway)
                assert "+46701740699" not in f"{told.value} {told.value.hint}"
                assert not gateway.taken
            else:
                assert send_all(ledger, mailing, gateway).stop is StopReason.DISK
            fill(0)
            recovery.recover(ledger, now())
            send_all(ledger, mailing, gateway)
            assert set(gateway.taken.values()) == {1}
            found = ledger.rows("SELECT DISTINCT state FROM messages WHERE mailing = ?", mailing.id)
            assert found == [("accepted",)], n


def test_a_full_disk_that_is_any_error_costs_an_answer(
    access: Access, fill: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: the answers are stored alone, without what was to be sent next."""
    monkeypatch.setattr("smsctl.ledger.postgres.sentences.FullError", LedgerError)
    with closing(open_shared(access)) as ledger:
        mailing = new_mailing(ledger, 6)
        fill(3)
        with pytest.raises(LedgerError, match="disk of the database is full"):
            send_all(ledger, mailing, Taker())
        assert states(ledger)["sending"]


def _answered_when_no_connection_is_left(
    access: Access, cluster: Cluster, admin: Admin
) -> tuple[dict[str, int], list[LedgerError]]:
    """End the session while a request is under way; somebody else takes the last connection for a while."""
    role, failed = f"few_{os.getpid()}_{next(_NUMBERS)}", list[LedgerError]()
    admin.execute(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 1".encode())
    admin.execute(f"CREATE SCHEMA {access.schema} AUTHORIZATION {role}".encode())
    few = access._replace(address=address.parse(cluster.url(user=role)), busy_timeout_s=0.2)
    ends, taken = iter((True,)), list[Admin]()

    def end_it() -> None:
        if next(ends, False):
            end_session(admin, ledger)
            taken.append(psycopg.connect(**connect.parameters(few)))

    def free() -> None:
        for one in taken:
            one.close()

    with closing(open_shared(few)) as ledger:
        mailing = new_mailing(ledger, 4)
        ledger.engine.on_wait = lambda _sentence: free()
        try:
            send_all(ledger, mailing, Taker(before=end_it))
        except LedgerError as error:
            failed.append(error)
        free()
        while True:  # the server may not have noticed yet that it is free
            with suppress(LedgerError):
                return states(ledger), failed


def test_an_answer_waits_until_the_server_takes_a_connection(
    access: Access, cluster: Cluster, admin: Admin
) -> None:
    found, _ = _answered_when_no_connection_is_left(access, cluster, admin)
    assert found == {"accepted": 4}


def test_who_does_not_wait_for_a_connection_loses_the_answer(
    access: Access, cluster: Cluster, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    reconnect = vars(PostgresEngine)["_reconnect"]

    def at_once(engine: PostgresEngine) -> None:
        try:
            reconnect(engine)
        except NotNowError as error:
            raise error.told from None

    monkeypatch.setattr(PostgresEngine, "_reconnect", at_once)
    found, failed = _answered_when_no_connection_is_left(access, cluster, admin)
    assert found == {"sending": 2, "pending": 2}
    assert "takes no more connections" in str(failed[0])


@pytest.fixture
def shared_session(access: Access, cluster: Cluster) -> Iterator[Access]:
    """A way to the server by a pooler: it names a session of its own, and hands on the statements."""
    line = CutLine(cluster.port)

    def other_session(said: bytes) -> bytes:
        where = said.find(b"K\0\0\0\x0c")
        return said if where < 0 else said[: where + 5] + struct.pack("!i", 4711) + said[where + 9 :]

    line.change = other_session
    with closing(line):
        yield through(access, line)


def test_what_shares_sessions_between_here_and_the_server_is_refused(shared_session: Access) -> None:
    with pytest.raises(LedgerError, match="shares sessions") as refused:
        open_shared(shared_session)
    assert refused.value.hint


def test_without_that_look_it_would_be_taken(shared_session: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control; what comes of it is shown by a real pooler, below."""
    monkeypatch.setattr(connect, "_refuse", lambda *_given, **_named: None)
    with closing(open_shared(shared_session)) as ledger:
        assert ledger.rows("SELECT 1") == [(1,)]


def test_one_that_knows_nothing_of_our_settings_is_called_a_pooler(access: Access) -> None:
    """As pgbouncer answers that is set up as it comes: no server is missing there."""
    said = b"SFATAL\0C08P01\0Munsupported startup parameter: options\0\0"
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            client, _ = listening.accept()
            with client:
                client.recv(1 << 16)
                client.sendall(b"E" + struct.pack("!i", 4 + len(said)) + said)

        answering = threading.Thread(target=answer)
        answering.start()
        server = address.Server(host="127.0.0.1", port=listening.getsockname()[1])
        there = access._replace(address=access.address._replace(servers=(server,)))
        with pytest.raises(LedgerError, match="shares sessions"):
            connect.connect(there)
        answering.join()


@contextmanager
def bouncer(cluster: Cluster, mode: str, *settings: str) -> Iterator[int]:
    """Run pgbouncer with one connection to the server; yields its port."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    if program is None:
        pytest.skip("pgbouncer is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    file = cluster.folder / f"bouncer{next(_NUMBERS)}.ini"
    lines = (
        *("[databases]", f"* = user=owner host=127.0.0.1 port={cluster.port}", "[pgbouncer]"),
        *("listen_addr = 127.0.0.1", f"listen_port = {port}", "unix_socket_dir =", "auth_type = any"),
        *(f"pool_mode = {mode}", "default_pool_size = 1", *settings),
    )
    file.write_text("\n".join((*lines, "")), encoding="utf-8")
    cluster.own(file)
    with subprocess.Popen([*postgres_server.as_nobody(), program, "-q", str(file)]) as running:
        try:
            until_s = time.monotonic() + 30
            while True:
                with suppress(ConnectionError):
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                assert running.poll() is None
                assert time.monotonic() < until_s
                time.sleep(0.01)
            yield port
        finally:
            running.kill()


KNOWS_OPTIONS = "ignore_startup_parameters = options"


@pytest.mark.parametrize("mode", ["session", "transaction"])
@pytest.mark.parametrize("settings", [(), (KNOWS_OPTIONS,)], ids=["as it comes", "without our settings"])
def test_a_pooler_is_refused_however_it_is_set_up(
    settings: tuple[str, ...], mode: str, access: Access, cluster: Cluster
) -> None:
    with bouncer(cluster, mode, *settings) as port:
        server = address.Server(host="127.0.0.1", port=port)
        there = access._replace(address=access.address._replace(servers=(server,)))
        with pytest.raises(LedgerError, match="shares sessions"):
            open_shared(there)


def test_behind_a_pooler_two_hosts_would_have_one_right_to_send(
    access: Access, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(connect, "_refuse", lambda *_given, **_named: None)
    with bouncer(cluster, "transaction", KNOWS_OPTIONS) as port:
        server = address.Server(host="127.0.0.1", port=port)
        there = access._replace(address=access.address._replace(servers=(server,)))
        with closing(connect.connect(there)) as one, closing(connect.connect(there)) as two:
            assert [Rights("x").take(session, "a") for session in (one, two)] == [True, True]


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

    def __init__(self, odd: str) -> None:
        super().__init__()
        self._odd = odd

    def submit(self, batch: Batch, *, is_late: IsLate) -> Answer:
        answer = super().submit(batch, is_late=is_late)
        receipts = tuple(one._replace(gateway_id=f"id{self._odd}{one.reference}") for one in answer.receipts)
        return answer._replace(receipts=receipts, text=f"said{self._odd} and more")


ODD = pytest.mark.parametrize("odd", ["\0", "\ud800", "å\udc00"], ids=["NUL", "half a pair", "and a letter"])


@ODD
def test_what_is_no_text_in_an_answer_costs_no_answer(odd: str, ledger: Ledger) -> None:
    gateway = Garbled(odd)
    send_all(ledger, new_mailing(ledger, 3), gateway)
    assert states(ledger) == {Status.ACCEPTED: 3}
    must_be_true(ledger, gateway)
    assert ledger.rows("SELECT gateway_id FROM messages WHERE gateway_id LIKE ?", "id%")


@ODD
def test_as_it_is_it_would_cost_the_answer(odd: str, access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    for place in ("store", "postgres.dialect", "postgres.statements"):
        monkeypatch.setattr(f"smsctl.ledger.{place}.storable", lambda values: values)
    with closing(open_shared(access)) as ledger:
        with pytest.raises((LedgerError, UnicodeEncodeError)):
            send_all(ledger, new_mailing(ledger, 3), Garbled(odd))
        assert states(ledger)["sending"]


# A server that crashes


def until_it_is_gone(cluster: Cluster) -> None:
    """Wait until the server has given back what a session held that was closed."""
    with psycopg.connect(cluster.url(), autocommit=True) as session:
        while session.execute("SELECT 1 FROM pg_stat_activity WHERE application_name = 'smsctl'").fetchall():
            time.sleep(0.001)


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


# What is purged


CANARY = "Canary Öberg"


def _left_after_a_purge(access: Access, admin: Admin, cluster: Cluster) -> set[str]:
    """Purge a mailing of long ago; return in which of the server's files and statistics a name is left."""
    with closing(open_shared(access)) as ledger:
        sending.activate(ledger, moment=OLD)
        mailing = sending.begin(ledger, 200, moment=OLD)
        sending.settle(ledger, mailing, sending.claim(ledger, mailing, 200, moment=OLD), moment=OLD)
        with ledger.transaction():
            ledger.write("UPDATE messages SET name = ?", CANARY)
        admin.execute(f"ANALYZE {access.schema}.messages".encode())  # as the server does by itself
        assert "messages" in _left(access, admin, cluster)
        reach = Reach(municipalities=frozenset({TOWN.key}), strays=True)
        decision = Decision(reference="KS 2026/123", before="2026-08-24T08:00:00.000Z", reach=reach)
        purge(ledger, decision, NOW, ACTOR, lambda _done: None)
    return _left(access, admin, cluster)


def _left(access: Access, admin: Admin, cluster: Cluster) -> set[str]:
    admin.execute("CHECKPOINT")
    files = admin.execute(
        "SELECT relname, pg_relation_filepath(oid) FROM pg_class"
        " WHERE relnamespace = CAST(%s AS regnamespace) AND relkind IN ('r', 'i', 't')",
        (access.schema,),
    ).fetchall()
    found = {name for name, file in files if CANARY.encode() in (cluster.data / file).read_bytes()}
    known = "SELECT 1 FROM pg_stats WHERE schemaname = %s AND CAST(most_common_vals AS text) LIKE %s"
    return found | (
        {"statistics"} if admin.execute(known, (access.schema, f"%{CANARY}%")).fetchone() else set()
    )


def test_what_is_purged_is_in_no_file_of_a_table_and_in_no_statistics(
    access: Access, admin: Admin, cluster: Cluster
) -> None:
    assert _left_after_a_purge(access, admin, cluster) == set()


def test_where_the_tables_are_not_written_anew_it_would_be(
    access: Access, admin: Admin, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(PostgresEngine, "compact", lambda _engine: None)
    monkeypatch.setattr(schema, "_NO_STATISTICS", "SELECT 1")
    assert _left_after_a_purge(access, admin, cluster) == {"messages", "statistics"}


@pytest.fixture
def reader(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Admin]:
    """Somebody who looks at the database as it was when they began: a report, a query on a standby."""
    monkeypatch.setattr(compacting, "_PAUSES_S", (0.0, 0.0))
    with psycopg.connect(cluster.url(), autocommit=True) as session:
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        session.execute("SELECT 1 FROM pg_class LIMIT 1")
        yield session


def test_a_purge_tells_of_a_reader_for_whom_what_it_removed_is_kept(
    reader: Admin, access: Access, admin: Admin, cluster: Cluster
) -> None:
    with pytest.raises(LedgerError, match="somebody reads the database as it was before") as told:
        _left_after_a_purge(access, admin, cluster)
    assert told.value.hint
    assert _left(access, admin, cluster) == {"messages"}
    reader.execute("ROLLBACK")
    with closing(open_shared(access)) as ledger:
        assert finish_purge(ledger)
        assert not finish_purge(ledger)
    assert _left(access, admin, cluster) == set()


def test_without_asking_the_server_it_would_end_as_if_all_were_gone(
    reader: Admin, access: Access, admin: Admin, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    assert reader
    monkeypatch.setattr(compacting, "_KEPT", re.compile("nothing that a server says"))
    assert _left_after_a_purge(access, admin, cluster) == {"messages"}


@pytest.fixture
def not_the_owner(access: Access, admin: Admin) -> Iterator[Access]:
    """The way of a role that may read and write all rows of tables that whoever put them back owns."""
    open_shared(access).close()
    role, schema = f"no_owner_{os.getpid()}", access.schema
    admin.execute(f"CREATE ROLE {role} LOGIN".encode())
    admin.execute(f"GRANT USAGE ON SCHEMA {schema} TO {role}".encode())
    rights = f"SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema}"
    admin.execute(f"GRANT {rights} TO {role}".encode())
    yield access._replace(address=access.address._replace(user=role))
    admin.execute(f"DROP OWNED BY {role}".encode())
    admin.execute(f"DROP ROLE {role}".encode())


def test_a_purge_tells_of_tables_that_another_role_owns(
    not_the_owner: Access, access: Access, admin: Admin, cluster: Cluster
) -> None:
    """The server leaves out what it was told to write anew, warns, and goes on."""
    with pytest.raises(LedgerError, match="was not written anew and keeps what was removed") as told:
        _left_after_a_purge(not_the_owner, admin, cluster)
    assert "OWNER TO" in str(told.value.hint)
    assert _left(access, admin, cluster) == {"messages"}
    with closing(open_shared(access)) as ledger:
        assert finish_purge(ledger)
    assert _left(access, admin, cluster) == set()


def test_without_hearing_its_warning_the_purge_would_end_as_if_all_were_gone(
    not_the_owner: Access, admin: Admin, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(compacting, "_WARNS", "nothing that a server says")
    assert _left_after_a_purge(not_the_owner, admin, cluster) == {"messages"}


@pytest.fixture
def ends_with_the_pause(reader: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader has gone by the third look, as the server itself has that looks for its statistics."""
    monkeypatch.setattr(compacting, "_PAUSES_S", (0.0, 0.0, 0.5))
    monkeypatch.setattr(compacting, "sleep", lambda pause_s: reader.execute("ROLLBACK") if pause_s else None)


@pytest.mark.usefixtures("ends_with_the_pause")
def test_a_purge_waits_for_who_reads_for_a_moment(access: Access, admin: Admin, cluster: Cluster) -> None:
    assert _left_after_a_purge(access, admin, cluster) == set()


@pytest.mark.usefixtures("ends_with_the_pause")
def test_looking_twice_at_once_it_would_give_up(
    access: Access, admin: Admin, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(compacting, "_PAUSES_S", (0.0, 0.0))
    with pytest.raises(LedgerError, match="somebody reads the database as it was before"):
        _left_after_a_purge(access, admin, cluster)


CLEANED_UP_FOR_S = 0.2
"""How long the server lets its own cleaning up of a table go on that somebody waits for: it asks then."""


@pytest.fixture
def cleaned_up(
    access: Access, cluster: Cluster, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Ledger]:
    """A ledger in whose messages the server itself cleans up, until somebody has waited for so long."""
    monkeypatch.setitem(connect._SETTINGS, "deadlock_timeout", f"{CLEANED_UP_FOR_S:g}s")  # noqa: SLF001
    waits = "SELECT 1 FROM pg_locks WHERE NOT granted AND clock_timestamp() - waitstart > %s"
    is_over = threading.Event()

    def clean_up() -> None:
        with psycopg.connect(cluster.url()) as worker:
            worker.execute(f"LOCK TABLE {access.schema}.messages IN SHARE UPDATE EXCLUSIVE MODE".encode())
            works.set()
            while not is_over.is_set():
                if admin.execute(waits, (timedelta(seconds=CLEANED_UP_FOR_S),)).fetchone():
                    return
                time.sleep(0.01)

    with closing(open_shared(access._replace(busy_timeout_s=CLEANED_UP_FOR_S))) as ledger:
        works, worker = threading.Event(), threading.Thread(target=clean_up)
        worker.start()
        assert works.wait(10)
        yield ledger
        is_over.set()
        worker.join()


def test_a_purge_sends_away_the_server_that_cleans_up_after_it(cleaned_up: Ledger) -> None:
    """A large purge is what it begins to clean up after: else there is an end to neither for minutes."""
    cleaned_up.compact()


def test_waiting_no_longer_than_the_server_it_would_be_refused(
    cleaned_up: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(compacting, "_LONGER", "SELECT 1")
    with pytest.raises(LedgerError, match="the ledger is busy"):
        cleaned_up.compact()


@pytest.fixture
def tables_of_millions(access: Access, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """A ledger that takes longer to write anew than any statement may take: it is asked whether it may."""
    is_ended = "current_setting('statement_timeout') <> '0'"
    slowly = f"DO $$ BEGIN PERFORM 1 FROM {{}}; IF {is_ended} THEN RAISE query_canceled; END IF; END $$"
    monkeypatch.setattr(compacting, "_ANEW", slowly)
    with closing(open_shared(access)) as ledger:
        yield ledger


def test_a_table_of_millions_is_written_anew_to_its_end(tables_of_millions: Ledger) -> None:
    tables_of_millions.compact()
    assert tables_of_millions.rows("SELECT current_setting('statement_timeout')") == [("10min",)]


def test_else_no_purge_would_ever_end(tables_of_millions: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    monkeypatch.setattr(schema, "TO_THE_END", "SELECT CAST(%s AS boolean)")
    with pytest.raises(LedgerError):
        tables_of_millions.compact()


LONGEST = "SELECT current_setting('transaction_timeout', true)"
"""How long the server lets a transaction take; before version 17 it does not ask."""


def test_what_is_looked_at_as_of_one_moment_may_take_as_long_as_it_takes(access: Access) -> None:
    with closing(open_shared(access)) as ledger, closing(ledger.copied(lambda *_: None)) as copy:
        assert copy.rows(LONGEST) in ([("0",)], [(None,)])


def test_else_a_large_ledger_could_not_be_checked(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    monkeypatch.setattr(connect, "connect_for_long", connect.connect)
    with closing(open_shared(access)) as ledger, closing(ledger.copied(lambda *_: None)) as copy:
        assert copy.rows(LONGEST) in ([("5min",)], [(None,)])
