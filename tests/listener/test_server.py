import json
import socket
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from smsctl.domain.push import PushBatch
from smsctl.errors import LedgerError, UsageError, say
from smsctl.listener.server import STRANGERS_BODY_BYTES, Listener, Patience

from ..gateways.test_intelecom_pushes import DELIVERED, REPORT, REPORT_QUERY
from ..gateways.test_pswincom_pushes import ACKNOWLEDGED, REPORT_FORM
from ..gateways.test_pswincom_pushes import REPORT as LINK_REPORT
from .conftest import Begin, Running

FORM = "application/x-www-form-urlencoded"


def test_a_push_is_stored_and_answered_with_200(running: Running) -> None:
    response = running.ask(body=REPORT, Content_Type="application/json")
    assert response.status == 200
    assert running.stored == [PushBatch(reports=(DELIVERED,))]


def test_each_vendor_gets_the_answer_it_expects(running: Running) -> None:
    link = running.path("pswincom")
    by_xml = running.ask(path=link, body=LINK_REPORT.encode("latin-1"), Content_Type="application/xml")
    by_form = running.ask(path=link, body=REPORT_FORM.encode(), Content_Type=FORM)
    by_get = running.ask("GET", f"{running.path()}?{REPORT_QUERY}")
    assert [one.status for one in (by_xml, by_form, by_get)] == [200] * 3
    assert by_xml.body == ACKNOWLEDGED
    assert by_xml.headers["content-type"].startswith("application/xml")
    assert by_form.body.split() == [b"0", b"OK"]
    assert len(running.stored) == 3


def test_what_cannot_be_read_of_a_push_is_told(running: Running) -> None:
    mixed = LINK_REPORT.replace("</MSGLST>", "<MSG><ID>2</ID></MSG></MSGLST>")
    response = running.ask(path=running.path("pswincom"), body=mixed.encode("latin-1"))
    assert (response.status, b"FAIL" in response.body) == (200, True)
    assert len(running.stored) == 1
    (why,) = map(str, running.refusals)
    assert why.startswith("a part of a push for pswincom cannot be read")


def test_the_answer_waits_for_the_store(begin: Begin) -> None:
    let_go, entered, order = threading.Event(), threading.Event(), []

    def store(_: Sequence[PushBatch]) -> None:
        entered.set()
        let_go.wait(30)
        order.append("stored")

    running = begin(store=store)
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(running.ask, body=REPORT)
        asked.add_done_callback(lambda _: order.append("answered"))
        assert entered.wait(30)
        assert not asked.done()
        let_go.set()
        assert asked.result().status == 200
    assert order == ["stored", "answered"]


def test_what_cannot_be_stored_is_asked_for_again(begin: Begin) -> None:
    def store(_: Sequence[PushBatch]) -> None:
        raise LedgerError(say("The ledger is busy."))

    running = begin(store=store)
    response = running.ask(body=REPORT)
    assert response.status == 503
    assert "retry-after" in response.headers
    assert [str(one) for one in running.troubles] == ["The ledger is busy."]


def test_one_parcel_that_cannot_be_stored_keeps_no_other_out(begin: Begin) -> None:
    kept: list[str] = []
    begun = threading.Event()

    def store(push_batches: Sequence[PushBatch]) -> None:
        begun.wait(30)
        if any(one.reference == "bad" for push_batch in push_batches for one in push_batch.reports):
            raise ValueError
        kept.extend(one.reference for push_batch in push_batches for one in push_batch.reports)

    running = begin(store=store)
    bodies = [_report(name) for name in ("bad", *map(str, range(10)))]
    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(running.ask, body=body) for body in bodies]
        time.sleep(0.5)  # so that most of them wait together
        begun.set()
        statuses = [one.result().status for one in asked]
    assert statuses == [503] + [200] * 10
    assert sorted(kept, key=int) == [str(n) for n in range(10)]


def _report(reference: str) -> bytes:
    return json.dumps({"dr": [{"statuscode": 0, "customermessagereference": reference}]}).encode()


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "told"),
    [
        ("POST", "/intelecom/0123456789abcdef0123456789abcdef", REPORT, 404, "its path is not one"),
        ("POST", "/", REPORT, 404, "its path is not one"),
        ("POST", None, b"{+46701740605", 400, "a push for intelecom was refused: it holds no JSON"),
        ("POST", None, b"<a>+46701740605", 400, "a push for intelecom was refused: its root is neither"),
        ("POST", None, b"<dr>+46701740605", 400, "a push for intelecom was refused: it is no XML"),
        ("POST", None, b"", 400, "it holds no JSON"),
        ("GET", None, b"", 400, "neither a report nor an incoming SMS"),
        ("PUT", None, REPORT, 405, "came neither by POST"),
        ("HEAD", None, b"", 405, "came neither by POST"),
    ],
)
def test_everything_else_gets_a_documented_answer_is_told_of_and_stores_nothing(
    running: Running, method: str, path: str | None, body: bytes, status: int, told: str
) -> None:
    response = running.ask(method, path, body)
    assert response.status == status
    assert b"Traceback" not in response.body
    assert "server" not in response.headers
    assert not running.stored
    (why,) = map(str, running.refusals)
    assert told in why
    assert "46701740605" not in why


def test_get_can_be_switched_off(begin: Begin) -> None:
    running = begin(accept_get=False)
    response = running.ask("GET", f"{running.path()}?{REPORT_QUERY}")
    assert (response.status, response.headers["allow"]) == (405, "POST")
    assert not running.stored


LARGEST = Patience().largest_bytes


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    ("known", "most", "told"), [(True, LARGEST, "8192 KiB"), (False, STRANGERS_BODY_BYTES, "256 KiB")]
)
def test_an_oversized_push_is_refused_unread_and_a_strangers_sooner(
    running: Running,
    most: int,
    told: str,
    *,
    known: bool,
    chunked: bool,
) -> None:
    body = b"x" * (most + 1)
    length = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % len(body)
    sent = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if chunked else body
    with socket.create_connection(("127.0.0.1", running.listener.port), timeout=30) as line:
        head = f"POST {running.path() if known else '/'} HTTP/1.1\r\nHost: x\r\n".encode()
        with suppress(OSError):  # it does not care to read on
            line.sendall(head + length + b"\r\n\r\n" + sent)
        answer = line.recv(100)
    assert answer.startswith(b"HTTP/1.1 413")
    assert not running.stored
    assert list(map(str, running.refusals)) == [f"a push was refused: it is larger than {told}"]


@pytest.mark.parametrize("size", [STRANGERS_BODY_BYTES, STRANGERS_BODY_BYTES + 1, LARGEST])
def test_the_largest_push_is_taken(running: Running, size: int) -> None:
    padding = size - len(REPORT)
    assert running.ask(body=REPORT + b" " * padding).status == 200
    assert running.stored == [PushBatch(reports=(DELIVERED,))]


def test_how_large_a_push_may_be_can_be_set(begin: Begin) -> None:
    running = begin(patience=Patience(largest_bytes=len(REPORT)))
    assert running.ask(body=REPORT).status == 200
    assert running.ask(body=REPORT + b" ").status == 413


def test_a_slow_client_is_cut_and_others_are_served(begin: Begin) -> None:
    running = begin(patience=Patience(receive_s=0.5))
    lines = [socket.create_connection(("127.0.0.1", running.listener.port), timeout=30) for _ in range(20)]
    for line in lines[1:]:
        line.sendall(f"POST {running.path()} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n".encode())
    assert running.ask(body=REPORT).status == 200
    assert _drips_until_cut(lines[1])
    assert all(line.recv(1) == b"" for line in (lines[0], lines[2]))
    for line in lines:
        line.close()


def _drips_until_cut(line: socket.socket) -> bool:
    """A byte at a time is no silence."""
    for _ in range(600):
        try:
            line.sendall(b"x")
        except OSError:
            return True
        time.sleep(0.05)
    return False


def test_a_thousand_at_once_share_commits_and_are_all_stored(running: Running) -> None:
    with ThreadPoolExecutor(64) as pool:
        statuses = list(pool.map(lambda n: running.ask(body=_report(f"a-{n}")).status, range(1000)))
    assert statuses == [200] * 1000
    assert {one.reports[0].reference for one in running.stored} == {f"a-{n}" for n in range(1000)}
    assert len(running.groups) < 1000


def test_what_is_in_when_it_stops_gets_its_answer(begin: Begin) -> None:
    entered, let_go = threading.Event(), threading.Event()

    def store(_: Sequence[PushBatch]) -> None:
        entered.set()
        let_go.wait(30)

    running = begin(store=store)
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(running.ask, body=REPORT)
        assert entered.wait(30)
        running.listener.stop()
        let_go.set()
        assert asked.result().status == 200
    assert running.listener.closed.wait(30)
    with pytest.raises(ConnectionError):
        running.ask(body=REPORT)


def test_an_address_that_is_taken_gets_a_sentence(running: Running) -> None:
    with pytest.raises(UsageError, match=f"port {running.listener.port}: Address already in use[.]$"):
        Listener(lambda *_: [], "127.0.0.1", running.listener.port)  # type: ignore[arg-type]
