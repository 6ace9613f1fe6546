"""Gateways, and what stands before them, that do not do as they say: real servers on loopback.

Each has its negative control: with the guard taken away, the same test would see the harm.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from smsctl.domain.message import Answer
from smsctl.ledger.store import Ledger

from ..conftest import SECRET, MakeConfig
from ..front_door import Run, run_here
from ..gateways.fault_server import FaultServer, Line, reply
from .conftest import guardians

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
        else:
            self._kept = self.submit(line)
        line.send(self._kept)


Serve = Callable[..., Path]


@pytest.fixture
def serve(make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Start a server that behaves so, and return a config in live mode that takes it for the gateway."""
    monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", SECRET)
    with ExitStack() as stack:

        def begin(behaviour: Callable[[Line], None], **gateway: object) -> Path:
            server = stack.enter_context(FaultServer(behaviour))
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
