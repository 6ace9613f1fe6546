"""Which machine this is."""

import socket
from contextlib import suppress
from functools import cache
from pathlib import Path

_ID = Path("/etc/machine-id")


@cache
def told() -> str:
    """Return what tells this machine from a copy of it: its name, and on Linux what it was numbered with.

    A copy that has both is not told from it.
    """
    number = ""
    with suppress(OSError):
        number = _ID.read_text(encoding="ascii", errors="replace").strip()
    return f"{socket.gethostname()} {number}"
