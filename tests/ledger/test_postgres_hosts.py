"""A ledger on a server with several hosts on it: whoever dies or takes over, nothing goes out twice."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from smsctl.domain.mailing import Ceilings
from smsctl.errors import LedgerError, RuleError
from smsctl.ledger import batches, ceilings, hosts, mailings, recovery
from smsctl.ledger.batches import ClaimRequest
from smsctl.ledger.repeats import Repeats
from smsctl.ledger.store import Ledger

from .. import postgres_server
from ..postgres_server import Cluster
from .conftest import open_shared
from .cut_line import CutLine
from .places import ROOT, python
from .runs import Taker, must_be_true, new_mailing, now, send_all, states

if why := postgres_server.why_none():
    pytest.skip(why, allow_module_level=True)

import psycopg

from smsctl.domain import database_address as address
from smsctl.ledger.postgres import connect
from smsctl.ledger.postgres.connect import Access, Session
from smsctl.ledger.seam.standing import Identity

_NUMBERS = count(1)


@pytest.fixture
def access(cluster: Cluster, tmp_path: Path) -> Access:
    return _access(cluster, tmp_path / "ledger.db", f"hosts_{os.getpid()}_{next(_NUMBERS)}")


@pytest.fixture
def admin(cluster: Cluster) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(cluster.url(), autocommit=True) as session:
        yield session


def _access(cluster: Cluster, state: Path, schema: str, user: str = "owner") -> Access:
    state.touch(mode=0o600)
    there = address.parse(cluster.url(user=user))
    return Access(address=there, state=state, schema=schema, busy_timeout_s=5)


def opened(access: Access) -> Ledger:
    return open_shared(access)


# Who dies


def test_a_session_that_is_ended_with_a_request_on_the_wire_costs_no_answer(
    access: Access, admin: psycopg.Connection[Any]
) -> None:
    def end() -> None:
        admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'smsctl'"
        )

    with closing(opened(access)) as ledger:
        mailing, gateway = new_mailing(ledger, 6), Taker(before=end)
        send_all(ledger, mailing, gateway)
        assert states(ledger) == {"accepted": 6}
        must_be_true(ledger, gateway)


def test_a_server_that_stops_at_once_costs_no_answer(access: Access, cluster: Cluster) -> None:
    stops = iter([True])

    def stop() -> None:
        if next(stops, False):
            cluster.stop(signal.SIGQUIT)
            cluster.start()

    with closing(opened(access)) as ledger:
        mailing, gateway = new_mailing(ledger, 6), Taker(before=stop)
        send_all(ledger, mailing, gateway)
        assert states(ledger) == {"accepted": 6}
        must_be_true(ledger, gateway)


_SENDER = """
import os, sys
from pathlib import Path
from smsctl.ledger import mailings
from smsctl.ledger.high_water import HighWater
from smsctl.domain import database_address as address
from smsctl.ledger.postgres import opening
from smsctl.ledger.postgres.connect import Access
from smsctl.ledger.store import Ledger
from tests.ledger.conftest import open_shared
from tests.ledger.runs import Taker, send_all

class Noting(Taker):
    def submit(self, batch, *, is_late):
        with open(sys.argv[4], "a") as taken:
            print(*(message.reference for message in batch.messages), file=taken, flush=True)
        print("sent", flush=True)
        return super().submit(batch, is_late=is_late)

access = Access(address=address.parse(sys.argv[1]), state=Path(sys.argv[2]), schema=sys.argv[3])
ledger = open_shared(access)
send_all(ledger, mailings.get(ledger, 1), Noting())
"""


def test_a_host_that_is_killed_while_it_sends_leaves_nothing_to_be_sent_twice(
    access: Access, cluster: Cluster, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    taken = tmp_path / "taken"
    taken.touch()
    with closing(opened(access)) as ledger:
        mailing = new_mailing(ledger, 40)
        for kill in range(1, 100 if request.config.getoption("--long") else 3):
            with subprocess.Popen(
                python(_SENDER, cluster.url(), access.state, access.schema, taken),
                cwd=ROOT,
                stdout=subprocess.PIPE,
                text=True,
            ) as sender:
                assert sender.stdout
                for _ in range(kill):
                    assert sender.stdout.readline() == "sent\n"
                sender.kill()
            recovery.recover(ledger, now())
        gateway = Taker()
        send_all(ledger, mailings.get(ledger, mailing.id), gateway)
        gateway.taken.update(taken.read_text(encoding="utf-8").split())
        assert set(gateway.taken.values()) == {1}
        assert set(states(ledger)) <= {"accepted", "unknown"}
        must_be_true(ledger, gateway)


# Several at once


def _claimed_by_four(access: Access, most: int = 2, done: Callable[[], None] = lambda: None) -> int:
    """Let four hosts claim what a ceiling of 10 parts a day leaves; return how many messages they got."""
    claimed = list[int]()
    with closing(opened(access)) as ledger:
        ids = [new_mailing(ledger, 10, body=f"Hej {n}").id for n in range(4)]
    together = threading.Barrier(4)

    def claim(mailing_id: int) -> None:
        state = access.state.with_name(f"host{mailing_id}")
        state.touch(mode=0o600)
        with closing(opened(access._replace(state=state))) as host:
            mailing = mailings.get(host, mailing_id)
            want = ClaimRequest(
                mailing=mailing,
                most=most,
                ceilings=Ceilings(max_parts_per_day=10),
                repeats=Repeats(mailing, "none"),
            )
            together.wait()
            for _ in range(5):
                with suppress(RuleError, LedgerError), host.transaction():
                    for one in batches.claim(host, want, 0, now()):
                        claimed.append(len(one.messages))
                done()

    hosts = [threading.Thread(target=claim, args=(one,)) for one in ids]
    for one in hosts:
        one.start()
    for one in hosts:
        one.join()
    return sum(claimed)


def test_four_hosts_keep_one_ceiling(access: Access) -> None:
    assert _claimed_by_four(access) == 10


def test_without_the_lock_of_the_writers_each_would_use_all_of_it(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: each has looked before another has written, and then they write in turn."""
    all_have_looked, this = threading.Barrier(4), threading.local()
    room: Callable[..., int] = ceilings.room
    turns = [threading.Event() for _ in range(5)]
    turns[0].set()

    def look_together(*given: object) -> int:
        found = room(*given)
        if not hasattr(this, "place"):
            this.place = all_have_looked.wait(60)
            turns[this.place].wait()
        return found

    def begin(session: Session, standing: str) -> tuple[Any, ...]:
        session.execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
        (row,) = session.execute(standing.encode()).fetchall()
        return (1, *row)

    monkeypatch.setattr(ceilings, "room", look_together)
    monkeypatch.setattr(connect, "begin", begin)

    def done() -> None:
        turns[this.place + 1].set()

    assert _claimed_by_four(access, most=10, done=done) == 40


# A standby that takes over


def _sent_twice(cluster: Cluster, tmp_path: Path) -> tuple[Taker, list[LedgerError]]:
    """Send four, lose the last marks to a standby that had not got them, and go on there."""
    cluster_folder = tmp_path / "ledger.db"
    access = _access(cluster, cluster_folder, f"over_{os.getpid()}_{next(_NUMBERS)}")
    gateway, refused = Taker(), list[LedgerError]()
    line = CutLine(cluster.port)
    through = access._replace(
        address=access.address._replace(servers=(address.Server(host="127.0.0.1", port=line.port),))
    )
    with closing(line), closing(opened(through)) as ledger:
        mailing = new_mailing(ledger, 4)
        standby = cluster.standby()  # from before anything was handed out
        send_all(ledger, mailing, gateway)
        standby.start(hot_standby="on", primary_conninfo="", restore_command="false")
        try:
            standby.promote()
            line.lead_to(standby.port)
            try:
                send_all(ledger, mailings.get(ledger, mailing.id), gateway)
            except LedgerError as error:
                refused.append(error)
        finally:
            ledger.close()
            standby.stop()
    return gateway, refused


def test_a_standby_without_the_last_marks_is_not_sent_from(cluster: Cluster, tmp_path: Path) -> None:
    gateway, refused = _sent_twice(cluster, tmp_path)
    assert "another database than before" in str(refused[0])
    assert set(gateway.taken.values()) == {1}


def test_without_the_identity_it_would_be(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: the timeline alone tells a standby from the primary it followed."""
    monkeypatch.setattr(Identity, "is_same_life", lambda *_given: True)
    monkeypatch.setattr(hosts, "_judged", lambda *_given: None)
    gateway, _ = _sent_twice(cluster, tmp_path)
    assert set(gateway.taken.values()) == {2}


# Whose database


def test_a_role_that_may_do_no_more_than_it_must_can_send(
    cluster: Cluster, tmp_path: Path, admin: psycopg.Connection[Any]
) -> None:
    schema, role = f"least_{os.getpid()}_{next(_NUMBERS)}", f"sender_{os.getpid()}"
    admin.execute(f"CREATE ROLE {role} LOGIN".encode())
    admin.execute(f"CREATE SCHEMA {schema} AUTHORIZATION {role}".encode())
    with closing(opened(_access(cluster, tmp_path / "ledger.db", schema, role))) as ledger:
        gateway = Taker()
        send_all(ledger, new_mailing(ledger, 3), gateway)
        must_be_true(ledger, gateway)
        ledger.compact()
    with pytest.raises(LedgerError, match="lacks a right"):
        opened(_access(cluster, tmp_path / "other.db", f"{schema}_other", role))
    admin.execute(f"ALTER ROLE {role} CONNECTION LIMIT 0".encode())
    with pytest.raises(LedgerError, match="takes no more connections"):
        opened(_access(cluster, tmp_path / "ledger.db", schema, role))


@pytest.mark.parametrize(
    ("done", "undone"),
    [
        ("REVOKE UPDATE ON {0}.batches FROM {1}", "GRANT UPDATE ON {0}.batches TO {1}"),
        ("ALTER TABLE {0}.messages OWNER TO owner", "ALTER TABLE {0}.messages OWNER TO {1}"),
        ("ALTER SCHEMA {0} RENAME TO {0}_gone", "ALTER SCHEMA {0}_gone RENAME TO {0}"),
    ],
)
def test_what_is_taken_from_a_role_in_the_middle_of_a_run_sends_nothing_twice(
    done: str, undone: str, cluster: Cluster, tmp_path: Path, admin: psycopg.Connection[Any]
) -> None:
    schema = f"taken_{os.getpid()}_{next(_NUMBERS)}"
    role, once = f"of_{schema}", iter((True,))
    admin.execute(f"CREATE ROLE {role} LOGIN".encode())
    admin.execute(f"CREATE SCHEMA {schema} AUTHORIZATION {role}".encode())
    access = _access(cluster, tmp_path / "ledger.db", schema, role)

    def take_away() -> None:
        if next(once, False):
            admin.execute(done.format(schema, role).encode())

    gateway = Taker(before=take_away)
    with closing(opened(access)) as ledger:
        mailing = new_mailing(ledger, 6)
        with pytest.raises(LedgerError, match=r"lacks a right|is not there"):
            send_all(ledger, mailing, gateway)
    admin.execute(undone.format(schema, role).encode())
    with closing(opened(access)) as ledger:
        recovery.recover(ledger, now())
        send_all(ledger, mailings.get(ledger, mailing.id), gateway)
        assert states(ledger) == {"accepted": 4, "unknown": 2}
        must_be_true(ledger, gateway)


def test_what_a_policy_would_hide_is_an_error_and_never_as_if_it_were_not_there(
    cluster: Cluster, tmp_path: Path, admin: psycopg.Connection[Any]
) -> None:
    schema, role = f"hidden_{os.getpid()}_{next(_NUMBERS)}", f"hides_{os.getpid()}"
    admin.execute(f"CREATE ROLE {role} LOGIN".encode())
    admin.execute(f"CREATE SCHEMA {schema} AUTHORIZATION {role}".encode())
    with closing(opened(_access(cluster, tmp_path / "ledger.db", schema, role))) as ledger:
        send_all(ledger, new_mailing(ledger, 3), Taker())
    for done in ("ENABLE", "FORCE"):
        admin.execute(f"ALTER TABLE {schema}.messages {done} ROW LEVEL SECURITY".encode())
    with (
        closing(opened(_access(cluster, tmp_path / "ledger.db", schema, role))) as ledger,
        pytest.raises(LedgerError, match="lacks a right"),
    ):
        states(ledger)
