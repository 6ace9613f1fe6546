"""`smsctl gateway verify-dedup`: one real double send, held to the rules of every other."""

import json
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from smsctl.host.users import whoever
from smsctl.simulator.faults import Fault
from smsctl.simulator.server import Behaviour

from ..conftest import SECRET, Live, LiveGateway, MakeConfig
from ..front_door import Ran, Run, begin_process, end_process
from ..gateways.fault_server import FaultServer, Line, no_simulator, reply
from .conftest import guardians, wait_until

ME = whoever().user
CHECKED = Behaviour(unique_references=True)
SET = {"unique_references": True}


def verify(live: Live, run: Run, *flags: str) -> Ran:
    return run("--config", live.config, "gateway", "verify-dedup", "+46701740605", "--yes", *flags)


def states(live: Live, run: Run) -> dict[str, int]:
    found: dict[str, int] = run("--config", live.config, "mailings", "show", 1, "--json").data["states"]
    return found


def test_a_refused_repeat_is_the_proof(live_gateway: LiveGateway, run: Run) -> None:
    live = live_gateway(CHECKED, gateway=SET)
    ran = verify(live, run)
    assert (ran.code, ran.out) == (0, "Proved: the gateway refused the repeat with code 25.\n")
    assert states(live, run) == {"accepted": 1, "rejected": 1}
    assert len(live.simulator.accepted()) == 1


def test_where_nothing_can_refuse_a_repeat_nobody_is_told_to_ask_for_it(
    live_gateway: LiveGateway, run: Run
) -> None:
    live = live_gateway(gateway={"module": "pswincom", "service_id": None})
    ran = verify(live, run)
    assert (ran.code, "Only Intelecom can be set up" in ran.err, "then set it" in ran.err) == (8, True, False)
    assert live.simulator.accepted() == ()


def test_a_repeat_that_is_taken_is_told_and_counted(live_gateway: LiveGateway, run: Run) -> None:
    live = live_gateway(gateway=SET)
    ran = verify(live, run)
    assert ran.code == 6
    assert "Set unique_references = false." in ran.out
    assert states(live, run) == {"accepted": 2}


@pytest.mark.parametrize(
    ("seed", "told", "left"),
    [
        (12, "The first SMS got no clear answer, so nothing is proved", {"unknown": 1, "cancelled": 1}),
        (1, "The repeat got no clear answer, so nothing is proved", {"accepted": 1, "unknown": 1}),
    ],
    ids=["the first is lost", "the repeat is lost"],
)
def test_without_a_clear_answer_nothing_is_proved(
    seed: int, told: str, left: dict[str, int], live_gateway: LiveGateway, run: Run
) -> None:
    live = live_gateway(Behaviour(faults={Fault.RESET: 0.5}, seed=seed), gateway=SET)
    ran = verify(live, run)
    assert (ran.code, told in ran.err, f"smsctl --config {live.config} mailings resolve 1" in ran.err) == (
        4,
        True,
        True,
    )
    assert states(live, run) == left


def accepts(line: Line) -> bytes:
    [message] = json.loads(line.read_request())["message"]
    told = {"statusCode": 1, "clientReference": message["clientReference"], "messageId": "id-1"}
    return reply(200, json.dumps({"messageStatus": [told]}).encode())


def calls_it_a_repeat(line: Line) -> bytes:
    return accepts(line).replace(b'"statusCode": 1,', b'"statusCode":25,')


def refuses_the_login(line: Line) -> bytes:
    line.read_request()
    return reply(401)


def is_busy(line: Line) -> bytes:
    line.read_request()
    return reply(429)


@pytest.mark.parametrize(
    ("answers", "code", "told", "left"),
    [
        ([refuses_the_login], 6, "smsctl --config {config} credential set", {"cancelled": 2}),
        ([accepts, refuses_the_login], 6, "credential set", {"accepted": 1, "cancelled": 1}),
        ([accepts, is_busy], 7, "The repeat got no clear answer", {"accepted": 1, "cancelled": 1}),
        ([calls_it_a_repeat], 7, "as a repeat already (code 25)", {"accepted": 1, "cancelled": 1}),
    ],
    ids=["the first is refused", "the repeat is refused", "the repeat is put off", "every one is a repeat"],
)
def test_what_proves_nothing_leaves_nothing_that_resume_would_send(
    answers: list[Callable[[Line], bytes]],
    code: int,
    told: str,
    left: dict[str, int],
    make_config: MakeConfig,
    monkeypatch: pytest.MonkeyPatch,
    run: Run,
) -> None:
    """What stands for the repeat has a reference of its own: sent later, it would be a second SMS."""
    monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", SECRET)
    waiting = iter(answers)
    posts = []

    def answer(line: Line) -> None:
        posts.append(line)
        line.send(next(waiting, accepts)(line))

    with FaultServer(no_simulator(answer)) as server:
        account = {"module": "intelecom", "url": f"http://127.0.0.1:{server.port}", **SET}
        config = make_config(mode="live", rows=guardians(1), gateway=account)
        run("--config", config, "municipality", "activate", "exempelkommun", "--yes")
        ran = run("--config", config, "gateway", "verify-dedup", "+46701740605", "--yes")
        assert (ran.code, told.format(config=config) in ran.err) == (code, True)
        run("--config", config, "mailings", "resume", 1)
        assert len(posts) == len(answers)
        assert run("--config", config, "mailings", "show", 1, "--json").data["states"] == left


def test_who_may_not_send_may_not_verify(live_gateway: LiveGateway, run: Run) -> None:
    live = live_gateway(CHECKED, gateway=SET, senders={"somebody": {}})
    ran = verify(live, run)
    assert ran.code == 5
    assert f"{ME} may not send" in ran.err
    assert not live.simulator.accepted()


def test_both_submissions_count_against_their_daily_ceiling(live_gateway: LiveGateway, run: Run) -> None:
    live = live_gateway(CHECKED, gateway=SET, senders={ME: {"max_parts_per_day": 1}})
    ran = verify(live, run)
    assert ran.code == 5
    assert f"{ME} may send 1 part a day; 0 already used, and this takes 2." in ran.err
    assert not live.simulator.accepted()


SLOW = Behaviour(unique_references=True, latency_s=0.5)


def killed(live: Live, *argv: object, taken: int) -> None:
    """Begin a command, and kill it when the gateway has taken so many messages in all, before it answers."""
    process = begin_process("--config", live.config, *argv)
    wait_until(lambda: len(live.simulator.accepted()) >= taken)
    process.kill()
    process.communicate()


@pytest.mark.parametrize(
    ("asked", "code"),
    [((signal.SIGINT,), 130), ((signal.SIGTERM,), 143), ((signal.SIGHUP, signal.SIGHUP), 129)],
    ids=["Ctrl-C", "SIGTERM", "SIGHUP, twice"],
)
def test_asked_once_it_ends_after_the_sms_that_is_on_its_way(
    asked: tuple[signal.Signals, ...], code: int, live_gateway: LiveGateway, run: Run
) -> None:
    live = live_gateway(SLOW, gateway=SET)
    process = begin_process("--config", live.config, "gateway", "verify-dedup", "+46701740605", "--yes")
    wait_until(live.simulator.accepted)
    for number in asked:
        process.send_signal(number)
    ran = end_process(process)
    assert (ran.code, "the repeat was not sent, so nothing is proved" in ran.err) == (code, True)
    assert states(live, run) == {"accepted": 1, "cancelled": 1}
    run("--config", live.config, "mailings", "resume", 1)
    assert len(live.simulator.accepted()) == 1


def test_asked_twice_it_ends_at_once_and_tells_that_nobody_knows(live_gateway: LiveGateway, run: Run) -> None:
    live = live_gateway(Behaviour(unique_references=True, latency_s=60), gateway=SET)
    process = begin_process("--config", live.config, "gateway", "verify-dedup", "+46701740605", "--yes")
    wait_until(live.simulator.accepted)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    while "once more to stop at once" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    ran = end_process(process)
    assert (ran.code, "what was on its way counts as unknown" in ran.err) == (130, True)
    assert states(live, run) == {"unknown": 1, "cancelled": 1}


def test_one_that_was_killed_leaves_nothing_that_resume_would_send(
    live_gateway: LiveGateway, run: Run
) -> None:
    live = live_gateway(SLOW, gateway=SET)
    killed(live, "gateway", "verify-dedup", "+46701740605", "--yes", taken=1)
    assert states(live, run) == {"unknown": 2}
    assert run("--config", live.config, "mailings", "resume", 1).code in (0, 4)
    assert len(live.simulator.accepted()) == 1


@pytest.mark.parametrize(
    ("since", "left"),
    [("", "accepted"), ("boot_s = boot_s - 3060", "unknown"), ("boot = 'another one'", "unknown")],
    ids=["now", "51 minutes ago", "before the machine was started"],
)
def test_what_a_killed_run_left_is_asked_for_again_only_within_50_minutes_of_one_boot(
    since: str, left: str, live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = live_gateway(SLOW, rows=guardians(3), gateway=SET)
    assert verify(live, run).code == 0
    bounds = ("--max-parts", 10, "--max-new-packages", 1)
    killed(live, "send", message, "--all", "--yes", *bounds, taken=4)
    if since:
        with closing(sqlite3.connect(live.config.parent / "ledger" / "ledger.db")) as ledger, ledger:
            ledger.execute(f"UPDATE batches SET {since}")
    assert run("--config", live.config, "mailings", "resume", 2).code == (0 if left == "accepted" else 4)
    shown = run("--config", live.config, "mailings", "show", 2, "--json")
    assert shown.data["states"] == {left: 3}
    assert len(live.simulator.accepted()) == 4  # one that tried the account, and these
