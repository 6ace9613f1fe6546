import gzip
import signal
import ssl
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from smsctl.domain.gateway import Options
from smsctl.errors import ConfigError
from smsctl.gateways.outcome import HttpReply, NotSent, Outcome, Stale, Unclear
from smsctl.gateways.trust import tls_context
from smsctl.gateways.wire import MAX_REPLY_BYTES

from .certificates import server_context
from .fault_server import MAX_SILENCE_S, Behaviour, FaultServer, Line, answering, free_port, reply
from .line import QUICK, after_s, post


def test_sends_the_request_once_and_returns_the_whole_reply() -> None:
    with FaultServer(answering(200, b"taken", X_Kind="Test")) as server:
        outcome = post(QUICK, server.url + "/path")
        assert isinstance(outcome, HttpReply)
        assert (outcome.status, outcome.body, outcome.headers["x-kind"]) == (200, b"taken", "Test")
        assert len(server.requests) == 1
        head = server.requests[0].partition(b"\r\n\r\n")[0].decode()
        assert head.startswith("POST /path HTTP/1.1\r\n")
        assert "Accept-Encoding: identity" in head
        assert "Connection: close" in head


def test_a_header_is_not_repeated() -> None:
    with FaultServer(answering(200, b"x", Content_Encoding="+46701740605 x")) as server:
        assert "4670" not in str(post(QUICK, server.url))


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip"])
def test_a_gzip_that_was_not_asked_for_is_read(encoding: str) -> None:
    with FaultServer(answering(200, gzip.compress(b"taken"), Content_Encoding=encoding)) as server:
        outcome = post(QUICK, server.url)
    assert isinstance(outcome, HttpReply)
    assert outcome.body == b"taken"


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_of_a_mebibyte_is_read(*, packed: bool) -> None:
    body = b"x" * (1 << 20)
    answer = answering(200, gzip.compress(body), Content_Encoding="gzip") if packed else answering(200, body)
    with FaultServer(answer) as server:
        outcome = post(QUICK, server.url)
    assert isinstance(outcome, HttpReply)
    assert outcome.body == body


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (gzip.compress(bytes(MAX_REPLY_BYTES + 1)), "gzip"),
        (gzip.compress(b"taken")[:-1], "gzip"),
        (gzip.compress(b"taken") + b"more", "gzip"),
        (gzip.compress(b"taken") * 2, "gzip"),
        (b"taken", "gzip"),
        (zlib.compress(b"taken"), "gzip"),
        (b"", "gzip"),
        (gzip.compress(b"taken"), "br"),
        (gzip.compress(gzip.compress(b"taken")), "gzip, gzip"),
    ],
    # Named: a gzip holds the time, and the processes that share the tests must agree on their names.
    ids=["large", "cut", "and more", "twice", "not gzip", "deflated", "empty", "another coding", "in gzip"],
)
def test_a_gzip_that_is_cut_or_grows_too_large_proves_nothing(body: bytes, encoding: str) -> None:
    with FaultServer(answering(200, body, Content_Encoding=encoding)) as server:
        assert isinstance(post(QUICK, server.url), Unclear)


def test_a_bomb_takes_no_memory() -> None:
    body = gzip.compress(bytes(200 << 20))  # 200 MiB in 200 KiB: it is never inflated whole
    with FaultServer(answering(200, body, Content_Encoding="gzip")) as server:
        tracemalloc.start()
        try:
            assert isinstance(post(QUICK, server.url), Unclear)
            assert tracemalloc.get_traced_memory()[1] < 8 << 20
        finally:
            tracemalloc.stop()


INTERIM = (
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 102 Processing\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\nContent-Length: 7\r\n\r\n",
)


@pytest.mark.parametrize("before", [*INTERIM, b"".join(INTERIM), INTERIM[1] * 5])
@pytest.mark.parametrize("status", [200, 401, 503])
def test_replies_before_the_final_one_are_passed_over(before: bytes, status: int) -> None:
    def behaviour(line: Line) -> None:
        line.read_request()
        line.send(before + reply(status, b"taken", X_Kind="Test"))

    with FaultServer(behaviour) as server:
        outcome = post(QUICK, server.url)
    assert isinstance(outcome, HttpReply)
    assert (outcome.status, outcome.body, outcome.headers["x-kind"]) == (status, b"taken", "Test")
    assert "link" not in outcome.headers


@pytest.mark.parametrize("told", [INTERIM[1], INTERIM[1] * 1000, b"HTTP/1.1 101 Switching Protocols\r\n\r\n"])
def test_replies_before_none_prove_nothing(told: bytes) -> None:
    def behaviour(line: Line) -> None:
        line.read_request()
        line.send(told)

    with FaultServer(behaviour) as server:
        outcome = post(QUICK, server.url)
    assert isinstance(outcome, Unclear) or (isinstance(outcome, HttpReply) and outcome.status < 200)


def test_makes_a_new_connection_for_each_exchange_even_if_the_server_keeps_the_last() -> None:
    def keeping(line: Line) -> None:
        while True:
            line.read_request()
            line.send(reply(200, b"ok"))

    with FaultServer(keeping) as server:
        assert all(isinstance(post(QUICK, server.url), HttpReply) for _ in range(3))
        assert server.connections == 3


def test_leaves_no_connection_open_even_if_the_server_keeps_it() -> None:
    left = threading.Semaphore(0)

    def keeping(line: Line) -> None:
        try:
            while True:
                line.read_request()
                line.send(reply(200, b"ok"))
        finally:
            left.release()

    with FaultServer(keeping) as server:
        for _ in range(3):
            assert isinstance(post(QUICK, server.url), HttpReply)
            assert left.acquire(timeout=MAX_SILENCE_S / 2), "the line is still open"


def test_several_threads_may_send_at_once() -> None:
    with FaultServer(answering(200, b"ok")) as server:
        outcomes: list[Outcome] = []
        threads = [
            threading.Thread(target=lambda: outcomes.append(post(QUICK, server.url))) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [type(outcome) for outcome in outcomes] == [HttpReply] * 8


def test_a_refused_connection_proves_that_nothing_left() -> None:
    outcome = post(QUICK, f"http://127.0.0.1:{free_port()}")
    assert isinstance(outcome, NotSent)
    assert outcome.text == "Connection refused"
    outcome = post(QUICK, f"https://127.0.0.1:{free_port()}")
    assert isinstance(outcome, NotSent)
    assert outcome.text == "Connection refused"


def test_an_unknown_host_proves_that_nothing_left() -> None:
    assert isinstance(post(QUICK, "https://no-such-host.invalid"), NotSent)


def test_an_untrusted_certificate_is_refused_before_anything_leaves(
    tls: tuple[ssl.SSLContext, Path],
) -> None:
    with FaultServer(answering(200), tls=tls[0]) as server:
        outcome = post(QUICK, server.url)
        assert isinstance(outcome, NotSent)
        assert "certificate is not trusted" in str(outcome.text)
        assert server.requests == []


def test_a_certificate_for_another_host_is_refused(tmp_path: Path) -> None:
    context, bundle = server_context(tmp_path, "elsewhere.example")
    with FaultServer(answering(200), tls=context) as server:
        outcome = post(QUICK._replace(ca_bundle=bundle), server.url)
        assert isinstance(outcome, NotSent)
        assert server.requests == []


def test_a_certificate_of_the_given_bundle_is_trusted(
    tls: tuple[ssl.SSLContext, Path], trusting: Options
) -> None:
    with FaultServer(answering(200, b"ok"), tls=tls[0]) as server:
        assert isinstance(post(trusting, server.url), HttpReply)


def test_the_authorities_are_loaded_once_and_old_tls_is_off(trusting: Options) -> None:
    context = tls_context(trusting.ca_bundle)
    assert context is tls_context(trusting.ca_bundle)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_a_handshake_that_hangs_proves_that_nothing_left(trusting: Options) -> None:
    with FaultServer(Line.keep_silent) as server:
        outcome = post(trusting, server.url.replace("http:", "https:"))
        assert isinstance(outcome, NotSent)
        assert str(outcome.text) == "timed out"


def reset_unread(line: Line) -> None:
    line.connection.recv(1)  # before it, the reset may prove that nothing left
    line.reset()


def reset_after_reading(line: Line) -> None:
    line.read_request()
    line.reset()


def close_after_reading(line: Line) -> None:
    line.read_request()


def reset_in_the_reply(line: Line) -> None:
    line.read_request()
    line.send(reply(200, b"x" * 100)[:-50])
    time.sleep(0.05)
    line.reset()


def close_in_the_reply(line: Line) -> None:
    line.read_request()
    line.send(reply(200, b"x" * 100)[:-50])


def never_answer(line: Line) -> None:
    line.read_request()
    line.keep_silent()


def drip_the_head(line: Line) -> None:
    line.read_request()
    line.drip(b"HTTP/1.1 200 OK\r\n" + b"X-Slow: yes\r\n" * 1000)


def drip_the_body(line: Line) -> None:
    line.read_request()
    line.drip(reply(200, b"x" * 1000))


def drip_a_body_without_length(line: Line) -> None:
    line.read_request()
    line.send(b"HTTP/1.1 200 OK\r\n\r\n")
    line.drip(b"x" * 1000)


def go_on_for_ever(line: Line) -> None:
    line.read_request()
    line.drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)


def speak_nonsense(line: Line) -> None:
    line.read_request()
    line.send(b"220 mail ready\r\n")


def break_a_chunk(line: Line) -> None:
    line.read_request()
    line.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n")


def send_endless_headers(line: Line) -> None:
    line.read_request()
    line.send(b"HTTP/1.1 200 OK\r\n" + b"X-More: yes\r\n" * 500 + b"\r\n")


def send_one_long_header(line: Line) -> None:
    line.read_request()
    line.send(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n")


ON_THE_WIRE: list[Behaviour] = [
    reset_unread,
    reset_after_reading,
    close_after_reading,
    reset_in_the_reply,
    close_in_the_reply,
    never_answer,
    drip_the_head,
    drip_the_body,
    drip_a_body_without_length,
    go_on_for_ever,
    speak_nonsense,
    break_a_chunk,
    send_endless_headers,
    send_one_long_header,
    answering(200, b"\x1f\x8b\x08", Content_Encoding="gzip"),
    answering(200, b"x" * (MAX_REPLY_BYTES + 1)),
]


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("behaviour", ON_THE_WIRE)
def test_trouble_once_on_the_wire_proves_nothing(
    behaviour: Behaviour, scheme: str, tls: tuple[ssl.SSLContext, Path], trusting: Options
) -> None:
    with FaultServer(behaviour, tls=tls[0] if scheme == "https" else None) as server:
        started = time.monotonic()
        assert isinstance(post(trusting, server.url), Unclear)
        assert time.monotonic() - started < 4 * trusting.total_timeout_s
        assert server.connections == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(status: int) -> None:
    with (
        FaultServer(answering(200)) as elsewhere,
        FaultServer(answering(status, b"", Location=elsewhere.url + "/")) as server,
    ):
        outcome = post(QUICK, server.url)
        assert isinstance(outcome, HttpReply)
        assert outcome.status == status
        assert elsewhere.connections == 0


@pytest.mark.parametrize(
    "url",
    [
        "http://smsgw.example.com/",
        "http://192.0.2.1/",
        "ftp://localhost/",
        "https:///",
        "https://user:secret@smsgw.example.com/",
        "http://localhost.example.com/",
    ],
)
def test_only_https_or_this_machine_is_spoken_to(url: str) -> None:
    with pytest.raises(ConfigError) as raised:
        post(QUICK, url)
    assert "secret" not in str(raised.value)


def test_a_stale_claim_does_not_even_connect() -> None:
    with FaultServer(answering(200)) as server:
        outcome = post(QUICK, server.url, is_late=lambda: True)
        assert isinstance(outcome, Stale)
        assert server.connections == 0


def test_a_claim_that_grows_stale_while_connecting_is_not_sent(
    tls: tuple[ssl.SSLContext, Path], trusting: Options
) -> None:
    with FaultServer(answering(200), tls=tls[0], handshake_after_s=0.2) as server:
        outcome = post(trusting, server.url, is_late=after_s(0.1))
        assert isinstance(outcome, Stale)
        assert server.connections == 1
        assert server.requests == []


@pytest.fixture
def interrupt_soon() -> Iterator[Callable[[], None]]:
    timers: list[threading.Timer] = []
    main = threading.main_thread().ident or 0

    def arm() -> None:
        timers.append(threading.Timer(0.15, signal.pthread_kill, (main, signal.SIGINT)))
        timers[-1].start()

    yield arm
    for timer in timers:
        timer.join()


def test_an_interrupt_on_the_wire_passes_through_and_closes_the_line(
    interrupt_soon: Callable[[], None],
) -> None:
    left = threading.Event()

    def wait_for_the_end(line: Line) -> None:
        line.read_request()
        line.keep_silent()
        left.set()

    with FaultServer(wait_for_the_end) as server:
        interrupt_soon()
        with pytest.raises(KeyboardInterrupt):
            post(QUICK._replace(read_timeout_s=3, total_timeout_s=3), server.url)
        assert left.wait(1)
