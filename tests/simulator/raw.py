"""Bytes as they are, to a server on this machine."""

import socket
import struct
from contextlib import suppress

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def send_raw(port: int, what: bytes, then: str = "ends") -> bytes:
    """Send bytes; return what is answered where the client `ends` in peace, and does not leave or reset."""
    answer = b""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        if then == "resets":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        client.sendall(what)
        if then == "ends":
            client.shutdown(socket.SHUT_WR)
            while piece := client.recv(65536):
                answer += piece
    return answer
