"""A backup of the ledger while it is in use, with the key that its hashes depend on."""

import os
from pathlib import Path
from typing import NamedTuple

from smsctl.errors import InputError, say
from smsctl.ledger import copying, keyfile
from smsctl.ledger.sentences import reason
from smsctl.ledger.store import Ledger


class Backup(NamedTuple):
    """What was written."""

    ledger: Path
    key: Path | None  # None: this ledger has no hashes


def back_up(ledger: Ledger, target: Path) -> Backup:
    """Copy the ledger to a new file and its key beside it, both mode 0600; all of it or nothing.

    The copy knows that it is one: put back, nothing is sent from it before a person has accepted that.
    How far sending has come is not copied: that file must tell of the present.

    Raises LedgerError when the ledger cannot be read, InputError when `target` cannot be written.
    """
    key, key_copy = keyfile.path_of(ledger.path), keyfile.path_of(target)
    for path in (target, key_copy):
        if os.path.lexists(path):
            raise InputError(
                say("{path} exists already; nothing was written.", path=path),
                hint=say("Name a new file; a date in its name makes one for each day."),
            )
    try:
        copying.copy(ledger.path, target)
        try:
            # After the ledger: a key is durable before the first hash under it.
            return Backup(target, _copy_key(key, key_copy))
        except OSError:
            target.unlink()
            raise
    except OSError as error:
        raise InputError(
            say("{path}: cannot be written: {reason}.", path=target, reason=reason(error)),
            hint=say("Name a file in a folder that this user may write."),
        ) from error


def _copy_key(key: Path, target: Path) -> Path | None:
    if not key.exists():
        return None
    secret = key.read_bytes()
    copying.make_private(target)
    with target.open("wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    return target
