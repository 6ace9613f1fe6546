"""Faults on demand, over real sockets, on both gateways."""

import json
import socket
import time
from collections.abc import Callable
from http.client import RemoteDisconnected
from urllib.parse import urlsplit
from xml.etree.ElementTree import fromstring

import pytest

from smsctl.errors import UsageError
from smsctl.simulator.faults import Fault, parse_faults
from tests.simulator.conftest import Begin, Client, Response, message

MESSAGES = [message(clientReference=f"a{index}") for index in range(3)]
SESSION = (
    "<SESSION><CLIENT>u</CLIENT><PW>p</PW><MSGLST>"
    + "".join(f"<MSG><ID>{i}</ID><TEXT>Hej</TEXT><RCV>46701740605</RCV></MSG>" for i in range(3))
    + "</MSGLST></SESSION>"
)


def to_intelecom(client: Client) -> Response:
    return client.send(*MESSAGES)


def to_pswincom(client: Client) -> Response:
    return client.ask("POST", "/", SESSION, Content_Type="text/xml")


def intelecom_references(response: Response) -> list[str]:
    return [status["clientReference"] for status in response.json()["messageStatus"]]


def pswincom_references(response: Response) -> list[str]:
    return [str(found.text) for found in fromstring(response.body).iter("ID")]


both = pytest.mark.parametrize("send", [to_intelecom, to_pswincom])
Send = Callable[[Client], Response]


@both
@pytest.mark.parametrize(
    ("fault", "status", "accepted"),
    [
        (Fault.ERROR500, 500, 3),
        (Fault.ERROR500_EARLY, 500, 0),
        (Fault.ERROR503, 503, 0),
        (Fault.ERROR429, 429, 0),
        (Fault.HTML200, 200, 3),
        (Fault.TRUNCATED, 200, 3),
        (Fault.SLOW, 200, 3),
    ],
)
def test_a_fault_gives_its_status_and_accepts_or_not(
    begin: Begin, send: Send, fault: Fault, status: int, accepted: int
) -> None:
    client = begin(faults={fault: 1}, slow_s=0.01)
    assert send(client).status == status
    assert len(client.simulator.accepted()) == accepted


@both
@pytest.mark.parametrize(("fault", "accepted"), [(Fault.RESET, 3), (Fault.RESET_EARLY, 0)])
def test_the_connection_is_reset_instead_of_an_answer(
    begin: Begin, send: Send, fault: Fault, accepted: int
) -> None:
    client = begin(faults={fault: 1})
    with pytest.raises(ConnectionResetError) as caught:
        send(client)
    assert not isinstance(caught.value, RemoteDisconnected)  # that would be a proper end
    assert len(client.simulator.accepted()) == accepted


@both
@pytest.mark.parametrize(("fault", "accepted"), [(Fault.TIMEOUT, 3), (Fault.TIMEOUT_EARLY, 0)])
def test_silence_ends_without_an_answer(begin: Begin, send: Send, fault: Fault, accepted: int) -> None:
    client = begin(faults={fault: 1}, silence_s=0.1)
    with pytest.raises(RemoteDisconnected):
        send(client)
    assert len(client.simulator.accepted()) == accepted


def test_silence_is_over_when_the_client_leaves(begin: Begin) -> None:
    """More clients than threads give up; had they kept their threads, nobody would be served."""
    client = begin(faults={Fault.TIMEOUT: 1}, silence_s=600)
    where = urlsplit(client.simulator.url)
    body = json.dumps({"serviceId": 1, "username": "u", "password": "p", "message": MESSAGES}).encode()
    head = (
        "POST /gw/rs/sendMessages HTTP/1.1\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    for sent in range(1, 41):
        with socket.create_connection((where.hostname, where.port)) as line:
            line.sendall(head.encode() + body)
            while len(client.simulator.accepted()) < sent * len(MESSAGES):
                time.sleep(0.005)
    assert client.ask("GET", "/nowhere/at/all").status == 404


def test_a_stop_does_not_wait_for_silent_connections(begin: Begin) -> None:
    client = begin(faults={Fault.TIMEOUT: 1}, silence_s=600)
    where = urlsplit(client.simulator.url)
    with socket.create_connection((where.hostname, where.port)) as line:
        line.sendall(
            b"POST / HTTP/1.1\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % len(SESSION)
        )
        line.sendall(SESSION.encode())
        while not client.simulator.accepted():
            time.sleep(0.005)
        client.simulator.stop()
        assert line.recv(1) == b""


def test_a_busy_gateway_says_when_to_come_again(begin: Begin) -> None:
    response = begin(faults={Fault.ERROR429: 1}, retry_after_s=7).send(message())
    assert response.headers["retry-after"] == "7"


@pytest.mark.parametrize(
    ("fault", "left"),
    [
        (Fault.MISSING_ENTRY, ["a0", "a1"]),
        (Fault.FOREIGN_REFERENCE, ["a0", "a1", "999999999"]),
        (Fault.DUPLICATE_REFERENCE, ["a0", "a1", "a0"]),
    ],
)
def test_entries_are_damaged_but_the_messages_accepted(begin: Begin, fault: Fault, left: list[str]) -> None:
    client = begin(faults={fault: 1})
    assert intelecom_references(to_intelecom(client)) == left
    assert pswincom_references(to_pswincom(client)) == [reference.removeprefix("a") for reference in left]
    assert len(client.simulator.accepted()) == 6


def test_a_web_page_and_half_a_document_are_no_answers(begin: Begin) -> None:
    page, half = (
        to_intelecom(begin(faults={Fault.HTML200: 1})),
        to_intelecom(begin(faults={Fault.TRUNCATED: 1})),
    )
    assert page.headers["content-type"] == "text/html"
    assert half.headers["content-length"] == str(len(half.body))
    with pytest.raises(json.JSONDecodeError):
        half.json()


def test_the_same_seed_gives_the_same_faults_in_about_the_shares_asked_for(begin: Begin) -> None:
    shares = parse_faults("error500=0.2,error429=0.1")
    one, two, other = (begin(faults=shares, seed=seed) for seed in (1, 1, 2))
    statuses = [[c.send(message()).status for _ in range(100)] for c in (one, two, other)]
    assert statuses[0] == statuses[1] != statuses[2]
    assert 8 <= statuses[0].count(500) <= 32
    assert 2 <= statuses[0].count(429) <= 20


def test_the_management_api_has_no_faults(begin: Begin) -> None:
    client = begin(faults={Fault.ERROR500: 1})
    assert client.ask("GET", "/mgmt/rs/service/1/batch/", Authorization="Basic dTpw").status == 200


def test_shares_are_read() -> None:
    assert parse_faults("timeout=0.02, reset=0.01,") == {"timeout": 0.02, "reset": 0.01}
    assert parse_faults("") == {}


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("timout=0.1", ["timout is no fault"]),
        ("timeout", ["timeout: the share must be a number from 0 to 1, not ''"]),
        ("timeout=2,reset=nan,x=1", ["timeout: ", "reset: ", "x is no fault"]),
        ("timeout=0.6,reset=0.6", ["the shares come to more than 1"]),
    ],
)
def test_what_is_wrong_with_shares_is_said_all_at_once(text: str, problems: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        parse_faults(text)
    assert "duplicate-reference" in str(caught.value.hint)
    assert len(caught.value.problems) == len(problems)
    for problem, expected in zip(caught.value.problems, problems, strict=True):
        assert str(problem).startswith(expected)
