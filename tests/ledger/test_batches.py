from collections.abc import Iterator

import pytest

from smsctl.domain.mailing import Ceilings, Mailing
from smsctl.domain.message import Status
from smsctl.errors import LedgerError, RuleError
from smsctl.ledger import batch_rows, batches, checking, marking
from smsctl.ledger.batches import ClaimRequest
from smsctl.ledger.repeats import Repeats
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
    assert batch_rows.states_by_batch(ledger, mailing) == {
        first.id: {Status.ACCEPTED: 1, Status.REJECTED: 1},
        second.id: {Status.UNKNOWN: 1},
    }
    assert list(batch_rows.states_by_batch(ledger, other).values()) == [{Status.ACCEPTED: 2}]


def test_an_answer_is_not_stored_for_another_batch_that_has_got_its_id(ledger: Ledger) -> None:
    sending.activate(ledger)
    mailing = sending.begin(ledger, 2)
    claimed = sending.claim(ledger, mailing)
    assert claimed
    for settled_at in (None, NOW.at):  # on the wire, and unknown
        lost = claimed._replace(batch=claimed.batch._replace(reference="of-a-ledger-that-was-put-back"))
        with pytest.raises(LedgerError, match="whose answer came"):
            sending.settle(ledger, mailing, lost)
        found = ledger.rows("SELECT DISTINCT settled_at, state FROM messages JOIN batches b ON b.id = batch")
        assert found == [(settled_at, "unknown" if settled_at else "sending")]
        sending.settle(ledger, mailing, claimed, [Status.UNKNOWN] * 2)
    sending.settle(ledger, mailing, claimed)
    assert ledger.rows("SELECT DISTINCT state FROM messages") == [("accepted",)]
    assert checking.check(ledger) == ()


_NEVER_MARKS = {
    "file": ("CREATE TRIGGER nobody BEFORE UPDATE ON messages BEGIN SELECT RAISE(IGNORE); END",),
    "server": (
        "CREATE FUNCTION nobody() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TRIGGER nobody BEFORE UPDATE ON messages FOR EACH ROW EXECUTE FUNCTION nobody()",
    ),
}


@pytest.fixture
def never_marks(ledger: Ledger) -> Iterator[Ledger]:
    """A ledger in which somebody's trigger lets no message be changed, and says nothing."""
    sending.activate(ledger)
    kept_by = "file" if ledger.engine.standing() is None else "server"
    with ledger.transaction():
        for sql in _NEVER_MARKS[kept_by]:
            ledger.write(sql)
    yield ledger
    with ledger.transaction():
        ledger.write("DROP TRIGGER nobody" if kept_by == "file" else "DROP FUNCTION nobody CASCADE")


def test_what_is_not_marked_is_not_handed_out(never_marks: Ledger) -> None:
    with pytest.raises(LedgerError, match="0 rows were written where 2 were meant"):
        sending.claim(never_marks, sending.begin(never_marks, 2))
    assert not never_marks.rows("SELECT 1 FROM batches")


def test_without_that_count_it_would_be_by_every_run(
    never_marks: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    for engine in ("postgres.statements", "sqlite.engine"):
        monkeypatch.setattr(f"smsctl.ledger.{engine}.must_have_changed", lambda *_given: None)
    monkeypatch.setattr(marking, "must_agree", lambda *_given: None)
    monkeypatch.setattr(marking, "_NOTE", vars(marking)["_NOTE"].replace("WHERE ? =", "WHERE ? >="))
    mailing = sending.begin(never_marks, 2)
    handed_out = [sending.claim(never_marks, mailing) for _ in range(2)]
    assert [[*one.messages] for one in handed_out if one] == [[1, 2], [1, 2]]


def _claimed(ledger: Ledger, mailing: Mailing, most: int, slots: int) -> list[list[int]]:
    want = ClaimRequest(
        mailing=mailing, most=most, ceilings=mailing.ceilings, repeats=Repeats(mailing, "none")
    )
    with ledger.transaction():
        return [[*one.messages] for one in batches.claim(ledger, want, 0, NOW, slots)]


def test_a_claim_marks_a_batch_for_each_slot_and_no_more_than_there_are(ledger: Ledger) -> None:
    sending.activate(ledger)
    sending.settle(ledger, mailing := sending.begin(ledger, 9), sending.claim(ledger, mailing, 1))
    assert _claimed(ledger, mailing, most=2, slots=3) == [[2, 3], [4, 5], [6, 7]]
    assert _claimed(ledger, mailing, most=1, slots=9) == [[8], [9]]
    assert _claimed(ledger, mailing, most=1, slots=9) == []
    told = [(one.id, one.reference) for one in batch_rows.of_mailing(ledger, mailing.id)]
    assert told == [(n, f"{mailing.reference}-b{n}") for n in range(1, 7)]
    assert checking.check(ledger) == ()


def test_a_ceiling_ends_the_batches_of_one_claim_where_it_is_reached(ledger: Ledger) -> None:
    sending.activate(ledger)
    mailing = sending.begin(ledger, 9, sending.new(ceilings=Ceilings(max_parts=5)))
    assert _claimed(ledger, mailing, most=2, slots=4) == [[1, 2], [3, 4], [5]]
    with pytest.raises(RuleError, match="max_parts_per_run = 5 is reached"):
        _claimed(ledger, mailing, most=2, slots=1)
    assert checking.check(ledger) == ()
