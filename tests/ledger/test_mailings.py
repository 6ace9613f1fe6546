import re

import pytest

from smsctl.ledger import mailings
from smsctl.ledger.store import Ledger

from . import sending
from .conftest import NOW, on
from .sending import new


def test_what_waits_of_a_user_is_what_is_pending_of_what_they_began_since(ledger: Ledger) -> None:
    sending.activate(ledger)
    sending.begin(ledger, 1, new(parts=3), on("2026-11-20"))
    mine = sending.begin(ledger, 4, new(parts=2), on("2026-11-21"))
    sending.begin(ledger, 5, moment=NOW)
    sending.settle(ledger, mine, sending.claim(ledger, mine, 1))
    assert sending.claim(ledger, mine, 1)  # what is on the wire waits no more
    with ledger.transaction():
        ledger.write("UPDATE mailings SET created_by = 'bo' WHERE id = 3")
    assert mailings.parts_waiting_of(ledger, "elin", on("2026-11-21")) == 4
    assert mailings.parts_waiting_of(ledger, "elin", NOW) == 0
    assert mailings.parts_waiting_of(ledger, "bo", on("2026-11-21")) == 5


def test_a_reference_is_ten_hexadecimal_digits(
    ledger: Ledger,
) -> None:
    assert re.fullmatch("[0-9a-f]{10}", sending.begin(ledger, 1).reference)


@pytest.mark.parametrize("required", [True, False])
def test_whether_accepted_terms_were_required_is_kept(ledger: Ledger, *, required: bool) -> None:
    begun = sending.begin(ledger, 1, new()._replace(terms_required=required))
    assert mailings.get(ledger, begun.id).terms_required is required


def test_the_newest_come_first_and_all_of_them_where_nobody_says_how_many(ledger: Ledger) -> None:
    sending.activate(ledger)
    begun = [sending.begin(ledger, 1).id for _ in range(3)]
    assert [one.id for one in mailings.newest(ledger)] == begun[::-1]
    assert [one.id for one in mailings.newest(ledger, most=2)] == begun[:0:-1]
