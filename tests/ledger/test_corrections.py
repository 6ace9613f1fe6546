from smsctl.domain.message import Answer, Receipt, Status, SubmitVerdict
from smsctl.ledger import batches, corrections, mailings
from smsctl.ledger.store import Ledger

from . import sending
from .conftest import NOW


def test_the_gateway_s_names_are_those_of_one_mailing_in_one_state_and_of_one_message(ledger: Ledger) -> None:
    sending.activate(ledger)
    for named in (["a1", "a2", None], ["b1", "b2", "same", "same", "b5", None]):
        mailing = sending.begin(ledger, len(named))
        claimed = sending.claim(ledger, mailing)
        assert claimed
        receipts = [
            Receipt(one.reference, Status.HELD if name == "b5" else Status.ACCEPTED, name)
            for one, name in zip(claimed.batch.messages, named, strict=True)
        ]
        with ledger.transaction():
            batches.settle(ledger, mailing, claimed, Answer(SubmitVerdict.ANSWERED, receipts), NOW)
    assert corrections.names_in(ledger, mailing, Status.ACCEPTED) == {"b1": 4, "b2": 5}
    assert corrections.names_in(ledger, mailing, Status.HELD) == {"b5": 8}
    assert corrections.names_in(ledger, mailing, Status.REJECTED) == {}
    # This gateway gives our references back, so that nothing is doubted for its own names.
    assert mailings.tally(ledger, mailing).states == {Status.ACCEPTED: 5, Status.HELD: 1}
