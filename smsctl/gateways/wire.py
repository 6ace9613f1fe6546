"""The one door to the network: one request goes out once, and the outcome says what is proved.

Only this file imports requests, and it is itself imported where something is about to be sent. There
is no requests.Session: without one, nothing follows redirects, keeps cookies, or reads proxies and
logins from the environment. Each exchange has an adapter and a connection of its own, closed at the end.

The phase marker (what-an-answer-proves.md): an exception's class cannot tell "never sent" from "sent", so the
connection itself records how far it came. A request *may be on the wire* until it is recorded as
`connecting`, and again from just before its first byte. A proxy's CONNECT is part of connecting.
"""

import socket
import ssl
import time
import zlib
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPResponse
from typing import Any, cast
from urllib.parse import urlsplit

import requests  # this file is imported late itself
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool

from smsctl.domain.gateway import Options
from smsctl.domain.remark import Event, Remark, Words
from smsctl.gateways.address import refuse_plain_http
from smsctl.gateways.deadline import CLOCK, Deadline
from smsctl.gateways.outcome import HttpReply, NotSent, Outcome, Stale, Unclear, WrongCounterpart
from smsctl.gateways.trust import tls_context

MAX_REPLY_BYTES = 1 << 20
SIMULATOR_HEADER = "Smsctl-Simulator"
_PIECE = 1 << 18
_MAX_REASON, _MAX_INTERIM = 200, 20
_ENCODINGS = frozenset({"identity", "gzip", "x-gzip"})

_Verify = bool | str | None


def exchange(
    options: Options,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes | None = None,
    not_after: float = float("inf"),
) -> Outcome:
    """Send one request, once, and say what came of it; network trouble is an outcome.

    `not_after` is on the monotonic clock and is looked at before connecting and before the first byte.
    An interrupt passes through: whoever submitted must then count the batch as unknown. Raises
    ConfigError for an address that is neither https nor loopback.
    """
    refuse_plain_http(url)
    line = _Exchange(options, not_after)
    try:
        return line.run(_prepared(method, url, headers, body))
    except _StaleError:
        return Stale()
    except Exception as error:  # noqa: BLE001  # whatever it is, only the phase says what it proves
        return line.failure(error)
    finally:
        line.close()


class _StaleError(Exception):
    """The claim is too old to send on."""


class _Exchange(HTTPAdapter):
    """One request and its reply: how far it has come, and the clock that ends it.

    requests' own timeouts start anew with every byte received; the total is kept by an alarm that
    shuts the socket down.
    """

    def __init__(self, options: Options, not_after: float) -> None:
        self._options = options
        self._not_after = not_after
        self._may_have_left = True  # until a recorded connect says otherwise
        self._expired = False
        self._socket: socket.socket | None = None
        self._response: requests.Response | None = None
        self._alarm: Deadline | None = None
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def run(self, request: requests.PreparedRequest) -> Outcome:
        """Send the request and read the whole reply, or raise."""
        options = self._options
        self._alarm = CLOCK.set(options.total_timeout_s, self._cut)
        response = self._response = self.send(
            request,
            stream=True,
            timeout=(options.connect_timeout_s, options.read_timeout_s),
            proxies={"https": options.proxy} if options.proxy else None,
        )
        by_simulator = SIMULATOR_HEADER in response.headers
        if by_simulator is not options.simulated:
            parts = urlsplit(request.url or "")
            return WrongCounterpart(where=f"{parts.scheme}://{parts.netloc}", by_simulator=by_simulator)
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in _ENCODINGS:
            return Unclear(f"HTTP {response.status_code}, encoded against our wish")
        body = b""
        # Until nothing comes: only the last, empty read tells a cut reply from a whole one.
        while len(body) <= MAX_REPLY_BYTES and (piece := response.raw.read(_PIECE, decode_content=False)):
            body += piece
        if len(body) > MAX_REPLY_BYTES:
            return Unclear(f"HTTP {response.status_code}, a reply larger than {MAX_REPLY_BYTES} bytes")
        if self._expired:  # what was shut down looks like the end of the reply
            raise TimeoutError
        if encoding != "identity":
            inflated = _inflated(body)
            if inflated is None:
                return Unclear(f"HTTP {response.status_code}, and no whole {encoding} of fit size")
            body = inflated
        headers = {name.lower(): value for name, value in response.headers.items()}
        return HttpReply(response.status_code, headers, body)

    def failure(self, error: Exception) -> NotSent | Unclear:
        """Return what an exception proves; its text never holds any of the request."""
        text = _reason(error)
        if self._expired:
            text = Remark(Event.INCOMPLETE, f"{self._options.total_timeout_s:g}")
        return Unclear(text) if self._may_have_left else NotSent(text)

    def close(self) -> None:
        """Stop the clock and close the connection, whatever the gateway wished."""
        if self._alarm is not None:
            self._alarm.off = True
        if self._response is not None:
            self._response.close()
            # A line that the gateway keeps goes back to its pool, which this would keep alive with it.
            self._response = None
        super().close()
        if self._socket is not None:
            self._socket.close()

    def connecting(self) -> None:
        """Record that nothing has left yet."""
        self._refuse_stale()
        self._may_have_left = False

    def use(self, line: socket.socket) -> None:
        """Put the socket under the clock."""
        self._socket = line
        if self._expired:
            raise TimeoutError

    def leaving(self) -> None:
        """Record that from now on the request may be on the wire."""
        self._refuse_stale()
        self._may_have_left = True

    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: _Verify,
        proxies: Mapping[str, str] | None = None,
        cert: tuple[str, str] | str | None = None,
    ) -> HTTPConnectionPool:
        """Return a pool, direct or through the proxy, whose connections report to this exchange."""
        found = super().get_connection_with_tls_context(request, verify, proxies, cert)
        pool = cast("HTTPConnectionPool", found)
        pool.ConnectionCls = _Plain
        if pool.scheme == "https":
            pool.ConnectionCls = _Secure
            pool.conn_kw["ssl_context"] = tls_context(self._options.ca_bundle)
        pool.conn_kw["exchange"] = self
        return pool

    def proxy_headers(self, proxy: str) -> dict[str, str]:  # noqa: ARG002  # asked for the only one
        """Return the login for the proxy, which goes with CONNECT and never to the gateway."""
        options = self._options
        if options.proxy_username is None or options.proxy_password is None:
            return {}
        login = f"{options.proxy_username}:{options.proxy_password.reveal()}".encode()
        return {"Proxy-Authorization": f"Basic {b64encode(login).decode()}"}

    def cert_verify(self, conn: object, url: object, verify: object, cert: object) -> None:
        """Leave certificates to the context: here requests would load the authorities anew each time."""

    def _refuse_stale(self) -> None:
        if time.monotonic() > self._not_after:
            raise _StaleError

    def _cut(self) -> None:
        self._expired = True
        if self._socket is not None:
            # Not SSLSocket's own shutdown: it takes the TLS object away from the thread that reads.
            with suppress(OSError):  # closed at the other end first
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class _FinalReply(HTTPResponse):
    """A reply that passes over those that come before it (RFC 9110 15.2); http.client knows 100 alone."""

    def begin(self) -> None:
        super().begin()
        for _ in range(_MAX_INTERIM):
            if not 100 <= self.status < 200 or self.status == HTTPStatus.SWITCHING_PROTOCOLS:  # noqa: PLR2004
                return
            self.headers = self.msg = cast("Any", None)  # it has not begun, then
            self.length = None
            super().begin()


class _Plain(HTTPConnection):
    """A connection that reports to its exchange before its first byte."""

    response_class = _FinalReply

    def __init__(
        self,
        host: str,
        port: int | None = None,
        *,
        exchange: _Exchange,
        **settings: Any,  # noqa: ANN401  # urllib3's own, passed on
    ) -> None:
        super().__init__(host, port, **settings)
        self._exchange = exchange

    def connect(self) -> None:
        self._exchange.connecting()
        super().connect()
        self._exchange.use(self.sock)

    def endheaders(
        self,
        message_body: Any = None,  # noqa: ANN401  # as http.client has it
        *,
        encode_chunked: bool = False,
    ) -> None:
        if self.sock is None:  # http.client would connect by itself, after our mark
            self.connect()
        self._exchange.leaving()
        super().endheaders(message_body, encode_chunked=encode_chunked)

    def _new_conn(self) -> socket.socket:
        line = super()._new_conn()
        self._exchange.use(line)  # already here: a proxy may drip its reply to CONNECT
        return line


class _Secure(_Plain, HTTPSConnection):
    """The same over TLS."""


def _prepared(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None
) -> requests.PreparedRequest:
    """Fill in the request as it is to be sent; preparing it the long way costs more than sending it."""
    request = requests.PreparedRequest()
    request.method = method
    request.url = url
    request.headers = CaseInsensitiveDict(headers)
    request.headers.update({"User-Agent": "smsctl", "Accept-Encoding": "identity", "Connection": "close"})
    if body is not None:
        request.headers["Content-Length"] = str(len(body))
        request.body = body
    return request


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
    if isinstance(error, ssl.SSLCertVerificationError):
        return Remark(Event.UNTRUSTED, error.verify_message)
    if isinstance(error, TimeoutError):
        return Remark(Event.TIMED_OUT)
    if "407 " in str(error):  # urllib3 and http.client have no class for it
        return Remark(Event.PROXY_REFUSED)
    if isinstance(error, OSError):
        return error.strerror or str(error)[:_MAX_REASON] or type(error).__name__
    return type(error).__name__  # the text may quote what was received
