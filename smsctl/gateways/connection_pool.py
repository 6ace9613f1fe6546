"""The connections to a gateway that are kept for another request, and for how long."""

import selectors
from threading import Lock
from typing import TYPE_CHECKING

from smsctl.gateways.deadline import CLOCK
from smsctl.gateways.http_reader import HttpReader
from smsctl.host.clock import since_boot_s

if TYPE_CHECKING:
    import socket

KEPT_FOR_S = 1.0
"""No server that keeps connections closes one so soon."""
_WATCHED_FOR_S = 0.02
"""Who closes after each reply has done so by then."""

_Selector = getattr(selectors, "PollSelector", selectors.DefaultSelector)
"""Looks at one file without another of its own; select alone knows no more than 1024."""


class Connection:
    """A connection at whose other end is whom we mean."""

    def __init__(self, origin: str, connected: "socket.socket", *, can_be_watched: bool) -> None:
        """Take a connected socket over; it can be seen without reading whether anything has come, or not."""
        self._can_be_watched = can_be_watched
        self._idle_since_s = float("inf")
        self.origin = origin
        self.socket = connected
        self.reader = HttpReader(connected.recv)

    def rest(self) -> None:
        """Begin to be idle."""
        self._idle_since_s = since_boot_s()

    @property
    def idle_s(self) -> float:
        """For how long it has been idle; a machine that slept was idle, too."""
        return since_boot_s() - self._idle_since_s

    def stays_quiet(self, for_s: float) -> bool:
        """Say whether nothing has come, or comes by then, that nobody asked for: the end, a reset, a byte."""
        is_unread = getattr(self.socket, "pending", int)() or not self.reader.is_empty
        return self._can_be_watched and not is_unread and not _has_come(self.socket, for_s)

    def close(self) -> None:
        """Close it, without the end of TLS, which would have to be waited for."""
        self.socket.close()


def _has_come(connected: "socket.socket", within_s: float) -> bool:
    try:
        with _Selector() as selector:
            selector.register(connected, selectors.EVENT_READ)
            return bool(selector.select(within_s))
    except OSError:  # who cannot look must not trust
        return True


class ConnectionPool:
    """The idle connections to one gateway: as many as there were requests at once, each for a second.

    A gateway that closes without a word could do so in the very moment of a request, which then is unknown.
    So the first connection is watched for a moment before it is used again; and when one was closed without
    a word, or failed, each request has a connection of its own again. However the gateway behaves, it can
    happen no more often in a run than there are requests at once.
    """

    def __init__(self) -> None:
        """Keep none yet."""
        self._lock = Lock()
        self._idle: list[Connection] = []
        self._watched: set[str] = set()
        self._sweeps = False
        self.keeps = True

    def take(self, origin: str) -> Connection | None:
        """Return one on which a request may go out at once."""
        while found := self._taken(origin):
            watch_s = 0 if origin in self._watched else max(_WATCHED_FOR_S - found.idle_s, 0)
            is_quiet = found.stays_quiet(watch_s)
            if found.idle_s >= KEPT_FOR_S:
                found.close()
            elif is_quiet:
                self._watched.add(origin)
                return found
            else:
                self.keep_no_more()
                found.close()
        return None

    def give_back(self, connection: Connection) -> None:
        """Keep one on which a whole reply has come."""
        connection.rest()
        with self._lock:
            self._idle.append(connection)
            sweeps, self._sweeps = self._sweeps, True
        if not sweeps:
            CLOCK.set(KEPT_FOR_S, self._sweep)

    def keep_no_more(self) -> None:
        """Let each request have a connection of its own from now on."""
        self.keeps = False

    def _taken(self, origin: str) -> Connection | None:
        with self._lock:
            for place in reversed(range(len(self._idle))) if self.keeps else ():
                if self._idle[place].origin == origin:
                    return self._idle.pop(place)
        return None

    def _sweep(self) -> None:
        """Close those that nobody has used for long; called by the clock."""
        with self._lock:
            old = [one for one in self._idle if one.idle_s >= KEPT_FOR_S]
            self._idle = [one for one in self._idle if one not in old]
            self._sweeps = left = bool(self._idle)
        for one in old:
            one.close()
        if left:
            CLOCK.set(KEPT_FOR_S, self._sweep)
