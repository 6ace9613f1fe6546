"""The right to send one mailing, as a file that one process at a time holds.

A kernel lock on a file beside the ledger: it dies with its process, so a free lock over a batch that is
still marked as sending proves that its owner is gone (never-twice.md, "How it is kept").

The empty file of a finished mailing stays. Whoever opened it before it was removed could lock it while
another process locks a new one of that name, and both would send. To look after locking whether the file is
still the one of that name would be a rule for every smsctl that shares the ledger; a file made in between
would also lack the ledger's mode.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from smsctl.errors import LedgerError, Sentence, say
from smsctl.host import disk
from smsctl.ledger.seam import beside
from smsctl.ledger.seam.sentences import mend, reason


def must_be_open_to_us(ledger_path: Path) -> None:
    """Raise LedgerError where this user may not make a lock; changes nothing."""
    folder = _folder(ledger_path)
    if folder.exists() and not os.access(folder, os.W_OK | os.X_OK):
        raise _closed(folder, os.strerror(errno.EACCES), _BY_WHOM)


@contextmanager
def right_to_send(ledger_path: Path, reference: str) -> Iterator[bool]:
    """Hold the mailing's lock; yields whether it was free."""
    folder = _folder(ledger_path)
    with ExitStack() as held:
        try:
            # The ledger's own rights decide who may lock: a shared ledger has a shared folder of locks.
            beside.make_folder(ledger_path, folder)
            opened = beside.open_folder(folder)
            if opened is not None:
                held.callback(os.close, opened)
            beside.make(ledger_path, folder / reference, folder=opened)
            is_free = _take(folder / reference, opened, held)
        except OSError as error:
            raise _closed(folder, reason(error), mend(error, _BY_WHOM)) from error
        yield is_free


def _take(path: Path, folder: int | None, held: ExitStack) -> bool:
    """Lock a file until `held` is closed; say whether it was free."""
    if folder is not None:
        handle = beside.open_file(path, os.O_RDWR, folder=folder)
        held.callback(os.close, handle)
        return disk.lock(handle)  # as filelock does, which opens by name
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=0, preserve_lock_file=True, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        return False
    held.callback(lock.release)
    return True


def _folder(ledger_path: Path) -> Path:
    return ledger_path.with_name(f"{ledger_path.name}.locks")


def _closed(folder: Path, why: str, hint: Sentence) -> LedgerError:
    return LedgerError(say("{folder}: cannot be locked: {reason}.", folder=folder, reason=why), hint=hint)


_BY_WHOM = say("The user who sends must be able to write in the ledger's folder.")
