from smsctl.ledger import stops, untold
from smsctl.ledger.store import Ledger

from . import sending
from .conftest import NOW


def test_only_more_doubt_is_told_anew(ledger: Ledger) -> None:
    sending.activate(ledger)
    mailing = sending.send(ledger, 5)
    told: list[int] = []
    for left in (2, 3, 1, 0):
        with ledger.transaction():
            stops.mark(ledger, mailing, 1, left, NOW)
        told.append(sum(one.changes for one in untold.untold(ledger)))
        assert stops.left_in(ledger, mailing) == ({1: left} if left else {})
    assert told == [1, 2, 2, 2]
