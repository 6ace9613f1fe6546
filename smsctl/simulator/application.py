"""The simulator as a WSGI application: which path and method lead where."""

import re
import struct
import time
from collections import deque
from collections.abc import Callable, Mapping
from http import HTTPStatus
from socket import SO_LINGER, SOL_SOCKET, socket
from threading import Event
from typing import Any, NoReturn

from smsctl.simulator import identity
from smsctl.simulator.behaviour import Behaviour
from smsctl.simulator.faults import Sending
from smsctl.simulator.intelecom import SimulatedIntelecom
from smsctl.simulator.journal import Journal
from smsctl.simulator.management import Held, SimulatedManagement, malformed
from smsctl.simulator.pswincom import SimulatedPsWinCom
from smsctl.simulator.reports import Polling
from smsctl.simulator.web import NoAnswerError, ReceivedRequest, RefusedRequestError, SimulatorReply, refuse

_LOOK_EVERY_S = 0.05
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class ServedConnection:
    """One connection while waitress serves its request."""

    def __init__(self, environ: dict[str, Any], stopping: Event) -> None:
        """Find the connection; `stopping` ends every wait."""
        self._gone = environ["waitress.client_disconnected"]
        self._stopping = stopping

    def break_off(self, silence_s: float | None) -> NoReturn:
        """Give no answer: reset the connection, or say nothing for so long or until the client leaves."""
        from waitress.channel import ClientDisconnected

        if silence_s is None:
            connection: socket = self._gone.__self__.socket  # the bound method's channel owns it
            connection.setsockopt(SOL_SOCKET, SO_LINGER, _RESET_ON_CLOSE)
        else:
            self._stay_silent(silence_s)
        raise ClientDisconnected  # waitress closes without a word

    def _stay_silent(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._gone() and not self._stopping.is_set():
            self._stopping.wait(_LOOK_EVERY_S)


Route = tuple[str, Mapping[str, Callable[..., SimulatorReply]]]
"""A pattern for the path, and a handler for each method: it gets the request and the pattern's groups."""

_QUEUE = r"/api/output/rest/(?P<kind>dr|mo)/gateway/(?P<user>[^/]+)"
_BATCHES = r"/mgmt/rs/service/(?P<service_id>[0-9]+)/batch/"
_VENDORS_BATCHES = r"/management/(?P<service_id>[0-9]+)/batch(?:/|$)"  # Puzzel's own client, 3.0.1


class GatewayApplication:
    """Answers every request; safe to call from many threads."""

    def __init__(self, behaviour: Behaviour, journal: Journal, held: Held, stopping: Event) -> None:
        """Set the gateways up. What a gateway can do besides is another route."""
        self.requests: deque[ReceivedRequest] = deque(maxlen=behaviour.keep_requests)
        self._stopping = stopping
        self._identity = () if behaviour.as_a_gateway else (identity.HEADER,)
        sending = Sending(behaviour, stopping)
        intelecom = sending.around(SimulatedIntelecom(behaviour, journal, held).submit)
        pswincom = sending.around(SimulatedPsWinCom(behaviour, journal).submit)
        management = SimulatedManagement(behaviour, held)
        batch = {"GET": management.get, "DELETE": management.stop}
        batches = _VENDORS_BATCHES if behaviour.vendor_like else _BATCHES
        self.polling = Polling(behaviour)
        self._routes: tuple[Route, ...] = (
            (_QUEUE, {"POST": self.polling.fetch}),
            (rf"{_QUEUE}/ack/(?P<reference>[^/]+)", {"PUT": self.polling.acknowledge}),
            (r"/gw/rs/sendMessages", {"POST": intelecom, "GET": intelecom}),
            (batches, {"GET": management.list}),
            (rf"{batches}(?P<reference>.+)", batch),
            (r"/mgmt/.*", {"GET": malformed, "DELETE": malformed}),
            (r"/[^/]*", {"POST": pswincom}),
        )
        if self._identity:
            self.add_route(identity.PATH, {"GET": identity.tell})

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., object]) -> list[bytes]:
        """Serve one request (WSGI)."""
        request = _request(environ)
        self.requests.append(request)
        try:
            reply = self._handle(request)
        except RefusedRequestError as refused:
            reply = refused.reply
        except NoAnswerError as none:
            ServedConnection(environ, self._stopping).break_off(none.silence_s)
        length = ("Content-Length", str(len(reply.body)))
        headers = [("Content-Type", reply.content_type), length, *reply.headers, *self._identity]
        start_response(f"{int(reply.status)} {reply.status.phrase}", headers)
        return [reply.body]

    def add_route(self, pattern: str, methods: Mapping[str, Callable[..., SimulatorReply]]) -> None:
        """Answer at one more path, ahead of all others."""
        self._routes = ((pattern, methods), *self._routes)

    def _handle(self, request: ReceivedRequest) -> SimulatorReply:
        for pattern, methods in self._routes:
            match = re.fullmatch(pattern, request.path)
            if match is None:
                continue
            if request.method not in methods:
                allowed = ("Allow", ", ".join(methods))
                raise refuse(HTTPStatus.METHOD_NOT_ALLOWED, f"Not {request.method}.", allowed)
            return methods[request.method](request, **match.groupdict())
        raise refuse(HTTPStatus.NOT_FOUND, f"There is no {request.path}.")


def _request(environ: dict[str, Any]) -> ReceivedRequest:
    return ReceivedRequest(
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"] or "/",
        query=environ["QUERY_STRING"],
        content_type=environ.get("CONTENT_TYPE", ""),
        accept=environ.get("HTTP_ACCEPT", ""),
        authorization=environ.get("HTTP_AUTHORIZATION", ""),
        body=environ["wsgi.input"].read(),
    )
