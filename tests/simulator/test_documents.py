"""Puzzel's formats on the wire: JSON, XML, form and GET (wire/puzzel.md, "Sending")."""

from urllib.parse import urlencode
from xml.etree.ElementTree import fromstring

import pytest

from tests.simulator.conftest import Client, message

PATH = "/gw/rs/sendMessages"
RESPONSE = "{http://chimera.intele.com/gw/xsd/SMSGateway/Response/2013/02}response"
SAMPLE_XML = """<r:request xmlns:r="http://chimera.intele.com/gw/xsd/SMSGateway/Request/2013/02">
  <serviceId>4711</serviceId><username>demo-user</username><password>demo-secret</password>
  <batchReference>smsctl-20260301-a1</batchReference>
  <message>
    <recipient>+46701740605</recipient><content>Hej</content><clientReference>a1-000001</clientReference>
  </message>
</r:request>"""
FIELDS = {
    "serviceId": "4711",
    "username": "demo-user",
    "password": "demo-secret",
    "message[0].recipient": "+46701740605",
    "message[0].content": "Hallå",
    "message[0].settings.priority": "3",
    "message[0].settings.originatorSettings.originator": "Kommunen",
    "message[0].settings.originatorSettings.originatorType": "ALPHANUMERIC",
    "message[0].settings.parameter[0].key": "parsing-type",
    "message[0].settings.parameter[0].value": "AUTO_DETECT",
    "message[1].recipient": "+46701740606",
    "message[1].content": "Hej",
}


def xml(client: Client, body: str | bytes, accept: str = "") -> tuple[int, str, bytes]:
    response = client.ask("POST", PATH, body, Content_Type="application/xml", Accept=accept)
    return response.status, response.headers["content-type"], response.body


def test_the_documents_xml_sample_is_answered_in_xml(client: Client) -> None:
    status, content_type, body = xml(client, SAMPLE_XML, "application/xml")

    root = fromstring(body)
    entry = root.find("messageStatus")
    assert (status, content_type) == (200, "application/xml;charset=UTF-8")
    assert root.tag == RESPONSE
    assert root.findtext("batchReference") == "smsctl-20260301-a1"
    assert entry is not None
    assert {child.tag for child in entry} == {
        "statusCode",
        "statusMessage",
        "clientReference",
        "recipient",
        "messageId",
        "sequenceIndex",
    }
    assert entry.findtext("statusCode") == "1"


def test_xml_settings_and_repeated_elements_are_read(client: Client) -> None:
    settings = (
        "<settings><originatorSettings><originator>Kommunen</originator>"
        "<originatorType>Alphanumeric</originatorType></originatorSettings><priority>1</priority>"
        "<parameter><key>parsing-type</key><value>AUTO_DETECT</value></parameter></settings>"
    )
    one = f"<message><recipient>+46701740605</recipient><content>я</content>{settings}</message>"
    head, tail = SAMPLE_XML.split("<message>")

    xml(client, f"{head}{one}<message>{tail}")

    first, second = client.simulator.accepted()
    assert (first.originator, first.priority, first.encoding) == ("Kommunen", 1, "ucs2")
    assert second.content == "Hej"


@pytest.mark.parametrize(
    ("accept", "answered"), [("", "application/xml"), ("application/json", "application/json")]
)
def test_a_form_is_answered_in_xml_unless_json_is_asked_for(
    client: Client, accept: str, answered: str
) -> None:
    response = client.ask(
        "POST", PATH, urlencode(FIELDS), Content_Type="application/x-www-form-urlencoded", Accept=accept
    )

    first, second = client.simulator.accepted()
    assert response.headers["content-type"].startswith(answered)
    assert (first.content, first.priority, first.originator) == ("Hallå", 3, "Kommunen")
    assert second.recipient == "+46701740606"


def test_a_query_string_is_answered_as_text_xml(client: Client) -> None:
    response = client.ask("GET", f"{PATH}?{urlencode(FIELDS)}")
    assert response.headers["content-type"] == "text/xml;charset=UTF-8"
    assert [e.text for e in fromstring(response.body).iter("statusCode")] == ["1", "1"]


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("application/json", "application/json"),
        ("application/xml", "application/xml;charset=UTF-8"),
        ("*/*", "application/json"),
        ("", "application/json"),
    ],
)
def test_accept_decides_the_format_of_the_answer(client: Client, accept: str, answered: str) -> None:
    body = '{"serviceId": 1, "username": "<&>", "password": "p", "message": [{"recipient": "<&>"}]}'
    response = client.ask("POST", PATH, body, Content_Type="application/json", Accept=accept)
    assert response.headers["content-type"] == answered


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"{}",
        b'{"message": []}',
        b'{"message": {}}',
        b'{"message": ["text"]}',
        '{"message": [{"content": "å"}]}'.encode("latin-1"),
        b"[" * 100_000,
        rb'{"serviceId": 1, "username": "u", "password": "p", "message": [{"recipient": "\ud800"}]}',
    ],
)
def test_malformed_json_is_refused_as_a_whole(client: Client, body: bytes) -> None:
    response = client.ask("POST", PATH, body, Content_Type="application/json")
    assert response.status == 400
    assert response.json()["status"] == 400


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<request/>",
        SAMPLE_XML[:-5],
        SAMPLE_XML.replace("Hej", "&hej;"),
        f'<!DOCTYPE r [<!ENTITY hej "hej">]>{SAMPLE_XML.replace("Hej", "&hej;")}',
        f'<!DOCTYPE r [<!ENTITY hej SYSTEM "file:///etc/hostname">]>{SAMPLE_XML.replace("Hej", "&hej;")}',
    ],
)
def test_malformed_or_dangerous_xml_is_refused_as_a_whole(client: Client, body: str) -> None:
    assert xml(client, body)[0] == 400
    assert client.simulator.accepted() == ()


@pytest.mark.parametrize("pairs", ["message.recipient=1", "message[0].a=1&message[0].a.b=2", "=1", "x[=2"])
def test_a_form_that_makes_no_sense_is_refused(client: Client, pairs: str) -> None:
    assert client.ask("GET", f"{PATH}?{pairs}").status == 400


def test_a_body_of_another_kind_is_not_supported(client: Client) -> None:
    assert client.ask("POST", PATH, "hej", Content_Type="text/plain").status == 415


def test_another_method_is_not_allowed(client: Client) -> None:
    response = client.ask("PUT", PATH)
    assert (response.status, response.headers["allow"]) == (405, "POST, GET")


@pytest.mark.parametrize("path", ["/gw/rs/sendmessages", "/gw/rs", "/gw/rs/sendMessages/"])
def test_an_unknown_path_is_not_found(client: Client, path: str) -> None:
    assert client.ask("POST", path, "{}").status == 404


def test_numbers_in_json_may_be_text_and_texts_numbers(client: Client) -> None:
    (status,) = client.statuses(message(clientReference=7), serviceId="4711")
    assert (status["statusCode"], status["clientReference"]) == (1, "7")
