"""Real processes of other users of this machine, which only root can start."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from .front_door import Ran

NOBODY_LOGGED_IN = 0xFFFF_FFFF
ROOT = Path(__file__).parents[1]
_LONGEST_S = 60
_BECOME = """
import os, sys
login, uid, gid, *words = sys.argv[1:]
if login != "-":
    with open("/proc/self/loginuid", "w") as file:
        file.write(login)
os.execvp("setpriv", ["setpriv", "--reuid", uid, "--regid", gid, "--clear-groups", *words])
"""

_BECOMES_ANOTHER = "import os; os.setuid(1); open(os.__file__).close(); import smsctl.cli.app, requests"

_is_root = os.name == "posix" and os.geteuid() == 0
needs_root = pytest.mark.skipif(
    not _is_root or shutil.which("setpriv") is None, reason="only root starts processes of other users"
)


@cache
def everyones_python() -> tuple[tuple[str, ...], str]:
    """Return a Python that every user can start, and where it finds what this one has installed.

    Where this one lies in a home that is closed to others, another of the same version is as good.
    """
    packages = (Path(path) for path in sys.path if path.startswith(sys.prefix))
    found = os.pathsep.join(map(str, (ROOT, *packages)))
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        tried = _start(0, 0, (python, "-c", _BECOMES_ANOTHER), {"PYTHONPATH": found})
        if tried.code == 0:
            return (python,), found
    pytest.skip("there is no Python here that other users can start")


@contextmanager
def common_ground() -> Iterator[Path]:
    """A folder that every user can reach; what pytest makes is its own user's."""
    with tempfile.TemporaryDirectory(prefix="smsctl-two-users-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def run_as(
    uid: int,
    *argv: object,
    login_uid: int | None = None,
    environ: Mapping[str, str] | None = None,
    before: Sequence[str] = (),
    folder: Path | None = None,
) -> Ran:
    """Run smsctl as a user; `login_uid` is what the kernel is to keep of who logged in."""
    python, path = everyones_python()
    words = [*before, *python, "-m", "smsctl", *map(str, argv)]
    return _start(uid, uid, words, {"PYTHONPATH": path, **(environ or {})}, login_uid, folder)


def run_python_as(uid: int, code: str, *, login_uid: int | None = None, environ: Mapping[str, str]) -> Ran:
    """Run Python as a user."""
    python, path = everyones_python()
    return _start(uid, uid, [*python, "-c", code], {"PYTHONPATH": path, **environ}, login_uid)


def run_program_as(uid: int, *words: str) -> Ran:
    """Run any program as a user."""
    return _start(uid, uid, words, {})


def _start(
    uid: int,
    gid: int,
    words: Sequence[str],
    environ: Mapping[str, str],
    login_uid: int | None = None,
    folder: Path | None = None,
) -> Ran:
    login = "-" if login_uid is None else str(login_uid)
    done = subprocess.run(
        [sys.executable, "-c", _BECOME, login, str(uid), str(gid), *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **environ},
        cwd=folder or "/",
        timeout=_LONGEST_S,
        check=False,
    )
    if done.returncode and "loginuid" in done.stderr:
        pytest.skip("this kernel does not let root say who logged in")
    return Ran(code=done.returncode, out=done.stdout, err=done.stderr)
