"""Starting, stopping, and what the simulator keeps."""

import json
import socket
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import pytest

from smsctl.errors import InputError, RuleError, UsageError
from smsctl.simulator.server import BadLogin, Behaviour, NonGsm, PushStyle, start
from tests.simulator.conftest import Begin, Client, message


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "sms.example"])
def test_it_listens_on_this_machine_only_unless_told(host: str) -> None:
    with pytest.raises(RuleError) as caught:
        start(host=host)
    assert host in str(caught.value)
    assert "--allow-other-hosts" in str(caught.value.hint)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost"])
def test_loopback_has_many_names(host: str) -> None:
    with start(host=host) as simulator:
        assert simulator.url.startswith("http://127.0.0.")
        assert Client(simulator).codes(message()) == [1]


def test_other_hosts_can_be_allowed() -> None:
    with start(host="0.0.0.0", allow_other_hosts=True) as simulator:
        port = urlsplit(simulator.url).port
        socket.create_connection(("127.0.0.1", port)).close()


def test_a_word_is_as_good_as_what_it_names() -> None:
    words: dict[str, Any] = {"bad_login": "code2", "push_style": "get", "non_gsm": "accept"}
    behaviour = Behaviour(**words)
    assert behaviour.bad_login is BadLogin.CODE_2
    assert (behaviour.push_style is PushStyle.GET, behaviour.non_gsm is NonGsm.ACCEPT) == (True, True)
    for switch in words:
        with pytest.raises(UsageError, match=f"--{switch.replace('_', '-')} cannot be nonsense"):
            Behaviour(**{switch: cast("Any", "nonsense")})


@pytest.mark.parametrize("port", [70_000, -1])
def test_an_impossible_port_is_told_in_words(port: int) -> None:
    with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1 port {port}"):
        start(port=port)


def test_a_port_in_use_is_told_in_words(client: Client) -> None:
    with pytest.raises(UsageError, match=r"port [0-9]+: Address already in use$"):
        start(port=urlsplit(client.simulator.url).port or 0)


@pytest.mark.parametrize(
    ("gateway", "address"),
    [
        ("x", "http://127.0.0.1:8471/x"),
        ("intelecom", "y"),
        ("intelecom", "https://127.0.0.1:8471/x"),
        ("intelecom", "http://192.0.2.1:8471/x"),
        ("pswincom", "http://127.0.0.1:port/x"),
        ("pswincom", "http://[::1/x"),
    ],
)
def test_where_nothing_can_be_pushed_to_is_told_in_words(gateway: str, address: str) -> None:
    with pytest.raises(UsageError, match="push") as caught:
        start(Behaviour(push_to={gateway: address}))
    assert caught.value.hint


def test_a_journal_that_cannot_be_written_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot write the simulator's journal"):
        start(Behaviour(journal=tmp_path / "missing" / "journal"))


def test_after_the_stop_nobody_answers_and_the_port_is_free(begin: Begin) -> None:
    client = begin()
    client.send(message())
    client.simulator.stop()
    client.simulator.stop()
    with pytest.raises(ConnectionRefusedError):
        client.send(message())
    with start(port=urlsplit(client.simulator.url).port or 0) as again:
        assert Client(again).codes(message()) == [1]
    assert len(client.simulator.accepted()) == 1


@pytest.mark.parametrize("durable", [False, True])
def test_the_journal_has_one_line_for_each_accepted_message(
    begin: Begin, tmp_path: Path, *, durable: bool
) -> None:
    journal = tmp_path / "journal"
    journal.write_text("before\n")
    client = begin(journal=journal, durable=durable)
    (status, _) = client.statuses(
        message("Hallå\n{}", clientReference="a1", settings={"priority": 3}),
        message(recipient="4670"),
        batchReference="b1",
    )

    before, line = journal.read_text("utf-8").splitlines()  # written before the answer left

    assert before == "before"
    written = json.loads(line)
    assert written.pop("time").endswith("+00:00")
    assert written == {
        "gateway": "intelecom",
        "reference": "a1",
        "batchReference": "b1",
        "recipient": "+46701740605",
        "content": "Hallå\n{}",
        "encoding": "gsm7",
        "parts": 1,
        "originator": None,
        "priority": 3,
        "messageId": status["messageId"],
        "validity": None,
        "sendAt": None,
        "report": True,
    }


def test_a_new_journal_is_for_its_owner_only(begin: Begin, tmp_path: Path) -> None:
    begin(journal=tmp_path / "journal")
    assert stat.S_IMODE((tmp_path / "journal").stat().st_mode) == 0o600


def test_raw_requests_are_kept_when_asked_for(begin: Begin) -> None:
    client = begin(keep_requests=2)
    for path in ("/a/a", "/b/b", "/c/c?x=1"):
        client.ask("POST", path, b"\xe5", Content_Type="text/plain", Accept="text/html")
    second, third = client.simulator.requests()
    assert (second.path, third.path, third.query, third.body) == ("/b/b", "/c/c", "x=1", b"\xe5")
    assert (third.method, third.content_type, third.accept) == ("POST", "text/plain", "text/html")
    assert begin().simulator.requests() == ()


def test_only_the_latest_messages_are_remembered(begin: Begin) -> None:
    client = begin(keep_accepted=2)
    client.send(*[message(clientReference=str(index)) for index in range(5)])
    assert [m.reference for m in client.simulator.accepted()] == ["3", "4"]


def test_eight_requests_are_served_at_once_and_all_are_kept(begin: Begin, tmp_path: Path) -> None:
    client = begin(latency_s=600, journal=tmp_path / "journal")
    batches = [[message(clientReference=f"{b}-{m}") for m in range(100)] for b in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for batch in batches:
            pool.submit(client.send, *batch)
        while len(client.simulator.accepted()) < 800:
            time.sleep(0.005)
        client.simulator.stop()
    kept = {m.reference for m in client.simulator.accepted()}
    assert kept == {m["clientReference"] for batch in batches for m in batch}
    assert len((tmp_path / "journal").read_text().splitlines()) == 800


def test_the_latency_comes_after_the_messages_are_accepted(begin: Begin) -> None:
    client = begin(latency_s=600)
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(client.send, message())
        while not client.simulator.accepted():
            time.sleep(0.005)
        assert not sending.done()
        client.simulator.stop()


def test_neither_the_server_nor_its_parts_are_loaded_before_it_starts() -> None:
    code = (
        "import sys, smsctl.simulator.server;"
        "heavy = {'waitress', 'logging', 'defusedxml', 'xml', 'smtplib', 'requests', 'ssl'};"
        "print(sorted(heavy & {name.partition('.')[0] for name in sys.modules}))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"
