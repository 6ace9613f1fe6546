"""What a disk gives: names that last, room, locks that die with their process, and handles of folders."""

import os
import sys
from pathlib import Path
from typing import Final

CAREFULLY: Final[int] = sum(
    getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY")
)
"""Flags to open with: no link is followed, no pipe waited for, nothing handed to children or translated."""


def make_names_durable(folder: Path) -> None:
    """Flush a folder, so that a file made or renamed in it is there after a power cut; not on Windows."""
    if sys.platform != "win32":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def open_folder(path: Path) -> int | None:
    """Open a folder, and no link to one; None on Windows, which opens none. Raises OSError."""
    if sys.platform == "win32":
        return None
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | CAREFULLY)


def free_bytes(folder: Path) -> int:
    """Return how much room this user has on the disk of a folder."""
    if sys.platform == "win32":
        import shutil

        return shutil.disk_usage(folder).free
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def lock(handle: int) -> bool:
    """Lock an open file until it is closed; say whether it was free. On Windows nothing is locked so."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def read_at(handle: int, buffer: bytearray | memoryview, at: int) -> int:
    """Read what stands at a place of an open file, which stays where it is; return how many bytes."""
    if sys.platform == "win32":
        raise NotImplementedError  # there is no root who hands a file over
    return os.preadv(handle, [buffer], at)
