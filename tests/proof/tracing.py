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
    return None if tried.returncode == 0 else f"strace does not work here: {tried.stderr.strip()}"


def run_traced(processes: Nursery, site: Site, command: Sequence[str], *flags: str, to: Path) -> int:
    """Run a command under strace with these flags and return its exit code; the trace is written to `to`."""
    gate = site.folder / "gate"
    if not gate.exists():
        os.mkfifo(gate)
    pid = processes.begin(site, command, gate=gate)
    trace = ",".join(CALLS)
    strace = subprocess.Popen(
        ["strace", "-f", "-o", to, "-p", str(pid), "-e", f"trace={trace}", *flags],
        stderr=subprocess.PIPE,
        text=True,
    )
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
            yield Call(int(found[1]), found[2], found[3], begins=True, ends=True)
        elif found := _BEGUN.match(line):
            pending[int(found[1])] = found[2], found[3]
            yield Call(int(found[1]), found[2], found[3], begins=True, ends=False)
        elif found := _RESUMED.match(line):
            name, about = pending.pop(int(found[1]))
            yield Call(int(found[1]), name, about, begins=False, ends=True)


_WHOLE = re.compile(r"(\d+) +(\w+)\((.*)\) += ")
_BEGUN = re.compile(r"(\d+) +(\w+)\((.*) <unfinished \.\.\.>$")
_RESUMED = re.compile(r"(\d+) +<\.\.\. \w+ resumed>")
