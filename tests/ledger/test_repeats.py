"""When the same text counts as sent: for 20 hours, from when it left or from when it is to arrive."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from itertools import count

import pytest

from smsctl.domain.message import Status
from smsctl.domain.moment import Moment, Uptime
from smsctl.ledger import mailings, own_texts, repeats
from smsctl.ledger.repeats import Repeats
from smsctl.ledger.store import Ledger

from .conftest import NOW, on
from .sending import activate, begin, claim, new, send, settle

STOCKHOLM = timezone(timedelta(hours=1))


@pytest.mark.parametrize(
    ("asked", "counts"),
    [
        (on("2026-11-22", "23:00:00.000"), True),  # it is held
        (on("2026-11-25", "08:00:00.000"), True),
        (on("2026-11-26", "02:29:00.000"), True),  # 20 hours after 06:30 UTC
        (on("2026-11-26", "02:31:00.000"), False),
    ],
)
@pytest.mark.parametrize("zone", [UTC, STOCKHOLM])
def test_what_the_gateway_sends_later_counts_from_then(
    ledger: Ledger, asked: Moment, zone: tzinfo, *, counts: bool
) -> None:
    activate(ledger)
    plain = new(body="Later")
    at = datetime(2026, 11, 25, 6, 30, tzinfo=UTC).astimezone(zone)
    send(ledger, 2, plain._replace(letter=plain.letter._replace(send_at=at)))
    assert bool(repeats.already_sent(ledger, mailings.body_hash("Later"), asked)) is counts


def test_what_left_at_once_counts_from_its_batch(ledger: Ledger) -> None:
    activate(ledger)
    send(ledger, 2, new(body="At once"))
    body_hash = mailings.body_hash("At once")
    assert repeats.already_sent(ledger, body_hash, on("2026-11-22", "07:00:00.000"))
    assert repeats.already_sent(ledger, body_hash, on("2026-11-23", "04:00:00.000")), "20 hours"
    assert not repeats.already_sent(ledger, body_hash, on("2026-11-23", "04:00:00.001"))


def test_of_a_mailing_that_took_days_only_the_batches_of_the_last_hours_count(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeats, "_AT_ONCE", 2)  # messages that are read together
    activate(ledger)
    mailing = begin(ledger, 9, new(body="Long"))
    for moment in (on("2026-11-20"), on("2026-11-25"), on("2026-11-20"), on("2026-11-25")):
        settle(ledger, mailing, claim(ledger, mailing, 2, moment))
    reached = repeats.already_sent(ledger, mailings.body_hash("Long"), on("2026-11-25", "23:00:00.000"))
    assert [place for place in range(9) if 46700000000 + place in reached] == [2, 3, 6, 7]


@pytest.mark.parametrize(
    ("hours", "boot", "counts"), [(20, "a", True), (20.001, "a", False), (19, "b", False)]
)
def test_what_a_clock_that_was_slow_has_sent_counts_by_the_machine_s_own(
    hours: float, boot: str, *, counts: bool, ledger: Ledger
) -> None:
    """Such as one that is set over the network only when smsctl has run already."""
    activate(ledger)
    send(ledger, 2, new(body="Slow"))
    with ledger.transaction():
        ledger.write("UPDATE batches SET boot = 'a', boot_s = 60")
    asked = on("2026-11-30")._replace(up=Uptime(boot=boot, s=60 + 3600 * hours))
    assert bool(repeats.already_sent(ledger, mailings.body_hash("Slow"), asked)) is counts


def test_a_run_learns_of_another_that_begins_to_send_its_text(ledger: Ledger) -> None:
    activate(ledger)
    mine, other, another = (begin(ledger, 2, new(body=body)) for body in ("Same", "Same", "Not it"))
    had = range(6), [f"+4670{place:07}" for place in range(6)]
    run, again = Repeats(mine, mailings.body_hash("Same")), Repeats(mine._replace(again=True), "")
    assert not run.among(ledger, *had, NOW)
    settle(ledger, another, claim(ledger, another))
    settle(ledger, mine, claim(ledger, mine, 1))
    assert not run.among(ledger, *had, NOW)
    first = claim(ledger, other, 1)
    assert run.among(ledger, *had, NOW) == {2}
    settle(ledger, other, claim(ledger, other))
    assert run.among(ledger, *had, NOW) == {2, 3}
    settle(ledger, other, first, [Status.REJECTED])
    assert run.among(ledger, *had, NOW) == {2, 3}  # what no new batch has told is not looked up
    assert not again.among(ledger, *had, NOW)


def test_numbers_are_reserved_by_an_unfinished_mailing_of_the_text(ledger: Ledger) -> None:
    activate(ledger)
    alone = begin(ledger, 2, new(body="Same"))
    assert repeats.reserved_by(ledger, mailings.body_hash("Same"), ["+46700000001"]) == alone.id
    settle(ledger, alone, claim(ledger, alone))
    test = begin(ledger, 1, new(kind="test", body="Same"))
    other = begin(ledger, 2, new(body="Not it"))
    body_hash = mailings.body_hash("Same")
    everybody = [f"+4670{place:07}" for place in range(9)]
    assert (test.id, other.id, repeats.reserved_by(ledger, body_hash, everybody)) == (2, 3, None)
    mine = begin(ledger, 2, new(body="Same"))
    settle(ledger, mine, claim(ledger, mine, 1))
    assert repeats.reserved_by(ledger, body_hash, everybody) == mine.id
    assert repeats.reserved_by(ledger, "none", everybody, body_hash) == mine.id
    assert repeats.reserved_by(ledger, body_hash, everybody[:6]) is None  # that one was sent
    assert repeats.reserved_by(ledger, body_hash, everybody[6:]) == mine.id
    settle(ledger, mine, claim(ledger, mine))
    assert repeats.reserved_by(ledger, body_hash, everybody) is None


def test_a_number_is_reserved_with_the_text_of_its_own_mailing(ledger: Ledger) -> None:
    activate(ledger)
    first, second = (begin(ledger, 2, new(body=body)) for body in ("One", "Two"))
    numbers = [number for (number,) in ledger.rows("SELECT number FROM messages ORDER BY id")]
    for number, of in zip(numbers, (first, first, second, second), strict=True):
        found = [own_texts.reserved_by(ledger, [(number, body)]) for body in ("One", "Two")]
        assert found == [first.id if of is first else None, second.id if of is second else None]
    held_by_none = [numbers[2]]
    assert repeats.reserved_by(ledger, mailings.body_hash("One"), held_by_none) is None


def test_who_was_rejected_has_not_had_the_text(ledger: Ledger) -> None:
    activate(ledger)
    mailing = begin(ledger, 3, new(body="Some"))
    settle(ledger, mailing, claim(ledger, mailing), (Status.ACCEPTED, Status.REJECTED, Status.ACCEPTED))
    reached = repeats.already_sent(ledger, mailings.body_hash("Some"), NOW)
    numbers = [number for (number,) in ledger.rows("SELECT number FROM messages ORDER BY id")]
    assert [number in reached for number in numbers] == [True, False, True]


def _steps(ledger: Ledger, look: Callable[[], object]) -> int:
    """How many steps the database takes while somebody looks."""
    taken = count()
    database: sqlite3.Connection = vars(ledger.engine)["_connection"]
    database.set_progress_handler(lambda: next(taken) < 0, 1)  # called at each
    look()
    database.set_progress_handler(None, 1)
    return next(taken)


@pytest.mark.of_a_file
@pytest.mark.parametrize("first", [0, 90])
def test_to_look_at_a_few_of_a_mailing_is_not_to_look_at_all(ledger: Ledger, first: int) -> None:
    activate(ledger)
    mailing = send(ledger, 100)

    def steps(first: int, last: int) -> int:
        return _steps(ledger, lambda: repeats.still_counting(ledger, mailing, first, last, NOW))

    some = mailing.first_message + first
    assert len(repeats.still_counting(ledger, mailing, some, some + 9, NOW)) == 10
    assert steps(some, some + 9) * 5 < steps(mailing.first_message, mailing.last_message)


@pytest.mark.of_a_file
def test_bodies_of_one_hash_are_looked_for_once(ledger: Ledger) -> None:
    activate(ledger)
    send(ledger, 100, new(body="Once"))
    once = mailings.body_hash("Once")

    def steps(*others: str) -> int:
        return _steps(ledger, lambda: repeats.already_sent(ledger, once, NOW, *others))

    assert steps(once, once) == steps()
