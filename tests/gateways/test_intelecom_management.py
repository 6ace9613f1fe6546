import pytest

from smsctl.domain.gateway import Cancelling, CancelResult, Listed
from smsctl.errors import GatewayRefusedError, StoppedError
from smsctl.gateways.intelecom import open_gateway

from .contract import some_options
from .fault_server import FaultServer, answering, free_port
from .faults import close_unanswered


@pytest.mark.parametrize("nothing", [b'{"messageBatch": []}', b"null\n", b"{}"])
def test_the_probe_asks_the_management_address_and_sends_nothing(nothing: bytes) -> None:
    with FaultServer(answering(200, nothing)) as peer:
        gateway = open_gateway(some_options(peer.port))
        assert isinstance(gateway, Cancelling)
        assert str(gateway.probe()) == "the gateway took the login"
        assert peer.requests[0].startswith(b"GET /mgmt/rs/service/4711/batch/ HTTP/1.1\r\n")
        assert b"\r\nAuthorization: Basic " in peer.requests[0]


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_probe_says_so(status: int) -> None:
    with FaultServer(answering(status)) as peer, pytest.raises(GatewayRefusedError):
        open_gateway(some_options(peer.port)).probe()


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_probe_without_a_clear_answer_says_so(status: int) -> None:
    with FaultServer(answering(status)) as peer, pytest.raises(StoppedError):
        open_gateway(some_options(peer.port)).probe()


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (404, b"", CancelResult(found=False)),
        (200, b'{"stoppedMessages": []}', CancelResult(found=True)),
        (
            200,
            (
                b'{"stoppedMessages": [{"messageId": "m1", "clientMessageReference": "a1-0000"},'
                b' {"messageId": "m2", "clientMessageReference": null},'
                b' {"messageId": "m3", "CustomerMessageReference": "a1-0002"}]}'
            ),
            CancelResult(
                found=True, stopped=("a1-0000", "a1-0002"), stopped_ids=("m1", "m2", "m3"), entries=3
            ),
        ),
        (
            200,
            b'{"stoppedMessages": {"messageId": "m1", "clientMessageReference": "a1-0000"}}',
            CancelResult(found=True, stopped=("a1-0000",), stopped_ids=("m1",), entries=1),
        ),
        (
            200,
            b'\xef\xbb\xbf{"StoppedMessages": [{"messageid": "m1", "ClientMessageReference": "a1-0000"}]}',
            CancelResult(found=True, stopped=("a1-0000",), stopped_ids=("m1",), entries=1),
        ),
        (200, b'{"stoppedMessages": [{}, null]}', CancelResult(found=True, entries=2)),
        (200, b'{"stoppedMessages": [', CancelResult(found=True, answered=False)),
        (204, b"", CancelResult(found=True, answered=False)),
        (500, b"", CancelResult(found=True, answered=False)),
        (503, b"", CancelResult(found=True, answered=False)),
    ],
)
def test_cancelling_tells_what_was_stopped(status: int, body: bytes, expected: CancelResult) -> None:
    with FaultServer(answering(status, body)) as peer:
        gateway = open_gateway(some_options(peer.port, management_path="/management/{service_id}/"))
        assert gateway.cancel("smsctl-a1") == expected
        assert peer.requests[0].startswith(b"DELETE /management/4711/batch/smsctl-a1 HTTP/1.1\r\n")


@pytest.mark.parametrize("status", [302, 400, 401, 403, 405, 429])
def test_where_it_was_not_asked_an_error_says_so(status: int) -> None:
    with FaultServer(answering(status)) as peer, pytest.raises((GatewayRefusedError, StoppedError)):
        open_gateway(some_options(peer.port)).cancel("smsctl-a1")


def test_an_answer_that_is_lost_may_have_stopped_them() -> None:
    with FaultServer(close_unanswered) as peer:
        answer = open_gateway(some_options(peer.port)).cancel("smsctl-a1")
    assert answer == CancelResult(found=True, answered=False)
    with pytest.raises(StoppedError):
        open_gateway(some_options(free_port())).cancel("smsctl-a1")


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (
            200,
            b'{"MESSAGEBATCH": {"clientbatchreference": "smsctl-a1", "totalsize": "2", "onhold": "1"}}',
            Listed(left=2, on_hold=1),
        ),
        (
            200,
            b'{"messageBatch": {"clientBatchReference": "smsctl-a1", "totalSize": 2, "onHold": 1}}',
            Listed(left=2, on_hold=1),
        ),
        (
            200,
            b'{"messageBatch": [{"clientBatchReference": "smsctl-a1", "totalSize": 2, "onHold": 0}]}',
            Listed(left=2),
        ),
        (200, b'{"messageBatch": [{"clientBatchReference": "another", "totalSize": 2, "onHold": 0}]}', None),
        (404, b"", None),
    ],
)
def test_a_listing_tells_how_much_is_held(status: int, body: bytes, expected: Listed | None) -> None:
    with FaultServer(answering(status, body)) as peer:
        assert open_gateway(some_options(peer.port)).listed("smsctl-a1") == expected


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"messageBatch": 7}',
        b'{"messageBatch": [{"clientBatchReference": "smsctl-a1"}]}',
        b'{"messageBatch": [{"clientBatchReference": "smsctl-a1", "totalSize": true, "onHold": 0}]}',
    ],
)
def test_a_listing_that_cannot_be_read_is_no_answer(body: bytes) -> None:
    with FaultServer(answering(200, body)) as peer, pytest.raises(StoppedError):
        open_gateway(some_options(peer.port)).listed("smsctl-a1")
