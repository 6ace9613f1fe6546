"""The client's connection, for the faults that strike below HTTP."""

import socket
import struct
import time
from threading import Event
from typing import Any, NoReturn

_LOOK_EVERY_S = 0.05
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Line:
    """One connection while its request is served by waitress."""

    def __init__(self, environ: dict[str, Any], stopping: Event) -> None:
        """Find the connection; `stopping` is set when the simulator stops."""
        self._gone = environ["waitress.client_disconnected"]
        self._stopping = stopping

    def wait(self, seconds: float) -> None:
        """Let time pass, unless the simulator stops."""
        self._stopping.wait(seconds)

    def reset(self) -> NoReturn:
        """Close the connection without an answer, with a reset instead of a proper end."""
        connection: socket.socket = self._gone.__self__.socket  # the bound method's channel owns it
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._hang_up()

    def say_nothing(self, seconds: float) -> NoReturn:
        """Leave the client without an answer until it gives up, or for so long; then close."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._gone() and not self._stopping.is_set():
            self._stopping.wait(_LOOK_EVERY_S)
        self._hang_up()

    def _hang_up(self) -> NoReturn:
        from waitress.channel import ClientDisconnected

        raise ClientDisconnected
