from smsctl.domain.message import Status
from smsctl.ledger import batches
from smsctl.ledger.store import Ledger

from . import sending


def test_a_batch_has_the_states_of_its_own_messages(ledger: Ledger) -> None:
    sending.activate(ledger)
    other = sending.send(ledger, 2)
    mailing = sending.begin(ledger, 5)
    first, second = sending.claim(ledger, mailing, 2), sending.claim(ledger, mailing, 2)
    sending.settle(ledger, mailing, first, [Status.ACCEPTED, Status.REJECTED])
    sending.settle(ledger, mailing, second, [Status.PENDING, Status.UNKNOWN])
    assert first
    assert second
    assert batches.states_by_batch(ledger, mailing) == {
        first.id: {Status.ACCEPTED: 1, Status.REJECTED: 1},
        second.id: {Status.UNKNOWN: 1},
    }
    assert list(batches.states_by_batch(ledger, other).values()) == [{Status.ACCEPTED: 2}]
