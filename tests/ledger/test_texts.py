"""Texts of their own in the ledger: frozen with their parts, claimed, booked and rebuilt by them."""

import random
from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from smsctl.domain.filled import Filled
from smsctl.domain.mailing import Ceilings, Mailing
from smsctl.domain.message import Batch, Letter, Status
from smsctl.domain.personal import TextWriter
from smsctl.domain.text import MessageText
from smsctl.domain.wording import frozen
from smsctl.errors import RuleError
from smsctl.ledger import (
    checking,
    corrections,
    counts,
    mailings,
    own_texts,
    packages,
    reconciling,
    recovery,
    texts,
)
from smsctl.ledger.store import Ledger

from .conftest import NOW
from .recount import must_agree
from .sending import activate, begin, claim, new, settle

ENDS = (Status.ACCEPTED, Status.ACCEPTED, Status.REJECTED, Status.UNKNOWN, Status.HELD, Status.PENDING)


def begun(ledger: Ledger, parts: Sequence[int], most: int | None = None) -> Mailing:
    """Begin a mailing whose texts take so many parts."""
    own = TextWriter(frozen("Hej ((Elev))"))
    for place, one in enumerate(parts):
        body = f"Hej {place}"
        own.add(Filled(body=body, cells=(body,), parts=one, is_wide=False))
    made_of = new(parts=max(parts), ceilings=Ceilings(max_parts=most), body="Hej ((Elev))")
    return begin(ledger, len(parts), made_of._replace(texts=own.texts()))


def test_a_personal_mailing_is_unfinished_while_something_of_it_is_pending(ledger: Ledger) -> None:
    activate(ledger)
    begin(ledger, 2, new(body="One for all"))
    assert not own_texts.any_unfinished(ledger)
    mailing = begun(ledger, [1, 1])
    assert own_texts.any_unfinished(ledger)
    settle(ledger, mailing, claim(ledger, mailing))
    assert not own_texts.any_unfinished(ledger)


def test_each_message_keeps_its_text_and_its_parts(ledger: Ledger) -> None:
    activate(ledger)
    mailing = begun(ledger, [1, 3, 2])
    assert mailing.personal
    ids = list(range(mailing.first_message, mailing.last_message + 1))
    assert texts.of(ledger, mailing, ids) == ["Hej 0", "Hej 1", "Hej 2"]
    assert counts.of_mailing(ledger, mailing.id) == {Status.PENDING: (3, 6)}
    first = claim(ledger, mailing, 2)
    assert first
    assert list(first.batch.texts) == ["Hej 0", "Hej 1"]
    assert packages.parts_in_flight(ledger, mailing.municipality.key) == 4
    settle(ledger, mailing, first)
    assert mailings.tally(ledger, mailing).parts == 4
    must_agree(ledger)
    assert checking.check(ledger) == ()


@pytest.mark.parametrize(("most", "taken"), [(1, 1), (3, 1), (4, 2), (5, 2), (6, 3), (9, 3)])
def test_a_ceiling_takes_the_first_that_fit(ledger: Ledger, most: int, taken: int) -> None:
    activate(ledger)
    mailing = begun(ledger, [1, 3, 2], most)
    claimed = claim(ledger, mailing)
    assert claimed
    assert len(claimed.messages) == taken


def test_where_not_even_the_first_fits_nothing_is_claimed(ledger: Ledger) -> None:
    activate(ledger)
    mailing = begun(ledger, [3, 1, 1], 2)
    with pytest.raises(RuleError):
        claim(ledger, mailing)
    must_agree(ledger)


def _live(ledger: Ledger, dice: random.Random) -> None:
    """Send mailings with texts of 1 to 3 parts as it may happen: answered, broken off, corrected."""
    for _ in range(4):
        mailing = begun(ledger, [dice.randint(1, 3) for _ in range(dice.randint(1, 12))])
        for _ in range(3):
            claimed = claim(ledger, mailing, dice.randint(1, 6))
            if claimed is None:
                break
            if dice.random() < 0.2:
                recovery.recover(ledger, NOW)
            settle(ledger, mailing, claimed, [dice.choice(ENDS) for _ in claimed.messages])
        for before, after in ((Status.UNKNOWN, Status.PENDING), (Status.ACCEPTED, Status.CANCELLED)):
            held = corrections.messages_in(ledger, mailing, before)
            some = dict(list(held.items())[: dice.randint(0, 3)])
            with ledger.transaction():
                corrections.move(ledger, mailing, some, before, after, NOW, "by a person")


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_the_entries_are_the_parts_that_cost(ledger: Ledger, seed: int) -> None:
    activate(ledger)
    _live(ledger, random.Random(seed))
    must_agree(ledger)
    assert checking.check(ledger) == ()


def test_counted_by_the_dearest_text_the_sums_would_not_agree(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    real: Callable[..., counts.Sum] = counts.total

    def careless(led: Ledger, mailing: Mailing, messages: Sequence[int], *_: object) -> counts.Sum:
        return real(led, mailing._replace(personal=False), messages)

    monkeypatch.setattr("smsctl.ledger.counts.total", careless)
    activate(ledger)
    mailing = begun(ledger, [1, 3])
    settle(ledger, mailing, claim(ledger, mailing))
    assert {one.rule for one in checking.check(ledger)} >= {"mailing-parts", "day-parts-of-states"}


def test_an_unknown_batch_is_rebuilt_with_its_texts_and_not_without_them(ledger: Ledger) -> None:
    activate(ledger)
    mailing = begun(ledger, [1, 2])
    claimed = claim(ledger, mailing)
    assert claimed
    recovery.recover(ledger, NOW)
    (found,) = reconciling.unknown_batches(ledger, mailing, "")
    assert found.claim.batch == claimed.batch
    with ledger.transaction():
        ledger.write("UPDATE texts SET body = 'Hej 9' WHERE message = ?", mailing.first_message)
    assert reconciling.unknown_batches(ledger, mailing, "") == []


def test_the_digest_of_one_text_for_all_is_as_it_was_and_bodies_cannot_run_together() -> None:
    letter = Letter(text=MessageText(body="Hej"))
    numbers = ["+46701740605", "+46701740606"]
    common = Batch(reference="a-b1", letter=letter, references=["a-1", "a-2"], numbers=numbers)
    assert common.digest("x") == "dbf44f9441ff0dab181185a1577b9df57a99bcfe164f70c573c1e933031d97db"
    one, other = (common._replace(bodies=bodies) for bodies in (("a", "b\n1 c"), ("a\n1 b", "c")))
    assert len({common.digest("x"), one.digest("x"), other.digest("x")}) == 3


def test_nobody_is_counted_twice(ledger: Ledger) -> None:
    activate(ledger)
    mailing = begun(ledger, [1, 2, 3])
    settle(ledger, mailing, claim(ledger, mailing))
    found = ledger.rows("SELECT m.number, t.body FROM messages m JOIN texts t ON t.message = m.id")
    assert not [pair for pair, n in Counter(found).items() if n > 1]
