"""Several hosts on one ledger: who may claim, what a host remembers, and what stops all of them."""

import ctypes
import os
import shutil
import signal
import socket
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext, suppress
from datetime import datetime, timedelta, tzinfo
from functools import cache
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, Self

import pytest

from smsctl.actions import reconcile
from smsctl.actions import resolve as resolving
from smsctl.actions.accept_restore import accept_restore
from smsctl.actions.begin import begin
from smsctl.actions.cancel import cancel
from smsctl.actions.end_expired import end_expired
from smsctl.actions.purge import purge
from smsctl.actions.resolve import ResolveAnswer, resolve
from smsctl.actions.run_progress import SendPace
from smsctl.actions.send import Result, send
from smsctl.actions.stop_signal import StopReason, StopSignal
from smsctl.actions.workers import BatchDone, Workers
from smsctl.domain.approval import ApprovalTerms
from smsctl.domain.gateway import IsLate
from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Answer, Batch, Status, SubmitVerdict, same_for_all
from smsctl.domain.moment import Moment
from smsctl.errors import LedgerError, RuleError, Sentence
from smsctl.host import machine
from smsctl.ledger import (
    approvals,
    audit,
    batches,
    cancelling,
    checking,
    corrections,
    fitness,
    host_mark,
    hosts,
    late_answers,
    lock,
    mailings,
    marking,
    openings,
    own_texts,
    purging,
    reconciling,
    recovery,
    restoring,
    takeover,
    under_way,
)
from smsctl.ledger.high_water import HighWaterRecord
from smsctl.ledger.host_mark import HostMark
from smsctl.ledger.hosts import HaltError
from smsctl.ledger.lock import TakenError
from smsctl.ledger.purging import Decision, Reach
from smsctl.ledger.repeats import Repeats
from smsctl.ledger.seam import standing
from smsctl.ledger.store import Ledger

from .. import postgres_server
from ..postgres_server import Cluster
from .conftest import ACTOR, open_shared
from .cut_line import CutLine
from .runs import (
    Taker,
    a_run,
    end_session,
    let_all_arrive,
    let_commits_be_small,
    must_be_true,
    new_mailing,
    now,
    send_all,
    states,
)
from .sending import activate

if why := postgres_server.why_none():
    pytest.skip(why, allow_module_level=True)

import psycopg

from smsctl.domain import database_address as address
from smsctl.ledger.postgres import connect, identity
from smsctl.ledger.postgres.connect import Access
from smsctl.ledger.postgres.engine import PostgresEngine
from smsctl.ledger.postgres.rights import Rights
from smsctl.ledger.postgres.standby import Standby
from smsctl.ledger.seam.standing import Identity

_NUMBERS = count(1)
_TIME = "clock_timestamp()"
Admin = psycopg.Connection[Any]


class Site(NamedTuple):
    """One ledger on the server, and a folder for what each host keeps of it."""

    cluster: Cluster
    folder: Path
    schema: str
    database: str = "postgres"

    def access(self, host: str) -> Access:
        state = self.folder / host
        state.touch(mode=0o600)
        there = address.parse(self.cluster.url(self.database))
        return Access(address=there, state=state, schema=self.schema, busy_timeout_s=5)

    def opened(self, host: str) -> Ledger:
        return open_shared(self.access(host))

    def dumped(self) -> Path:
        """The ledger as it is, as `pg_dump` writes it."""
        file = self.cluster.folder / f"{self.schema}.dump"
        self.cluster.run("pg_dump", *self._there(), "-Fc", "-n", self.schema, "-f", str(file))
        return file

    def put_back(self, file: Path, *more: str) -> None:
        """Put a dump in place of the ledger."""
        self.cluster.run("pg_restore", *self._there(), *(more or ("--clean",)), str(file))

    def _there(self) -> tuple[str, ...]:
        return ("-h", "127.0.0.1", "-p", str(self.cluster.port), "-U", "owner", "-d", self.database)


@pytest.fixture
def site(cluster: Cluster, tmp_path: Path) -> Iterator[Site]:
    schema = f"site_{os.getpid()}_{next(_NUMBERS)}_"
    yield Site(cluster=cluster, folder=tmp_path, schema=schema)
    cluster.forget(schema)


@pytest.fixture
def admin(cluster: Cluster) -> Iterator[Admin]:
    with psycopg.connect(cluster.url(), autocommit=True) as session:
        yield session


@pytest.fixture
def one(site: Site) -> Iterator[Ledger]:
    with closing(site.opened("one")) as ledger:
        yield ledger


@pytest.fixture
def two(site: Site, one: Ledger) -> Iterator[Ledger]:
    assert one
    with closing(site.opened("two")) as ledger:
        yield ledger


def run(ledger: Ledger, mailing: Mailing, gateway: Taker) -> dict[str, int]:
    """What a command on this host does: recover, then send what is pending."""
    recovery.recover(ledger, now())
    send_all(ledger, mailings.get(ledger, mailing.id), gateway)
    return states(ledger)


def forget_newest(admin: Admin, site: Site) -> None:
    """Take the newest batch out of the ledger, as on a server that was rolled back: it does not tell."""
    with admin.transaction():
        admin.execute("SET LOCAL session_replication_role = replica")
        admin.execute(f"SET LOCAL search_path = {site.schema}".encode())
        admin.execute(
            "UPDATE messages SET state = 'pending', batch = NULL WHERE batch = (SELECT MAX(id) FROM batches)"
        )
        admin.execute("DELETE FROM entries WHERE batch = (SELECT MAX(id) FROM batches)")
        admin.execute("DELETE FROM batches WHERE id = (SELECT MAX(id) FROM batches)")
        admin.execute(
            "UPDATE mailing_counts AS kept SET (messages, parts) = (SELECT COUNT(*), COUNT(*) FROM messages"
            " WHERE messages.mailing = kept.mailing AND messages.state = kept.state)"
        )


# Who sends


def test_hosts_join_without_an_alarm_and_each_batch_tells_whose_it_is(one: Ledger, two: Ledger) -> None:
    gateway = Taker()
    for number, host in enumerate((one, two, one)):
        send_all(host, new_mailing(host, 2, body=f"Hej {number}"), gateway)
    owners = [owner for (owner,) in one.rows("SELECT host FROM batches ORDER BY id")]
    assert owners[0] == owners[2] != owners[1]
    assert {host for (host,) in one.rows("SELECT host FROM hosts")} == set(owners)
    must_be_true(two, gateway)


def test_a_batch_may_be_under_way_for_longer_than_any_of_its_bytes(one: Ledger) -> None:
    send_all(one, new_mailing(one, 2), Taker())
    ((claimed, until),) = one.rows("SELECT claimed_at, under_way_until FROM batches")
    apart = datetime.fromisoformat(until) - datetime.fromisoformat(claimed)
    assert timedelta(seconds=60 + 90 + 2 * 60) < apart < timedelta(minutes=10)


def test_who_has_lost_the_right_claims_nothing_more_and_stores_what_is_answered(
    one: Ledger, two: Ledger, admin: Admin
) -> None:
    mailing, held = new_mailing(one, 6), lock.right_to_send(two, "")

    def lose() -> None:
        nonlocal held
        end_session(admin, one)
        held = lock.right_to_send(two, mailing.reference)
        held.__enter__()

    gateway = Taker(before=lose)
    result = send_all(one, mailing, gateway)
    held.__exit__(None, None, None)
    assert (result.stop, states(one)) == (StopReason.LEDGER, {"accepted": 2, "pending": 4})
    rest = Taker()
    assert run(two, mailing, rest) == {"accepted": 6}
    rest.taken += gateway.taken
    must_be_true(two, rest)


def test_without_that_look_it_would_claim_beside_the_one_who_has_it(
    one: Ledger, two: Ledger, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: two processes send one mailing."""
    monkeypatch.setattr(Rights, "holds", lambda *_given: True)
    mailing = new_mailing(one, 6)
    taken = iter((True,))

    def lose() -> None:
        if next(taken, False):
            end_session(admin, one)
            lock.right_to_send(two, mailing.reference).__enter__()

    result = send_all(one, mailing, Taker(before=lose))
    assert (result.stop, states(one)) == (None, {"accepted": 6})


def test_of_a_session_that_was_ended_its_host_hears_before_it_sends(
    one: Ledger, two: Ledger, admin: Admin
) -> None:
    with lock.right_to_send(one, "a"), lock.right_to_send(two, "b"):
        assert one.engine.may_still_send("a")
        end_session(admin, one)
        assert not one.engine.may_still_send("a")
        assert two.engine.may_still_send("b")


@contextmanager
def without_power(ledger: Ledger) -> Iterator[None]:
    """Let nothing that is said to this session be heard or confirmed any more, as of a host without power."""
    assert isinstance(ledger.engine, PostgresEngine)
    drop_all = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))
    program = struct.pack("HL", 1, ctypes.addressof(drop_all))
    session = vars(ledger.engine)["_session"]
    with socket.socket(fileno=os.dup(session.fileno())) as line:
        line.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 0)  # nor does it say so itself, after a while
        yield
        line.shutdown(socket.SHUT_RDWR)  # or its farewell would be waited for


_SO_ATTACH_FILTER = 26


@pytest.mark.skipif(sys.platform != "linux", reason="no filter can be attached to a socket")
def test_a_host_without_power_loses_its_right(
    site: Site, two: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = vars(connect)["_SETTINGS"]
    quick = dict.fromkeys([name for name in settings if name.startswith("tcp_")], "1")
    quick["tcp_user_timeout"] = "1s"  # it outweighs how often the server asks
    monkeypatch.setattr(connect, "_SETTINGS", settings | quick)
    with ExitStack() as around:
        dark = around.enter_context(closing(site.opened("dark")))
        around.enter_context(lock.right_to_send(dark, "a"))
        with pytest.raises(TakenError), lock.right_to_send(two, "a"):
            pass
        around.enter_context(without_power(dark))
        while True:
            with suppress(TakenError), lock.right_to_send(two, "a"):
                break
            time.sleep(0.05)


def test_without_the_servers_own_question_it_would_keep_it_for_hours(
    one: Ledger, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    asked = "SELECT CAST(setting AS bigint) FROM pg_settings WHERE name = ? || 'idle'"
    assert one.number(asked, "tcp_keepalives_") <= 60
    settings = {name: value for name, value in vars(connect)["_SETTINGS"].items() if "tcp_" not in name}
    monkeypatch.setattr(connect, "_SETTINGS", settings)
    with closing(site.opened("dark")) as dark:
        assert dark.number(asked, "tcp_keepalives_") >= 3600


# A request under way


class Late(NamedTuple):
    """A request that is under way from one host, whose session has ended."""

    mailing: Mailing
    taken: Taker
    may_arrive: threading.Event
    sender: threading.Thread

    def arrive(self) -> None:
        self.may_arrive.set()
        self.sender.join()


def _held_back() -> tuple[Taker, threading.Event, threading.Event]:
    """Return a gateway, what tells that a request is at its door, and what lets it in."""
    leaves, arrives = threading.Event(), threading.Event()

    def wait() -> None:
        leaves.set()
        assert arrives.wait(60)

    return Taker(before=wait), leaves, arrives


@contextmanager
def _under_way(mailing: Mailing, site: Site, admin: Admin) -> Iterator[Late]:
    gateway, leaves, arrives = _held_back()

    def send() -> None:
        with closing(site.opened("paused")) as ledger:
            pids.append(ledger.rows("SELECT pg_backend_pid()")[0][0])
            send_all(ledger, mailing, gateway)

    pids = list[int]()
    sender = threading.Thread(target=send)
    sender.start()
    assert leaves.wait(60)
    admin.execute("SELECT pg_terminate_backend(%s, 5000)", (pids[0],))
    found = Late(mailing=mailing, taken=gateway, may_arrive=arrives, sender=sender)
    yield found
    found.arrive()


@pytest.fixture
def late(one: Ledger, site: Site, admin: Admin) -> Iterator[Late]:
    with _under_way(new_mailing(one, 2), site, admin) as found:
        yield found


def test_what_is_under_way_is_unknown_elsewhere_and_its_late_answer_settles_it(
    two: Ledger, late: Late
) -> None:
    other = Taker()
    assert run(two, late.mailing, other) == {"unknown": 2}
    late.arrive()
    assert states(two) == {"accepted": 2}
    assert not other.taken
    must_be_true(two, late.taken)


@pytest.mark.parametrize("word", [ResolveAnswer.NOT_SENT, ResolveAnswer.RESEND, ResolveAnswer.SENT])
def test_while_it_may_be_under_way_nobody_says_what_became_of_it(
    word: ResolveAnswer, two: Ledger, late: Late
) -> None:
    recovery.recover(two, now())
    with pytest.raises(RuleError, match="may be under way until") as refused:
        resolve(two, late.mailing, word, now(), ACTOR, "asked")
    assert refused.value.hint
    assert states(two) == {"unknown": 2}
    late.arrive()


def test_after_that_time_a_person_says_it(two: Ledger, late: Late) -> None:
    recovery.recover(two, now())
    with two.transaction():
        two.write("UPDATE batches SET under_way_until = '2026-01-01T00:00:00.000Z'")
    assert resolve(two, late.mailing, ResolveAnswer.NOT_SENT, now(), ACTOR, "asked") == 2
    assert states(two) == {"pending": 2}


def _called_not_sent_meanwhile(two: Ledger, late: Late, word: ResolveAnswer) -> None:
    """Let a person say so of what the gateway has, whose answer the other host still holds."""
    recovery.recover(two, now())
    let_all_arrive(two)
    assert resolve(two, late.mailing, word, now(), ACTOR, "asked") == 2
    late.arrive()
    run(two, mailings.get(two, late.mailing.id), late.taken)


@pytest.mark.parametrize("word", [ResolveAnswer.NOT_SENT, ResolveAnswer.RESEND])
def test_what_a_late_answer_proves_taken_is_not_sent_again_whatever_a_person_said(
    word: ResolveAnswer, two: Ledger, late: Late
) -> None:
    _called_not_sent_meanwhile(two, late, word)
    assert states(two) == {"accepted": 2}
    must_be_true(two, late.taken)


def test_by_the_word_alone_it_would_be_sent_twice(
    two: Ledger, late: Late, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(late_answers, "overrule", lambda *_given: None)
    _called_not_sent_meanwhile(two, late, ResolveAnswer.NOT_SENT)
    with pytest.raises(AssertionError, match="I1"):
        must_be_true(two, late.taken)


def _resolved(ledger: Ledger, mailing: Mailing) -> None:
    resolve(ledger, mailing, ResolveAnswer.NOT_SENT, now(), ACTOR, "asked")


def _cancelled(ledger: Ledger, mailing: Mailing) -> None:
    cancel(ledger, mailing, None, now(), ACTOR, None)


def _rejected(ledger: Ledger, mailing: Mailing) -> None:
    run(ledger, mailing, Rejecting())


class Rejecting(Taker):
    """A gateway that takes nothing of what comes to it."""

    def submit(self, batch: Batch, *, is_late: IsLate) -> Answer:
        del is_late
        return same_for_all(batch, Status.REJECTED, SubmitVerdict.ANSWERED, "no")


@pytest.mark.parametrize("then", [_cancelled, _rejected])
def test_what_a_late_answer_proves_taken_counts_whatever_became_of_the_mailing(
    then: Callable[[Ledger, Mailing], None], two: Ledger, late: Late
) -> None:
    """It is billed, and whoever got it must not get the text from another mailing."""
    recovery.recover(two, now())
    let_all_arrive(two)
    _resolved(two, late.mailing)
    then(two, late.mailing)
    late.arrive()
    assert states(two) == {"accepted": 2}
    must_be_true(two, late.taken)


def _cancelled_and_called_not_sent(two: Ledger, late: Late) -> None:
    recovery.recover(two, now())
    let_all_arrive(two)
    _cancelled(two, late.mailing)
    _resolved(two, late.mailing)
    late.arrive()


def test_so_it_does_where_it_was_cancelled_before_a_person_said_that_it_was_not_sent(
    two: Ledger, late: Late
) -> None:
    _cancelled_and_called_not_sent(two, late)
    assert states(two) == {"accepted": 2}
    must_be_true(two, late.taken)


def _answered_late_of_what_was_to_leave_later(one: Ledger, two: Ledger, site: Site, admin: Admin) -> None:
    mailing = new_mailing(one, 2)
    later = mailing.letter._replace(send_at=datetime.fromisoformat(now().at) + timedelta(days=1))
    with _under_way(mailing._replace(letter=later), site, admin) as late:
        _cancelled_and_called_not_sent(two, late)


def test_what_the_gateway_was_to_send_later_may_be_stopped_since(
    one: Ledger, two: Ledger, site: Site, admin: Admin
) -> None:
    """That it had taken it tells nothing then, and the word of whoever has asked it stands."""
    _answered_late_of_what_was_to_leave_later(one, two, site, admin)
    assert states(two) == {"cancelled": 2}


def test_else_what_was_stopped_would_count(
    one: Ledger, two: Ledger, site: Site, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(late_answers, "_tells", lambda *_given: True)
    _answered_late_of_what_was_to_leave_later(one, two, site, admin)
    assert states(two) == {"accepted": 2}


def test_by_the_word_alone_it_would_be_billed_and_not_counted(
    two: Ledger, late: Late, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(late_answers, "_tells", lambda _mailing, state: state == Status.PENDING)
    _cancelled_and_called_not_sent(two, late)
    with pytest.raises(AssertionError, match="I4"):
        must_be_true(two, late.taken)


@pytest.mark.parametrize("settle", [_resolved, _cancelled])
def test_by_a_clock_that_runs_ahead_nobody_says_that_it_is_over(
    settle: Callable[[Ledger, Mailing], None], two: Ledger, late: Late, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a server that took over with another time."""
    recovery.recover(two, now())
    with monkeypatch.context() as ahead:
        for asked in ("NOW", "STANDING"):
            sql = getattr(identity, asked).replace(_TIME, f"({_TIME} + INTERVAL '1 hour')")
            ahead.setattr(identity, asked, sql)
        with pytest.raises(LedgerError, match="the database's clock says"):
            settle(two, late.mailing)
    late.arrive()


def test_without_that_time_it_would_go_out_twice(
    two: Ledger, late: Late, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: a person says too early that it was not sent, and then it arrives."""
    monkeypatch.setattr(under_way, "refuse", lambda *_given: None)
    recovery.recover(two, now())
    resolve(two, late.mailing, ResolveAnswer.NOT_SENT, now(), ACTOR, "asked")
    again = Taker()
    run(two, late.mailing, again)
    late.arrive()
    assert (again.taken + late.taken.taken).most_common(1)[0][1] == 2


def test_a_cancel_leaves_alone_what_is_under_way(two: Ledger, late: Late) -> None:
    recovery.recover(two, now())
    asked = list[bool]()

    def open_gateway() -> Taker:
        asked.append(True)
        return Taker()

    cancel(two, late.mailing, open_gateway, now(), ACTOR, None)
    assert not asked
    assert states(two) == {"unknown": 2}


# A word that is said in several commits


class Unheard(Taker):
    """A gateway of which no clear answer comes; whether it takes anything is another matter."""

    def __init__(self, *, takes: bool) -> None:
        super().__init__()
        self._takes = takes

    def submit(self, batch: Batch, *, is_late: IsLate) -> Answer:
        if self._takes:
            super().submit(batch, is_late=is_late)
        return same_for_all(batch, Status.UNKNOWN, SubmitVerdict.UNCLEAR, "")


def _said_on_both(one: Ledger, two: Ledger, admin: Admin) -> Taker:
    """Let a host stand still in the middle of a person's word, and another say it, send and hear nothing."""
    mailing, gateway = new_mailing(one, 4), Unheard(takes=True)
    run(one, mailing, Unheard(takes=False))
    let_all_arrive(one)

    def meanwhile() -> None:
        end_session(admin, one)
        resolve(two, mailing, ResolveAnswer.NOT_SENT, now(), ACTOR, "asked")
        assert run(two, mailing, gateway) == {"unknown": 4}

    vars(one).update(_rows=2, give_way=meanwhile)
    assert resolve(one, mailing, ResolveAnswer.NOT_SENT, now(), ACTOR, "asked") == 2
    return gateway


def test_a_word_is_not_said_of_what_was_sent_since(one: Ledger, two: Ledger, admin: Admin) -> None:
    gateway = _said_on_both(one, two, admin)
    assert states(two) == {"unknown": 4}
    run(two, mailings.get(two, 1), gateway)
    must_be_true(two, gateway)


def _cancelled_in_the_middle_of_a_word(one: Ledger, two: Ledger, admin: Admin) -> Mailing:
    """Let a host lose its right in the middle of a person's word, and another cancel the mailing."""
    mailing = new_mailing(one, 4)
    run(one, mailing, Unheard(takes=False))
    let_all_arrive(one)

    def meanwhile() -> None:
        end_session(admin, one)
        cancel(two, mailing, None, now(), ACTOR, None)

    vars(one).update(_rows=2, give_way=meanwhile)
    assert resolve(one, mailing, ResolveAnswer.NOT_SENT, now(), ACTOR, "asked") == 4
    return mailing


def test_of_what_is_cancelled_in_the_middle_of_a_word_nothing_is_pending(
    one: Ledger, two: Ledger, admin: Admin
) -> None:
    _cancelled_in_the_middle_of_a_word(one, two, admin)
    assert states(two) == {"cancelled": 4}


def test_by_the_mailing_as_it_was_read_before_some_would_be(
    one: Ledger, two: Ledger, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    get = mailings.get
    as_before = cache(lambda mailing: get(one, mailing))
    monkeypatch.setattr(
        resolving, "mailings", SimpleNamespace(get=lambda _ledger, mailing: as_before(mailing))
    )
    _cancelled_in_the_middle_of_a_word(one, two, admin)
    assert states(two) == {"cancelled": 2, "pending": 2}


class Held(Taker):
    """A gateway of which nobody hears at first, and which answers what is submitted once more when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_again, self.may_answer = threading.Event(), threading.Event()
        self._unheard, self.is_heard = set[str](), False

    def submit(self, batch: Batch, *, is_late: IsLate) -> Answer:
        if not self.is_heard:
            self._unheard.add(batch.reference)
            return same_for_all(batch, Status.UNKNOWN, SubmitVerdict.UNCLEAR, "")
        if batch.reference in self._unheard:
            self.asked_again.set()
            assert self.may_answer.wait(60)
        return super().submit(batch, is_late=is_late)


def _said_while_it_is_repeated(one: Ledger, site: Site, admin: Admin) -> Held:
    """Let a host lose its right in the middle of a person's word, and another submit the rest once more."""
    mailing, gateway = new_mailing(one, 4), Held()
    run(one, mailing, gateway)
    let_all_arrive(one)
    gateway.is_heard = True

    def repeat_it() -> None:
        with closing(site.opened("two")) as two:
            repeat(two, mailing, gateway)

    other = threading.Thread(target=repeat_it)

    def meanwhile() -> None:
        end_session(admin, one)
        other.start()
        assert gateway.asked_again.wait(20)

    vars(one).update(_rows=2, give_way=meanwhile)
    try:
        resolve(one, mailing, ResolveAnswer.NOT_SENT, now(), ACTOR, "asked")
    finally:
        gateway.may_answer.set()
        other.join(60)
    return gateway


def test_a_word_is_not_said_of_what_is_submitted_once_more_meanwhile(
    one: Ledger, site: Site, admin: Admin
) -> None:
    gateway = _said_while_it_is_repeated(one, site, admin)
    assert states(one) == {"accepted": 4}
    must_be_true(one, gateway)


def test_asked_at_the_beginning_alone_it_would_be_sent_after_all(
    one: Ledger, site: Site, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control, and what the repeat proves is not believed before the word."""
    monkeypatch.setattr(late_answers, "overrule", lambda *_given: None)
    monkeypatch.setattr(under_way, "batches_of", lambda *_given: frozenset())
    gateway = _said_while_it_is_repeated(one, site, admin)
    with pytest.raises(AssertionError, match="I4"):
        must_be_true(one, gateway)


def test_by_their_state_alone_its_cost_would_be_given_back_twice(
    one: Ledger, two: Ledger, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    in_any_batch = str(vars(corrections)["_MOVE"]).replace("COALESCE(batch, 0) = ?", "? >= 0")
    monkeypatch.setattr(corrections, "_MOVE", in_any_batch)
    monkeypatch.setattr(corrections, "still_in", lambda _ledger, messages, _state: messages)
    with pytest.raises(AssertionError, match="more parts are given back"):
        _said_on_both(one, two, admin)


# A request that is made once more


def _cancelled_while_it_sends(one: Ledger, two: Ledger, admin: Admin) -> tuple[Mailing, Taker]:
    """Let another host cancel what one sends whose session has ended, and which has batches in hand."""
    mailing, once, is_cancelled = new_mailing(one, 12), iter((True,)), threading.Event()
    gather = Workers.gather
    with ExitStack() as around:

        def cancel_elsewhere() -> None:
            if next(once, False):
                end_session(admin, one)
                cancel(two, mailing, None, now(), ACTOR, None)
                around.enter_context(lock.right_to_send(two, mailing.reference))
                is_cancelled.set()
            assert is_cancelled.wait(60)

        def gather_then(workers: Workers) -> list[BatchDone]:
            """Store what comes back when the other host is done, and not in a session anew before."""
            done = gather(workers)
            assert is_cancelled.wait(60)
            return done

        around.enter_context(pytest.MonkeyPatch.context()).setattr(Workers, "gather", gather_then)
        gateway = Taker(before=cancel_elsewhere)
        pace = SendPace(batch_size=2, connections=2, reconcile_pauses_s=(0.0,))
        send(a_run(one, mailing, gateway)._replace(pace=pace))
    return mailing, gateway


def test_what_comes_back_unsent_of_a_mailing_cancelled_elsewhere_is_cancelled(
    one: Ledger, two: Ledger, admin: Admin
) -> None:
    mailing, gateway = _cancelled_while_it_sends(one, two, admin)
    taken = gateway.taken.total()
    assert taken < 6
    assert run(two, mailing, gateway) == {"accepted": taken, "cancelled": 12 - taken}
    must_be_true(two, gateway)


def test_as_any_other_it_would_be_sent_after_all(
    one: Ledger, two: Ledger, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(cancelling, "not_pending_again", lambda _ledger, _mailing, answer: answer)
    monkeypatch.setattr(cancelling, "must_not_be_cancelled", lambda *_given, **_named: None)
    mailing, gateway = _cancelled_while_it_sends(one, two, admin)
    taken = gateway.taken.total()
    run(two, mailing, gateway)
    assert gateway.taken.total() > taken


class Forgetful(Taker):
    """A gateway that what is submitted first does not reach; what is submitted once more does."""

    def __init__(self, at_first: Callable[[], None], before: Callable[[], None]) -> None:
        super().__init__(before)
        self._at_first: Callable[[], None] | None = at_first

    def submit(self, batch: Batch, *, is_late: IsLate) -> Answer:
        if at_first := self._at_first:
            self._at_first = None
            at_first()
            return same_for_all(batch, Status.UNKNOWN, SubmitVerdict.UNCLEAR, "")
        return super().submit(batch, is_late=is_late)


def repeat(ledger: Ledger, mailing: Mailing, gateway: Taker) -> Result:
    """Send, through a gateway that was proved to refuse what it has taken before."""
    return send(a_run(ledger, mailing, gateway)._replace(proved_at="2000-01-01T00:00:00.000Z"))


def _resolved_while_it_is_repeated(one: Ledger, two: Ledger, admin: Admin) -> Taker:
    """Let a person say on another host that it was not sent, while it is on its way once more."""
    mailing = new_mailing(one, 2)

    def resolve_and_send() -> None:
        end_session(admin, one)
        with suppress(RuleError):
            resolve(two, mailing, ResolveAnswer.NOT_SENT, now(), ACTOR, "asked")
        run(two, mailing, other)

    other, gateway = Taker(), Forgetful(lambda: let_all_arrive(two), resolve_and_send)
    repeat(one, mailing, gateway)
    gateway.taken += other.taken
    return gateway


def test_what_is_submitted_once_more_is_under_way_for_the_other_hosts(
    one: Ledger, two: Ledger, admin: Admin
) -> None:
    gateway = _resolved_while_it_is_repeated(one, two, admin)
    assert states(two) == {"accepted": 2}
    must_be_true(two, gateway)


def test_without_that_mark_it_would_be_sent_beside_the_repeat(
    one: Ledger, two: Ledger, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(reconcile, "_mark_again", lambda *_given: 1.0)
    assert set(_resolved_while_it_is_repeated(one, two, admin).taken.values()) == {2}


def _called_not_sent_while_it_is_repeated(one: Ledger, two: Ledger, admin: Admin) -> Taker:
    """Let the host that submits it once more hear of that only after a person has spoken on the other."""
    mailing = new_mailing(one, 2)

    def call_it_not_sent() -> None:
        if not gateway.taken:
            end_session(admin, one)
            let_all_arrive(two)
            resolve(two, mailing, ResolveAnswer.NOT_SENT, now(), ACTOR, "asked")

    gateway = Forgetful(lambda: None, call_it_not_sent)
    repeat(one, mailing, gateway)
    run(two, mailing, gateway)
    return gateway


def test_what_a_repeat_proves_taken_is_not_sent_again_whatever_a_person_said(
    one: Ledger, two: Ledger, admin: Admin
) -> None:
    gateway = _called_not_sent_while_it_is_repeated(one, two, admin)
    assert states(two) == {"accepted": 2}
    must_be_true(two, gateway)


def test_by_the_word_alone_it_would_be_sent_beside_the_repeat(
    one: Ledger, two: Ledger, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(late_answers, "overrule", lambda *_given: None)
    assert set(_called_not_sent_while_it_is_repeated(one, two, admin).taken.values()) == {2}


def _cancelled_before_it_is_repeated(
    one: Ledger, two: Ledger, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> Taker:
    mailing = new_mailing(one, 2)

    def cancel_it(_signal: StopSignal, _pause_s: float) -> None:
        end_session(admin, one)
        cancel(two, mailing, None, now(), ACTOR, "wrong day")
        assert one.rows("SELECT 1")  # it goes on, and has its right again

    monkeypatch.setattr(StopSignal, "asked_within", cancel_it)
    gateway = Forgetful(lambda: let_all_arrive(two), lambda: None)
    repeat(one, mailing, gateway)
    return gateway


def test_what_another_host_has_cancelled_meanwhile_is_not_submitted_once_more(
    one: Ledger, two: Ledger, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not _cancelled_before_it_is_repeated(one, two, admin, monkeypatch).taken


def test_without_a_second_look_it_would_be(
    one: Ledger, two: Ledger, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(reconcile, "_mark_again", lambda *_given: 1.0)
    assert _cancelled_before_it_is_repeated(one, two, admin, monkeypatch).taken


@pytest.mark.parametrize(("left_s", "repeats"), [(0.0, False), (60.0, True)])
def test_a_repeat_that_comes_too_late_is_not_made(
    left_s: float, *, repeats: bool, one: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would arrive after the time that the other hosts go by."""

    def take_long() -> None:
        monkeypatch.setattr(under_way, "STALE_AFTER_S", left_s)

    gateway = Forgetful(take_long, lambda: None)
    repeat(one, new_mailing(one, 2), gateway)
    assert bool(gateway.taken) is repeats


def test_a_repeat_is_not_made_from_a_ledger_that_was_put_back(
    one: Ledger, site: Site, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailing, gateway = new_mailing(one, 2), Forgetful(lambda: None, lambda: None)

    def go_back(_signal: StopSignal, _pause_s: float) -> None:
        admin.execute(f"UPDATE {site.schema}.facts SET value = 'x' WHERE name = 'life'".encode())

    monkeypatch.setattr(StopSignal, "asked_within", go_back)
    told = repeat(one, mailing, gateway).remarks
    assert not gateway.taken
    assert "was put back, copied, or another server took over" in str(told[0])


class Answers(Taker):
    """A gateway that takes nothing and answers the same to all, once something has happened."""

    def __init__(self, status: Status, verdict: SubmitVerdict, before: Callable[[], None]) -> None:
        super().__init__()
        self._status, self._verdict, self._happens = status, verdict, before

    def submit(self, batch: Batch, *, is_late: IsLate) -> Answer:
        self._happens()
        return same_for_all(batch, self._status, self._verdict, "")


def _answered_while_it_is_repeated(
    one: Ledger, site: Site, admin: Admin, status: Status, verdict: SubmitVerdict
) -> Taker:
    """Let another host submit a batch once more, and hear meanwhile that it was not taken the first time."""
    mailing, (gateway, leaves, is_stored) = new_mailing(one, 2), _held_back()

    def go_on() -> None:
        with closing(site.opened("two")) as two:
            recovery.recover(two, now())
            repeat(two, mailings.get(two, mailing.id), gateway)

    other = threading.Thread(target=go_on)

    def lose() -> None:
        end_session(admin, one)
        other.start()
        assert leaves.wait(60)

    send_all(one, mailing, Answers(status, verdict, lose))
    is_stored.set()
    other.join()
    return gateway


_NOT_TAKEN = [(Status.PENDING, SubmitVerdict.NOT_REACHED), (Status.REJECTED, SubmitVerdict.ANSWERED)]


@pytest.mark.parametrize(("status", "verdict"), _NOT_TAKEN)
def test_that_it_was_not_taken_at_first_proves_nothing_of_what_is_submitted_once_more(
    status: Status, verdict: SubmitVerdict, one: Ledger, site: Site, admin: Admin
) -> None:
    gateway = _answered_while_it_is_repeated(one, site, admin, status, verdict)
    assert states(one) == {"accepted": 2}
    must_be_true(one, gateway)


@pytest.mark.parametrize(("status", "verdict"), _NOT_TAKEN)
def test_taken_for_an_answer_to_both_it_would_be_sent_again_by_the_next_run(
    status: Status,
    verdict: SubmitVerdict,
    one: Ledger,
    site: Site,
    admin: Admin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The negative control: the gateway refuses repeats for an hour, and then no more."""
    monkeypatch.setattr(late_answers, "PROVES", frozenset(Status))
    gateway = _answered_while_it_is_repeated(one, site, admin, status, verdict)
    assert gateway.taken.total() == 2
    assert states(one) == {str(status): 2}


def _under_way_until(ledger: Ledger) -> str:
    ((until,),) = ledger.rows("SELECT under_way_until FROM batches")
    return str(until)


def _repeated_by_a_quicker_host(one: Ledger, two: Ledger) -> tuple[str, str]:
    """Let a host submit once more what one with longer requests has; return until when it was under way."""
    mailing = new_mailing(one, 2)
    run = a_run(one, mailing, Forgetful(lambda: None, lambda: None))
    send(run._replace(pace=run.pace._replace(request_s=600)))
    before = _under_way_until(two)
    repeat(two, mailing, Answers(Status.UNKNOWN, SubmitVerdict.UNCLEAR, lambda: None))
    return before, _under_way_until(two)


def test_a_shorter_request_does_not_end_the_time_of_the_first(one: Ledger, two: Ledger) -> None:
    before, after = _repeated_by_a_quicker_host(one, two)
    assert before < after


def test_by_its_own_time_alone_it_would(one: Ledger, two: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: a person may say that it was not sent while the first request is on its way."""

    def mark_again(ledger: Ledger, batch: int, last: str) -> None:
        ledger.write("UPDATE batches SET under_way_until = ? WHERE id = ?", last, batch)

    monkeypatch.setattr(under_way, "mark_again", mark_again)
    before, after = _repeated_by_a_quicker_host(one, two)
    assert after < before


def _disproved_in_mid_run(one: Ledger, two: Ledger) -> Taker:
    """Let a person find on another host, in the middle of a run, that the account takes repeats."""

    def disprove() -> None:
        with two.transaction():
            reconciling.disprove(two, "")

    gateway = Forgetful(disprove, lambda: None)
    repeat(one, new_mailing(one, 2), gateway)
    return gateway


def test_what_is_found_to_be_taken_twice_is_not_submitted_once_more(one: Ledger, two: Ledger) -> None:
    assert not _disproved_in_mid_run(one, two).taken
    assert states(two) == {"unknown": 2}


def test_by_the_proof_that_the_run_began_with_it_would_be(
    one: Ledger, two: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(reconciling, "_NEVER", 0)
    assert _disproved_in_mid_run(one, two).taken


# The same text from two hosts


def _cut_while_it_looks_who_has_had_it(
    one: Ledger, two: Ledger, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> Taker:
    """End the session of a host in the question to whom another, in mid-run, has sent the same text."""
    first, second = new_mailing(one, 6), new_mailing(two, 6)
    look, cut, once, others = own_texts.has_moved, iter((True,)), iter((True,)), Taker()

    def cut_off(ledger: Ledger, mailing: Mailing, body_hash: str, since: int) -> bool:
        has_moved = look(ledger, mailing, body_hash, since)
        if has_moved and ledger is one and next(cut, False):
            end_session(admin, one)
        return has_moved

    def send_the_same() -> None:
        if next(once, False):
            send_all(two, second, others)

    monkeypatch.setattr(own_texts, "has_moved", cut_off)
    gateway = Taker(before=send_the_same)
    send_all(one, first, gateway)
    gateway.taken += others.taken
    return gateway


def test_who_is_cut_off_as_it_looks_who_has_had_the_text_looks_once_more(
    one: Ledger, two: Ledger, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = _cut_while_it_looks_who_has_had_it(one, two, admin, monkeypatch)
    assert gateway.taken.total() == 6
    assert states(two) == {"accepted": 6, "cancelled": 6}
    must_be_true(two, gateway)


def test_by_what_it_knew_before_it_would_send_the_text_to_them_twice(
    one: Ledger, two: Ledger, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: how far it has looked is noted before it knows."""
    look = vars(Repeats)["_look"]

    def note_first(self: Repeats, ledger: Ledger, moment: Moment) -> None:
        newest = ledger.newest_id("batches")
        try:
            look(self, ledger, moment)
        except LedgerError:
            self._latest = newest
            raise

    monkeypatch.setattr(Repeats, "_look", note_first)
    assert _cut_while_it_looks_who_has_had_it(one, two, admin, monkeypatch).taken.total() == 10


def _begun_while_another_host_clears_it(one: Ledger, two: Ledger, admin: Admin, *, by_half: bool) -> int:
    """Begin a mailing to 23 people whose session ends when its rows are written; return how many it has."""
    from .test_openings import LEFT_OUT, NEW, PEOPLE

    activate(one)
    held = list[Iterator[tuple[int, int]]]()

    def clear(done: int, _rows: int) -> None:
        if done == (len(PEOPLE) if by_half else 5):
            end_session(admin, one)
            held.append(openings.clear(two))
            for _ in held[0]:
                if by_half:
                    break

    mailing = begin(NEW, PEOPLE, LEFT_OUT, one, now(), ACTOR, clear)
    assert mailing.messages == len(PEOPLE)
    return sum(states(two).values())


@pytest.mark.parametrize("without", ["no guard", "_TAKEN", "_is_whole"])
@pytest.mark.parametrize("by_half", [True, False], ids=["by half", "wholly"])
def test_an_opening_that_another_host_clears_does_not_become_a_mailing(
    without: str,
    *,
    by_half: bool,
    one: Ledger,
    two: Ledger,
    admin: Admin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Either guard is enough."""
    let_commits_be_small(monkeypatch, rows=5)
    monkeypatch.setattr("smsctl.actions.begin.ROWS_IN_A_COMMIT", 5)
    if without == "_TAKEN":
        monkeypatch.setattr(openings, "_TAKEN", "")
    if without == "_is_whole":
        monkeypatch.setattr(openings, "_is_whole", lambda *_given: True)
    with pytest.raises(LedgerError, match="removed by another process"):
        _begun_while_another_host_clears_it(one, two, admin, by_half=by_half)
    assert not two.rows("SELECT 1 FROM mailings")
    list(openings.clear(two))
    assert two.rows("SELECT COUNT(*) FROM messages") == [(0,)]


def test_without_both_guards_people_would_be_lost_of_it(
    one: Ledger, two: Ledger, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    let_commits_be_small(monkeypatch, rows=5)
    monkeypatch.setattr("smsctl.actions.begin.ROWS_IN_A_COMMIT", 5)
    monkeypatch.setattr(openings, "_TAKEN", "")
    monkeypatch.setattr(openings, "_is_whole", lambda *_given: True)
    assert _begun_while_another_host_clears_it(one, two, admin, by_half=True) == 18


# A ledger that was put back


def test_a_host_whose_newest_batch_is_missing_stops_all_hosts(
    one: Ledger, two: Ledger, site: Site, admin: Admin
) -> None:
    gateway = Taker()
    mailing = new_mailing(one, 4)
    send_all(two, new_mailing(two, 2, body="Hej igen"), gateway)
    send_all(one, mailing, gateway)
    forget_newest(admin, site)
    assert restoring.found_restored(one)
    assert restoring.found_restored(two) is None  # it was not told of that batch
    with pytest.raises(LedgerError, match="lacks batch 3"):
        run(one, mailing, gateway)
    with pytest.raises(LedgerError, match="a host has found that it lacks what was sent"):
        run(two, mailing, gateway)
    assert set(gateway.taken.values()) == {1}


def test_without_its_mark_the_host_would_send_it_again(
    one: Ledger, site: Site, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    gateway, mailing = Taker(), new_mailing(one, 4)
    send_all(one, mailing, gateway)
    forget_newest(admin, site)
    for asked_of_its_mark in ("_own_doubt", "_stop_all"):
        monkeypatch.setattr(hosts, asked_of_its_mark, lambda *_given: None)
    with closing(site.opened("one")) as again:
        run(again, mailing, gateway)
    assert set(gateway.taken.values()) == {1, 2}


def _sent_again_from_a_server_that_forgot_it(one: Ledger, two: Ledger, site: Site, admin: Admin) -> Mailing:
    """Take one host's newest batch out of the ledger, and let another send it, under the same reference."""
    mailing = new_mailing(one, 4)
    send_all(one, mailing, Taker())
    newest = "SELECT id, reference FROM batches ORDER BY id DESC LIMIT 1"
    before = one.rows(newest)
    forget_newest(admin, site)
    run(two, mailing, Taker())
    assert one.rows(newest) == before
    return mailing


def test_a_batch_that_was_forgotten_is_missed_where_another_has_its_number_and_its_reference(
    one: Ledger, two: Ledger, site: Site, admin: Admin
) -> None:
    mailing = _sent_again_from_a_server_that_forgot_it(one, two, site, admin)
    with pytest.raises(LedgerError, match="lacks batch 2"):
        run(one, mailing, Taker())
    with pytest.raises(LedgerError, match="a host has found that it lacks what was sent"):
        run(two, mailing, Taker())


def test_by_its_reference_alone_nobody_would_hear_of_it(
    one: Ledger, two: Ledger, site: Site, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    for module in (batches, host_mark):
        monkeypatch.setattr(module, "name_of", lambda reference, _claimed_at: reference)
    mailing = _sent_again_from_a_server_that_forgot_it(one, two, site, admin)
    assert run(one, mailing, Taker()) == {"accepted": 4}


def _misses_its_batch_while_it_sends(one: Ledger, site: Site, admin: Admin) -> tuple[Mailing, Taker]:
    """Put the ledger back to before its newest batch in the middle of a run, between two claims."""
    gateway, first, second = Taker(), new_mailing(one, 2), new_mailing(one, 2, body="Igen")
    send_all(one, first, gateway)
    moments = count()

    def go_back() -> Moment:
        if next(moments) == 2:  # the run has looked whether the ledger is fit, and is about to claim
            forget_newest(admin, site)
        return now()

    send(a_run(one, second, gateway)._replace(now=go_back))
    return first, gateway


def test_a_host_that_misses_its_batch_in_the_middle_of_a_run_stops_all_hosts(
    one: Ledger, two: Ledger, site: Site, admin: Admin
) -> None:
    first, gateway = _misses_its_batch_while_it_sends(one, site, admin)
    with pytest.raises(LedgerError, match="a host has found that it lacks what was sent"):
        run(two, first, gateway)
    assert set(gateway.taken.values()) == {1}


def test_without_its_word_another_host_would_send_it_again(
    one: Ledger, two: Ledger, site: Site, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(hosts, "_stop_all", lambda *_given: None)
    first, gateway = _misses_its_batch_while_it_sends(one, site, admin)
    run(two, first, gateway)
    assert set(gateway.taken.values()) == {2}


def _an_answer_without_its_batch(one: Ledger, site: Site, admin: Admin) -> tuple[Mailing, Taker]:
    mailing, gateway = new_mailing(one, 2), Taker(before=lambda: forget_newest(admin, site))
    with pytest.raises(LedgerError, match="whose answer came: it was put back"):
        send_all(one, mailing, gateway)
    return mailing, gateway


def test_a_host_whose_answer_finds_no_batch_stops_all_hosts(
    one: Ledger, two: Ledger, site: Site, admin: Admin
) -> None:
    mailing, gateway = _an_answer_without_its_batch(one, site, admin)
    with pytest.raises(LedgerError, match="a host has found that it lacks what was sent"):
        run(two, mailing, gateway)
    assert set(gateway.taken.values()) == {1}


def test_without_a_watch_over_the_run_another_host_would_send_it_again(
    one: Ledger, two: Ledger, site: Site, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(hosts, "watched", nullcontext)
    mailing, gateway = _an_answer_without_its_batch(one, site, admin)
    again = Taker()
    run(two, mailing, again)
    assert set((gateway.taken + again.taken).values()) == {2}


@pytest.mark.parametrize("how", [("--clean",), ("--data-only",)])
@pytest.mark.parametrize("host", ["one", "two", "new"])
def test_a_ledger_that_was_put_back_is_sent_from_by_nobody(
    how: tuple[str, ...], host: str, site: Site, admin: Admin
) -> None:
    gateway = Taker()
    with closing(site.opened("one")) as one, closing(site.opened("two")) as two:
        send_all(two, new_mailing(two, 2, body="Hej igen"), gateway)
        mailing = new_mailing(one, 4)
        file = site.dumped()
        send_all(one, mailing, gateway)
    if how == ("--data-only",):
        tables = "string_agg(format('%I.%I', schemaname, tablename), ', ')"
        where = f"FROM pg_tables WHERE schemaname = '{site.schema}'"
        with admin.transaction():
            admin.execute("SET LOCAL session_replication_role = replica")
            admin.execute(f"DO $$ BEGIN EXECUTE (SELECT 'TRUNCATE ' || {tables} {where}); END $$".encode())
        how = ("--data-only", "--disable-triggers")
    site.put_back(file, *how)
    with closing(site.opened(host)) as again:
        with pytest.raises(LedgerError, match=r"put back, copied, or another server took over|lacks batch"):
            run(again, mailing, gateway)
        with pytest.raises(HaltError), again.transaction():
            hosts.admit(again, mailing.reference, now())
    assert set(gateway.taken.values()) == {1}


def test_without_its_life_a_new_host_would_send_it_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: a host without a mark goes by nothing else, where the others are not asked."""
    gateway = Taker()
    with closing(site.opened("one")) as one:
        mailing = new_mailing(one, 4)
        file = site.dumped()
        send_all(one, mailing, gateway)
    site.put_back(file)
    monkeypatch.setattr(standing.Standing, "goes_on_from", lambda *_given: True)
    monkeypatch.setattr(takeover, "waited_for", lambda *_given: None)
    with closing(site.opened("new")) as again:
        run(again, mailing, gateway)
    assert set(gateway.taken.values()) == {2}


@pytest.fixture
def put_back(site: Site) -> tuple[Mailing, Taker]:
    """A ledger from before a mailing to four was sent by one host; another one had sent before."""
    gateway = Taker()
    with closing(site.opened("one")) as one, closing(site.opened("two")) as two:
        send_all(two, new_mailing(two, 2, body="Hej igen"), gateway)
        mailing = new_mailing(one, 4)
        file = site.dumped()
        send_all(one, mailing, gateway)
    site.put_back(file)
    return mailing, gateway


def test_what_a_person_accepts_is_sent_from_by_all_hosts(put_back: tuple[Mailing, Taker], site: Site) -> None:
    mailing, gateway = put_back
    with closing(site.opened("two")) as two:
        accepted = accept_restore(two, now(), ACTOR, "the tape")
        assert accepted
        assert accepted.messages == 4
    for host in ("one", "two", "new"):
        with closing(site.opened(host)) as again:
            assert restoring.found_restored(again) is None
            run(again, mailing, gateway)
            send_all(again, new_mailing(again, 1, body=f"Hej {host}"), gateway)
            assert states(again)["unknown"] == 4
    assert set(gateway.taken.values()) == {1}


def test_what_an_accepted_restore_made_unknown_may_be_under_way(
    put_back: tuple[Mailing, Taker], site: Site
) -> None:
    mailing, _ = put_back
    with closing(site.opened("two")) as two:
        accept_restore(two, now(), ACTOR, "the tape")
        with pytest.raises(RuleError, match="may be under way"):
            resolve(two, mailing, ResolveAnswer.NOT_SENT, now(), ACTOR, "asked")


def _accepted_by_a_clock_that_is_late(
    put_back: tuple[Mailing, Taker], site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Accept a restore on a server whose clock is an hour late; it is set right, and a person settles."""
    with monkeypatch.context() as late:
        for asked in ("NOW", "STANDING"):
            sql = getattr(identity, asked).replace(_TIME, f"({_TIME} - INTERVAL '1 hour')")
            late.setattr(identity, asked, sql)
        with closing(site.opened("two")) as two:
            accept_restore(two, now(), ACTOR, "the tape")
    with closing(site.opened("two")) as two:
        resolve(two, put_back[0], ResolveAnswer.NOT_SENT, now(), ACTOR, "asked")


def test_a_restore_is_not_accepted_by_a_clock_that_is_wrong(
    put_back: tuple[Mailing, Taker], site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(LedgerError, match="the database's clock says"):
        _accepted_by_a_clock_that_is_late(put_back, site, monkeypatch)


def test_by_such_a_clock_what_may_be_under_way_would_be_settled_at_once(
    put_back: tuple[Mailing, Taker], site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    with monkeypatch.context() as unasked:
        unasked.setattr(under_way, "must_tell_the_time", lambda *_given: None)
        _accepted_by_a_clock_that_is_late(put_back, site, monkeypatch)
    with closing(site.opened("two")) as two:
        assert states(two)["pending"] == 4


def test_a_host_that_went_on_elsewhere_after_that_is_refused(
    put_back: tuple[Mailing, Taker], site: Site
) -> None:
    """It has sent from the old server still, which nobody stopped."""
    mailing, gateway = put_back
    with closing(site.opened("two")) as two:
        accept_restore(two, now(), ACTOR, "the tape")
    later = (datetime.fromisoformat(now().at) + timedelta(seconds=5)).isoformat(timespec="milliseconds")
    mark = HostMark(site.access("one").state)
    mark.rise(9, "elsewhere-b9", later.replace("+00:00", "Z"))
    refused = pytest.raises(LedgerError, match="not the ledger that this host has sent from")
    with closing(site.opened("one")) as one, refused:
        run(one, mailing, gateway)


@pytest.mark.parametrize("reference", ["", "x" * 80])
def test_a_mark_is_a_line_of_one_length_whatever_it_tells(reference: str, tmp_path: Path) -> None:
    mark = HostMark(tmp_path / "ledger.db")
    water = HighWaterRecord(
        lineage="0" * 16,
        batch=10**20 - 1 if reference else 0,
        reference=reference,
        at="2026-11-22T08:00:00.000Z" if reference else "",
        host="1" * 16,
        timeline="0000000A" if reference else "",
    )
    assert len(mark.line(water)) == mark.size
    assert mark.parsed(mark.line(water)) == water


def test_a_restore_is_not_accepted_while_a_host_sends(one: Ledger, two: Ledger, site: Site) -> None:
    mailing = new_mailing(one, 2)
    send_all(one, new_mailing(one, 2, body="Igen"), Taker())
    with two.transaction():
        two.write("UPDATE facts SET value = 'x' WHERE name = 'life'")
    with lock.right_to_send(one, mailing.reference), pytest.raises(LedgerError, match="another process"):
        accept_restore(two, now(), ACTOR, "the tape")


def test_a_host_whose_session_ended_writes_nothing_in_what_was_accepted_meanwhile(
    one: Ledger, two: Ledger, site: Site, admin: Admin
) -> None:
    mailing, once = new_mailing(one, 6), iter((True,))

    def accept_elsewhere() -> None:
        if next(once, False):
            end_session(admin, one)
            accept_restore(two, now(), ACTOR, "an image", put_back=True)

    gateway = Taker(before=accept_elsewhere)
    with pytest.raises(LedgerError, match="another database than before"):
        send_all(one, mailing, gateway)
    with closing(site.opened("one")) as again:
        assert run(again, mailing, gateway) == {"unknown": 6}
    assert set(gateway.taken.values()) == {1}


def test_a_ledger_that_was_put_back_before_anything_was_sent_is_noticed(site: Site) -> None:
    with closing(site.opened("one")) as one:
        mailing = new_mailing(one, 2)
    site.put_back(site.dumped())
    with closing(site.opened("one")) as one, pytest.raises(LedgerError, match="put back, copied"):
        run(one, mailing, Taker())


# What is put back by half


def _dumped_before_it_was_sent(site: Site) -> tuple[Mailing, Taker, Path]:
    gateway = Taker()
    with closing(site.opened("one")) as one:
        mailing = new_mailing(one, 4)
        file = site.dumped()
        send_all(one, mailing, gateway)
    return mailing, gateway, file


def _put_back_without(site: Site, table: str) -> tuple[Mailing, Taker]:
    """Put a ledger back, but for the rows of a table: there was no room for them. A host sends once more."""
    mailing, gateway, file = _dumped_before_it_was_sent(site)
    listed = site.cluster.folder / f"{site.schema}.list"
    contents = site.cluster.run("pg_restore", "--list", str(file)).splitlines()
    listed.write_text("\n".join(one for one in contents if f"TABLE DATA {site.schema} {table} " not in one))
    site.put_back(file, "--clean", "--use-list", str(listed))
    with closing(site.opened("two")) as two:
        accept_restore(two, now(), ACTOR, "the tape")
        run(two, mailing, gateway)
    return mailing, gateway


@pytest.mark.parametrize("table", ["mailing_counts", "messages", "mailings", "invoices"])
def test_what_is_put_back_without_the_rows_of_a_table_is_not_accepted(table: str, site: Site) -> None:
    with pytest.raises(LedgerError, match="is not whole") as refused:
        _put_back_without(site, table)
    assert refused.value.hint


def test_without_that_look_what_was_sent_would_be_sent_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: nothing tells which messages were pending, and they stay so."""
    monkeypatch.setattr(checking, "must_be_whole", lambda *_given: None)
    monkeypatch.setattr(marking, "must_agree", lambda *_given: None)
    _, gateway = _put_back_without(site, "mailing_counts")
    assert set(gateway.taken.values()) == {2}


def _one_table_put_back(site: Site, admin: Admin) -> tuple[Mailing, Taker]:
    """Put back the messages alone, from before they were sent: the database is in the life that it was in."""
    mailing, gateway, file = _dumped_before_it_was_sent(site)
    admin.execute(f"TRUNCATE {site.schema}.messages".encode())
    site.put_back(file, "--data-only", "--table=messages")
    return mailing, gateway


@pytest.mark.parametrize("host", ["one", "two"])
def test_a_table_that_was_put_back_alone_is_not_sent_from(host: str, site: Site, admin: Admin) -> None:
    mailing, gateway = _one_table_put_back(site, admin)
    told = "4 messages of mailing 1 are pending, and 0 should be"
    with closing(site.opened(host)) as again, pytest.raises(LedgerError, match=told):
        run(again, mailing, gateway)
    assert set(gateway.taken.values()) == {1}


def test_without_that_count_it_would_be_sent_again(
    site: Site, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(marking, "must_agree", lambda *_given: None)
    mailing, gateway = _one_table_put_back(site, admin)
    with closing(site.opened("one")) as again:
        run(again, mailing, gateway)
    assert set(gateway.taken.values()) == {2}


def _read_into_what_is_there(site: Site) -> Ledger:
    """Read a dump, made while a mailing was opened, into the ledger as it was some time later."""
    with closing(site.opened("one")) as one:
        new_mailing(one, 2, body="Hej igen")
        with one.transaction():
            opening = openings.keep(one, openings.new_reference(), 3)
        file = site.dumped()
        with one.transaction():
            one.write("DELETE FROM openings")
        assert new_mailing(one, 3).id == opening.mailing
    with pytest.raises(AssertionError, match="already exists"):
        site.put_back(file, "--no-owner")
    two = site.opened("two")
    for _ in openings.clear(two):
        pass
    return two


def test_an_opening_that_a_backup_brings_along_takes_no_mailing_away(site: Site) -> None:
    with closing(_read_into_what_is_there(site)) as two:
        assert states(two) == {"pending": 5}
        assert two.rows("SELECT * FROM openings") == []


def test_without_a_look_for_its_mailing_people_would_be_lost_of_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(openings, "_has_become", lambda *_given: False)
    with closing(_read_into_what_is_there(site)) as two:
        assert states(two) == {"pending": 2}


# What somebody's trigger leaves as it was


def _sent_by_two_beside_a_trigger(site: Site, admin: Admin) -> Taker:
    """A trigger that was meant to look on gives back the row as it was, which counts as changed."""
    with closing(site.opened("one")) as one:
        mailing = new_mailing(one, 4)
    look_on = "RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'"
    admin.execute(f"CREATE FUNCTION {site.schema}.looks_on() {look_on}".encode())
    admin.execute(
        f"CREATE TRIGGER looks_on BEFORE UPDATE ON {site.schema}.messages"
        f" FOR EACH ROW EXECUTE FUNCTION {site.schema}.looks_on()".encode()
    )
    gateway = Taker()
    for host in ("one", "two"):
        with closing(site.opened(host)) as again, suppress(LedgerError):
            run(again, mailing, gateway)
    return gateway


def test_what_a_trigger_leaves_as_it_was_is_not_handed_out(site: Site, admin: Admin) -> None:
    assert not _sent_by_two_beside_a_trigger(site, admin).taken


def test_without_a_look_at_what_was_marked_it_would_be(
    site: Site, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: by every host, where what is pending is not counted either."""
    monkeypatch.setattr(marking, "_NOTE", vars(marking)["_NOTE"].replace("WHERE ? =", "WHERE ? >="))
    monkeypatch.setattr(marking, "must_agree", lambda *_given: None)
    assert set(_sent_by_two_beside_a_trigger(site, admin).taken.values()) == {2}


# A person's word whose COMMIT is in doubt


def _accepted_over_a_line_that_breaks(site: Site, *, arrives: bool) -> Iterator[Ledger]:
    """Accept a ledger that was put back; the line breaks at the COMMIT of that."""
    with closing(site.opened("one")) as one:
        send_all(one, new_mailing(one, 1, body="Hej igen"), Taker())
        new_mailing(one, 4)
    site.put_back(site.dumped())
    line = CutLine(site.cluster.port)
    through = address.Server(host="127.0.0.1", port=line.port)
    access = site.access("one")
    with (
        closing(line),
        closing(
            hosts.open_shared(access._replace(address=access.address._replace(servers=(through,))))
        ) as one,
    ):
        line.arrives = arrives
        line.when = lambda said: b"COMMIT\0" in said and not line.broken
        yield one
        assert line.broken == 1


def test_an_accepted_restore_whose_answer_was_lost_is_told_as_accepted(site: Site) -> None:
    for one in _accepted_over_a_line_that_breaks(site, arrives=True):
        accepted = accept_restore(one, now(), ACTOR, "the tape")
        assert accepted
        assert accepted.messages == 4
        assert restoring.found_restored(one) is None
        assert len(takeover.listed(one)) == 1
    with closing(site.opened("one")) as again:
        assert restoring.found_restored(again) is None
        assert states(again) == {"accepted": 1, "unknown": 4}
        assert len(takeover.listed(again)) == 1


def test_one_that_never_arrived_is_told_as_not_done(site: Site) -> None:
    for one in _accepted_over_a_line_that_breaks(site, arrives=False):
        with pytest.raises(LedgerError, match="the connection to the database broke"):
            accept_restore(one, now(), ACTOR, "the tape")
        accepted = accept_restore(one, now(), ACTOR, "the tape")
        assert accepted
        assert accepted.messages == 4


def test_with_the_lineage_of_before_alone_it_would_be_called_another_database(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(Identity, "is_same_life", lambda self, other: self == other)
    for one in _accepted_over_a_line_that_breaks(site, arrives=True):
        with pytest.raises(LedgerError, match="another database than before"):
            accept_restore(one, now(), ACTOR, "the tape")


# A database that was closed before another took over


@pytest.fixture
def close_it(admin: Admin) -> Iterator[Callable[[str], None]]:
    """What says whether the whole server takes writes, as who lets another one take over does."""

    def close(word: str) -> None:
        admin.execute("SET default_transaction_read_only = off")
        admin.execute(f"ALTER SYSTEM SET default_transaction_read_only = {word}".encode())
        admin.execute("SELECT pg_reload_conf()")
        with psycopg.connect(admin.info.dsn, autocommit=True) as other:
            while other.execute("SHOW default_transaction_read_only").fetchone() != (word,):
                time.sleep(0.02)

    yield close
    close("off")


def test_a_database_that_was_closed_is_not_written_to(
    one: Ledger, site: Site, close_it: Callable[[str], None]
) -> None:
    mailing = new_mailing(one, 4)
    close_it("on")
    for host in ("one", "two"):
        with pytest.raises(LedgerError, match="can only be read"):
            site.opened(host)
    with pytest.raises(LedgerError, match="can only be read"):
        send_all(one, mailing, Taker())
    close_it("off")
    gateway = Taker()
    assert run(one, mailing, gateway) == {"accepted": 4}


@pytest.mark.parametrize("whose", ["ROLE owner", "DATABASE postgres"])
def test_nor_is_one_that_was_closed_to_some(whose: str, one: Ledger, site: Site, admin: Admin) -> None:
    admin.execute("SET default_transaction_read_only = off")
    admin.execute(f"ALTER {whose} SET default_transaction_read_only = on".encode())
    try:
        with pytest.raises(LedgerError, match="can only be read"):
            site.opened("two")
    finally:
        admin.execute(f"ALTER {whose} RESET default_transaction_read_only".encode())
    site.opened("two").close()


def test_an_answer_waits_until_it_is_opened(site: Site, close_it: Callable[[str], None]) -> None:
    """And what is waited for is told as it is: no other program holds the ledger."""
    once, told = iter((True,)), list[str]()

    def close() -> None:
        if next(once, False):
            close_it("on")

    def open_again(sentence: Sentence) -> None:
        told.append(str(sentence))
        close_it("off")

    with closing(open_shared(site.access("one")._replace(busy_timeout_s=0.2))) as one:
        mailing, one.on_wait, gateway = new_mailing(one, 4), open_again, Taker(before=close)
        send_all(one, mailing, gateway)
        assert states(one) == {"accepted": 4}
        must_be_true(one, gateway)
        (said,) = told
        assert said.startswith(f"Waiting: {one.engine.place}: this database can only be read")


def test_by_our_own_word_for_it_a_closed_database_would_be_sent_from(
    site: Site, close_it: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    settings = vars(connect)["_SETTINGS"] | {"default_transaction_read_only": "off"}
    monkeypatch.setattr(connect, "_SETTINGS", settings)
    close_it("on")
    with closing(site.opened("one")) as one:
        send_all(one, new_mailing(one, 4), gateway := Taker())
    assert gateway.taken.total() == 4


# Clocks and settings


@pytest.fixture(params=[timedelta(minutes=10), -timedelta(minutes=10)])
def turn_the_clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return how this machine's clock is put ahead of the server's, or behind."""
    off: timedelta = request.param

    class Off(datetime):
        @classmethod
        def fromtimestamp(cls, timestamp: float, tz: tzinfo | None = None) -> Self:
            return super().fromtimestamp(timestamp, tz) + off

    return lambda: monkeypatch.setattr(standing, "datetime", Off)


def test_a_host_whose_clock_is_off_sends_nothing(one: Ledger, turn_the_clock: Callable[[], None]) -> None:
    mailing = new_mailing(one, 2)
    turn_the_clock()
    with pytest.raises(LedgerError, match="the database's clock says"):
        fitness.must_be_fit(one, now())
    with pytest.raises(HaltError, match="and this machine's"), one.transaction():
        hosts.admit(one, mailing.reference, now())


_DISPOSAL = Decision("KS 2026/123", before="2026-01-01T00:00:00.000Z", reach=Reach(frozenset(), strays=True))


def test_a_host_whose_clock_is_off_purges_nothing(one: Ledger, turn_the_clock: Callable[[], None]) -> None:
    """By one that is ahead it would forget who had the same text an hour ago."""
    turn_the_clock()
    with pytest.raises(LedgerError, match="the database's clock says"):
        purge(one, _DISPOSAL, now(), ACTOR, lambda _done: None)
    assert purging.protocols(one) == ()


def test_without_looking_at_the_clock_it_would_purge(
    one: Ledger, turn_the_clock: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    turn_the_clock()
    monkeypatch.setattr(under_way, "clock_off", lambda _ledger: None)
    assert purge(one, _DISPOSAL, now(), ACTOR, lambda _done: None).protocol.id == 1


def _ended_by_a_wrong_clock(one: Ledger, turn_the_clock: Callable[[], None]) -> list[str]:
    """Ask for a second person, and open the ledger where it is two days later; return what is told."""
    mailing, told = new_mailing(one, 3), list[str]()
    with one.transaction():
        approvals.ask(one, mailing, ApprovalTerms(2, timedelta(days=1), slot=None), now(), ACTOR)
    turn_the_clock()
    two_days_on = datetime.fromisoformat(now().at) + timedelta(days=2)
    ahead = now()._replace(at=two_days_on.isoformat(timespec="milliseconds").replace("+00:00", "Z"))
    end_expired(one, ahead, ACTOR, lambda sentence: told.append(str(sentence)))
    return told


def test_a_host_whose_clock_is_off_ends_no_request_for_a_second_person(
    one: Ledger, turn_the_clock: Callable[[], None]
) -> None:
    assert _ended_by_a_wrong_clock(one, turn_the_clock) == []
    assert states(one)["pending"] == 3


def test_without_looking_at_the_clock_it_would_cancel_what_may_still_be_approved(
    one: Ledger, turn_the_clock: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(under_way, "clock_off", lambda _ledger: None)
    assert len(_ended_by_a_wrong_clock(one, turn_the_clock)) == 1
    assert states(one) == {"cancelled": 3}


def test_where_the_server_waits_for_no_standby_and_must_nothing_is_sent(site: Site) -> None:
    access = site.access("one")._replace(standby_must_have_it=True)
    with closing(open_shared(access)) as one, pytest.raises(LedgerError, match="for no standby"):
        new_mailing(one, 2)


def _has_standby(ledger: Ledger) -> bool:
    found = ledger.engine.standing()
    return bool(found and found.has_standby and not found.unfit("x"))


def test_a_server_that_may_send_its_log_to_nobody_waits_for_no_standby_whatever_it_says(
    site: Site, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = site.access("one")._replace(standby_must_have_it=True)
    cluster.stop()
    cluster.start(synchronous_standby_names="db2", max_wal_senders="0")
    try:
        with closing(open_shared(access)) as one:  # which has made it, and db2 has had nothing of that
            assert not _has_standby(one)
            by_its_word = identity.NOW.replace(" OR current_setting('max_wal_senders') = '0'", "")
            monkeypatch.setattr(identity, "NOW", by_its_word)
            assert _has_standby(one)  # the negative control
    finally:
        cluster.stop()
        cluster.start()


# A standby that takes over


def _promoted(site: Site, admin: Admin, before: Callable[[Site], None]) -> Iterator[Site]:
    """Let a standby of this moment take over, after `before` was done on the old server."""
    standby = site.cluster.standby()
    before(site)
    standby.start(hot_standby="on", primary_conninfo="", restore_command="false")
    try:
        standby.promote()
        yield site._replace(cluster=standby)
    finally:
        standby.stop()


@pytest.mark.parametrize("host", ["one", "two", "new"])
def test_no_host_sends_from_a_standby_that_took_over_until_a_person_says_so(
    host: str, site: Site, admin: Admin
) -> None:
    gateway = Taker()
    with closing(site.opened("one")) as one, closing(site.opened("two")) as two:
        send_all(two, new_mailing(two, 2, body="Hej igen"), gateway)
        mailing = new_mailing(one, 4)

    def send(there: Site) -> None:
        with closing(there.opened("one")) as one:
            send_all(one, mailing, gateway)

    for there in _promoted(site, admin, send):
        with closing(there.opened(host)) as again:
            with pytest.raises(LedgerError, match=r"another server took over|lacks batch"):
                run(again, mailing, gateway)
            assert set(gateway.taken.values()) == {1}
            accept_restore(again, now(), ACTOR, "the other hall burnt down")
            run(again, mailing, gateway)
            assert states(again)["unknown"] == 4
            assert set(gateway.taken.values()) == {1}


def test_from_one_that_had_everything_sending_goes_on_and_the_audit_tells(site: Site, admin: Admin) -> None:
    gateway = Taker()
    with closing(site.opened("one")) as one:
        send_all(one, new_mailing(one, 2, body="Hej igen"), gateway)
        mailing = new_mailing(one, 4)
    for there in _promoted(site, admin, lambda _site: None):
        access = there.access("one")._replace(standby_must_have_it=True)
        with psycopg.connect(there.cluster.url(), autocommit=True) as session:
            session.execute("ALTER SYSTEM SET synchronous_standby_names = 'log'")
            session.execute("SELECT pg_reload_conf()")
        with there.cluster.follower("log"), closing(open_shared(access)) as again:
            assert run(again, mailing, gateway) == {"accepted": 6}
            assert [row.action for row in audit.read(again)].count("failover") == 1
            must_be_true(again, gateway)


def synchronous(there: Site, host: str) -> Ledger:
    """Open the ledger for a host whose config says that a standby has everything."""
    return hosts.open_shared(there.access(host)._replace(standby_must_have_it=True))


def _waits(there: Site) -> AbstractContextManager[None]:
    """Let the server wait for a standby that keeps its log."""
    with psycopg.connect(there.cluster.url(), autocommit=True) as session:
        session.execute("ALTER SYSTEM SET synchronous_standby_names = 'log'")
        session.execute("SELECT pg_reload_conf()")
    return there.cluster.follower("log")


def _both_have_sent(site: Site, gateway: Taker) -> Mailing:
    with closing(site.opened("one")) as one, closing(site.opened("two")) as two:
        for number, host in enumerate((one, two)):
            send_all(host, new_mailing(host, 1, body=f"Hej {number}"), gateway)
        return new_mailing(one, 4)


def test_after_a_takeover_nobody_sends_until_every_host_has_looked_whether_it_misses_anything(
    site: Site, admin: Admin
) -> None:
    gateway = Taker()
    mailing = _both_have_sent(site, gateway)
    for there in _promoted(site, admin, lambda _site: None):
        with _waits(there), closing(synchronous(there, "two")) as two:
            with pytest.raises(LedgerError, match="not every host has looked"):
                run(two, mailing, gateway)
            with closing(synchronous(there, "one")) as one:
                assert restoring.found_restored(one) is None
            assert run(two, mailing, gateway) == {"accepted": 6}
            assert [row.action for row in audit.read(two)].count("failover") == 1
            must_be_true(two, gateway)


def _restored_to_a_moment(site: Site, admin: Admin, gateway: Taker, mailing: Mailing) -> Iterator[Site]:
    """A database from before one host sent the mailing, which differs from a standby in nothing else."""

    def send(there: Site) -> None:
        with closing(there.opened("one")) as one:
            send_all(one, mailing, gateway)

    yield from _promoted(site, admin, send)


def test_a_database_restored_to_a_moment_is_not_taken_for_a_standby_that_had_everything(
    site: Site, admin: Admin
) -> None:
    gateway = Taker()
    mailing = _both_have_sent(site, gateway)
    for there in _restored_to_a_moment(site, admin, gateway, mailing):
        with _waits(there):
            for host, why in (("two", "not every host"), ("one", "lacks batch"), ("two", "not every host")):
                with closing(synchronous(there, host)) as again, pytest.raises(LedgerError, match=why):
                    run(again, mailing, gateway)
    assert set(gateway.taken.values()) == {1}


def test_a_host_whose_config_asks_for_no_standby_answers_for_nothing_and_is_waited_for(
    site: Site, admin: Admin
) -> None:
    gateway = Taker()
    mailing = _both_have_sent(site, gateway)
    for there in _restored_to_a_moment(site, admin, gateway, mailing):
        with _waits(there):
            with closing(there.opened("one")) as one, pytest.raises(LedgerError, match="lacks batch"):
                run(one, mailing, gateway)
            there.opened("three").close()
            with (
                closing(synchronous(there, "two")) as two,
                pytest.raises(LedgerError, match="not every host"),
            ):
                run(two, mailing, gateway)
    assert set(gateway.taken.values()) == {1}


def test_a_host_that_has_only_looked_before_is_asked_as_well(site: Site, admin: Admin) -> None:
    gateway = Taker()
    mailing = _both_have_sent(site, gateway)
    site.opened("three").close()

    def send(there: Site) -> None:
        with closing(there.opened("three")) as three:
            send_all(three, mailing, gateway)

    for there in _promoted(site, admin, send):
        with _waits(there):
            synchronous(there, "one").close()
            with (
                closing(synchronous(there, "two")) as two,
                pytest.raises(LedgerError, match="not every host"),
            ):
                run(two, mailing, gateway)
    assert set(gateway.taken.values()) == {1}


def _sent_in_what_is_lost(site: Site, admin: Admin, gateway: Taker, *, by: str, other: str) -> None:
    """Let a host that has only opened the ledger send, and another one what the database lacks of it."""
    with closing(site.opened("one")) as one:  # where a person says that it may be sent from
        mailing = new_mailing(one, 4)
    site.opened("two").close()

    def send(there: Site) -> None:
        with closing(there.opened(by)) as sender:
            send_all(sender, mailing, gateway)

    for there in _promoted(site, admin, send):
        with _waits(there), closing(synchronous(there, other)) as again:
            run(again, mailing, gateway)


@pytest.mark.parametrize(("by", "other"), [("one", "two"), ("two", "one")], ids=["who said so", "who looked"])
def test_a_host_is_asked_that_has_opened_a_ledger_from_which_nothing_was_sent(
    by: str, other: str, site: Site, admin: Admin
) -> None:
    gateway = Taker()
    with pytest.raises(LedgerError, match="not every host"):
        _sent_in_what_is_lost(site, admin, gateway, by=by, other=other)
    assert set(gateway.taken.values()) == {1}


def test_without_being_listed_it_would_not_be(
    site: Site, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(takeover, "join", lambda *_given: None)
    gateway = Taker()
    _sent_in_what_is_lost(site, admin, gateway, by="one", other="two")
    assert set(gateway.taken.values()) == {2}


def _sent_by_a_copy(
    site: Site, admin: Admin, gateway: Taker, monkeypatch: pytest.MonkeyPatch, *, named: str
) -> None:
    """Copy a host with all it knows, let the copy send, and the first one what the database lacks of it."""
    with closing(site.opened("one")) as one:
        send_all(one, new_mailing(one, 1, body="Hej 1"), gateway)
        mailing = new_mailing(one, 4)
    for file in site.folder.glob("one*"):
        shutil.copy(file, file.with_name(file.name.replace("one", "copy")))
    here = machine.told()

    def opened_by_the_copy(there: Site) -> Ledger:
        monkeypatch.setattr(machine, "told", lambda: named or here)
        return there.opened("copy")

    opened_by_the_copy(site).close()

    def send(there: Site) -> None:
        with closing(opened_by_the_copy(there)) as copy:
            send_all(copy, mailing, gateway)
        monkeypatch.setattr(machine, "told", lambda: here)

    for there in _promoted(site, admin, send):
        with _waits(there), closing(synchronous(there, "one")) as again:
            run(again, mailing, gateway)


def test_a_copy_of_a_host_on_another_machine_is_another_host(
    site: Site, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = Taker()
    with pytest.raises(LedgerError, match="not every host"):
        _sent_by_a_copy(site, admin, gateway, monkeypatch, named="hall2 4711")
    assert set(gateway.taken.values()) == {1}


def test_as_the_same_one_it_would_say_of_the_other_that_it_misses_nothing(
    site: Site, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    gateway = Taker()
    _sent_by_a_copy(site, admin, gateway, monkeypatch, named="")
    assert set(gateway.taken.values()) == {1, 2}


def test_without_asking_every_host_it_would_be(
    site: Site, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: the host that did not send misses nothing, and sends it again."""
    monkeypatch.setattr(takeover, "waited_for", lambda *_given: None)
    gateway = Taker()
    mailing = _both_have_sent(site, gateway)
    for there in _restored_to_a_moment(site, admin, gateway, mailing):
        with _waits(there), closing(synchronous(there, "two")) as again:
            run(again, mailing, gateway)
    assert set(gateway.taken.values()) == {1, 2}


def _goes_back_to_the_server_before(site: Site, admin: Admin) -> Taker:
    """Let one host send from a standby that took over, and another, which has looked there, from before."""
    gateway = Taker()
    mailing = _both_have_sent(site, gateway)
    for there in _promoted(site, admin, lambda _site: None):
        with _waits(there):
            synchronous(there, "two").close()
            with closing(synchronous(there, "one")) as one:
                assert run(one, mailing, gateway) == {"accepted": 6}
        with ExitStack() as around:
            around.callback(admin.execute, "SELECT pg_reload_conf()")
            around.callback(admin.execute, "ALTER SYSTEM RESET synchronous_standby_names")
            wait_for(admin, "log")
            around.enter_context(site.cluster.follower("log"))
            two = around.enter_context(closing(synchronous(site, "two")))
            with suppress(LedgerError):
                run(two, mailing, gateway)
    return gateway


def test_a_host_that_has_seen_another_server_take_over_does_not_go_back(site: Site, admin: Admin) -> None:
    gateway = _goes_back_to_the_server_before(site, admin)
    assert set(gateway.taken.values()) == {1}
    with (
        closing(site.opened("two")) as two,
        pytest.raises(LedgerError, match="took over from this one, which must be stopped"),
    ):
        restoring.refuse_restored(two)


def test_without_noting_that_it_would_send_from_the_old_one_too(
    site: Site, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: the old server is up again, and first in the config."""
    monkeypatch.setattr(HostMark, "see", lambda *_given: None)
    assert 2 in _goes_back_to_the_server_before(site, admin).taken.values()


class BothUp(NamedTuple):
    """A server from which another took over, both up and each with a standby, and a run in the old one."""

    there: Site  # the new one
    line: CutLine  # that of the run
    run: Ledger  # of the first host, in the old one
    mailing: Mailing
    gateway: Taker

    def send(self) -> None:
        """Let the run in the old server go on."""
        with suppress(LedgerError):
            send_all(self.run, self.mailing, self.gateway)

    def send_from_the_new_one(self, host: str) -> None:
        with closing(synchronous(self.there, host)) as other, suppress(LedgerError):
            run(other, self.mailing, self.gateway)


@pytest.fixture
def both_up(site: Site, admin: Admin) -> Iterator[BothUp]:
    gateway, line = Taker(), CutLine(site.cluster.port)
    with ExitStack() as around:
        around.callback(line.close)
        mailing = _both_have_sent(site, gateway)
        standby = site.cluster.standby()
        standby.start(hot_standby="on", primary_conninfo="", restore_command="false")
        around.callback(standby.stop)
        standby.promote()
        around.callback(admin.execute, "SELECT pg_reload_conf()")
        around.callback(admin.execute, "ALTER SYSTEM RESET synchronous_standby_names")
        with psycopg.connect(standby.url(), autocommit=True) as other_admin:
            for waiting, server_of in ((admin, site.cluster), (other_admin, standby)):
                wait_for(waiting, "log")
                around.enter_context(server_of.follower("log"))
        server = address.Server(host="127.0.0.1", port=line.port)
        access = site.access("one")._replace(standby_must_have_it=True)
        access = access._replace(address=access.address._replace(servers=(server,)))
        begun = around.enter_context(closing(hosts.open_shared(access)))
        there = site._replace(cluster=standby)
        yield BothUp(there=there, line=line, run=begun, mailing=mailing, gateway=gateway)


def _looks_while_it_claims(both_up: BothUp) -> Counter[str]:
    """Let a host look in the new server while the COMMIT of its own claim in the old one is on its way."""
    commits = count()

    def looks(said: bytes) -> bool:
        if b"COMMIT\0" in said and next(commits) == 0:
            synchronous(both_up.there, "one").close()
            both_up.send_from_the_new_one("two")
        return False

    both_up.line.when = looks
    both_up.send()
    return both_up.gateway.taken


def test_what_is_claimed_in_the_old_server_while_its_host_looks_in_the_new_one_is_not_handed_out(
    both_up: BothUp,
) -> None:
    assert set(_looks_while_it_claims(both_up).values()) == {1}
    assert states(both_up.run) == {"accepted": 2, "pending": 2, "unknown": 2}


def test_noted_all_the_same_it_would_go_out_twice(both_up: BothUp, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    rise = HostMark.rise
    monkeypatch.setattr(HostMark, "rise", lambda *given: rise(*given[:4]) or True)
    assert set(_looks_while_it_claims(both_up).values()) == {1, 2}


def _claims_while_it_looks(both_up: BothUp, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a host's run claim in the old server after its look in the new one, and before that is noted."""
    see, once = HostMark.see, iter((True,))

    def sees(mark: HostMark, timeline: str, looked: HighWaterRecord) -> HighWaterRecord | None:
        if next(once, False):
            both_up.send()
        return see(mark, timeline, looked)

    monkeypatch.setattr(HostMark, "see", sees)


def _sent_by_whom(both_up: BothUp, who: str, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """`who` sends from the new server: the other host, or another process of this one, as it reconnects."""
    with ExitStack() as around:
        if who == "two":
            synchronous(both_up.there, "one").close()
            both_up.send_from_the_new_one("two")
        else:
            synchronous(both_up.there, "two").close()
            around.enter_context(monkeypatch.context()).setattr(hosts, "look_on", lambda _ledger: None)
            _claims_while_it_looks(both_up, monkeypatch)
            both_up.send_from_the_new_one("one")
    return both_up.gateway.taken


@pytest.mark.parametrize("who", ["one", "two"])
def test_who_claims_in_the_old_server_while_it_looks_does_not_miss_nothing_in_the_new_one(
    who: str, both_up: BothUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    if who == "two":
        _claims_while_it_looks(both_up, monkeypatch)
    assert set(_sent_by_whom(both_up, who, monkeypatch).values()) == {1}
    assert len(both_up.gateway.taken) == 6


@pytest.mark.parametrize("who", ["one", "two"])
def test_by_what_it_knew_before_it_would_go_out_twice(
    who: str, both_up: BothUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    see = HostMark.see
    monkeypatch.setattr(HostMark, "see", lambda mark, timeline, _looked: see(mark, timeline))
    if who == "two":
        _claims_while_it_looks(both_up, monkeypatch)
    assert set(_sent_by_whom(both_up, who, monkeypatch).values()) == {1, 2}


def test_a_mark_from_before_it_told_of_that_is_read(tmp_path: Path) -> None:
    mark = HostMark(tmp_path / "ledger.db")
    water = HighWaterRecord(lineage="0" * 16, batch=7, reference="ab-b7", at=now().at, host="1" * 16)
    line = f"{water.host} {water.lineage} {water.batch:020d} {water.at} {water.reference}"
    mark.path.write_text(line.ljust(mark.size - 10) + "\n")
    mark.path.chmod(0o600)
    assert mark.read() == water
    mark.see("00000002")
    assert mark.read() == water._replace(timeline="00000002")


def test_a_person_goes_on_without_a_host_that_is_gone(site: Site, admin: Admin) -> None:
    gateway = Taker()
    mailing = _both_have_sent(site, gateway)
    for there in _promoted(site, admin, lambda _site: None):
        with _waits(there), closing(synchronous(there, "two")) as two:
            accept_restore(two, now(), ACTOR, "the first host burnt down with the database")
            assert run(two, mailing, gateway) == {"accepted": 2, "unknown": 4}
            send_all(two, new_mailing(two, 1, body="Hej 3"), gateway)
            assert len(takeover.listed(two)) == 1  # a next takeover waits for nobody who is gone


# What a host knows that only looks on


def test_a_host_that_has_looked_on_notices_what_others_sent_and_the_server_lacks(
    one: Ledger, site: Site, admin: Admin
) -> None:
    """As on a machine of which an older image was put back: nothing else tells of it."""
    gateway, mailing = Taker(), new_mailing(one, 4)
    send_all(one, mailing, gateway)
    site.opened("two").close()
    forget_newest(admin, site)
    with closing(site.opened("two")) as two, pytest.raises(LedgerError, match="lacks batch 2"):
        run(two, mailing, gateway)
    assert set(gateway.taken.values()) == {1}


def test_whatever_a_host_does_that_misses_its_newest_batch_it_stops_the_others(
    one: Ledger, two: Ledger, site: Site, admin: Admin
) -> None:
    gateway, mailing = Taker(), new_mailing(one, 4)
    send_all(one, mailing, gateway)
    forget_newest(admin, site)
    site.opened("one").close()
    with pytest.raises(LedgerError, match="a host has found that it lacks what was sent"):
        run(two, mailing, gateway)
    assert set(gateway.taken.values()) == {1}


def test_without_that_look_it_would_send_it_again(
    one: Ledger, site: Site, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(hosts, "look_on", lambda _ledger: None)
    gateway, mailing = Taker(), new_mailing(one, 4)
    send_all(one, mailing, gateway)
    site.opened("two").close()
    forget_newest(admin, site)
    with closing(site.opened("two")) as two:
        run(two, mailing, gateway)
    assert set(gateway.taken.values()) == {1, 2}


def test_a_host_without_a_time_in_its_mark_goes_on_with_no_other_ledger(
    put_back: tuple[Mailing, Taker], site: Site
) -> None:
    mark = HostMark(site.access("one").state)
    water = mark.read()
    assert water
    mark.begin(water._replace(at=""))
    with closing(site.opened("two")) as two:
        accept_restore(two, now(), ACTOR, "the tape")
    with (
        closing(site.opened("one")) as one,
        pytest.raises(LedgerError, match="not the ledger that this host has sent from"),
    ):
        run(one, *put_back)


def _taken_over_by_a_standby_that_follows_another(site: Site, admin: Admin) -> Taker:
    """Let a standby that is not the one waited for take over in the middle of a run; return what went out."""
    gateway, line, commits = Taker(), CutLine(site.cluster.port), count()
    with ExitStack() as around:
        around.callback(line.close)
        one = around.enter_context(closing(site.opened("one")))
        mailing = new_mailing(one, 6)
        standby = site.cluster.standby()
        standby.start(hot_standby="on", primary_conninfo="", restore_command="false")
        around.callback(standby.stop)
        standby.promote()
        there = site._replace(cluster=standby)
        around.callback(admin.execute, "SELECT pg_reload_conf()")
        around.callback(admin.execute, "ALTER SYSTEM RESET synchronous_standby_names")
        with psycopg.connect(standby.url(), autocommit=True) as other_admin:
            for waiting, server_of in ((admin, site.cluster), (other_admin, standby)):
                wait_for(waiting, "log")
                around.enter_context(server_of.follower("log"))

        def takes_over(said: bytes) -> bool:
            if b"COMMIT\0" not in said or next(commits) != 1:
                return False
            line.turn_to(standby.port)
            return True

        server = address.Server(host="127.0.0.1", port=line.port)
        access = site.access("one")._replace(standby_must_have_it=True)
        access = access._replace(address=access.address._replace(servers=(server,)))
        through = around.enter_context(closing(hosts.open_shared(access)))
        line.when = takes_over
        with pytest.raises(LedgerError, match="another database than before"):
            send_all(through, mailing, gateway)
        other = there.access("two")._replace(standby_must_have_it=True)
        two = around.enter_context(closing(hosts.open_shared(other)))
        with suppress(LedgerError):
            run(two, mailing, gateway)
    return gateway


def test_a_host_that_finds_another_database_says_so_there(site: Site, admin: Admin) -> None:
    assert set(_taken_over_by_a_standby_that_follows_another(site, admin).taken.values()) == {1}


def test_without_that_the_other_hosts_would_go_on_there(
    site: Site, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: to them it is a standby that had everything, if they do not ask this host."""
    monkeypatch.setattr(hosts, "watched", nullcontext)
    monkeypatch.setattr(takeover, "waited_for", lambda *_given: None)
    assert 2 in _taken_over_by_a_standby_that_follows_another(site, admin).taken.values()


# A standby that must have it


@pytest.fixture
def waits_for_nobody(cluster: Cluster, admin: Admin) -> Iterator[None]:
    """A server that waits at each COMMIT for a standby which never comes."""
    try:
        admin.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        admin.execute("SELECT pg_reload_conf()")
        yield
    finally:
        admin.execute("SET synchronous_commit = local")
        admin.execute("ALTER SYSTEM RESET synchronous_standby_names")
        admin.execute("SELECT pg_reload_conf()")


class Waits:
    """What is sent while the server waits for its standby, and what a test does at each wait."""

    def __init__(self, admin: Admin, *at_each: Callable[[int], object]) -> None:
        """`at_each` are called with the session that waits, one at each wait, and then the last of them."""
        self._admin, self._left, self._seen = admin, list(at_each), set[object]()
        self.gateway, self.told, self.taken = Taker(), list[LedgerError](), list[int]()

    def send(self, ledger: Ledger, mailing: Mailing) -> None:
        """Send all; what had been handed out at each wait stands in `taken`."""

        def send() -> None:
            try:
                send_all(ledger, mailing, self.gateway)
            except LedgerError as error:
                self.told.append(error)

        sender = threading.Thread(target=send)
        sender.start()
        while sender.is_alive():
            self._look()
            sender.join(0.02)

    def _look(self) -> None:
        for pid, since in self._admin.execute(
            "SELECT pid, query_start FROM pg_stat_activity"
            " WHERE application_name = 'smsctl' AND wait_event = 'SyncRep'"
        ).fetchall():
            if (pid, since) not in self._seen:
                self._seen.add((pid, since))
                self.taken.append(self.gateway.taken.total())
                (self._left.pop(0) if self._left[1:] else self._left[0])(pid)


def wait_for(admin: Admin, standby: str) -> None:
    """Let the server wait for a standby of this name, or for none."""
    admin.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{standby}'".encode())
    admin.execute("SELECT pg_reload_conf()")
    while admin.execute("SHOW synchronous_standby_names").fetchone() != (standby,):
        time.sleep(0.001)


def cancelled(admin: Admin) -> Callable[[int], object]:
    """End a wait as an administrator may."""
    return lambda pid: admin.execute("SELECT pg_cancel_backend(%s)", (pid,))


@pytest.fixture
def waiting(one: Ledger, site: Site, request: pytest.FixtureRequest) -> Iterator[tuple[Ledger, Mailing]]:
    """A ledger that counts nothing before a standby has it, and a mailing; no standby comes."""
    mailing = new_mailing(one, 2)
    request.getfixturevalue("waits_for_nobody")
    access = site.access("one")._replace(standby_must_have_it=True)
    with closing(open_shared(access)) as ledger:
        yield ledger, mailing


NOT_CONFIRMED = "the standby has not confirmed the write"


def test_what_the_standby_has_not_confirmed_is_not_handed_out(
    waiting: tuple[Ledger, Mailing], admin: Admin
) -> None:
    waits = Waits(admin, cancelled(admin))
    waits.send(*waiting)
    assert NOT_CONFIRMED in str(waits.told[0])
    assert not waits.gateway.taken


def test_that_a_standby_is_waited_for_is_said(
    waiting: tuple[Ledger, Mailing], admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server waits without an end."""
    monkeypatch.setattr("smsctl.ledger.postgres.standby._SAY_AFTER_S", 0.01)
    told, cancel = list[str](), cancelled(admin)

    def cancel_when_it_is_said(pid: int) -> None:
        while not told:
            time.sleep(0.001)
        cancel(pid)

    waiting[0].on_wait = lambda sentence: told.append(str(sentence))
    Waits(admin, cancel_when_it_is_said).send(*waiting)
    assert told[0].startswith("Waiting for the standby of postgresql://")


@pytest.mark.parametrize("is_asked_for", [True, False])
def test_where_no_answer_hangs_on_it_the_wait_for_a_standby_that_is_gone_ends(
    waiting: tuple[Ledger, Mailing], site: Site, *, is_asked_for: bool
) -> None:
    _, mailing = waiting
    access = site.access("one")._replace(standby_must_have_it=is_asked_for, busy_timeout_s=0.2)
    gateway = Taker()
    with closing(open_shared(access)) as ledger, pytest.raises(LedgerError, match=NOT_CONFIRMED):
        send_all(ledger, mailing, gateway)
    assert not gateway.taken


def test_who_stores_an_answer_waits_on(
    waiting: tuple[Ledger, Mailing], site: Site, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smsctl.ledger.postgres.standby._SAY_AFTER_S", 0.4)
    assert waiting
    access = site.access("one")._replace(standby_must_have_it=True, busy_timeout_s=0.1)
    is_told, failed = threading.Event(), list[LedgerError]()

    def store(ledger: Ledger) -> None:
        try:
            with ledger.transaction(patient=True):
                ledger.keep_fact("an answer", "accepted")
        except LedgerError as error:
            failed.append(error)

    with closing(open_shared(access)) as ledger:
        ledger.on_wait = lambda _sentence: is_told.set()
        writer = threading.Thread(target=store, args=(ledger,))
        writer.start()
        assert is_told.wait(60)
        assert not failed
        (pid,) = admin.execute("SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'").fetchall()[0]
        cancelled(admin)(pid)
        writer.join()
    assert NOT_CONFIRMED in str(failed[0])


def test_without_the_warning_it_would_be(
    waiting: tuple[Ledger, Mailing], admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: COMMIT reports success where its wait for the standby was cancelled."""
    monkeypatch.setattr("smsctl.ledger.postgres.standby._WAITS_NO_LONGER", "none")
    waits = Waits(admin, cancelled(admin))
    waits.send(*waiting)
    assert not waits.told
    assert waits.gateway.taken


def test_what_a_server_that_waits_no_longer_has_alone_is_not_handed_out(
    waiting: tuple[Ledger, Mailing], admin: Admin
) -> None:
    """It does not warn, where somebody took the standby out of its settings."""
    waits = Waits(admin, lambda _pid: wait_for(admin, ""))
    waits.send(*waiting)
    assert NOT_CONFIRMED in str(waits.told[0])
    assert not waits.gateway.taken


def test_without_a_look_at_its_settings_it_would_be(
    waiting: tuple[Ledger, Mailing], admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(Standby, "_waited_all_the_time", lambda *_given: True)
    waits = Waits(admin, lambda _pid: wait_for(admin, ""))
    waits.send(*waiting)
    assert waits.gateway.taken


def _settings_changed_and_back(waiting: tuple[Ledger, Mailing], site: Site, admin: Admin) -> Waits:
    """Take the standby out of the settings for a moment, and let one come when that was noticed.

    The process by which a COMMIT waits hears a little later that it is in them again.
    """
    ledger, mailing = waiting
    line, changes, changed = CutLine(site.cluster.port), threading.Event(), threading.Event()

    def change(_pid: int) -> None:
        changes.set()
        wait_for(admin, "")
        changed.set()

    def change_back(said: bytes) -> bool:
        if changes.is_set() and b"pg_conf_load_time" in said:
            changes.clear()
            assert changed.wait(60)
            pid = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"
            for (checkpointer,) in admin.execute(pid).fetchall():
                os.kill(checkpointer, signal.SIGSTOP)
                threading.Timer(0.2, os.kill, (checkpointer, signal.SIGCONT)).start()
            wait_for(admin, "nobody")
        return False

    line.when = change_back
    server = address.Server(host="127.0.0.1", port=line.port)
    access = site.access("one")._replace(standby_must_have_it=True)
    access = access._replace(address=access.address._replace(servers=(server,)))
    with ExitStack() as around:
        around.callback(line.close)
        through = around.enter_context(closing(open_shared(access)))
        waits = Waits(admin, change, lambda _pid: around.enter_context(site.cluster.follower("nobody")))
        waits.send(through, mailing)
        assert states(ledger) == {"accepted": 2}
    return waits


def test_what_was_written_while_the_settings_were_others_is_proved_by_a_later_write(
    waiting: tuple[Ledger, Mailing], site: Site, admin: Admin
) -> None:
    waits = _settings_changed_and_back(waiting, site, admin)
    assert waits.taken[:2] == [0, 0]
    assert waits.gateway.taken.total() == 2


def test_without_that_write_it_would_be_handed_out_before(
    waiting: tuple[Ledger, Mailing], site: Site, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(Standby, "_prove", lambda *_given: None)
    assert _settings_changed_and_back(waiting, site, admin).taken[:2] != [0, 0]


def _answer_lost_in_the_wait(waiting: tuple[Ledger, Mailing], site: Site, admin: Admin) -> Waits:
    """Lose the answer to a COMMIT that a standby never had, and end the session that waits for it."""
    line = CutLine(site.cluster.port)
    line.arrives, once = True, iter((True,))
    line.when = lambda said: b"COMMIT\0" in said and next(once, False)
    server = address.Server(host="127.0.0.1", port=line.port)
    access = site.access("one")._replace(standby_must_have_it=True)
    access = access._replace(address=access.address._replace(servers=(server,)))
    waits = Waits(
        admin, lambda pid: admin.execute("SELECT pg_terminate_backend(%s)", (pid,)), cancelled(admin)
    )
    with closing(line), closing(open_shared(access)) as through:
        waits.send(through, waiting[1])
    return waits


def test_a_commit_that_is_looked_up_counts_when_a_standby_has_it(
    waiting: tuple[Ledger, Mailing], site: Site, admin: Admin
) -> None:
    waits = _answer_lost_in_the_wait(waiting, site, admin)
    assert NOT_CONFIRMED in str(waits.told[0])
    assert waits.taken[:2] == [0, 0]
    assert not waits.gateway.taken


def test_without_that_proof_it_would_be_handed_out(
    waiting: tuple[Ledger, Mailing], site: Site, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: the server says that it is committed, and it is, there alone.

    That the session which held the right is gone may be seen first; here nobody looks.
    """
    monkeypatch.setattr(Standby, "has_it", lambda *_given: True)
    monkeypatch.setattr(PostgresEngine, "may_still_send", lambda *_given: True)
    assert _answer_lost_in_the_wait(waiting, site, admin).taken[:2] == [0, 2]


def test_the_timeline_of_the_control_file_would_not_tell_of_a_standby_that_took_over(
    site: Site, admin: Admin
) -> None:
    """The negative control of the identity: it says the old one for a while."""
    of_the_log = "left(pg_walfile_name(pg_current_wal_lsn()), 8)"
    of_the_file = "(SELECT lpad(upper(to_hex(timeline_id)), 8, '0') FROM pg_control_checkpoint())"
    before = admin.execute(f"SELECT {of_the_log}, {of_the_file}".encode()).fetchone()
    assert before
    assert before[0] == before[1]
    standby = site.cluster.standby()
    standby.start(hot_standby="on", primary_conninfo="", restore_command="false")
    with ExitStack() as around:
        around.callback(standby.stop)
        session = around.enter_context(psycopg.connect(standby.url(), autocommit=True))
        pid = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"
        for (checkpointer,) in session.execute(pid).fetchall():  # a busy one is long about its first
            os.kill(checkpointer, signal.SIGSTOP)
            around.callback(os.kill, checkpointer, signal.SIGCONT)
        standby.promote()
        after = session.execute(f"SELECT {of_the_log}, {of_the_file}".encode()).fetchone()
    assert after
    assert (after[0] != before[0], after[1] == before[1]) == (True, True)
