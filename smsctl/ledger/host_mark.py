"""The file in which a host keeps who it is, and the newest batch that it has seen in a ledger on a server.

An id alone tells nothing there: of two servers that were one, each gives it to a batch of its own. So the
batch's name stands beside it, which no two batches share.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from smsctl.errors import LedgerError, Sentence, say
from smsctl.host import machine
from smsctl.ledger.high_water import LINEAGE, HighWater, HighWaterRecord
from smsctl.ledger.seam import beside
from smsctl.ledger.seam.standing import Standing
from smsctl.ledger.store import Ledger

_HOST, _LINEAGE, _DIGITS, _AT, _TIMELINE = 16, 16, 20, 24, 8
_REFERENCE = 80  # longer than any: a line of one length is overwritten whole
BEFORE = "lineage-before "
"""What begins a fact: until when a person has accepted what hosts may miss of that lineage."""

_EARLIER = _HOST + 1 + _LINEAGE + 1 + _DIGITS + 1 + _AT + 1 + _REFERENCE + 1
"""The length of a line that tells of no timeline."""


class HostMark(HighWater):
    """The file of this host."""

    of_a_host = True
    size = _EARLIER + _TIMELINE + 1

    def __init__(self, ledger: Path) -> None:
        """Nothing is opened or made yet."""
        super().__init__(ledger)
        self.path = ledger.with_name(f"{ledger.name}.host")

    def begin(self, water: HighWaterRecord) -> None:
        """Write the file anew, durably; it is never there and empty, as one that somebody has emptied."""
        try:
            beside.write_whole(self._ledger, self.path, self.line(water))
        except OSError as error:
            raise self._failed(error) from error

    def see(self, timeline: str, looked: HighWaterRecord | None = None) -> HighWaterRecord | None:
        """Note, durably, that the ledger is on a server that has taken over, if it was not before.

        Returns what it has noted instead where that is more than `looked`, which was looked for there: a run
        of this host goes on meanwhile in the server from before. None: it does not, from now on.
        """
        water = self.read()
        if water is None or water.timeline >= timeline:
            return None
        try:
            with self._held() as handle:
                water = self.read()  # another run may have come further since
                if water and looked and water.batch > looked.batch:
                    return water
                if water:
                    self._put(handle, water._replace(timeline=timeline), flush=True)
        except OSError as error:
            raise self._failed(error) from error
        return None

    def joining(self, ledger: Ledger, lineage: str, standing: Standing) -> HighWaterRecord:
        """Return what the file is to say where this host joins a lineage, as the ledger is now."""
        before, (newest, reference) = self.read(), newest_batch(ledger)
        return HighWaterRecord(
            lineage=lineage,
            batch=newest,
            reference=reference,
            at=standing.at,
            host=before.host if before else os.urandom(8).hex(),
            timeline=standing.identity.timeline,
        )

    def line(self, water: HighWaterRecord) -> bytes:
        """Return what the file holds."""
        newest = f"{water.batch:0{_DIGITS}d} {water.at or '-'} {water.reference or '-'}"
        written = f"{water.host} {water.lineage} {newest} {water.timeline or '-'}"
        return f"{written:<{self.size - 1}}\n".encode()

    def parsed(self, line: bytes) -> HighWaterRecord | None:
        """Return what the file says; None where it is damaged."""
        pieces = line.decode("ascii", "replace").split()
        if len(line) == _EARLIER:
            pieces.append("-")
        if len(line) not in (self.size, _EARLIER) or len(pieces) != len(HighWaterRecord._fields):
            return None
        host, lineage, digits, at, reference, timeline = pieces
        if (len(host), len(lineage)) != (_HOST, _LINEAGE) or not digits.isdecimal():
            return None
        return HighWaterRecord(
            lineage=lineage,
            batch=int(digits),
            reference=reference.removeprefix("-"),
            at=at.removeprefix("-"),
            host=host,
            timeline=timeline.removeprefix("-"),
        )


def name_of(reference: str, claimed_at: str) -> str:
    """Return by what a batch is known from every other.

    Where a server has forgotten one, its next batch of the same people may have the same reference.
    """
    return f"{reference}@{claimed_at}"


def newest_batch(ledger: Ledger) -> tuple[int, str]:
    """Return the id and the name of the ledger's newest batch; 0 where it has none."""
    row = ledger.one("SELECT id, reference, claimed_at FROM batches ORDER BY id DESC LIMIT 1")
    return (int(row[0]), name_of(*row[1:])) if row else (0, "")


def id_here(water: HighWaterRecord | None) -> str:
    """Return by which id this host is known: drawn once, and another on a machine that it was copied to.

    Where a copied folder were the same host, one would say of the other that it misses nothing.
    """
    from hashlib import blake2b  # as in keyfile

    told = f"{water.host if water else ''} {machine.told()}"
    return blake2b(told.encode("utf-8", "replace"), digest_size=_HOST // 2).hexdigest()


def lacks(place: str, water: HighWaterRecord) -> Sentence:
    """Say that a ledger lacks the newest batch that this host knows of."""
    return say(
        "{path} lacks batch {batch} ({reference}), which this host knows of: it was put back, or another"
        " server took over.",
        path=place,
        batch=water.batch,
        reference=water.reference.partition("@")[0],
    )


def elsewhere(
    place: str, water: HighWaterRecord, facts: Mapping[str, str], standing: Standing
) -> Sentence | None:
    """Return why this host knows that its ledger is not the one that it has reached; None: it may be."""
    is_its_own = water.lineage == facts.get(LINEAGE)
    if is_its_own and water.is_beyond(standing.identity.timeline):
        return left_behind(place)
    # A person has accepted what this host may miss of that time; not what it has sent elsewhere since. Where
    # nothing was sent yet, the other hosts may send there, and a STOP may be kept.
    is_accepted = water.at and water.at <= facts.get(BEFORE + water.lineage, "")
    if is_its_own or is_accepted:
        return None
    return say("{path} is not the ledger that this host has sent from.", path=place)


def would_be_lost(why: Sentence) -> LedgerError:
    """Return the error for a write in a ledger that is not the one that this host sends from."""
    return LedgerError(
        say("{why} What is written in it would be lost; nothing was written.", why=why),
        hint=say(
            "See that `[ledger] url` leads to the one that is sent from. If that is this one: smsctl ledger"
            " accept-restore --reason TEXT"
        ),
    )


def refuse_none(state: Path, place: str) -> None:
    """Raise LedgerError where the database holds no ledger, and this host knows that there was one.

    It was dropped, or `url` leads to another: nothing is sent there either.
    """
    if HostMark(state).read() is not None:
        raise LedgerError(
            say("{path} holds no ledger, and this host has worked with one.", path=place),
            hint=say(
                "See that `[ledger] url` leads to the one that is sent from, or have the newest backup put"
                " back. If a new one is to be begun here: smsctl ledger accept-restore --reason TEXT"
            ),
        )


def left_behind(place: str) -> Sentence:
    """Say that another server took over from this one."""
    return say(
        "{path}: this host has seen that another server took over from this one, which must be stopped: it"
        " may lack what was sent since.",
        path=place,
    )
