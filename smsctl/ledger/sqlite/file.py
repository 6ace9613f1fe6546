"""Where a ledger may lie, and whose it may be: a plain file on a local disk, out of strangers' reach."""

import errno
import os
import re
import stat
from contextlib import suppress
from pathlib import Path

from smsctl.errors import LedgerError, say
from smsctl.host import disk, rights, users
from smsctl.ledger.seam.beside import refuse_planted_journals
from smsctl.ledger.seam.sentences import MAKE_ROOM, reason

APPLICATION = 0x736D7363  # "smsc", in the file's header: another program's database is not taken for a ledger
MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = frozenset(
    {
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "glusterfs", "lustre", "gpfs",
        "beegfs", "davfs", "vboxsf", "vmhgfs", "fuse",
    }
)  # fmt: skip
_BY_WHOM = say("Run smsctl as its owner, or share it: `[ledger] group` in the config.")
_NOT_DURABLE = (errno.EIO, errno.ENOSPC)
_SPARE_BYTES = 10_000_000
_ROW_BYTES = 2048
_SPARE_FILES = 8  # journal, key, how far sending has come, folder of locks, lock, room for answers
_SHARED_FOLDER = 0o2770
_SHARED_FILE = 0o660


def prepare(path: Path, group: str | None) -> None:
    """Make the folder and an empty file with the right modes before SQLite makes them wider."""
    try:
        if not path.exists():
            must_be_safe_to_make(path, group)
        if not path.parent.exists():
            _make_folder(path.parent, group)
        if not path.exists():
            _make_way_durable(path.parent)
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
            try:
                rights.share(handle, group, _SHARED_FILE)
            finally:
                os.close(handle)
    except FileExistsError:
        pass  # another process made it in between
    except (OSError, LookupError) as error:
        raise _not_made(path, error) from error


def must_be_safe_to_make(path: Path, group: str | None) -> None:
    """Raise LedgerError where a ledger that is made now could be swapped by others, or not be the group's."""
    if rights.ARE_LOOKED_AT:
        with suppress(OSError):  # a folder that is not there yet
            _refuse_folder(path.parent, path.parent.stat().st_mode)
    may = rights.may_share(path.parent, group) if group else True
    if may is None:
        raise LedgerError(
            say("This machine has no group {group}, which is to share the ledger.", group=group),
            hint=say("Make the group, or name another one: `[ledger] group` in the config."),
        )
    if not may:
        raise LedgerError(
            say(
                "{user} is not in the group {group}, which is to share the ledger.",
                user=users.runs_as(),
                group=group,
            ),
            hint=say("Add the user to the group, and log in anew."),
        )


def _not_made(path: Path, error: Exception) -> LedgerError:
    return LedgerError(
        say("{path}: the ledger cannot be created: {reason}.", path=path, reason=reason(error)),
        hint=say("Choose a folder that this user may write, with `[ledger] path` in the config."),
    )


def is_there(path: Path) -> bool:
    """Say whether there is anything at `path`. Raises LedgerError where even that cannot be told."""
    try:
        path.lstat()  # from Python 3.14 on, `exists` calls what it may not look at missing
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError as error:
        raise _unreadable(path, error) from error
    return True


def refuse_stranger(path: Path, group: str | None) -> None:
    """Raise LedgerError for a ledger that others may read or swap: numbers and money are not kept there."""
    try:
        file, folder = path.lstat(), path.parent.stat()
    except OSError as error:
        raise _unreadable(path, error) from error
    if not stat.S_ISREG(file.st_mode):
        raise LedgerError(
            say("{path}: the ledger must be a plain file, not a link or a folder.", path=path),
            hint=say("Name the real file in `[ledger] path`."),
        )
    if rights.ARE_LOOKED_AT:
        _refuse_mode(path, file.st_mode, group)
        _refuse_owner(path, file, group)
        _refuse_folder(path.parent, folder.st_mode)
        refuse_planted_journals(path)


def owner_for_root(path: Path, group: str | None) -> users.Owner | None:
    """Return the user that root must become before it touches this ledger: the owner of its folder.

    Of a folder that is not there yet, it is whose folder it will be made in: they send from it, too.

    The owner of a folder, and whoever may write in it, can swap what lies there. None: this user is not root,
    or the folder is root's own and only root can write in it. Raises LedgerError where others can.
    """
    if not users.is_root():
        return None
    folder = path.parent
    try:
        found = folder.stat()
    except FileNotFoundError:
        if group is None:
            return _owner_of_where_it_will_be(folder)
        raise LedgerError(
            say("{folder}: root makes no folder that the group {group} shares.", folder=folder, group=group),
            hint=say(
                "Run: install -d -m 2770 -o USER -g {group} {folder}. USER is who sends.",
                group=group,
                folder=folder,
            ),
        ) from None
    except OSError as error:
        raise _unreadable(path, error) from error
    if found.st_uid != 0:
        return users.Owner(uid=found.st_uid, gid=found.st_gid)
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise LedgerError(
            say("{folder}: belongs to root, and others may write there.", folder=folder),
            hint=say("Put the ledger in a folder of its own: `[ledger] path` in the config.")
            if found.st_mode & stat.S_ISVTX
            else say("Run: chown USER {folder}. USER is who sends.", folder=folder),
        )
    return None


def _owner_of_where_it_will_be(folder: Path) -> users.Owner | None:
    for above in folder.absolute().parents:
        with suppress(FileNotFoundError):
            found = above.stat()
            return users.Owner(uid=found.st_uid, gid=found.st_gid) if found.st_uid else None
    return None


def refuse_network(path: Path, mounts: Path = MOUNTS) -> None:
    """Raise LedgerError for a network disk: its locks and flushes do not hold what the ledger promises."""
    kind = _kind_of_disk(path.parent.resolve(), mounts)
    if kind.split(".")[0] in _NETWORK or str(path).startswith("\\\\"):
        raise LedgerError(
            say("{path}: the ledger lies on a network disk ({kind}).", path=path, kind=kind or "UNC"),
            hint=say(
                "Put it on a local disk with `[ledger] path`, or, if only this machine ever uses it and the"
                " disk's locks can be trusted, set `allow_network = true` under [ledger]."
            ),
        )


def must_have_room(path: Path, rows: int) -> None:
    """Raise LedgerError where the disk has no room for a mailing of so many rows, or has no such folder."""
    needed = _SPARE_BYTES + rows * _ROW_BYTES
    try:
        free, files = disk.free_bytes(path.parent), disk.free_files(path.parent)
    except OSError as error:  # a link that leads nowhere
        raise _not_made(path, error) from error
    if free < needed:
        raise LedgerError(
            say(
                "{path}: the disk has {free} MB left, and {needed} MB are needed; nothing was sent.",
                path=path,
                free=free // 1_000_000,
                needed=-(-needed // 1_000_000),
            ),
            hint=MAKE_ROOM,
        )
    if files is not None and files < _SPARE_FILES:
        raise LedgerError(
            say(
                "{path}: fewer than {needed} more files can be made on its disk; nothing was sent.",
                path=path,
                needed=_SPARE_FILES,
            ),
            hint=say("Remove files from the disk, or move the ledger with `[ledger] path`."),
        )


def _make_way_durable(folder: Path) -> None:
    """Flush the names of the folder and of all above it: one just made may not outlast a power cut.

    Whoever made them may have been killed right after it, so all are flushed, whoever it was. One that this
    user may not look into, or on a disk that nobody writes, is not of those.
    """
    for above in folder.absolute().parents:
        try:
            disk.make_names_durable(above)
        except OSError as error:
            if error.errno in _NOT_DURABLE:
                raise


def _make_folder(folder: Path, group: str | None) -> None:
    folder.mkdir(parents=True, mode=0o700)
    if group is not None:
        handle = disk.open_folder(folder)
        if handle is not None:
            try:
                if users.is_ours(os.fstat(handle).st_uid):
                    rights.share(handle, group, _SHARED_FOLDER)
            finally:
                os.close(handle)


def _refuse_mode(path: Path, mode: int, group: str | None) -> None:
    if mode & stat.S_IRWXO:
        raise LedgerError(
            say("{path}: every user of this machine can read the ledger.", path=path),
            hint=say("Run: chmod o= {path}", path=path),
        )
    if mode & stat.S_IRWXG and group is None:
        raise LedgerError(
            say("{path}: a group of users can read the ledger.", path=path),
            hint=say(
                "Run: chmod g= {path}. Or name the group that shall share it: `[ledger] group`.", path=path
            ),
        )


def _unreadable(path: Path, error: OSError) -> LedgerError:
    hint = _BY_WHOM if isinstance(error, PermissionError) else None
    return LedgerError(say("{path}: cannot be read: {reason}.", path=path, reason=reason(error)), hint=hint)


def _refuse_owner(path: Path, file: os.stat_result, group: str | None) -> None:
    if users.is_root() or users.is_ours(file.st_uid) or file.st_uid == 0 or group is not None:
        return
    raise LedgerError(say("{path}: the ledger belongs to another user.", path=path), hint=_BY_WHOM)


def _refuse_folder(folder: Path, mode: int) -> None:
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        raise LedgerError(
            say("{folder}: every user of this machine can swap the ledger in this folder.", folder=folder),
            hint=say("Run: chmod o= {folder}", folder=folder),
        )


def _kind_of_disk(folder: Path, mounts: Path) -> str:
    """Return the file system's type as Linux names it; empty where that cannot be told."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    for line in lines:
        before, _, after = line.partition(" - ")
        place = before.split()[4]
        if "\\" in place:  # a space is written as \040
            place = re.sub(r"\\(\d{3})", lambda found: chr(int(found[1], 8)), place)
        if len(place) >= len(best) and folder.is_relative_to(place):
            best, kind = place, after.split()[0]
    return kind
