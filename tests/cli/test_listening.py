"""A listener that runs for days: what it says on the way, and that mailing on never holds up an answer."""

import json
import re
import signal
import socket
import threading
import time
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import pytest

from smsctl.cli.incoming.receiving import Complaints
from smsctl.errors import Sentence, say

from ..conftest import LiveGateway, MakeConfig
from ..front_door import Run
from ..gateways.fault_server import FaultServer
from ..gateways.test_mail import mail_server, sent
from .conftest import wait_until
from .test_reports import FROM_ENVIRONMENT, LONG_S, Listening, listening, report

ENDPOINT: dict[str, Any] = {"gateway": {"endpoint": "KOMMUN"}}
FORWARDED = ("--forward-to", "kund@example.se")


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMSCTL_REPORTS_SECRET", "canary-of-the-reports")


def sms(name: str) -> bytes:
    fields = {"messageid": name, "originator": "+46701740605", "content": f"KOMMUN {name}", "sno": "71234"}
    return json.dumps({"mo": [fields]}).encode()


def stopped(ears: Listening) -> tuple[str, str]:
    ears.process.send_signal(signal.SIGTERM)
    told = ears.process.communicate(timeout=LONG_S)
    assert ears.process.returncode == 0
    return told


def test_a_listener_ends_when_the_terminal_hangs_up(make_config: MakeConfig) -> None:
    with listening(make_config(mode="live", reports=FROM_ENVIRONMENT)) as ears:
        ears.process.send_signal(signal.SIGHUP)
        ears.process.communicate(timeout=LONG_S)
        assert ears.process.returncode == 129


@pytest.mark.parametrize("what", ["put back", "moved away"])
def test_a_listener_whose_ledger_is_another_ends_so_that_it_is_started_anew(
    what: str, make_config: MakeConfig, run: Run, tmp_path: Path
) -> None:
    config, ledger = make_config(mode="live", reports=FROM_ENVIRONMENT), tmp_path / "ledger" / "ledger.db"
    backup = tmp_path / "backup.db"
    assert run("--config", config, "block", "add", "+46701740699", "--reason", "asked").code == 0
    assert run("--config", config, "ledger", "backup", backup).code == 0
    with listening(config, "--quiet") as ears:
        assert ears.push(sms("one")) == 200
        if what == "put back":
            assert run("--config", config, "ledger", "restore", backup, "--yes").code == 0
        else:
            ledger.rename(tmp_path / "aside.db")
        assert ears.push(sms("two")) == 503
        _, told = ears.process.communicate(timeout=LONG_S)
    assert (ears.process.returncode, "another file was put in the ledger's place" in told) == (9, True), told
    with listening(config, "--quiet") as ears:
        assert ears.push(sms("two")) == 200
    assert "KOMMUN two" in run("--config", config, "inbox", "show", 1).out


@pytest.mark.parametrize("flag", ["--quiet", "--verbose"])
def test_pushes_that_are_not_understood_are_told_at_once_and_without_what_they_hold(
    make_config: MakeConfig, flag: str
) -> None:
    with listening(make_config(mode="live", reports=FROM_ENVIRONMENT), flag) as ears:
        assert ears.push(b"{+46701740605 Ja tack") == 400
        assert ears.process.stderr
        first = ears.process.stderr.readline()  # it still runs
        for _ in range(5):
            assert ears.push(b"{+46701740605 Ja tack") == 400
        _, err = stopped(ears)
    assert first == "A push for intelecom was refused: it holds no JSON with dr or mo.\n"
    assert err.startswith("5 times more since then: a push for intelecom was refused")
    assert not any(word in first + err for word in ("701740605", "tack", ears.paths["intelecom"]))


def test_a_log_that_went_away_keeps_no_push_out(make_config: MakeConfig, run: Run) -> None:
    config = make_config(mode="live", reports=FROM_ENVIRONMENT)
    with listening(config) as ears:
        assert ears.process.stderr
        ears.process.stderr.close()
        assert [ears.push(b"{"), ears.push(sms("m1")), ears.push(b"<")] == [400, 200, 400]
        assert ears.process.poll() is None
        ears.process.send_signal(signal.SIGTERM)
        ears.process.wait(LONG_S)
    assert [one["vendor_id"] for one in run("--config", config, "inbox", "list", "--json").data["inbox"]] == [
        "m1"
    ]


def test_the_same_is_said_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count(0, 10)  # ten seconds pass at every look
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    told: list[Sentence] = []
    complaints = Complaints(told.append)
    for n in range(30):
        complaints.note(say("refused from {n}", n=n))
        complaints.turn()
    complaints.end()
    assert str(told[0]) == "refused from 0"
    assert 30 / 6 <= len(told) <= 30 / 3 + 2
    assert 1 + sum(one.values["n"] for one in told if one.template.startswith("once more")) == 30  # type: ignore[misc]


def test_what_stopped_long_ago_is_told_at_once_when_it_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count(0, 100)
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    told: list[Sentence] = []
    complaints = Complaints(told.append)
    for _ in range(2):
        complaints.note(say("refused"))
        complaints.turn()
    assert list(map(str, told)) == ["refused", "refused"]


def mailing_on(make_config: MakeConfig, port: int) -> Path:
    smtp = {"host": "127.0.0.1", "port": port, "starttls": False, "from_address": "sms@example.se"}
    return make_config(mode="live", **ENDPOINT, reports=FROM_ENVIRONMENT, smtp=smtp)


def test_no_answer_waits_for_the_mail_server(make_config: MakeConfig) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        config = mailing_on(make_config, server.getsockname()[1])
        with listening(config, *FORWARDED) as ears:
            assert ears.push(sms("m1")) == 200
            server.settimeout(LONG_S)
            line, _ = server.accept()  # and not a word
            assert [ears.push(body) for body in (sms("m2"), sms("m3"), report("nobody-1"))] == [200] * 3
            line.setblocking(False)
            with pytest.raises(BlockingIOError):  # the mail is still being tried
                line.recv(1)
            out, _ = stopped(ears)
            line.close()
    assert "3 incoming SMS" in out


def test_what_was_not_mailed_on_is_mailed_on_after_a_restart(make_config: MakeConfig) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    config = mailing_on(make_config, port)
    with listening(config, *FORWARDED) as ears:
        assert [ears.push(sms(f"m{n}")) for n in range(3)] == [200] * 3
        assert ears.process.stderr
        assert "could not be mailed on" in ears.process.stderr.readline()
        ears.process.kill()
    with FaultServer(mail_server()) as mails:
        text = config.read_text(encoding="utf-8").replace(f"port = {port}", f"port = {mails.port}")
        config.write_text(text, encoding="utf-8")
        with listening(config, *FORWARDED) as ears:
            wait_until(lambda: len(sent(mails)) == 3)
            stopped(ears)
        with listening(config, *FORWARDED) as ears:
            assert ears.push(sms("m3")) == 200
            wait_until(lambda: len(sent(mails)) == 4)
    subjects = {message_from_bytes(raw, policy=default)["Message-ID"] for raw in sent(mails)}
    assert len(subjects) == 4


def test_polling_ends_in_time_when_the_gateway_hangs(
    make_config: MakeConfig, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", "canary")
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        link = {"module": "pswincom", "service_id": None, "total_timeout": "1h", "read_timeout": "1h"}
        config = make_config(mode="live", gateway=link, reports={"poll": True, "poll_url": url})
        asked = threading.Thread(
            target=lambda: answers.append(run("--config", config, "reports", "poll", "--for", "1s"))
        )
        answers: list[Any] = []
        asked.start()
        asked.join(LONG_S)
    (ran,) = answers
    assert ran.code == 7
    assert "no complete answer within 5 s" in ran.err


class _ReportsOnly(BaseHTTPRequestHandler):
    """An account whose incoming SMS somebody else gets."""

    waiting: ClassVar = ["r1", "r2"]

    def do_POST(self) -> None:
        if "/mo/" in self.path:
            self._answer(401, {})
        elif self.waiting:
            self._answer(200, {"receiver": "46701740605", "state": "DELIVRD", "reference": self.waiting[0]})
        else:
            self._answer(404, {"statusCode": "404"})

    def do_PUT(self) -> None:
        self.waiting.remove(self.path.rpartition("/")[2])
        self._answer(204, {})

    def _answer(self, status: int, document: dict[str, str]) -> None:
        body = json.dumps(document).encode() if document else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_queue_that_fails_keeps_no_other_full(
    make_config: MakeConfig, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", "canary")
    with ThreadingHTTPServer(("127.0.0.1", 0), _ReportsOnly) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        link = {"module": "pswincom", "service_id": None}
        url = f"http://127.0.0.1:{server.server_port}"
        config = make_config(mode="live", gateway=link, reports={"poll": True, "poll_url": url})
        ran = run("--config", config, "reports", "poll")
        server.shutdown()
    assert (ran.code, "queue of incoming SMS (HTTP 401)" in ran.err) == (6, True)
    assert _ReportsOnly.waiting == []
    kept = run("--config", config, "reports", "unmatched", "--json").data["reports"]
    assert [one["gateway_id"] for one in kept] == ["r2", "r1"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--push-to", "x=y"), "Nothing can be pushed as x"),
        (("--push-to", "intelecom"), "write NAME=VALUE"),
        (("--report-code", "351=2"), "from 0 to 1"),
        (("--report-code", "351=many"), "from 0 to 1"),
        (("--bad-login", "x"), "--bad-login cannot be x."),
    ],
)
def test_a_simulator_that_cannot_do_as_told_says_so(
    make_config: MakeConfig, run: Run, words: tuple[str, str], told: str
) -> None:
    ran = run("--config", make_config(), "simulator", *words)
    assert (ran.code, told in ran.err) == (2, True)


def peak_kib(process: int) -> int:
    """Return the most memory that a process has used (Linux)."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0])


@pytest.mark.parametrize("form", ["json", "xml"])
def test_a_push_of_eight_mib_is_taken_within_64_mib_of_memory(
    live_gateway: LiveGateway, run: Run, form: str
) -> None:
    """Reports in the documented shape, most of them of other programs on the account."""
    config = live_gateway(reports=FROM_ENVIRONMENT).config
    entries = [
        _as_documented(n, form) for n in range((8 << 20) // (len(_as_documented(10**6, form)) + 1) - 1)
    ]
    body = f'{{"dr":[{",".join(entries)}]}}' if form == "json" else f"<dr>{''.join(entries)}</dr>"
    assert 7 << 20 < len(body) <= 8 << 20
    with listening(config) as ears:
        assert ears.push(body.encode()) == 200
        assert peak_kib(ears.process.pid) <= 64 << 10
    assert run("--config", config, "reports", "unmatched", "--json").data["total"] == len(entries)


def test_a_push_of_eight_mib_of_nothing_takes_little_memory_either(make_config: MakeConfig) -> None:
    with listening(make_config(mode="live", reports=FROM_ENVIRONMENT)) as ears:
        assert ears.push(b'{"dr":[' + b"{}," * 2_700_000 + b"{}]}") == 400
        assert ears.push(f"<dr><message>{'<a/>' * 2_000_000}</message></dr>".encode()) == 400
        assert peak_kib(ears.process.pid) <= 100 << 10


def _as_documented(place: int, form: str) -> str:
    fields = {
        "messageid": f"7q01x{place:07}",
        "customerbatchreference": "smsctl-20260301-a1",
        "customermessagereference": f"0a1b2c3d4e-{place:07}",
        "serviceid": 4711,
        "servicename": "Demo",
        "mcc": 240,
        "mnc": 1,
        "type": 6,
        "statuscode": 0,
        "statusdescription": "OK",
        "extstatuscode": "0",
        "extstatusdescription": "Delivered",
    }
    if form == "json":
        return json.dumps(fields)
    return f"<message>{''.join(f'<{name}>{value}</{name}>' for name, value in fields.items())}</message>"
