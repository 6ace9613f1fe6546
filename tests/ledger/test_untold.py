from smsctl.ledger import untold
from smsctl.ledger.store import Ledger
from smsctl.ledger.untold import NoticeDue

from . import sending


def due(ledger: Ledger) -> list[tuple[int, int]]:
    return [(one.mailing, one.changes) for one in untold.untold(ledger)]


def changed(ledger: Ledger, *mailings: int) -> None:
    with ledger.transaction():
        for mailing in mailings:
            untold.mark(ledger, mailing)


def told(ledger: Ledger, mailing: int, changes: int) -> None:
    with ledger.transaction():
        untold.is_told(ledger, NoticeDue(mailing=mailing, changes=changes))


def test_who_is_told_of_one_mailing_is_still_to_be_told_of_the_others(ledger: Ledger) -> None:
    for _ in range(3):
        sending.begin(ledger, 1)
    changed(ledger, 3, 1, 2)
    assert due(ledger) == [(1, 1), (2, 1), (3, 1)]
    told(ledger, 2, 1)
    assert due(ledger) == [(1, 1), (3, 1)]


def test_what_changes_while_a_notice_is_on_its_way_is_told_anew(ledger: Ledger) -> None:
    sending.begin(ledger, 1)
    changed(ledger, 1)
    changed(ledger, 1)  # after somebody has read that there was one change
    told(ledger, 1, 1)
    assert due(ledger) == [(1, 2)]
    told(ledger, 1, 2)
    assert due(ledger) == []
    told(ledger, 1, 1)  # a slow notice of before
    assert due(ledger) == []
