from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from smsctl.actions.quiet_hours import must_still_be_in_time, quiet_until
from smsctl.config.read import load
from smsctl.domain.message import Letter
from smsctl.domain.text import MessageText
from smsctl.errors import RuleError

from ..conftest import MakeConfig
from .second_way_in import NOON, SecondWayIn


@pytest.mark.parametrize(
    ("quiet", "at", "until"),
    [
        ("21:00-07:30", "2026-11-22T23:15:30.5", "2026-11-23T07:30"),
        ("21:00-07:30", "2026-11-23T06:00", "2026-11-23T07:30"),
        ("21:00-07:30", "2026-11-23T07:30", "2026-11-24T07:30"),
        (False, "2026-11-22T23:15:30.5", "2026-11-22T23:15:30.5"),
    ],
)
def test_quiet_hours_are_over_at_their_next_end(
    quiet: object, at: str, until: str, make_config: MakeConfig
) -> None:
    settings = load(make_config(limits={"quiet_hours": quiet}))
    assert quiet_until(settings, datetime.fromisoformat(at)) == datetime.fromisoformat(until)


@pytest.mark.parametrize(("later", "in_time"), [(1, True), (0, False), (-1, False)])
def test_an_answer_that_comes_after_the_time_it_was_meant_for_sends_nothing(
    later: int, way_in: Callable[..., SecondWayIn], *, in_time: bool
) -> None:
    letter = Letter(text=MessageText.read("Hej"), send_at=NOON + timedelta(minutes=later))
    with nullcontext() if in_time else pytest.raises(RuleError, match="which it was meant for"):
        must_still_be_in_time(letter, way_in().under(), NOON, urgent=False)


@pytest.mark.parametrize(("later", "in_time"), [(20, True), (-20, False)])
def test_an_answer_is_in_time_by_more_than_what_the_clock_shows(
    later: int, way_in: Callable[..., SecondWayIn], *, in_time: bool
) -> None:
    zone, put_back = ZoneInfo("Europe/Stockholm"), datetime(2026, 10, 25, 1, tzinfo=UTC)
    now, at = (put_back + timedelta(minutes=one * later / 20) for one in (-10, 10))
    letter = Letter(text=MessageText.read("Hej"), send_at=at.astimezone(zone))
    with nullcontext() if in_time else pytest.raises(RuleError, match="which it was meant for"):
        must_still_be_in_time(letter, way_in().under(), now.astimezone(zone), urgent=False)
