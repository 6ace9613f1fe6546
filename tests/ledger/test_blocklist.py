import pytest

from smsctl.domain.message import Status
from smsctl.errors import LedgerError
from smsctl.ledger import audit, blocklist, keyfile
from smsctl.ledger.store import Ledger

from . import recount
from .conftest import ACTOR, NOW
from .sending import activate, begin, claim, settle

NUMBER, OTHER = "+46701740605", "+46701740606"


def add(ledger: Ledger, *numbers: str, reason: str = "asked by phone") -> int:
    with ledger.transaction():
        return blocklist.add(ledger, numbers, NOW, ACTOR, reason)


def remove(ledger: Ledger, number: str) -> bool:
    with ledger.transaction():
        return blocklist.remove(ledger, number, NOW, ACTOR, "wants them again")


def test_a_number_on_the_list_is_known_and_others_are_not(ledger: Ledger) -> None:
    add(ledger, NUMBER)
    is_blocked = blocklist.judge(ledger)
    assert is_blocked
    assert [is_blocked(one) for one in (NUMBER, OTHER, "+46731740605")] == [True, False, False]
    assert blocklist.among(ledger, [OTHER, NUMBER]) == {NUMBER}


def test_an_empty_list_costs_nothing(ledger: Ledger) -> None:
    assert blocklist.judge(ledger) is None
    assert blocklist.among(ledger, [NUMBER]) == frozenset()
    assert not keyfile.path_of(ledger.path).exists()


def test_the_list_tells_when_why_who_and_two_digits(ledger: Ledger) -> None:
    add(ledger, NUMBER)
    assert blocklist.listed(ledger) == (("05", NOW.at, ACTOR.user, "asked by phone"),)


def test_no_number_stands_in_the_file_or_in_the_audit(ledger: Ledger) -> None:
    add(ledger, NUMBER)
    remove(ledger, NUMBER)
    assert NUMBER[3:].encode() not in ledger.path.read_bytes()
    assert [row.action for row in audit.read(ledger)] == ["unblock", "block"]


def test_a_second_time_changes_nothing(ledger: Ledger) -> None:
    assert add(ledger, NUMBER, OTHER) == 2
    assert add(ledger, NUMBER, reason="again") == 0
    assert {row.reason for row in blocklist.listed(ledger)} == {"asked by phone"}


def test_a_number_can_be_taken_off(ledger: Ledger) -> None:
    add(ledger, NUMBER)
    assert remove(ledger, NUMBER)
    assert not remove(ledger, NUMBER)
    assert blocklist.among(ledger, [NUMBER]) == frozenset()


def test_without_the_key_nothing_is_judged_and_so_nothing_sent(ledger: Ledger) -> None:
    add(ledger, NUMBER)
    keyfile.path_of(ledger.path).unlink()
    with pytest.raises(LedgerError, match="key is missing"):
        blocklist.judge(ledger)
    with pytest.raises(LedgerError, match="key is missing"):
        blocklist.among(ledger, [OTHER])


def test_a_number_that_is_blocked_after_the_plan_is_cancelled_at_the_claim(ledger: Ledger) -> None:
    activate(ledger)
    mailing = begin(ledger, 3)
    add(ledger, "+46700000001")
    claimed = claim(ledger, mailing)
    assert claimed
    assert [one.number for one in claimed.batch.messages] == ["+46700000000", "+46700000002"]
    settle(ledger, mailing, claimed)
    found = ledger.rows("SELECT state, code FROM messages WHERE number = '+46700000001'")
    assert found == [(Status.CANCELLED, "blocked")]
    recount.must_agree(ledger)


def test_a_mailing_to_blocked_numbers_only_has_nothing_to_claim(ledger: Ledger) -> None:
    activate(ledger)
    mailing = begin(ledger, 2)
    add(ledger, "+46700000000", "+46700000001")
    assert claim(ledger, mailing) is None
