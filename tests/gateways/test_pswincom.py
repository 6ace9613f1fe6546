import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest

from smsctl.domain.gateway import Cancelling
from smsctl.domain.message import Batch, Priority, Receipt, Status, SubmitVerdict
from smsctl.domain.text import MessageText
from smsctl.errors import GatewayRefusedError, StoppedError
from smsctl.gateways.pswincom import message_id, open_gateway

from .contract import CANARY, outcome, some_batch, some_options, submit
from .fault_server import FaultServer, Line, answering, free_port, reply
from .http_contract import HttpGatewayContract


def accept_all(line: Line) -> None:
    """Take every message; REF stands last and the order is turned round, as real answers may have it."""
    request = ET.fromstring(line.read_request())  # our own request
    places = [found.text for found in request.iterfind("MSGLST/MSG/ID")]
    entries = [f"<MSG><ID>{n}</ID><STATUS>OK</STATUS><INFO/><REF>r{n}</REF></MSG>" for n in reversed(places)]
    line.send(reply(200, session("".join(entries))))


def session(messages: str, logon: str = "OK", reason: str = "") -> bytes:
    return (
        '<?xml version="1.0"?><!DOCTYPE SESSION SYSTEM "pswincom_submit.dtd">'
        f"<SESSION><LOGON>{logon}</LOGON><REASON>{reason}</REASON>"
        f"<MSGLST>{messages}</MSGLST></SESSION>"
    ).encode()


class TestContract(HttpGatewayContract):
    open_gateway = staticmethod(open_gateway)
    accept_all = staticmethod(accept_all)


def request_of(batch: Batch, **changes: object) -> tuple[bytes, ET.Element]:
    """Return what is sent for the batch: as bytes, and read."""
    with FaultServer(accept_all) as peer:
        submit(open_gateway(some_options(peer.port, **changes)), batch)
        head, _, body = peer.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST / HTTP/1.1\r\n")
    assert b"Content-Type: text/xml; charset=ISO-8859-1\r\n" in head
    return body, ET.fromstring(body)  # our own request


def test_sends_the_document_in_latin_1_as_it_says() -> None:
    body, sent = request_of(some_batch(2))
    assert body.startswith(b'<?xml version="1.0" encoding="ISO-8859-1"?>')
    assert "Skolan är stängd".encode("iso-8859-1") in body
    assert [element.tag for element in sent] == ["CLIENT", "PW", "SD", "MSGLST"]
    assert sent.findtext("CLIENT") == "demo"
    assert sent.findtext("PW") == CANARY
    assert sent.findtext("SD") == "smsctl-a1"
    assert [{e.tag: e.text for e in message} for message in sent.iterfind("MSGLST/MSG")] == [
        {"ID": own(n), "TEXT": "Skolan är stängd i dag.", "RCPREQ": "Y", "RCV": f"4670174060{4 + n}"}
        for n in (1, 2)
    ]


def test_each_message_may_have_a_text_of_its_own_in_the_alphabet_that_it_needs() -> None:
    _, sent = request_of(some_batch(3)._replace(bodies=("Hej <Kim>", "Hej Đ", "Hej Bo")))
    found = [(one.findtext("TEXT"), one.findtext("OP")) for one in sent.iterfind("MSGLST/MSG")]
    assert found == [("Hej <Kim>", None), ("00480065006A00200110", "9"), ("Hej Bo", None)]


def test_the_word_for_the_request_is_the_cost_centre_where_there_is_one() -> None:
    _, sent = request_of(some_batch(2, cost_centre="4711"))
    assert sent.findtext("SD") == "4711"


def own(place: int) -> str:
    """Return the ID of a message of `some_batch`, counted from 1."""
    return message_id(f"a1-{place - 1:04}")


def with_own_ids(messages: str) -> str:
    """Put the IDs of `some_batch` in the place of 1, 2 and 3."""
    return re.sub("<ID>([123])</ID>", lambda found: f"<ID>{own(int(found[1]))}</ID>", messages)


def test_an_id_is_a_number_that_no_message_of_another_batch_has() -> None:
    references = [f"{stem}-{place}" for stem in ("0a1b2c3d4e", "0a1b2c3d4f") for place in range(1, 1001)]
    ids = list(map(message_id, references))
    assert len(set(ids)) == len(ids)
    assert all(0 < int(one) < 2**31 for one in ids)
    assert message_id("0a1b2c3d4e-1") == ids[0]  # the same whenever it is asked for


VENDORS_ORDER = "ID NET TARIFF TEXT CLASS OP RCPREQ RCPFRM SND RCV TTL CPATAG AGELIMIT SHORTCODE REPLACE"


def test_elements_stand_in_the_order_of_the_vendors_document_type() -> None:
    moment = datetime(2026, 12, 1, 6, 30, tzinfo=UTC)
    batch = some_batch(
        1, sender="Kommunen", validity=timedelta(hours=4), send_at=moment, text=MessageText(body="Ω")
    )
    _, sent = request_of(batch)
    order = [*VENDORS_ORDER.split(), "DELIVERYTIME"]
    found = [element.tag for element in sent.iterfind("MSGLST/MSG/")]
    assert found == [name for name in order if name in found]
    assert found == ["ID", "TEXT", "OP", "RCPREQ", "SND", "RCV", "TTL", "DELIVERYTIME"]


@pytest.mark.parametrize(
    ("letter", "name", "expected"),
    [
        ({"sender": "Kommunen"}, "SND", "Kommunen"),
        ({"sender": "A&B <1>"}, "SND", "A&B <1>"),
        ({"sender": "+46701740605"}, "SND", "46701740605"),
        ({"validity": timedelta(hours=4)}, "TTL", "240"),
        ({"validity": timedelta(seconds=61)}, "TTL", "2"),
        ({"send_at": datetime(2026, 12, 1, 6, 30, tzinfo=UTC)}, "DELIVERYTIME", "202612010730"),
        ({"send_at": datetime(2026, 7, 1, 5, 30, tzinfo=UTC)}, "DELIVERYTIME", "202607010730"),
        ({"want_report": False}, "RCPREQ", None),
        ({}, "OP", None),
        ({}, "TTL", None),
        ({"priority": Priority.HIGH}, "PRIORITY", None),
        ({"text": MessageText(body="1 < 2 & 3 > 2")}, "TEXT", "1 < 2 & 3 > 2"),
        ({"text": MessageText(body="Hej 🙂")}, "TEXT", "00480065006A0020D83DDE42"),
        ({"text": MessageText(body="Hej 🙂")}, "OP", "9"),
        ({"text": MessageText(body="5 €")}, "TEXT", "0035002020AC"),  # GSM-7, but not in ISO-8859-1
        ({"text": MessageText(body="5 €")}, "OP", "9"),
        ({"text": MessageText(body="Ω")}, "OP", "9"),
        ({"text": MessageText(body="fiancé à Õ")}, "OP", "9"),  # in ISO-8859-1, but not GSM-7
        ({"text": MessageText(body="ÅÄÖ åäö é ü [|]")}, "OP", None),
    ],
)
def test_elements_say_what_was_asked_for(letter: dict[str, object], name: str, expected: str | None) -> None:
    _, sent = request_of(some_batch(1, **letter))
    assert sent.findtext(f"MSGLST/MSG/{name}") == expected


def test_the_gateways_clock_can_be_set() -> None:
    batch = some_batch(1, send_at=datetime(2026, 7, 1, 5, 30, tzinfo=UTC))
    _, sent = request_of(batch, gateway_time_zone="Etc/GMT-1")
    assert sent.findtext("MSGLST/MSG/DELIVERYTIME") == "202607010630"


def test_delivery_confirmation_off_asks_for_no_reports() -> None:
    _, sent = request_of(some_batch(1), delivery_confirmation=False)
    assert sent.find("MSGLST/MSG/RCPREQ") is None


@pytest.mark.parametrize(
    ("sender", "words"),
    [
        ("Kommunen", ""),
        ("Skola #1 (A)", "12 characters"),
        ("Skola #1", ""),
        ("Bålsta", "holds å"),
        ("a,b", "holds ,"),
        ("71234", ""),
        ("1960", ""),
        ("46701740605", ""),
        ("+46701740605", ""),
        ("123", "neither a short number nor"),
        ("0701740605", "neither a short number nor"),
        ("4670174060512345", "neither a short number nor"),
    ],
)
def test_the_sender_is_checked_by_this_gateways_rules(sender: str, words: str) -> None:
    problems = open_gateway(some_options(free_port())).check(some_batch(sender=sender).letter)
    assert bool(problems) is bool(words)
    assert words in " ".join(map(str, problems))


def test_a_priority_is_told_to_be_of_no_use() -> None:
    gateway = open_gateway(some_options(free_port()))
    assert not gateway.check(
        some_batch(priority=Priority.LOW).letter
    )  # it does no harm: the plan tells of it
    assert not gateway.traits.priority


def test_traits_are_those_of_the_documents() -> None:
    gateway = open_gateway(some_options(1, batch_size=1000, max_parts=40))
    assert (gateway.traits.max_batch, gateway.traits.max_parts) == (100, 16)
    assert gateway.traits.parts.gsm7_part == 134
    assert gateway.traits.schedule_ahead == timedelta(days=7)
    assert not isinstance(gateway, Cancelling)


A, P, R, U = Status.ACCEPTED, Status.PENDING, Status.REJECTED, Status.UNKNOWN
OK = "<STATUS>OK</STATUS>"


@pytest.mark.parametrize(
    ("messages", "states"),
    [
        (f"<MSG><ID>1</ID>{OK}</MSG><MSG><ID>2</ID>{OK}</MSG><MSG><ID>3</ID>{OK}</MSG>", [A, A, A]),
        (f"<MSG><ID>3</ID>{OK}</MSG><MSG><ID>1</ID><STATUS>FAIL</STATUS></MSG>", [R, U, A]),
        (f"<MSG>{OK}<ID>2</ID></MSG>", [U, A, U]),
        (f"<MSG><ID>1</ID>{OK}</MSG><MSG><ID>1</ID><STATUS>FAIL</STATUS></MSG>", [U, U, U]),
        (f"<MSG><ID>1</ID>{OK}<STATUS>FAIL</STATUS></MSG>", [U, U, U]),
        ("<MSG><ID>1</ID><STATUS>OK<SUB>FAIL</SUB></STATUS></MSG>", [U, U, U]),
        (f"<MSG><ID>4</ID>{OK}</MSG><MSG><ID>01</ID>{OK}</MSG>", [U, U, U]),
        ("<MSG><ID>1</ID><STATUS>MAYBE</STATUS></MSG><MSG><ID>2</ID></MSG>", [U, U, U]),
        (f"<MSG>{OK}</MSG>" * 3, [U, U, U]),
        ("", [U, U, U]),
        (f"<MSG><ID>1</ID>{OK}<REF>r</REF></MSG><MSG><ID>2</ID>{OK}<REF>r</REF></MSG>", [U, U, U]),
        (f"<MSG><ID>1</ID>{OK}<REF>r</REF></MSG><MSG><ID>2</ID>{OK}<REF>s</REF></MSG>", [A, A, U]),
        (f"<MSG><ID>1</ID>{OK}<REF>r</REF></MSG><MSG><ID>9</ID>{OK}<REF>r</REF></MSG>", [U, U, U]),
        (f"<MSG><ID>1</ID>{OK}<REF/></MSG><MSG><ID>2</ID>{OK}<REF/></MSG>", [A, A, U]),
    ],
)
def test_the_reply_is_matched_on_id_by_name(messages: str, states: list[Status]) -> None:
    with FaultServer(answering(200, session(with_own_ids(messages)))) as peer:
        answer = submit(open_gateway(some_options(peer.port)), some_batch())
    assert outcome(answer) == (SubmitVerdict.UNCLEAR if U in states else SubmitVerdict.ANSWERED, states)


def test_the_receipt_keeps_reference_and_words() -> None:
    info = "Invalid RCV '4670'. Receiver number must be at least 9 digits."
    messages = (
        "<MSG><ID>1</ID><STATUS>OK</STATUS><INFO></INFO><REF>5f0c1a52-8d0e</REF></MSG>"
        f"<MSG><ID>2</ID><STATUS>FAIL</STATUS><INFO>{info}</INFO></MSG>"
    )
    with FaultServer(answering(200, session(with_own_ids(messages)))) as peer:
        answer = submit(open_gateway(some_options(peer.port)), some_batch(2))
    assert list(answer.receipts) == [
        Receipt("a1-0000", Status.ACCEPTED, gateway_id="5f0c1a52-8d0e", code="OK"),
        Receipt("a1-0001", Status.REJECTED, gateway_id=None, code="FAIL", text=info),
    ]
    assert answer.text == info


@pytest.mark.parametrize("status", ["", "<STATUS/>", "<STATUS> </STATUS>"])
def test_an_entry_without_a_status_says_so(status: str) -> None:
    """It would be told as «The gateway gives no clear answer: .»"""
    with FaultServer(answering(200, session(with_own_ids(f"<MSG><ID>1</ID>{status}</MSG>")))) as peer:
        answer = submit(open_gateway(some_options(peer.port)), some_batch(1))
    assert str(answer.text) == "the gateway's answer holds no status code"
    assert answer.receipts[0].status is Status.UNKNOWN


@pytest.mark.parametrize("reason", ["<REASON>Username or password is incorrect.</REASON>", ""])
def test_a_failed_logon_leaves_the_batch_pending(reason: str) -> None:
    body = f"<SESSION><LOGON>FAIL</LOGON>{reason}</SESSION>".encode()
    with FaultServer(answering(200, body)) as peer:
        answer = submit(open_gateway(some_options(peer.port)), some_batch())
        assert outcome(answer) == (SubmitVerdict.REFUSED, [P, P, P])
        with pytest.raises(GatewayRefusedError):
            open_gateway(some_options(peer.port)).probe()


@pytest.mark.parametrize(
    ("taken", "verdict", "state"),
    [(OK, SubmitVerdict.UNCLEAR, U), ("<STATUS>FAIL</STATUS>", SubmitVerdict.REFUSED, P)],
)
@pytest.mark.parametrize("status", [200, 302, 400, 401, 429])
def test_a_refusal_that_tells_of_a_message_as_taken_proves_nothing(
    status: int, taken: str, verdict: SubmitVerdict, state: Status
) -> None:
    body = session(with_own_ids(f"<MSG><ID>2</ID>{taken}</MSG>"), logon="FAIL")
    with FaultServer(answering(status, body)) as peer:
        answer = submit(open_gateway(some_options(peer.port)), some_batch())
    busy = status == 429 and verdict is SubmitVerdict.REFUSED
    assert outcome(answer) == (SubmitVerdict.BUSY if busy else verdict, [state] * 3)


def test_elements_are_known_however_their_names_are_written() -> None:
    entries = (
        f"<Msg><id>{own(1)}</id><Status>OK</Status></Msg><MSG><ID>{own(2)}</ID><STATUS>FAIL</STATUS></MSG>"
    )
    body = f"<session><logon>OK</logon><MsgLst>{entries}</MsgLst></session>".encode()
    with FaultServer(answering(200, b"\xef\xbb\xbf" + body)) as peer:
        answer = submit(open_gateway(some_options(peer.port)), some_batch(2))
    assert outcome(answer) == (SubmitVerdict.ANSWERED, [A, R])


@pytest.mark.parametrize(
    "told", ["Mottakeren er sperret på forespørsel", "A & B", "\x01", "5 &euro; &eacute;"]
)
@pytest.mark.parametrize(
    ("prolog", "content_type"),
    [
        ('<?xml version="1.0"?>', "text/xml; charset=ISO-8859-1"),
        ('<?xml version="1.0"?>', "text/xml"),
        ('<?xml version="1.0" encoding="UTF-8"?>', "text/xml;charset=iso-8859-1"),
        ('<?xml version="1.0" encoding="iso-8859-1"?>', "text/html; charset=unheard-of"),
        ('\r\n<?xml version="1.0"?>', ""),
        ('ï»¿<?xml version="1.0"?>', "text/xml; charset=iso-8859-1"),  # a byte order mark
        ('<?xml version="1.0"?>', "text/xml; charset=utf-16"),
    ],
)
def test_a_letter_in_a_text_hides_nobodys_answer(told: str, prolog: str, content_type: str) -> None:
    entries = f"<MSG><ID>{own(1)}</ID><STATUS>OK</STATUS></MSG><MSG><ID>{own(2)}</ID><STATUS>FAIL</STATUS>"
    document = (
        f"{prolog}<SESSION><LOGON>OK</LOGON><MSGLST>{entries}<INFO>{told}</INFO></MSG></MSGLST></SESSION>"
    )
    body = document.encode("iso-8859-1") + b"\0"
    assert told_by(body, content_type) == (SubmitVerdict.ANSWERED, [A, R])
    refusal = f"{prolog}<SESSION><LOGON>FAIL</LOGON><REASON>{told}</REASON></SESSION>".encode("iso-8859-1")
    assert told_by(refusal, content_type) == (SubmitVerdict.REFUSED, [Status.PENDING, Status.PENDING])


def told_by(body: bytes, content_type: str) -> tuple[SubmitVerdict, list[Status]]:
    with FaultServer(answering(200, body, Content_Type=content_type)) as peer:
        return outcome(submit(open_gateway(some_options(peer.port)), some_batch(2)))


@pytest.mark.parametrize(
    "body",
    [
        b"<SESSION><LOGON>OK</LOGON><logon>FAIL</logon></SESSION>",
        b"<MSGLST/>",
        b"<SESSION/>",
        b"<SESSION><LOGON>OKAY</LOGON></SESSION>",
    ],
)
def test_another_document_proves_nothing(body: bytes) -> None:
    with FaultServer(answering(200, body)) as peer:
        answer = submit(open_gateway(some_options(peer.port)), some_batch())
        assert outcome(answer) == (SubmitVerdict.UNCLEAR, [U, U, U])
        with pytest.raises(StoppedError):
            open_gateway(some_options(peer.port)).probe()


def test_the_probe_has_no_list_of_messages() -> None:
    """An empty one breaks the vendor's document type; none at all does not."""
    with FaultServer(accept_all) as peer:
        assert str(open_gateway(some_options(peer.port)).probe()) == "the gateway took the login"
        assert b"MSGLST" not in peer.requests[0]
        assert b"<SESSION><CLIENT>demo</CLIENT><PW>" in peer.requests[0]


def test_fails_over_while_no_byte_has_left() -> None:
    with FaultServer(accept_all) as second:
        options = some_options(free_port(), failover_url=second.url)
        answer = submit(open_gateway(options), some_batch())
        assert outcome(answer) == (SubmitVerdict.ANSWERED, [A, A, A])
        assert len(second.requests) == 1


def close_unanswered(line: Line) -> None:
    line.read_request()


@pytest.mark.parametrize("first", [close_unanswered, answering(503), answering(401)])
def test_never_fails_over_once_a_byte_may_have_left(first: object) -> None:
    assert callable(first)
    with FaultServer(first) as primary, FaultServer(accept_all) as second:
        submit(open_gateway(some_options(primary.port, failover_url=second.url)), some_batch())
        assert second.connections == 0
