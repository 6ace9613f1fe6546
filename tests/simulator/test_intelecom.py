"""Puzzel's sendMessages, as wire/puzzel.md has it."""

import json
import time

import pytest

from smsctl.simulator.behaviour import BadLogin
from tests.simulator.conftest import Begin, Client, message

SAMPLE_REQUEST = """{
  "serviceId": 4711,
  "username": "demo-user",
  "password": "demo-secret",
  "batchReference": "smsctl-20260301-a1",
  "message": [
    {
      "recipient": "+46701740605",
      "content": "Testmeddelande från kommunen.",
      "clientReference": "a1-000001",
      "settings": {
        "priority": 2,
        "validity": 173,
        "originatorSettings": {"originator": "Kommunen", "originatorType": "ALPHANUMERIC"},
        "parameter": [{"key": "parsing-type", "value": "AUTO_DETECT"}]
      }
    },
    {"recipient": "+46701740606", "content": "Testmeddelande.", "clientReference": "a1-000002"}
  ]
}"""
SAMPLE_RESPONSE = """{"batchReference": "smsctl-20260301-a1",
 "messageStatus": [
  {"statusCode": 1, "statusMessage": "Message enqueued for sending", "clientReference": "a1-000001",
   "recipient": "+46701740605", "messageId": "7q01x0000a00", "sessionId": null, "sequenceIndex": 1},
  {"statusCode": 5, "statusMessage": "Invalid recipient", "clientReference": "a1-000002",
   "recipient": "+46701740606", "messageId": null, "sessionId": null, "sequenceIndex": 2}]}"""


def test_the_documents_request_sample_is_accepted(client: Client) -> None:
    response = client.ask("POST", "/gw/rs/sendMessages", SAMPLE_REQUEST, Content_Type="application/json")

    first, second = client.simulator.accepted()
    assert [status["statusCode"] for status in response.json()["messageStatus"]] == [1, 1]
    assert (first.gateway, first.reference, first.batch_reference, first.recipient) == (
        "intelecom",
        "a1-000001",
        "smsctl-20260301-a1",
        "+46701740605",
    )
    assert (first.content, first.encoding, first.parts) == ("Testmeddelande från kommunen.", "gsm7", 1)
    assert (first.originator, first.priority, first.validity, first.report) == ("Kommunen", 2, 173, True)
    assert (second.originator, second.priority, second.validity, second.report) == (None, None, None, True)


def test_the_reply_has_the_shape_of_the_documents_sample(client: Client) -> None:
    sample = json.loads(SAMPLE_RESPONSE)

    response = client.send(
        message(clientReference="a1-000001"),
        message(recipient="4670", clientReference="a1-000002"),
        batchReference="smsctl-20260301-a1",
    )

    answer = response.json()
    assert len(answer["messageStatus"][0]["messageId"]) == 12
    answer["messageStatus"][0]["messageId"] = "7q01x0000a00"
    sample["messageStatus"][1]["recipient"] = "4670"  # the simulator finds no fault with the sample's own
    assert response.status == 200
    assert response.headers["content-type"] == "application/json"
    assert answer == sample


def test_every_accepted_message_gets_an_id_of_its_own(client: Client) -> None:
    ids = [status["messageId"] for status in client.statuses(*[message()] * 50)]
    assert len(set(ids)) == 50


def test_a_batch_without_a_reference_gets_one(client: Client) -> None:
    assert client.send(message()).json()["batchReference"]


def test_reports_can_be_declined_for_a_message(client: Client) -> None:
    client.send(
        message(), message(settings={"parameter": [{"key": "skip_customer_report_delivery", "value": True}]})
    )
    assert [m.report for m in client.simulator.accepted()] == [True, False]


def test_a_session_needs_a_short_number_and_is_named_in_the_reply(client: Client) -> None:
    network = {"originator": "1960", "originatorType": "NETWORK"}
    (new,) = client.statuses(message(settings={"newSession": True, "originatorSettings": network}))
    (next_,) = client.statuses(message(settings={"sessionId": new["sessionId"]}))
    assert next_["sessionId"] == new["sessionId"] is not None
    letters = {"originator": "Kommunen", "originatorType": "ALPHANUMERIC"}
    assert client.codes(message(settings={"newSession": True, "originatorSettings": letters})) == [5]


@pytest.mark.parametrize("given", [{"username": "other"}, {"password": "other"}, {"password": ""}])
def test_a_bad_login_is_refused_with_a_problem_document(begin: Begin, given: dict[str, str]) -> None:
    client = begin(username="demo-user", password="demo-secret")
    assert client.codes(message()) == [1]

    response = client.send(message(), **given)

    assert response.status == 401
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json().keys() == {"type", "title", "status", "detail", "instance"}


def test_a_bad_login_can_instead_give_code_2_on_every_message(begin: Begin) -> None:
    client = begin(password="demo-secret", bad_login=BadLogin.CODE_2)
    assert client.codes(message(), message(), password="other") == [2, 2]
    assert client.simulator.accepted() == ()


@pytest.mark.parametrize("service", [4712, "north", None])
def test_a_wrong_service_gives_code_4(begin: Begin, service: object) -> None:
    client = begin(service_id=4711)
    assert client.codes(message(), serviceId=service) == [4]
    assert client.codes(message(), serviceId="4711") == [1]


def test_a_price_needs_a_service_that_may_bill_recipients(begin: Begin) -> None:
    assert begin().codes(message(price=200), message(price=0)) == [3, 1]
    assert begin(premium=True).codes(message(price=200)) == [1]


def test_references_need_not_be_unique_by_default(client: Client) -> None:
    assert client.codes(message(clientReference="a"), message(clientReference="a")) == [1, 1]


def test_a_repeated_reference_gives_code_25_when_they_are_checked(begin: Begin) -> None:
    client = begin(unique_references=True)
    first = message(clientReference="a")
    assert client.codes(first, message(clientReference="b"), message(), message()) == [1, 1, 1, 1]
    assert client.codes(first, message(clientReference="c")) == [25, 1]
    assert len(client.simulator.accepted()) == 5


def test_a_refused_message_does_not_use_up_its_reference(begin: Begin) -> None:
    client = begin(unique_references=True)
    assert client.codes(message(recipient="4670", clientReference="a")) == [5]
    assert client.codes(message(clientReference="a")) == [1]


def test_a_repeated_batch_gives_code_25_on_all_its_messages(begin: Begin) -> None:
    client = begin(unique_batches=True)
    assert client.codes(message(), batchReference="b1") == [1]
    assert client.codes(message(), message(), batchReference="b1") == [25, 25]
    assert client.codes(message(), batchReference="b2") == [1]


def test_a_reference_is_forgotten_after_its_time(begin: Begin) -> None:
    client = begin(unique_references=True, unique_window_s=0.05)
    again = message(clientReference="a")
    assert client.codes(again) == [1]
    time.sleep(0.06)
    assert client.codes(again) == [1]


def test_too_many_to_one_number_give_code_24(begin: Begin) -> None:
    client = begin(spam_limit=2)
    assert client.codes(*[message()] * 3, message(recipient="+46701740606")) == [1, 1, 24, 1]
    assert len(client.simulator.accepted()) == 3


def test_code_24_can_mean_that_the_message_waits_in_the_queue(begin: Begin) -> None:
    client = begin(spam_limit=0, spam_queues=True)
    (status,) = client.statuses(message())
    assert (status["statusCode"], len(status["messageId"])) == (24, 12)
    assert len(client.simulator.accepted()) == 1


def test_a_share_of_internal_errors_gives_code_6_the_same_way_every_time(begin: Begin) -> None:
    one, two = begin(internal_error_share=0.3, seed=7), begin(internal_error_share=0.3, seed=7)
    codes = one.codes(*[message()] * 200)
    assert set(codes) == {1, 6}
    assert 30 < codes.count(6) < 90
    assert len(one.simulator.accepted()) == codes.count(1)
    assert codes == two.codes(*[message()] * 200)


def test_any_login_is_accepted_by_default_but_there_must_be_one(client: Client) -> None:
    assert client.codes(message(), username="", password="anything") == [1]
    assert client.send(message(), password=None).status == 401
