"""The one door to HTTP: one request goes out once, and the outcome says what is proved.

The phase marker (what-an-answer-proves.md): an exception's class cannot tell "never sent" from "sent", so
how far an exchange has come is recorded. A request *may be on the wire* until it is recorded as `at_hand`,
and again from just before its first byte. A proxy's CONNECT is part of connecting. A connection that was
kept and proves dead before the first byte is replaced; from then on nothing is sent a second time.
"""

import socket
import zlib
from collections.abc import Mapping
from contextlib import suppress
from threading import Lock
from urllib.parse import urlsplit

from smsctl.domain.gateway import IsLate, Options
from smsctl.domain.remark import Event, Remark, Words
from smsctl.gateways.address import refuse_plain_http
from smsctl.gateways.connect import address_of, connect
from smsctl.gateways.connection_pool import Connection, ConnectionPool
from smsctl.gateways.deadline import CLOCK, Deadline
from smsctl.gateways.http_reader import ReplyError, ReplyHead, read_body, read_head
from smsctl.gateways.outcome import (
    HttpReply,
    NotSent,
    Outcome,
    Stale,
    Unclear,
    WrongCounterpart,
    load_what_quotes,
)

MAX_REPLY_BYTES = 1 << 20
SIMULATOR_HEADER = "Smsctl-Simulator"
_MAX_REASON = 200
_ENCODINGS = frozenset({"identity", "gzip", "x-gzip"})


def exchange(
    options: Options,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes | None = None,
    is_late: IsLate = lambda: False,
    pool: ConnectionPool | None = None,
) -> Outcome:
    """Send one request, once, and say what came of it; network trouble is an outcome.

    `is_late` is asked before connecting and before the first byte.
    `pool` holds connections that may be used, and keeps this one; without it each has its own.
    An interrupt passes through: whoever submitted must then count the batch as unknown. Raises
    ConfigError for an address that is neither https nor loopback.
    """
    refuse_plain_http(url)
    one = _Exchange(options, pool, is_late)
    try:
        return one.run(method, url, headers, body)
    except _StaleError:
        return Stale()
    except Exception as error:  # noqa: BLE001  # whatever it is, only the phase says what it proves
        return one.failure(error)
    finally:
        one.close()


class _StaleError(Exception):
    """The claim is too old to send on."""


class _Exchange:
    """One request and its reply: how far it has come, and the clock that ends it.

    A socket's own timeout starts anew with every byte received; the total is kept by an alarm that shuts
    the socket down.
    """

    def __init__(self, options: Options, pool: ConnectionPool | None, is_late: IsLate) -> None:
        self._options = options
        self._pool = pool
        self._is_late = is_late
        self._may_have_left = True  # until it is recorded that nothing has
        self._expired = False
        self._ended = False
        self._ending = Lock()
        self._socket: socket.socket | None = None
        self._connection: Connection | None = None
        self._was_kept = False
        self._alarm: Deadline | None = None

    def run(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Outcome:
        """Send the request and read the whole reply, or raise."""
        self._alarm = CLOCK.set(self._options.total_timeout_s, self._cut)
        self._at_hand()
        load_what_quotes()
        connection = self._connection = self._kept(url) or connect(self._options, url, self._use)
        request = _written(method, url, headers, body, goes_on=self._keeps)
        connection.socket.settimeout(self._options.read_timeout_s)
        self._leaving()
        with suppress(BrokenPipeError, ConnectionResetError):  # there may be an answer all the same
            connection.socket.sendall(request)
        head = read_head(connection.reader)
        by_simulator = SIMULATOR_HEADER.lower() in head.headers
        if by_simulator is not self._options.simulated:
            parts = urlsplit(url)
            return WrongCounterpart(where=f"{parts.scheme}://{parts.netloc}", by_simulator=by_simulator)
        found = _decoded(head, read_body(connection.reader, head, MAX_REPLY_BYTES))
        self._end()  # what was shut down looks like the end of the reply
        if self._pool and self._keeps and head.keeps:
            self._connection = None
            self._pool.give_back(connection)
        return HttpReply(head.status, head.headers, found)

    def failure(self, error: Exception) -> NotSent | Unclear:
        """Return what an exception proves; its text never holds any of the request."""
        text = _reason(error)
        if self._expired:
            text = Remark(Event.INCOMPLETE, f"{self._options.total_timeout_s:g}")
        if not self._may_have_left:
            return NotSent(text)
        if self._was_kept and self._pool:
            self._pool.keep_no_more()
        return Unclear(text)

    def close(self) -> None:
        """Stop the clock, and close the connection unless it is kept."""
        if self._alarm is not None:
            self._alarm.off = True
        if self._connection is not None:
            self._connection.close()

    @property
    def _keeps(self) -> bool:
        return self._pool is not None and self._pool.keeps

    def _at_hand(self) -> None:
        """Record that nothing has left yet."""
        self._refuse_stale()
        self._may_have_left = False

    def _leaving(self) -> None:
        """Record that from now on the request may be on the wire."""
        self._refuse_stale()
        self._may_have_left = True

    def _refuse_stale(self) -> None:
        if self._is_late():
            raise _StaleError

    def _kept(self, url: str) -> Connection | None:
        found = self._pool.take(address_of(url).origin) if self._pool else None
        if found:
            self._was_kept = True
            self._use(found.socket)
        return found

    def _use(self, connected: socket.socket) -> None:
        """Put the socket under the clock."""
        self._socket = connected
        if self._expired:
            raise TimeoutError

    def _end(self) -> None:
        """Let the clock end nothing any more: the connection may serve another request."""
        with self._ending:
            self._ended = True
        if self._expired:
            raise TimeoutError

    def _cut(self) -> None:
        with self._ending:
            if self._ended:
                return
            self._expired = True
            if self._socket is not None:
                # Not SSLSocket's own shutdown: it takes the TLS object away from the thread that reads.
                with suppress(OSError):  # closed at the other end first
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


def _written(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None, *, goes_on: bool
) -> bytes:
    """Return the request as it goes over the line."""
    address = address_of(url)
    fields = {"Host": address.host, **headers, "User-Agent": "smsctl", "Accept-Encoding": "identity"}
    if not goes_on:
        fields["Connection"] = "close"
    if body is not None:
        fields["Content-Length"] = str(len(body))
    lines = [f"{method} {address.target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    if not all(line.isprintable() for line in lines):
        raise ValueError("a request that is no HTTP")
    return "\r\n".join([*lines, "", ""]).encode("ascii") + (body or b"")


def _decoded(head: ReplyHead, body: bytes) -> bytes:
    """Return what was said, where it came compressed though we asked for it as it is."""
    encoding = head.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in _ENCODINGS:
        raise ReplyError(Event.UNREADABLE_BODY, head)
    if encoding == "identity":
        return body
    inflated = _inflated(body)
    if inflated is None:
        raise ReplyError(Event.UNREADABLE_BODY, head)
    return inflated


def _inflated(body: bytes) -> bytes | None:
    """Return what a gzip holds, though we asked for none; None where it is cut, or grows too large."""
    reader = zlib.decompressobj(wbits=31)
    try:
        found = reader.decompress(body, MAX_REPLY_BYTES + 1)
    except zlib.error:
        return None
    return found if reader.eof and not reader.unused_data and len(found) <= MAX_REPLY_BYTES else None


def _reason(error: BaseException) -> Words:
    """Return the innermost cause in words: the outer ones only wrap it."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    if untrusted := getattr(error, "verify_message", ""):  # ssl is loaded only where it is spoken
        return Remark(Event.UNTRUSTED, untrusted)
    if isinstance(error, TimeoutError):
        return Remark(Event.TIMED_OUT)
    if "407 " in str(error):  # of a proxy: urllib3 and http.client have no class for it
        return Remark(Event.PROXY_REFUSED)
    if isinstance(error, ReplyError):
        return error.remark
    if isinstance(error, OSError):
        return error.strerror or str(error)[:_MAX_REASON] or type(error).__name__
    return type(error).__name__  # the text may quote what was received
