"""The files beside the ledger. Whoever may write in its folder can put anything there under their names.

So no link is followed and no pipe waited for, and what was opened is looked at before it is used: it is a
plain file, of somebody who may send. Where others can read it, that is told and does not stop anything.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from smsctl.errors import LedgerError, say
from smsctl.host import disk, named_files, rights, users

_NO_FILE = (errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.EISDIR, errno.ENOTDIR)
_SHARED = 0o660
_JOURNALS = ("-journal", "-wal", "-shm")


def key_of(ledger: Path) -> Path:
    """Return where the ledger's key lies; it belongs to every backup of the ledger."""
    return ledger.with_name(f"{ledger.name}.key")


def mark_of(ledger: Path) -> Path:
    """Return where it is noted how far sending has come; no backup has it, for it tells of the present."""
    return ledger.with_name(f"{ledger.name}.high-water")


def open_file(path: Path, flags: int, *, folder: int | None = None, mode: int = 0o600) -> int:
    """Open a file beside the ledger, or one in an open folder there by its name.

    Raises LedgerError where it is no plain file, or a stranger's, and OSError where it cannot be opened.
    """
    try:
        handle = os.open(path if folder is None else path.name, flags | disk.CAREFULLY, mode, dir_fd=folder)
    except OSError as error:
        if error.errno in _NO_FILE:
            raise _no_plain_file(path) from error
        raise
    try:
        found = os.fstat(handle)
        _refuse_other_kinds(path, found, to_be_written=flags != os.O_RDONLY)
        _refuse_stranger(path, found, path.parent if folder is None else path.parent.parent)
    except BaseException:
        os.close(handle)
        raise
    return handle


def open_folder(path: Path) -> int | None:
    """Open a folder beside the ledger; None on Windows, which opens no folders. Raises as `open_file`."""
    try:
        handle = disk.open_folder(path)
    except OSError as error:
        if error.errno in _NO_FILE:
            raise _no_plain_file(path) from error
        raise
    if handle is None:
        return None
    try:
        _refuse_stranger(path, os.fstat(handle), path.parent)
    except BaseException:
        os.close(handle)
        raise
    return handle


def read(path: Path, most: int) -> bytes:
    """Return what a file beside the ledger holds, and one byte more than `most` of one that is too long.

    Or one that root named, a key, which the ledger's owner may not open: by the handle kept of it.
    """
    try:
        handle = open_file(path, os.O_RDONLY)
    except PermissionError:
        kept = named_files.kept(path)
        if kept is None:
            raise
        handle = kept
        os.lseek(handle, 0, os.SEEK_SET)
    try:
        return os.read(handle, most + 1)
    finally:
        os.close(handle)


def make(ledger: Path, path: Path, *, folder: int | None = None) -> None:
    """Make an empty file that whoever may write the ledger may write; leave one that is there."""
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | disk.CAREFULLY
    try:
        handle = os.open(path if folder is None else path.name, flags, 0o600, dir_fd=folder)
    except FileExistsError:
        return
    try:
        rights.set_mode(handle, ledger.stat().st_mode & _SHARED)
    finally:
        os.close(handle)


def write_whole(ledger: Path, path: Path, content: bytes) -> None:
    """Write a file that whoever may write the ledger may write, durably: whole, or as it was. OSError."""
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.unlink(missing_ok=True)
    make(ledger, unfinished)
    handle = open_file(unfinished, os.O_WRONLY)
    try:
        os.write(handle, content)
        os.fsync(handle)
    finally:
        os.close(handle)
    unfinished.replace(path)
    disk.make_names_durable(path.parent)


def make_folder(ledger: Path, path: Path) -> None:
    """Make a folder that whoever may write the ledger may write; leave what is there."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        return
    handle = open_folder(path)
    if handle is not None:
        mode = ledger.stat().st_mode & _SHARED
        # A shared ledger has a shared folder: who may read may look in, and new files get its group.
        try:
            rights.set_mode(handle, mode | mode >> 2 & 0o110 | (stat.S_ISGID if mode & stat.S_IWGRP else 0))
        finally:
            os.close(handle)


def refuse_planted_journals(ledger: Path) -> None:
    """Raise LedgerError where SQLite would follow a link, or wait for a pipe, that stands for a journal.

    Or would write old pages into a stranger's, and put theirs back from it.
    """
    for ending in _JOURNALS:
        path = ledger.with_name(f"{ledger.name}{ending}")
        with suppress(FileNotFoundError):
            found = path.lstat()
            _refuse_other_kinds(path, found, to_be_written=True)
            _refuse_stranger(path, found, ledger.parent)


def open_to_others(ledger: Path) -> Iterator[Path]:
    """Yield what lies beside the ledger and every user of this machine can read or write."""
    for path in _all(ledger):
        with suppress(OSError):
            found = path.lstat()
            if found.st_mode & stat.S_IRWXO and not stat.S_ISLNK(found.st_mode):
                yield path


def left_by_root(ledger: Path) -> Iterator[Path]:
    """Yield what belongs to root in the folder of a ledger that somebody else sends from."""
    with suppress(OSError):  # there is no folder, or not for this user
        if not rights.ARE_LOOKED_AT or ledger.parent.stat().st_uid == 0:
            return
        for path in (ledger, *_all(ledger)):
            with suppress(OSError):
                if path.lstat().st_uid == 0:
                    yield path


def _all(ledger: Path) -> Iterator[Path]:
    for folder, pattern in (
        (ledger.parent, f"{ledger.name}[.-]*"),
        (ledger.with_name(f"{ledger.name}.locks"), "*"),
    ):
        with suppress(OSError):  # one that is not there, or not for this user
            yield from sorted(folder.glob(pattern))


def _refuse_other_kinds(path: Path, status: os.stat_result, *, to_be_written: bool) -> None:
    # A second name of a file is another way to have somebody else's file written.
    if not stat.S_ISREG(status.st_mode) or (to_be_written and status.st_nlink > 1):
        raise _no_plain_file(path)


def _refuse_stranger(path: Path, status: os.stat_result, ledgers_folder: Path) -> None:
    if not rights.ARE_LOOKED_AT:
        return
    folder = ledgers_folder.stat()
    is_shared = folder.st_mode & stat.S_IWGRP and not folder.st_mode & stat.S_IWOTH
    if not is_shared and not users.is_ours(status.st_uid) and status.st_uid not in (0, folder.st_uid):
        raise LedgerError(
            say("{path}: belongs to a user who has nothing to do with the ledger.", path=path),
            hint=say("Find out who put it there, and take it away."),
        )


def _no_plain_file(path: Path) -> LedgerError:
    return LedgerError(
        say("{path}: must be a plain file or folder of its own, no link, pipe or device.", path=path),
        hint=say("Find out who put it there, and take it away."),
    )
