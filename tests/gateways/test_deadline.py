import threading
import time

from smsctl.gateways.deadline import Deadlines


def test_rings_in_the_order_of_the_times_and_not_before() -> None:
    clock, rung, done = Deadlines(), list[str](), threading.Event()
    started = time.monotonic()
    clock.set(0.15, done.set)
    clock.set(0.1, lambda: rung.append("second"))
    clock.set(0.05, lambda: rung.append("first"))
    assert done.wait(5)
    assert rung == ["first", "second"]
    assert time.monotonic() - started >= 0.15


def test_an_alarm_that_was_switched_off_stays_silent() -> None:
    clock, rung, done = Deadlines(), list[str](), threading.Event()
    clock.set(0.02, lambda: rung.append("off")).off = True
    clock.set(0.05, done.set)
    assert done.wait(5)
    assert rung == []


def test_an_earlier_alarm_wakes_a_clock_that_sleeps_long() -> None:
    clock, done = Deadlines(), threading.Event()
    clock.set(60, lambda: None)
    time.sleep(0.05)
    clock.set(0.05, done.set)
    assert done.wait(5)


def test_one_thread_serves_all_alarms_and_forgets_those_switched_off() -> None:
    clock, before = Deadlines(), threading.active_count()
    for _ in range(1000):
        clock.set(60, lambda: None).off = True
    assert threading.active_count() == before + 1
    done = threading.Event()
    clock.set(0.01, done.set)
    assert done.wait(5)
