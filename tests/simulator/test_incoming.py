import json

import pytest

from smsctl.simulator.pushes import INCOMING_PATH

from .conftest import Begin

SMS = {"gateway": "pswincom", "sender": "+46701740605", "receiver": "71234", "text": "KOMMUN på er"}


def test_an_sms_comes_in_from_outside(begin: Begin) -> None:
    client = begin()
    assert client.ask("POST", INCOMING_PATH, json.dumps(SMS)).status == 202
    assert client.simulator.wait_until_told(30)
    assert client.simulator.queued() == 1


def test_an_sms_that_nobody_would_hear_of_is_refused_and_the_next_is_told(begin: Begin) -> None:
    client = begin()
    assert client.ask("POST", INCOMING_PATH, json.dumps(SMS | {"gateway": "intelecom"})).status == 409
    assert client.ask("POST", INCOMING_PATH, json.dumps(SMS)).status == 202
    assert client.simulator.wait_until_told(30)
    assert client.simulator.queued() == 1


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{}",
        "[]",
        "[" * 100_000,
        json.dumps(SMS | {"gateway": "other"}),
        json.dumps(SMS | {"text": "\ud800"}),
    ],
)
def test_what_is_no_sms_is_refused(begin: Begin, body: str) -> None:
    client = begin()
    assert client.ask("POST", INCOMING_PATH, body).status == 400
    assert client.simulator.queued() == 0
