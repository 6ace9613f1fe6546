"""`doctor --push`: whether what the supplier pushes would reach the listener, tried by pushing."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ..conftest import LiveGateway, MakeConfig
from ..front_door import Ran, Run
from .test_reports import FROM_ENVIRONMENT, listening


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMSCTL_REPORTS_SECRET", "canary-of-the-reports")


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found: int = free.getsockname()[1]
        return found


def reports(port: int, **more: object) -> dict[str, Any]:
    return {**FROM_ENVIRONMENT, "public_url": f"http://127.0.0.1:{port}", **more}


def told(ran: Ran) -> tuple[int, str, str]:
    (line,) = [one for one in ran.data["checks"] if one["check"] == "push"]
    return ran.code, line["level"], line["text"]


@contextmanager
def answering(port: int, status: int) -> Iterator[None]:
    """A web server that does not let pushes through."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


@pytest.mark.parametrize("asked", [{}, {"header": "X-API-Key", "username": "reports"}], ids=["path", "all"])
def test_the_way_in_is_proved_and_nothing_is_stored(
    live_gateway: LiveGateway, run: Run, port: int, asked: dict[str, str]
) -> None:
    config = live_gateway(reports=reports(port, **asked)).config
    with listening(config, "--port", str(port)):
        ran = run("--config", config, "doctor", "--push", "--json")
        assert told(ran) == (0, "ok", f"http://127.0.0.1:{port} leads to the listener, which took 8 MiB.")
    assert run("--config", config, "reports", "unmatched", "--json").data["reports"] == []


def test_who_is_not_allowed_has_reached_it(live_gateway: LiveGateway, run: Run, port: int) -> None:
    config = live_gateway(reports=reports(port, allow=["192.0.2.0/24"])).config
    with listening(config, "--port", str(port)):
        code, level, text = told(run("--config", config, "doctor", "--push", "--json"))
    assert (code, level, "is reached" in text) == (0, "ok", True)


def test_another_secret_is_found(
    live_gateway: LiveGateway, run: Run, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = live_gateway(reports=reports(port)).config
    with listening(config, "--port", str(port)):
        monkeypatch.setenv("SMSCTL_REPORTS_SECRET", "another")
        code, level, text = told(run("--config", config, "doctor", "--push", "--json"))
    assert (code, level, "answers 404" in text) == (7, "error", True)


def test_no_way_back_from_inside_is_a_warning(live_gateway: LiveGateway, run: Run, port: int) -> None:
    config = live_gateway(reports=reports(port)).config
    code, level, text = told(run("--config", config, "doctor", "--push", "--json"))
    assert (code, level, "cannot be reached from here" in text) == (0, "warning", True)


@pytest.mark.parametrize(
    ("status", "mend"),
    [
        (413, "client_max_body_size"),
        (401, "header"),
        (502, "smsctl-listen"),
        (200, "Something else"),
        (403, "els"),
    ],
)
def test_what_a_web_server_does_to_a_push_is_told(
    live_gateway: LiveGateway, run: Run, port: int, status: int, mend: str
) -> None:
    config = live_gateway(reports=reports(port)).config
    with answering(port, status):
        ran = run("--config", config, "doctor", "--push")
    assert (ran.code, f"answers {status} to a push" in ran.out, mend in ran.out) == (7, True, True)


def test_a_rehearsal_and_a_config_without_the_address_skip_it(
    make_config: MakeConfig, live_gateway: LiveGateway, run: Run
) -> None:
    for config in (make_config(reports=FROM_ENVIRONMENT), live_gateway(reports=FROM_ENVIRONMENT).config):
        assert told(run("--config", config, "doctor", "--push", "--json"))[1] == "skipped"


def test_a_web_server_without_the_tls_of_its_address_is_an_error(
    live_gateway: LiveGateway, run: Run, port: int
) -> None:
    """It is reached: the supplier would meet the same."""
    config = live_gateway(reports=reports(port, public_url=f"https://127.0.0.1:{port}")).config
    with answering(port, 200):
        code, level, text = told(run("--config", config, "doctor", "--push", "--json"))
    assert (code, level) == (7, "error")
    assert "127.0.0.1 shows no certificate to be trusted" in text
