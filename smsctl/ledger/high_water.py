"""The file beside the ledger that remembers how far sending has come, also when the ledger does not.

It holds the ledger's lineage and the newest batch that was handed out. It is written after the commit that
claims a batch and before the batch is handed out, so it is never ahead of the ledger it belongs to: a crash
at any point gives no false alarm, and a ledger that knows fewer batches has been put back.

The first batch of a run, and one every few seconds, is flushed to the disk; the others are left to the
operating system, for a flush each would cost every commit a quarter more. So after a power cut the file
tells at least of the run's first batch, and a copy from before the run is always recognised.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from smsctl.errors import LedgerError, Sentence, say
from smsctl.host import disk
from smsctl.ledger.seam import beside
from smsctl.ledger.seam.sentences import reason

_FLUSH_EVERY_S = 5.0
_LOCKED_S = 2.0
_LINEAGE = 16
_DIGITS = 20
_SIZE = _LINEAGE + 1 + _DIGITS + 1  # of one fixed line, overwritten in place: a write of it is never torn


class HighWaterRecord(NamedTuple):
    """What the file says."""

    lineage: str  # of the ledger; a new one when a restored ledger is accepted
    batch: int  # the newest one handed out
    reference: str = ""  # of the batch, where on a server an id may come again
    at: str = ""  # when it was claimed, by the server's clock
    host: str = ""  # that wrote this
    timeline: str = ""  # the newest on which it has seen the ledger: it grows where another server takes over

    def is_beyond(self, timeline: str) -> bool:
        """Say whether another server has taken over from one of this `timeline`; a file has none."""
        return "" < timeline < self.timeline


LINEAGE = "lineage"
"""The fact that tells the ledger's."""


class Restored(NamedTuple):
    """Why the ledger is older than what was sent, or may be."""

    why: Sentence
    missing: int | None  # batches that were handed out and that it does not know; None: nobody can tell


class HighWater:
    """The file of one ledger."""

    size = _SIZE
    of_a_host = False  # which shares the ledger with others

    def __init__(self, ledger: Path) -> None:
        """Nothing is opened or made yet."""
        self.path = beside.mark_of(ledger)
        self._ledger = ledger
        self._flushed_s: float | None = None  # monotonic
        self.trusted = False  # this process has found ledger and file in accord

    def read(self) -> HighWaterRecord | None:
        """Return what the file says; None where there is no file. Raises LedgerError when it is damaged."""
        try:
            line = beside.read(self.path, self.size)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._failed(error) from error
        water = self.parsed(line)
        if water is None and (line or self.of_a_host):
            raise LedgerError(
                say("{path}: this file is damaged; it shows how far sending had come.", path=self.path),
                hint=say(
                    "Find out what was sent since. Then move {path} away, and say: smsctl ledger"
                    " accept-restore --reason TEXT --put-back",
                    path=self.path,
                ),
            )
        return water

    def must_take_marks(self) -> None:
        """Raise LedgerError where the file is there and cannot be written; nothing is written.

        Asked before a batch is claimed: after it, a failure leaves the batch unknown.
        """
        try:
            os.close(self._open())
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._failed(error) from error

    def begin(self, water: HighWaterRecord) -> None:
        """Write the file anew, durably; for a new ledger, and for one that was accepted."""
        try:
            beside.make(self._ledger, self.path)
            with self._held() as handle:
                self._put(handle, water, flush=True)
            disk.make_names_durable(self.path.parent)
        except OSError as error:
            raise self._failed(error) from error

    def rise(self, batch: int, reference: str = "", at: str = "", timeline: str = "") -> bool:
        """Note that a batch is about to be handed out; its claim is committed.

        False: it must not be, for another process of this host has seen meanwhile that another server took
        over from that of the claim, which is of this `timeline`, and that nothing is missing there.
        """
        water = self.read()
        if water is None or water.batch >= batch:  # somebody took it away, or another run has come further
            return water is None or not water.is_beyond(timeline)
        now_s = time.monotonic()
        flush = self._flushed_s is None or now_s - self._flushed_s >= _FLUSH_EVERY_S
        try:
            with self._held() as handle:
                water = self.read()  # another run may have come further since
                if water and water.is_beyond(timeline):
                    return False
                if water and water.batch < batch:
                    self._put(handle, water._replace(batch=batch, reference=reference, at=at), flush=flush)
        except OSError as error:
            raise self._failed(error) from error
        return True

    @contextmanager
    def _held(self) -> Iterator[int]:
        """Yield the file, open to be written, and by no other run meanwhile. OSError."""
        handle = self._open()
        try:
            disk.wait_for_lock(handle, _LOCKED_S)  # one that stands still in there must stop nobody
            yield handle
        finally:
            os.close(handle)

    def _put(self, handle: int, water: HighWaterRecord, *, flush: bool) -> None:
        os.write(handle, self.line(water))
        if flush:
            os.fsync(handle)
            self._flushed_s = time.monotonic()

    def line(self, water: HighWaterRecord) -> bytes:
        """Return what the file holds."""
        return f"{water.lineage} {water.batch:0{_DIGITS}d}\n".encode()

    def parsed(self, line: bytes) -> HighWaterRecord | None:
        """Return what the file says; None where it is damaged."""
        lineage, _, digits = line.decode("ascii", "replace").strip().partition(" ")
        if len(line) != _SIZE or len(lineage) != _LINEAGE or not digits.isdecimal():
            return None
        return HighWaterRecord(lineage=lineage, batch=int(digits))

    def _open(self) -> int:
        return beside.open_file(self.path, os.O_WRONLY)

    def _failed(self, error: OSError) -> LedgerError:
        return LedgerError(
            say("{path}: cannot be read or written: {reason}.", path=self.path, reason=reason(error)),
            hint=say("Whoever sends must be able to write this file, as the ledger itself."),
        )


def twice(why: Sentence) -> LedgerError:
    """Return the error for a ledger that may have forgotten what was sent."""
    return LedgerError(say("{why} Sending from it could send twice; nothing was sent.", why=why), hint=ACCEPT)


ACCEPT = say(
    "Find out what was sent since; then go on with: smsctl ledger accept-restore --reason TEXT. What was"
    " pending in the ledger then counts as unknown."
)
