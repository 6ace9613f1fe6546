"""What a disk gives: names that last, whole files, room, locks that die with their process, folders."""

import errno
import os
import stat
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

CAREFULLY: Final[int] = sum(
    getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY")
)
"""Flags to open with: no link is followed, no pipe waited for, nothing handed to children or translated."""

NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""What the operating system says of a disk that takes no more."""

_LOOK_AGAIN_S = 0.002
_DAY_S = 86_400


def make_names_durable(folder: Path) -> None:
    """Flush a folder, so that a file made or renamed in it is there after a power cut; not on Windows."""
    if sys.platform != "win32":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_whole(
    path: Path, data: bytes, *, replace: bool = False, finish: Callable[[int], None] | None = None
) -> None:
    """Write a file, mode 0600: whoever looks finds all of it or none, also after a kill or a power cut.

    It is written beside, without a name where Linux can, and gets its name in one step. Raises OSError,
    FileExistsError where there is one already; with `replace`, where that is no plain file. `finish` gives
    it what it needs besides, by its handle: whoever may write in the folder could exchange its name.
    """
    is_there = os.path.lexists(path)
    if is_there and not (replace and stat.S_ISREG(path.lstat().st_mode)):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    draft = path.with_name(f".{os.urandom(8).hex()}.smsctl")
    try:
        handle, is_named = _open_beside(draft)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            if finish:
                finish(handle)
            os.fsync(handle)
            if not is_named:  # as linkat(2) has it: a handle of a folder makes it follow the link
                os.link(f"/proc/self/fd/{handle}", draft, src_dir_fd=handle)
        if replace:
            draft.replace(path)
        else:
            _name(draft, path)
    finally:
        with suppress(OSError):
            draft.unlink()
    _clear_away_drafts(path.parent)
    with suppress(OSError):  # a folder that may be written and not read: the file is there
        make_names_durable(path.parent)


def _open_beside(draft: Path) -> tuple[int, bool]:
    """Return the handle of a new file in the folder of `draft`, and whether it has that name."""
    if sys.platform == "linux" and Path("/proc/self/fd").exists():
        with suppress(OSError):
            return os.open(draft.parent, os.O_TMPFILE | os.O_WRONLY, 0o600), False
    return os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | CAREFULLY, 0o600), True


def _clear_away_drafts(folder: Path) -> None:
    """Remove what runs have left that were killed between two names: of this user, and a day old at least.

    It is whole, and holds the numbers that the list was to hold.
    """
    with suppress(OSError):
        for one in folder.glob(f".{'[0-9a-f]' * 16}.smsctl"):
            found = one.lstat()
            is_ours = sys.platform == "win32" or found.st_uid == os.geteuid()
            if is_ours and stat.S_ISREG(found.st_mode) and time.time() - found.st_mtime > _DAY_S:
                one.unlink()


def _name(draft: Path, path: Path) -> None:
    """Give a file its name, which nothing else may have."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError:  # a disk without links, as FAT
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        draft.replace(path)


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


def free_files(folder: Path) -> int | None:
    """Return how many files this user may still make on the disk of a folder; None: no number is set."""
    if sys.platform == "win32":
        return None
    found = os.statvfs(folder)
    return found.f_favail if found.f_files else None


def have_room(handle: int, size: int) -> None:
    """Take room on the disk for so many bytes of an open file, where Linux can. Raises OSError."""
    if sys.platform == "linux" and size:
        os.posix_fallocate(handle, 0, size)


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


def wait_for_lock(handle: int, most_s: float) -> None:
    """Lock an open file until it is closed, when whoever has it lets go; after so long, go on without.

    On Windows nothing is locked so.
    """
    until_s = time.monotonic() + most_s
    while sys.platform != "win32" and not lock(handle) and time.monotonic() < until_s:
        time.sleep(_LOOK_AGAIN_S)


def read_at(handle: int, buffer: bytearray | memoryview, at: int) -> int:
    """Read what stands at a place of an open file, which stays where it is; return how many bytes."""
    if sys.platform == "win32":
        raise NotImplementedError  # there is no root who hands a file over
    return os.preadv(handle, [buffer], at)
