"""Real processes of other users of this machine, which only root can start."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from .front_door import SMSCTL, Ran

NOBODY_LOGGED_IN = 0xFFFF_FFFF
_LONGEST_S = 60
_BECOME = """
import os, sys
login, uid, gid, *words = sys.argv[1:]
if login != "-":
    with open("/proc/self/loginuid", "w") as file:
        file.write(login)
os.execvp("setpriv", ["setpriv", "--reuid", uid, "--regid", gid, "--clear-groups", *words])
"""

_is_root = os.name == "posix" and os.geteuid() == 0
needs_root = pytest.mark.skipif(
    not _is_root or shutil.which("setpriv") is None, reason="only root starts processes of other users"
)


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
    program: tuple[str, ...] = SMSCTL,
    gid: int | None = None,
) -> Ran:
    """Run smsctl, or another program, as a user; `login_uid` is what the kernel keeps of who logged in."""
    become = [sys.executable, "-c", _BECOME]
    login = "-" if login_uid is None else str(login_uid)
    done = subprocess.run(
        [*become, login, str(uid), str(uid if gid is None else gid), *program, *map(str, argv)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **(environ or {})},
        cwd="/",
        timeout=_LONGEST_S,
        check=False,
    )
    return Ran(code=done.returncode, out=done.stdout, err=done.stderr)
