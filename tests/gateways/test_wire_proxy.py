import gc
import re
import ssl
from base64 import b64decode
from pathlib import Path

import pytest

from smsctl.domain.gateway import Options
from smsctl.domain.remark import Event, Remark
from smsctl.domain.secret import Secret
from smsctl.gateways.outcome import HttpReply, NotSent, Unclear

from .fault_server import Behaviour, FaultServer, Line, answering, reply
from .line import BODY, QUICK, post


def refuse_connect(line: Line) -> None:
    line.read_request()
    line.send(b"HTTP/1.1 403 No\r\n\r\n")


def reset_after_connect(line: Line) -> None:
    line.read_request()
    line.send(b"HTTP/1.1 200 Connected\r\n\r\n")
    line.reset()


def drip_the_answer_to_connect(line: Line) -> None:
    line.read_request()
    line.drip(b"HTTP/1.1 200 Connected\r\n" + b"X-Slow: yes\r\n" * 1000)


@pytest.mark.filterwarnings("ignore:unclosed <ssl")  # CPython's, after a reset before the handshake
@pytest.mark.parametrize("behaviour", [refuse_connect, reset_after_connect, drip_the_answer_to_connect])
def test_a_proxy_that_does_not_connect_proves_that_nothing_left(
    behaviour: Behaviour, trusting: Options
) -> None:
    with FaultServer(behaviour) as proxy:
        outcome = post(trusting._replace(proxy=proxy.url), "https://localhost:4711/")
        assert isinstance(outcome, NotSent)
        assert len(proxy.requests) == 1
        assert proxy.requests[0].startswith(b"CONNECT localhost:4711 ")
    gc.collect()


def test_a_proxy_that_connects_carries_the_request_unread(
    tls: tuple[ssl.SSLContext, Path], trusting: Options
) -> None:
    def tunnel(line: Line) -> None:
        line.read_request()
        line.send(b"HTTP/1.1 200 Connected\r\n\r\n")
        inner = line.secured(tls[0])
        inner.read_request()
        inner.send(reply(200, b"through"))

    with FaultServer(tunnel) as proxy:
        outcome = post(trusting._replace(proxy=proxy.url), "https://localhost:4711/")
        assert isinstance(outcome, HttpReply)
        assert outcome.body == b"through"
        assert BODY not in proxy.requests[0]


def test_a_proxy_gets_the_login_with_its_tunnel_and_the_gateway_does_not(
    tls: tuple[ssl.SSLContext, Path], trusting: Options
) -> None:
    inside: list[str] = []

    def tunnel(line: Line) -> None:
        line.read_request()
        if "Proxy-Authorization" not in line.head:
            line.send(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        line.send(b"HTTP/1.1 200 Connected\r\n\r\n")
        inner = line.secured(tls[0])
        inner.read_request()
        inside.append(inner.head)
        inner.send(reply(200, b"through"))

    with FaultServer(tunnel) as proxy:
        through = trusting._replace(proxy=proxy.url)
        known = through._replace(proxy_username="anna", proxy_password=Secret("kanarie:å"))
        outcome = post(known, "https://localhost:4711/")
        assert isinstance(outcome, HttpReply)
        login = re.findall(rb"Proxy-Authorization: Basic (\S+)", proxy.requests[0])
        assert b64decode(login[0]).decode() == "anna:kanarie:å"
        assert "Proxy-Authorization" not in inside[0]
        for login_less in (through, through._replace(proxy_username="anna")):
            refused = post(login_less, "https://localhost:4711/")
            assert refused == NotSent(Remark(Event.PROXY_REFUSED))
    gc.collect()


def test_a_reset_through_the_proxy_after_the_request_proves_nothing(
    tls: tuple[ssl.SSLContext, Path], trusting: Options
) -> None:
    def tunnel_and_reset(line: Line) -> None:
        line.read_request()
        line.send(b"HTTP/1.1 200 Connected\r\n\r\n")
        inner = line.secured(tls[0])
        inner.read_request()
        inner.reset()

    with FaultServer(tunnel_and_reset) as proxy:
        assert isinstance(post(trusting._replace(proxy=proxy.url), "https://localhost:4711/"), Unclear)


def test_proxies_and_logins_of_the_environment_are_ignored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login someone password elses\n")
    with FaultServer(answering(200)) as captor, FaultServer(answering(200)) as server:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, captor.url)
        monkeypatch.setenv("NETRC", str(netrc))
        assert isinstance(post(QUICK, server.url), HttpReply)
        assert captor.connections == 0
        assert b"Authorization" not in server.requests[0]
