"""Forks a real smsctl process for each command it is told, for proofs that need thousands of processes.

Starting Python takes several times as long as a short mailing. So Python and smsctl are loaded once, by
`python -m tests.proof.nursery`, which has also planned a mailing: what a first one makes ready is there. It
forks whatever is asked for at the socket that is its standard input (loaded.py): gateways, and nurseries,
which fork a process for each command; that can be killed. A nursery may have weaknesses (weaknesses.py),
which all of its processes have.
"""

import gc
import json
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from smsctl.domain.moment import Actor
from smsctl.host import users
from tests.proof import weaknesses
from tests.proof.site import Site

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
_LONGEST = 1 << 17  # bytes: a whole environment
_SELDOM = 100_000  # as in a process of its own (smsctl/__main__.py)


def main() -> None:
    """Load all, then fork a process for each that is asked for, until nobody is left who could ask."""
    for module in (*_LOADED, *_modules_in(*_FOLDERS)):
        import_module(module)
    _plan_once()
    gc.collect()
    gc.freeze()  # or each process copies all of it when it first looks for rubbish
    asking = socket.socket(fileno=sys.stdin.fileno())
    while True:
        told, given, _flags, _who = socket.recv_fds(asking, _LONGEST, 2)
        if not told:
            os._exit(0)
        if os.fork() == 0:
            asking.detach()
            _begin(json.loads(told), given)
        for one in given:
            os.close(one)
        _bury()


def _modules_in(*folders: str) -> Iterator[str]:
    for folder in folders:
        path = import_module(f"smsctl.{folder}").__path__
        yield from (f"smsctl.{folder}.{one.name}" for one in iter_modules(path) if not one.ispkg)


def _plan_once() -> None:
    """Let a municipality plan a mailing, as all will that are forked.

    It is not sent: that begins a thread that watches the time, which nobody would have who is forked.
    """
    run = import_module("smsctl.cli.app").main
    with tempfile.TemporaryDirectory() as folder:
        site = Site(folder=Path(folder, "site"), url="http://127.0.0.1:9", messages=20)
        for command in (site.activate(), [*site.send("mailing"), "--dry-run"]):
            assert run(command) == 0, command
    sys.stdout.flush()  # or each that is forked says it too
    assert threading.active_count() == 1, "a thread does not live on in what is forked"


def _begin(asked: dict[str, Any], given: Sequence[int]) -> None:
    """Be what was asked for, with this input and this output and in this environment; never returns."""
    for one, standard in zip(given, (0, 1), strict=True):
        os.dup2(one, standard)
    os.closerange(3, 1 + max(given))
    os.environ.clear()
    os.environ.update(asked["environment"])
    time.tzset()
    _say(os.getpid())
    code = 1
    try:
        if asked["argv"]:
            code = _run(asked["argv"])
        else:
            weaknesses.weaken(asked["weaknesses"])
            code = _serve()
    finally:
        sys.stdout.flush()
        os._exit(code)


def _bury() -> None:
    """Let go of what was forked and has ended."""
    while _waited_for():
        pass


def _waited_for() -> int:
    try:
        return os.waitpid(-1, os.WNOHANG)[0]
    except ChildProcessError:
        return 0


def _serve() -> int:
    """Be a nursery until standard input ends: a command a line.

    Says, for each command, its process id and the exit code.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
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
    return 0


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
        code = _run(asked["argv"])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _run(argv: Sequence[str]) -> int:
    gc.set_threshold(_SELDOM)
    code: int = import_module("smsctl.cli.app").main(argv)
    return code


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
