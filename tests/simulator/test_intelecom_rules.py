"""What Puzzel's gateway demands of a message, field by field (wire/puzzel.md)."""

from typing import Any

import pytest

from tests.simulator.conftest import Begin, Client, message


def settings(**fields: object) -> dict[str, Any]:
    return message(settings=fields)


def sender(originator: object, kind: object) -> dict[str, Any]:
    return settings(originatorSettings={"originator": originator, "originatorType": kind})


def parameter(key: str, value: object) -> dict[str, Any]:
    return settings(parameter=[{"key": key, "value": value}])


def window(**fields: str) -> dict[str, Any]:
    return settings(sendWindow=fields)


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
