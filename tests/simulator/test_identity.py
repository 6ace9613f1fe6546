"""The simulator says that it is one: when asked, and on every answer."""

import json
import smtplib

import pytest

from smsctl.gateways import mail_line, wire
from smsctl.simulator import identity, mailbox

from .conftest import Begin, message

NONCE = "0123456789abcdef" * 2
QUESTION = f"{identity.PATH}?nonce={NONCE}"
REQUESTS = (
    ("POST", "/gw/rs/sendMessages", json.dumps({"serviceId": 4711, "message": [message()]}), 401),
    ("POST", "/gw/rs/sendMessages", "{", 400),
    ("PUT", "/gw/rs/sendMessages", "", 405),
    ("GET", "/mgmt/rs/service/4711/batch/", "", 401),
    ("GET", "/mgmt/", "", 500),
    ("POST", "/", "<SESSION/>", 200),
    ("POST", "/api/output/rest/dr/gateway/demo", "", 401),
    ("GET", "/no/where", "", 404),
    ("POST", "/simulator/incoming", "", 400),
)


@pytest.mark.parametrize(("method", "path", "body", "status"), REQUESTS)
def test_every_answer_says_that_it_is_a_simulators_or_none_does(
    begin: Begin, method: str, path: str, body: str, status: int
) -> None:
    kind = "text/xml" if body.startswith("<") else "application/json"
    for as_a_gateway in (False, True):
        client = begin(as_a_gateway=as_a_gateway, password="right")
        response = client.ask(method, path, body, Content_Type=kind)
        assert response.status == status
        assert (identity.HEADER[0].lower() in response.headers) is not as_a_gateway
        assert ("simulator" in str(response.headers).lower()) is not as_a_gateway


def test_what_it_is_asked_with_it_repeats(begin: Begin) -> None:
    response = begin(password="right").ask("GET", QUESTION)  # no login is needed
    assert (response.status, response.json()["nonce"]) == (200, NONCE)


@pytest.mark.parametrize(
    "query", ["", "nonce=", "nonce=x", f"nonce={NONCE}0", f"nonce={NONCE}&a=b", "nonce=%22"]
)
def test_it_repeats_nothing_else(begin: Begin, query: str) -> None:
    response = begin().ask("GET", f"{identity.PATH}?{query}")
    assert (response.status, "nonce" in response.json()) == (400, False)


def test_as_a_gateway_it_does_not_know_the_question(begin: Begin) -> None:
    client = begin(as_a_gateway=True)
    asked, other = client.ask("GET", QUESTION), client.ask("GET", "/no/where")
    assert (asked.status, asked.headers.keys()) == (other.status, other.headers.keys())


def test_the_mail_server_greets_as_what_it_is() -> None:
    for as_a_gateway in (False, True):
        with mailbox.start(as_a_gateway=as_a_gateway) as box, smtplib.SMTP() as client:
            code, words = client.connect(box.host, box.port)
            said = [words, client.helo()[1], client.ehlo()[1]]
            assert code == 220
            assert [b"simulator" in one for one in said] == [not as_a_gateway] * 3


def test_both_sides_use_the_same_words() -> None:
    assert identity.HEADER[0] == wire.SIMULATOR_HEADER
    assert identity.GREETING.encode() == mail_line.SIMULATOR
