import pytest

from smsctl.domain.message import Status
from smsctl.errors import LedgerError, RuleError
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
    is_blocked = blocklist.judge(ledger, "town")
    assert is_blocked
    assert [is_blocked(one) for one in (NUMBER, OTHER, "+46731740605")] == [True, False, False]
    assert blocklist.among(ledger, [OTHER, NUMBER], None) == {NUMBER}


def test_an_empty_list_costs_nothing(ledger: Ledger) -> None:
    assert blocklist.judge(ledger, "town") is None
    assert blocklist.among(ledger, [NUMBER], None) == frozenset()
    assert not keyfile.path_of(ledger.path).exists()


def test_the_list_tells_when_why_who_and_two_digits(ledger: Ledger) -> None:
    add(ledger, NUMBER)
    assert blocklist.listed(ledger) == (("05", NOW.at, ACTOR.user, "asked by phone", ""),)


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
    assert blocklist.among(ledger, [NUMBER], None) == frozenset()


def test_without_the_key_nothing_is_judged_and_so_nothing_sent(ledger: Ledger) -> None:
    add(ledger, NUMBER)
    keyfile.path_of(ledger.path).unlink()
    with pytest.raises(LedgerError, match="key is missing"):
        blocklist.judge(ledger, "town")
    with pytest.raises(LedgerError, match="key is missing"):
        blocklist.among(ledger, [OTHER], None)


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


def test_a_number_that_one_municipality_was_told_of_is_not_blocked_for_another(ledger: Ledger) -> None:
    with ledger.transaction():
        assert blocklist.add(ledger, [NUMBER], NOW, ACTOR, "told by phone", ("town",)) == 1
        assert blocklist.add(ledger, [NUMBER], NOW, ACTOR, "once more", ("town",)) == 0
    found = {town: blocklist.judge(ledger, town) for town in ("town", "city")}
    assert found["town"] is not None
    assert found["town"](NUMBER)
    assert found["city"] is None
    assert blocklist.among(ledger, [NUMBER], ("city",)) == frozenset()
    assert blocklist.among(ledger, [NUMBER], ("city", "town")) == {NUMBER}
    assert blocklist.listed(ledger, ("city",)) == ()
    assert [one.municipality for one in blocklist.listed(ledger, ("town",))] == ["town"]
    assert audit.read(ledger)[0].detail == "town"


def test_a_claim_obeys_the_list_of_its_own_municipality(ledger: Ledger) -> None:
    activate(ledger)
    mailing = begin(ledger, 2)
    numbers = [number for (number,) in ledger.rows("SELECT number FROM messages ORDER BY id")]
    with ledger.transaction():
        blocklist.add(ledger, numbers[:1], NOW, ACTOR, "", ("city",))
        blocklist.add(ledger, numbers[1:], NOW, ACTOR, "", ("town", "city"))
    claimed = claim(ledger, mailing)
    assert claimed
    assert [message.number for message in claimed.batch.messages] == numbers[:1]


def test_what_is_blocked_for_all_is_not_for_one_of_them_to_undo(ledger: Ledger) -> None:
    add(ledger, NUMBER)
    with pytest.raises(RuleError, match="for all municipalities"), ledger.transaction():
        blocklist.remove(ledger, NUMBER, NOW, ACTOR, "", ("town",))
    with ledger.transaction():
        blocklist.add(ledger, [OTHER], NOW, ACTOR, "", ("city", "town"))
        assert blocklist.remove(ledger, OTHER, NOW, ACTOR, "", ("town",))
        assert not blocklist.remove(ledger, OTHER, NOW, ACTOR, "", ("town",))
    assert blocklist.among(ledger, [OTHER], ("city",)) == {OTHER}
    assert remove(ledger, OTHER)
    assert remove(ledger, NUMBER)
    assert blocklist.listed(ledger) == ()


def test_what_is_there_for_one_can_be_put_there_for_all(ledger: Ledger) -> None:
    with ledger.transaction():
        blocklist.add(ledger, [NUMBER], NOW, ACTOR, "one", ("town",))
    assert add(ledger, NUMBER, reason="all") == 1
    assert blocklist.among(ledger, [NUMBER], ("city",)) == {NUMBER}
