import _thread
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from smsctl.actions.run_progress import SendPace
from smsctl.actions.stop_signal import StopReason, StopSignal
from smsctl.actions.workers import Workers
from smsctl.domain.mailing import Ceilings
from smsctl.domain.message import Answer, Batch, Status, SubmitVerdict
from smsctl.errors import ExitCode, LedgerError, Sentence, say
from smsctl.ledger import batches, lock
from smsctl.ledger.store import Ledger

from ..ledger.conftest import opened_again
from ..ledger.holding import Holder, tell_of_waits_at_once
from ..ledger.sending import claim
from .desk import (
    PACE,
    Desk,
    Script,
    ScriptedGateway,
    accepted,
    all_of_it,
    each,
    moment,
    not_reached,
    refused,
    stale,
    unclear,
)


@pytest.fixture
def desk(tmp_path: Path, opener: Callable[[Path], Ledger]) -> Iterator[Desk]:
    made = Desk(tmp_path, opener=opener)
    yield made
    made.ledger.close()


def test_sends_every_message_once_in_batches_and_in_order(desk: Desk) -> None:
    mailing = desk.mailing(12)
    gateway = ScriptedGateway(accepted)
    result = desk.send(mailing, gateway)
    assert (result.exit_code, result.stop, result.states) == (ExitCode.OK, None, {Status.ACCEPTED: 12})
    assert [len(batch.messages) for batch in gateway.submitted] == [5, 5, 2]
    assert gateway.references == [f"{mailing.reference}-{place}" for place in range(1, 13)]
    assert desk.states(mailing) == {"accepted": 12}
    assert desk.parts(mailing) == 12


def test_a_batch_is_no_larger_than_the_gateway_takes(desk: Desk) -> None:
    gateway = ScriptedGateway(accepted, max_batch=3)
    desk.send(desk.mailing(7), gateway)
    assert [len(batch.messages) for batch in gateway.submitted] == [3, 3, 1]


def test_what_another_left_on_the_wire_after_we_were_asked_is_unknown(desk: Desk) -> None:
    """Its process was alive when the ledger was opened, and died while a question stood on the screen."""
    mailing = desk.mailing(12)
    with lock.right_to_send(desk.ledger, mailing.reference):
        claim(desk.ledger, mailing, 5, moment())
    result = desk.send(mailing, ScriptedGateway(accepted))
    assert desk.states(mailing) == {"unknown": 5, "accepted": 7}
    assert result.states[Status.ACCEPTED] == 7


def test_what_was_sent_is_not_sent_again(desk: Desk) -> None:
    mailing = desk.mailing(7)
    desk.send(mailing, ScriptedGateway(accepted))
    gateway = ScriptedGateway(accepted)
    assert desk.send(mailing, gateway).exit_code is ExitCode.OK
    assert gateway.submitted == []


@pytest.mark.parametrize(
    ("script", "states", "stop", "code", "submitted"),
    [
        pytest.param([refused], {"pending": 12}, StopReason.REFUSED, ExitCode.GATEWAY, 1, id="refused"),
        pytest.param(
            [accepted, refused],
            {"accepted": 5, "pending": 7},
            StopReason.REFUSED,
            ExitCode.GATEWAY,
            2,
            id="refused later",
        ),
        pytest.param(
            [not_reached], {"pending": 12}, StopReason.UNREACHED, ExitCode.STOPPED, 4, id="never reached"
        ),
        pytest.param(
            [accepted, not_reached],
            {"accepted": 5, "pending": 7},
            StopReason.UNREACHED,
            ExitCode.STOPPED,
            5,
            id="lost on the way",
        ),
        pytest.param(
            [not_reached, not_reached, not_reached, accepted],
            {"accepted": 12},
            None,
            ExitCode.OK,
            6,
            id="reached at last",
        ),
        pytest.param(
            [not_reached, not_reached, not_reached, accepted, not_reached, accepted],
            {"accepted": 12},
            None,
            ExitCode.OK,
            7,
            id="the tries are counted anew after an answer",
        ),
        pytest.param(
            [unclear],
            {"unknown": 10, "pending": 2},
            StopReason.UNCLEAR,
            ExitCode.UNSETTLED,
            2,
            id="two unclear",
        ),
        pytest.param(
            [each(Status.UNKNOWN, Status.PENDING, Status.PENDING, verdict=SubmitVerdict.UNCLEAR)],
            {"unknown": 4, "pending": 8},
            StopReason.UNCLEAR,
            ExitCode.UNSETTLED,
            2,
            id="two unclear by e-mail, and the rest of their batches not tried",
        ),
        pytest.param(
            [unclear, accepted, unclear],
            {"unknown": 7, "accepted": 5},
            None,
            ExitCode.UNSETTLED,
            3,
            id="unclear now and then",
        ),
        pytest.param([stale], {"pending": 12}, StopReason.UNREACHED, ExitCode.STOPPED, 4, id="always stale"),
        pytest.param([stale, accepted], {"accepted": 12}, None, ExitCode.OK, 4, id="stale"),
        pytest.param(
            [each(Status.ACCEPTED, Status.REJECTED)],
            {"accepted": 7, "rejected": 5},
            None,
            ExitCode.REJECTED,
            3,
            id="some rejected",
        ),
        pytest.param(
            [each(Status.HELD), accepted], {"held": 5, "accepted": 7}, None, ExitCode.UNSETTLED, 3, id="held"
        ),
        pytest.param(
            [each(Status.ACCEPTED, Status.UNKNOWN, verdict=SubmitVerdict.UNCLEAR)],
            {"accepted": 7, "unknown": 5},
            None,
            ExitCode.UNSETTLED,
            3,
            id="partly unclear is an answer",
        ),
        pytest.param(
            [each(Status.PENDING, Status.ACCEPTED, verdict=SubmitVerdict.REFUSED)],
            {"accepted": 2, "pending": 10},
            StopReason.REFUSED,
            ExitCode.GATEWAY,
            1,
            id="partly refused",
        ),
    ],
)
def test_each_answer_leaves_the_states_and_the_code_it_means(
    desk: Desk,
    script: list[Script],
    states: dict[str, int],
    stop: StopReason | None,
    code: ExitCode,
    submitted: int,
) -> None:
    mailing = desk.mailing(12)
    gateway = ScriptedGateway(*script)
    result = desk.send(mailing, gateway)
    assert desk.states(mailing) == states
    assert (result.stop, result.exit_code) == (stop, code)
    assert (result.why is None) is (stop is None)
    assert len(gateway.submitted) == submitted
    costing = sum(n for state, n in states.items() if state not in {"pending", "rejected"})
    assert desk.parts(mailing) == costing


def test_what_was_given_back_keeps_its_place_and_its_references(desk: Desk) -> None:
    mailing = desk.mailing(7)
    gateway = ScriptedGateway(not_reached, accepted)
    desk.send(mailing, gateway)
    first, again, _ = gateway.submitted
    assert first.messages == again.messages
    assert first.reference != again.reference


def test_a_busy_gateway_is_left_alone_as_long_as_it_asks(desk: Desk) -> None:
    busy = all_of_it(Status.PENDING, SubmitVerdict.BUSY, retry_after_s=0.3)
    mailing = desk.mailing(5)
    gateway = ScriptedGateway(busy, accepted)
    result = desk.send(mailing, gateway, pace=PACE._replace(longest_pause_s=10))
    assert result.exit_code is ExitCode.OK
    assert gateway.at[1] - gateway.at[0] >= 0.3


def test_what_is_marked_ahead_leaves_a_busy_gateway_alone_too(desk: Desk) -> None:
    busy = all_of_it(Status.PENDING, SubmitVerdict.BUSY, retry_after_s=0.6)
    judged, answered = threading.Event(), list[Batch]()

    def slow(batch: Batch) -> Answer:
        assert judged.wait(10)
        answered.append(batch)
        return accepted(batch)

    gateway = ScriptedGateway(busy, slow, slow, slow, slow, accepted)
    mailing = desk.mailing(30)
    pace = PACE._replace(connections=4, longest_pause_s=10)
    result = desk.send(mailing, gateway, pace=pace, told=lambda _: judged.set())
    assert (result.exit_code, len(answered)) == (ExitCode.OK, 4)
    assert gateway.at[5] - gateway.at[0] >= 0.6, "it was asked before its time"
    assert sorted({*gateway.references}) == sorted(gateway.references[5:])
    assert desk.states(mailing) == {"accepted": 30}


def test_a_gateway_that_takes_some_each_time_is_asked_until_all_are_taken(desk: Desk) -> None:
    """As a mail server does that ends each session after so many mails."""
    gateway = ScriptedGateway(each(Status.ACCEPTED, Status.PENDING, verdict=SubmitVerdict.BUSY))
    mailing = desk.mailing(30)
    result = desk.send(mailing, gateway)
    assert (result.exit_code, desk.states(mailing)) == (ExitCode.OK, {"accepted": 30})
    assert len(gateway.submitted) > 4


@pytest.mark.parametrize("connections", [1, 4])
def test_a_mailing_of_nobody_ends_well_and_submits_nothing(connections: int, desk: Desk) -> None:
    gateway = ScriptedGateway(accepted)
    result = desk.send(desk.mailing(0), gateway, pace=PACE._replace(connections=connections))
    assert (result.exit_code, gateway.submitted) == (ExitCode.OK, [])


def test_no_gateway_is_waited_for_longer_than_the_longest_pause(desk: Desk) -> None:
    busy = all_of_it(Status.PENDING, SubmitVerdict.BUSY, retry_after_s=100_000)
    assert desk.send(desk.mailing(5), ScriptedGateway(busy, accepted)).exit_code is ExitCode.OK
    assert SendPace().longest_pause_s == 600, "the documents promise ten minutes"


def test_a_clear_answer_between_two_unclear_ones_lets_the_run_go_on(desk: Desk) -> None:
    gateway = ScriptedGateway(unclear, accepted, unclear, unclear, accepted)
    result = desk.send(desk.mailing(30), gateway)
    assert result.stop is StopReason.UNCLEAR
    assert len(gateway.submitted) == 4


@pytest.mark.parametrize("bad", [unclear, refused])
def test_of_many_that_are_marked_no_more_leave_when_the_gateway_turns_bad(bad: Script, desk: Desk) -> None:
    gateway = ScriptedGateway(*[accepted] * 60, bad)
    mailing = desk.mailing(500)
    result = desk.send(mailing, gateway, pace=PACE._replace(connections=4))
    assert result.stop in {StopReason.UNCLEAR, StopReason.REFUSED}
    left = desk.states(mailing)
    assert len(gateway.submitted) - 60 <= 2 * 4, "those on the wire, and when it is tried again"
    assert left["accepted"] + left["pending"] + left.get("unknown", 0) == 500


def test_a_gateway_that_is_not_reached_is_left_alone_longer_each_time(desk: Desk) -> None:
    gateway = ScriptedGateway(not_reached, not_reached, accepted)
    pace = PACE._replace(first_pause_s=0.45, longest_pause_s=9)
    desk.send(desk.mailing(5), gateway, pace=pace)
    first, second, third = gateway.at
    assert second - first >= 0.36  # a fifth less than was asked for, at the least
    assert third - second >= 1.08


@pytest.mark.parametrize(("size", "most"), [(10, 23), (150, 3)], ids=["over 200", "over two batches"])
def test_too_many_unknown_stop_the_run_though_no_batch_was_wholly_unclear(
    desk: Desk, size: int, most: int
) -> None:
    mailing = desk.mailing(600)
    nearly = [Status.UNKNOWN] * (size - 1) + [Status.ACCEPTED]
    gateway = ScriptedGateway(each(*nearly, verdict=SubmitVerdict.UNCLEAR))
    result = desk.send(mailing, gateway, pace=PACE._replace(batch_size=size))
    assert result.stop is StopReason.UNCLEAR
    assert len(gateway.submitted) == most
    assert desk.states(mailing)["pending"] == 600 - most * size


@pytest.mark.parametrize("connections", [1, 4])
@pytest.mark.parametrize(
    ("ceilings", "name"),
    [
        (Ceilings(max_parts=12), "max_parts_per_run"),
        (Ceilings(max_parts_per_day=12), "max_parts_per_day"),
        (Ceilings(max_new_packages=0), "max_new_packages"),
        (Ceilings(max_parts_per_day_of_user=12), "The user elin may send 12 parts a day"),
    ],
)
def test_a_ceiling_is_filled_and_never_passed(
    opener: Callable[[Path], Ledger], tmp_path: Path, ceilings: Ceilings, name: str, connections: int
) -> None:
    desk = Desk(tmp_path, package_size=12, opener=opener)
    mailing = desk.mailing(20)
    result = desk.send(
        mailing,
        ScriptedGateway(accepted),
        pace=PACE._replace(connections=connections),
        ceilings=ceilings,
    )
    assert desk.states(mailing) == {"accepted": 12, "pending": 8}
    assert (result.stop, result.exit_code) == (StopReason.CEILING, ExitCode.REFUSED)
    assert name in str(result.why)
    desk.ledger.close()


@pytest.mark.parametrize(
    ("why", "code"),
    [(StopReason.INTERRUPTED, ExitCode.INTERRUPTED), (StopReason.TERMINATED, ExitCode.TERMINATED)],
)
@pytest.mark.parametrize("connections", [1, 3])
def test_the_brake_ends_the_run_after_what_is_in_flight(
    desk: Desk, why: StopReason, code: ExitCode, connections: int
) -> None:
    stop_signal = StopSignal()
    mailing = desk.mailing(40)
    all_there = threading.Barrier(
        connections, action=lambda: stop_signal.ask(why) if not stop_signal.asked else None
    )

    def asking(batch: Batch) -> Answer:
        all_there.wait(10)
        return accepted(batch)

    result = desk.send(
        mailing, ScriptedGateway(asking), stop_signal=stop_signal, pace=PACE._replace(connections=connections)
    )
    assert (result.stop, result.exit_code) == (why, code)
    assert desk.states(mailing) == {"accepted": 5 * connections, "pending": 40 - 5 * connections}


@pytest.fixture
def signalled() -> Iterator[StopSignal]:
    stop_signal = StopSignal()
    before = signal.signal(signal.SIGUSR1, lambda *_: stop_signal.ask(StopReason.INTERRUPTED))
    yield stop_signal
    signal.signal(signal.SIGUSR1, before)


def test_the_brake_twice_ends_the_run_at_once_and_what_is_in_flight_is_unknown(
    desk: Desk, signalled: StopSignal
) -> None:
    mailing = desk.mailing(20)
    over = threading.Event()

    def silent(batch: Batch) -> Answer:
        for _ in range(2):
            time.sleep(0.05)  # signals that arrive together are one
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
        over.wait(30)
        return accepted(batch)

    result = desk.send(mailing, ScriptedGateway(accepted, silent), stop_signal=signalled)
    over.set()
    assert desk.states(mailing) == {"accepted": 5, "unknown": 5, "pending": 10}
    assert (result.stop, result.exit_code) == (StopReason.INTERRUPTED, ExitCode.INTERRUPTED)
    assert desk.recover() == 0


def test_at_once_gives_back_what_no_thread_has_begun(desk: Desk, signalled: StopSignal) -> None:
    mailing = desk.mailing(20)
    over = threading.Event()

    def mute(batch: Batch) -> Answer:
        over.wait(30)
        return accepted(batch)

    def stopped(batch: Batch) -> Answer:
        for _ in range(2):
            time.sleep(0.05)  # signals that arrive together are one
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
        return mute(batch)

    gateway = ScriptedGateway(mute, stopped, mute)
    desk.send(mailing, gateway, stop_signal=signalled, pace=PACE._replace(connections=2))
    over.set()
    assert desk.states(mailing) == {"unknown": 10, "pending": 10}
    assert desk.recover() == 0


def test_no_connection_waits_for_the_disk(desk: Desk) -> None:
    mailing = desk.mailing(20)
    third = threading.Event()
    other = Holder(desk.ledger)

    def holding_the_ledger(batch: Batch) -> Answer:
        other.hold()
        return accepted(batch)

    def waiting(batch: Batch) -> Answer:
        assert third.wait(10), "the next batch was not marked ahead"
        return accepted(batch)

    def releasing_it(batch: Batch) -> Answer:
        other.release()
        third.set()
        return accepted(batch)

    gateway = ScriptedGateway(holding_the_ledger, waiting, releasing_it, accepted)
    desk.send(mailing, gateway, pace=PACE._replace(connections=2))
    other.close()
    assert desk.states(mailing) == {"accepted": 20}


def test_a_claim_is_not_late_at_once(desk: Desk) -> None:
    gateway = ScriptedGateway(accepted)
    desk.send(desk.mailing(5), gateway)
    assert not gateway.late[0]()


def test_many_connections_lose_no_receipt(desk: Desk) -> None:
    mailing = desk.mailing(400)
    at_once = threading.Semaphore(8)
    most = [0]
    inside = Counter[str]()
    lock = threading.Lock()

    def slow(batch: Batch) -> Answer:
        assert at_once.acquire(blocking=False), "more batches in flight than connections"
        with lock:
            inside["now"] += 1
            most[0] = max(most[0], inside["now"])
        time.sleep(0.001 * (len(batch.reference) % 3 + int(batch.reference[-1]) % 4))
        with lock:
            inside["now"] -= 1
        at_once.release()
        return accepted(batch)

    gateway = ScriptedGateway(slow)
    result = desk.send(mailing, gateway, pace=PACE._replace(connections=8))
    assert result.states == {Status.ACCEPTED: 400}
    assert desk.states(mailing) == {"accepted": 400}
    assert max(Counter(gateway.references).values()) == 1
    ids = desk.ledger.rows("SELECT gateway_id FROM messages ORDER BY id")
    assert [found for (found,) in ids] == [f"id-{mailing.reference}-{place}" for place in range(1, 401)]
    assert most[0] > 1


def fail(batch: Batch) -> Answer:
    message = "a fault of our own"
    raise ArithmeticError(message)


@pytest.mark.parametrize("connections", [1, 4])
def test_a_fault_in_the_gateways_code_makes_its_batch_unknown_and_is_not_hidden(
    desk: Desk, connections: int
) -> None:
    mailing = desk.mailing(40)
    gateway = ScriptedGateway(accepted, fail, accepted)
    with pytest.raises(ArithmeticError):
        desk.send(mailing, gateway, pace=PACE._replace(connections=connections))
    assert desk.recover() == 0, "a batch was marked and never submitted, or its answer was dropped"
    states = desk.states(mailing)
    assert states["unknown"] == 5
    assert states["accepted"] == 5 * (len(gateway.submitted) - 1)
    assert states["pending"] == 40 - 5 * len(gateway.submitted)


def test_receipts_that_are_not_the_batchs_are_not_stored(desk: Desk) -> None:
    mailing = desk.mailing(10)

    def mixed_up(batch: Batch) -> Answer:
        answer = accepted(batch)
        return answer._replace(receipts=answer.receipts[::-1])

    with pytest.raises(AssertionError, match="not those of the batch"):
        desk.send(mailing, ScriptedGateway(mixed_up))
    assert desk.states(mailing) == {"unknown": 5, "pending": 5}
    assert desk.recover() == 0


def test_a_second_run_of_the_same_mailing_ends_at_once(desk: Desk) -> None:
    mailing = desk.mailing(10)
    second: list[str] = []

    def meanwhile(batch: Batch) -> Answer:
        other = Desk.__new__(Desk)
        other.ledger = opened_again(desk.ledger)
        other.now = desk.now
        with pytest.raises(LedgerError) as caught:
            other.send(mailing, ScriptedGateway(accepted))
        assert other.recover() == 0
        other.ledger.close()
        second.append(str(caught.value))
        return accepted(batch)

    assert desk.send(mailing, ScriptedGateway(meanwhile)).exit_code is ExitCode.OK
    assert "being sent, cancelled or settled by another process" in second[0]
    assert desk.states(mailing) == {"accepted": 10}


def test_a_clock_set_back_is_noticed_though_the_ledger_was_written_since(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    noon_s = time.time() + 24 * 3600
    desk.now = lambda: moment(noon_s - 7 * 3600)
    mailing = desk.mailing(10)

    desk.now = lambda: moment(noon_s)
    with monkeypatch.context() as broken:
        broken.delattr("smsctl.ledger.batches.settle")
        with pytest.raises(AttributeError):
            desk.send(mailing, ScriptedGateway(accepted))
    desk.now = lambda: moment(noon_s - 6 * 3600)
    assert desk.recover() == 5
    gateway = ScriptedGateway(accepted)
    with pytest.raises(LedgerError, match="The clock says"):
        desk.send(mailing, gateway)
    assert gateway.submitted == []


@pytest.mark.parametrize("connections", [1, 4])
def test_a_clock_that_goes_back_during_the_run_stops_it_and_no_time_goes_back(
    connections: int, desk: Desk
) -> None:
    began_s = time.time()
    mailing, shown_s = desk.mailing(60), [began_s]
    desk.now = lambda: moment(shown_s[0])

    def answered(batch: Batch) -> Answer:
        if len(gateway.submitted) > 3:
            shown_s[0] = began_s - 21 * 3600
        return accepted(batch)

    gateway = ScriptedGateway(answered)
    result = desk.send(mailing, gateway, pace=PACE._replace(connections=connections))
    assert (result.stop, result.exit_code) == (StopReason.CLOCK, ExitCode.LEDGER)
    assert "--accept-clock --reason TEXT" in str(result.mend)
    sent = len(gateway.references)
    assert 0 < sent < 60
    assert desk.states(mailing) == {"accepted": sent, "pending": 60 - sent}  # all answers are stored
    assert times(desk) == sorted(times(desk))
    desk.now = moment
    assert desk.send(mailing, ScriptedGateway(accepted)).exit_code is ExitCode.OK


def test_a_clock_that_goes_back_by_little_is_taken_for_the_newest_time(desk: Desk) -> None:
    began_s, mailing = time.time(), desk.mailing(60)
    shown_s = iter([began_s - 299.0 * (step % 2) for step in range(1000)])
    desk.now = lambda: moment(next(shown_s))
    result = desk.send(mailing, ScriptedGateway(accepted))
    assert (result.stop, desk.states(mailing)) == (None, {"accepted": 60})
    assert set(times(desk)) == {moment(began_s).at}


def times(desk: Desk) -> list[str]:
    return [at for (at,) in desk.ledger.rows("SELECT claimed_at FROM batches ORDER BY id")]


def test_progress_is_told_of_what_is_durable(desk: Desk) -> None:
    mailing = desk.mailing(12)
    told: list[int] = []

    def look(states: Counter[Status]) -> None:
        told.append(states.total())
        assert desk.in_order(mailing).count("accepted") == states.total()

    desk.send(mailing, ScriptedGateway(accepted), told=look)
    assert told == [5, 10, 12]


def test_a_signal_that_does_not_wake_the_wait_for_an_answer_is_noticed_all_the_same(
    desk: Desk, signalled: StopSignal
) -> None:
    mailing, ended = desk.mailing(5), threading.Event()

    def silent(batch: Batch) -> Answer:
        _thread.interrupt_main(signal.SIGUSR1)  # wakes nobody, as a signal just before the wait begins
        until = time.monotonic() + 10
        while not signalled.asked and time.monotonic() < until:
            time.sleep(0.001)
        _thread.interrupt_main(signal.SIGUSR1)
        ended.wait(10)
        return accepted(batch)

    result = desk.send(mailing, ScriptedGateway(silent), stop_signal=signalled)
    ended.set()
    assert (result.stop, result.states) == (StopReason.INTERRUPTED, {Status.UNKNOWN: 5})


def test_the_brake_a_third_time_does_not_even_wait_for_the_ledger(desk: Desk, signalled: StopSignal) -> None:
    mailing = desk.mailing(10)
    tell_of_waits_at_once(desk.ledger)
    other = Holder(desk.ledger)

    def answered(batch: Batch) -> Answer:
        other.hold()
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
        return accepted(batch)

    def waits(_: Sentence) -> None:
        for _again in range(2):
            signal.raise_signal(signal.SIGUSR1)

    desk.ledger.on_wait = waits
    result = desk.send(mailing, ScriptedGateway(answered), stop_signal=signalled)
    other.close()
    assert (result.stop, result.exit_code) == (StopReason.INTERRUPTED, ExitCode.INTERRUPTED)
    assert "counts as unknown" in str(result.why)
    assert desk.states(mailing) == {"sending": 5, "pending": 5}
    assert desk.recover() == 5
    assert desk.states(mailing) == {"unknown": 5, "pending": 5}


def test_nor_does_it_where_the_brake_twice_has_ended_the_wait_for_the_gateway(
    desk: Desk, signalled: StopSignal
) -> None:
    mailing, ended = desk.mailing(10), threading.Event()
    tell_of_waits_at_once(desk.ledger)
    other = Holder(desk.ledger)

    def silent(batch: Batch) -> Answer:
        other.hold()
        main = threading.main_thread().ident or 0
        signal.pthread_kill(main, signal.SIGUSR1)
        until = time.monotonic() + 10
        while not signalled.asked and time.monotonic() < until:
            time.sleep(0.001)
        signal.pthread_kill(main, signal.SIGUSR1)
        ended.wait(10)
        return accepted(batch)

    desk.ledger.on_wait = lambda _: signal.raise_signal(signal.SIGUSR1)
    result = desk.send(mailing, ScriptedGateway(silent), stop_signal=signalled)
    ended.set()
    other.close()
    assert (result.stop, result.exit_code) == (StopReason.INTERRUPTED, ExitCode.INTERRUPTED)
    assert "counts as unknown" in str(result.why)
    assert desk.states(mailing) == {"sending": 5, "pending": 5}
    assert desk.recover() == 5
    assert desk.states(mailing) == {"unknown": 5, "pending": 5}


def test_who_asks_when_all_is_over_interrupts_nothing(desk: Desk, signalled: StopSignal) -> None:
    result = desk.send(desk.mailing(1), ScriptedGateway(accepted), stop_signal=signalled)
    for _ in range(4):
        signal.raise_signal(signal.SIGUSR1)
    assert (result.stop, result.states) == (None, {Status.ACCEPTED: 1})


def _breaks_off_with_one_marked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> ScriptedGateway:
    """Let a run end by what it cannot store, with four batches at the gateway and one that none has begun."""
    inside, door, before = threading.Semaphore(0), threading.Event(), threading.enumerate()

    def answer(batch: Batch) -> Answer:
        inside.release()
        if not batch.reference.endswith("-b1"):
            assert door.wait(30)
        return accepted(batch)

    def fails(*_given: object) -> Answer:
        for _ in range(5):
            assert inside.acquire(timeout=30)
        raise LedgerError(say("the disk is broken"))

    monkeypatch.setattr(batches, "settle", fails)
    gateway = ScriptedGateway(answer)
    with pytest.raises(LedgerError, match="broken"):
        desk.send(desk.mailing(30), gateway, pace=PACE._replace(connections=4))
    monkeypatch.undo()
    door.set()
    for thread in set(threading.enumerate()) - set(before):
        thread.join(30)
    return gateway


def test_what_is_marked_when_a_run_breaks_off_leaves_no_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has the right next is told by a person that it was not sent, and sends it."""
    assert len(_breaks_off_with_one_marked(desk, monkeypatch).submitted) == 5


def test_by_the_right_alone_it_would_leave_after_that_was_given_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    over = property(lambda _workers: False, lambda *_: None)
    monkeypatch.setattr(Workers, "_over", over, raising=False)
    with monkeypatch.context() as patched:
        assert len(_breaks_off_with_one_marked(desk, patched).submitted) == 6
