"""What a ledger on a server promises, whatever line breaks, whichever database answers, whoever sets it."""

import os
import re
import socketserver
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from functools import partial
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from smsctl.errors import ConfigError, LedgerError, SmsctlError, say
from smsctl.ledger import lock, mailings, recovery
from smsctl.ledger.belonging import Invariant
from smsctl.ledger.invariants import RULES
from smsctl.ledger.seam.sentences import LostError, OutOfDateError
from smsctl.ledger.store import Ledger

from .. import postgres_server
from ..postgres_server import Cluster
from .conftest import open_shared
from .cut_line import CutLine
from .runs import Taker, must_be_true, new_mailing, now, send_all, states

if why := postgres_server.why_none():
    pytest.skip(why, allow_module_level=True)

import psycopg

from smsctl.domain import database_address as address
from smsctl.ledger.postgres import connect, engine, inspection, opening, schema, sentences
from smsctl.ledger.postgres.connect import Access
from smsctl.ledger.postgres.engine import PostgresEngine
from smsctl.ledger.postgres.sentences import NotNowError

_NUMBERS = count(1)


@pytest.fixture
def access(cluster: Cluster, tmp_path: Path) -> Iterator[Access]:
    """The way to an empty schema of its own."""
    state, schema = tmp_path / "ledger.db", f"of_{os.getpid()}_{next(_NUMBERS)}_"
    state.touch(mode=0o600)
    yield Access(address=address.parse(cluster.url()), state=state, schema=schema, busy_timeout_s=5)
    cluster.forget(schema)


@pytest.fixture
def admin(cluster: Cluster) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(cluster.url(), autocommit=True) as session:
        yield session


def opened(access: Access) -> Ledger:
    return open_shared(access)


def sent_after_all(access: Access, gateway: Taker) -> Ledger:
    """What the next run does: recover, then resume what is pending."""
    ledger = opened(access)
    recovery.recover(ledger, now())
    send_all(ledger, mailings.get(ledger, 1), gateway)
    return ledger


# A line that breaks


@pytest.mark.parametrize("arrives", [False, True], ids=["before it arrives", "with its answer"])
def test_a_line_that_breaks_at_any_request_sends_nothing_twice_and_loses_no_answer(
    *, arrives: bool, access: Access, cluster: Cluster, request: pytest.FixtureRequest
) -> None:
    for at in count(2, 1 if request.config.getoption("--long") else 9):
        state = access.state.with_name(f"{at}.db")
        state.touch(mode=0o600)
        this = access._replace(schema=f"{access.schema}_{at}", state=state)
        with ExitStack() as around:
            line = CutLine(cluster.port)
            around.callback(line.close)
            through = this._replace(address=_through(this.address, line.port))
            ledger = opened(through)
            around.callback(ledger.close)
            mailing, gateway, seen = new_mailing(ledger, 4), Taker(), count(1)
            line.arrives, line.when = arrives, partial(_is_the, at, seen)
            with suppress(LedgerError):
                send_all(ledger, mailing, gateway)
            line.when = lambda _said: False
            with closing(sent_after_all(this, gateway)) as later:
                must_be_true(later, gateway)
                found = states(later)
                assert found == {"accepted": 4} or (found.get("unknown", 0) <= 2 and line.broken), (at, found)
                assert "unknown" not in found or arrives, (at, found)
            if not line.broken:
                return


@pytest.mark.parametrize("arrives", [False, True])
def test_a_commit_whose_answer_is_lost_is_asked_after(
    *, arrives: bool, access: Access, cluster: Cluster
) -> None:
    with _on_a_line(access, cluster) as (line, ledger):
        mailing, gateway = new_mailing(ledger, 6), Taker()
        commits = count(1)
        line.arrives = arrives
        line.when = lambda said: b"COMMIT\0" in said and next(commits) == 2
        send_all(ledger, mailing, gateway)
        assert line.broken == 1
        assert states(ledger) == {"accepted": 6}
        must_be_true(ledger, gateway)


def test_without_the_question_a_commit_that_was_done_would_be_done_again(
    access: Access, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control of the test above: what was marked with them was not sent, and nobody knows."""

    def never_asks(self: PostgresEngine, mark: int | None, *, patient: bool) -> None:
        raise LostError(say("{path}", path="lost"))

    monkeypatch.setattr(PostgresEngine, "_ask_of", never_asks)
    with _on_a_line(access, cluster) as (line, ledger):
        mailing, gateway = new_mailing(ledger, 6), Taker()
        commits = count(1)
        line.arrives = True
        line.when = lambda said: b"COMMIT\0" in said and next(commits) == 2
        send_all(ledger, mailing, gateway)
        assert states(ledger) == {"accepted": 4, "unknown": 2}


def _lost_and_lost_again(at: int, line: CutLine) -> Callable[[bytes], bool]:
    """Break the line with the answer to the second COMMIT, and the next ones before their request `at`."""
    commits, later = count(1), count(1)

    def breaks(said: bytes) -> bool:
        if not line.broken:
            line.arrives = b"COMMIT\0" in said and next(commits) == 2
            return line.arrives
        line.arrives = False
        return line.broken == 1 and next(later) == at

    return breaks


@pytest.mark.parametrize("at", range(1, 8))
def test_it_is_asked_after_where_the_next_line_breaks_too(at: int, access: Access, cluster: Cluster) -> None:
    with _on_a_line(access, cluster) as (line, ledger):
        mailing, gateway = new_mailing(ledger, 6), Taker()
        line.when = _lost_and_lost_again(at, line)
        send_all(ledger, mailing, gateway)
        assert line.broken == 2
        assert states(ledger) == {"accepted": 6}
        must_be_true(ledger, gateway)


def test_where_that_is_no_reason_to_ask_again_a_batch_is_marked_and_never_sent(
    access: Access, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: a session that breaks at once tells that nothing of the COMMIT was done."""
    again = PostgresEngine._reconnect  # noqa: SLF001 - the guard that is taken out

    def lost(self: PostgresEngine) -> None:
        try:
            again(self)
        except NotNowError as error:
            raise error.told from None

    monkeypatch.setattr(PostgresEngine, "_reconnect", lost)
    monkeypatch.setattr(engine, "LedgerError", LostError)
    monkeypatch.setattr(recovery, "what_others_left", lambda *_: None)

    def ends_well(attempt: int) -> bool:
        with _on_a_line(access._replace(schema=f"{access.schema}_{attempt}"), cluster) as (line, ledger):
            mailing, gateway = new_mailing(ledger, 6), Taker()
            line.when = _lost_and_lost_again(4, line)
            stop = send_all(ledger, mailing, gateway).stop
            return stop is None and states(ledger) == {"accepted": 4, "sending": 2}

    # Where the server has not yet noticed that the first line is gone, the run ends for its right instead.
    assert any(map(ends_well, range(5)))


def _in_doubt(access: Access, cluster: Cluster) -> LedgerError:
    """Return what is said where the answer to a COMMIT is lost, and the server cannot be reached then."""
    with _on_a_line(access._replace(busy_timeout_s=0.5), cluster) as (line, ledger):
        line.arrives = True

        def breaks(said: bytes) -> bool:
            line.is_open = b"COMMIT\0" not in said
            return not line.is_open

        line.when = breaks
        with pytest.raises(LedgerError) as raised, ledger.transaction():
            ledger.keep_fact("in doubt", "so")
    return raised.value


def test_a_commit_of_which_nobody_can_ask_is_not_called_undone(access: Access, cluster: Cluster) -> None:
    assert not isinstance(_in_doubt(access, cluster), LostError)
    with closing(opened(access)) as ledger:
        assert ledger.fact("in doubt") == "so"


def test_as_it_comes_it_would_be_called_so(
    access: Access, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(engine, "LedgerError", LostError)
    assert isinstance(_in_doubt(access, cluster), LostError)


def test_a_session_that_is_ended_takes_its_right_to_send_along(
    access: Access, admin: psycopg.Connection[Any]
) -> None:
    with closing(opened(access)) as ledger, closing(opened(access)) as other:
        with lock.right_to_send(ledger, "one"):
            with pytest.raises(lock.TakenError):
                lock.right_to_send(other, "one").__enter__()
            with pytest.raises(lock.TakenError):
                lock.right_to_send(ledger, "one").__enter__()
            _end_all_but(admin, access)
            with lock.right_to_send(other, "one"):
                assert ledger.rows("SELECT 1") == [(1,)]
                assert not ledger.engine.may_still_send("one")
        with lock.right_to_send(other, "one"):
            pass


# How often the server is asked


def test_a_batch_takes_few_ways_to_the_server(access: Access, cluster: Cluster) -> None:
    with _on_a_line(access, cluster) as (line, ledger):
        mailing, gateway = new_mailing(ledger, 100), Taker()
        before = line.turns
        send_all(ledger, mailing, gateway)
        assert states(ledger) == {"accepted": 100}
        assert (line.turns - before) / 50 < 18, "18 by 100 batches: the goal of 1,800 for 100,000 messages"


def test_no_write_looks_through_a_table(access: Access) -> None:
    with closing(opened(access)) as ledger:
        mailing = new_mailing(ledger, 40)
        with ledger.transaction():
            plan = ledger.rows(
                "EXPLAIN SELECT id, number FROM messages WHERE id > ? AND id <= ? AND state = 'pending'"
                " ORDER BY id LIMIT ?",
                mailing.first_message,
                mailing.last_message,
                10,
            )
        told = "\n".join(line for (line,) in plan)
        assert "Index Scan using messages_pkey" in told, told
        assert "Sort" not in told, told


def _ways_to_look(rules: Iterable[Invariant], access: Access, admin: psycopg.Connection[Any]) -> str:
    """Return how the server would look for what breaks rules, among a thousand million texts."""
    with closing(opened(access)) as ledger:
        new_mailing(ledger, 4)
        with ledger.transaction():
            ledger.write("INSERT INTO texts (message, body) VALUES (1, 'Hej')")
        large = f"('{access.schema}.messages'::regclass, '{access.schema}.texts'::regclass)"
        admin.execute(f"UPDATE pg_class SET relpages = 1, reltuples = 1e9 WHERE oid IN {large}".encode())
        return "\n".join(line for rule in rules for line in ledger.column(f"EXPLAIN {rule.broken}"))


_FOR_EACH_ROW = r"(?<!hashed )SubPlan \d+\)"
"""What is read once more for each row; what is hashed is read once."""


def test_what_is_held_to_each_message_is_not_all_of_them(
    access: Access, admin: psycopg.Connection[Any]
) -> None:
    """As it was, no large ledger could be checked, nor one be accepted that was put back."""
    told = _ways_to_look(RULES, access, admin)
    assert "rows=1000000000 " in told
    assert not re.search(_FOR_EACH_ROW, told), told


def test_as_a_list_it_would_be(access: Access, admin: psycopg.Connection[Any]) -> None:
    """The negative control: what the server has no memory for it reads for each row."""
    listed = "SELECT COUNT(*) AS n FROM texts WHERE message NOT IN (SELECT id FROM messages)"
    as_a_list = [rule._replace(broken=listed) for rule in RULES if rule.name == "strays-texts"]
    assert re.search(_FOR_EACH_ROW, _ways_to_look(as_a_list, access, admin))


# Another database than before


def test_a_run_stops_where_the_ledger_was_put_back_meanwhile(
    access: Access, admin: psycopg.Connection[Any]
) -> None:
    with closing(opened(access)) as ledger:
        send_all(ledger, new_mailing(ledger, 2), Taker())
        admin.execute(f"ALTER TABLE {access.schema}.facts RENAME TO gone".encode())
        admin.execute(f"CREATE TABLE {access.schema}.facts (LIKE {access.schema}.gone)".encode())
        admin.execute(f"INSERT INTO {access.schema}.facts SELECT * FROM {access.schema}.gone".encode())
        with pytest.raises(LedgerError, match="another database than before"), ledger.transaction():
            pass


@pytest.mark.parametrize(
    ("table", "column", "most"),
    [("messages", "state", 2), ("texts", "body", 2), ("mailing_counts", "state", 9)],
)
def test_a_table_is_looked_at_in_pieces(
    table: str, column: str, most: int, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else millions of messages would be in memory at once; of what is few for each mailing all is."""
    monkeypatch.setattr(inspection, "_PIECE_ROWS", 2)
    fetched: list[int] = []
    with closing(opened(access)) as ledger:
        for number in range(3):
            send_all(ledger, new_mailing(ledger, 3, body=f"Hej {number}"), Taker())
        with ledger.transaction():
            ledger.write_many(
                "INSERT INTO texts (message, body) VALUES (?, ?)", [(n, "Hej") for n in range(9)]
            )
            ledger.write("DELETE FROM mailing_counts")
            for n in range(9):
                ledger.insert("mailing_counts", mailing=1, state=str(n), messages=0, parts=0)

        def fetch(sql: str, values: Sequence[object]) -> list[Any]:
            rows = ledger.rows(sql, *values)
            fetched.append(len(rows) if f'"{table}"' in sql else 0)
            return rows

        looked = inspection.SchemaInspection(SimpleNamespace(fetch=fetch), access.schema)
        found = [row[0] for rows in looked.cells(table, (column,)) for row in rows]
    assert (len(found), len(set(found)), max(fetched)) == (9, 9, most)


@pytest.mark.parametrize("what", ["VACUUM (FREEZE)", "VACUUM FULL", "ANALYZE"])
def test_what_the_server_tidies_up_is_no_alarm(
    what: str, access: Access, admin: psycopg.Connection[Any]
) -> None:
    with closing(opened(access)) as ledger:
        gateway = Taker()
        send_all(ledger, new_mailing(ledger, 2), gateway)
        admin.execute(f"{what} {access.schema}.facts".encode())
        send_all(ledger, new_mailing(ledger, 2, body="Igen"), gateway)
        must_be_true(ledger, gateway)


def test_a_server_that_is_started_again_is_no_alarm(access: Access, cluster: Cluster) -> None:
    with closing(opened(access)) as ledger:
        gateway = Taker()
        send_all(ledger, new_mailing(ledger, 2), gateway)
        cluster.stop()
        cluster.start()
        send_all(ledger, new_mailing(ledger, 2, body="Igen"), gateway)
        must_be_true(ledger, gateway)


def test_a_newer_schema_stops_who_opened_an_older_one(access: Access) -> None:
    with closing(opened(access)) as ledger, closing(opened(access)) as newer:
        with newer.transaction():
            newer.write("UPDATE facts SET value = '9999' WHERE name = ?", schema.VERSION)
        with pytest.raises(LedgerError, match="a newer smsctl has changed the ledger"), ledger.transaction():
            pass
        with pytest.raises(LedgerError, match="written by a newer smsctl"):
            opened(access)


# Settings of others


def test_eight_that_make_the_ledger_at_once_make_one(access: Access) -> None:
    found: list[object] = []

    def make() -> None:
        try:
            opened(access).close()
        except SmsctlError as error:
            found.append(error)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == []


@pytest.fixture
def others_decide(admin: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A role and an environment that would have it otherwise."""
    for setting in (
        "synchronous_commit = off",
        "search_path = pg_catalog",
        "default_transaction_isolation = serializable",
        "statement_timeout = 1",
        "timezone = 'America/New_York'",
        "array_nulls = off",
        "extra_float_digits = -15",
        "row_security = on",
    ):
        admin.execute(f"ALTER ROLE owner SET {setting}".encode())
    for name, value in {
        "PGOPTIONS": "-c synchronous_commit=off",
        "PGSERVICE": "nowhere",
        "PGPASSWORD": "canary",
        "PGHOST": "192.0.2.1",
        "PGSSLMODE": "require",
    }.items():
        monkeypatch.setenv(name, value)
    yield
    admin.execute("ALTER ROLE owner RESET ALL")


SHOWN = {
    "synchronous_commit": "on",
    "statement_timeout": "10min",
    "timezone": "UTC",
    "row_security": "off",
    "array_nulls": "on",
    "extra_float_digits": "1",
}


@pytest.mark.usefixtures("others_decide")
def test_neither_environment_nor_role_changes_what_a_commit_means(access: Access) -> None:
    with closing(opened(access)) as ledger:
        assert {name: ledger.rows(f"SHOW {name}")[0][0] for name in SHOWN} == SHOWN
        gateway = Taker()
        send_all(ledger, new_mailing(ledger, 2), gateway)
        must_be_true(ledger, gateway)
    assert os.environ["PGSERVICE"] == "nowhere"


@pytest.mark.usefixtures("others_decide")
@pytest.mark.parametrize("commit", ["off", "local", "remote_write"])
def test_what_we_do_not_set_ourselves_the_role_decides(
    commit: str, access: Access, admin: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control; that commits may be lost, here or on the standby, a second look finds."""
    monkeypatch.delenv("PGOPTIONS")
    admin.execute(f"ALTER ROLE owner SET synchronous_commit = {commit}".encode())
    fewer = {name: value for name, value in vars(connect)["_SETTINGS"].items() if name not in SHOWN}
    monkeypatch.setattr(connect, "_SETTINGS", fewer | {"statement_timeout": "600s"})
    with pytest.raises(LedgerError, match="promises before it flushes"):
        opened(access)
    monkeypatch.setattr(connect, "_refuse", lambda *_given, **_named: None)
    with closing(connect.connect(access)) as session:
        found = {name: session.execute(f"SHOW {name}".encode()).fetchone() for name in SHOWN}
    assert found["synchronous_commit"] == (commit,)
    assert found["timezone"] == ("America/New_York",)


@pytest.mark.parametrize(("name", "value"), [("PGHOSTADDR", "127.0.0.2"), ("PGSERVICE", "nowhere")])
def test_the_environment_leads_nowhere_else(
    name: str, value: str, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    opened(access).close()
    monkeypatch.setattr(connect, "_without_environment", nullcontext)  # the control
    with pytest.raises(LedgerError, match="cannot be reached"):
        opened(access)


@pytest.mark.parametrize(
    ("setting", "told"),
    [({"fsync": "off"}, "does not flush"), ({"full_page_writes": "off"}, "does not flush")],
)
def test_a_server_that_does_not_keep_what_it_promises_is_refused(
    setting: dict[str, str], told: str, access: Access, cluster: Cluster
) -> None:
    cluster.stop()
    cluster.start(**setting)
    try:
        with pytest.raises(LedgerError, match=told) as refused:
            opened(access)
        assert refused.value.hint
    finally:
        cluster.stop()
        cluster.start()


def test_a_role_for_which_nothing_guards_the_rows_is_refused(
    access: Access, admin: psycopg.Connection[Any]
) -> None:
    admin.execute("ALTER ROLE owner SET session_replication_role = replica")
    try:
        with pytest.raises(LedgerError, match="does not guard its rows"):
            opened(access)
    finally:
        admin.execute("ALTER ROLE owner RESET ALL")


def test_a_database_of_another_encoding_is_refused(access: Access, admin: psycopg.Connection[Any]) -> None:
    admin.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    try:
        with pytest.raises(LedgerError, match="not UTF8"):
            opened(access._replace(address=access.address._replace(database="latin")))
    finally:
        admin.execute("DROP DATABASE latin")


def test_where_nothing_answers_a_sentence_says_so(access: Access) -> None:
    nowhere = access.address._replace(servers=(address.Server(host="127.0.0.1", port=1),))
    with pytest.raises(LedgerError, match="cannot be reached"):
        opened(access._replace(address=nowhere))


@pytest.mark.parametrize(
    ("url", "told"),
    [("postgresql://owner@h/missing", "this database is not there"), ("postgresql://no@h/postgres", "login")],
)
def test_a_database_or_a_role_that_is_not_there_is_told(url: str, told: str, access: Access) -> None:
    there = address.parse(url)._replace(servers=access.address.servers)
    with pytest.raises(LedgerError, match=told):
        opened(access._replace(address=there))


IN_OTHER_WORDS = {
    'Lösenordsautentisering misslyckades för användare "x"': (OutOfDateError, "refused the login"),
    'rollen "x" finns inte': (OutOfDateError, "refused the login"),
    'pg_hba.conf avvisar anslutning för värd "127.0.0.1", användare "x"': (OutOfDateError, "the login"),
    'pg_hba.conf rejects connection for host "127.0.0.1", user "x"': (OutOfDateError, "the login"),
    'permission denied for database "ledger"': (OutOfDateError, "refused the login"),
    'Passwort-Authentifizierung für Benutzer "x" fehlgeschlagen': (OutOfDateError, "refused the login"),
    'databasen "ledger" existerar inte': (LedgerError, "this database is not there"),
    "ledsen, för många klienter": (LedgerError, "takes no more connections"),
    "resterande anslutningsslottar är reserverade för superuser-anslutningar": (LedgerError, "no more conn"),
    "databassystemet startar upp": (LedgerError, "is being shut down or started"),
    "the database system is not yet accepting connections": (LedgerError, "is being shut down or started"),
    "avslutar anslutning på grund av ett administratörskommando": (LostError, "the connection"),
    "avbryter autentisering på grund av timeout": (LostError, "did not answer in time"),
}
"""What a server says, and what is told of it: a listener ends where its login is refused."""


@contextmanager
def _refusing(words: str) -> Iterator[address.Server]:
    """Yield a server that says this to whoever comes."""
    fields = f"SFATALT\0VFATAL\0CXX000\0M{words}\0\0".encode()

    def refuse(handler: socketserver.StreamRequestHandler) -> None:
        handler.rfile.read(int.from_bytes(handler.rfile.read(4)) - 4)
        handler.wfile.write(b"E" + (len(fields) + 4).to_bytes(4) + fields)

    kind = type("Refusing", (socketserver.StreamRequestHandler,), {"handle": refuse})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), kind) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield address.Server(host="127.0.0.1", port=server.server_address[1])
        finally:
            server.shutdown()


def _refused_by(words: str, access: Access) -> LedgerError:
    with _refusing(words) as server, pytest.raises(LedgerError) as refused:
        opened(access._replace(address=access.address._replace(servers=(server,))))
    return refused.value


@pytest.mark.parametrize("words", IN_OTHER_WORDS)
def test_what_a_server_says_as_it_refuses_a_session_is_understood(words: str, access: Access) -> None:
    kind, told = IN_OTHER_WORDS[words]
    refused = _refused_by(words, access)
    assert (type(refused), told in str(refused)) == (kind, True)


def test_in_english_alone_a_listener_would_not_hear_that_its_password_is_another(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: it would refuse each STOP for good, as where no server answers."""
    monkeypatch.setattr(sentences, "_REFUSALS", {"password authentication failed": "28P01"})
    assert type(_refused_by('Lösenordsautentisering misslyckades för användare "x"', access)) is LostError


NUMBER = "+46701740699"


def _told_of_a_second_one(access: Access) -> LedgerError:
    """Write a number twice where it may stand once; return what is told of it."""
    with closing(opened(access)) as ledger:
        with ledger.transaction():
            ledger.write("INSERT INTO facts (name, value) VALUES (?, 'x')", NUMBER)
        with pytest.raises(LedgerError) as told, ledger.transaction():
            ledger.write("INSERT INTO facts (name, value) VALUES (?, 'x')", NUMBER)
    return told.value


def test_what_the_server_quotes_is_not_told(access: Access) -> None:
    told = _told_of_a_second_one(access)
    assert NUMBER not in f"{told} {told.hint} {told.__cause__!r}"
    assert "23505" in str(told)


def test_by_the_servers_own_words_the_number_would_be_told(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""

    def as_it_is(error: psycopg.Error, _place: object) -> LedgerError:
        return LedgerError(say("{told}", told=error))

    monkeypatch.setattr(sentences, "in_words", as_it_is)
    assert NUMBER in str(_told_of_a_second_one(access))


def test_reading_makes_and_changes_nothing(access: Access) -> None:
    assert opening.open_to_read(access) is None
    opened(access).close()
    found = opening.open_to_read(access)
    assert found is not None
    with closing(Ledger(found)) as reader, pytest.raises(LedgerError, match="can only be read"):
        reader.engine.begin(patient=False)


# The address


@pytest.mark.parametrize(
    ("url", "servers"),
    [
        ("postgresql://smsctl@db1/ledger", (("db1", 5432),)),
        ("postgres://smsctl@db1,db2:5433/ledger", (("db1", 5432), ("db2", 5433))),
        ("postgresql://smsctl@[::1]:5433/ledger", (("[::1]", 5433),)),
    ],
)
def test_an_address_is_read(url: str, servers: Sequence[tuple[str, int]]) -> None:
    found = address.parse(url)
    assert (found.user, found.database, found.servers) == ("smsctl", "ledger", tuple(servers))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "canary",
        "mysql://smsctl@db1/ledger",
        "postgresql://smsctl:canary@db1/ledger",
        "postgresql://smsctl:canary%zz@db1/ledger",
        "postgresql://canary@smsctl@db1/ledger",
        "postgresql://smsctl@db1/ledger?password=canary",
        "postgresql://smsctl@db1/ledger#canary",
        "postgresql://db1/ledger",
        "postgresql://smsctl@/ledger",
        "postgresql://smsctl@db1",
        "postgresql://smsctl@db1/",
        "postgresql://smsctl@db1:canary/ledger",
        "postgresql://smsctl@db1:99999/ledger",
        "postgresql://smsctl@db1:\u0661/ledger",
        "postgresql://smsctl@db1,/ledger",
        "postgresql://smsctl@db1..canary/ledger",
        f"postgresql://smsctl@{'canary' * 11}/ledger",
        "postgresql://smsctl@db1/led ger canary",
        "postgresql://smsctl@db1\0/ledger",
    ],
)
def test_an_address_that_is_wrong_is_told_and_never_quoted(url: str) -> None:
    with pytest.raises(ConfigError) as told:
        address.parse(url)
    assert told.value.hint
    assert "canary" not in f"{told.value} {told.value.hint}"


@pytest.mark.parametrize("url", ["postgresql://smsctl:canary%zz@db1/ledger", "postgresql://a@db1/b?canary"])
def test_the_drivers_own_reader_would_quote_it(url: str) -> None:
    """The negative control: what is wrong it tells with what stands there."""
    with pytest.raises(psycopg.Error, match="canary"):
        psycopg.conninfo.conninfo_to_dict(url)


def _is_the(at: int, seen: Iterator[int], _said: bytes) -> bool:
    return next(seen) == at


@contextmanager
def _on_a_line(access: Access, cluster: Cluster) -> Iterator[tuple[CutLine, Ledger]]:
    """A ledger on a line that breaks where a test wants."""
    line = CutLine(cluster.port)
    through = access._replace(address=_through(access.address, line.port))
    with closing(line), closing(opened(through)) as ledger:
        yield line, ledger


def _through(there: address.Address, port: int) -> address.Address:
    return there._replace(servers=(address.Server(host="127.0.0.1", port=port),))


def _end_all_but(admin: psycopg.Connection[Any], access: Access) -> None:
    """End the oldest session of smsctl; another took its place then."""
    admin.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'smsctl'"
        " ORDER BY backend_start LIMIT 1"
    )
