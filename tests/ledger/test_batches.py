from smsctl.domain.message import Status
from smsctl.ledger import batches, checking
from smsctl.ledger.store import Ledger

from . import sending
from .conftest import NOW


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


def test_an_answer_is_not_stored_for_another_batch_that_has_got_its_id(ledger: Ledger) -> None:
    sending.activate(ledger)
    mailing = sending.begin(ledger, 2)
    claimed = sending.claim(ledger, mailing)
    assert claimed
    for settled_at in (None, NOW.at):  # on the wire, and unknown
        lost = claimed._replace(batch=claimed.batch._replace(reference="of-a-ledger-that-was-put-back"))
        sending.settle(ledger, mailing, lost)
        found = ledger.rows("SELECT DISTINCT settled_at, state FROM messages JOIN batches b ON b.id = batch")
        assert found == [(settled_at, "unknown" if settled_at else "sending")]
        sending.settle(ledger, mailing, claimed, [Status.UNKNOWN] * 2)
    sending.settle(ledger, mailing, claimed)
    assert ledger.rows("SELECT DISTINCT state FROM messages") == [("accepted",)]
    assert checking.check(ledger) == ()
