"""Listens for pushes in a thread of its own; small, patient with nobody, and gone when it is told to stop."""

import socket
import time
from contextlib import suppress
from copy import copy
from http import HTTPStatus
from threading import Event, Thread
from typing import Any, NamedTuple, cast

from smsctl.errors import Sentence, UsageError, say
from smsctl.listener.application import PushApplication

STRANGERS_BODY_BYTES = 256 * 1024
"""What is read of a request whose path is not one of ours; and what is kept in memory while it comes in."""


class Patience(NamedTuple):
    """How much of the machine strangers may use."""

    receive_s: float = 10  # for a whole request, from the connection on
    longest_s: float = 90  # for a connection in all
    connections: int = 200
    threads: int = 16
    largest_bytes: int = 8 * 1024 * 1024  # a push: Puzzel's of 1,000 reports takes 307 KiB


_PATIENCE = Patience()
_MAX_HEADER_BYTES = 16 * 1024
_LOOK_EVERY_S = 0.5


class Listener:
    """A listening socket that is served until `stop`."""

    def __init__(
        self, application: PushApplication, host: str, port: int, patience: Patience = _PATIENCE
    ) -> None:
        """Listen, and serve at once; port 0 takes a free one. Raises UsageError when that cannot be had."""
        listening = _listen(host, port)
        self.host, self.port = listening.getsockname()[:2]
        self.closed = Event()  # nobody is served any more
        self._patience = patience
        self._stopping = Event()
        self._connections: dict[int, Any] = {}
        self._waitress = self._serve_on(listening, application)
        self._thread = Thread(target=self._run, name="listener", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"

    def stop(self) -> None:
        """Take no more requests; those that are in get their answer. Returns at once: see `closed`."""
        self._stopping.set()
        with suppress(OSError):  # it has stopped already
            self._waitress.pull_trigger()

    def _serve_on(self, listening: socket.socket, application: PushApplication) -> Any:  # noqa: ANN401
        import logging

        from waitress.server import create_server

        logging.getLogger("waitress").setLevel(logging.CRITICAL)  # it would log what strangers send
        patience = self._patience
        server = cast(
            "Any",
            create_server(
                application,
                map=self._connections,
                sockets=[listening],
                threads=patience.threads,
                connection_limit=patience.connections,
                max_request_body_size=patience.largest_bytes + 1,  # the first size refused
                max_request_header_size=_MAX_HEADER_BYTES,
                inbuf_overflow=STRANGERS_BODY_BYTES + 1,  # a large push waits in a file without a name
                clear_untrusted_proxy_headers=False,  # the gate trusts X-Forwarded-For from loopback
                ident=None,
            ),
        )
        server.channel_class = _channel_for_one_request(application, patience.largest_bytes)
        return server

    def _run(self) -> None:
        from waitress.wasyncore import close_all, loop

        while not (self._stopping.is_set() and not self._waitress.active_channels):
            if self._stopping.is_set():
                self._waitress.accepting = False
            loop(timeout=_LOOK_EVERY_S, use_poll=True, map=self._connections, count=1)
            self._cut_slow_ones()
        self._waitress.task_dispatcher.shutdown()
        close_all(self._connections)
        self.closed.set()

    def _cut_slow_ones(self) -> None:
        """Close what has taken too long; waitress itself only notices silence, not a byte a second."""
        now = time.time()
        patience = 0 if self._stopping.is_set() else self._patience.receive_s
        for channel in list(self._waitress.active_channels.values()):
            age_s = now - channel.creation_time
            is_served = channel.requests or channel.total_outbufs_len
            if age_s > (self._patience.longest_s if is_served else patience):
                channel.handle_close()


def _channel_for_one_request(application: PushApplication, largest_bytes: int) -> type:
    """Return waitress's connection, closed after its first answer: so its age is that of its request."""
    from waitress.channel import HTTPChannel
    from waitress.parser import HTTPRequestParser
    from waitress.task import ErrorTask, WSGITask

    class Parser(HTTPRequestParser):
        def parse_header(self, header_plus: bytes) -> None:
            super().parse_header(header_plus)
            if not application.knows(cast("Any", self).path):
                self.adj = copy(self.adj)
                self.adj.max_request_body_size = min(STRANGERS_BODY_BYTES, largest_bytes) + 1

    class Task(WSGITask):
        def build_response_header(self) -> bytes:
            self.set_close_on_finish()
            return super().build_response_header()

    class HttpRefusal(ErrorTask):
        def execute(self) -> None:
            request = cast("Any", self.request)
            largest = request.adj.max_request_body_size - 1
            application.on_refused(_malformed(request.error.code, largest))
            super().execute()

    class Channel(HTTPChannel):
        parser_class = Parser
        task_class = Task
        error_task_class = HttpRefusal

    return Channel


def _malformed(status: int, largest_bytes: int) -> Sentence:
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return say("a push was refused: it is larger than {n} KiB", n=largest_bytes // 1024)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return say("smsctl itself failed at a push; the gateway is asked to try again")
    return say("a request was refused: it is no proper HTTP (answered with {status})", status=status)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise UsageError(
            say(
                "Cannot listen on {host} port {port}: {why}.",
                host=host,
                port=port,
                why=(error.strerror or str(error)).partition(" (")[0],  # Python writes the address there
            ),
            hint=say("Choose another under [reports] in the config, or with --port."),
        ) from None
