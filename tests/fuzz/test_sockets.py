"""What comes in by the network, spoiled: pushes, and bytes of any kind, to real servers.

Neither may fall, answer 500, tell a traceback, a secret or a number, or keep what it was sent in memory.
"""

import json
import random
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, NoReturn
from urllib.parse import urlsplit

import pytest

from smsctl.simulator.server import Behaviour, start

from ..conftest import MakeConfig
from ..front_door import begin_process, end_process, run_here
from ..listener.conftest import NO_RULES, PATIENCE, READERS, Running
from .mutation import mutated
from .test_inputs import SEEDS
from .trial import Trial, hasty
from .verdict import CANARY, faults

MOST_MIB = 130
_MOMENT_S, _PATIENCE_S = 0.05, 15
_FORM = "application/x-www-form-urlencoded"
_DR = "customerMessageReference=x-1&statusCode=0&messageId=m-1&recipient=46701740606"
_MO = "SND=46701740606&RCV=72456&TXT=KOMMUN+hej"
_BODIES = (
    *(("application/json", seed) for seed in SEEDS["reports"][1][:1]),
    *(("text/xml; charset=utf-8", seed) for seed in SEEDS["reports"][1][1:]),
    *((_FORM, one) for one in (_DR, _MO, "STATE=DELIVRD&REF=m-1&RCV=46701740606")),
)
_KINDS = ("text/xml; charset=utf-16", "text/xml;charset=x", "application/json", _FORM, "", "\xe5", "a" * 500)
_PIECES = (
    *(b"\r\n", b"\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n5\r\n", b"Content-Length: -1\r\n", b"\x00"),
    *(
        b"Content-Length: 99999999999\r\n",
        b"%",
        b"%zz",
        b"HTTP/9.9",
        b"A" * 70_000,
        b"\xff",
        b": ",
        b"?",
        b"//",
    ),
    *(
        b"Expect: 100-continue\r\n",
        b"Authorization: Basic \xff\r\n",
        b"X-Forwarded-For: x\r\n",
        b"../",
        b"POST ",
    ),
)


class Server(NamedTuple):
    """One that runs, and the paths that it knows."""

    process: "subprocess.Popen[str]"
    port: int
    paths: Mapping[str, str]


@contextmanager
def serving(paths: Mapping[str, str], *argv: object) -> Iterator[Server]:
    """Run it; at the end it must have said nothing that it may not, and taken little memory."""
    process = begin_process(*argv)
    try:
        assert process.stdout
        line = next(one for one in process.stdout if "http://" in one)
        yield Server(process, int(line.strip().rstrip(".").rpartition(":")[2]), paths)
        peak_mib = _peak_kib(process.pid) // 1024
        process.send_signal(signal.SIGTERM)
        ran = end_process(process)
        assert not faults(ran), ran.said[:3000]
        assert "itself failed" not in ran.err
        assert "cannot be stored" not in ran.err
        assert ran.code == 0
        assert peak_mib < MOST_MIB
    finally:
        process.kill()
        process.communicate()


def _peak_kib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


def request(line: str, body: bytes, kind: str = "application/json", *more: str) -> bytes:
    heads = [
        f"{line} HTTP/1.1",
        "Host: localhost",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        *more,
    ]
    return "\r\n".join([*heads, "", ""]).encode("utf-8", "surrogateescape") + body


def a_push(paths: Mapping[str, str], dice: random.Random) -> bytes:
    """Return a push in sound HTTP, whose content is not."""
    kind, seed = dice.choice(_BODIES)
    body = seed.encode(dice.choice(("utf-8", "utf-8", "utf-8", "latin-1", "utf-16")))
    path = dice.choice([*paths.values()])
    kind = kind if dice.randrange(4) else dice.choice(_KINDS)
    if not dice.randrange(8):
        return request(
            f"GET {path}?{mutated(_DR.encode(), dice).decode('latin-1')!r}".replace(" ", "+"), b"", kind
        )
    return request(f"POST {path}", mutated(body, dice), kind)


def a_request(paths: Mapping[str, str], dice: random.Random) -> bytes:
    """Return a request of which anything may be spoiled."""
    kind, seed = dice.choice(_BODIES)
    path = dice.choice([*paths.values(), "/", "/intelecom/x", ""])
    return mutated(
        request(f"{dice.choice(('POST', 'GET', 'PUT'))} {path}", seed.encode(), kind), dice, _PIECES
    )


_LOGIN = {"serviceId": 4711, "username": "demo", "password": CANARY}
_ONE = {"recipient": "+46701740606", "content": "hej", "clientReference": "r-1"}
_XML = (
    f"<?xml version='1.0'?><SESSION><CLIENT>demo</CLIENT><PW>{CANARY}</PW><MSGLST><MSG><ID>1</ID>"
    "<TEXT>hej</TEXT><RCV>46701740606</RCV><SND>26112</SND></MSG></MSGLST></SESSION>"
)
_BASIC = "Authorization: Basic ZGVtbzpkZW1v"
ASKED_OF_A_GATEWAY = (
    request("POST /gw/rs/sendMessages", json.dumps({**_LOGIN, "message": [_ONE]}).encode()),
    request("POST /", _XML.encode(), "text/xml"),
    request("GET /mgmt/rs/service/4711/batch/", b"", "", _BASIC),
    request("DELETE /mgmt/rs/service/4711/batch/b-1", b"", "", _BASIC),
    request("POST /api/output/rest/mo/gateway/demo?ackrequired=true", b"", "", _BASIC),
    request("PUT /api/output/rest/dr/gateway/demo/ack/7", b"", "", _BASIC),
    request("GET /simulator/identity?nonce=00", b""),
    request("POST /simulator/incoming/pswincom", b'{"from": "+46701740606", "text": "hej"}'),
)


def asked_of_a_gateway(_paths: Mapping[str, str], dice: random.Random) -> bytes:
    whole = dice.choice(ASKED_OF_A_GATEWAY)
    head, _, body = whole.partition(b"\r\n\r\n")
    if dice.randrange(2) and body:
        body = mutated(body, dice)
        line, _, rest = head.partition(b"\r\n")
        kind = rest.split(b"\r\n")[1].partition(b": ")[2].decode()
        return request(line.decode().removesuffix(" HTTP/1.1"), body, kind)
    return mutated(whole, dice, _PIECES)


def ask(port: int, what: bytes, *, stays: bool = True) -> bytes:
    """Return what is answered; the end of a request that is waited for is told after a moment."""
    answer = b""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=_MOMENT_S) as client:
        client.sendall(what)
        while stays:
            try:
                piece = client.recv(65536)
            except TimeoutError:
                client.shutdown(socket.SHUT_WR)
                client.settimeout(_PATIENCE_S)
                continue
            stays = bool(piece)
            answer += piece
    return answer


Make = Callable[[Mapping[str, str], random.Random], bytes]


def try_requests(make: Make, port: int, paths: Mapping[str, str], trial: Trial) -> None:
    for dice in trial:
        what = make(paths, dice)
        answer = ask(port, what, stays=dice.randrange(6) > 0)
        status = int(answer[9:12]) if answer[9:12].isdigit() else 0
        trial.ends[status] += 1
        if status == 500 and b"Malformed path" not in answer:
            trial.blame("500", repr(what[:3000]))
        if CANARY.encode() in answer and CANARY.encode() not in what:
            trial.blame("a secret", repr(what[:3000]))


@pytest.fixture
def listener(make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("SMSCTL_REPORTS_SECRET", CANARY)
    config = make_config(mode="live", reports={"secret": {"source": "env"}, "accept_get": True})
    told = run_here("--config", config, "reports", "listen", "--addresses", "--json").data["addresses"]
    paths = {one["gateway"]: one["path"] for one in told}
    with serving(paths, "--config", config, "reports", "listen", "--port", "0") as server:
        yield server
        for gateway, path in paths.items():  # and it still listens
            kind, seed = _BODIES[gateway != "intelecom"]
            assert ask(server.port, request(f"POST {path}", seed.encode(), kind))[9:12] == b"200"


@pytest.mark.tries(150, 20_000)
def test_a_push_of_any_kind_is_taken_or_refused(listener: Server, trial: Trial) -> None:
    try_requests(a_push, listener.port, listener.paths, trial)


@pytest.mark.tries(100, 10_000)
def test_bytes_of_any_kind_do_the_listener_no_harm(listener: Server, trial: Trial) -> None:
    try_requests(a_request, listener.port, listener.paths, trial)


@pytest.mark.tries(150, 10_000)
def test_bytes_of_any_kind_do_the_simulator_no_harm(trial: Trial, tmp_path: Path) -> None:
    argv = ("simulator", "--journal", tmp_path / "accepted.jsonl", "--port", "0")
    with serving({}, *argv) as server:
        try_requests(asked_of_a_gateway, server.port, {}, trial)
        answer = ask(server.port, ASKED_OF_A_GATEWAY[1])
        assert b"<LOGON>OK</LOGON>" in answer


def _broken(*_arguments: object) -> NoReturn:
    raise RuntimeError


def test_a_fault_of_the_listener_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(READERS, "intelecom", _broken)
    running = Running(NO_RULES, PATIENCE, None, accept_get=True)
    try:
        paths = {one.gateway: one.path for one in running.gate.passes}
        for make in (a_push, a_request):
            with pytest.raises(AssertionError, match="500"):
                try_requests(make, running.listener.port, paths, hasty())
    finally:
        running.stop()


def test_a_fault_of_the_simulator_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smsctl.simulator.web.ReceivedRequest.login", property(_broken))
    with start(Behaviour()) as simulator, pytest.raises(AssertionError, match="500"):
        try_requests(asked_of_a_gateway, urlsplit(simulator.url).port or 0, {}, hasty())
