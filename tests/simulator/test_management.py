"""wire/puzzel.md, "Management API" and "Send window"."""

import gzip
import json
import time
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from smsctl.simulator.intelecom_rules import Window
from tests.simulator.conftest import Begin, Client, Response, message

BATCHES = "/mgmt/rs/service/4711/batch/"


def basic(username: str = "demo-user", password: str = "demo-secret") -> str:
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode()


def ask(client: Client, method: str = "GET", path: str = BATCHES, **headers: str) -> Response:
    return client.ask(method, path, **{"Authorization": basic()} | headers)


def scheduled(start: timedelta, stop: timedelta | None = None, reference: str = "a1") -> dict[str, Any]:
    begin = datetime.now(UTC) + start
    window = {"startDate": f"{begin:%Y-%m-%d}Z", "startTime": f"{begin:%H:%M:%S}Z"}
    if stop is not None:
        end = datetime.now(UTC) + stop
        window |= {"stopDate": f"{end:%Y-%m-%d}Z", "stopTime": f"{end:%H:%M:%S}Z"}
    return message(settings={"sendWindow": window}, clientReference=reference)


def test_what_has_left_is_not_listed(client: Client) -> None:
    client.send(message(), batchReference="b1")
    assert ask(client).json() == {"messageBatch": []}
    assert ask(client, path=f"{BATCHES}b1").status == 404
    assert ask(client, "DELETE", f"{BATCHES}b1").status == 404


def test_throttled_messages_are_listed_until_they_leave(begin: Begin) -> None:
    client = begin(throttle_s=600)
    client.send(message(), message(), batchReference="b1")
    assert ask(client).json() == {
        "messageBatch": [{"clientBatchReference": "b1", "totalSize": 2, "onHold": 0}]
    }


def test_throttled_messages_leave_in_the_end(begin: Begin) -> None:
    client = begin(throttle_s=0.05)
    client.send(message(), batchReference="b1")
    while ask(client).json()["messageBatch"]:
        time.sleep(0.01)
    assert ask(client, "DELETE", f"{BATCHES}b1").status == 404


def test_a_scheduled_batch_is_held_listed_and_stopped(client: Client) -> None:
    hour = timedelta(hours=1)
    late, _ = client.statuses(scheduled(hour, reference="a1"), message(), batchReference="b1")

    held = ask(client, path=f"{BATCHES}b1").json()
    stopped = ask(client, "DELETE", f"{BATCHES}b1")

    assert held == {"messageBatch": {"clientBatchReference": "b1", "totalSize": 1, "onHold": 1}}
    assert stopped.headers["cache-control"] == "max-age=60"
    assert stopped.json() == {
        "serviceId": 4711,
        "clientBatchReference": "b1",
        "stoppedMessages": [{"messageId": late["messageId"], "clientMessageReference": "a1"}],
    }
    assert client.simulator.stopped() == (late["messageId"],)
    assert ask(client, "DELETE", f"{BATCHES}b1").status == 404


def test_a_message_whose_window_has_closed_is_discarded(client: Client) -> None:
    hour = timedelta(hours=1)
    assert client.codes(scheduled(-2 * hour, -hour), batchReference="b1") == [1]
    assert ask(client).json() == {"messageBatch": []}


def test_a_message_with_code_24_is_on_hold_if_it_is_queued(begin: Begin) -> None:
    client = begin(spam_limit=0, spam_queues=True)
    client.send(message(), batchReference="b1")
    assert ask(client).json()["messageBatch"][0]["onHold"] == 1


def test_another_services_batches_are_not_seen(begin: Begin) -> None:
    client = begin(throttle_s=60)
    client.send(message(), batchReference="b1")
    assert ask(client, path="/mgmt/rs/service/4712/batch/").json() == {"messageBatch": []}


def test_a_list_of_one_can_arrive_as_an_object(begin: Begin) -> None:
    client = begin(throttle_s=60, management_single_object=True)
    client.send(message(), batchReference="b1")
    assert ask(client).json()["messageBatch"]["clientBatchReference"] == "b1"


def test_answers_can_be_compressed(begin: Begin) -> None:
    response = ask(begin(management_gzip=True))
    assert response.headers["content-encoding"] == "gzip"
    assert gzip.decompress(response.body) == b'{"messageBatch": []}'


def test_xml_is_answered_where_it_is_asked_for(begin: Begin) -> None:
    client = begin(throttle_s=60)
    client.send(message(), batchReference="b1")
    response = ask(client, Accept="text/xml")
    assert response.headers["content-type"] == "text/xml;charset=UTF-8"
    assert b"<clientBatchReference>b1</clientBatchReference>" in response.body


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic x",
        "Basic \xe5",
        "Bearer abc",
        basic("other"),
        basic(password="other"),
        basic("", ""),
    ],
)
def test_a_bad_login_is_not_authorised(begin: Begin, header: str) -> None:
    client = begin(username="demo-user", password="demo-secret")
    assert ask(client).status == 200
    response = ask(client, Authorization=header)
    assert (response.status, response.headers["www-authenticate"][:5]) == (401, "Basic")


def test_another_service_is_not_authorised_when_one_is_set(begin: Begin) -> None:
    client = begin(service_id=4711)
    assert ask(client).status == 200
    assert ask(client, path="/mgmt/rs/service/4712/batch/").status == 401


@pytest.mark.parametrize("path", ["/mgmt/rs", "/mgmt/rs/service/north/batch/", "/mgmt/rs/service/4711/batch"])
def test_a_malformed_path_is_an_unexpected_error(client: Client, path: str) -> None:
    assert ask(client, path=path).status == 500


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 12, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "now", "opens"),
    [
        (Window(start=at(1, 7), stop=None), at(1, 6), at(1, 7)),
        (Window(start=at(1, 7), stop=None), at(9, 6), at(9, 6)),
        (Window(start=at(1, 7), stop=at(1, 9)), at(1, 6), at(1, 7)),
        (Window(start=at(1, 7), stop=at(1, 9)), at(1, 8), at(1, 8)),
        (Window(start=at(1, 7), stop=at(1, 9)), at(1, 9), None),
        (Window(start=at(1, 7), stop=at(3, 9)), at(1, 10), at(2, 7)),
        (Window(start=at(1, 7), stop=at(3, 9)), at(2, 8), at(2, 8)),
        (Window(start=at(1, 7), stop=at(3, 9)), at(3, 9), None),
        (Window(start=at(1, 22), stop=at(3, 6)), at(2, 5), at(2, 5)),
        (Window(start=at(1, 22), stop=at(3, 6)), at(2, 7), at(2, 22)),
    ],
)
def test_a_window_opens_every_day_between_its_clock_times(
    window: Window, now: datetime, opens: datetime | None
) -> None:
    assert window.opens(now) == opens


def test_a_window_without_a_zone_is_central_european_time(client: Client) -> None:
    window = {"startDate": "2999-12-01", "startTime": "07:30:00"}
    zoned = {"startDate": "2999-12-01", "startTime": "07:30:00+03:00"}
    client.send(message(settings={"sendWindow": window}), message(settings={"sendWindow": zoned}))
    assert [m.send_at for m in client.simulator.accepted()] == [
        "2999-12-01T06:30:00+00:00",
        "2999-12-01T04:30:00+00:00",
    ]


@pytest.mark.parametrize("header", ["", "Basic", "Basic eA==", "Bearer abc"])
def test_without_a_login_nobody_is_authorised(client: Client, header: str) -> None:
    assert ask(client, Authorization=basic("", "")).status == 200
    assert ask(client, Authorization=header).status == 401


def test_vendor_like_the_paths_are_those_of_the_vendors_client_and_answers_are_gzipped(begin: Begin) -> None:
    client = begin(vendor_like=True, throttle_s=600)
    sent = client.send(message(), batchReference="b1").json()
    assert sent.keys() == {"messageStatus"}
    vendors = "/management/4711/batch"
    for path in (vendors, f"{vendors}/", f"{vendors}/b1"):
        response = ask(client, path=path)
        assert (response.status, response.headers["content-encoding"]) == (200, "gzip")
        assert b'"clientBatchReference": "b1"' in gzip.decompress(response.body)
    assert (
        len(json.loads(gzip.decompress(ask(client, "DELETE", f"{vendors}/b1").body))["stoppedMessages"]) == 1
    )
    assert ask(client, path=f"{vendors}/b1").status == 404
    assert ask(client).status == 500  # the manual's path
