"""Both gateways as a plain server that writes down what it took; shares no code with smsctl's simulator."""

import json
import re
import threading
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import NamedTuple, Self
from xml.etree import ElementTree as ET


class Taken(NamedTuple):
    """One message that a request carried."""

    number: str  # E.164
    text: str
    reference: str  # clientReference, or PSWinCom's ID


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


class Recorder:
    """A gateway on loopback that takes everything, and tells what it took."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: list[Taken] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def take(self, body: bytes) -> bytes:
        """Write the messages down and return the answer."""
        found = messages_in(body)
        with self._lock:
            first = len(self._taken) + 1
            self._taken += found
        return _json_answer(found, first) if body.lstrip().startswith(b"{") else _xml_answer(found, first)

    def taken(self) -> Sequence[Taken]:
        """Return what was taken since this was last asked."""
        with self._lock:
            found, self._taken = self._taken, []
            return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _json_answer(messages: Sequence[Taken], first: int) -> bytes:
    told: list[Mapping[str, object]] = [
        {"statusCode": 1, "clientReference": one.reference, "messageId": f"r{first + place}"}
        for place, one in enumerate(messages)
    ]
    return json.dumps({"batchReference": "", "messageStatus": told}).encode()


def _xml_answer(messages: Sequence[Taken], first: int) -> bytes:
    told = "".join(
        f"<MSG><ID>{one.reference}</ID><STATUS>OK</STATUS><REF>r{first + place}</REF></MSG>"
        for place, one in enumerate(messages)
    )
    answer = f"<?xml version='1.0'?><SESSION><LOGON>OK</LOGON><MSGLST>{told}</MSGLST></SESSION>"
    return answer.encode()


def _handler(recorder: Recorder) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *given: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            self._answer(404, b"{}")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self._answer(200, recorder.take(body))

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            kind = "application/json" if body.startswith(b"{") else "text/xml"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler


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
