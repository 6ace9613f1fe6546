"""Both gateways as a plain server that writes down what it took; shares no code with smsctl's simulator."""

import http.client
import itertools
import json
import random
import re
import socket
import struct
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import NamedTuple, Self
from xml.etree import ElementTree as ET


class Taken(NamedTuple):
    """One message that a request carried."""

    number: str  # E.164
    text: str
    reference: str  # clientReference, or PSWinCom's ID
    name: str = ""  # the gateway's own: messageId, or PSWinCom's REF


def messages_in(body: bytes) -> list[Taken]:
    """Return the messages of a request, of either gateway. Raises ValueError where it is not whole."""
    if body.lstrip().startswith(b"{"):
        return [
            Taken(number=one["recipient"], text=one["content"], reference=one["clientReference"])
            for one in json.loads(body)["message"]
        ]
    # What pswincom writes is plain XML of its own making, without a DTD.
    try:
        session = ET.fromstring(body)
    except ET.ParseError as error:
        raise ValueError(str(error)) from error
    return [
        Taken(
            number="+" + str(one.findtext("RCV")).lstrip("+"),
            text=str(one.findtext("TEXT")),
            reference=str(one.findtext("ID")),
        )
        for one in session.iter("MSG")
    ]


class Faults(NamedTuple):
    """How often the gateway goes wrong, as a share of the requests; and how slow it is."""

    reset_before: float = 0.0  # the line breaks before anything is taken
    reset_after: float = 0.0  # all is taken, and the line breaks
    error_after: float = 0.0  # all is taken, and the answer is an error
    busy: float = 0.0  # 429: nothing is taken
    latency_s: float = 0.0


NO_FAULTS = Faults()
_REST_S = 60


class Recorder:
    """A gateway on loopback that takes everything, unless it goes wrong, and tells what it took."""

    def __init__(self, faults: Faults = NO_FAULTS, *, seed: int = 0) -> None:
        self.faults = faults
        self._dice = random.Random(seed)
        self._lock = threading.Lock()
        self._taken: list[Taken] = []
        self._names = itertools.count(1)
        self.count = 0  # of all that was taken
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.recorder = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def fate(self) -> str:
        """Say what goes wrong with the next request; empty: nothing."""
        with self._lock:
            drawn = self._dice.random()
        for name, share in zip(Faults._fields[:-1], self.faults[:-1], strict=True):
            if drawn < share:
                return name
            drawn -= share
        return ""

    def take(self, body: bytes) -> bytes:
        """Write the messages down and return the answer."""
        with self._lock:
            found = [one._replace(name=f"r{next(self._names)}") for one in messages_in(body)]
            self._taken += found
            self.count += len(found)
        return _json_answer(found) if body.lstrip().startswith(b"{") else _xml_answer(found)

    def taken(self) -> Sequence[Taken]:
        """Return what was taken since this was last asked."""
        with self._lock:
            found, self._taken = self._taken, []
            return found

    def come_to_rest(self) -> None:
        """Wait until all is read that processes which are gone have sent: it may lie there for a while."""
        with closing(
            http.client.HTTPConnection("127.0.0.1", self._server.server_port, timeout=_REST_S)
        ) as last:
            last.request("GET", "/", headers={"Connection": "close"})
            last.getresponse().read()  # lines are taken in the order in which they were opened
        with self._server.changed:
            assert self._server.changed.wait_for(lambda: not self._server.lines, _REST_S), "never at rest"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _json_answer(messages: Sequence[Taken]) -> bytes:
    told: list[Mapping[str, object]] = [
        {"statusCode": 1, "clientReference": one.reference, "messageId": one.name} for one in messages
    ]
    return json.dumps({"batchReference": "", "messageStatus": told}).encode()


def _xml_answer(messages: Sequence[Taken]) -> bytes:
    told = "".join(
        f"<MSG><ID>{one.reference}</ID><STATUS>OK</STATUS><REF>{one.name}</REF></MSG>" for one in messages
    )
    answer = f"<?xml version='1.0'?><SESSION><LOGON>OK</LOGON><MSGLST>{told}</MSGLST></SESSION>"
    return answer.encode()


_Request = socket.socket | tuple[bytes, socket.socket]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    recorder: Recorder

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.lines = 0  # that are read
        self.changed = threading.Condition()
        super().__init__(address, handler)

    def process_request(self, request: _Request, client_address: object) -> None:
        self._count(1)
        super().process_request(request, client_address)

    def process_request_thread(self, request: _Request, client_address: object) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        with self.changed:
            self.lines += change
            self.changed.notify_all()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: whoever was killed does not wait for the answer."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def _recorder(self) -> Recorder:
        assert isinstance(self.server, _Server)
        return self.server.recorder

    def log_message(self, *given: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._answer(404, b"{}")

    def do_DELETE(self) -> None:
        self._answer(404, b"{}")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        match self._recorder.fate():
            case "reset_before":
                self._reset()
            case "busy":
                self._answer(429, b"{}", Retry_After="0")
            case fault:
                answer = self._recorder.take(body)
                time.sleep(self._recorder.faults.latency_s)
                if fault == "reset_after":
                    self._reset()
                elif fault == "error_after":
                    self._answer(500, b"{}")
                else:
                    self._answer(200, answer)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        kind = "application/json" if body.startswith(b"{") else "text/xml"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def bodies_in(sent: bytes) -> list[bytes]:
    """Return the bodies of the whole requests in the bytes of one connection."""
    found: list[bytes] = []
    while head := re.match(rb"POST .*?\r\n\r\n", sent, re.DOTALL):
        length = int((re.search(rb"(?i)content-length: *(\d+)", head[0]) or [b"", b"0"])[1])
        if len(sent) < head.end() + length:
            break
        found.append(sent[head.end() : head.end() + length])
        sent = sent[head.end() + length :]
    return found
