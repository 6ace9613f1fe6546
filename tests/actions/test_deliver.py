"""The exit code of a run, from what it did and from what the mailing has come to."""

from collections import Counter
from pathlib import Path

import pytest

from smsctl.actions.deliver import Delivery
from smsctl.actions.send import Result
from smsctl.actions.stop_signal import StopReason
from smsctl.domain.mailing import MailingTotals
from smsctl.domain.message import Status
from smsctl.errors import ExitCode

from .desk import Desk

GOOD, LEFT = Status.ACCEPTED, Status.PENDING


@pytest.mark.parametrize(
    ("stop", "states", "code"),
    [
        (None, {GOOD: 2}, ExitCode.OK),
        (None, {GOOD: 1, LEFT: 1}, ExitCode.STOPPED),
        (None, {LEFT: 1, Status.UNKNOWN: 1}, ExitCode.UNSETTLED),
        (None, {GOOD: 1, Status.HELD: 1}, ExitCode.UNSETTLED),
        (None, {GOOD: 1, Status.REJECTED: 1}, ExitCode.REJECTED),
        (None, {Status.CANCELLED: 1, Status.REJECTED: 1}, ExitCode.REJECTED),
        (None, {Status.CANCELLED: 2}, ExitCode.REFUSED),
        (None, {Status.CANCELLED: 1, GOOD: 1}, ExitCode.OK),
        (StopReason.CEILING, {GOOD: 1, LEFT: 1}, ExitCode.REFUSED),
        (StopReason.REFUSED, {LEFT: 2}, ExitCode.GATEWAY),
        (StopReason.TERMINATED, {GOOD: 1, LEFT: 1}, ExitCode.TERMINATED),
    ],
)
def test_what_is_left_is_never_well(
    stop: StopReason | None, states: dict[Status, int], code: ExitCode, tmp_path: Path
) -> None:
    desk = Desk(tmp_path)
    tally = MailingTotals(states=states, draws=(), reserved_parts=0)
    done = Delivery(desk.mailing(2), Result(states=Counter(), stop=stop, why=None), tally)
    desk.ledger.close()
    assert done.exit_code is code
