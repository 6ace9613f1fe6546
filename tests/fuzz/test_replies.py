"""What a gateway, its queues or a mail server answers, spoiled: each command ends with a sentence.

A real server on loopback answers; it repeats the number and the secret that it was told, as some do.
"""

import base64
import json
import random
import re
import shutil
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ..conftest import MakeConfig
from ..front_door import Run
from ..gateways.certificates import server_context
from ..gateways.fault_server import FaultServer, Line, reply
from .mutation import mutated
from .trial import Trial, hasty
from .verdict import CANARY

NUMBER = "+46701740606"
ACCOUNTS: Mapping[str, Mapping[str, object]] = {
    "intelecom": {"module": "intelecom"},
    "pswincom": {"module": "pswincom", "service_id": None},
}
TEXTS = (
    *("OK", "no SMS to 46701740606", "unknown user +46 70 174 06 06", "å" * 400, "<b>070-174 06 06</b>"),
    *("\x1b[2J\u202e", "{n}", "%s", "a\r\nb", "0046701740606"),
)
WORDS = (
    *TEXTS,
    f"bad password {CANARY}",
    f"cannot decode {base64.b64encode(f'demo:{CANARY}'.encode()).decode()}",
)
_STATUSES = (200, 200, 200, 200, 200, 201, 204, 301, 400, 401, 404, 413, 429, 500, 503)


class Question(NamedTuple):
    """What the server was asked."""

    head: str
    body: bytes


Answer = Callable[[Question, random.Random], bytes]
"""A sound body of a reply, before it is spoiled."""


def sent_to_intelecom(asked: Question, dice: random.Random) -> bytes:
    if "/mgmt/" in asked.head:
        return held(asked, dice)
    told = [
        {
            "statusCode": dice.choice((1, 1, 2, 3, 4, 5, 6, 24, 25, 99, "1", None, True, 1.0)),
            "statusMessage": dice.choice(WORDS),
            "clientReference": reference,
            "messageId": dice.choice(("m-1", "", NUMBER, 7, None)),
            "sessionId": CANARY,
        }
        for reference in re.findall(r'"clientReference":\s*"([^"]+)"', asked.body.decode())
    ]
    told *= dice.choice((1, 1, 1, 2))
    return json.dumps({"batchReference": "b", "messageStatus": told}).encode()


def held(asked: Question, dice: random.Random) -> bytes:
    reference = asked.head.split(" ")[1].rpartition("/")[2] or "x"
    batch = {"clientBatchReference": reference, "totalSize": dice.choice((0, 1, 2, -1, "2")), "onHold": 1}
    stopped = [{"messageId": "m-1", "clientMessageReference": f"{reference}-{n}"} for n in range(3)]
    if asked.head.startswith("DELETE"):
        return json.dumps({"serviceId": 4711, "stoppedMessages": stopped}).encode()
    return json.dumps({"messageBatch": dice.choice((batch, [batch], [batch, batch], []))}).encode()


def sent_to_pswincom(asked: Question, dice: random.Random) -> bytes:
    told = "".join(
        f"<MSG><ID>{one}</ID><STATUS>{dice.choice(('OK', 'OK', 'FAIL', 'ok', ''))}</STATUS>"
        f"<REF>{dice.choice(('r-1', NUMBER, ''))}</REF><INFO>{dice.choice(WORDS)}</INFO></MSG>"
        for one in re.findall(r"<ID>([^<]+)</ID>", asked.body.decode("latin-1"))
    )
    logon = dice.choice(("OK", "OK", "OK", "FAIL"))
    reason = f"<REASON>{dice.choice(WORDS)}</REASON>"
    login = f"<LOGON>{logon}</LOGON>{reason}"
    return f"<?xml version='1.0'?><SESSION>{login}<MSGLST>{told}</MSGLST></SESSION>".encode()


def queued(asked: Question, dice: random.Random) -> bytes:
    common = {"reference": dice.choice(("r-1", NUMBER, "å/ä", 7)), "operatorTimestamp": dice.choice(WORDS)}
    if "/dr/" in asked.head:
        state = dice.choice(("DELIVRD", "UNDELIV", "x", NUMBER))
        return json.dumps({**common, "receiver": NUMBER, "state": state}).encode()
    sms = {"sender": dice.choice((NUMBER, "Posten", "")), "receiver": "72456", "text": dice.choice(TEXTS)}
    return json.dumps({**common, **sms}).encode()


def spoiled_http(answer: Answer, dice: random.Random) -> Callable[[Line], None]:
    """Answer so, with a body, a head or a line that is spoiled now and then."""
    left = 3  # after which a queue is empty

    def serve(line: Line) -> None:
        nonlocal left
        body = line.read_request()
        if "/simulator/" in line.head or left == 0:
            line.send(reply(404))
            return
        left -= 1
        told = answer(Question(head=line.head, body=body), dice)
        if dice.randrange(3):
            told = mutated(told, dice)
        whole = reply(dice.choice(_STATUSES), told, Echo=f"{NUMBER} {CANARY}")
        match dice.randrange(12):
            case 0:
                whole = mutated(whole, dice)
            case 1:
                whole = whole[: dice.randrange(len(whole))]
            case 2:
                whole = whole.replace(b"Said", dice.choice(WORDS).encode())
            case 3:
                whole = whole.replace(b"Echo:", b"Content-Encoding:")
        line.send(whole)

    return serve


class MailServer:
    """Speaks SMTP as many servers do: in several lines, with words of all kinds, and once not soundly."""

    def __init__(self, dice: random.Random, tls: ssl.SSLContext | None) -> None:
        self._dice = dice
        self._tls = tls
        self._spoil_at = dice.randrange(12)
        self._step = 0

    def __call__(self, line: Line) -> None:
        self._say(line, "220", "mail.example")
        while True:
            verb = line.read_until(b"\r\n")[:4].strip().upper()
            match verb:
                case b"EHLO":
                    offers = (
                        "STARTTLS" if self._tls and not isinstance(line.connection, ssl.SSLSocket) else "HELP"
                    )
                    self._say(
                        line, "250", self._dice.choice(("AUTH PLAIN", "AUTH LOGIN", "AUTH CRAM-MD5")), offers
                    )
                case b"STAR":
                    self._say(line, "220", "go")
                    if self._tls:
                        line.secured(self._tls)
                case b"AUTH" if self._dice.randrange(2):
                    self._say(line, "334", base64.b64encode(b"Password:").decode())
                    line.read_until(b"\r\n")
                    self._say(line, self._dice.choice(("235", "235", "535")), self._word())
                case b"DATA":
                    self._say(line, "354", self._word())
                    line.read_until(b"\r\n.\r\n")
                    self._say(line, "250", self._word(), self._word())
                case _:
                    known = {b"QUIT": "221", b"AUTH": "235"}
                    self._say(line, known.get(verb, "250"), *[self._word()] * self._dice.choice((1, 1, 3)))

    def _word(self) -> str:
        word = self._dice.choice(("ok", "5.1.1 no", "5.7.1 relaying denied", *WORDS))
        return base64.b64encode(word.encode()).decode() if not self._dice.randrange(5) else word

    def _say(self, line: Line, code: str, *words: str) -> None:
        spoils = self._step == self._spoil_at
        self._step += 1
        if spoils:
            code = self._dice.choice(
                ("250", "251", "354", "421", "450", "535", "550", "552", "553", "x", "99")
            )
            words = tuple(self._word() for _ in range(self._dice.choice((1, 2, 40))))
        *before, last = words
        told = "".join([*(f"{code}-{one}\r\n" for one in before), f"{code} {last}\r\n"]).encode()
        line.send(mutated(told, self._dice) if spoils and self._dice.randrange(2) else told)


class Site:
    """A live config, and a ledger that can be put back."""

    def __init__(self, config: Path, run: Run) -> None:
        ran = run("--config", config, "municipality", "activate", "exempelkommun", "--yes")
        assert ran.code == 0, ran.said
        self.config = config
        self._ledger = config.parent / "ledger"
        self._kept = config.parent / "kept"
        self.keep()

    def keep(self) -> None:
        shutil.rmtree(self._kept, ignore_errors=True)
        shutil.copytree(self._ledger, self._kept)

    def put_back(self) -> None:
        shutil.rmtree(self._ledger)
        shutil.copytree(self._kept, self._ledger)


Behaviour = Callable[[Line], None]


class Changing:
    """A server whose behaviour is another one for each try."""

    def __init__(self) -> None:
        self.behaviour: Behaviour = Line.reset
        self.tls: ssl.SSLContext | None = None

    def __call__(self, line: Line) -> None:
        self.behaviour(line)


@contextmanager
def site(kind: str, make_config: MakeConfig, run: Run) -> Iterator[tuple[Site, Changing]]:
    answers = Changing()
    with FaultServer(answers) as server:
        url = f"http://127.0.0.1:{server.port}"
        gateway: dict[str, object] = {"connect_timeout": "2s", "read_timeout": "2s", "total_timeout": "3s"}
        others: dict[str, Any] = {}
        match kind:
            case "queues":
                gateway |= ACCOUNTS["pswincom"]
                others["reports"] = {"poll": True, "poll_url": url}
            case "mail":
                answers.tls, bundle = server_context(make_config().parent)
                gateway |= {"use_web_service": False, "ca_bundle": str(bundle)}
                login = {"username": "demo", "password": {"source": "env"}}
                smtp = {"host": "localhost", "port": server.port, "from_address": "sms@example.se"}
                others["smtp"] = smtp | login
            case _:
                gateway |= {**ACCOUNTS[kind], "url": url}
        yield Site(make_config(mode="live", gateway=gateway, **others), run), answers


_SEND = ("test +46701740605 hej", "gateway probe", "send message.txt --all --yes --max-parts 9")
COMMANDS: Mapping[str, tuple[Answer | None, Sequence[str]]] = {
    "intelecom": (sent_to_intelecom, _SEND),
    "pswincom": (sent_to_pswincom, _SEND),
    "queues": (queued, ["reports poll"]),
    "mail": (None, [*_SEND, "doctor"]),
}
LOOKS = ("mailings show 1", "mailings failed 1", "mailings list", "reports unmatched", "inbox list", "audit")


def try_replies(kind: str, place: Site, answers: Changing, run: Run, trial: Trial) -> None:
    answer, lines = COMMANDS[kind]
    for dice in trial:
        answers.behaviour = spoiled_http(answer, dice) if answer else MailServer(dice, answers.tls)
        place.put_back()
        for line in (dice.choice(lines), dice.choice(LOOKS)):
            json_too = ["--json"] * dice.randrange(2)
            trial.judge(run("--config", place.config, *line.split(), *json_too), f"{kind}: {line}")


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch, message: Path) -> None:
    monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", CANARY)
    monkeypatch.setenv("SMSCTL_SMTP_SECRET", CANARY)
    monkeypatch.chdir(message.parent)


@pytest.mark.tries(30, 10_000)
@pytest.mark.parametrize("kind", COMMANDS)
def test_whatever_is_answered_ends_with_a_sentence(
    kind: str, make_config: MakeConfig, run: Run, trial: Trial
) -> None:
    with site(kind, make_config, run) as (place, answers):
        try_replies(kind, place, answers, run, trial)


BROKEN: Mapping[str, tuple[str, object]] = {
    "intelecom": ("smsctl.gateways.intelecom.quoted", lambda said, _secret: str(said)),
    "pswincom": ("smsctl.gateways.pswincom.quoted", lambda said, _secret: str(said)),
    "queues": ("smsctl.cli.numbers.veil_name", str),
    "mail": ("smsctl.gateways.mail_line.quoted", lambda said, _secret: said),
}
"""For each kind of reply, a fault of ours that only some of them meet."""


@pytest.mark.parametrize("kind", COMMANDS)
def test_a_fault_of_ours_is_found(
    kind: str, make_config: MakeConfig, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(*BROKEN[kind])
    with (
        site(kind, make_config, run) as (place, answers),
        pytest.raises(AssertionError, match=r"a secret|a whole number"),
    ):
        try_replies(kind, place, answers, run, hasty())
