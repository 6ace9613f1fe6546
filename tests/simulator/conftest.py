"""A simulator for each test, and a small client that shares no code with smsctl's gateways."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from smsctl.simulator.server import Behaviour, Simulator, start


class Response(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document


class Client:
    """Talks to one simulator, a new connection for each request."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self._address = urlsplit(simulator.url).netloc

    def ask(self, method: str, path: str, body: bytes | str = b"", **headers: str) -> Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = HTTPConnection(self._address, timeout=10)
        try:
            connection.request(method, path, body.encode() if isinstance(body, str) else body, named)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Response(response.status, found, response.read())
        finally:
            connection.close()

    def send(self, *messages: dict[str, Any], **fields: object) -> Response:
        """Send messages to Puzzel's gateway as JSON."""
        login = {"serviceId": 4711, "username": "demo-user", "password": "demo-secret"}
        document = json.dumps(login | fields | {"message": messages})
        return self.ask("POST", "/gw/rs/sendMessages", document, Content_Type="application/json")

    def statuses(self, *messages: dict[str, Any], **fields: object) -> list[dict[str, Any]]:
        statuses: list[dict[str, Any]] = self.send(*messages, **fields).json()["messageStatus"]
        return statuses

    def codes(self, *messages: dict[str, Any], **fields: object) -> list[int]:
        return [status["statusCode"] for status in self.statuses(*messages, **fields)]


def message(content: str = "Hej", recipient: str = "+46701740605", **fields: object) -> dict[str, Any]:
    return {"recipient": recipient, "content": content} | fields


Begin = Callable[..., Client]


@pytest.fixture
def begin() -> Iterator[Begin]:
    with ExitStack() as stack:
        yield lambda **switches: Client(stack.enter_context(start(Behaviour(**switches))))


@pytest.fixture
def client(begin: Begin) -> Client:
    return begin()
