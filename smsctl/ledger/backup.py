"""A backup of the ledger while it is in use, with the key that its hashes depend on."""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from smsctl.errors import InputError, LedgerError, OutputError, SmsctlError, say
from smsctl.host import disk, named_files
from smsctl.ledger import keyfile
from smsctl.ledger.seam.engine import Progress, nobody_looks
from smsctl.ledger.seam.sentences import FullError, reason
from smsctl.ledger.store import Ledger

_PIECE_BYTES = 1 << 20
_A_NEW_FILE = say("Name a new file; a date in its name makes one for each day.")


class Backup(NamedTuple):
    """What was written."""

    ledger: Path
    key: Path | None  # None: this ledger has no hashes


def targets(ledger: Path, target: Path) -> tuple[Path, ...]:
    """Return the files that a backup to `target` makes. Raises InputError where that names no file."""
    is_folder = False
    with suppress(OSError, ValueError):
        is_folder = target.is_dir()
    if not target.name or is_folder:
        raise InputError(
            say("{path} is a folder, not a file.", path=target),
            hint=_A_NEW_FILE,
        )
    return (target, keyfile.path_of(target)) if os.path.lexists(keyfile.path_of(ledger)) else (target,)


def back_up(ledger: Ledger, target: Path, on_progress: Progress = nobody_looks) -> Backup:
    """Copy the ledger to a new file and its key beside it, both mode 0600; all of it or nothing.

    The key comes first, once all else is copied: a ledger that has its name has its key beside it, whenever
    this process is killed. A key alone is no backup, and the next one to this name takes it.

    The copy knows that it is one: put back, nothing is sent from it before a person has accepted that.
    How far sending has come is not copied: that file must tell of the present.

    Raises LedgerError when the ledger cannot be read, or the key of its hashes is not here; InputError when
    `target` cannot be written, OutputError where its disk is full.
    """
    key, key_copy = keyfile.path_of(ledger.path), keyfile.path_of(target)
    _refuse_what_is_there(target, key)
    keyfile.find(ledger)  # a host that never got it would make backups that nothing can be sent from
    is_ahead = named_files.is_made_ahead(target)

    has_key = False

    def take_key() -> None:
        """After all else: a key is durable before the first hash under it."""
        nonlocal has_key
        keyfile.find(ledger)  # another host may have made it meanwhile
        secret = keyfile.read(key)
        has_key = secret is not None
        if secret is not None and not _is_copied(key, key_copy):
            named_files.write(key_copy, secret)

    try:
        if is_ahead:
            _copy_through(ledger, target, on_progress, take_key)
        else:
            ledger.engine.back_up(target, on_progress, take_key)
        return Backup(ledger=target, key=key_copy if has_key else None)
    except FullError as error:
        if is_ahead:  # the disk is the ledger's
            raise
        raise _not_written(target, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))) from error
    except OSError as error:
        raise _not_written(target, error) from error


def _refuse_what_is_there(target: Path, key: Path) -> None:
    key_copy = keyfile.path_of(target)
    for path in (target, key_copy):
        is_left = path == key_copy and _is_copied(key, key_copy)
        if os.path.lexists(path) and not (is_left or named_files.is_made_ahead(path)):
            raise InputError(
                say("{path} exists already; nothing was written.", path=path),
                hint=_A_NEW_FILE,
            )


def _not_written(target: Path, error: OSError) -> SmsctlError:
    told = say("{path}: cannot be written: {reason}.", path=target, reason=reason(error))
    if error.errno in disk.NO_ROOM:
        return OutputError(told, hint=say("Name a place with room for it."))
    if isinstance(error, FileExistsError):
        return InputError(told, hint=_A_NEW_FILE)
    return InputError(told, hint=say("Name a file in a folder that this user may write."))


def _is_copied(key: Path, key_copy: Path) -> bool:
    """Say whether the key stands there already, as of a backup that was killed."""
    with suppress(LedgerError):
        secret = keyfile.read(key)
        return secret is not None and keyfile.read(key_copy) == secret
    return False


def _copy_through(
    ledger: Ledger, target: Path, on_progress: Progress, before_named: Callable[[], object]
) -> None:
    """Copy to a file that was made by somebody who may write where this process may not: by its handle.

    The beginning comes last, without which it is no ledger: a copy that is broken off is not taken for one.
    """
    between = ledger.path.with_name(f"{ledger.path.name}.copy-{os.getpid()}.unfinished")
    with os.fdopen(named_files.create(target), "wb") as made:
        try:
            ledger.engine.back_up(between, on_progress, before_named)
        except (OSError, LedgerError):
            with suppress(OSError):
                target.unlink()
            raise
        try:
            with between.open("rb") as copied:
                copied.seek(_PIECE_BYTES)
                made.seek(_PIECE_BYTES)
                while piece := copied.read(_PIECE_BYTES):
                    made.write(piece)
                made.flush()
                os.fsync(made.fileno())
                copied.seek(0)
                made.seek(0)
                made.write(copied.read(_PIECE_BYTES))
                made.flush()
                os.fsync(made.fileno())
        finally:
            between.unlink(missing_ok=True)
