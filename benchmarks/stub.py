"""A gateway that is never the limit: it takes every message and looks at nothing but the references.

    python benchmarks/stub.py --latency 0.05 --certificate pair.pem

Prints its port, answers as Puzzel does, and tells by GET what it has been handed, over how many connections,
and how busy it was. Started once for smsctl and for what it is measured beside.
"""

import argparse
import asyncio
import json
import re
import ssl
import time
from pathlib import Path

_REFERENCE = re.compile(rb'"clientReference": ?"([^"]*)"')
_LENGTH = re.compile(rb"content-length: *([0-9]+)", re.IGNORECASE)
_ENTRY = (
    '{{"statusCode":1,"statusMessage":"Message enqueued for sending","clientReference":"{}",'
    '"recipient":"+46700000000","messageId":"7q01x0000a00","sessionId":null,"sequenceIndex":1}}'
)
_BEFORE, _AFTER = (part.encode() for part in _ENTRY.format("|").split("|"))


class Line(asyncio.Protocol):
    """One connection, kept open as long as the client likes."""

    messages = requests = connections = 0

    def __init__(self, latency_s: float) -> None:
        """Wait so long before each answer."""
        self._latency_s = latency_s
        self._transport: asyncio.BaseTransport | None = None
        self._pieces: list[bytes] = []
        self._missing = 0  # bytes of the request's body; 0 before its head is whole

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = transport
        Line.connections += 1

    def data_received(self, data: bytes) -> None:
        """Answer when a request is whole."""
        self._pieces.append(data)
        if self._missing:
            self._missing -= len(data)
        else:
            head, end, body = b"".join(self._pieces).partition(b"\r\n\r\n")
            if not end:
                return
            length = _LENGTH.search(head)
            self._missing = (int(length[1]) if length else 0) - len(body)
        if self._missing <= 0:
            request, self._pieces, self._missing = b"".join(self._pieces), [], 0
            reply = self._busy() if request.startswith(b"GET") else self._taken(request)
            asyncio.get_running_loop().call_later(self._latency_s, self._say, reply)

    def _taken(self, request: bytes) -> bytes:
        references = _REFERENCE.findall(request)
        Line.messages += len(references)
        Line.requests += 1
        entries = (_AFTER + b"," + _BEFORE).join(references)
        return b'{"messageStatus":[' + _BEFORE + entries + _AFTER + b"]}"

    def _busy(self) -> bytes:
        told = {
            "messages": Line.messages,
            "requests": Line.requests,
            "connections": Line.connections - 1,  # this one asks
            "cpu_s": time.process_time(),
        }
        Line.messages = Line.requests = Line.connections = 0
        return json.dumps(told).encode()

    def _say(self, body: bytes) -> None:
        if isinstance(self._transport, asyncio.WriteTransport):
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            self._transport.write(head.encode() + body)


async def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--certificate", type=Path, help="speak TLS, with this and its key")
    asked = parser.parse_args()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) if asked.certificate else None
    if tls:
        tls.load_cert_chain(asked.certificate)
    server = await asyncio.get_running_loop().create_server(
        lambda: Line(asked.latency), "127.0.0.1", 0, ssl=tls
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
