"""What a gateway on HTTP promises besides: the same verdict for the same trouble."""

import logging
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from smsctl.domain.message import Status, SubmitVerdict

from . import faults
from .contract import GatewayContract, outcome, some_batch, submit
from .fault_server import FaultServer, answering


class HttpGatewayContract(GatewayContract):
    """Inherited by every gateway on HTTP."""

    never_answer = staticmethod(faults.never_answer)
    close_unanswered = staticmethod(faults.close_unanswered)

    @pytest.mark.parametrize("trouble", faults.TABLE)
    def test_trouble_gets_the_verdict_of_the_table(
        self, trouble: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        behaviour, (verdict, status) = faults.TABLE[trouble]
        with FaultServer(behaviour) as peer:
            answer = submit(self.opened(peer.port), some_batch())
            assert peer.connections == 1
        assert outcome(answer) == (verdict, [status] * 3)
        assert "kanarie" not in f"{answer} {caplog.text}"

    @pytest.mark.parametrize("status", [301, 307, 400, 401, 403, 404, 405, 413, 415])
    def test_only_a_refused_login_asks_for_the_password_anew(self, status: int) -> None:
        with FaultServer(answering(status, b"no", Location="http://192.0.2.1/")) as peer:
            answer = submit(self.opened(peer.port), some_batch())
        assert answer.mend
        assert ("credential set" in str(answer.mend)) == (status in {401, 403})

    @pytest.mark.parametrize(
        ("header", "expected_s"),
        [("7", 7.0), ("86400", 600.0), ("0", 0.0), ("soon", None), ("-5", None)],
    )
    def test_a_busy_gateway_is_waited_for_at_most_ten_minutes(
        self, header: str, expected_s: float | None
    ) -> None:
        with FaultServer(answering(429, Retry_After=header)) as peer:
            answer = submit(self.opened(peer.port), some_batch())
        assert answer.retry_after_s == expected_s

    @pytest.mark.parametrize(("ahead", "low", "high"), [(60, 50, 60), (-60, 0, 0), (7200, 600, 600)])
    def test_a_busy_gateway_may_name_a_time_instead(self, ahead: int, low: float, high: float) -> None:
        until = format_datetime(datetime.now(UTC) + timedelta(seconds=ahead), usegmt=True)
        with FaultServer(answering(429, Retry_After=until)) as peer:
            answer = submit(self.opened(peer.port), some_batch())
        assert answer.retry_after_s is not None
        assert low <= answer.retry_after_s <= high

    def test_the_login_refused_by_status_leaves_the_batch_pending(self) -> None:
        problem = b'{"type": "about:blank", "title": "Unauthorized", "status": 401, "detail": "no"}'
        with FaultServer(answering(401, problem, Content_Type="application/problem+json")) as peer:
            answer = submit(self.opened(peer.port), some_batch())
        assert outcome(answer) == (SubmitVerdict.REFUSED, [Status.PENDING] * 3)
        assert "refused the login" in str(answer.text)
