"""A line to the database that breaks where a test wants: before a request arrives, or with its answer."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress


class CutLine:
    """Passes on what is said, on loopback, until `when` says of a request that the line breaks there."""

    def __init__(self, port: int) -> None:
        """Lead to the database at `port`; nothing breaks yet."""
        self._to = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.when: Callable[[bytes], bool] = lambda _request: False
        self.arrives = False  # whether the request that breaks the line gets to the database
        self.by_half = False  # whether half of it does
        self.broken = 0
        self.turns = 0  # how often the database was asked something after it had answered
        self._answered = False
        self.is_open = True  # to new lines
        self.change: Callable[[bytes], bytes] = lambda answer: answer
        self._lines = list[socket.socket]()
        threading.Thread(target=self._accept, daemon=True).start()

    def turn_to(self, port: int) -> None:
        """Let the next lines lead to another database."""
        self._to = port

    def lead_to(self, port: int) -> None:
        """Break every line there is; the next ones lead to another database."""
        self._to = port
        for line in self._lines:
            _end(line)

    def close(self) -> None:
        """Take no more connections."""
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                if not self.is_open:
                    _end(client)
                    continue
                try:
                    server = socket.create_connection(("127.0.0.1", self._to))
                except OSError:  # it is being started
                    client.close()
                    continue
                self._lines += [client, server]
                threading.Thread(target=self._there, args=(client, server), daemon=True).start()
                threading.Thread(target=self._back, args=(server, client), daemon=True).start()

    def _there(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while said := client.recv(1 << 16):
                self.turns += self._answered
                self._answered = False
                if self.when(said):
                    self.broken += 1
                    _end(client)
                    if self.by_half:
                        server.sendall(said[: len(said) // 2])
                    if self.arrives:
                        server.sendall(said)
                        server.shutdown(socket.SHUT_WR)  # it is read, and nobody hears the answer
                        while server.recv(1 << 16):
                            pass
                    break
                server.sendall(said)
        _end(client)
        _end(server)

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while said := server.recv(1 << 16):
                self._answered = True
                client.sendall(self.change(said))
        _end(client)


def _end(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
    line.close()
