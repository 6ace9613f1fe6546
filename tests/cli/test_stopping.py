"""Ctrl-C and SIGTERM in the middle of a mailing: real signals to a real process, and what is left to do."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import chain, repeat
from pathlib import Path
from typing import IO

import pytest

from smsctl.ledger.invoices import Invoice
from smsctl.simulator.server import Behaviour

from ..conftest import SECRET, Live, LiveGateway, MakeConfig
from ..front_door import OWN_TERMINAL, SMSCTL, Ran, Run, Terminal, begin_process, end_process
from ..gateways.fault_server import FaultServer, Line, no_simulator, reply
from .conftest import WAIT_S, guardians, wait_until

ROWS = guardians(6)
SLOW = Behaviour(latency_s=1.0)
SILENT = Behaviour(latency_s=60.0)


def begin(live: Live, message: Path) -> subprocess.Popen[str]:
    """Start a mailing of three batches, and wait until the gateway has the first one."""
    process = begin_process(
        *("--config", live.config, "send", message, "--all", "--yes"),
        *("--max-parts", 6, "--max-new-packages", 1),
    )
    wait_until(live.simulator.accepted)
    return process


def read_until(stream: IO[str] | None, text: str) -> None:
    assert stream is not None
    while text not in (line := stream.readline()):
        assert line, f"{text!r} was never said"


def resume(live: Live, run: Run) -> Ran:
    return run("--config", live.config, "mailings", "resume", 1, "--json")


def recipients(live: Live) -> Counter[str]:
    return Counter(message.recipient for message in live.simulator.accepted())


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_the_first_signal_stops_after_the_batch_in_flight(
    number: signal.Signals, code: int, live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = live_gateway(SLOW, rows=ROWS, gateway={"batch_size": 2})
    process = begin(live, message)
    process.send_signal(number)
    ran = end_process(process)
    assert ran.code == code
    accepted = len(live.simulator.accepted())
    assert accepted < len(ROWS)
    assert ran.out == ""
    assert f"{len(ROWS) - accepted} pending, {accepted} accepted" in ran.err


def test_somebody_who_looks_is_told_how_to_go_on(live_gateway: LiveGateway, message: Path) -> None:
    live = live_gateway(SLOW, rows=ROWS, gateway={"batch_size": 2})
    with Terminal("--config", live.config, "send", message, "--all", "--yes", "--max-parts", 9) as terminal:
        wait_until(live.simulator.accepted)
        terminal.process.send_signal(signal.SIGINT)
        terminal.wait_for("once more to stop at once")
        ran = terminal.end()
    assert ran.code == 130
    assert f"Send what is pending with: smsctl --config {live.config} mailings resume 1" in " ".join(
        ran.seen.split()
    )


def test_a_stopped_mailing_is_resumed_with_exactly_the_rest(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = live_gateway(SLOW, rows=ROWS, gateway={"batch_size": 2})
    process = begin(live, message)
    process.send_signal(signal.SIGINT)
    end_process(process)
    resumed = resume(live, run)
    assert (resumed.code, resumed.data["outcome"]) == (0, {"accepted": 6})
    assert recipients(live) == Counter([f"+4670174{605 + n:04}" for n in range(6)])


def test_the_second_signal_stops_at_once_and_leaves_the_batch_unknown(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = live_gateway(SILENT, rows=ROWS, gateway={"batch_size": 2})
    process = begin(live, message)
    process.send_signal(signal.SIGINT)
    read_until(process.stderr, "once more to stop at once")
    process.send_signal(signal.SIGINT)
    ran = end_process(process)
    assert ran.code == 130
    assert "4 pending" in ran.said
    assert "2 unknown" in ran.said
    assert "Traceback" not in ran.said


@pytest.mark.parametrize(
    ("hold", "number", "code"),
    [
        ("BEGIN IMMEDIATE", signal.SIGINT, 130),
        ("BEGIN; SELECT COUNT(*) FROM mailings", signal.SIGTERM, 143),
    ],
)
def test_whoever_goes_on_asking_does_not_wait_for_a_ledger_that_is_held(
    hold: str, number: signal.Signals, code: int, live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = live_gateway(SLOW, rows=ROWS, gateway={"batch_size": 2})  # a claim would wait for 30 seconds
    process = begin(live, message)
    with closing(
        sqlite3.connect(live.config.parent / "ledger" / "ledger.db", isolation_level=None)
    ) as holder:
        for statement in hold.split("; "):
            holder.execute(statement).fetchall()
        read_until(process.stderr, "another program holds it")
        asked = 0
        while process.poll() is None:
            process.send_signal(number)
            asked += 1
            time.sleep(1)  # longer than one wait for the ledger, or signals that arrive together are one
        ran = end_process(process)
    assert ran.code == code
    assert asked <= 4
    assert "Stopped without waiting for the ledger: what was on its way counts as unknown." in ran.err
    assert "accepted" not in ran.err  # nothing that was not stored is told
    assert "Traceback" not in ran.said
    shown = run("--config", live.config, "mailings", "show", 1, "--json").data
    assert shown["states"] == {"pending": 4, "unknown": 2}


def test_a_ledger_that_fails_on_the_way_is_told_with_how_to_go_on(
    live_gateway: LiveGateway, message: Path
) -> None:
    live = live_gateway(SLOW, rows=ROWS, gateway={"batch_size": 2})
    process = begin(live, message)
    with closing(sqlite3.connect(live.config.parent / "ledger" / "ledger.db")) as db:
        db.execute("CREATE TRIGGER worn BEFORE UPDATE ON batches BEGIN SELECT RAISE(ABORT, 'worn out'); END")
    ran = end_process(process)
    assert ran.code == 9
    assert "worn out" in ran.err
    assert "Mailing 1 stopped: 4 pending, 2 sending. What was on its way counts as unknown." in ran.err
    assert f"smsctl --config {live.config} mailings resume 1" in ran.err


def test_a_ledger_that_fails_before_anything_has_left_is_told_with_what_stands_there(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    """Whoever only tries again, as told, is refused: the first mailing holds the people."""
    live = live_gateway(rows=ROWS)
    send = ("--config", live.config, "send", message, "--all", "--yes", "--max-parts", 6)
    assert run("--config", live.config, "block", "add", "+46701740699").code == 0
    with closing(sqlite3.connect(live.config.parent / "ledger" / "ledger.db")) as db:
        db.execute("CREATE TRIGGER worn BEFORE INSERT ON batches BEGIN SELECT RAISE(ABORT, 'worn out'); END")
    ran = run(*send)
    assert (ran.code, "worn out" in ran.err) == (9, True)
    assert "Mailing 1 stopped: 6 pending. Once the ledger is well, send the rest with:" in ran.err
    assert f"smsctl --config {live.config} mailings resume 1" in ran.err
    assert not recipients(live)


def test_what_became_unknown_is_not_sent_again(live_gateway: LiveGateway, message: Path, run: Run) -> None:
    live = live_gateway(SILENT, rows=ROWS, gateway={"batch_size": 2})
    process = begin(live, message)
    process.send_signal(signal.SIGINT)
    read_until(process.stderr, "once more to stop at once")
    process.send_signal(signal.SIGINT)
    end_process(process)
    quick = live_gateway(rows=ROWS, gateway={"batch_size": 2})
    resumed = resume(quick, run)
    assert (resumed.code, resumed.data["outcome"]) == (4, {"accepted": 4, "unknown": 2})
    assert recipients(quick) == Counter([f"+4670174{605 + n:04}" for n in range(2, 6)])


def test_a_killed_process_leaves_nothing_to_be_sent_twice(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = live_gateway(SILENT, rows=ROWS, gateway={"batch_size": 2})
    process = begin(live, message)
    process.kill()
    end_process(process)
    quick = live_gateway(rows=ROWS, gateway={"batch_size": 2})
    resumed = resume(quick, run)
    assert (resumed.code, resumed.data["outcome"]) == (4, {"accepted": 4, "unknown": 2})
    assert recipients(live) + recipients(quick) == Counter([f"+4670174{605 + n:04}" for n in range(6)])


def test_two_processes_do_not_send_the_same_mailing(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = live_gateway(SLOW, rows=ROWS, gateway={"batch_size": 2})
    process = begin(live, message)
    other = run("--config", live.config, "mailings", "resume", 1)
    assert other.code == 9
    assert "being sent, cancelled or settled by another process" in other.err
    assert end_process(process).code == 0
    assert set(recipients(live).values()) == {1}


def test_what_another_process_sends_is_cancelled_once_that_was_stopped(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = live_gateway(SLOW, rows=ROWS, gateway={"batch_size": 2})
    process = begin(live, message)
    refused = run("--config", live.config, "mailings", "cancel", 1)
    assert (refused.code, "or stop it with Ctrl-C or SIGTERM there" in refused.err) == (9, True)
    process.terminate()
    assert end_process(process).code == 143
    assert run("--config", live.config, "mailings", "cancel", 1).code == 0
    states = run("--config", live.config, "mailings", "show", 1, "--json").data["states"]
    assert states == {"accepted": 2, "cancelled": len(ROWS) - 2}


def test_a_connection_that_drops_leaves_nothing_unknown(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = live_gateway(SLOW, rows=ROWS, gateway={"batch_size": 2})
    program = (sys.executable, "-c", OWN_TERMINAL, *SMSCTL)
    argv = ("--config", live.config, "send", message, "--all")
    with Terminal(*argv, program=program) as terminal:
        terminal.wait_for("[y/N]")
        terminal.type("y")
        wait_until(live.simulator.accepted)
        terminal.hang_up()
        assert terminal.process.wait(WAIT_S) == 129
    accepted = len(live.simulator.accepted())
    assert accepted < len(ROWS)
    shown = run("--config", live.config, "mailings", "show", 1, "--json").data
    assert shown["states"] == {"accepted": accepted, "pending": len(ROWS) - accepted}


def test_whoever_has_hung_up_may_say_so_again(live_gateway: LiveGateway, message: Path, run: Run) -> None:
    live = live_gateway(SLOW, rows=ROWS, gateway={"batch_size": 2})
    process = begin(live, message)
    while process.poll() is None:  # the kernel, the shell and the session each say it, until the end
        process.send_signal(signal.SIGHUP)
        time.sleep(0.02)
    assert end_process(process).code == 129
    shown = run("--config", live.config, "mailings", "show", 1, "--json").data
    assert "unknown" not in shown["states"]


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT])
def test_what_was_ignored_at_the_start_stays_ignored(
    number: signal.Signals, live_gateway: LiveGateway, message: Path
) -> None:
    live = live_gateway(Behaviour(latency_s=0.3), rows=ROWS, gateway={"batch_size": 2})
    before = signal.signal(number, signal.SIG_IGN)  # as nohup and & leave it to the process
    try:
        process = begin(live, message)
    finally:
        signal.signal(number, before)
    process.send_signal(number)
    assert end_process(process).code == 0
    assert len(live.simulator.accepted()) == len(ROWS)


def test_a_simulator_ends_when_the_terminal_hangs_up(tmp_path: Path) -> None:
    process = begin_process("simulator", "--journal", tmp_path / "journal")
    read_until(process.stdout, "http://")
    process.send_signal(signal.SIGHUP)
    assert end_process(process).code == 129


SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_run_that_is_broken_off_while_it_plans_says_so_and_tells_the_site(
    number: signal.Signals, code: int, make_config: MakeConfig, tmp_path: Path
) -> None:
    config = make_config(notify={"command": f"touch '{tmp_path}/told'"}, log={"path": "log.jsonl"})
    with subprocess.Popen(
        [*SMSCTL, "--config", config, "send", "-", "--all", "--yes", "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        wait_until((tmp_path / "log.jsonl").exists)  # the config is read, and the text is waited for
        process.send_signal(number)
        ran = end_process(process)
    assert (ran.code, ran.err) == (code, "")
    assert ran.json["exit_code"] == code
    assert ran.json["messages"][0]["text"] == "Interrupted; nothing is on its way."
    assert (tmp_path / "told").exists()
    assert f'"exit_code": {code}' in (tmp_path / "log.jsonl").read_text(encoding="utf-8")


def test_what_writes_at_once_and_is_broken_off_may_be_done(make_config: MakeConfig, tmp_path: Path) -> None:
    """Its commit may have come before the signal: `municipality activate` makes an invoice."""
    config, numbers = make_config(), tmp_path / "numbers"
    os.mkfifo(numbers)
    process = begin_process("--config", config, "block", "import", numbers, "--json")
    with numbers.open("w"):  # it reads
        process.send_signal(signal.SIGTERM)
        ran = end_process(process)
    told = [one["text"] for one in ran.json["messages"]]
    assert (ran.code, told[0]) == (143, "Interrupted; nothing is on its way.")
    assert told[1] == "It may be done all the same: typed again, the command tells."


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_question_is_broken_off(
    number: signal.Signals, code: int, make_config: MakeConfig, message: Path
) -> None:
    with Terminal("--config", make_config(), "send", message, "--all") as terminal:
        terminal.wait_for("[y/N]")
        wait_until(lambda: _sleeps(terminal.process.pid))  # it reads; a signal just before is heard later
        terminal.process.send_signal(number)
        ran = terminal.end()
    assert ran.code == code
    assert "Interrupted; nothing was sent." in ran.seen


@pytest.mark.parametrize(
    ("command", "question"),
    [
        ("send message.txt --all", "[y/N] "),
        ("credential set", "(not shown): "),
        ("--config new.toml config init", "[intelecom]: "),
        ("send", "as 1, 2: "),
    ],
)
def test_ctrl_c_at_a_question_ends_its_line_and_says_that_nothing_was_sent(
    command: str, question: str, make_config: MakeConfig, message: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(message.parent)
    monkeypatch.setenv("SMSCTL_CONFIG", str(make_config(gateway={"password": {"source": "keyring"}})))
    program = (sys.executable, "-c", OWN_TERMINAL, *SMSCTL)
    with Terminal(*command.split(), program=program) as terminal:
        terminal.wait_for(question)
        wait_until(lambda: _sleeps(terminal.process.pid))
        terminal.press("\x03")
        ran = terminal.end()
    assert ran.code == 130
    after = ran.seen.rpartition(question)[2].replace("\r", "").replace("^C", "")
    assert after == "\nInterrupted; nothing was sent.\n"


def _sleeps(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2].startswith("S")


@pytest.mark.parametrize("number", [number for number, _ in SIGNALS])
def test_a_run_that_has_ended_tells_the_site_all_the_same(
    number: signal.Signals, live_gateway: LiveGateway, message: Path, tmp_path: Path
) -> None:
    script = tmp_path / "notify.sh"
    script.write_text(f"touch '{tmp_path}/begun'; sleep 0.5; touch '{tmp_path}/told'\n", encoding="utf-8")
    live = live_gateway(active=False, notify={"command": f"sh '{script}'"})
    process = begin_process("--config", live.config, "send", message, "--all", "--yes", "--max-parts", 9)
    wait_until((tmp_path / "begun").exists)
    process.send_signal(number)
    ran = end_process(process)
    assert ran.code == 5  # as it would have been: the service is not active
    assert "Nobody was told" not in ran.err
    assert (tmp_path / "told").exists()


def test_who_insists_does_not_wait_until_the_site_is_told(
    live_gateway: LiveGateway, message: Path, tmp_path: Path
) -> None:
    script = tmp_path / "notify.sh"
    script.write_text(f"touch '{tmp_path}/begun'; exec sleep 25\n", encoding="utf-8")
    live = live_gateway(active=False, notify={"command": f"sh '{script}'"})
    process = begin_process("--config", live.config, "send", message, "--all", "--yes", "--max-parts", 9)
    wait_until((tmp_path / "begun").exists)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.2)  # signals that arrive together are one
    process.send_signal(signal.SIGTERM)
    ran = end_process(process)
    assert ran.code == 5
    assert "Nobody was told of this run: Interrupted" in ran.err


def rejecting_the_first() -> Callable[[Line], None]:
    """Reject the first message there is, be busy for long at the next, and take all after that."""
    codes: Iterator[int] = chain((5, 0), repeat(1))

    def answer(line: Line) -> None:
        body = line.read_request()
        code = next(codes)
        line.send(reply(200, entry_of(body, code)) if code else reply(429, b"", Retry_After="600"))

    return answer


def entry_of(body: bytes, code: int) -> bytes:
    messages = json.loads(body)["message"]
    entries = [
        {"statusCode": code, "clientReference": one["clientReference"], "messageId": "m1"} for one in messages
    ]
    return json.dumps({"messageStatus": entries}).encode()


def test_who_goes_on_for_a_killed_process_tells_of_whom_the_gateway_had_refused(
    make_config: MakeConfig, message: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", SECRET)
    with FaultServer(no_simulator(rejecting_the_first())) as server:
        gateway = {"url": f"http://127.0.0.1:{server.port}", "batch_size": 1}
        config = make_config(mode="live", rows=guardians(3), gateway=gateway)
        run("--config", config, "municipality", "activate", "exempelkommun", "--yes")
        line = ("--config", config, "send", message, "--all", "--yes", "--max-parts", 3, "--key", "k")
        process = begin_process(*line)
        ledger = config.parent / "ledger" / "ledger.db"
        wait_until(lambda: len(server.requests) == 2 and states_in(ledger) == {"rejected": 1, "pending": 2})
        process.kill()
        end_process(process)
        ran = run(*line, "--quiet")
    assert (ran.code, "2 accepted, 1 rejected" in ran.err) == (3, True), ran.said


def states_in(ledger: Path) -> dict[str, int]:
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as opened:
        return dict(opened.execute("SELECT state, COUNT(*) FROM messages GROUP BY state").fetchall())


class _TidiedUp:
    """What asks to end where Python cannot raise that."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


def test_who_is_not_heard_while_python_tidies_up_is_heard_the_next_time(
    make_config: MakeConfig, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def list_invoices(*_: object) -> tuple[Invoice, ...]:
        _TidiedUp()  # gone with its line
        signal.raise_signal(signal.SIGINT)
        return ()

    monkeypatch.setattr("smsctl.cli.money.invoices.invoices_of", list_invoices)
    ran = run("--config", make_config(), "invoices", "list")
    assert ran.code == 130
    assert "Traceback" not in ran.err
