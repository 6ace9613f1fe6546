import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from smsctl.domain.message import Batch, Priority, Receipt, Status, SubmitVerdict
from smsctl.domain.text import MessageText
from smsctl.gateways.intelecom import open_gateway
from smsctl.gateways.intelecom_request import originator_type, validity_code

from .contract import CANARY, outcome, some_batch, some_options, submit
from .fault_server import FaultServer, Line, answering, free_port, reply
from .http_contract import HttpGatewayContract


def entry(reference: str, code: object = 1, **more: object) -> dict[str, object]:
    """Return one status as the gateway writes it."""
    return {
        "statusCode": code,
        "statusMessage": f"said {code}",
        "clientReference": reference,
        "recipient": "+46701740605",
        "messageId": f"id-{reference}",
        "sessionId": None,
        "sequenceIndex": 1,
        **more,
    }


def accept_all(line: Line) -> None:
    """Take every message; the answers come in another order than the request's."""
    request = json.loads(line.read_request())
    statuses = [entry(message["clientReference"]) for message in reversed(request["message"])]
    line.send(reply(200, json.dumps({"messageStatus": statuses}).encode()))


def statuses(*entries: object) -> bytes:
    return json.dumps({"batchReference": "smsctl-a1", "messageStatus": entries}).encode()


class TestContract(HttpGatewayContract):
    open_gateway = staticmethod(open_gateway)
    accept_all = staticmethod(accept_all)


def request_of(batch: Batch, **changes: object) -> dict[str, Any]:
    """Return what is sent for the batch."""
    with FaultServer(accept_all) as peer:
        submit(open_gateway(some_options(peer.port, **changes)), batch)
        head, _, body = peer.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /gw/rs/sendMessages HTTP/1.1\r\n")
    assert b"Content-Type: application/json\r\n" in head
    assert b"Accept: application/json\r\n" in head
    sent: dict[str, Any] = json.loads(body)
    return sent


def test_sends_what_the_manual_asks_for_and_nothing_else() -> None:
    assert request_of(some_batch(2)) == {
        "serviceId": 4711,
        "username": "demo",
        "password": CANARY,
        "batchReference": "smsctl-a1",
        "message": [
            {
                "recipient": f"+4670174060{5 + n}",
                "content": "Skolan är stängd i dag.",
                "clientReference": f"a1-000{n}",
            }
            for n in range(2)
        ],
    }


@pytest.mark.parametrize(
    ("letter", "expected"),
    [
        ({"priority": Priority.HIGH}, {"priority": 3}),
        ({"priority": Priority.LOW}, {"priority": 1}),
        ({"validity": timedelta(days=7)}, {"validity": 173}),
        ({"invoice_node": "skola-12"}, {"invoiceNode": "skola-12"}),
        (
            {"invoice_node": "skola-12", "cost_centre": "4711"},
            {"invoiceNode": "4711", "differentiator": "4711"},
        ),
        (
            {"sender": "Kommunen"},
            {"originatorSettings": {"originator": "Kommunen", "originatorType": "ALPHANUMERIC"}},
        ),
        (
            {"send_at": datetime(2026, 12, 1, 7, 30, tzinfo=timezone(timedelta(hours=1)))},
            {"sendWindow": {"startDate": "2026-12-01+01:00", "startTime": "07:30:00+01:00"}},
        ),
        (
            {"send_at": datetime(2026, 7, 1, 5, 30, 0, 123, tzinfo=UTC)},
            {"sendWindow": {"startDate": "2026-07-01+00:00", "startTime": "05:30:00+00:00"}},
        ),
        (
            {"want_report": False},
            {"parameter": [{"key": "skip_customer_report_delivery", "value": "true"}]},
        ),
        (
            {"text": MessageText(body="Hej 🙂")},
            {"parameter": [{"key": "parsing-type", "value": "AUTO_DETECT"}]},
        ),
        ({"text": MessageText(body="€ [åäö] Ç")}, None),
    ],
)
def test_settings_say_what_was_asked_for(letter: dict[str, object], expected: object) -> None:
    assert request_of(some_batch(1, **letter))["message"][0].get("settings") == expected


def test_each_message_may_have_a_text_of_its_own_and_only_its_own_settings() -> None:
    bodies = ('Hej "Kim"', "Hej Đorđe", "Hej Bo")
    messages = request_of(some_batch(3, sender="Kommunen")._replace(bodies=bodies))["message"]
    assert [one["content"] for one in messages] == [*bodies]
    assert [one["clientReference"] for one in messages] == ["a1-0000", "a1-0001", "a1-0002"]
    wide = {"parameter": [{"key": "parsing-type", "value": "AUTO_DETECT"}]}
    sender = {"originatorSettings": {"originator": "Kommunen", "originatorType": "ALPHANUMERIC"}}
    assert [one["settings"] for one in messages] == [sender, sender | wide, sender]


def test_delivery_confirmation_off_asks_for_no_reports() -> None:
    message = request_of(some_batch(1), delivery_confirmation=False)["message"][0]
    assert message["settings"]["parameter"] == [{"key": "skip_customer_report_delivery", "value": "true"}]


def test_quotes_and_line_breaks_survive_the_joining() -> None:
    body = 'Säg "hej",\n\\o/ 🙂'
    assert request_of(some_batch(1, text=MessageText(body=body)))["message"][0]["content"] == body


@pytest.mark.parametrize(
    ("period", "code"),
    [
        (timedelta(seconds=1), 0),
        (timedelta(minutes=5), 0),
        (timedelta(minutes=5, seconds=1), 1),
        (timedelta(hours=1), 11),
        (timedelta(hours=4), 47),
        (timedelta(hours=12), 143),
        (timedelta(hours=12, minutes=1), 144),
        (timedelta(hours=12, minutes=30), 144),
        (timedelta(hours=24), 167),
        (timedelta(hours=24, seconds=1), 168),
        (timedelta(days=2), 168),
        (timedelta(days=6, seconds=1), 173),
        (timedelta(days=7), 173),
    ],
)
def test_validity_takes_the_smallest_code_that_is_not_shorter(period: timedelta, code: int) -> None:
    assert validity_code(period) == code


@pytest.mark.parametrize(
    ("sender", "kind"),
    [
        ("Kommunen", "ALPHANUMERIC"),
        ("Skola 1", "ALPHANUMERIC"),
        ("+46701740605", "INTERNATIONAL"),
        ("71234", "NETWORK"),
        ("1960", "NETWORK"),
    ],
)
def test_the_senders_shape_gives_its_type(sender: str, kind: str) -> None:
    assert originator_type(sender) == kind
    assert open_gateway(some_options(free_port())).check(some_batch(sender=sender).letter) == []


@pytest.mark.parametrize(
    ("sender", "words"),
    [
        ("Exempelkommun", "has 13 characters; 11 is the most"),
        ("Bålsta", "holds å"),
        ("Hej!", "holds !"),
        ("", "empty"),
        ("+4670", "neither a short number nor"),
        ("+46 70 174 06 05", "neither a short number nor"),
        ("46701740605", "nor a number with + and its country code"),
    ],
)
def test_a_sender_the_network_would_not_show_is_refused_in_words(sender: str, words: str) -> None:
    problems = open_gateway(some_options(free_port())).check(some_batch(sender=sender).letter)
    assert words in " ".join(map(str, problems))


def test_a_validity_beyond_seven_days_is_refused() -> None:
    gateway = open_gateway(some_options(free_port()))
    assert len(gateway.check(some_batch(validity=timedelta(days=7, seconds=1)).letter)) == 1
    assert gateway.check(some_batch(validity=timedelta(days=7)).letter) == []


A, P, R, U, H = Status.ACCEPTED, Status.PENDING, Status.REJECTED, Status.UNKNOWN, Status.HELD


@pytest.mark.parametrize(
    ("codes", "verdict", "states"),
    [
        ([1, 1, 1], SubmitVerdict.ANSWERED, [A, A, A]),
        ([1, 5, 24], SubmitVerdict.ANSWERED, [A, R, H]),
        ([25, 25, 1], SubmitVerdict.ANSWERED, [A, A, A]),
        ([1, 6, 1], SubmitVerdict.UNCLEAR, [A, U, A]),
        ([2, 2, 2], SubmitVerdict.REFUSED, [P, P, P]),
        ([4, 4, 4], SubmitVerdict.REFUSED, [P, P, P]),
        ([3, 3, 3], SubmitVerdict.REFUSED, [P, P, P]),
        ([1, 3, 1], SubmitVerdict.ANSWERED, [A, R, A]),
        ([1, 2, 4], SubmitVerdict.REFUSED, [A, P, P]),
        ([1, 2, 6], SubmitVerdict.REFUSED, [A, P, U]),
        ([1, 99, 1], SubmitVerdict.UNCLEAR, [A, U, A]),
        ([0, -1, 1], SubmitVerdict.UNCLEAR, [U, U, A]),
        ([True, 1.0, "1"], SubmitVerdict.UNCLEAR, [U, U, A]),
        (["1", "5", "24"], SubmitVerdict.ANSWERED, [A, R, H]),
        (["01x", "\u0661", ""], SubmitVerdict.UNCLEAR, [U, U, U]),
        ([None, [1], {"1": 1}], SubmitVerdict.UNCLEAR, [U, U, U]),
    ],
)
def test_each_code_means_what_the_table_says(
    codes: list[object], verdict: SubmitVerdict, states: list[Status]
) -> None:
    body = statuses(*(entry(f"a1-000{n}", code) for n, code in enumerate(codes)))
    with FaultServer(answering(200, body)) as peer:
        assert outcome(submit(open_gateway(some_options(peer.port)), some_batch())) == (verdict, states)


@pytest.mark.parametrize(
    ("code", "verdict", "state"),
    [
        (1, SubmitVerdict.UNCLEAR, U),
        (24, SubmitVerdict.UNCLEAR, U),
        (2, SubmitVerdict.REFUSED, P),
        (5, SubmitVerdict.REFUSED, P),
    ],
)
@pytest.mark.parametrize("status", [302, 400, 401, 429])
def test_a_refusal_that_tells_of_a_message_as_taken_proves_nothing(
    status: int, code: int, verdict: SubmitVerdict, state: Status
) -> None:
    with FaultServer(answering(status, statuses(entry("a1-0001", code), entry("foreign")))) as peer:
        answer = submit(open_gateway(some_options(peer.port)), some_batch())
    busy = status == 429 and verdict is SubmitVerdict.REFUSED
    assert outcome(answer) == (SubmitVerdict.BUSY if busy else verdict, [state] * 3)


@pytest.mark.parametrize(
    ("entries", "states"),
    [
        ([entry("a1-0002"), entry("a1-0000", 5), entry("a1-0001")], [R, A, A]),  # order means nothing
        ([entry("a1-0000"), entry("a1-0001")], [A, A, U]),  # one missing
        ([entry("a1-0000"), entry("a1-0001"), entry("foreign")], [A, A, U]),
        ([entry("a1-0000"), entry("a1-0001"), entry("a1-0002"), entry("foreign", 5)], [A, A, A]),
        ([entry("a1-0000"), entry("a1-0000", 5), entry("a1-0001"), entry("a1-0002")], [U, A, A]),
        ([entry("a1-0000"), *[entry("a1-0001")] * 3, entry("a1-0002")], [A, U, A]),
        ([{"statusCode": 1, "sequenceIndex": n, "recipient": "+46701740605"} for n in (1, 2, 3)], [U] * 3),
        ([None, 7, "a1-0000", ["a1-0001"]], [U, U, U]),
        ([], [U, U, U]),
    ],
)
def test_the_reply_is_matched_on_our_reference_alone(entries: list[object], states: list[Status]) -> None:
    with FaultServer(answering(200, statuses(*entries))) as peer:
        answer = submit(open_gateway(some_options(peer.port)), some_batch())
    said = SubmitVerdict.UNCLEAR if U in states else SubmitVerdict.ANSWERED
    assert outcome(answer) == (said, states)


@pytest.mark.parametrize(
    "body",
    [
        b'{"messageStatus": [{"statusCode": 5, "statusCode": 1, "clientReference": "a1-0000"}]}',
        b'{"messageStatus": [{"statusCode": 1, "clientReference": "x", "client\\u0052eference": "a1-0000"}]}',
        b'{"messageStatus": {"statusCode": 1, "clientReference": "a1-0000"}}',
        b'[{"statusCode": 1, "clientReference": "a1-0000"}]',
        b"null",
    ],
)
def test_a_reply_that_says_two_things_or_has_another_shape_proves_nothing(body: bytes) -> None:
    with FaultServer(answering(200, body)) as peer:
        answer = submit(open_gateway(some_options(peer.port)), some_batch(1))
    assert outcome(answer) == (SubmitVerdict.UNCLEAR, [Status.UNKNOWN])


@pytest.mark.parametrize(
    ("body", "state"),
    [
        (b'{"messagestatus": [{"statuscode": 1, "clientreference": "a1-0000", "messageid": "m"}]}', A),
        (b'{"MessageStatus": [{"StatusCode": "1", "ClientReference": "a1-0000", "MessageId": "m"}]}', A),
        (b'\xef\xbb\xbf{"messageStatus": [{"statusCode": 1, "clientReference": "a1-0000"}]}', A),
        (b'{"messagestatus": [{"statuscode": 5, "clientreference": "a1-0000"}]}', R),
        (b'{"messageStatus": [{"statusCode": 1, "statuscode": 5, "clientReference": "a1-0000"}]}', U),
        (b'{"messageStatus": [{"statusCode": 1, "clientReference": "a", "clientreference": "a1-0000"}]}', U),
        (b'{"messageStatus": [], "messagestatus": [{"statusCode": 1, "clientReference": "a1-0000"}]}', U),
        (b'{"messageStatus": [{"statusCode": 1, "clientReference": null, "sequenceIndex": 1}]}', U),
        (b'{"messageStatus": [{"statusCode": 1, "sequenceIndex": 1}]}', U),
    ],
)
def test_fields_are_known_however_their_names_are_written(body: bytes, state: Status) -> None:
    with FaultServer(answering(200, body)) as peer:
        answer = submit(open_gateway(some_options(peer.port)), some_batch(1))
    assert [receipt.status for receipt in answer.receipts] == [state]


def test_the_receipt_keeps_the_gateways_name_code_and_words() -> None:
    body = statuses(
        entry("a1-0000"), entry("a1-0001", 5, messageId=None, statusMessage=f"bad {CANARY}\n number")
    )
    with FaultServer(answering(200, body)) as peer:
        answer = submit(open_gateway(some_options(peer.port)), some_batch(2))
    assert list(answer.receipts) == [
        Receipt("a1-0000", Status.ACCEPTED, gateway_id="id-a1-0000", code="1"),
        Receipt("a1-0001", Status.REJECTED, gateway_id=None, code="5", text="bad *** number"),
    ]
    assert answer.text == "bad *** number (code 5)"


@pytest.mark.parametrize("code", [1, "1"])
def test_whoever_asks_of_one_message_is_told_what_was_said_of_it(code: object) -> None:
    with FaultServer(answering(200, statuses(entry("a1-0000", code)))) as peer:
        answer = submit(open_gateway(some_options(peer.port)), some_batch(1))
    assert (answer.verdict, answer.text) == (SubmitVerdict.ANSWERED, f"said {code}")
