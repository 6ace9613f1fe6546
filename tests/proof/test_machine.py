"""The state machine at work, and what it finds when a guard is gone."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from smsctl.actions.resolve import ResolveAnswer
from smsctl.domain.message import Status
from smsctl.ledger.store import Ledger
from tests.proof.conftest import Scale
from tests.proof.machine import KINDS, NeverTwice
from tests.proof.weaknesses import Weakness, weakened


def run_machine(
    dice: random.Random,
    *,
    examples: int,
    steps: int,
    shrink: bool = True,
    machine: type[NeverTwice] = NeverTwice,
) -> None:
    """Try so many sequences of so many steps; one that fails is made as short as it can be."""
    run_state_machine_as_test(
        seed(dice.randrange(2**32))(machine),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
            report_multiple_bugs=False,
        ),
    )


def test_no_sequence_of_events_breaks_a_promise(dice: random.Random, scale: Scale) -> None:
    run_machine(dice, examples=scale.of(short=100, long=20_000), steps=scale.of(short=40, long=50))


def on_a_server(opener: Callable[[Path], Ledger]) -> type[NeverTwice]:
    """Return the machine on a server, without copies: that it was put back, the database itself tells."""

    class OnAServer(NeverTwice):
        def opened(self, path: Path) -> Ledger:
            return opener(path)

        def copy_the_ledger(self, *, marked: bool) -> None:
            raise NotImplementedError

    return OnAServer


def test_no_sequence_of_events_breaks_a_promise_on_a_server(
    dice: random.Random, scale: Scale, shared_ledgers: Callable[[Path], Ledger]
) -> None:
    examples, steps = scale.of(short=8, long=5_000), scale.of(short=30, long=50)
    run_machine(dice, examples=examples, steps=steps, machine=on_a_server(shared_ledgers))


_PENDING_AGAIN = r"I4:|<Status\.(PENDING|CANCELLED): '\w+'>, <Status\.UNKNOWN|is sending and was submitted"
"""What is on the wire counts as pending, or goes out once more at once."""


def test_the_machine_finds_a_missing_guard(dice: random.Random) -> None:
    with (
        weakened(Weakness.RECOVERED_AS_PENDING),
        pytest.raises(AssertionError, match=_PENDING_AGAIN),
    ):
        run_machine(dice, examples=1000, steps=30, shrink=False)


@contextmanager
def at_work(kind: type[NeverTwice] = NeverTwice) -> Iterator[NeverTwice]:
    """Yield a machine that is told what to do; whatever comes of it, its folder goes."""
    machine = kind()
    try:
        yield machine
    finally:
        machine.teardown()


def hear_too_late(kind: type[NeverTwice] = NeverTwice) -> None:
    """An answer comes when its process was taken for dead, and a person has settled the messages."""
    with at_work(kind) as machine:
        machine.begin(messages=3, text="one")
        machine.send(which=0, kinds=[KINDS[0]], size=3, connections=1, crash_at=3)
        machine.start_again()
        machine.settle_by_word(which=0, word=ResolveAnswer.SENT)
        machine.hear_a_late_answer(which=0)
        machine.ledger_and_gateway_agree()


def test_an_answer_that_comes_too_late_changes_nothing() -> None:
    hear_too_late()


def test_without_the_guard_a_late_answer_is_counted_twice() -> None:
    with weakened(Weakness.LATE_ANSWERS_OVERRULE), pytest.raises(AssertionError, match="mailing_counts"):
        hear_too_late()


@pytest.mark.parametrize("word", [ResolveAnswer.NOT_SENT, ResolveAnswer.RESEND])
def test_a_late_answer_goes_before_a_person_who_said_that_nothing_was_sent(word: ResolveAnswer) -> None:
    with at_work() as machine:
        machine.begin(messages=2, text="one")
        machine.send(which=0, kinds=[KINDS[0]], size=2, connections=1, crash_at=3)
        machine.start_again()
        machine.settle_by_word(which=0, word=word)
        machine.hear_a_late_answer(which=0)
        assert machine.desk.in_order(machine.mailings[0]) == ["accepted", "accepted"]
        machine.ledger_and_gateway_agree()


def test_a_late_answer_changes_nothing_on_a_server_either_and_would_without_the_guard(
    shared_ledgers: Callable[[Path], Ledger],
) -> None:
    machine = on_a_server(shared_ledgers)
    hear_too_late(machine)
    with weakened(Weakness.LATE_ANSWERS_OVERRULE), pytest.raises(AssertionError, match="mailing_counts"):
        hear_too_late(machine)


def test_a_late_answer_settles_on_a_server_too_what_was_not_taken(
    shared_ledgers: Callable[[Path], Ledger],
) -> None:
    with at_work(on_a_server(shared_ledgers)) as machine:
        machine.begin(messages=1, text="one")
        machine.send(which=0, kinds=[KINDS[3]], size=1, connections=1, crash_at=3)  # rejected
        machine.hear_a_late_answer(which=0)
        assert machine.desk.in_order(machine.mailings[0]) == ["rejected"]


def test_a_report_overrules_a_persons_word_also_of_what_was_cancelled_since() -> None:
    with at_work() as machine:
        machine.begin(messages=1, text="one")
        machine.send(which=0, kinds=[KINDS[5]], size=1, connections=1, crash_at=None)  # taken, and unclear
        machine.settle_by_word(which=0, word=ResolveAnswer.NOT_SENT)
        machine.cancel(which=0, stops=False)
        machine.hear_a_report(which=0, told=Status.DELIVERED)
        assert machine.desk.in_order(machine.mailings[0]) == ["delivered"]
        machine.ledger_and_gateway_agree()


def go_on_with_what_was_cancelled() -> None:
    """The answer was lost, the mailing is cancelled, and a person finds out that it was not sent."""
    with at_work() as machine:
        machine.begin(messages=3, text="one")
        machine.send(which=0, kinds=[KINDS[6]], size=1, connections=1, crash_at=None)  # unclear, not taken
        machine.cancel(which=0, stops=False)
        machine.settle_by_word(which=0, word=ResolveAnswer.RESEND)
        machine.settle_by_word(which=0, word=ResolveAnswer.NOT_SENT)
        machine.send_where_all_is_well(which=0, size=3)
        machine.ledger_and_gateway_agree()


def test_nothing_of_a_cancelled_mailing_is_sent_whatever_a_person_says() -> None:
    go_on_with_what_was_cancelled()


def test_without_its_mark_a_cancelled_mailing_is_gone_on_with() -> None:
    with weakened(Weakness.CANCELLED_FOR_NOW), pytest.raises((AssertionError, pytest.fail.Exception)):
        go_on_with_what_was_cancelled()


def send_from_an_old_copy() -> None:
    """A mailing is sent, and the ledger from before it is put back."""
    with at_work() as machine:
        machine.begin(messages=3, text="one")
        machine.copy_the_ledger(marked=False)
        for _ in range(2):
            machine.send(which=0, kinds=[KINDS[0]], size=3, connections=1, crash_at=None)
            machine.put_the_copy_back(accept=False)
        machine.accept_the_copy()
        machine.send(which=0, kinds=[KINDS[0]], size=3, connections=1, crash_at=None)
        machine.ledger_and_gateway_agree()


def test_nothing_is_sent_from_an_old_copy() -> None:
    send_from_an_old_copy()


def test_without_the_guard_an_old_copy_is_sent_from() -> None:
    with weakened(Weakness.OLD_COPIES_ARE_TRUSTED), pytest.raises(AssertionError, match="from an old copy"):
        send_from_an_old_copy()


def send_by_a_clock_that_goes_backwards() -> None:
    """A mailing is sent; the clock is set back by a day, and in the end a person says that it is right."""
    with at_work() as machine:
        machine.begin(messages=3, text="one")
        machine.send(which=0, kinds=[KINDS[0]], size=3, connections=1, crash_at=None)
        machine.jump(hours=-30)
        machine.begin(messages=3, text="two")
        machine.accept_the_clock()
        machine.begin(messages=3, text="two")
        machine.ledger_and_gateway_agree()


def test_nothing_is_begun_by_a_clock_that_goes_backwards() -> None:
    send_by_a_clock_that_goes_backwards()


def test_without_the_guard_a_clock_may_go_backwards() -> None:
    with (
        weakened(Weakness.ANY_CLOCK_IS_RIGHT),
        pytest.raises(AssertionError, match="clock that goes backwards"),
    ):
        send_by_a_clock_that_goes_backwards()


def test_what_a_report_proves_sent_is_not_sent_by_another_mailing() -> None:
    """The answer was lost, a person said that it was not sent, and the gateway tells otherwise."""
    with at_work() as machine:
        machine.begin(messages=1, text="one")
        machine.send(which=0, kinds=[KINDS[5]], size=1, connections=1, crash_at=None)
        machine.settle_by_word(which=0, word=ResolveAnswer.NOT_SENT)
        machine.hear_a_report(which=0, told=Status.DELIVERED)
        machine.ledger_and_gateway_agree()
        machine.begin(messages=1, text="one")
        machine.send_where_all_is_well(which=1, size=1)
        assert machine.desk.in_order(machine.mailings[1]) == ["cancelled"]


def test_what_the_gateway_holds_for_later_is_not_sent_by_another_mailing() -> None:
    with at_work() as machine:
        machine.begin(messages=1, text="one", later_h=30)
        machine.send_where_all_is_well(which=0, size=1)
        machine.pass_by(hours=25)
        machine.begin(messages=1, text="one")
        machine.send_where_all_is_well(which=1, size=1)
        assert machine.desk.in_order(machine.mailings[1]) == ["cancelled"]


@pytest.mark.parametrize(
    ("passes", "boots", "becomes"),
    [
        (True, False, "accepted"),
        (False, False, "cancelled"),
        (False, True, "accepted"),
    ],
)
def test_a_text_counts_as_sent_for_hours_that_have_passed_and_not_for_a_clock_that_was_set(
    becomes: str, *, passes: bool, boots: bool
) -> None:
    with at_work() as machine:
        machine.begin(messages=1, text="one")
        machine.send_where_all_is_well(which=0, size=1)
        machine.start_again(boots=boots)
        (machine.pass_by if passes else machine.jump)(hours=25)
        machine.begin(messages=1, text="one")
        machine.send_where_all_is_well(which=1, size=1)
        assert machine.desk.in_order(machine.mailings[1]) == [becomes]


@pytest.mark.parametrize("boots", [False, True])
def test_what_an_accepted_copy_has_made_unknown_counts_as_sent_whatever_the_clock_said(
    *, boots: bool
) -> None:
    """Else what may have been sent just now would count as sent long ago when the clock is right again."""
    with at_work() as machine:
        machine.begin(messages=3, text="one")
        machine.send(which=0, kinds=[KINDS[0]], size=1, connections=1, crash_at=4)
        machine.copy_the_ledger(marked=True)
        machine.put_the_copy_back(accept=False)
        machine.jump(hours=-30)
        machine.accept_the_copy()
        machine.begin(messages=3, text="two")
        machine.jump(hours=30)
        machine.start_again(boots=boots)
        machine.begin(messages=3, text="one")
        machine.send_where_all_is_well(which=1, size=3)
        assert machine.desk.in_order(machine.mailings[1]) == ["cancelled"] * 3
