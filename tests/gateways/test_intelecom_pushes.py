import json
from codecs import BOM_UTF8

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smsctl.domain.incoming import Incoming
from smsctl.domain.message import Status
from smsctl.domain.push import Push, PushBatch, UnreadableError
from smsctl.domain.report import PERMANENT, Cause, CodeMeaning, Report
from smsctl.gateways.intelecom_pushes import TOLD_BY_CODE, read_push
from smsctl.gateways.push_fields import UNREADABLE

REPORT = b"""{"dr":[{"messageid":"7q01x0000a00","customerbatchreference":"smsctl-20260301-a1",
 "customermessagereference":"a1-000001","serviceid":4711,"servicename":"Demo","mcc":240,"mnc":1,"type":6,
 "statuscode":0,"statusdescription":"OK","extstatuscode":"0","extstatusdescription":"Delivered"}]}"""
REPORT_XML = b"""<?xml version="1.0" encoding="UTF-8"?><dr><message><messageid>7q01x0000a00</messageid>
 <customermessagereference>a1-000001</customermessagereference><statuscode>0</statuscode>
 <statusdescription>OK</statusdescription><extstatusdescription>Delivered</extstatusdescription>
 <mcc/></message></dr>"""
REPORT_QUERY = (
    "messageid=7q01x0000a00&customerMessageReference=a1-000001&statuscode=0&statusdescription=OK"
    "&extstatusdescription=Delivered&type=6"
)
INCOMING = b"""{"mo":[{"messageid":"7q02x0000b00","serviceid":4711,"servicename":"Demo","sno":"71234",
 "originator":"+46701740605","mcc":240,"mnc":1,"content":"KOMMUN Ja tack","command":"KOMMUN",
 "strippedcontent":"Ja tack","type":1,"timestamp":"20260301 10:15:00","sctimestamp":"20260301 10:14:58",
 "sessionid":""}]}"""
INCOMING_QUERY = (
    "messageid=7q02x0000b00&sno=71234&originator=%2B46701740605&content=KOMMUN+Ja+tack&command=KOMMUN"
    "&timestamp=20260301+10%3A15%3A00&type=1"
)

DELIVERED = Report(
    gateway="intelecom",
    told=CodeMeaning(Status.DELIVERED),
    code="0",
    reference="a1-000001",
    gateway_id="7q01x0000a00",
    text="OK; Delivered",
)
YES = Incoming(
    gateway="intelecom",
    sender="+46701740605",
    receiver="71234",
    text="KOMMUN Ja tack",
    keyword="KOMMUN",
    vendor_id="7q02x0000b00",
    told_at="20260301 10:15:00",
)


def push(body: bytes = b"", query: str = "", content_type: str = "application/json") -> Push:
    return Push(method="POST" if body else "GET", query=query, content_type=content_type, body=body)


@pytest.mark.parametrize(
    "pushed",
    [
        push(REPORT),
        push(REPORT_XML, content_type="application/xml"),
        push(query=REPORT_QUERY),
        push(REPORT_QUERY.encode(), content_type="application/x-www-form-urlencoded"),
        push(REPORT, content_type="application/x-www-form-urlencoded"),
        push(b"\n" + REPORT_XML, content_type="application/x-www-form-urlencoded"),
        push(BOM_UTF8 + REPORT),
        push(BOM_UTF8 + REPORT_XML, content_type="application/xml"),
    ],
    ids=[
        "json",
        "xml",
        "get",
        "form",
        "json as a form",
        "xml as a form",
        "json with a BOM",
        "xml with a BOM",
    ],
)
def test_a_report_reads_the_same_in_every_form(pushed: Push) -> None:
    assert read_push(pushed) == PushBatch(reports=(DELIVERED,))


@pytest.mark.parametrize("pushed", [push(INCOMING), push(query=INCOMING_QUERY)], ids=["json", "get"])
def test_an_incoming_sms_reads_the_same_in_every_form(pushed: Push) -> None:
    assert read_push(pushed) == PushBatch(incoming=(YES,))


def test_many_reports_come_in_one_push() -> None:
    entries = [{"statuscode": "0", "customermessagereference": f"a1-{n}"} for n in range(3)]
    push_batch = read_push(push(json.dumps({"dr": entries}).encode()))
    assert [one.reference for one in push_batch.reports] == ["a1-0", "a1-1", "a1-2"]


@pytest.mark.parametrize(
    ("code", "status", "cause"),
    [
        (0, Status.DELIVERED, None),
        (390, Status.DELIVERED, None),
        (351, Status.FAILED, Cause.BAD_NUMBER),
        (357, Status.FAILED, Cause.BARRED),
        (356, Status.FAILED, Cause.UNREACHABLE),
        (361, Status.EXPIRED, Cause.EXPIRED),
        (655, Status.FAILED, Cause.CONFIGURATION),
        (650, Status.FAILED, Cause.NETWORK),
        (370, Status.ACCEPTED, Cause.UNTOLD),
        (999, Status.ACCEPTED, Cause.UNTOLD),
        ("", Status.ACCEPTED, Cause.UNTOLD),
    ],
)
def test_a_code_means_what_the_document_says(code: object, status: Status, cause: Cause | None) -> None:
    body = json.dumps({"dr": [{"statuscode": code}]}).encode()
    assert read_push(push(body)).reports[0].told == CodeMeaning(status, cause)


def test_only_dead_numbers_are_permanent() -> None:
    permanent = {code for code, told in TOLD_BY_CODE.items() if told.cause in PERMANENT}
    assert permanent == {"350", "351", "654", "357"}


def test_every_documented_code_is_in_the_table() -> None:
    documented = """0 390 350 351 654 357 358 359 356 364 361 362 354 355 360 380 385 655 363 368 369 370 371
    386 650 651 652 653"""
    assert set(TOLD_BY_CODE) == set(documented.split())


@pytest.mark.parametrize(
    "pushed",
    [
        push(b"{"),
        push(b"[]"),
        push(b'{"dr": ["text"]}'),
        push(b'{"dr": [], "dr": []}'),
        push(b"<html></html>"),
        push(b"<dr><message>", content_type="application/xml"),
        push(b'<!DOCTYPE d [<!ENTITY a "aa">]><dr><message><statuscode>&a;</statuscode></message></dr>'),
        push(b'<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]><dr>&a;</dr>'),
        push(query="hello=1"),
        push(query="&".join(f"a{n}=1" for n in range(200))),
    ],
    ids=lambda pushed: pushed.body.decode()[:20] or pushed.query[:8],
)
def test_what_is_no_push_is_refused(pushed: Push) -> None:
    with pytest.raises(UnreadableError):
        read_push(pushed)


@pytest.mark.parametrize("odd", ['"text"', '{"statuscode": 0, "statuscode": 5}', "7", "[]"])
def test_what_cannot_be_read_is_kept_and_what_stands_beside_it_is_taken(odd: str) -> None:
    first, second = (f'{{"statuscode": 0, "customermessagereference": "a-{n}"}}' for n in (1, 2))
    push_batch = read_push(push(f'{{"dr": [{first}, {odd}, {second}]}}'.encode()))
    assert [one.reference for one in push_batch.reports] == ["a-1", "", "a-2"]
    assert (push_batch.reports[1].code, push_batch.unread) == (UNREADABLE, 1)
    assert push_batch.reports[1].text == odd


@pytest.mark.parametrize("odd", [b"\x07", b"\xe5", b"\x0b"])
def test_an_odd_character_keeps_nothing_out(odd: bytes) -> None:
    """A control character, or one that is not in UTF-8, in one operator's text."""
    body = REPORT.replace(b"Delivered", b"Deli" + odd + b"vered")
    assert read_push(push(body)).reports[0]._replace(text="") == DELIVERED._replace(text="")
    xml = REPORT_XML.replace(b"Delivered", b"Deli" + odd + b"vered").replace(b' encoding="UTF-8"', b"")
    assert read_push(push(xml)).reports[0]._replace(text="") == DELIVERED._replace(text="")


def test_what_cannot_be_stored_is_made_fit_to_be() -> None:
    body = rb'{"dr": [{"statuscode": 0, "statusdescription": "\ud800\u0000\u001b[2J' + b"x" * 2000 + b'"}]}'
    text = read_push(push(body)).reports[0].text
    assert text.encode()
    assert text.isprintable()
    assert len(text) == 500 - 2  # cut first, then freed of what cannot be shown


UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
FIELDS = st.sampled_from(["statuscode", "messageid", "originator", "content", "customermessagereference"])


@UNHURRIED
@given(st.dictionaries(st.sampled_from(["dr", "mo", "x"]), st.lists(st.dictionaries(FIELDS, JSON)) | JSON))
def test_no_document_makes_the_parser_stumble(document: dict[str, object]) -> None:
    must_be_read_or_refused(push(json.dumps(document).encode()))


@UNHURRIED
@given(
    st.binary()
    | st.builds(lambda a, b: b"<dr><message>" + a + b"</message></dr>" + b, st.binary(), st.binary())
)
def test_no_bytes_make_the_parser_stumble(body: bytes) -> None:
    must_be_read_or_refused(push(body))


@UNHURRIED
@given(st.text(), st.text())
def test_no_query_makes_the_parser_stumble(query: str, content_type: str) -> None:
    must_be_read_or_refused(
        Push(method="GET", query=f"statuscode={query}", content_type=content_type, body=b"")
    )
    must_be_read_or_refused(
        Push(method="POST", query=query, content_type=content_type, body=query.encode("utf-8", "replace"))
    )


def must_be_read_or_refused(pushed: Push) -> None:
    try:
        push_batch = read_push(pushed)
    except UnreadableError:
        return
    for one in (*push_batch.reports, *push_batch.incoming):
        assert all(part.encode() or True for part in one if isinstance(part, str))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_document_in_utf_16_is_read(encoding: str) -> None:
    wide = REPORT_XML.decode().replace("UTF-8", "utf-16").encode(encoding)
    for kind in ("application/xml", "application/x-www-form-urlencoded"):
        assert read_push(push(wide, content_type=kind)) == read_push(push(REPORT_XML))


def test_a_field_that_is_there_twice_says_one_thing_or_cannot_be_read() -> None:
    code = b"<statuscode>0</statuscode>"
    assert code in REPORT_XML
    assert read_push(push(REPORT_XML.replace(code, code * 2))) == read_push(push(REPORT_XML))
    with pytest.raises(UnreadableError):
        read_push(push(REPORT_XML.replace(code, code + b"<StatusCode>362</StatusCode>")))
    with pytest.raises(UnreadableError, match="says two things"):
        read_push(push(query=f"{REPORT_QUERY}&statuscode=362"))


def test_a_push_that_would_fill_the_memory_is_refused() -> None:
    with pytest.raises(UnreadableError, match="more than 50000 entries"):
        read_push(push(b'{"mo":[' + b"{}," * 50_000 + b"{}]}"))
