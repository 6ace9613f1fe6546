"""A connection that is kept: when another request goes out on it, and what is proved when it fails."""

import errno
import os
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from smsctl.domain.gateway import IsLate, Options
from smsctl.gateways import connection_pool
from smsctl.gateways.connection_pool import KEPT_FOR_S, ConnectionPool
from smsctl.gateways.outcome import HttpReply, Outcome, Stale, Unclear
from smsctl.gateways.wire import MAX_REPLY_BYTES, exchange

from .fault_server import MAX_SILENCE_S, Behaviour, FaultServer, Line, reply
from .line import BODY

pytestmark = pytest.mark.parametrize("scheme", ["http", "https"])
Serving = Callable[[Behaviour], FaultServer]
TAKEN = reply(200, b"taken")


@pytest.fixture
def serving(scheme: str, tls: tuple[ssl.SSLContext, Path]) -> Serving:
    return lambda behaviour: FaultServer(behaviour, tls=tls[0] if scheme == "https" else None)


class Sender:
    """Sends one request after the other, as a thread of a run does."""

    def __init__(self, options: Options) -> None:
        self.pool = ConnectionPool()
        self._options = options

    def post(self, server: FaultServer, is_late: IsLate = lambda: False, page: str = "") -> Outcome:
        return exchange(
            self._options,
            "POST",
            f"{server.url}{page}",
            headers={},
            body=BODY,
            is_late=is_late,
            pool=self.pool,
        )


@pytest.fixture
def sender(trusting: Options) -> Sender:
    return Sender(trusting)


def then(*acts: Callable[[Line], None], first: bytes = TAKEN) -> Behaviour:
    """Answer the first request of a connection, do this, and answer what else comes."""

    def behaviour(line: Line) -> None:
        line.read_request()
        line.send(first)
        for act in acts:
            act(line)
        while True:
            line.read_request()
            line.send(TAKEN)

    return behaviour


def close(line: Line) -> None:
    line.connection.close()


def say_more(line: Line) -> None:
    line.send(reply(408, b"too slow"))


def read_one(line: Line) -> None:
    line.read_request()


def read_a_byte(line: Line) -> None:
    line.connection.recv(1)


def test_the_next_request_goes_out_on_the_line_of_the_last(serving: Serving, sender: Sender) -> None:
    with serving(then()) as server:
        assert all(isinstance(sender.post(server), HttpReply) for _ in range(5))
        assert isinstance(sender.post(server, page="/another"), HttpReply)
        assert (server.connections, len(server.requests)) == (1, 6)
        assert b"Connection:" not in server.requests[0]


def test_there_are_no_more_lines_than_requests_at_once(serving: Serving, sender: Sender) -> None:
    with serving(then()) as server:

        def post_some() -> None:
            assert all(isinstance(sender.post(server), HttpReply) for _ in range(20))

        threads = [threading.Thread(target=post_some) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(server.requests) == 80
        assert server.connections <= 4


def test_another_origin_gets_a_line_of_its_own(serving: Serving, sender: Sender) -> None:
    with serving(then()) as one, serving(then()) as other:
        assert all(isinstance(sender.post(server), HttpReply) for server in (one, other, one, other))
        assert (one.connections, other.connections) == (1, 1)


@pytest.mark.parametrize(
    "first",
    [
        reply(200, b"taken", Connection="close"),
        reply(200, b"taken", Connection="keep-alive, Close"),
        TAKEN.replace(b"HTTP/1.1", b"HTTP/1.0"),
        reply(200, b"5\r\ntaken\r\n0\r\n\r\n", Transfer_Encoding="chunked"),  # and a length: two ends
    ],
)
def test_a_peer_that_will_close_is_not_asked_again(serving: Serving, sender: Sender, first: bytes) -> None:
    with serving(then(first=first)) as server:
        assert all(isinstance(sender.post(server), HttpReply) for _ in range(3))
        assert server.connections == 3
        assert sender.pool.keeps, "it kept its word"


def test_a_line_that_was_idle_for_long_is_closed_and_not_used(serving: Serving, sender: Sender) -> None:
    left = threading.Event()

    def until_left(line: Line) -> None:
        try:
            then()(line)
        finally:
            left.set()

    with serving(until_left) as server:
        assert isinstance(sender.post(server), HttpReply)
        assert left.wait(KEPT_FOR_S + MAX_SILENCE_S / 2), "nobody closed the line"
        assert isinstance(sender.post(server), HttpReply)
        assert server.connections == 2
        assert sender.pool.keeps


@pytest.mark.parametrize("act", [close, Line.reset, say_more])
def test_a_line_that_proves_dead_before_the_first_byte_is_replaced_and_none_is_kept_any_more(
    serving: Serving, sender: Sender, act: Callable[[Line], None]
) -> None:
    done = threading.Semaphore(0)
    with serving(then(lambda _: time.sleep(0.05), act, lambda _: done.release())) as server:
        assert isinstance(sender.post(server), HttpReply)
        assert done.acquire(timeout=MAX_SILENCE_S)
        time.sleep(0.02)  # until it is here
        assert all(isinstance(sender.post(server), HttpReply) for _ in range(2))
        assert (server.connections, len(server.requests)) == (3, 3)
        assert b"Connection: close" in server.requests[1]
        assert b"Connection: close" in server.requests[2]


def test_bytes_behind_a_reply_are_never_the_next_ones_beginning(serving: Serving, sender: Sender) -> None:
    with serving(then(first=TAKEN + reply(401, b"no"))) as server:
        for _ in range(3):
            outcome = sender.post(server)
            assert isinstance(outcome, HttpReply)
            assert outcome.status == 200
        assert server.connections == 3


@pytest.mark.parametrize("read", [read_a_byte, read_one])
@pytest.mark.parametrize("act", [close, Line.reset])
def test_a_line_that_is_closed_in_the_moment_of_the_next_request_proves_nothing_and_ends_the_keeping(
    serving: Serving, sender: Sender, read: Callable[[Line], None], act: Callable[[Line], None]
) -> None:
    with serving(then(read, act)) as server:
        assert isinstance(sender.post(server), HttpReply)
        assert isinstance(sender.post(server), Unclear)
        assert server.connections == 1, "what may have been read is never sent again"
        assert all(isinstance(sender.post(server), HttpReply) for _ in range(3))
        assert server.connections == 4


def test_the_total_time_and_the_silence_end_a_request_on_a_kept_line(
    serving: Serving, sender: Sender, trusting: Options
) -> None:
    for act in (Line.keep_silent, lambda line: line.drip(b"HTTP/1.1 200 OK\r\n" + b"X-Slow: yes\r\n" * 1000)):
        sender.pool = ConnectionPool()
        with serving(then(read_one, act)) as server:
            assert isinstance(sender.post(server), HttpReply)
            started = time.monotonic()
            assert isinstance(sender.post(server), Unclear)
            assert time.monotonic() - started < 4 * trusting.total_timeout_s
            assert server.connections == 1


def test_the_total_time_of_one_request_does_not_end_the_next(serving: Serving, sender: Sender) -> None:
    with serving(then()) as server:
        for _ in range(6):  # 0.2 s each, where each has 0.8 s in all
            assert isinstance(sender.post(server), HttpReply)
            time.sleep(0.2)
        assert server.connections == 1


def test_a_stale_claim_does_not_leave_on_a_kept_line(serving: Serving, sender: Sender) -> None:
    with serving(then()) as server:
        assert isinstance(sender.post(server), HttpReply)
        assert isinstance(sender.post(server, is_late=lambda: True), Stale)
        assert len(server.requests) == 1


def test_a_reply_that_is_too_large_is_no_reply_on_a_kept_line(serving: Serving, sender: Sender) -> None:
    large = reply(200, b"x" * (MAX_REPLY_BYTES + 1))
    with serving(then(read_one, lambda line: line.send(large))) as server:
        assert isinstance(sender.post(server), HttpReply)
        assert isinstance(sender.post(server), Unclear)
        assert server.connections == 1


def test_a_line_that_cannot_be_looked_at_is_closed_and_not_trusted(
    serving: Serving, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_more_memory() -> None:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    with serving(then()) as server:
        assert isinstance(sender.post(server), HttpReply)
        monkeypatch.setattr(connection_pool, "_Selector", no_more_memory)
        assert isinstance(sender.post(server), HttpReply)
        assert server.connections == 2
    assert not sender.pool.keeps
