"""Room on the disk that is kept for answers: given up when the disk is full while some are on their way.

And as many files as must be opened until they are stored: where they could not be, nothing is begun.

An answer that cannot be stored makes its messages unknown, though the gateway has told what became of them.
"""

import errno
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from smsctl.errors import LedgerError, say, say_n
from smsctl.ledger.seam.sentences import MAKE_ROOM, FullError, LostError, reason
from smsctl.ledger.store import Ledger

_LEAST_BYTES = 1 << 18
_PIECE = 1 << 18  # more than what a disk compresses at once
_ROW_BYTES = 1024  # of each message on its way: its row, its names at the gateway, and both as they were
_MOST_SHARES = 24
_PAUSE_S = 0.2
_FILES = 5  # a commit's journal, its folder, how far sending has come, the log, a certificate
_FILES_OF_A_CONNECTION = 2  # itself, and what looks its name up


class Reserve:
    """A file without a name in the ledger's folder, full of noise; it goes with the process that made it.

    It has a share for each batch that may be on its way, or for some of many: what is given up at once may be
    taken by whoever fills the disk, before the next answer comes.
    """

    def __init__(self, ledger: Path, *, batches: int, messages: int, connections: int = 1) -> None:
        """Take nothing yet. `batches` of so many `messages` each may be on their way at once."""
        self._ledger = ledger
        self._connections = connections
        together = -(-batches // _MOST_SHARES)  # many share their commits
        self._share = _LEAST_BYTES + together * messages * _ROW_BYTES
        self._shares = min(batches, _MOST_SHARES) + 1
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        """Take the room. Raises LedgerError where there is too little: nothing is claimed then."""
        try:
            from tempfile import TemporaryFile  # most commands need none; it is a file to be opened, too

            self._file = TemporaryFile(dir=self._ledger.parent, buffering=0)
            noise = os.urandom(_PIECE)  # a disk that compresses would hold no room with anything plainer
            for left in range(self._shares * self._share, 0, -_PIECE):
                _write_all(self._file, noise[:left])
            self._must_have_files(self._file.fileno())
        except OSError as error:
            self._close()
            raise LedgerError(
                say(
                    "{path}: no room can be kept beside it: {reason}.",
                    path=self._ledger,
                    reason=reason(error),
                ),
                hint=MAKE_ROOM,
            ) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the room back."""
        self._close()

    def _must_have_files(self, handle: int) -> None:
        """Raise LedgerError where too few files may be open for so many connections and the ledger."""
        wanted = _FILES + _FILES_OF_A_CONNECTION * self._connections
        opened: list[int] = []
        try:
            while len(opened) < wanted:
                opened.append(os.dup(handle))
        except OSError as error:
            self._close()
            raise LedgerError(
                say_n(
                    "{n} connection needs {wanted} more open files, and there are {there}: nothing was sent.",
                    "{n} connections need {wanted} more open files, and there are {there}: nothing was sent.",
                    n=self._connections,
                    wanted=wanted,
                    there=len(opened),
                ),
                hint=say("Allow more (ulimit -n, in a unit LimitNOFILE=), or lower `[gateway] connections`."),
            ) from error
        finally:
            for one in opened:
                os.close(one)

    def _give_up_a_share(self) -> bool:
        """Give one share back now; say whether there was any."""
        if self._file is None or not self._shares:
            return False
        self._shares -= 1
        with suppress(OSError):
            self._file.truncate(self._shares * self._share)
        return True

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):
                file.close()

    def store(self, ledger: Ledger, write: Callable[[], None]) -> None:
        """Repeat `write` in a transaction until it is durable; while the disk is full, give up shares.

        With no share left, wait until somebody makes room: what is stored has cost money.
        Raises LedgerError where the disk may be broken, or the ledger is.
        """
        silent = True
        while True:
            try:
                with ledger.transaction(patient=True):
                    write()
            except LostError:  # only a ledger on a server is lost; it waits until there is one again
                continue
            except FullError as full:
                if self._give_up_a_share():
                    continue
                if not full.certain:
                    raise
                if silent and ledger.on_wait:
                    ledger.on_wait(
                        say("Waiting for room on the disk of {path}, to store answers.", path=ledger.path)
                    )
                silent = False
                time.sleep(_PAUSE_S)
            else:
                return


def _write_all(file: IO[bytes], noise: bytes) -> None:
    if file.write(noise) < len(noise):  # an almost full disk takes a part without a word
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
