from datetime import datetime

import pytest

from smsctl.actions.quiet_hours import quiet_until
from smsctl.config.read import load

from ..conftest import MakeConfig


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
