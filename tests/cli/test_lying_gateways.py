"""Gateways, and what stands before them, that do not do as they say: real servers on loopback.

Each has its negative control: with the guard taken away, the same test would see the harm.
"""

import gzip
import json
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from smsctl.cli.mailings import cancel as cli_cancel
from smsctl.domain.message import Answer
from smsctl.ledger.store import Ledger, read_ledger

from ..conftest import SECRET, MakeConfig
from ..front_door import Ran, Run, begin_process, end_process, run_here
from ..gateways.fault_server import FaultServer, Line, no_simulator, reply
from .conftest import WAIT_S, guardians

ACCOUNTS: dict[str, dict[str, object]] = {
    "intelecom": {"module": "intelecom"},
    "pswincom": {"module": "pswincom", "service_id": None},
}
PEOPLE, IN_A_BATCH = 30, 10


class Vendor:
    """Either gateway: takes what it is sent, and notes how many that were."""

    def __init__(self, *, with_ref: bool = True) -> None:
        """PSWinCom gives REF only to accounts that have reports."""
        self.took = 0
        self._with_ref = with_ref
        self._names = count(1)

    def submit(self, line: Line) -> bytes:
        """Take the messages of one request; return the whole reply."""
        body = line.read_request()
        if not line.head.startswith("POST"):
            return reply(404)
        answer = self._xml(body) if body.startswith(b"<?xml") else self._json(body)
        return reply(200, answer)

    def _xml(self, body: bytes) -> bytes:
        ids = [one.text for one in ET.fromstring(body).iterfind("MSGLST/MSG/ID")]  # our own request
        self.took += len(ids)
        refs = [f"<REF>ref-{next(self._names)}</REF>" if self._with_ref else "" for _ in ids]
        told = [
            f"<MSG><ID>{one}</ID>{ref}<STATUS>OK</STATUS></MSG>" for one, ref in zip(ids, refs, strict=True)
        ]
        return f"<SESSION><LOGON>OK</LOGON><MSGLST>{''.join(told)}</MSGLST></SESSION>".encode()

    def _json(self, body: bytes) -> bytes:
        references = [one["clientReference"] for one in json.loads(body)["message"]]
        self.took += len(references)
        told = [
            {"statusCode": 1, "clientReference": one, "messageId": f"id-{next(self._names)}"}
            for one in references
        ]
        return json.dumps({"messageStatus": told}).encode()


class FirstAnswerForAll(Vendor):
    """Only the first request reaches the gateway: its answer is kept, and everybody gets it."""

    def __init__(self, *, with_ref: bool = True) -> None:
        super().__init__(with_ref=with_ref)
        self._kept = b""

    def __call__(self, line: Line) -> None:
        if self._kept:
            line.read_request()
            line.send(self._kept)
            return
        answer = self.submit(line)
        if line.head.startswith("POST"):
            self._kept = answer
        line.send(answer)


Serve = Callable[..., Path]


@pytest.fixture
def serve(make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Start a server that behaves so, and return a config in live mode that takes it for the gateway."""
    monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", SECRET)
    with ExitStack() as stack:

        def begin(behaviour: Callable[[Line], None], **gateway: object) -> Path:
            server = stack.enter_context(FaultServer(no_simulator(behaviour)))
            url = f"http://127.0.0.1:{server.port}"
            account = {"url": url, "batch_size": IN_A_BATCH, **gateway}
            config = make_config(mode="live", rows=guardians(PEOPLE), gateway=account)
            run_here("--config", config, "municipality", "activate", "exempelkommun", "--yes")
            return config

        yield begin


def send(run: Run, config: Path, message: Path, *more: str) -> tuple[int, dict[str, int]]:
    ran = run("--config", config, "send", message, "--all", "--yes", "--max-parts", 100, *more, "--json")
    return ran.code, ran.data["outcome"]


@pytest.mark.parametrize("module", ACCOUNTS)
@pytest.mark.parametrize("with_ref", [True, False])
def test_the_first_answer_given_to_everybody_is_believed_once(
    module: str, serve: Serve, message: Path, run: Run, *, with_ref: bool
) -> None:
    gateway = FirstAnswerForAll(with_ref=with_ref)
    code, outcome = send(run, serve(gateway, **ACCOUNTS[module]), message)
    assert (code, outcome, gateway.took) == (4, {"accepted": 10, "unknown": 20}, 10)


def as_it_was_numbered(reference: str) -> str:
    """From 1 anew in each request."""
    return str((int(reference.rpartition("-")[2]) - 1) % IN_A_BATCH + 1)


def believing_all(ledger: Ledger, gateway: str, messages: object, answer: Answer) -> Answer:
    """Take each answer as it comes."""
    return answer


GUARDS = {
    "smsctl.gateways.pswincom.message_id": as_it_was_numbered,
    "smsctl.ledger.matching.believed": believing_all,
}


@pytest.mark.parametrize("guard", GUARDS)
def test_either_guard_alone_does_not_believe_it(
    guard: str, serve: Serve, message: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, GUARDS[guard])
    code, outcome = send(run, serve(FirstAnswerForAll(), **ACCOUNTS["pswincom"]), message)
    assert (code, outcome) == (4, {"accepted": 10, "unknown": 20})


def test_without_a_guard_it_would_be_believed(
    serve: Serve, message: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: thirty accepted, and the gateway took ten."""
    monkeypatch.setattr("smsctl.gateways.pswincom.message_id", as_it_was_numbered)
    gateway = FirstAnswerForAll(with_ref=False)
    code, outcome = send(run, serve(gateway, **ACCOUNTS["pswincom"]), message)
    assert (code, outcome, gateway.took) == (0, {"accepted": 30}, 10)


def test_an_answer_to_another_mailing_is_not_believed(serve: Serve, message: Path, run: Run) -> None:
    config = serve(FirstAnswerForAll(), **ACCOUNTS["pswincom"], batch_size=PEOPLE)
    assert send(run, config, message) == (0, {"accepted": PEOPLE})
    message.write_text("Another text\n", encoding="utf-8")
    assert send(run, config, message) == (4, {"unknown": PEOPLE})


class Holding(Vendor):
    """Intelecom with a queue: it holds what it took until it is stopped, and answers as a test tells it."""

    def __init__(self, *troubles: str) -> None:
        """`troubles` befall the requests to stop, one after the other; then all is well."""
        super().__init__()
        self.held: dict[str, list[dict[str, object]]] = {}
        self.taken_last: list[dict[str, object]] = []
        self.lists_what_was: dict[str, bytes] | None = None  # a cache before the list
        self.is_asked, self.may_answer = Event(), Event()  # where it is silent
        self._troubles = list(troubles)

    def __call__(self, line: Line) -> None:
        body = line.read_request()
        method, path, _ = line.head.split(" ", 2)
        batch = path.rpartition("/")[2]
        if method == "POST":
            line.send(self._taken(json.loads(body)))
        elif method == "GET":
            line.send(self.listed(batch))
        else:
            self._stop(line, batch)

    def _taken(self, request: dict[str, Any]) -> bytes:
        names = [one["clientReference"] for one in request["message"]]
        self.held[request["batchReference"]] = [
            {"messageId": f"id-{one}", "clientMessageReference": one} for one in names
        ]
        self.taken_last = self.held[request["batchReference"]]
        self.took += len(names)
        told = [{"statusCode": 1, "clientReference": one, "messageId": f"id-{one}"} for one in names]
        return reply(200, json.dumps({"messageStatus": told}).encode())

    def listed(self, batch: str) -> bytes:
        left = len(self.held.get(batch, ()))
        document = {"messageBatch": {"clientBatchReference": batch, "totalSize": left, "onHold": 0}}
        found = reply(200, json.dumps(document).encode()) if left else reply(404)
        return found if self.lists_what_was is None else self.lists_what_was.setdefault(batch, found)

    def _stop(self, line: Line, batch: str) -> None:
        trouble = self._troubles.pop(0) if self._troubles else ""
        if trouble == "login refused":
            return line.send(reply(401))
        if trouble == "silent":
            self.is_asked.set()
            self.may_answer.wait(WAIT_S)
        stopped = self.held.pop(batch, None)
        document = json.dumps({"stoppedMessages": stopped}).encode()
        if trouble == "dropped":
            return None
        if trouble == "unreadable":
            return line.send(reply(200, document[:-20]))
        if trouble == "unavailable":
            return line.send(reply(503))
        if trouble == "nameless":
            document = json.dumps({"stoppedMessages": [{"messageId": "x"}] * len(stopped or ())}).encode()
        if trouble == "gzip":
            return line.send(reply(200, gzip.compress(document), Content_Encoding="gzip"))
        return line.send(reply(200, document) if stopped else reply(404))


def cancel(run: Run, config: Path, *more: str) -> tuple[int, dict[str, Any]]:
    ran = run("--config", config, "mailings", "cancel", 1, *more, "--json")
    return ran.code, ran.data


Told = Callable[[list[dict[str, object]], Holding], list[dict[str, object]]]
HOLDS: dict[str, object] = {"batch_size": PEOPLE, "read_timeout": "5s"}


def test_what_the_gateway_names_is_stopped_and_costs_nothing(serve: Serve, message: Path, run: Run) -> None:
    config = serve(Holding(), **HOLDS)
    send(run, config, message)
    code, data = cancel(run, config)
    assert (code, data["stopped"], data["states"], data["parts"]) == (0, PEOPLE, {"cancelled": PEOPLE}, 0)


def _cancelled_by_another_account(config: Path, message: Path, run: Run) -> Ran:
    """Send by one account, and cancel where the config names another, as that of a second host may."""
    send(run, config, message)
    account = ("--config", config, "config", "set", "gateway.service_id")
    assert run(*account, 4712).code == 0
    ran = run("--config", config, "mailings", "cancel", 1)
    assert run(*account, 4711).code == 0
    return ran


def test_another_account_than_its_own_is_not_asked_to_stop_it(serve: Serve, message: Path, run: Run) -> None:
    """It has none of it: what it says of that would be told as if it were too late."""
    config = serve(gateway := Holding(), **HOLDS)
    ran = _cancelled_by_another_account(config, message, run)
    assert (ran.code, "begun with the account intelecom 4711" in ran.err) == (5, True), ran.said
    assert f"{PEOPLE} messages could not be stopped: the gateway could not be asked." in ran.out
    assert gateway.held
    assert cancel(run, config)[0] == 0
    assert not gateway.held


def test_without_that_look_it_would_be(
    serve: Serve, message: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(cli_cancel, "must_be_its_gateway", lambda *_: None)
    ran = _cancelled_by_another_account(serve(gateway := Holding(), **HOLDS), message, run)
    assert (ran.code, len(gateway.held)) == (0, 0), ran.said


@pytest.mark.parametrize("trouble", ["dropped", "unreadable", "unavailable", "nameless"])
def test_stopped_without_an_answer_is_told_and_stays_counted(
    trouble: str, serve: Serve, message: Path, run: Run
) -> None:
    """It stopped them, and the answer is lost; asked again it has none: stopped, or gone, nobody can tell."""
    config = serve(gateway := Holding(trouble), **HOLDS)
    send(run, config, message)
    for _ in range(2):
        code, data = cancel(run, config)
        assert (code, data["stopped"], data["in_doubt"], data["on_their_way"]) == (4, 0, PEOPLE, 0)
        assert (data["states"], data["parts"]) == ({"accepted": PEOPLE}, PEOPLE)
        assert not gateway.held
    said = run("--config", config, "mailings", "cancel", 1).out
    assert f"asked to stop {PEOPLE} messages, and nobody can tell" in said
    assert "sends them" not in said
    assert "on their way" not in said
    shown = run("--config", config, "mailings", "show", 1)
    assert (shown.code, f"smsctl --config {config} mailings resolve 1" in shown.out) == (0, True)
    assert run("--config", config, "mailings", "resume", 1).code == 4


def crossed(stopped: list[dict[str, object]], _: Holding) -> list[dict[str, object]]:
    """One was stopped; its two names are those of two messages."""
    return [{**stopped[0], "messageId": stopped[1]["messageId"]}]


def of_another_batch(_: object, gateway: Holding) -> list[dict[str, object]]:
    return gateway.taken_last


@pytest.mark.parametrize(
    ("told", "stopped", "in_doubt"),
    [(crossed, 3, 0), (of_another_batch, 10, 20)],
    ids=["crossed", "other"],
)
def test_no_more_is_stopped_than_the_gateway_tells_of_that_batch(
    told: Told, stopped: int, in_doubt: int, serve: Serve, message: Path, run: Run
) -> None:
    class Telling(Holding):
        def _stop(self, line: Line, batch: str) -> None:
            answer = told(self.held.pop(batch), self)
            line.send(reply(200, json.dumps({"stoppedMessages": answer}).encode()))

    config = serve(Telling())
    send(run, config, message)
    code, data = cancel(run, config)
    assert (code, data["stopped"], data["in_doubt"]) == (4 if in_doubt else 0, stopped, in_doubt)


class SameName(Holding):
    """Gives all messages of a batch one name, and says by it that it has stopped one of them."""

    def _taken(self, request: dict[str, Any]) -> bytes:
        return re.sub(rb"id-[^\"]*(?=\")", lambda one: b"x".ljust(len(one[0])), super()._taken(request))

    def _stop(self, line: Line, batch: str) -> None:
        name = "x".ljust(len(str(self.held.pop(batch)[0]["messageId"])))
        line.send(reply(200, json.dumps({"stoppedMessages": [{"messageId": name}]}).encode()))


def test_a_name_that_two_messages_have_stops_neither(serve: Serve, message: Path, run: Run) -> None:
    config = serve(SameName(), **HOLDS)
    send(run, config, message)
    code, data = cancel(run, config)
    assert (code, data["stopped"], data["in_doubt"]) == (4, 0, 1)


def test_where_some_of_a_batch_had_left_the_word_not_sent_says_why_it_settles_nothing(
    serve: Serve, message: Path, run: Run
) -> None:
    config = serve(SameName(), **HOLDS)
    send(run, config, message)
    assert cancel(run, config)[0] == 4
    line = ("--config", config, "mailings", "resolve", 1, "--reason", "asked support")
    for flags in ((), ("--json",), ("--quiet",)):
        ran = run(*line, "--not-sent", *flags)
        assert (ran.code, "Some of a batch had left before" in ran.said) == (4, True), ran.said
        assert "has nothing unknown" not in ran.said
    assert run(*line, "--sent").code == 0


def test_without_the_mark_they_would_be_told_to_be_on_their_way(
    serve: Serve, message: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr("smsctl.ledger.stops.mark", lambda *given: None)
    config = serve(Holding("dropped"), **HOLDS)
    send(run, config, message)
    code, data = cancel(run, config)
    assert (code, data["on_their_way"]) == (0, PEOPLE)


def test_the_mark_is_durable_before_the_request_leaves(serve: Serve, message: Path, run: Run) -> None:
    """The process ends between the two: the mark is there, and nothing else."""
    marks: list[object] = []

    class Looking(Holding):
        def _stop(self, line: Line, batch: str) -> None:
            ledger = read_ledger(config.parent / "ledger" / "ledger.db")
            assert ledger
            marks.extend(ledger.rows("SELECT stop_asked_at IS NOT NULL, stop_left FROM batches"))
            ledger.close()
            super()._stop(line, batch)

    config = serve(Looking(), **HOLDS)
    send(run, config, message)
    assert cancel(run, config)[0] == 0
    assert marks == [(1, PEOPLE)]


def test_what_is_still_listed_was_not_stopped_by_what_was_asked_before(
    serve: Serve, message: Path, run: Run
) -> None:
    gateway = Holding("dropped")
    config = serve(gateway, **HOLDS)
    send(run, config, message)
    (held,) = gateway.held.values()
    assert cancel(run, config)[0] == 4
    gateway.held = {f"{str(held[0]['clientMessageReference']).rpartition('-')[0]}-b1": held}
    code, data = cancel(run, config)
    assert (code, data["stopped"], data["in_doubt"]) == (0, PEOPLE, 0)


def test_a_list_out_of_a_cache_proves_nothing_was_left(serve: Serve, message: Path, run: Run) -> None:
    """It lists what has left meanwhile; that the gateway then stops none is no proof that they left."""
    gateway = Holding()
    gateway.lists_what_was = {}
    config = serve(gateway, **HOLDS)
    send(run, config, message)
    (batch,) = gateway.held
    gateway.lists_what_was[batch] = gateway.listed(batch)
    gateway.held = {}
    code, data = cancel(run, config)
    assert (code, data["in_doubt"], data["on_their_way"]) == (4, PEOPLE, 0)


def test_an_answer_in_gzip_is_read(serve: Serve, message: Path, run: Run) -> None:
    config = serve(Holding("gzip"), **HOLDS)
    send(run, config, message)
    code, data = cancel(run, config)
    assert (code, data["stopped"]) == (0, PEOPLE)


def test_where_nothing_is_held_they_are_on_their_way(serve: Serve, message: Path, run: Run) -> None:
    gateway = Holding()
    config = serve(gateway, **HOLDS)
    send(run, config, message)
    gateway.held = {}
    code, data = cancel(run, config)
    assert (code, data["on_their_way"], data["in_doubt"]) == (0, PEOPLE, 0)
    said = run("--config", config, "mailings", "cancel", 1)
    assert f"{PEOPLE} messages were accepted before: they are on their way." in said.out
    history = run("--config", config, "mailings", "show", 1, "--json").data["history"]
    assert [row["action"] for row in history] == ["cancel", "cancel"]  # one row for each


def test_a_cancelling_that_is_broken_off_says_what_is_certain(serve: Serve, message: Path, run: Run) -> None:
    gateway = Holding("silent")
    config = serve(gateway, **HOLDS)
    send(run, config, message)
    process = begin_process("--config", config, "mailings", "cancel", 1)
    assert gateway.is_asked.wait(WAIT_S)
    process.send_signal(signal.SIGINT)
    ran = end_process(process)
    gateway.may_answer.set()
    assert (ran.code, "nothing is on its way" in ran.said) == (130, False)
    assert "what was pending is cancelled" in ran.err
    assert f"asked to stop {PEOPLE} messages, and nobody can tell" in ran.err
    assert f"smsctl --config {config} mailings cancel 1" in ran.err


def test_a_refused_login_leaves_no_mark(serve: Serve, message: Path, run: Run) -> None:
    config = serve(Holding("login refused"), **HOLDS)
    send(run, config, message)
    ran = run("--config", config, "mailings", "cancel", 1)
    assert (ran.code, f"{PEOPLE} messages could not be stopped" in ran.said) == (6, True)
    code, data = cancel(run, config)
    assert (code, data["stopped"]) == (0, PEOPLE)


@pytest.mark.parametrize(
    ("word", "state", "parts"), [("--sent", "accepted", PEOPLE), ("--not-sent", "cancelled", 0)]
)
def test_a_person_settles_what_was_stopped_or_has_left(
    word: str, state: str, parts: int, serve: Serve, message: Path, run: Run
) -> None:
    config = serve(Holding("dropped"), **HOLDS)
    send(run, config, message)
    cancel(run, config)
    ran = run("--config", config, "mailings", "resolve", 1, word, "--reason", "asked support", "--json")
    assert (ran.code, ran.data["settled"], ran.data["states"]) == (0, PEOPLE, {state: PEOPLE})
    assert ran.data["parts"] == parts
    assert cancel(run, config)[0] == 0


def test_a_report_settles_what_was_stopped_or_has_left(
    serve: Serve, message: Path, run: Run, tmp_path: Path
) -> None:
    config = serve(gateway := Holding("dropped"), **HOLDS)
    send(run, config, message)
    (held,) = gateway.held.values()
    cancel(run, config)
    told = [{"statuscode": 0, "customermessagereference": one["clientMessageReference"]} for one in held[:-1]]
    (tmp_path / "reports.json").write_text(json.dumps({"dr": told}), encoding="utf-8")
    assert run("--config", config, "reports", "import", tmp_path / "reports.json").code == 0
    code, data = cancel(run, config)
    assert (code, data["in_doubt"], data["states"]) == (4, 1, {"accepted": 1, "delivered": PEOPLE - 1})


class Losing(Vendor):
    """Takes everything; the first answer is lost on the way."""

    def __call__(self, line: Line) -> None:
        answer = self.submit(line)
        if self.took > PEOPLE:
            line.send(answer)


def failed_report(module: str, config: Path, place: int = 1) -> bytes:
    """Return a report on the first submission of a message: that it did not arrive."""
    if module == "pswincom":
        return (
            f"<MSGLST><MSG><ID>1</ID><REF>ref-{place}</REF><RCV>4670174{604 + place:04}</RCV>"
            "<STATE>UNDELIV</STATE></MSG></MSGLST>"
        ).encode()
    ledger = read_ledger(config.parent / "ledger" / "ledger.db")
    assert ledger
    ((reference,),) = ledger.rows("SELECT reference FROM mailings")
    ledger.close()
    told = {"statuscode": 351, "customermessagereference": f"{reference}-{place}", "messageid": f"id-{place}"}
    return json.dumps({"dr": [told]}).encode()


def taken_in(run: Run, config: Path, body: bytes) -> dict[str, int]:
    file = config.with_name("report")
    file.write_bytes(body)
    ran = run("--config", config, "reports", "import", file, "--json")
    assert ran.code == 0, ran.said
    found: dict[str, int] = ran.data["reports"]
    return found


@pytest.mark.parametrize("module", ACCOUNTS)
def test_a_report_that_it_failed_proves_that_what_was_resolved_as_not_sent_was_taken(
    module: str, serve: Serve, message: Path, run: Run
) -> None:
    gateway = Losing()
    config = serve(gateway, **ACCOUNTS[module], batch_size=PEOPLE)
    assert send(run, config, message) == (4, {"unknown": PEOPLE})
    run("--config", config, "mailings", "resolve", 1, "--not-sent", "--reason", "asked support")
    assert taken_in(run, config, failed_report(module, config)) == {"applied": 1}
    run("--config", config, "mailings", "resume", 1)
    data = run("--config", config, "mailings", "show", 1, "--json").data
    assert (data["states"], data["parts"]) == ({"accepted": PEOPLE - 1, "failed": 1}, PEOPLE)
    assert gateway.took == 2 * PEOPLE - 1  # it was not sent again

    config.with_name("report").write_bytes(failed_report(module, config, place=2))
    ran = run("--config", config, "reports", "import", config.with_name("report"), "--quiet")
    assert (ran.code, "The gateway took 1 message twice" in ran.err) == (0, True)
    assert taken_in(run, config, failed_report(module, config, place=2)) == {"repeated": 1}
    shown = run("--config", config, "mailings", "show", 1)
    data = run("--config", config, "mailings", "show", 1, "--json").data
    assert (data["states"], data["parts"]) == ({"accepted": PEOPLE - 1, "failed": 1}, PEOPLE + 1)
    assert "The gateway took 1 message twice that had been resolved as not sent: both count." in shown.out
    assert run("--config", config, "ledger", "check").code == 0


def test_what_smsctl_says_of_an_answer_is_told_in_the_readers_language(
    serve: Serve, message: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tells_of_nobody(line: Line) -> None:
        line.read_request()
        line.send(reply(200, b'{"messageStatus": []}'))

    config = serve(tells_of_nobody)
    assert send(run, config, message)[0] == 4
    english = "the gateway's answer does not tell of this message"
    told = run("--config", config, "mailings", "show", 1, "--json")
    assert {one["answer"] for one in told.data["batches"]} == {english}
    assert english in run("--config", config, "mailings", "show", 1).out
    monkeypatch.setenv("SMSCTL_LANGUAGE", "sv")
    shown = run("--config", config, "mailings", "show", 1).out
    assert "gatewayens svar säger inget om det här meddelandet" in shown
    assert english not in shown
