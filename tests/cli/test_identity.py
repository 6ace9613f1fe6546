"""Simulate and live are never mistaken: who is at the other end is asked before anything else is said."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from smsctl.simulator import identity, mailbox
from smsctl.simulator.server import Behaviour, Simulator, start

from ..conftest import SECRET, LiveGateway, MakeConfig
from ..front_door import Run, run_process, run_terminal
from ..gateways.fault_server import FaultServer, Line, free_port
from ..gateways.test_mail import leave, mail_server, say
from .conftest import submitted

LINK = {"module": "pswincom", "service_id": None}
PLAIN = {"unique_references": True}
TEST = ("test", "+46701740605", "hej")
SEND = ("send", "message.txt", "--all", "--yes", "--max-parts", 9, "--max-new-packages", 1)
KEYED = (*SEND, "--key", "vh-{date}")
VERIFY = ("gateway", "verify-dedup", "+46701740605", "--yes")
PROBE = ("gateway", "probe")
RESUME, CANCEL = ("mailings", "resume", 1), ("mailings", "cancel", 1)
POLL = ("reports", "poll")
INCOMING = ("simulator", "incoming", "+46701740605", "hej")
A_SIMULATOR = "a simulator answers: live, no SMS would be sent through it."
NO_SIMULATOR = "does not say that it is a simulator"


@pytest.fixture(autouse=True)
def _place(monkeypatch: pytest.MonkeyPatch, message: Path) -> None:
    monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", SECRET)
    monkeypatch.chdir(message.parent)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with start(Behaviour(keep_requests=99)) as running:
        yield running


def booked(config: Path, run: Run) -> tuple[object, ...]:
    """What is counted, what is invoiced, and what was begun."""
    commands = (("usage",), ("invoices", "list"), ("mailings", "list"))
    return tuple(run("--config", config, *words, "--json").data for words in commands)


def moved(config: Path, url: str) -> Path:
    """Return the config with another gateway in it."""
    lines = config.read_text(encoding="utf-8").splitlines(keepends=True)
    changed = [f'url = "{url}"\n' if line.startswith("url = ") else line for line in lines]
    config.write_text("".join(changed), encoding="utf-8")
    return config


@pytest.mark.parametrize(
    ("gateway", "words"),
    [(PLAIN, words) for words in (SEND, KEYED, TEST, VERIFY, PROBE)]
    + [(LINK, SEND), (LINK, TEST), (LINK, PROBE)],
    ids=["send", "key", "test", "verify", "probe", "send, PSWinCom", "test, PSWinCom", "probe, PSWinCom"],
)
def test_live_refuses_a_simulator_and_nothing_is_booked(
    gateway: dict[str, object],
    words: tuple[object, ...],
    live_gateway: LiveGateway,
    simulator: Simulator,
    run: Run,
) -> None:
    config = moved(live_gateway(gateway=gateway).config, simulator.url)
    before = booked(config, run)
    ran = run("--config", config, *words)
    assert (ran.code, A_SIMULATOR in ran.err, "--simulate" in ran.err) == (6, True, True)
    assert not submitted(simulator)
    assert booked(config, run) == before


@pytest.mark.parametrize("words", [RESUME, KEYED], ids=["resume", "the key again"])
def test_live_goes_on_with_nothing_at_a_simulator(
    words: tuple[object, ...], live_gateway: LiveGateway, simulator: Simulator, run: Run
) -> None:
    """Both tell of the messages that are unknown, and their end says so."""
    lost = Behaviour(faults={"reset": 1.0})
    config = live_gateway(lost, gateway={"batch_size": 1, "management_path": "/nowhere/{service_id}"}).config
    assert run("--config", config, *KEYED).code == 4
    moved(config, simulator.url)
    before = booked(config, run)
    ran = run("--config", config, *words)
    assert (ran.code, A_SIMULATOR in ran.err) == (4, True)
    assert not submitted(simulator)
    assert booked(config, run) == before


@pytest.mark.parametrize("trouble", ["simulator", "secret"])
def test_what_is_pending_is_cancelled_though_the_gateway_cannot_be_asked(
    trouble: str, live_gateway: LiveGateway, simulator: Simulator, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = Behaviour(faults={"reset": 1.0})
    config = live_gateway(lost, gateway={"batch_size": 1, "management_path": "/nowhere/{service_id}"}).config
    assert run("--config", config, *KEYED).code == 4
    if trouble == "simulator":
        moved(config, simulator.url)
    else:
        monkeypatch.delenv("SMSCTL_GATEWAY_SECRET")
    ran = run("--config", config, *CANCEL, "--json")
    assert (ran.code, ran.data["states"]) == (4, {"unknown": 2, "cancelled": 1})
    told = " ".join(one["text"] for one in ran.json["messages"])
    assert (A_SIMULATOR in told) is (trouble == "simulator")
    assert trouble == "simulator" or "SMSCTL_GATEWAY_SECRET" in told
    assert not submitted(simulator)


def test_the_doctor_finds_a_simulator_where_the_gateway_should_be(
    live_gateway: LiveGateway, simulator: Simulator, run: Run
) -> None:
    ran = run("--config", moved(live_gateway().config, simulator.url), "doctor")
    assert (ran.code, A_SIMULATOR in ran.said) == (6, True)


def test_live_polls_no_simulator(make_config: MakeConfig, simulator: Simulator, run: Run) -> None:
    config = make_config(mode="live", gateway=LINK, reports={"poll": True, "poll_url": simulator.url})
    ran = run("--config", config, *POLL)
    assert (ran.code, A_SIMULATOR in ran.err) == (6, True)
    assert not submitted(simulator)


def test_a_simulator_that_comes_later_is_known_by_its_answer_and_the_batch_is_pending_again(
    live_gateway: LiveGateway, run: Run
) -> None:
    header = ": ".join(identity.HEADER).encode()

    def serve(line: Line) -> None:
        if line.read_request():  # not the question, which has no body
            line.send(b"HTTP/1.1 200 OK\r\n" + header + b"\r\nContent-Length: 0\r\n\r\n")
        else:
            line.send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    with FaultServer(serve) as server:
        config = moved(live_gateway(gateway={"batch_size": 1}).config, server.url)
        ran = run("--config", config, *SEND, "--json")
        assert (ran.code, ran.data["outcome"]) == (6, {"pending": 3})
        told = " ".join(one["text"] for one in ran.json["messages"])
        assert (A_SIMULATOR in told, "--simulate" in told, "password" in told) == (True, True, False)
        assert len(server.requests) == 2  # the question, and the one batch
    (service,) = run("--config", config, "usage", "--json").data["municipalities"]
    assert service["parts"] == 0


def test_by_mail_the_greeting_tells(make_config: MakeConfig, run: Run) -> None:
    with mailbox.start() as box:
        config = by_mail(make_config, box.port)
        before = booked(config, run)
        ran = run("--config", config, *SEND)
        assert not box.accepted()
    assert (ran.code, A_SIMULATOR in ran.err) == (6, True)
    assert booked(config, run) == before
    with mailbox.start(as_a_gateway=True) as box:
        assert run("--config", by_mail(make_config, box.port), *SEND).code == 0
        assert len(box.accepted()) == 3


@pytest.mark.parametrize("host", ["127.1", "0.0.0.0", "::ffff:127.0.0.1"])
def test_by_mail_this_machine_is_asked_by_whatever_name(host: str, make_config: MakeConfig, run: Run) -> None:
    with mailbox.start() as box:
        config = by_mail(make_config, box.port, host)
        before = booked(config, run)
        ran = run_process("--config", config, *SEND)  # names are looked up in no test
        assert not box.accepted()
    assert (ran.code, A_SIMULATOR in ran.err) == (6, True)
    assert booked(config, run) == before


def by_mail(make_config: MakeConfig, port: int, host: str = "127.0.0.1") -> Path:
    smtp = {"host": host, "port": port, "starttls": False, "from_address": "sms@example.se"}
    payer = {"exempelkommun": {"package_size": None, "package_price": None}}
    return make_config(mode="live", gateway={"use_web_service": False}, smtp=smtp, municipalities=payer)


def test_a_simulator_that_greets_later_gets_no_mail(make_config: MakeConfig, run: Run) -> None:
    greetings = iter(["220 mail.example.se", "220 smsctl-simulator ESMTP"])

    def greet(line: Line) -> None:
        say(next(greetings))(line)

    with FaultServer(mail_server(greeting=greet)) as server:
        config = by_mail(make_config, server.port)
        ran = run("--config", config, *SEND, "--json")
        assert b"".join(server.requests).lower().startswith(b"quit") or not server.requests
    assert (ran.code, ran.data["outcome"]) == (6, {"pending": 3})
    assert run("--config", config, "usage", "--json").data["municipalities"][0]["parts"] == 0


def test_nobody_at_the_mail_server_is_told_as_ever(make_config: MakeConfig, run: Run) -> None:
    config = by_mail(make_config, free_port())
    assert run("--config", config, *PROBE).code == 7
    with FaultServer(mail_server(greeting=leave)) as server:
        assert run("--config", by_mail(make_config, server.port), *PROBE).code == 7
        assert server.connections > 1


OLD = json.dumps({"nonce": "0" * 32}).encode()
REPLIES: dict[str, Callable[[bytes], bytes]] = {
    "a web page": lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "an echo": lambda asked: b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(asked) + asked,
    "another time's answer": lambda _: (
        b"HTTP/1.1 200 OK\r\nSmsctl-Simulator: yes\r\nContent-Length: %d\r\n\r\n" % len(OLD) + OLD
    ),
    "no answer": lambda _: b"",
}


@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize(
    ("gateway", "words"),
    [({}, SEND), ({}, TEST), ({}, PROBE), ({}, INCOMING), (LINK, SEND), (LINK, POLL)],
    ids=["send", "test", "probe", "incoming", "send, PSWinCom", "poll"],
)
def test_a_rehearsal_tells_nothing_to_what_is_no_simulator(
    gateway: dict[str, Any], words: tuple[object, ...], reply: str, make_config: MakeConfig, run: Run
) -> None:
    def serve(line: Line) -> None:
        line.read_request()
        line.send(REPLIES[reply](line.heard))

    with FaultServer(serve) as server:
        config = make_config(gateway={**gateway, "url": server.url}, reports={"poll": True})
        ran = run("--config", config, *words)
        (asked,) = server.requests
    assert (ran.code, NO_SIMULATOR in ran.said, f"smsctl --config {config} simulator" in ran.said) == (
        6,
        True,
        True,
    )
    question, nonce = asked[:62], asked[30:62]
    assert question == b"GET /simulator/identity?nonce=" + nonce
    asked = asked.replace(nonce, b"")
    assert not any(word in asked for word in (b"4670174", b"Hej", b"hej", b"demo", b"Authorization"))


def test_what_takes_the_simulators_place_ends_the_rehearsal(make_config: MakeConfig, run: Run) -> None:
    def serve(line: Line) -> None:
        if line.read_request():
            line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            return
        nonce = line.heard.partition(b"nonce=")[2][:32]
        body = b'{"nonce": "%s"}' % nonce
        line.send(
            b"HTTP/1.1 200 OK\r\nSmsctl-Simulator: yes\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        )

    with FaultServer(serve) as server:
        config = make_config(gateway={"url": server.url, "batch_size": 1})
        ran = run("--config", config, *SEND, "--json")
        assert len(server.requests) == 2
    assert (ran.code, ran.data["outcome"]) == (4, {"unknown": 1, "pending": 2})


@pytest.mark.parametrize("words", [SEND, TEST, PROBE], ids=["send", "test", "probe"])
def test_a_rehearsal_goes_to_the_simulator_that_says_so(
    words: tuple[object, ...], make_config: MakeConfig, simulator: Simulator, run: Run
) -> None:
    assert run("--config", make_config(gateway={"url": simulator.url}), *words).code == 0
    assert submitted(simulator)


def test_where_no_simulator_runs_a_rehearsal_says_how_to_start_one(make_config: MakeConfig, run: Run) -> None:
    port = free_port()
    config = make_config(gateway={"url": f"http://127.0.0.1:{port}"})
    ran = run("--config", config, *SEND)
    start = f"Start one with: smsctl --config {config} simulator --port {port}."
    assert (ran.code, "cannot be reached" in ran.err, start in ran.err) == (7, True, True)


def test_a_simulator_as_a_gateway_is_none_for_a_rehearsal(make_config: MakeConfig, run: Run) -> None:
    with start(Behaviour(as_a_gateway=True, keep_requests=9)) as gateway:
        ran = run("--config", make_config(gateway={"url": gateway.url}), *SEND)
        assert not submitted(gateway)
    assert (ran.code, NO_SIMULATOR in ran.err) == (6, True)


def test_the_first_line_of_a_plan_tells_whether_sms_are_sent_and_cost(
    live_gateway: LiveGateway, make_config: MakeConfig, run: Run
) -> None:
    first = "Mode live: SMS are sent for real, and they cost."
    config = live_gateway().config
    Path("message.txt").write_text("Hej – då\n", encoding="utf-8")
    for flags in ((), ("--replace-typographic",)):
        dry = run("--config", config, "send", "message.txt", "--all", "--dry-run", *flags)
        assert dry.out.splitlines()[0] == first
    asked = run_terminal(["--config", config, "send", "message.txt", "--all"], [("[y/N]", "n")])
    where_from, shown, *_ = asked.seen.splitlines()
    assert ("SMSCTL_GATEWAY_SECRET" in where_from, shown) == (True, first)
    rehearsed = run("--config", make_config(), "send", "message.txt", "--all", "--dry-run")
    assert rehearsed.out.splitlines()[0] == "Simulation: no SMS leaves this machine."
