"""A real smsctl process under strace: killed at its k-th call of a kind, or written down call by call."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.proof.site import Nursery, Site

SYNCS = frozenset({"fdatasync", "fsync"})
CALLS = ("pwrite64", "fdatasync", "fsync", "ftruncate", "unlink", "connect", "sendto", "recvfrom")


class Call(NamedTuple):
    """One call as it began or ended; a call that another thread interrupts in the trace is two."""

    thread: int
    name: str
    about: str  # its arguments: the file's path first, where there is one
    begins: bool
    ends: bool


def why_not(folder: Path) -> str | None:
    """Return why nothing can be traced here, or None."""
    strace = shutil.which("strace")
    if strace is None:
        return "strace is not installed"
    tried = subprocess.run(
        [strace, "-f", "-o", folder / "tried", "-e", "inject=getppid:signal=SIGKILL", "true"],
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode:
        return f"strace does not work here: {tried.stderr.strip()}"
    return _why_not_attached(folder / "tried")


def _why_not_attached(to: Path) -> str | None:
    """Return why no process that runs already can be traced: many systems keep that for root."""
    with subprocess.Popen(["sleep", "60"]) as one, _attached(one.pid, "-o", to) as strace:
        assert strace.stderr
        told = strace.stderr.readline()
        one.kill()
    return None if "attached" in told else f"strace may not look at a process here: {told.strip()}"


def _attached(pid: int, *flags: str | Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(["strace", "-f", "-p", str(pid), *flags], stderr=subprocess.PIPE, text=True)


def run_traced(
    processes: Nursery,
    site: Site,
    command: Sequence[str],
    *flags: str,
    to: Path,
    calls: str = ",".join(CALLS),
) -> int:
    """Run a command under strace with these flags and return its exit code; the trace is written to `to`."""
    gate = site.folder / "gate"
    if not gate.exists():
        os.mkfifo(gate)
    pid = processes.begin(site, command, gate=gate)
    strace = _attached(pid, "-o", to, "-e", f"trace={calls}", *flags)
    assert strace.stderr
    attached = strace.stderr.readline()
    assert "attached" in attached, attached
    gate.open("w").close()
    code = processes.end()
    strace.communicate()
    return code


def read(trace: Path) -> Iterator[Call]:
    """Read what strace wrote down, in the order in which it happened."""
    pending: dict[int, tuple[str, str]] = {}
    for line in trace.read_text().splitlines():
        if found := _WHOLE.match(line):
            yield Call(thread=int(found[1]), name=found[2], about=found[3], begins=True, ends=True)
        elif found := _BEGUN.match(line):
            pending[int(found[1])] = found[2], found[3]
            yield Call(thread=int(found[1]), name=found[2], about=found[3], begins=True, ends=False)
        elif found := _RESUMED.match(line):
            name, about = pending.pop(int(found[1]))
            yield Call(thread=int(found[1]), name=name, about=about, begins=False, ends=True)


_WHOLE = re.compile(r"(\d+) +(\w+)\((.*)\) += ")
_BEGUN = re.compile(r"(\d+) +(\w+)\((.*) <unfinished \.\.\.>$")
_RESUMED = re.compile(r"(\d+) +<\.\.\. \w+ resumed>")
