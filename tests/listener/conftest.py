"""A listener on loopback, with a queue that is served, and a plain client."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from http.client import HTTPConnection
from typing import NamedTuple

import pytest

from smsctl.domain.push import PushBatch
from smsctl.domain.secret import Secret
from smsctl.errors import Sentence
from smsctl.gateways import intelecom_pushes, pswincom_pushes
from smsctl.listener.application import PushApplication
from smsctl.listener.authenticator import Authenticator, RequestRules
from smsctl.listener.push_queue import PushQueue
from smsctl.listener.server import Listener, Patience

SECRET = Secret("canary-of-the-listener")
READERS = {"intelecom": intelecom_pushes.read_push, "pswincom": pswincom_pushes.read_push}
NO_RULES = RequestRules()
PATIENCE = Patience()


class Response(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Running:
    """A listener that runs, and what reached the store."""

    def __init__(
        self,
        rules: RequestRules,
        patience: Patience,
        store: Callable[[Sequence[PushBatch]], None] | None,
        *,
        accept_get: bool,
    ) -> None:
        self.stored: list[PushBatch] = []
        self.groups: list[int] = []
        self.troubles: list[Exception] = []
        self.refusals: list[Sentence] = []
        self.gate = Authenticator(SECRET, READERS, rules)
        push_queue = PushQueue(store or self._keep, on_trouble=self.troubles.append, on_turn=lambda: None)
        application = PushApplication(
            self.gate, READERS, push_queue, accept_get=accept_get, on_refused=self.refusals.append
        )
        self.listener = Listener(application, "127.0.0.1", 0, patience)
        self.clerk = threading.Thread(target=push_queue.serve, args=(self.listener.closed,), daemon=True)
        self.clerk.start()

    def _keep(self, push_batches: Sequence[PushBatch]) -> None:
        self.groups.append(len(push_batches))
        self.stored += push_batches

    def path(self, gateway: str = "intelecom") -> str:
        return next(one.path for one in self.gate.passes if one.gateway == gateway)

    def ask(
        self, method: str = "POST", path: str | None = None, body: bytes = b"", **headers: str
    ) -> Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = HTTPConnection("127.0.0.1", self.listener.port, timeout=30)
        try:
            connection.request(method, self.path() if path is None else path, body, named)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Response(response.status, found, response.read())
        finally:
            connection.close()

    def stop(self) -> None:
        self.listener.stop()
        assert self.listener.closed.wait(30)
        self.clerk.join(30)


class Begin:
    """Starts listeners that end with the test."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def __call__(
        self,
        rules: RequestRules = NO_RULES,
        patience: Patience = PATIENCE,
        store: Callable[[Sequence[PushBatch]], None] | None = None,
        *,
        accept_get: bool = True,
    ) -> Running:
        running = Running(rules, patience, store, accept_get=accept_get)
        self._stack.callback(running.stop)
        return running


@pytest.fixture
def begin() -> Iterator[Begin]:
    with ExitStack() as stack:
        yield Begin(stack)


@pytest.fixture
def running(begin: Begin) -> Running:
    return begin()
