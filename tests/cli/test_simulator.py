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

from ..front_door import begin_process, end_process

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
        assert end_process(process).code == 0


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
