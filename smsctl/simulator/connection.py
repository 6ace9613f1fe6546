"""The client's connection, for the faults that strike below HTTP."""

import struct
import time
from socket import SO_LINGER, SOL_SOCKET, socket
from threading import Event
from typing import Any, NoReturn

_LOOK_EVERY_S = 0.05
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class ServedConnection:
    """One connection while waitress serves its request."""

    def __init__(self, environ: dict[str, Any], stopping: Event) -> None:
        """Find the connection; `stopping` ends every wait."""
        self._gone = environ["waitress.client_disconnected"]
        self._stopping = stopping

    def break_off(self, silence_s: float | None) -> NoReturn:
        """Give no answer: reset the connection, or say nothing for so long or until the client leaves."""
        from waitress.channel import ClientDisconnected

        if silence_s is None:
            connection: socket = self._gone.__self__.socket  # the bound method's channel owns it
            connection.setsockopt(SOL_SOCKET, SO_LINGER, _RESET_ON_CLOSE)
        else:
            self._stay_silent(silence_s)
        raise ClientDisconnected  # waitress closes without a word

    def _stay_silent(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._gone() and not self._stopping.is_set():
            self._stopping.wait(_LOOK_EVERY_S)
