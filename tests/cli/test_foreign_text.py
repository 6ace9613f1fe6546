"""Names, groups, texts and a gateway's answers are shown as they are: they steer no terminal."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from ..conftest import HEADER, ROWS, SECRET, MakeConfig
from ..front_door import Run, run_terminal

FOREIGN = "\x1b[2J"  # clears the screen


def test_foreign_text_steers_no_terminal(make_config: MakeConfig, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("[red]Hej[/red] [link=https://example.se]här[/link] :smile:", encoding="utf-8")
    rows = [
        row.replace("Åsa", f"{FOREIGN}[bold]Åsa").replace(";elever", f";{FOREIGN}[blink]") for row in ROWS
    ]
    config = make_config(rows=rows, header=HEADER)
    shown = run_terminal(["--config", config, "send", text, "--all", "--yes"])
    assert shown.code == 0
    assert "[red]Hej[/red] [link=https://example.se]här[/link] :smile:" in shown.out
    unknown = run_terminal(["--config", config, "send", text, "--group", "[red]nobody", "--yes"])
    assert unknown.code == 8
    assert "[red]nobody" in unknown.out
    assert "\\x1b[2J[blink]" in unknown.out
    assert FOREIGN not in shown.out + unknown.out


class Rude(BaseHTTPRequestHandler):
    """Refuses every message, in words that would like to be more than words."""

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        refused = {"statusCode": 5, "statusMessage": f"{FOREIGN}[red]no[/red]\n{request['password']}"}
        entries = [{"clientReference": one["clientReference"], **refused} for one in request["message"]]
        body = json.dumps({"batchReference": request["batchReference"], "messageStatus": entries}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def rude(make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A config in live mode whose gateway answers rudely."""
    monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", SECRET)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Rude)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield make_config(mode="live", gateway={"url": f"http://127.0.0.1:{server.server_port}"})
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_gateway_that_answers_rudely_is_quoted(rude: Path, run: Run) -> None:
    sent = run_terminal(["--config", rude, "test", "+46701740605", "hej"])
    assert sent.code == 3
    told = [
        sent,
        run_terminal(["--config", rude, "mailings", "show", 1]),
        run("--config", rude, "mailings", "show", 1),
    ]
    for ran in told:
        assert "\\x1b[2J[red]no[/red]" in ran.out
        assert FOREIGN not in ran.out
        assert SECRET not in ran.out


def test_a_rejected_message_costs_nothing(rude: Path, run: Run) -> None:
    assert run("--config", rude, "test", "+46701740605", "hej").code == 3
    shown = run("--config", rude, "mailings", "show", 1, "--json").data
    assert (shown["states"], shown["parts"]) == ({"rejected": 1}, 0)
