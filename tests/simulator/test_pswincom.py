"""PSWinCom's submit, as wire/pswincom.md has it."""

import re
from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element, fromstring

import pytest

from smsctl.simulator.behaviour import NonGsm
from tests.simulator.conftest import Begin, Client

SAMPLE_REQUEST = """<?xml version="1.0" encoding="ISO-8859-1"?>
<SESSION>
  <CLIENT>demo-user</CLIENT>
  <PW>demo-secret</PW>
  <SD>smsctl a1</SD>
  <MSGLST>
    <MSG><ID>1</ID><TEXT>Testmeddelande från kommunen.</TEXT><SND>Kommunen</SND>
         <RCV>46701740605</RCV><RCPREQ>Y</RCPREQ></MSG>
    <MSG><ID>2</ID><TEXT>00480065006A0020D83DDE42</TEXT><OP>9</OP><SND>Kommunen</SND>
         <RCV>46701740606</RCV><TTL>1440</TTL></MSG>
  </MSGLST>
</SESSION>"""
GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def post(
    client: Client, body: str | bytes, content_type: str = "text/xml; charset=iso-8859-1", path: str = "/"
) -> Element:
    encoded = body.encode("iso-8859-1") if isinstance(body, str) else body
    response = client.ask("POST", path, encoded, Content_Type=content_type)
    assert response.status == 200
    root: Element = fromstring(response.body)
    return root


def session(*messages: str, login: str = "<CLIENT>demo-user</CLIENT><PW>demo-secret</PW>") -> str:
    return f"<SESSION>{login}<MSGLST>{''.join(messages)}</MSGLST></SESSION>"


def msg(text: str = "Hej", number: str = "46701740605", more: str = "") -> str:
    return f"<MSG><TEXT>{text}</TEXT><RCV>{number}</RCV>{more}</MSG>"


def entries(root: Element) -> list[dict[str, str]]:
    return [{child.tag: child.text or "" for child in entry} for entry in root.iterfind("MSGLST/MSG")]


@pytest.mark.parametrize(
    ("charset", "content_type"),
    [
        ("iso-8859-1", "text/xml; charset=ISO-8859-1"),
        ("iso-8859-1", "application/xml"),
        ("utf-8", "text/xml; charset=utf-8"),
    ],
)
def test_the_documents_request_sample_is_accepted(client: Client, charset: str, content_type: str) -> None:
    root = post(client, SAMPLE_REQUEST.encode(charset), content_type)

    first, second = client.simulator.accepted()
    assert root.findtext("LOGON") == "OK"
    assert (first.gateway, first.reference, first.batch_reference) == ("pswincom", "1", "smsctl a1")
    assert (first.recipient, first.content, first.encoding, first.parts) == (
        "46701740605",
        "Testmeddelande från kommunen.",
        "gsm7",
        1,
    )
    assert (first.originator, first.report, first.validity) == ("Kommunen", True, None)
    assert (second.content, second.encoding, second.report, second.validity) == (
        "Hej 🙂",
        "ucs2",
        False,
        1440,
    )


def test_the_reply_has_the_shape_of_the_documents_sample(client: Client) -> None:
    root = post(
        client, session(msg(more="<ID>1</ID><RCPREQ>Y</RCPREQ>"), msg(number="4670", more="<ID>2</ID>"))
    )

    accepted, refused = entries(root)
    assert [child.tag for child in root] == ["LOGON", "REASON", "MSGLST"]
    assert (root.findtext("LOGON"), root.findtext("REASON")) == ("OK", "")
    assert list(accepted) == ["ID", "REF", "STATUS", "INFO"]
    assert GUID.fullmatch(accepted.pop("REF"))
    assert accepted == {"ID": "1", "STATUS": "OK", "INFO": ""}
    assert refused == {
        "ID": "2",
        "STATUS": "FAIL",
        "INFO": "Invalid RCV '4670'. Receiver number must be at least 9 digits.",
    }
    assert len(client.simulator.accepted()) == 1


def test_the_http_charset_overrules_the_prolog(client: Client) -> None:
    post(client, SAMPLE_REQUEST.encode(), 'text/xml; charset="UTF-8"')
    assert client.simulator.accepted()[0].content == "Testmeddelande från kommunen."


def test_the_old_clients_doctype_and_trailing_nul_are_accepted(client: Client) -> None:
    body = '<?xml version="1.0"?><!DOCTYPE SESSION SYSTEM "pswincom_submit.dtd">' + session(msg()) + "\0"
    assert [e["STATUS"] for e in entries(post(client, body, path="/anything"))] == ["OK"]


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ("", "text/xml", 400),
        ("<SESSION>", "text/xml", 400),
        ("<BATCH/>", "text/xml", 400),
        (session(msg("å")), "text/xml; charset=utf-8", 400),
        (session(msg()), "text/xml; charset=martian", 400),
        ('<!DOCTYPE S [<!ENTITY a "b">]>' + session(msg("&a;")), "text/xml", 400),
        (session(msg()), "text/plain", 415),
    ],
)
def test_what_is_not_safe_xml_is_refused_as_a_whole(
    client: Client, body: str, content_type: str, status: int
) -> None:
    response = client.ask("POST", "/", body.encode("iso-8859-1"), Content_Type=content_type)
    assert response.status == status
    assert client.simulator.accepted() == ()


def test_only_posts_are_taken(client: Client) -> None:
    assert client.ask("GET", "/").status == 405


@pytest.mark.parametrize(
    "login",
    [
        "",
        "<CLIENT>demo-user</CLIENT>",
        "<CLIENT>demo-user</CLIENT><PW>x</PW>",
        "<CLIENT>x</CLIENT><PW>demo-secret</PW>",
    ],
)
def test_a_bad_login_fails_as_a_whole_with_a_reason(begin: Begin, login: str) -> None:
    client = begin(username="demo-user", password="demo-secret")
    root = post(client, session(msg(), login=login))
    assert [child.tag for child in root] == ["LOGON", "REASON"]
    assert (root.findtext("LOGON"), root.findtext("REASON")) == ("FAIL", "Username or password is incorrect.")
    assert client.simulator.accepted() == ()


def test_an_empty_list_gives_a_plain_logon_answer(client: Client) -> None:
    assert [child.tag for child in post(client, session())] == ["LOGON", "REASON"]


def test_messages_without_an_id_are_numbered(client: Client) -> None:
    assert [e["ID"] for e in entries(post(client, session(msg(), msg())))] == ["1", "2"]


def test_an_id_is_echoed_escaped(client: Client) -> None:
    assert entries(post(client, session(msg(more="<ID>a&lt;b&amp;</ID>"))))[0]["ID"] == "a<b&"


@pytest.mark.parametrize(
    ("wrong", "names"),
    [
        (msg(number=""), "RCV ''"),
        (msg(number="12345678"), "RCV '12345678'. Receiver number must be at least 9 digits."),
        (msg(number="+46701740605"), "RCV"),
        (msg(number="0046701740605"), "RCV"),
        (msg(more="<SND>Tolv tecken!</SND>"), "SND"),
        (msg(more="<SND>Förvaltning</SND>"), "SND"),
        (msg(more="<SND>1234567890123456</SND>"), "SND"),
        (msg(more="<SND>+46701740605</SND>"), "SND"),
        (msg(more="<OP>2</OP>"), "OP"),
        (msg("004", more="<OP>9</OP>"), "TEXT"),
        (msg("hej!", more="<OP>9</OP>"), "TEXT"),
        (msg("0", more="<OP>8</OP>"), "TEXT"),
        (msg(more="<TTL>4h</TTL>"), "TTL"),
        (msg(more="<RCPREQ>1</RCPREQ>"), "RCPREQ"),
        (msg(more="<REPLACE>8</REPLACE>"), "REPLACE"),
        (msg(more="<CLASS>1</CLASS>"), "CLASS"),
        (msg(more="<DELIVERYTIME>soon</DELIVERYTIME>"), "DELIVERYTIME"),
    ],
)
def test_a_bad_element_fails_alone_and_is_named(client: Client, wrong: str, names: str) -> None:
    before, failed, after = entries(post(client, session(msg(), wrong, msg())))
    assert [before["STATUS"], failed["STATUS"], after["STATUS"]] == ["OK", "FAIL", "OK"]
    assert failed["INFO"].startswith("Invalid ")
    assert names in failed["INFO"]
    assert "REF" not in failed


@pytest.mark.parametrize(
    "right",
    [
        msg(number="467017406"),
        msg(""),
        msg(more="<SND>71234</SND>"),
        msg(more="<SND>Elva tecken</SND><TTL>0</TTL><CLASS>0</CLASS>"),
        msg("00FF", more="<OP>8</OP>"),
        msg(more="<NET>240:01</NET><OF_TOMORROW>1</OF_TOMORROW>"),
    ],
)
def test_what_the_rules_allow_is_accepted(client: Client, right: str) -> None:
    assert [e["STATUS"] for e in entries(post(client, session(right)))] == ["OK"]


def test_a_reference_needs_a_report_or_an_account_that_has_them(begin: Begin) -> None:
    assert "REF" not in entries(post(begin(), session(msg())))[0]
    assert GUID.fullmatch(entries(post(begin(reports_on_account=True), session(msg())))[0]["REF"])


def test_elements_can_stand_as_in_real_answers(begin: Begin) -> None:
    root = post(begin(reports_on_account=True, ref_last=True, leave_out_reason=True), session(msg()))
    assert [child.tag for child in root] == ["LOGON", "MSGLST"]
    assert list(entries(root)[0]) == ["ID", "STATUS", "INFO", "REF"]


@pytest.mark.parametrize(("rule", "phone_shows"), [(NonGsm.REPLACE, "vo?l?"), (NonGsm.ACCEPT, "voïlá")])
def test_a_plain_text_that_gsm_cannot_hold_is_changed_or_not(
    begin: Begin, rule: NonGsm, phone_shows: str
) -> None:
    client = begin(non_gsm=rule)
    post(client, session(msg("voïlá")).encode(), "text/xml; charset=utf-8")
    assert client.simulator.accepted()[0].content == phone_shows


def utf16(text: str) -> str:
    return text.encode("utf-16-be").hex()


@pytest.mark.parametrize(
    ("text", "more", "length", "parts"),
    [
        ("a" * 160, "", 160, 1),
        ("a" * 161, "", 161, 2),
        ("a" * 300, "", 300, 3),
        ("a" * 2144, "", 2144, 16),
        ("a" * 2145, "", 2144, 16),
        ("a" * 133 + "€" + "a" * 2100, "", 2142, 16),
        (utf16("я" * 70), "<OP>9</OP>", 70, 1),
        (utf16("я" * 71), "<OP>9</OP>", 71, 2),
        (utf16("я" * 1073), "<OP>9</OP>", 1072, 16),
        ("00" * 141, "<OP>8</OP>", 282, 2),
    ],
)
def test_too_long_a_text_is_cut_without_a_word(
    client: Client, text: str, more: str, length: int, parts: int
) -> None:
    root = post(client, session(msg(text, more=more)).encode(), "text/xml; charset=utf-8")
    assert entries(root)[0]["STATUS"] == "OK"
    (accepted,) = client.simulator.accepted()
    assert (len(accepted.content), accepted.parts) == (length, parts)


@pytest.mark.parametrize(
    ("ahead", "status"),
    [
        (timedelta(minutes=5), "OK"),
        (timedelta(days=6, hours=23), "OK"),
        (timedelta(days=7, hours=1), "FAIL"),
        (timedelta(hours=-1), "FAIL"),
    ],
)
def test_a_delivery_time_must_be_within_seven_days(client: Client, ahead: timedelta, status: str) -> None:
    moment = datetime.now(UTC) + ahead
    in_cet = f"{moment + timedelta(hours=1):%Y%m%d%H%M}"

    (entry,) = entries(post(client, session(msg(more=f"<DELIVERYTIME>{in_cet}</DELIVERYTIME>"))))

    assert entry["STATUS"] == status
    assert [m.send_at for m in client.simulator.accepted()] == (
        [f"{moment:%Y-%m-%dT%H:%M}:00+00:00"] if status == "OK" else []
    )


def test_there_is_no_limit_of_messages_and_no_memory_of_references(client: Client) -> None:
    root = post(client, session(*[msg(more="<ID>1</ID>")] * 250))
    assert [e["STATUS"] for e in entries(root)] == ["OK"] * 250
