"""The threads that wait for the gateway: how many, what they give back, and that no batch is lost by them."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from smsctl.actions.workers import BatchDone, Workers, most_in_flight
from smsctl.domain.gateway import Gateway
from smsctl.domain.message import Answer, Batch, Letter, Status, SubmitVerdict
from smsctl.domain.remark import Event
from smsctl.domain.text import MessageText
from smsctl.host.clock import ClockReading
from smsctl.ledger.batches import Claim
from smsctl.ledger.hosts import Claimant
from smsctl.ledger.under_way import STALE_AFTER_S

from .desk import ScriptedGateway, accepted

WAIT_S = 30
Begin = Callable[..., Workers]


def claim(number: int) -> Claim:
    batch = Batch(
        reference=f"a-b{number}",
        letter=Letter(text=MessageText.read("Hej")),
        references=[f"a-{number}"],
        numbers=["+46701740605"],
    )
    return Claim(id=number, batch=batch, messages=[number], day="2026-11-22")


@pytest.fixture
def begin() -> Iterator[Begin]:
    started: list[Workers] = []

    def workers(gateway: Gateway, size: int, halted: Callable[[], bool] = lambda: False) -> Workers:
        started.append(Workers(gateway, size, halted))
        return started[-1]

    yield workers
    for one in started:
        one.dismiss()


class Door:
    """A script for the gateway: a batch waits inside until the door is opened."""

    def __init__(self) -> None:
        self.inside = threading.Semaphore(0)
        self.opened = threading.Event()

    def __call__(self, batch: Batch) -> Answer:
        self.inside.release()
        assert self.opened.wait(WAIT_S)
        return accepted(batch)

    def wait_for(self, batches: int) -> None:
        for _ in range(batches):
            assert self.inside.acquire(timeout=WAIT_S)


def gathered(workers: Workers, many: int) -> list[BatchDone]:
    """Gather until so many are here; none of them is stored yet."""
    done = workers.gather()
    while len(done) < many:
        done = workers.gather()
    return done


@pytest.mark.parametrize(("threads", "batches", "most"), [(1, 1, 1), (2, 3, 24), (3, 4, 36), (8, 12, 96)])
def test_half_as_many_again_are_marked_ahead_where_there_are_several(
    threads: int, batches: int, most: int, begin: Begin
) -> None:
    assert begin(ScriptedGateway(accepted), threads).free == batches
    assert most_in_flight(threads) == most


def all_answered(workers: Workers) -> list[BatchDone]:
    """Mark as many as may be, and return their answers when all are here."""
    for number in range(workers.free):
        workers.submit(claim(number))
    while len(done := workers.arrived()) < workers.in_flight:
        time.sleep(0.001)
    return done


@pytest.mark.parametrize(
    ("threads", "by_slow_disk", "marked"),
    [
        (4, False, [8, 12, 20, 24, 24]),
        (3, False, [5, 7, 11, 18, 18]),
        (2, False, [4, 6, 10, 12, 12]),
        (1, False, [1]),
        (4, True, [10, 22, 48, 48]),
        (2, True, [5, 11, 24, 24]),
        (1, True, [1]),
    ],
)
def test_more_are_marked_where_all_came_back_while_answers_were_stored(
    threads: int, marked: list[int], begin: Begin, *, by_slow_disk: bool
) -> None:
    workers, found = begin(ScriptedGateway(accepted), threads), []
    for _ in marked:
        workers.stored(all_answered(workers), by_slow_disk=by_slow_disk)
        found.append(workers.in_flight + workers.free)
    assert found == marked


def test_of_large_batches_fewer_are_marked_for_a_slow_disk(begin: Begin) -> None:
    assert most_in_flight(8, 100) == 96
    assert most_in_flight(8, 200) == 50
    assert most_in_flight(8, 1000) == 48, "fewer than on a quick disk"
    assert most_in_flight(1, 1) == 1


def test_fewer_are_marked_again_where_nothing_came_back_while_answers_were_stored(begin: Begin) -> None:
    workers, found = begin(ScriptedGateway(accepted), 4), []
    for _ in range(4):
        workers.stored(all_answered(workers))
    for _ in range(4):
        workers.stored(())  # no answer is here by now
        found.append(workers.free)
    assert found == [14, 9, 6, 6]


def test_a_slow_gateway_gets_no_more_than_half_as_many_again(begin: Begin) -> None:
    door = Door()
    workers = begin(ScriptedGateway(lambda one: accepted(one) if one.reference == "a-b0" else door(one)), 4)
    for number in range(workers.free):
        workers.submit(claim(number))
    (first,) = workers.gather()
    workers.stored([first])
    assert workers.in_flight + workers.free == 6
    door.opened.set()


def test_of_many_that_are_marked_a_part_is_on_its_way_while_answers_are_stored(begin: Begin) -> None:
    workers = begin(ScriptedGateway(accepted), 2)
    for _ in range(4):
        workers.stored(all_answered(workers))
    for number in range(workers.free):
        workers.submit(claim(number))
    assert (workers.in_flight, len(workers.gather())) == (12, 6)


@pytest.mark.parametrize("verdict", [one for one in SubmitVerdict if one is not SubmitVerdict.ANSWERED])
def test_no_thread_begins_another_batch_before_a_doubtful_answer_is_stored(
    verdict: SubmitVerdict, begin: Begin
) -> None:
    verdicts = [SubmitVerdict.ANSWERED]
    gateway = ScriptedGateway(lambda one: accepted(one)._replace(verdict=verdicts[-1]))
    workers = begin(gateway, 2)
    for _ in range(4):
        workers.stored(all_answered(workers))
    before = len(gateway.submitted)
    verdicts.append(verdict)
    for number in range(workers.free):
        workers.submit(claim(number))
    done = workers.gather()
    time.sleep(0.05)
    assert len(gateway.submitted) - before <= 2, "more than there are threads"
    verdicts.append(SubmitVerdict.ANSWERED)
    workers.stored([*done, *workers.arrived()])
    assert len(gathered(workers, workers.in_flight)) >= 8, "the threads go on"


def test_what_waits_while_an_answer_is_in_doubt_is_taken_back(begin: Begin) -> None:
    """It was not sent, though a thread has it: a person who asks twice is not told that it is unknown."""
    gateway = ScriptedGateway(lambda one: accepted(one)._replace(verdict=SubmitVerdict.UNCLEAR))
    workers = begin(gateway, 4)
    for number in range(workers.free):
        workers.submit(claim(number))
    workers.gather()
    time.sleep(0.05)
    recalled, came_back = workers.recall(), workers.arrived()
    assert len(recalled) == 6 - len(gateway.submitted) > 0
    assert len(came_back) == len(gateway.submitted)
    workers.stored([*recalled, *came_back])
    time.sleep(0.05)
    assert len(came_back) == len(gateway.submitted), "what was taken back leaves no more"
    workers.submit(claim(9))
    assert [one.claim.id for one in workers.gather()] == [9], "the threads go on"


def test_a_batch_takes_its_place_until_its_answer_is_stored(begin: Begin) -> None:
    workers = begin(ScriptedGateway(accepted), 2)
    assert (workers.in_flight, workers.free) == (0, 3)
    for number in (1, 2, 3):
        workers.submit(claim(number))
    assert (workers.in_flight, workers.free) == (3, 0)
    done = gathered(workers, 3)
    assert {one.answer.verdict for one in done} == {SubmitVerdict.ANSWERED}
    assert workers.free == 0
    workers.stored(done[:1])
    assert (workers.in_flight, workers.free) == (2, 1)
    assert [one.claim.id for one in workers.arrived()] == [one.claim.id for one in done[1:]]
    workers.stored(done)
    assert (workers.in_flight, workers.arrived()) == (0, [])


def test_no_more_batches_are_at_the_gateway_than_there_are_threads(begin: Begin) -> None:
    door = Door()
    gateway = ScriptedGateway(door)
    workers = begin(gateway, 2)
    for number in (1, 2, 3):
        workers.submit(claim(number))
    door.wait_for(2)
    assert not door.inside.acquire(timeout=0.1), "a third is at the gateway"
    assert (len(gateway.submitted), workers.arrived()) == (2, [])
    door.opened.set()
    assert len(gathered(workers, 3)) == 3


def test_what_no_thread_has_begun_is_taken_back_unsent(begin: Begin) -> None:
    door = Door()
    gateway = ScriptedGateway(door)
    workers = begin(gateway, 1)
    workers.submit(claim(1))
    door.wait_for(1)
    workers.submit(claim(2))
    (back,) = workers.recall()
    assert (back.claim.id, back.answer.verdict, back.error) == (2, SubmitVerdict.STALE, None)
    assert [one.status for one in back.answer.receipts] == [Status.PENDING]
    assert workers.recall() == []
    door.opened.set()
    (done,) = gathered(workers, 1)
    assert (done.claim.id, [batch.reference for batch in gateway.submitted]) == (1, ["a-b1"])


def test_a_batch_is_given_back_where_the_run_is_told_to_stop(begin: Begin) -> None:
    gateway = ScriptedGateway(accepted)
    workers = begin(gateway, 1, lambda: True)
    workers.submit(claim(1))
    (done,) = gathered(workers, 1)
    assert (done.answer.verdict, gateway.submitted) == (SubmitVerdict.STALE, [])
    assert getattr(done.answer.text, "event", None) is Event.GIVEN_BACK


@pytest.mark.parametrize("error", [ValueError("of smsctl"), KeyboardInterrupt(), SystemExit(1)], ids=repr)
def test_a_fault_in_a_thread_makes_its_batch_unknown_and_the_thread_goes_on(
    error: BaseException, begin: Begin
) -> None:
    def faulty(_: Batch) -> Answer:
        raise error

    gateway = ScriptedGateway(faulty, accepted)
    workers = begin(gateway, 1)
    workers.submit(claim(1))
    (lost,) = gathered(workers, 1)
    assert (lost.error, lost.answer.verdict) == (error, SubmitVerdict.UNCLEAR)
    assert [one.status for one in lost.answer.receipts] == [Status.UNKNOWN]
    workers.stored([lost])
    workers.submit(claim(2))
    (done,) = gathered(workers, 1)
    assert (done.error, done.answer.verdict) == (None, SubmitVerdict.ANSWERED)


def test_nothing_has_arrived_before_the_gateway_answers(begin: Begin) -> None:
    door = Door()
    workers = begin(ScriptedGateway(door), 3)
    for number in (1, 2, 3):
        workers.submit(claim(number))
    door.wait_for(3)
    assert workers.arrived() == []
    door.opened.set()
    done = gathered(workers, 3)
    assert sorted(one.claim.id for one in done) == [1, 2, 3]


def shown(up_s: float, shown_s: float) -> ClockReading:
    return ClockReading(since_boot_s=up_s, shown_s=shown_s)


TOO_LONG_S = STALE_AFTER_S + 1


@pytest.mark.parametrize(
    ("up_s", "shown_s", "leaves"),
    [(0, 0, True), (TOO_LONG_S, TOO_LONG_S, False), (0, TOO_LONG_S, False), (1, -3600, True)],
    ids=["at once", "asleep", "paused, as a virtual machine is", "its clock was set back"],
)
def test_a_claim_that_a_machine_slept_over_is_given_back(
    up_s: float, shown_s: float, *, leaves: bool
) -> None:
    times, gateway = iter([shown(100, 5000), shown(100 + up_s, 5000 + shown_s)]), ScriptedGateway(accepted)
    workers = Workers(gateway, 1, read_clock=lambda: next(times))
    workers.submit(claim(1))
    (done,) = workers.gather()
    workers.dismiss()
    assert (len(gateway.submitted), done.answer.verdict) == (
        (1, SubmitVerdict.ANSWERED) if leaves else (0, SubmitVerdict.STALE)
    )


@pytest.mark.parametrize(
    ("up_s", "shown_s", "late"),
    [(STALE_AFTER_S - 1, 0, False), (TOO_LONG_S, 0, True), (0, TOO_LONG_S, True), (1, -3600, False)],
    ids=["nearly a minute", "asleep", "paused, as a virtual machine is", "its clock was set back"],
)
def test_a_gateway_that_asks_once_more_hears_of_a_sleep_meanwhile(
    up_s: float, shown_s: float, *, late: bool
) -> None:
    readings, gateway = [shown(100, 5000)], ScriptedGateway(accepted)
    workers = Workers(gateway, 1, read_clock=lambda: readings[-1])
    workers.submit(claim(1))
    workers.gather()
    workers.dismiss()
    readings.append(shown(100 + up_s, 5000 + shown_s))
    assert gateway.late[0]() is late


@pytest.mark.parametrize(("waited_s", "leaves"), [(1, True), (STALE_AFTER_S + 1, False), (101, False)])
def test_a_claim_whose_commit_took_too_long_is_given_back(waited_s: float, *, leaves: bool) -> None:
    """On a server that others share: they may have taken it for lost meanwhile."""
    gateway = ScriptedGateway(accepted)
    workers = Workers(gateway, 1, read_clock=lambda: shown(100 + waited_s, 5000 + waited_s))
    claimant = Claimant(host="one", at="2026-11-22T08:00:00.000Z", read=shown(100, 5000))
    workers.submit(claim(1)._replace(by=claimant))
    (done,) = workers.gather()
    workers.dismiss()
    assert (len(gateway.submitted), done.answer.verdict) == (
        (1, SubmitVerdict.ANSWERED) if leaves else (0, SubmitVerdict.STALE)
    )


@pytest.mark.parametrize("receipts", [(), ("a-2",), ("a-1", "a-1")])
def test_an_answer_that_is_not_of_the_batch_makes_that_batch_alone_unknown(
    receipts: tuple[str, ...], begin: Begin
) -> None:
    def of_another(batch: Batch) -> Answer:
        told = accepted(batch)
        return told._replace(receipts=tuple(told.receipts[0]._replace(reference=one) for one in receipts))

    workers = begin(ScriptedGateway(of_another, accepted), 1)
    for number in (1, 2):
        workers.submit(claim(number))
        (done,) = gathered(workers, 1)
        workers.stored([done])
        told = SubmitVerdict.UNCLEAR if number == 1 else SubmitVerdict.ANSWERED
        assert (done.answer.verdict, len(done.answer.receipts)) == (told, 1)
        assert isinstance(done.error, AssertionError) is (number == 1)
