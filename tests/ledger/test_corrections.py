"""Moving messages that were once submitted, and a person's word on a whole mailing."""

from contextlib import suppress

import pytest

from smsctl.actions.resolve import ResolveAnswer, resolve
from smsctl.domain.message import Answer, Receipt, Status, SubmitVerdict
from smsctl.ledger import accepting_restore, audit, batches, checking, corrections, mailings
from smsctl.ledger.seam.engine import Values
from smsctl.ledger.store import Ledger

from . import sending
from .conftest import ACTOR, NOW
from .runs import let_all_arrive, states


@pytest.mark.parametrize("rows_read_at_once", [1, 3, 5_000])
def test_the_gateway_s_names_are_those_of_one_mailing_in_one_state_and_of_one_message(
    rows_read_at_once: int, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailings, "ROWS_IN_A_COMMIT", rows_read_at_once)
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


class KilledError(BaseException):
    """The process ends here."""


def unknown_mailing(ledger: Ledger, pending: int = 0) -> int:
    """Begin a mailing to 60 in batches of 20, of which nobody knows anything, and to some who wait."""
    sending.activate(ledger)
    mailing = sending.begin(ledger, 60 + pending)
    for _ in range(3):
        claimed = sending.claim(ledger, mailing, most=20)
        assert claimed
        receipts = [Receipt(one.reference, Status.UNKNOWN, None) for one in claimed.batch.messages]
        with ledger.transaction():
            batches.settle(ledger, mailing, claimed, Answer(SubmitVerdict.UNCLEAR, receipts), NOW)
    let_all_arrive(ledger)
    return mailing.id


def killed_at_the_second_piece(ledger: Ledger, mailing: int) -> None:
    """Say a word on a mailing, with few rows in a commit, and end in the middle."""
    waits = ledger.give_way

    def end() -> None:
        raise KilledError

    vars(ledger).update(_rows=25, give_way=end)
    with suppress(KilledError):
        resolve(ledger, mailings.get(ledger, mailing), ResolveAnswer.NOT_SENT, NOW, ACTOR, "asked")
    vars(ledger)["give_way"] = waits


def test_a_word_on_a_large_mailing_lets_others_in_and_is_said_again_where_it_was_broken_off(
    ledger: Ledger,
) -> None:
    mailing = unknown_mailing(ledger)
    killed_at_the_second_piece(ledger, mailing)
    assert states(ledger) == {"pending": 25, "unknown": 35}
    assert [row.detail for row in audit.read(ledger) if row.action == "resolve"] == ["60 messages: not-sent"]
    assert checking.check(ledger) == ()
    found = mailings.get(ledger, mailing)
    assert resolve(ledger, found, ResolveAnswer.NOT_SENT, NOW, ACTOR, "asked") == 35
    assert states(ledger) == {"pending": 60}
    assert ledger.number("SELECT COUNT(*) FROM messages WHERE earlier_batch IS NOT NULL") == 60
    assert checking.check(ledger) == ()


def _reported_in_the_middle(ledger: Ledger) -> list[tuple[object, ...]]:
    """Let reports tell of messages between two commits of a word on them; return what is kept of those."""
    mailing, waits = mailings.get(ledger, unknown_mailing(ledger)), ledger.give_way

    def report() -> None:
        vars(ledger)["give_way"] = waits
        these = dict.fromkeys(range(50, 61), 3)
        with ledger.transaction():
            corrections.move(ledger, mailing, these, Status.UNKNOWN, Status.FAILED, NOW, "report")

    vars(ledger).update(_rows=25, give_way=report)
    assert resolve(ledger, mailing, ResolveAnswer.NOT_SENT, NOW, ACTOR, "asked") == 49
    return ledger.rows("SELECT DISTINCT state, earlier_batch FROM messages WHERE id >= 50")


def test_what_a_report_has_told_of_meanwhile_was_in_no_other_batch(ledger: Ledger) -> None:
    """Else it counts as submitted more than once, and `mailings retry` leaves it out."""
    assert _reported_in_the_middle(ledger) == [("failed", None)]
    assert checking.check(ledger) == ()


def test_if_it_were_noted_of_all_it_would_be_left_out(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(corrections, "still_in", lambda _ledger, messages, _state: messages)
    assert _reported_in_the_middle(ledger) == [("failed", 3)]


def test_what_becomes_unknown_only_meanwhile_is_not_settled_by_the_same_word(ledger: Ledger) -> None:
    mailing, waits = mailings.get(ledger, unknown_mailing(ledger, pending=20)), ledger.give_way

    def restore() -> None:
        """Take what is pending for possibly sent, as after the file was put back."""
        vars(ledger)["give_way"] = waits
        with ledger.transaction():
            accepting_restore.make_unknown(ledger, mailing, NOW)

    vars(ledger).update(_rows=25, give_way=restore)
    assert resolve(ledger, mailing, ResolveAnswer.SENT, NOW, ACTOR, "asked") == 60
    assert states(ledger) == {"accepted": 60, "unknown": 20}
    assert checking.check(ledger) == ()


def test_in_one_piece_it_would_hold_all_others_out(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    monkeypatch.setattr(Ledger, "in_pieces", lambda _self, rows: iter([list(rows)]))
    mailing = unknown_mailing(ledger)
    killed_at_the_second_piece(ledger, mailing)
    assert states(ledger) == {"pending": 60}


def test_a_word_on_a_whole_mailing_is_few_statements(ledger: Ledger) -> None:
    mailing = unknown_mailing(ledger)
    changes = ledger.engine.change
    counted = list[str]()

    def counting(sql: str, values: Values) -> int:
        counted.append(sql)
        return changes(sql, values)

    vars(ledger.engine)["change"] = counting
    resolve(ledger, mailings.get(ledger, mailing), ResolveAnswer.SENT, NOW, ACTOR, "asked")
    assert sum("UPDATE messages" in sql for sql in counted) == 3  # one for each batch
