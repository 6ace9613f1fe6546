"""The listener as a WSGI application: one push in, and a 200 only when it is stored."""

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from threading import Lock
from typing import Any

from smsctl.domain.push import Acknowledgement, Push, ReadPush, UnreadableError
from smsctl.errors import Sentence, say
from smsctl.listener.authenticator import PROBE_HEADER, Authenticator, PushRefusedError
from smsctl.listener.push_queue import PushQueue

StartResponse = Callable[[str, list[tuple[str, str]]], object]

_METHODS = frozenset({"GET", "POST"})
_PROBE = f"HTTP_{PROBE_HEADER.upper().replace('-', '_')}"
_NONCE = re.compile("[0-9a-f]{32}")
_TRY_AGAIN_S = 30
_LARGE_BYTES = 256 * 1024
_LARGE_WAITS_S = 20


class PushApplication:
    """Answers every request; called from many threads."""

    def __init__(
        self,
        gate: Authenticator,
        readers: Mapping[str, ReadPush],
        push_queue: PushQueue,
        *,
        accept_get: bool,
        on_refused: Callable[[Sentence], None],
    ) -> None:
        """`readers` has the parser of each gateway that the gate knows; `on_refused` hears why not."""
        self._gate = gate
        self._readers = readers
        self._push_queue = push_queue
        self.on_refused = on_refused
        self._methods = _METHODS if accept_get else _METHODS - {"GET"}
        self._large = Lock()

    def knows(self, path: str) -> bool:
        """Say whether a push may come to this path."""
        return self._gate.knows(path)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
        """Serve one request (WSGI)."""
        try:
            status, answer, more = HTTPStatus.OK, self._take(environ), []
        except PushRefusedError as refused:
            if refused.why:
                self.on_refused(refused.why)
            status, more = refused.status, _headers_for(refused.status, self._methods)
            answer = Acknowledgement("text/plain; charset=utf-8", f"{status.phrase}\n".encode())
        headers = [("Content-Type", answer.content_type), ("Content-Length", str(len(answer.body))), *more]
        start_response(f"{int(status)} {status.phrase}", headers)
        return [answer.body]

    def _take(self, environ: Mapping[str, Any]) -> Acknowledgement:
        gateway = self._gate.admit(environ)
        if environ["REQUEST_METHOD"] not in self._methods:
            raise PushRefusedError(
                HTTPStatus.METHOD_NOT_ALLOWED,
                say(
                    "a push for {gateway} was refused: it came neither by POST, nor by GET with"
                    " `accept_get = true` under [reports]",
                    gateway=gateway,
                ),
            )
        if int(environ.get("CONTENT_LENGTH") or 0) <= _LARGE_BYTES:
            return self._read(gateway, environ)
        # One at a time: what a large push holds is in memory until it is stored.
        if not self._large.acquire(timeout=_LARGE_WAITS_S):
            raise PushRefusedError(HTTPStatus.SERVICE_UNAVAILABLE)
        try:
            return self._read(gateway, environ)
        finally:
            self._large.release()

    def _read(self, gateway: str, environ: Mapping[str, Any]) -> Acknowledgement:
        nonce = environ.get(_PROBE, "")
        if _NONCE.fullmatch(nonce):
            environ["wsgi.input"].read()
            return Acknowledgement("text/plain; charset=utf-8", self._gate.proof(nonce))
        push = Push(
            method=environ["REQUEST_METHOD"],
            query=environ.get("QUERY_STRING", ""),
            content_type=environ.get("CONTENT_TYPE", ""),
            body=environ["wsgi.input"].read(),
        )
        try:
            push_batch = self._readers[gateway](push)
        except UnreadableError as error:
            why = say("a push for {gateway} was refused: {why}", gateway=gateway, why=error.why)
            raise PushRefusedError(HTTPStatus.BAD_REQUEST, why) from None
        if not self._push_queue.hand_in(push_batch):
            raise PushRefusedError(HTTPStatus.SERVICE_UNAVAILABLE)  # the queue has said why
        if push_batch.unread:
            sentence = say(
                "a part of a push for {gateway} cannot be read; it is kept: smsctl reports unmatched",
                gateway=gateway,
            )
            self.on_refused(sentence)
        return push_batch.acknowledgement


def _headers_for(status: HTTPStatus, methods: frozenset[str]) -> list[tuple[str, str]]:
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return [("WWW-Authenticate", 'Basic realm="smsctl"')]
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return [("Allow", ", ".join(sorted(methods)))]
        case HTTPStatus.SERVICE_UNAVAILABLE:
            return [("Retry-After", str(_TRY_AGAIN_S))]
    return []
