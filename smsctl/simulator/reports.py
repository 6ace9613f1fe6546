"""What comes back: reports of what was accepted, and incoming SMS, pushed or queued by a thread of its own.

Early, late, twice, out of order, with codes nobody knows: as the switches say. Anything but a 200 is tried
again (wire/puzzel.md and wire/pswincom.md, "Delivery reports"). PSWinCom's queues are fetched one by one
(wire/pswincom.md, "Polling").
"""

import heapq
import itertools
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from threading import Condition, Lock, Thread
from urllib.parse import urlsplit

from smsctl.simulator import pushes
from smsctl.simulator.behaviour import Behaviour
from smsctl.simulator.documents import write_json
from smsctl.simulator.faults import chance, picked
from smsctl.simulator.journal import AcceptedMessage
from smsctl.simulator.pushes import Entry, PushKind, PushRequest, PushStyle, Sms, request_for
from smsctl.simulator.web import ReceivedRequest, SimulatorReply, refuse


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
        return write_json(dict(item))

    def acknowledge(self, request: ReceivedRequest, kind: str, user: str, reference: str) -> SimulatorReply:
        """Forget an item that was fetched; 404 when there is none of that name."""
        self._check_login(request, user)
        with self._lock:
            if self._fetched.pop((kind, reference), None) is None:
                raise refuse(HTTPStatus.NOT_FOUND, f"Nothing called {reference} waits to be acknowledged.")
        return SimulatorReply(HTTPStatus.NO_CONTENT, "application/json", b"")

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


_DELIVERED = {"intelecom": "0", "pswincom": "DELIVRD"}
_TIMEOUT_S = 60  # wire/puzzel.md, "Delivery reports"
_OK = 200


@dataclass(order=True, slots=True)
class _DueReport:
    """Something to be told at a certain time."""

    due: float  # monotonic
    place: int
    gateway: str = field(compare=False)
    kind: PushKind = field(compare=False)
    entry: Entry = field(compare=False)
    tries: int = field(compare=False, default=0)


class Reporter:
    """Tells the world what became of the messages."""

    def __init__(self, behaviour: Behaviour, polling: Polling) -> None:
        """Start the thread; it sleeps while there is nothing to tell."""
        self._behaviour = behaviour
        self._polling = polling
        self._draws = itertools.count()
        self._places = itertools.count()
        self._due: list[_DueReport] = []
        self._changed = Condition()
        self._stopping = False
        self._busy = False
        self.answers: Counter[int] = Counter()  # by HTTP status; 0: none
        self._thread = Thread(target=self._run, name="reporter", daemon=True)
        self._thread.start()

    def accepted(self, messages: Sequence[AcceptedMessage]) -> None:
        """Tell of accepted messages, when their time has come."""
        for message in messages:
            if _is_reported(message) and self.tells(message.gateway):
                for _ in range(2 if self._drawn() < self._behaviour.report_twice_share else 1):
                    self._add(message.gateway, PushKind.REPORT, self._report(message), self._delay_s())

    def incoming(self, gateway: str, sms: Sms) -> None:
        """Tell of an incoming SMS at once."""
        self._add(gateway, PushKind.INCOMING, pushes.entry_for(gateway, sms), 0)

    def wait(self, timeout_s: float) -> bool:
        """Wait until all is told; say whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._due and not self._busy, timeout_s)

    def stop(self) -> None:
        """Tell nothing more."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join()

    def tells(self, gateway: str) -> bool:
        """Say whether anybody hears of what this gateway has to tell."""
        return gateway in self._behaviour.push_to or (gateway == "pswincom" and self._behaviour.polling)

    def _delay_s(self) -> float:
        behaviour = self._behaviour
        return behaviour.report_delay_s + self._drawn() * behaviour.report_spread_s

    def _report(self, message: AcceptedMessage) -> Entry:
        code = self._code(message.gateway)
        now = datetime.now(UTC)
        if message.gateway == "pswincom":
            entry = {
                "REF": message.message_id or "",
                "RCV": message.recipient.removeprefix("+"),
                "STATE": code,
            }
            return entry | ({"DELIVERYTIME": f"{now:%Y.%m.%d %H:%M:%S}"} if code == "DELIVRD" else {})
        return {
            "messageid": message.message_id or "",
            "customerbatchreference": message.batch_reference or "",
            "customermessagereference": message.reference or "",
            "type": "6",
            "statuscode": code,
            "statusdescription": "OK" if code == "0" else f"Simulated {code}",
        }

    def _code(self, gateway: str) -> str:
        code = picked(self._behaviour.report_codes, self._drawn())
        return _DELIVERED[gateway] if code is None else code

    def _drawn(self) -> float:
        return chance(self._behaviour.seed, "reports", next(self._draws))

    def _add(self, gateway: str, kind: PushKind, entry: Entry, delay_s: float, tries: int = 0) -> None:
        due = _DueReport(time.monotonic() + delay_s, next(self._places), gateway, kind, entry, tries)
        with self._changed:
            heapq.heappush(self._due, due)
            self._changed.notify_all()

    def _run(self) -> None:
        while due := self._next():
            self._tell(due)
            with self._changed:
                self._busy = False
                self._changed.notify_all()

    def _next(self) -> list[_DueReport]:
        """Wait for what is due: one report, and those due with it that fit into the same push."""
        with self._changed:
            while not self._stopping:
                wait_s = self._due[0].due - time.monotonic() if self._due else None
                if wait_s is not None and wait_s <= 0:
                    self._busy = True
                    return self._together()
                self._changed.wait(wait_s)
        return []

    def _together(self) -> list[_DueReport]:
        first = heapq.heappop(self._due)
        taken = [first]
        alone = self._behaviour.push_style in (PushStyle.GET, PushStyle.FORM)
        while self._due and not alone and len(taken) < self._behaviour.push_batch:
            after = self._due[0]
            same = (after.gateway, after.kind) == (first.gateway, first.kind)
            if not same or after.due > time.monotonic():
                break
            taken.append(heapq.heappop(self._due))
        return taken

    def _tell(self, reports: Sequence[_DueReport]) -> None:
        first = reports[0]
        address = self._behaviour.push_to.get(first.gateway)
        if address is None:
            for one in reports:
                self._polling.add(one.kind, pushes.polled(one.kind, one.entry))
            return
        entries = [one.entry for one in reports]
        status = self._push(
            address, request_for(first.gateway, first.kind, self._behaviour.push_style, entries)
        )
        self.answers[status] += 1
        for one in reports if status != _OK else ():
            if one.tries + 1 < self._behaviour.push_tries:
                self._add(one.gateway, one.kind, one.entry, self._behaviour.push_again_s, one.tries + 1)

    def _push(self, address: str, request: PushRequest) -> int:
        """Return the status that was answered; 0 where there was none."""
        from http.client import HTTPConnection, HTTPException

        parts = urlsplit(address)
        connection = HTTPConnection(parts.netloc, timeout=_TIMEOUT_S)
        path = f"{parts.path}?{request.query}" if request.query else parts.path
        headers = {"User-Agent": "simulator", **dict(self._behaviour.push_headers)}
        if request.content_type:
            headers["Content-Type"] = request.content_type
        with suppress(OSError, HTTPException):
            try:
                connection.request(request.method, path, request.body or None, headers)
                return connection.getresponse().status
            finally:
                connection.close()
        return 0


def _is_reported(message: AcceptedMessage) -> bool:
    """At PSWinCom a message with a name is reported: the account may ask for it, too."""
    return message.message_id is not None and (message.report or message.gateway == "pswincom")
