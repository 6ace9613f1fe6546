"""A server on loopback that does what a test tells it, byte by byte, and keeps what it was sent."""

import socket
import ssl
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from types import TracebackType
from typing import Self

MAX_SILENCE_S = 5.0


class Line:
    """One accepted connection, seen from the server."""

    def __init__(self, connection: socket.socket, server: "FaultServer") -> None:
        self.connection = connection
        self.head = ""  # of the request that was read last
        self.latest = b""  # command, by a server of mail
        self.heard = b""  # the latest whole request
        self._server = server

    def read_request(self) -> bytes:
        """Return the body of a whole request, and keep head and body in `requests`."""
        head = self.read_until(b"\r\n\r\n")
        self.head = head.decode("latin-1")
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        body = b""
        while len(body) < length:
            body += self._receive()
        self.heard = head + body
        self.keep(self.heard)
        return body

    def keep(self, data: bytes) -> None:
        """Keep what was read, for the test to look at."""
        self._server.requests.append(data)

    def read_until(self, end: bytes) -> bytes:
        got = b""
        while not got.endswith(end):
            got += self._receive(1)
        return got

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def drip(self, data: bytes, pause_s: float = 0.02) -> None:
        """Send a byte at a time, as long as the client listens."""
        for at in range(len(data)):
            self.send(data[at : at + 1])
            if self._server.stopping.wait(pause_s):
                return

    def keep_silent(self) -> None:
        """Say nothing until the client leaves or the test is over."""
        self.connection.settimeout(0.02)
        ends = time.monotonic() + MAX_SILENCE_S
        while not self._server.stopping.is_set() and time.monotonic() < ends:
            with suppress(TimeoutError):
                if not self.connection.recv(65536):
                    return

    def reset(self) -> None:
        """Close with a reset instead of a farewell."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def secured(self, tls: ssl.SSLContext) -> "Line":
        """Return this connection with TLS on top, as it looks inside a proxy's tunnel."""
        self.connection = tls.wrap_socket(self.connection, server_side=True)
        return self

    def _receive(self, at_most: int = 65536) -> bytes:
        data = self.connection.recv(at_most)
        if not data:
            raise ConnectionAbortedError
        return data


Behaviour = Callable[[Line], None]


def no_simulator(behaviour: Behaviour) -> Behaviour:
    """Answer the question whether it is a simulator as a gateway does; the rest is the behaviour's."""

    def serve(line: Line) -> None:
        question = b"GET /simulator/"
        if line.connection.recv(len(question), socket.MSG_PEEK) == question:
            line.read_until(b"\r\n\r\n")
            line.send(reply(404, b""))
        else:
            behaviour(line)

    return serve


class FaultServer:
    """Serves every connection with the same behaviour, in a thread of its own."""

    def __init__(
        self, behaviour: Behaviour, *, tls: ssl.SSLContext | None = None, handshake_after_s: float = 0
    ) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.stopping = Event()
        self._behaviour = behaviour
        self._tls = tls
        self._handshake_after_s = handshake_after_s
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._lines: list[Line] = []
        self._threads = [Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def port(self) -> int:
        port: int = self._listening.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://localhost:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for line in self._lines:  # a client may keep its own
            with suppress(OSError):
                socket.socket.shutdown(line.connection, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(MAX_SILENCE_S)

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            thread = Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(MAX_SILENCE_S)
        line = Line(connection, self)
        self._lines.append(line)
        try:
            if self._tls is not None:
                self.stopping.wait(self._handshake_after_s)
                line.secured(self._tls)
            self._behaviour(line)
        except OSError:
            pass  # the client left, or did not trust us
        finally:
            line.connection.close()


def reply(status: int, body: bytes = b"", **headers: str) -> bytes:
    """Return a whole HTTP reply; underscores in header names stand for hyphens."""
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def answering(status: int, body: bytes = b"", **headers: str) -> Behaviour:
    """Read the request, then reply."""

    def behaviour(line: Line) -> None:
        line.read_request()
        line.send(reply(status, body, **headers))

    return behaviour


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port: int = unused.getsockname()[1]
        return port
