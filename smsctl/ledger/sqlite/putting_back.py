"""Putting a backup in the ledger's place: the ledger and its key, and the mark where none is here.

What was there is kept beside it. There is a ledger under its name at every moment, the old one or the new
one: a crash in between makes no empty one, and an old ledger never goes with a new key unnoticed.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO

from smsctl.errors import InputError, LedgerError, say
from smsctl.host import disk, named_files
from smsctl.ledger.seam.beside import key_of, mark_of
from smsctl.ledger.seam.sentences import mend, reason, rehearsed
from smsctl.ledger.sqlite import file, lock
from smsctl.ledger.sqlite.contents import ANOTHER_FILE, NO_DATABASE, look, no_ledger

Opener = Callable[[Path], BinaryIO]
_PIECE_BYTES = 1 << 20
_LEDGER = b"SQLite format 3\0"
_A_LIVE_ONE = say("Name a file that `ledger backup` has made in live mode.")
_BY_WHOM = say("Run it as the user who sends, who must be able to write in the ledger's folder.")


def put_back(
    backup: Path, ledger: Path, group: str | None, at: str, open_file: Opener, *, live: bool
) -> tuple[Path, ...]:
    """Put a backup, and the key beside it, in the ledger's place; keep what was there under the time `at`.

    Returns the paths of what is kept. `open_file` opens a file that was named, for reading.

    Raises InputError where `backup` is no sound ledger, or one of rehearsals in place of a `live` one, and
    LedgerError while somebody sends, or where it cannot be written.
    """
    _refuse_journal(backup)
    new = ledger.with_name(f"{ledger.name}.put-back.unfinished")
    try:
        with ExitStack() as undone:
            for path in (new, key_of(new)):
                path.unlink(missing_ok=True)
                undone.callback(path.unlink, missing_ok=True)
            _copy(backup, new, group, open_file, begins=_LEDGER)
            if look(new, backup).is_rehearsed and live:
                raise InputError(rehearsed(str(backup)).sentence, hint=_A_LIVE_ONE)
            has_key = _is_there(key_of(backup))
            if has_key:
                _copy(key_of(backup), key_of(new), group, open_file)
            mark, theirs = mark_of(ledger), mark_of(backup)
            if not os.path.lexists(mark) and _is_there(theirs):
                _copy(theirs, mark, group, open_file)
            undone.enter_context(_nobody_sends(ledger))
            aside = tuple(_swap(ledger, new, at, has_key=has_key))
            undone.pop_all().close()
        disk.make_names_durable(ledger.parent)
    except OSError as error:
        raise LedgerError(
            say("{path}: cannot be put back: {reason}.", path=ledger, reason=reason(error)),
            hint=mend(error, _BY_WHOM),
        ) from error
    return aside


def _refuse_journal(backup: Path) -> None:
    journal = backup.with_name(f"{backup.name}-journal")
    with suppress(OSError):
        if journal.stat().st_size:
            raise InputError(
                say(
                    "{path} was copied while it was written to: {journal} is not empty.",
                    path=backup,
                    journal=journal,
                ),
                hint=ANOTHER_FILE,
            )


def _is_there(path: Path) -> bool:
    return os.path.lexists(path) or named_files.kept(path) is not None


def _copy(source: Path, target: Path, group: str | None, open_file: Opener, *, begins: bytes = b"") -> None:
    """Copy a file durably, with the rights of a ledger.

    Raises InputError where it begins otherwise: it may be larger than the disk, or a device without end.
    """
    with open_file(source) as read:
        piece = read.read(_PIECE_BYTES)
        if piece and not piece.startswith(begins):
            raise no_ledger(source, NO_DATABASE)
        file.prepare(target, group)
        with target.open("r+b") as written:
            written.truncate()
            while piece:
                written.write(piece)
                piece = read.read(_PIECE_BYTES)
            written.flush()
            os.fsync(written.fileno())


def _nobody_sends(ledger: Path) -> ExitStack:
    """Hold every mailing's lock, so that no run that was begun goes on; LedgerError where one is held."""
    held = ExitStack()
    folder = ledger.with_name(f"{ledger.name}.locks")
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if not held.enter_context(lock.right_to_send(ledger, path.name)):
            held.close()
            raise LedgerError(
                say("{path}: a run is sending from it.", path=ledger),
                hint=say("Wait until it has ended, or stop it; then put the backup back."),
            )
    return held


def _swap(ledger: Path, new: Path, at: str, *, has_key: bool) -> Iterator[Path]:
    """Keep what is there, then put the new files in their places: the key first, which alone stops all."""
    old = ledger.with_name(f"{ledger.name}.before-{at}")
    for path, kept in ((ledger, old), (key_of(ledger), key_of(old))):
        if os.path.lexists(path):
            os.link(path, kept, follow_symlinks=False)
            yield kept
    journal = ledger.with_name(f"{ledger.name}-journal")
    with suppress(FileNotFoundError):
        is_hot = journal.lstat().st_size > 0  # half of what was there; an empty one is nobody's
        if is_hot:
            journal.replace(old.with_name(f"{old.name}-journal"))
    if has_key:
        key_of(new).replace(key_of(ledger))
    new.replace(ledger)
