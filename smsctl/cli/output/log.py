"""The log of `[log] path`: one JSON line for each command, and for each change of state that it makes.

What must stay true: no number, name, text or secret stands in it; and it is only told from, so that nothing
ever waits or fails for its sake (docs/decisions/0019).
"""

import os
import stat
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from smsctl.domain.moment import stamp
from smsctl.errors import ExitCode, LedgerError, say
from smsctl.host import rights, users
from smsctl.host.users import Owner

_MODE = 0o640  # as contrib/logrotate makes the next one
_SHARED = 0o660
_BEGINNINGS = (b"", b"{", b"\n", b"\0")  # of a log, also of one that a power cut has left


class Log:
    """The log of one command; without a path it is kept nowhere."""

    def __init__(self, command: str) -> None:
        """Nothing is written yet."""
        self._command = command
        self._path: Path | None = None
        self._group: str | None = None
        self._handle = -1
        self._began_s = time.monotonic()

    def begin(self, path: Path, group: str | None) -> None:
        """Keep it in this file from now on, for a group where one shares the ledger.

        Raises OSError or LedgerError where it cannot be.
        """
        self._handle = _opened(path, group)
        self._path, self._group = path, group

    def change(self, facts: Mapping[str, object]) -> None:
        """Tell of a change that is durable in the ledger."""
        self._write(facts)

    def end(self, code: ExitCode, mode: str, facts: Mapping[str, object]) -> None:
        """Tell of the command."""
        seconds = round(time.monotonic() - self._began_s, 3)
        self._write({"event": "command", "mode": mode, "exit_code": int(code), "seconds": seconds, **facts})
        if self._path is not None:
            self._close()

    def _write(self, facts: Mapping[str, object]) -> None:
        """Write a line in one piece, for several may write."""
        if self._path is None:
            return
        import json
        from datetime import UTC, datetime

        at = stamp(datetime.now(UTC))
        line = json.dumps({"at": at, "command": self._command, "pid": os.getpid(), **facts})
        self._follow(self._path)
        try:
            os.write(self._handle, f"{line}\n".encode())
        except OSError:
            self._close()  # it could be written at the start; the ledger has all of it

    def _follow(self, path: Path) -> None:
        """Go on in the new file where the log was moved away.

        Whom root has become may not be able to: then the one that root opened is gone on with.
        """
        with suppress(OSError, LedgerError):
            if not (path.exists() and os.path.samestat(path.stat(), os.fstat(self._handle))):
                new = _opened(path, self._group)
                os.close(self._handle)
                self._handle = new

    def _close(self) -> None:
        self._path = None
        os.close(self._handle)


def _other_than_root(folder: Path) -> Owner | None:
    """Return whose a folder is, where root runs this and it is somebody else's."""
    found = folder.stat()
    return Owner(uid=found.st_uid, gid=found.st_gid) if users.is_root() and found.st_uid else None


def _opened(path: Path, group: str | None) -> int:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | _DO_NOT_WAIT
    with suppress(FileExistsError):
        handle = os.open(path, flags | os.O_EXCL, _MODE)
        if owner := _other_than_root(path.parent):
            rights.give(handle, owner)  # else whose folder it is could write no line of it
        with suppress(OSError, LookupError):  # told where the ledger is opened
            rights.share(handle, group, _SHARED)
        return handle
    must_hold_lines(path)
    if not rights.others_may_write(path.parent):
        return os.open(path, flags, _MODE)
    from smsctl.ledger.seam import beside

    return beside.open_file(path, flags, mode=_MODE)  # who may write there may lead us elsewhere by a link


def must_hold_lines(path: Path) -> None:
    """Raise LedgerError for a file of something else, as a text to send: each line would do it harm."""
    with suppress(PermissionError, FileNotFoundError):  # one that may only be written; a link to none yet
        if not stat.S_ISREG(path.stat().st_mode):
            return
        handle = os.open(path, os.O_RDONLY | _DO_NOT_WAIT)
        try:
            first = os.read(handle, 1)
        finally:
            os.close(handle)
        if first not in _BEGINNINGS:
            raise LedgerError(say("it holds something else"))


_DO_NOT_WAIT = getattr(os, "O_NONBLOCK", 0)  # for a reader of a pipe
