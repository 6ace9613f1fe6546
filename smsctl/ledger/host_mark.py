"""The file in which a host keeps who it is, and the newest batch that it has seen in a ledger on a server.

An id alone tells nothing there: of two servers that were one, each gives it to a batch of its own. So the
batch's name stands beside it, which no two batches share.
"""

from pathlib import Path

from smsctl.errors import Sentence, say
from smsctl.host import machine
from smsctl.ledger.high_water import HighWater, HighWaterRecord
from smsctl.ledger.seam import beside

_PIECES = 5
_HOST, _LINEAGE, _DIGITS, _AT = 16, 16, 20, 24
_REFERENCE = 80  # longer than any: a line of one length is overwritten whole


class HostMark(HighWater):
    """The file of this host."""

    of_a_host = True
    size = _HOST + 1 + _LINEAGE + 1 + _DIGITS + 1 + _AT + 1 + _REFERENCE + 1

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

    def line(self, water: HighWaterRecord) -> bytes:
        """Return what the file holds."""
        tail = f"{water.batch:0{_DIGITS}d} {water.at or '-'} {water.reference or '-'}"
        written = f"{water.host} {water.lineage} {tail}"
        return f"{written:<{self.size - 1}}\n".encode()

    def parsed(self, line: bytes) -> HighWaterRecord | None:
        """Return what the file says; None where it is damaged."""
        pieces = line.decode("ascii", "replace").split()
        if len(line) != self.size or len(pieces) != _PIECES:
            return None
        host, lineage, digits, at, reference = pieces
        if (len(host), len(lineage)) != (_HOST, _LINEAGE) or not digits.isdecimal():
            return None
        return HighWaterRecord(
            lineage=lineage,
            batch=int(digits),
            reference=reference.removeprefix("-"),
            at=at.removeprefix("-"),
            host=host,
        )


def name_of(reference: str, claimed_at: str) -> str:
    """Return by what a batch is known from every other.

    Where a server has forgotten one, its next batch of the same people may have the same reference.
    """
    return f"{reference}@{claimed_at}"


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
