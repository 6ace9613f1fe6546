"""The simulator as a WSGI application: routes, faults, latency."""

import re
from collections import deque
from collections.abc import Callable, Mapping
from http import HTTPStatus
from threading import Event
from typing import Any

from smsctl.simulator.behaviour import Behaviour
from smsctl.simulator.faults import Fault, Faults, damage
from smsctl.simulator.held import Held
from smsctl.simulator.intelecom import Intelecom
from smsctl.simulator.journal import Journal
from smsctl.simulator.line import Line
from smsctl.simulator.web import Answer, RefusedRequestError, Reply, Request, refuse

Handler = Callable[[Request, Line], Reply]
Route = tuple[re.Pattern[str], Mapping[str, Handler]]

_WEB_PAGE = b"<!DOCTYPE html><html><head><title>Welcome</title></head><body>It works.</body></html>"


class Application:
    """Answers every request; safe to call from many threads."""

    def __init__(self, behaviour: Behaviour, journal: Journal, held: Held, stopping: Event) -> None:
        """Set the gateways up. A further gateway, or a further side of one, is a further route."""
        self.requests: deque[Request] = deque(maxlen=behaviour.keep_requests)
        self._behaviour = behaviour
        self._faults = Faults(behaviour.faults, behaviour.seed)
        self._stopping = stopping
        intelecom = self._sending(Intelecom(behaviour, journal, held).submit)
        self._routes: tuple[Route, ...] = (
            (re.compile(r"/gw/rs/sendMessages"), {"POST": intelecom, "GET": intelecom}),
        )

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., object]) -> list[bytes]:
        """Serve one request (WSGI)."""
        request = _request(environ)
        self.requests.append(request)
        try:
            reply = self._handler(request)(request, Line(environ, self._stopping))
        except RefusedRequestError as refused:
            reply = refused.reply
        length = ("Content-Length", str(len(reply.body)))
        headers = [("Content-Type", reply.content_type), length, *reply.headers]
        start_response(f"{int(reply.status)} {reply.status.phrase}", headers)
        return [reply.body]

    def _handler(self, request: Request) -> Handler:
        for pattern, methods in self._routes:
            if pattern.fullmatch(request.path):
                if request.method in methods:
                    return methods[request.method]
                allowed = ("Allow", ", ".join(methods))
                raise refuse(HTTPStatus.METHOD_NOT_ALLOWED, f"Not {request.method}.", allowed)
        raise refuse(HTTPStatus.NOT_FOUND, f"There is no {request.path}.")

    def _sending(self, submit: Callable[[Request], Answer]) -> Handler:
        """Return `submit` with all that can go wrong, and the latency, around it."""

        def send(request: Request, line: Line) -> Reply:
            fault = self._faults.draw()
            self._strike_early(fault, line)
            answer = submit(request)
            slow = self._behaviour.slow_s if fault is Fault.SLOW else 0
            line.wait(self._behaviour.latency_s + slow)
            reply = answer.write(damage(fault, answer.entries, answer.reference))
            return self._strike(fault, line, reply)

        return send

    def _strike_early(self, fault: Fault | None, line: Line) -> None:
        """Raise what the fault does before anything is accepted."""
        match fault:
            case Fault.TIMEOUT_EARLY:
                line.say_nothing(self._behaviour.silence_s)
            case Fault.RESET_EARLY:
                line.reset()
            case Fault.ERROR500_EARLY:
                raise refuse(HTTPStatus.INTERNAL_SERVER_ERROR, "Simulated fault.")
            case Fault.ERROR503:
                raise refuse(HTTPStatus.SERVICE_UNAVAILABLE, "Simulated fault.")
            case Fault.ERROR429:
                later = ("Retry-After", str(self._behaviour.retry_after_s))
                raise refuse(HTTPStatus.TOO_MANY_REQUESTS, "Simulated fault.", later)

    def _strike(self, fault: Fault | None, line: Line, reply: Reply) -> Reply:
        """Return what the fault leaves of the reply; the messages are accepted."""
        match fault:
            case Fault.TIMEOUT:
                line.say_nothing(self._behaviour.silence_s)
            case Fault.RESET:
                line.reset()
            case Fault.ERROR500:
                raise refuse(HTTPStatus.INTERNAL_SERVER_ERROR, "Simulated fault.")
            case Fault.HTML200:
                return Reply(HTTPStatus.OK, "text/html", _WEB_PAGE)
            case Fault.TRUNCATED:
                return reply._replace(body=reply.body[: len(reply.body) // 2])
        return reply


def _request(environ: dict[str, Any]) -> Request:
    return Request(
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"] or "/",
        query=environ["QUERY_STRING"],
        content_type=environ.get("CONTENT_TYPE", ""),
        accept=environ.get("HTTP_ACCEPT", ""),
        authorization=environ.get("HTTP_AUTHORIZATION", ""),
        body=environ["wsgi.input"].read(),
    )
