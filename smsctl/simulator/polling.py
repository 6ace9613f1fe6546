"""PSWinCom's queues of reports and incoming SMS, fetched one by one (wire/pswincom.md, "Polling")."""

import json
import time
from collections import deque
from collections.abc import Mapping
from http import HTTPStatus
from threading import Lock

from smsctl.simulator.behaviour import Behaviour
from smsctl.simulator.web import ReceivedRequest, SimulatorReply, refuse

_JSON = "application/json"


class Polling:
    """Two queues, by kind: dr and mo. What is fetched and not acknowledged comes back."""

    def __init__(self, behaviour: Behaviour) -> None:
        """Start with both empty."""
        self._behaviour = behaviour
        self._lock = Lock()
        self._waiting: dict[str, deque[Mapping[str, str]]] = {"dr": deque(), "mo": deque()}
        self._fetched: dict[tuple[str, str], tuple[float, Mapping[str, str]]] = {}

    def add(self, kind: str, item: Mapping[str, str]) -> None:
        """Put an item at the end of a queue; its `reference` names it."""
        with self._lock:
            self._waiting[kind].append(item)

    def fetch(self, request: ReceivedRequest, kind: str, user: str) -> SimulatorReply:
        """Return the next item; 404 when the queue is empty."""
        self._check_login(request, user)
        with self._lock:
            self._come_back()
            if not self._waiting[kind]:
                raise refuse(HTTPStatus.NOT_FOUND, "The queue is empty.")
            item = self._waiting[kind].popleft()
            if "ackrequired=true" in request.query:
                self._fetched[kind, item["reference"]] = (time.monotonic(), item)
        return SimulatorReply(HTTPStatus.OK, _JSON, json.dumps(item, ensure_ascii=False).encode())

    def acknowledge(self, request: ReceivedRequest, kind: str, user: str, reference: str) -> SimulatorReply:
        """Forget an item that was fetched; 404 when there is none of that name."""
        self._check_login(request, user)
        with self._lock:
            if self._fetched.pop((kind, reference), None) is None:
                raise refuse(HTTPStatus.NOT_FOUND, f"Nothing called {reference} waits to be acknowledged.")
        return SimulatorReply(HTTPStatus.NO_CONTENT, _JSON, b"")

    def left(self) -> int:
        """Return how many items nobody has acknowledged."""
        with self._lock:
            return sum(map(len, self._waiting.values())) + len(self._fetched)

    def _come_back(self) -> None:
        oldest = time.monotonic() - self._behaviour.poll_return_s
        for (kind, reference), (at, item) in list(self._fetched.items()):
            if at <= oldest:
                del self._fetched[kind, reference]
                self._waiting[kind].append(item)

    def _check_login(self, request: ReceivedRequest, user: str) -> None:
        name, password = request.login
        if name != user or not self._behaviour.knows(name, password):
            raise refuse(HTTPStatus.UNAUTHORIZED, "This is not your queue.")
