import json
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import pytest

from smsctl.simulator.server import PushStyle, Sms

from .conftest import Begin, Client, message
from .test_pswincom import msg, post, session

LONG_S = 30


class Received(NamedTuple):
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Listener(ThreadingHTTPServer):
    """Takes pushes and answers as it is told to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[Received] = []
        self.answer: Callable[[int], int] = lambda _: 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/push"


class _Handler(BaseHTTPRequestHandler):
    def _take(self) -> None:
        listener = self.server
        assert isinstance(listener, Listener)
        length = int(self.headers.get("Content-Length") or 0)
        listener.received.append(
            Received(
                method=self.command, path=self.path, headers=dict(self.headers), body=self.rfile.read(length)
            )
        )
        self.send_response(listener.answer(len(listener.received)))
        self.end_headers()

    do_GET = do_POST = _take  # noqa: N815 - as http.server asks

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as serving:
        thread = threading.Thread(target=serving.serve_forever, daemon=True)
        thread.start()
        yield serving
        serving.shutdown()


def told(client: Client) -> None:
    assert client.simulator.wait_until_told(LONG_S)


def reports(listener: Listener) -> list[dict[str, str]]:
    return [one for pushed in listener.received for one in json.loads(pushed.body)["dr"]]


def test_what_was_accepted_is_reported_with_our_reference(begin: Begin, listener: Listener) -> None:
    client = begin(push_to={"intelecom": listener.url})
    (status,) = client.statuses(message(clientReference="a1-1"), batchReference="b1")
    told(client)
    (report,) = reports(listener)
    assert report["messageid"] == status["messageId"]
    assert (report["customermessagereference"], report["customerbatchreference"]) == ("a1-1", "b1")
    assert report["statuscode"] == "0"


def test_what_was_refused_or_wants_no_report_is_not_reported(begin: Begin, listener: Listener) -> None:
    client = begin(push_to={"intelecom": listener.url})
    no_report = {"parameter": [{"key": "skip_customer_report_delivery", "value": "true"}]}
    client.send(message(recipient="x"), message(settings=no_report))
    told(client)
    assert not listener.received


def test_intelecom_can_push_xml_and_get(begin: Begin, listener: Listener) -> None:
    for style in (PushStyle.XML, PushStyle.GET):
        client = begin(push_to={"intelecom": listener.url}, push_style=style)
        client.send(message(clientReference="a1-1"))
        told(client)
    by_xml, by_get = listener.received
    assert ET.fromstring(by_xml.body).findtext("message/customermessagereference") == "a1-1"
    assert parse_qs(urlsplit(by_get.path).query)["customermessagereference"] == ["a1-1"]


@pytest.mark.parametrize("style", [PushStyle.XML, PushStyle.FORM])
def test_pswincom_pushes_xml_and_forms(begin: Begin, listener: Listener, style: PushStyle) -> None:
    client = begin(push_to={"pswincom": listener.url}, push_style=style, reports_on_account=True)
    post(client, session(msg()))
    told(client)
    (pushed,) = listener.received
    if style is PushStyle.XML:
        root = ET.fromstring(pushed.body)
        assert (root.findtext("MSG/STATE"), root.findtext("MSG/ID")) == ("DELIVRD", "1")
    else:
        assert parse_qs(pushed.body.decode())["STATE"] == ["DELIVRD"]


def test_anything_but_200_is_tried_again(begin: Begin, listener: Listener) -> None:
    listener.answer = lambda n: 503 if n < 3 else 200
    client = begin(push_to={"intelecom": listener.url}, push_again_s=0.01)
    client.send(message())
    told(client)
    assert client.simulator.answers() == {503: 2, 200: 1}


def test_it_gives_up_after_its_tries(begin: Begin, listener: Listener) -> None:
    listener.answer = lambda _: 202
    client = begin(push_to={"intelecom": listener.url}, push_again_s=0.01, push_tries=3)
    client.send(message())
    told(client)
    assert client.simulator.answers() == {202: 3}


def test_reports_come_together_twice_and_out_of_order_where_that_is_asked(
    begin: Begin, listener: Listener
) -> None:
    client = begin(
        push_to={"intelecom": listener.url},
        push_batch=4,
        report_twice_share=1.0,
        report_spread_s=0.2,
        report_codes={"351": 0.5, "999": 0.2},
    )
    client.send(*(message(clientReference=f"a1-{n}") for n in range(20)))
    told(client)
    found = reports(listener)
    order = [report["customermessagereference"] for report in found]
    assert sorted(order) == sorted([f"a1-{n}" for n in range(20)] * 2)
    assert order != sorted(order, key=lambda one: int(one[3:]))
    assert {report["statuscode"] for report in found} == {"0", "351", "999"}
    assert all(len(json.loads(pushed.body)["dr"]) <= 4 for pushed in listener.received)


def test_headers_are_sent_with_every_push(begin: Begin, listener: Listener) -> None:
    client = begin(push_to={"intelecom": listener.url}, push_headers={"X-API-Key": "canary"})
    client.send(message())
    told(client)
    assert listener.received[0].headers["X-API-Key"] == "canary"


def test_nobody_is_told_where_nobody_listens(begin: Begin) -> None:
    client = begin()
    client.send(message())
    told(client)
    assert client.simulator.answers() == {}


def test_an_sms_that_was_let_in_is_pushed(begin: Begin, listener: Listener) -> None:
    client = begin(push_to={"intelecom": listener.url})
    client.simulator.incoming("intelecom", Sms("+46701740605", "KOMMUN Ja tack"))
    told(client)
    (sms,) = json.loads(listener.received[0].body)["mo"]
    assert (sms["originator"], sms["command"], sms["strippedcontent"]) == (
        "+46701740605",
        "KOMMUN",
        "Ja tack",
    )
