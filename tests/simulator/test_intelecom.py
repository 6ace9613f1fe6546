"""Puzzel's sendMessages, as protocols.md 2.2-2.9 has it."""

import json
import time
from typing import Any

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


@pytest.mark.parametrize(
    ("written", "normalised"),
    [
        ("+46701740605", "+46701740605"),
        ("+46 70-174 06 05", "+46701740605"),
        ("+47 41 00 00 00", "+4741000000"),
        ("+47 58 00 00 00", "+4758000000"),
        ("+447911123456", "+447911123456"),
    ],
)
def test_a_formatted_recipient_is_normalised(client: Client, written: str, normalised: str) -> None:
    (status,) = client.statuses(message(recipient=written))
    assert (status["statusCode"], status["recipient"]) == (1, normalised)


def settings(**fields: object) -> dict[str, Any]:
    return message(settings=fields)


def sender(originator: object, kind: object) -> dict[str, Any]:
    return settings(originatorSettings={"originator": originator, "originatorType": kind})


def parameter(key: str, value: object) -> dict[str, Any]:
    return settings(parameter=[{"key": key, "value": value}])


def window(**fields: str) -> dict[str, Any]:
    return settings(sendWindow=fields)


@pytest.mark.parametrize(
    ("wrong", "names"),
    [
        (message(recipient=""), "recipient"),
        (message(recipient="46701740605"), "recipient"),
        (message(recipient="+4670174"), "recipient"),
        (message(recipient="+4670174060512345"), "recipient"),
        (message(recipient="+4721000000"), "recipient"),
        ({"content": "Hej"}, "recipient"),
        ({"recipient": "+46701740605"}, "content"),
        (message(""), "content"),
        (message("Hej 🙂"), "content"),
        (message("a" * 919), "content"),
        (message("a" * 152 + "€" + "a" * (918 - 154)), "content"),
        (message(settings=7), "settings"),
        (message(price="much"), "price"),
        (settings(priority=0), "priority"),
        (settings(priority=4), "priority"),
        (settings(priority="high"), "priority"),
        (settings(validity=-1), "validity"),
        (settings(validity=174), "validity"),
        (settings(age=17), "age"),
        (settings(gasSettings={"serviceCode": "123"}), "gasSettings"),
        (sender("Kommunen i Å", "ALPHANUMERIC"), "originator"),
        (sender("Tolv tecken!", "ALPHANUMERIC"), "originator"),
        (sender("Skolförv", "ALPHANUMERIC"), "originator"),
        (sender("46701740605", "INTERNATIONAL"), "originator"),
        (sender("+46", "NETWORK"), "originator"),
        (sender("Kommunen", "LOCAL"), "originatorType"),
        (sender("Kommunen", None), "originatorSettings"),
        (sender("Kommunen", "ALPHANUMERIC") | {"price": 200}, "originator"),
        (parameter("parsing-type", "GUESS"), "parsing-type"),
        (parameter("pid", "64"), "pid"),
        (parameter("dcs", "XX"), "dcs"),
        (parameter("udh", "050"), "udh"),
        (settings(parameter="flash"), "parameter"),
        (window(startTime="07:30:00"), "startDate"),
        (window(startDate="2026-12-01"), "startTime"),
        (window(startDate="2026-13-01", startTime="07:30:00"), "startDate"),
        (
            window(startDate="2026-12-01", startTime="07:30:00", stopDate="2026-11-30", stopTime="09:00:00"),
            "sendWindow",
        ),
    ],
)
def test_a_bad_field_is_refused_alone_and_named(client: Client, wrong: dict[str, Any], names: str) -> None:
    before, refused, after = client.statuses(message(), wrong, message())

    assert [before["statusCode"], refused["statusCode"], after["statusCode"]] == [1, 5, 1]
    assert names in refused["statusMessage"]
    assert refused["messageId"] is None
    assert len(client.simulator.accepted()) == 2


@pytest.mark.parametrize(
    "right",
    [
        message("a" * 918),
        sender("Kommunen 1+", "alphanumeric"),
        sender("+46701740605", "International"),
        sender("1960", "NETWORK"),
        settings(priority="3", validity="0"),
        settings(parameter={"flash": "TRUE"}),
        settings(parameter=[{"key": "of-tomorrow", "value": "x"}], of_tomorrow={}),
        message(of_tomorrow=1),
    ],
)
def test_what_the_rules_allow_is_accepted(client: Client, right: dict[str, Any]) -> None:
    assert client.codes(right) == [1]


@pytest.mark.parametrize(
    ("fields", "phone_shows", "encoding"),
    [
        ({"parameter": [{"key": "parsing-type", "value": "AUTO_DETECT"}]}, "Fá щ 🙂", "ucs2"),
        ({"autoDetectEncoding": True}, "Fá щ 🙂", "ucs2"),
        ({"parameter": {"parsing-type": "SAFE_REMOVE_NON_GSM"}}, "F  ", "gsm7"),
        ({"parameter": {"parsing-type": "SAFE_REMOVE_NON_GSM_WITH_REPLACE"}}, "Fa  ", "gsm7"),
        ({"safeRemoveNonGsmCharacters": True}, "F  ", "gsm7"),
    ],
)
def test_characters_outside_gsm_are_handled_as_asked(
    client: Client, fields: dict[str, Any], phone_shows: str, encoding: str
) -> None:
    assert client.codes(message("Fá щ 🙂", settings=fields)) == [1]
    (accepted,) = client.simulator.accepted()
    assert (accepted.content, accepted.encoding) == (phone_shows, encoding)


def test_the_services_own_rule_for_characters_can_be_set(begin: Begin) -> None:
    client = begin(parsing_type="AUTO_DETECT")
    assert client.codes(message("🙂"), settings(parameter={"parsing-type": "NONE"}) | {"content": "🙂"}) == [
        1,
        5,
    ]


def test_binary_content_is_hex_and_counted_in_octets(client: Client) -> None:
    binary = {"parameter": {"dcs": "04"}}
    assert client.codes(message("00" * 141, settings=binary), message("hej", settings=binary)) == [1, 5]
    (accepted,) = client.simulator.accepted()
    assert (accepted.encoding, accepted.parts) == ("binary", 2)


def test_reports_can_be_declined_for_a_message(client: Client) -> None:
    client.send(message(), parameter("skip_customer_report_delivery", value=True))
    assert [m.report for m in client.simulator.accepted()] == [True, False]


def test_a_session_needs_a_short_number_and_is_named_in_the_reply(client: Client) -> None:
    network = {"originator": "1960", "originatorType": "NETWORK"}
    new = client.statuses(settings(newSession=True, originatorSettings=network))[0]["sessionId"]
    assert new
    assert client.statuses(settings(sessionId=new))[0]["sessionId"] == new
    letters = {"originator": "Kommunen", "originatorType": "ALPHANUMERIC"}
    assert client.codes(settings(newSession=True, originatorSettings=letters)) == [5]


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
