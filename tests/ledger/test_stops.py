from smsctl.domain.message import Status
from smsctl.ledger import mailings, stops, untold
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


def test_the_word_stopped_settles_each_batch_of_which_all_were_held(ledger: Ledger) -> None:
    sending.activate(ledger)
    mailing = sending.begin(ledger, 6)
    for _ in range(3):
        sending.settle(ledger, mailing, sending.claim(ledger, mailing, 2))
    with ledger.transaction():
        for batch, left in ((1, 2), (2, 1), (3, 2)):
            stops.mark(ledger, mailing, batch, left, NOW)
    with ledger.transaction():
        assert stops.resolve(ledger, mailing, NOW, "asked", stopped=True) == 4
    assert stops.left_in(ledger, mailing) == {2: 1}  # one of two had left, and nobody knows which
    assert mailings.tally(ledger, mailing).states == {Status.CANCELLED: 4, Status.ACCEPTED: 2}
    with ledger.transaction():
        assert stops.resolve(ledger, mailing, NOW, "asked", stopped=False) == 1
    assert stops.in_doubt(ledger, mailing) == 0
