"""A process that has smsctl loaded, from which those of the proofs are forked (nursery.py): one for all."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, NamedTuple

_ROOT = Path(__file__).parents[2]
_PATIENCE_S = 60


class Forked(NamedTuple):
    """A process that was forked: what it is told, and what it says; that ends when it ends."""

    pid: int
    told: IO[str]
    says: IO[str]


class _Loaded:
    """The process, and where it is asked."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._asking, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.proof.nursery"],
                cwd=_ROOT,
                env=environment,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
            )

    def ask(self, asked: Mapping[str, object], *given: int) -> None:
        socket.send_fds(self._asking, [json.dumps(asked).encode()], given)

    def end(self) -> None:
        self._asking.close()
        self._process.wait(_PATIENCE_S)


_RUNNING: list[_Loaded] = []
_BEGINNING = threading.Lock()


def fork(
    environment: Mapping[str, str], *, argv: tuple[str, ...] = (), weaknesses: tuple[str, ...] = ()
) -> Forked:
    """Fork a nursery with these weaknesses; or, where `argv` is given, a process that runs that command."""
    with _BEGINNING:
        if not _RUNNING:
            _RUNNING.append(_Loaded(environment))
    read, ours = os.pipe()
    says, write = os.pipe()
    try:
        asked = {"argv": argv, "weaknesses": weaknesses, "environment": dict(environment)}
        _RUNNING[0].ask(asked, read, write)
    finally:
        os.close(read)
        os.close(write)
    told, answers = os.fdopen(ours, "w"), os.fdopen(says)
    return Forked(pid=int(next(answers)), told=told, says=answers)


def end() -> None:
    """Let it end, if it was ever begun; whatever it has forked goes on."""
    while _RUNNING:
        _RUNNING.pop().end()
