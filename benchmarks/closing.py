"""How many requests become unknown because a gateway closes a kept connection without a word.

    python benchmarks/closing.py            in an environment with smsctl in it; takes a minute

Requests go out one after the other, with the pause between them that a commit takes, to a server on loopback
that keeps connections and closes them without saying so: after each reply, or from the fifth on at any moment
between two requests, by a farewell or a reset. `--way-ms` is how long it takes to get there: what is sent in
the last such time of a connection is lost. The first figure is of runs of ten requests, and how often a
connection ended so in them; the last of one long run, which keeps none after the first such end.
"""

import argparse
import os
import random
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from select import select

from smsctl.domain.gateway import Options
from smsctl.gateways.connection_pool import ConnectionPool
from smsctl.gateways.outcome import Unclear
from smsctl.gateways.wire import exchange

PAUSE_S = 0.004  # a commit of a round on a common disk
A_RUN = 10
EVERY = 5
REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
OPTIONS = Options(read_timeout_s=5, total_timeout_s=5)


def main() -> None:
    """Measure each way of closing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--way-ms", type=float, default=10.0)
    asked = parser.parse_args()
    for way_ms in (0.0, asked.way_ms):
        for every in (1, EVERY):
            for reset in (False, True):
                tell(asked.requests, every, way_ms / 1000, reset=reset)
    print(f"{'':4}load of this machine {os.getloadavg()[0]:.1f}")


def tell(requests: int, every: int, way_s: float, *, reset: bool) -> None:
    with server(every, way_s, reset=reset) as (url, ends):
        runs = requests // A_RUN
        anew = unknown(url, requests, runs=runs)
        ended = len(ends)
        once = unknown(url, requests, runs=1)
    end = f"{'reset' if reset else 'farewell'} after {'each' if every == 1 else f'{every} or more'}"
    found = f"{anew} in {runs} runs of {A_RUN}, of {ended} ends; {once} in a run of {requests}"
    print(f"{end}, {way_s * 1000:g} ms away".ljust(40), found.ljust(56), "goal <= 1 a run", flush=True)


def unknown(url: str, requests: int, *, runs: int) -> int:
    """Return how many requests nobody can tell of."""
    found = 0
    for _ in range(runs):
        pool = ConnectionPool()
        for _ in range(requests // runs):
            outcome = exchange(OPTIONS, "POST", url, headers={}, body=b"{}", pool=pool)
            found += isinstance(outcome, Unclear)
            time.sleep(PAUSE_S * random.uniform(0.5, 1.5))
    return found


@contextmanager
def server(every: int, way_s: float, *, reset: bool) -> Iterator[tuple[str, list[int]]]:
    """Serve on loopback; yield the address, and how many replies each ended connection had."""
    ends: list[int] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    def serve(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            for number in count(1):
                if not connection.recv(65536):
                    return
                time.sleep(way_s)
                connection.sendall(REPLY)
                wait_s = random.uniform(0, way_s + 2 * PAUSE_S) if every > 1 else 0
                if number >= every and not select([connection], [], [], wait_s)[0]:
                    break
            ends.append(number)
            time.sleep(way_s if every > 1 else 0.001)  # nothing is read any more, and nobody knows it yet
            if reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/", ends
    finally:
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()


if __name__ == "__main__":
    main()
