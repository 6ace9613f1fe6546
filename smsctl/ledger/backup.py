"""A backup of the ledger while it is in use, with the key that its hashes depend on."""

import errno
import os
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

    The copy knows that it is one: put back, nothing is sent from it before a person has accepted that.
    How far sending has come is not copied: that file must tell of the present.

    Raises LedgerError when the ledger cannot be read, or the key of its hashes is not here; InputError when
    `target` cannot be written, OutputError where its disk is full.
    """
    key, key_copy = keyfile.path_of(ledger.path), keyfile.path_of(target)
    for path in (target, key_copy):
        if os.path.lexists(path) and not named_files.is_made_ahead(path):
            raise InputError(
                say("{path} exists already; nothing was written.", path=path),
                hint=_A_NEW_FILE,
            )
    keyfile.find(ledger)  # a host that never got it would make backups that nothing can be sent from
    is_ahead = named_files.is_made_ahead(target)
    try:
        if is_ahead:
            _copy_through(ledger, target, on_progress)
        else:
            ledger.engine.back_up(target, on_progress)
        try:
            # After the ledger: a key is durable before the first hash under it.
            keyfile.find(ledger)  # another host may have made it meanwhile
            return Backup(ledger=target, key=_copy_key(key, key_copy))
        except (OSError, LedgerError):
            with suppress(OSError):
                target.unlink()
            raise
    except FullError as error:
        if is_ahead:  # the disk is the ledger's
            raise
        raise _not_written(target, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))) from error
    except OSError as error:
        raise _not_written(target, error) from error


def _not_written(target: Path, error: OSError) -> SmsctlError:
    told = say("{path}: cannot be written: {reason}.", path=target, reason=reason(error))
    if error.errno in disk.NO_ROOM:
        return OutputError(told, hint=say("Name a place with room for it."))
    if isinstance(error, FileExistsError):
        return InputError(told, hint=_A_NEW_FILE)
    return InputError(told, hint=say("Name a file in a folder that this user may write."))


def _copy_through(ledger: Ledger, target: Path, on_progress: Progress) -> None:
    """Copy to a file that was made by somebody who may write where this process may not: by its handle.

    The beginning comes last, without which it is no ledger: a copy that is broken off is not taken for one.
    """
    between = ledger.path.with_name(f"{ledger.path.name}.copy-{os.getpid()}.unfinished")
    with os.fdopen(named_files.create(target), "wb") as made:
        ledger.engine.back_up(between, on_progress)
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


def _copy_key(key: Path, target: Path) -> Path | None:
    secret = keyfile.read(key)
    if secret is None:
        return None
    with os.fdopen(named_files.create(target), "wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    return target
