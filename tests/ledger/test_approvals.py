"""How many are counted where a second person is asked for; the rest is in `cli/test_approval.py`."""

from smsctl.domain.message import Status
from smsctl.ledger import approvals, mailings
from smsctl.ledger.store import Ledger

from . import sending
from .conftest import TOWN, on
from .sending import new

LONG_AGO, NOW = on("2026-11-20"), on("2026-11-22")


def test_what_is_still_pending_with_the_same_text_counts_however_old_it_is(ledger: Ledger) -> None:
    sending.activate(ledger, moment=LONG_AGO)
    left, gone = (sending.begin(ledger, n, new(body="Same"), LONG_AGO) for n in (3, 5))
    claimed = sending.claim(ledger, gone, moment=LONG_AGO)
    sending.settle(ledger, gone, claimed, (Status.ACCEPTED,) * 5, LONG_AGO)
    counted = approvals.same_text(ledger, TOWN.key, mailings.body_hash("Same"), NOW, apart_from=0)
    assert counted == left.messages
