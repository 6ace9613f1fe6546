"""`smsctl simulator` as a process: what its flags come to on the wire."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from ..front_door import Run, begin_process, end_process
from ..simulator.raw import send_raw

SEND = "/gw/rs/sendMessages"
LOGIN = {"serviceId": 4711, "username": "demo", "password": "wrong"}


@contextmanager
def running(folder: Path, *flags: str) -> Iterator[str]:
    """Run a simulator; yield where it listens."""
    process = begin_process("simulator", "--journal", folder / "accepted.jsonl", *flags)
    try:
        assert process.stdout
        yield next(line.strip() for line in process.stdout if "http://" in line)
    finally:
        process.send_signal(signal.SIGTERM)
        ran = end_process(process)
        assert (ran.code, ran.err) == (0, "")  # whatever it was sent: no traceback of its server


def ask(url: str, method: str, path: str, document: object = None) -> tuple[int, dict[str, str], Any]:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        body = None if document is None else json.dumps(document)
        connection.request(method, path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        read = response.read()
        return response.status, dict(response.getheaders()), json.loads(read) if read else None
    finally:
        connection.close()


@pytest.mark.parametrize(("kind", "status", "code"), [("401", 401, None), ("code2", 200, 2)])
def test_a_bad_login_is_told_as_asked(kind: str, status: int, code: int | None, tmp_path: Path) -> None:
    one = {"recipient": "+46701740605", "content": "Hej"}
    with running(tmp_path, "--password", "right", "--bad-login", kind) as url:
        found = ask(url, "POST", SEND, LOGIN | {"message": [one]})
    assert found[0] == status
    assert [entry["statusCode"] for entry in found[2].get("messageStatus", ())] == ([code] if code else [])


def test_it_says_that_it_is_one_unless_it_runs_as_a_gateway(tmp_path: Path) -> None:
    question = "/simulator/identity?nonce=" + "0" * 32
    with running(tmp_path, "--vendor-like") as url:
        status, headers, told = ask(url, "GET", question)
        assert (status, told["nonce"], "Smsctl-Simulator" in headers) == (200, "0" * 32, True)
        assert ask(url, "GET", "/management/4711/batch")[0] == 401  # known, and asks for a login
    with running(tmp_path, "--as-a-gateway") as url:
        status, headers, _ = ask(url, "GET", question)
        assert (status, "simulator" in str(headers).lower()) == (404, False)


GET = b"GET /gw/rs/sendMessages HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /gw/rs/sendMessages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
RUBBISH = (
    *(b"", b"\0" * 100, b"\r\n\r\n", bytes(range(256)) * 20, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    bytes.fromhex("16030100c8010000c40303") + bytes(range(190)),  # TLS
    *(GET + b"X: " + b"a" * 400_000 + b"\r\n\r\n", (GET + b"\r\n") * 2_000),
    *(b"GET http://[::1 HTTP/1.1\r\n\r\n", b"GET //[ HTTP/1.1\r\n\r\n", b"GET /\xff%ff%00 HTTP/9.9\r\n\r\n"),
    *(POST + b"Content-Length: 20\r\n\r\n{", POST + b"Content-Length: -1\r\n\r\n"),
    *(POST + b"Content-Length: " + b"9" * 400 + b"\r\n\r\n", POST + b"Content-Length: \xc2\xb2\r\n\r\n"),
    *(POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunk for chunk in (b"zz\r\n", b"5\r\nab", b"-1\r\n")),
    *(POST + b"Content-Length: 6000\r\n\r\n" + b"[" * 6_000, POST + b"Content-Length: 4\r\n\r\n\xff{}\0"),
    b"POST / HTTP/1.1\r\nContent-Type: text/xml\r\nContent-Length: 9\r\n\r\n<\xff!ENTITY",
)


def test_whatever_it_is_sent_it_prints_no_traceback_and_serves_on(tmp_path: Path) -> None:
    with running(tmp_path) as url:
        port = urlsplit(url).port or 0
        for then in ("ends", "leaves", "resets"):
            for rubbish in RUBBISH:
                send_raw(port, rubbish, then)
        one = {"recipient": "+46701740605", "content": "Hej"}
        assert ask(url, "POST", SEND, LOGIN | {"message": [one]})[0] == 200
    assert len((tmp_path / "accepted.jsonl").read_text(encoding="utf-8").splitlines()) == 1


def test_a_file_of_something_else_is_no_journal(tmp_path: Path, run: Run) -> None:
    text = tmp_path / "message.txt"
    text.write_text("Hej", encoding="utf-8")
    ran = run("simulator", "--journal", text, "--port", 0)
    assert (ran.code, "it holds something else" in ran.err, text.read_text("utf-8")) == (8, True, "Hej")


def test_a_journal_without_room_is_told_in_the_answer(tmp_path: Path) -> None:
    (tmp_path / "accepted.jsonl").symlink_to("/dev/full")
    one = {"recipient": "+46701740605", "content": "Hej"}
    with running(tmp_path) as url:
        status, _, told = ask(url, "POST", SEND, LOGIN | {"message": [one]})
    assert (status, "cannot write its journal" in told["detail"]) == (500, True)
