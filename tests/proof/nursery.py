"""Forks a real smsctl process for each command it is told; run as `python -m tests.proof.nursery`.

Starting Python takes several times as long as a short mailing, and a proof needs thousands of processes.
Here Python and smsctl are loaded once; every command is a process of its own, which can be killed. The
arguments name weaknesses that all of them have (weaknesses.py).
"""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from smsctl.domain.moment import Actor
from smsctl.host import users
from tests.proof import weaknesses

_FOLDERS = (
    "actions",
    "cli",
    "cli.mailings",
    "cli.money",
    "cli.operations",
    "credentials",
    "gateways",
    "ledger",
    "ledger.sqlite",
)  # of smsctl
_ON_SERVER = ("ledger.postgres",)  # these bring the driver
_LOADED = (
    *("encodings.ascii", "encodings.idna", "encodings.utf_8_sig"),
    "filelock",
    "phonenumbers",
    "smsctl.cli.app",
    "smsctl.cli.money.municipality",
    "zoneinfo",
)


def main() -> None:
    """Serve until standard input ends: a command a line.

    Says its own process id when it is ready; then, for each command, the process id and the exit code.
    """
    weaknesses.weaken(sys.argv[1:])
    for module in (*_LOADED, *_modules_in(*_FOLDERS)):
        import_module(module)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    _say(os.getpid())
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["on_server"]:
            for module in _modules_in(*_ON_SERVER):
                import_module(module)
        pid = os.fork()
        if pid == 0:
            _live(asked)
        _say(pid)
        _say(_end_of(pid, asked["kill_after_s"]))


def _modules_in(*folders: str) -> Iterator[str]:
    for folder in folders:
        path = import_module(f"smsctl.{folder}").__path__
        yield from (f"smsctl.{folder}.{one.name}" for one in iter_modules(path) if not one.ispkg)


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _live(asked: dict[str, Any]) -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    nothing = os.open(os.devnull, os.O_RDONLY)
    said = os.open(asked["said"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for ours, standard in ((nothing, 0), (said, 1), (said, 2)):
        os.dup2(ours, standard)
    os.closerange(3, 1 + max(nothing, said))
    if asked["gate"]:
        os.close(os.open(asked["gate"], os.O_RDONLY))  # a pipe: waits until somebody opens the other end
    become(asked["user"])
    code = 1
    try:
        code = import_module("smsctl.cli.app").main(asked["argv"])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def become(user: str) -> None:
    """Be this person for the rest of the process, whoever runs the proof."""
    users.whoever = partial(Actor, user=user, host="proof")


def _end_of(pid: int, kill_after_s: float | None) -> int:
    """Wait for the process, or kill it when its time is up: not yet waited for, so it is still that one."""
    ends = time.monotonic() + (kill_after_s or 0)
    while kill_after_s is not None and (left := ends - time.monotonic()) > 0:
        signal.sigtimedwait({signal.SIGCHLD}, left)
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
    if kill_after_s is not None:
        os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    main()
