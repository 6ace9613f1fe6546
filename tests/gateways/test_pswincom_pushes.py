import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smsctl.domain.incoming import Incoming
from smsctl.domain.message import Status
from smsctl.domain.push import Push, PushBatch, UnreadableError
from smsctl.domain.report import PERMANENT, Cause, CodeMeaning, Report
from smsctl.errors import say
from smsctl.gateways.pswincom_pushes import TOLD_BY_STATE, read_push
from smsctl.gateways.push_fields import UNREADABLE
from smsctl.gateways.xml_push import read_entries

REF = "5f0c1a52-8d0e-4b1c-9a6e-0c0ffee00001"
REPORT = f"""<?xml version="1.0" encoding="iso-8859-1"?>
<MSGLST><MSG><ID>1</ID><REF>{REF}</REF><RCV>46701740605</RCV>
<STATE>DELIVRD</STATE><DELIVERYTIME>2026.03.01 10:15:02</DELIVERYTIME></MSG></MSGLST>"""
DOCTYPE = '<!DOCTYPE MSGLST SYSTEM "pswincom_report_request.dtd">'
REPORT_FORM = f"RCV=46701740605&REF={REF}&STATE=DELIVRD&DELIVERYTIME=2026.03.01+10%3A15%3A02"
INCOMING = """<?xml version="1.0" encoding="iso-8859-1"?>
<MSGLST><MSG><ID>1</ID><TEXT>KOMMUN Ja tack på er</TEXT><SND>46701740605</SND><RCV>71234</RCV>
<METADATA><DATA KEY="TIMESTAMP" VALUE="2026-03-01 10:15:00"/>
<DATA KEY="REFERENCE" VALUE="0b7b6f2e-0000-4000-8000-00000000c0de"/></METADATA></MSG></MSGLST>"""
XML = "application/xml"
FORM = "application/x-www-form-urlencoded"

DELIVERED = Report(
    gateway="pswincom",
    told=CodeMeaning(Status.DELIVERED),
    code="DELIVRD",
    gateway_id=REF,
    number="+46701740605",
    told_at="2026.03.01 10:15:02",
)
YES = Incoming(
    gateway="pswincom",
    sender="+46701740605",
    receiver="71234",
    text="KOMMUN Ja tack på er",
    vendor_id="0b7b6f2e-0000-4000-8000-00000000c0de",
    told_at="2026-03-01 10:15:00",
)
ACKNOWLEDGED = (
    b'<?xml version="1.0" encoding="iso-8859-1"?><MSGLST><MSG><ID>1</ID><STATUS>OK</STATUS></MSG></MSGLST>'
)


def push(body: str | bytes, content_type: str = XML) -> Push:
    raw = body.encode("iso-8859-1") if isinstance(body, str) else body
    return Push(method="POST", query="", content_type=content_type, body=raw)


@pytest.mark.parametrize(
    "pushed",
    [
        push(REPORT),
        push(REPORT, "text/plain"),
        push(REPORT, FORM),
        push(REPORT.replace("?>", f"?>{DOCTYPE}")),
        push(REPORT.encode() + b"\0"),
    ],
    ids=["xml", "text/plain", "as a form", "doctype", "trailing NUL"],
)
def test_a_report_is_read_and_acknowledged_by_its_id(pushed: Push) -> None:
    push_batch = read_push(pushed)
    assert push_batch.reports == (DELIVERED,)
    assert push_batch.acknowledgement.body == ACKNOWLEDGED


def test_a_form_is_answered_with_two_lines() -> None:
    push_batch = read_push(push(REPORT_FORM, FORM))
    assert push_batch.reports == (DELIVERED,)
    assert push_batch.acknowledgement.body.split() == [b"0", b"OK"]


@pytest.mark.parametrize(
    "pushed",
    [
        push(INCOMING),
        push(INCOMING.replace("iso-8859-1", "utf-8").encode()),
        push(INCOMING.encode(), f"{XML}; charset=utf-8"),
        push(INCOMING.partition("?>")[2]),
        push(INCOMING.replace("iso-8859-1", "utf-8")),
        push(INCOMING.replace("iso-8859-1", "utf-8"), "text/xml charset=ISO-8859-1"),
        push(INCOMING.encode(), 'text/xml charset="UTF-8"'),
        push(INCOMING.replace("iso-8859-1", "windows-1252")),
    ],
    ids=[
        "prolog",
        "utf-8 prolog",
        "http charset",
        "no charset",
        "utf-8 prolog above Latin-1",
        "no semicolon",
        "no semicolon, utf-8",
        "another prolog",
    ],
)
def test_an_incoming_sms_is_read_in_its_charset(pushed: Push) -> None:
    assert read_push(pushed).incoming == (YES,)


def test_an_incoming_sms_by_form_has_no_id() -> None:
    form = "ID=1&SND=46701740605&RCV=71234&TXT=KOMMUN+Ja+tack+p{}+er"
    for letter, content_type in (
        ("%E5", FORM),
        ("%E5", f"{FORM} charset=ISO-8859-1"),
        ("%C3%A5", f"{FORM}; charset=UTF-8"),
    ):
        push_batch = read_push(push(form.format(letter), content_type))
        assert push_batch.incoming == (YES._replace(vendor_id="", told_at=""),)


def test_what_comes_by_get_reads_as_a_form() -> None:
    sms = Push(
        method="GET",
        query="ID=1&SND=46701740605&RCV=71234&TXT=KOMMUN+Ja+tack+p%E5+er",
        content_type="",
        body=b"",
    )
    assert read_push(sms).incoming == (YES._replace(vendor_id="", told_at=""),)
    report = Push(method="GET", query=REPORT_FORM, content_type="", body=b"")
    assert read_push(report).reports == read_push(push(REPORT_FORM, FORM)).reports
    assert read_push(report).acknowledgement.body.split() == [b"0", b"OK"]


@pytest.mark.parametrize("control", ["\x07", "&#7;", "&#x1F;", "\x0b", "&#55296;", "&#0;", "&#x110000;"])
def test_a_control_character_keeps_neither_its_report_nor_others_out(control: str) -> None:
    odd = message(1).replace("EXPIRED", f"EXPIRED</STATE><INFO>a{control}b</INFO><X>")
    push_batch = read_push(
        push(f"<MSGLST>{odd.replace('</STATE></MSG>', '</X></MSG>')}{message(2)}</MSGLST>")
    )
    assert [one.gateway_id for one in push_batch.reports] == ["r1", "r2"]
    named = read_push(push(f"<MSGLST>{message(1).replace('r1', f'r{control}1')}{message(2)}</MSGLST>"))
    assert [one.gateway_id for one in named.reports] == ["r\ufffd1", "r2"]  # no other message's name


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a & b", "a & b"),
        ("a&b=1&#x;", "a&b=1&#x;"),
        ("f&ouml;rsenad&nbsp;", "försenad\u00a0"),
        ("&lol;&lt;&amp;&nvlt;", "&lol;<&&nvlt;"),
        ("<![CDATA[a & b &ouml;]]>&", "a & b &ouml;&"),
        ("x" * (1 << 16) + "<![CDATA[a & b]]>", "x" * 20_000),
        ("&#99999999999;", "&#99999999999;"),
    ],
)
def test_an_ampersand_that_is_no_reference_keeps_nothing_out(written: str, meant: str) -> None:
    document = f"<MSGLST><MSG><ID>1</ID><REF>{written}</REF></MSG>{message(2)}</MSGLST>"
    (odd, other) = read_entries([document.encode()], "", frozenset({"MSGLST"}), say(""))
    assert dict(odd.fields)["REF"][:20_000] == meant
    assert dict(other.fields)["REF"] == "r2"


@pytest.mark.parametrize("step", range(1, 12))
def test_a_mark_is_read_however_the_document_is_cut(step: int) -> None:
    document = b"<MSGLST><MSG><REF><![CDATA[a & b]]>&ouml; & c</REF></MSG></MSGLST>"
    pieces = [document[at : at + step] for at in range(0, len(document), step)]
    (entry,) = read_entries(pieces, "", frozenset({"MSGLST"}), say(""))
    assert entry.fields == (("REF", "a & bö & c"),)


def test_every_message_of_a_list_is_acknowledged() -> None:
    push_batch = read_push(push(f"<MSGLST>{message(1)}{message(2)}</MSGLST>"))
    assert len(push_batch.reports) == 2
    assert push_batch.acknowledgement.body.count(b"<STATUS>OK</STATUS>") == 2


def test_one_that_is_neither_is_refused_alone() -> None:
    push_batch = read_push(
        push(f"<MSGLST>{message(1)}<MSG><ID>2</ID><REF>r2</REF></MSG>{message(3)}</MSGLST>")
    )
    assert [one.gateway_id for one in push_batch.reports if one.code != UNREADABLE] == ["r1", "r3"]
    (kept,) = [one for one in push_batch.reports if one.code == UNREADABLE]  # for a person to look at
    assert (kept.text, kept.told.status) == ("ID=2; REF=r2", Status.ACCEPTED)
    assert re.findall(b"<STATUS>(.*?)<", push_batch.acknowledgement.body) == [b"OK", b"FAIL", b"OK"]
    assert push_batch.unread == 1


def message(place: int) -> str:
    return f"<MSG><ID>{place}</ID><REF>r{place}</REF><RCV>46701740605</RCV><STATE>EXPIRED</STATE></MSG>"


@pytest.mark.parametrize(
    ("state", "status", "cause"),
    [
        ("DELIVRD", Status.DELIVERED, None),
        ("EXPIRED", Status.EXPIRED, Cause.EXPIRED),
        ("UNDELIV", Status.FAILED, Cause.BAD_NUMBER),
        ("BARRED", Status.FAILED, Cause.BARRED),
        ("BARREDT", Status.FAILED, Cause.UNREACHABLE),
        ("FAILED", Status.FAILED, Cause.NETWORK),
        ("ACCEPTD", Status.ACCEPTED, Cause.UNTOLD),
        ("NULL", Status.ACCEPTED, Cause.UNTOLD),
        ("SOMETHING", Status.ACCEPTED, Cause.UNTOLD),
    ],
)
def test_a_state_means_what_the_document_says(state: str, status: Status, cause: Cause | None) -> None:
    assert read_push(push(REPORT.replace("DELIVRD", state))).reports[0].told == CodeMeaning(status, cause)


def test_only_dead_numbers_are_permanent() -> None:
    permanent = {state for state, told in TOLD_BY_STATE.items() if told.cause in PERMANENT}
    assert permanent == {"UNDELIV", "INV_NET", "BARRED"}


@pytest.mark.parametrize(
    "pushed",
    [
        push("<MSGLST>"),
        push("<SESSION/>"),
        push("<MSGLST><MSG><ID>1</ID></MSG></MSGLST>"),
        push("hello=1", FORM),
        push(b"\xff\xfe\x00", f"{XML}; charset=utf-8"),
        push(REPORT, f"{XML}; charset=unicode_escape"),
        push(REPORT_FORM, f"{FORM}; charset=unicode_escape"),
        push('<!DOCTYPE d [<!ENTITY a "aa">]><MSGLST>&a;</MSGLST>'),
        Push(method="GET", query="hello=1", content_type="", body=b""),
    ],
    ids=lambda pushed: f"{pushed.body.decode('latin-1')[:20]}{pushed.query[:4]}",
)
def test_what_is_no_push_is_refused(pushed: Push) -> None:
    with pytest.raises(UnreadableError):
        read_push(pushed)


UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
XML_TEXT = st.text(st.characters(codec="latin-1"))


@UNHURRIED
@given(XML_TEXT, st.sampled_from([XML, FORM, "text/plain; charset=utf-8", "x; charset=utf-7"]))
def test_no_text_makes_the_parser_stumble(text: str, content_type: str) -> None:
    for body in (text, f"<MSGLST><MSG>{text}</MSG></MSGLST>", f"STATE={text}&RCV={text}"):
        must_be_read_or_refused(push(body, content_type))


@UNHURRIED
@given(st.binary(), st.text())
def test_no_bytes_make_the_parser_stumble(body: bytes, content_type: str) -> None:
    must_be_read_or_refused(push(body, content_type))
    must_be_read_or_refused(push(b'<?xml version="1.0" encoding="' + body, content_type))


def must_be_read_or_refused(pushed: Push) -> None:
    try:
        push_batch = read_push(pushed)
    except UnreadableError:
        return
    assert isinstance(push_batch, PushBatch)


@pytest.mark.parametrize(
    "named",
    ["utf-8", "utf8", "latin1", "latin-1", "us-ascii", "iso-8859-15", "iso-8859-1", "cp1252", "Windows-1252"],
)
def test_a_charset_that_is_no_more_than_a_name_loses_no_stop(named: str) -> None:
    body = "<MSGLST><MSG><ID>1</ID><TEXT>STOP å</TEXT><SND>46701740605</SND></MSG></MSGLST>".encode("latin-1")
    (found,) = read_push(
        Push(method="POST", query="", content_type=f"text/xml; charset={named}", body=body)
    ).incoming
    assert found.text == "STOP å"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
@pytest.mark.parametrize(
    "kind", [XML, *(f"{XML}; charset={one}" for one in ("utf-16", "utf-8", "iso-8859-1")), FORM]
)
def test_a_document_is_read_as_its_first_signs_tell(encoding: str, kind: str) -> None:
    body = INCOMING.replace("iso-8859-1", "utf-16").encode(encoding)
    assert read_push(push(body, kind)).incoming == (YES,)


def test_a_field_that_is_there_twice_says_one_thing_or_cannot_be_read() -> None:
    state = "<STATE>DELIVRD</STATE>"
    assert read_push(push(REPORT.replace(state, state * 2))).reports == (DELIVERED,)
    twice = REPORT.replace(state, f"{state}<state>EXPIRED</state>")
    both = read_push(push(twice.replace("</MSGLST>", f"<MSG><ID>2</ID>{state}</MSG></MSGLST>")))
    assert [one.code for one in both.reports] == [UNREADABLE, "DELIVRD"]
    assert both.unread == 1
    assert b"<ID>1</ID><STATUS>FAIL</STATUS>" in both.acknowledgement.body
    assert read_push(push(f"{REPORT_FORM}&STATE=DELIVRD", FORM)).reports == (DELIVERED,)
    with pytest.raises(UnreadableError, match="says two things"):
        read_push(push(f"{REPORT_FORM}&state=EXPIRED", FORM))


_ATTRIBUTES = " ".join(f"a{n}='1'" for n in range(101))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (f"<MSGLST>{'<MSG/>' * 50_001}</MSGLST>", "more than 50000 entries"),
        (f"<MSGLST><MSG>{'<a/>' * 101}</MSG></MSGLST>", "too many fields"),
        (f"<MSGLST><MSG><STATE>{'<a/>' * 101}</STATE></MSG></MSGLST>", "too many fields"),
        (f"<MSGLST><MSG {_ATTRIBUTES}/></MSGLST>", "too many fields"),
        (f"<MSGLST><MSG {' ' * 200_000}/></MSGLST>", "too large"),
    ],
)
def test_a_push_that_would_fill_the_memory_is_refused(body: str, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        read_push(push(body))
