from collections.abc import Sequence

import pytest

from smsctl.actions.purge import blank
from smsctl.errors import InputError, LedgerError
from smsctl.ledger import (
    audit,
    blanking,
    blocklist,
    checking,
    holds,
    keyfile,
    mailings,
    purging,
    run_keys,
    searching,
)
from smsctl.ledger.blanking import Written, WrittenKind
from smsctl.ledger.store import Ledger

from . import sending
from .conftest import ACTOR, NOW
from .sending import new

WORDS = "Anna Test ringde 070-174 06 05"
WHY = "a number stood there"
REASON, KEY = WrittenKind.REASON, WrittenKind.KEY


def blank_row(ledger: Ledger, row: int, kind: WrittenKind = REASON) -> None:
    what = blanking.find(ledger, row, kind)
    assert what
    blank(ledger, what, NOW, ACTOR, WHY)


def told(found: Sequence[Written]) -> list[tuple[int, str, str, int]]:
    return [(one.id, one.kind, one.text, one.rows) for one in found]


@pytest.fixture
def spoken(ledger: Ledger) -> Ledger:
    """A ledger in which the same words stand in a hold and on the block list, and a number answered STOP."""
    sending.activate(ledger)
    mailing = sending.begin(ledger, 1)
    holds.hold(ledger, mailing, NOW, ACTOR, WORDS)
    with ledger.transaction():
        blocklist.add(ledger, ["+46700000001", "+46700000002"], NOW, ACTOR, WORDS)
        blocklist.add(ledger, ["+46700000003"], NOW, ACTOR, blocklist.BY_STOP)
        audit.record(ledger, NOW, ACTOR, "resolve", "mailing 1", reason="asked by phone")
    return ledger


def test_what_people_wrote_is_listed_once_with_its_newest_row(spoken: Ledger) -> None:
    assert told(blanking.written(spoken)) == [(6, "reason", "asked by phone", 1), (4, "reason", WORDS, 3)]


@pytest.mark.of_a_file
def test_blanked_words_leave_the_file_with_every_copy(spoken: Ledger) -> None:
    assert searching.found_in_file(spoken, [WORDS])
    blank_row(spoken, 3)  # any of its rows
    assert not searching.found_in_file(spoken, [WORDS])
    assert told(blanking.written(spoken)) == [(9, "reason", WHY, 3), (6, "reason", "asked by phone", 1)]
    assert [one.reason for one in holds.holds(spoken)] == [""]
    assert sorted(one.reason for one in blocklist.listed(spoken)) == ["", "", blocklist.BY_STOP]
    assert [(one.subject, one.detail) for one in audit.read(spoken, most=3)] == [
        ("audit 4", "reason"),
        ("audit 3", "reason"),
        ("audit 2", "reason"),
    ]
    assert purging.unfinished(spoken) is None
    assert not checking.check(spoken)


def test_what_the_block_list_does_is_untouched(spoken: Ledger) -> None:
    blank_row(spoken, 2)
    assert blocklist.among(spoken, ["+46700000001"], None)
    by_stop = blocklist.judge(spoken, "town", by_stop=True)
    assert by_stop
    assert (by_stop("+46700000003"), by_stop("+46700000001")) == (True, False)


def test_a_row_is_blanked_once(spoken: Ledger) -> None:
    blank_row(spoken, 2)
    assert blanking.find(spoken, 2, REASON) is None
    assert blanking.find(spoken, 4, REASON) is None


@pytest.mark.parametrize(
    ("row", "kind", "why"),
    [
        (0, REASON, "no row 0"),
        (-1, REASON, "no row -1"),
        (99, KEY, "no row 99"),
        (1, REASON, "no reason that a person wrote"),
        (5, REASON, "no reason that a person wrote"),  # STOP by SMS, by which the block list knows it
        (4, KEY, "names no key"),
    ],
)
def test_a_row_without_such_words_is_refused(row: int, kind: WrittenKind, why: str, spoken: Ledger) -> None:
    with pytest.raises(InputError, match=why):
        blanking.find(spoken, row, kind)


def keyed(ledger: Ledger, run_key: str, body: str = "Hej") -> int:
    """Begin a mailing under a key, as `send` writes it in the audit."""
    mailing = sending.begin(ledger, 1, new(body=body)._replace(run_key=run_key))
    with ledger.transaction():
        audit.record(ledger, NOW, ACTOR, "send", f"mailing {mailing.id}", "messages: 1")
    return mailing.id


def test_a_blanked_key_is_still_known_in_every_slot(ledger: Ledger) -> None:
    sending.activate(ledger)
    days = [keyed(ledger, f"anna-test-2026-11-{day}", f"Hej {day}") for day in (20, 21)]
    other = keyed(ledger, "others-2026-11-21")
    assert told(blanking.written(ledger)) == [
        (4, "key", "others-{date}", 1),
        (3, "key", "anna-test-{date}", 2),
    ]
    what = blanking.find(ledger, 2, KEY)
    assert what
    assert sorted(blanking.words_of(ledger, what)) == ["anna-test-2026-11-20", "anna-test-2026-11-21"]
    blank_row(ledger, 2, KEY)
    assert not searching.found_in_file(ledger, ["anna-test"])
    for day, mailing in zip((20, 21), days, strict=True):
        found = mailings.of_key(ledger, f"anna-test-2026-11-{day}")
        assert found
        assert (found.id, found.run_key) == (mailing, None)
    assert mailings.of_key(ledger, "anna-test-2026-11-22") is None
    kept = mailings.of_key(ledger, "others-2026-11-21")
    assert kept
    assert (kept.id, kept.run_key) == (other, "others-2026-11-21")
    assert not checking.check(ledger)


def test_with_a_blanked_key_nothing_is_begun_without_the_ledgers_own(ledger: Ledger) -> None:
    sending.activate(ledger)
    keyed(ledger, "anna-test")
    blank_row(ledger, 2, KEY)
    keyfile.path_of(ledger.path).unlink()
    with pytest.raises(LedgerError, match="the ledger's key is missing"):
        mailings.of_key(ledger, "something else")


def test_a_key_under_which_nobody_was_sent_to_is_blanked_too(ledger: Ledger) -> None:
    with ledger.transaction():
        audit.record(ledger, NOW, ACTOR, "empty", run_keys.subject_of("anna-test-2026-11-21"), "rows: 0")
    assert told(blanking.written(ledger)) == [(1, "key", "anna-test-{date}", 1)]
    blank_row(ledger, 1, KEY)
    assert not searching.found_in_file(ledger, ["anna-test"])
    assert run_keys.is_noted(ledger, "anna-test-2026-11-21", "empty")
    assert not run_keys.is_noted(ledger, "anna-test-2026-11-22", "empty")
    assert told(blanking.written(ledger)) == [(2, "reason", WHY, 1)]


def test_a_reason_and_a_key_of_one_row_are_blanked_by_themselves(ledger: Ledger) -> None:
    sending.activate(ledger)
    mailing = keyed(ledger, "weekly")
    with ledger.transaction():
        audit.record(ledger, NOW, ACTOR, "send", f"mailing {mailing}", reason=WORDS)
    blank_row(ledger, 3)
    found = mailings.of_key(ledger, "weekly")
    assert found
    assert found.run_key == "weekly"
    assert (3, "key", "weekly", 2) in told(blanking.written(ledger))


def test_a_reference_of_a_decision_goes_with_its_protocol(ledger: Ledger) -> None:
    decision = purging.Decision(
        reference=f"Delegation {WORDS}", before=NOW.at, reach=purging.Reach(frozenset(), strays=True)
    )
    with ledger.transaction():
        purge = purging.begin(ledger, decision, NOW, ACTOR)
        audit.record(ledger, NOW, ACTOR, "purge", f"purge {purge}", reason=decision.reference)
    blank_row(ledger, 1)
    assert [one.decision for one in purging.protocols(ledger)] == [""]
    assert not searching.found_in_file(ledger, [WORDS])


def test_blanking_shorter_words_and_words_of_the_ledgers_own_is_no_fault(ledger: Ledger) -> None:
    sending.activate(ledger)
    for words in ("Bo", "messages: 1", "municipality"):
        with ledger.transaction():
            audit.record(ledger, NOW, ACTOR, "send", "mailing 7", "messages: 1", words)
        row = audit.read(ledger, most=1)[0]
        blank_row(ledger, row.id)
    assert purging.unfinished(ledger) is None


def test_many_rows_of_one_import_are_blanked_at_once(ledger: Ledger) -> None:
    with ledger.transaction():
        blocklist.add(ledger, [f"+4670{n:07}" for n in range(3000)], NOW, ACTOR, WORDS)
    blank_row(ledger, 1500)
    assert not searching.found_in_file(ledger, [WORDS])
    assert {one.reason for one in blocklist.listed(ledger)} == {""}


def test_a_row_whose_key_is_blanked_has_no_reason_for_that(ledger: Ledger) -> None:
    sending.activate(ledger)
    keyed(ledger, "weekly")
    blank_row(ledger, 2, KEY)
    assert blanking.find(ledger, 2, KEY) is None
    with pytest.raises(InputError, match="no reason that a person wrote"):
        blanking.find(ledger, 2, REASON)
