"""Owners and modes of files. On Windows the file system's own rights must do."""

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from smsctl.host import named_files
from smsctl.host.users import Owner

ARE_LOOKED_AT: Final = sys.platform != "win32"
"""Whether files have an owner, a group and a mode here."""


def others_may_write(path: Path, sharing_group: str | None = None) -> bool:
    """Say whether somebody other than root and this user may change a file.

    The file's owner's own group is nobody else, and neither is `sharing_group`. Raises OSError.
    """
    if sys.platform == "win32":
        return False
    found = _status(path)
    return found.st_uid not in (0, os.geteuid()) or _is_open(found, sharing_group)


def folder_of_others(path: Path, sharing_group: str | None = None) -> Path | None:
    """Return a folder above a file in which others could put another one in its place; None: there is none.

    Whose file it is tells whose folder it may be; one as /tmp lets nobody take away what is another's.
    """
    for folder in path.absolute().parents:
        found = folder.stat()
        if not found.st_mode & stat.S_ISVTX and _is_open(found, sharing_group):
            return folder
    return None


def _is_open(found: os.stat_result, sharing_group: str | None) -> bool:
    if sys.platform == "win32":
        return False
    import grp
    import pwd

    if found.st_mode & stat.S_IWOTH:
        return True
    if not found.st_mode & stat.S_IWGRP:
        return False
    try:
        if grp.getgrgid(found.st_gid).gr_name == sharing_group:
            return False
        return pwd.getpwuid(found.st_uid).pw_gid != found.st_gid
    except KeyError:
        return True


def _status(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except PermissionError:
        handle = named_files.kept(path)
        if handle is None:
            raise
        try:
            return os.fstat(handle)
        finally:
            os.close(handle)


def set_mode(handle: int, mode: int) -> None:
    """Set the mode of what was just made, by its handle: a name can be made another file's meanwhile."""
    if sys.platform != "win32":
        os.fchmod(handle, mode)


def share(handle: int, group: str | None, mode: int) -> None:
    """Give what was just made to a group, by its handle. Raises KeyError where there is no such group."""
    if sys.platform != "win32" and group is not None:
        import grp

        os.fchown(handle, -1, grp.getgrnam(group).gr_gid)
        os.fchmod(handle, mode)


def may_share(folder: Path, group: str) -> bool | None:
    """Say whether what this user makes in a folder can be a group's; None: there is no group of that name.

    The folder may hand its own group on, or not be there yet. On Windows all may.
    """
    if sys.platform == "win32":
        return True
    import grp

    try:
        wanted = grp.getgrnam(group).gr_gid
    except KeyError:
        return None
    with suppress(OSError):
        found = folder.stat()
        if found.st_gid == wanted and found.st_mode & stat.S_ISGID:
            return True
    return os.geteuid() == 0 or wanted in (os.getegid(), *os.getgroups())


def give_back(handle: int, before: os.stat_result) -> None:
    """Give what was written anew the owner, the group and the mode of the file that it replaces."""
    if sys.platform != "win32":
        os.fchown(handle, before.st_uid, before.st_gid)
        os.fchmod(handle, before.st_mode & 0o7777)


def give(handle: int, owner: Owner) -> None:
    """Give what was just made to another user. Only root can."""
    if sys.platform != "win32":
        os.fchown(handle, owner.uid, owner.gid)
