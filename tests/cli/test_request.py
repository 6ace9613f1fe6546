"""What a person writes on the command line, as the domain takes it."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from smsctl.cli.output import figures
from smsctl.cli.typed_times import read_time
from smsctl.errors import UsageError

STOCKHOLM = ZoneInfo("Europe/Stockholm")
NOON = datetime(2026, 10, 24, 12, 0, tzinfo=STOCKHOLM)
BEFORE_SUMMER = datetime(2027, 3, 27, 12, 0, tzinfo=STOCKHOLM)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("12:30", "2026-10-24 12:30"),
        ("12:00", "2026-10-25 12:00"),
        ("07:30", "2026-10-25 07:30"),
        ("2026-12-01T07:30", "2026-12-01 07:30"),
        ("2026-12-01 07:30", "2026-12-01 07:30"),
        ("2026-12-01T07:30+02:00", "2026-12-01 06:30"),
        ("02:30", "2026-10-25 02:30 +02:00"),
        ("2026-10-25T02:30", "2026-10-25 02:30 +02:00"),
        ("2026-10-25T02:30+01:00", "2026-10-25 02:30 +01:00"),
        ("2026-10-25T03:00", "2026-10-25 03:00"),
    ],
)
def test_a_time_is_read_on_the_clock_of_the_config(text: str, shown: str) -> None:
    assert figures.moment(read_time(text, NOON)) == shown


@pytest.mark.parametrize(("text", "hours"), [("2026-10-25T02:30", 14.5), ("2026-10-25T02:30+01:00", 15.5)])
def test_of_a_time_that_comes_twice_the_offset_tells_which(text: str, hours: float) -> None:
    passed = read_time(text, NOON).timestamp() - NOON.timestamp()
    assert timedelta(seconds=passed) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["2027-03-28T02:30", "2027-03-28 02:00", "02:59"])
def test_a_time_that_the_clock_skips_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="clock is put forward") as caught:
        read_time(text, BEFORE_SUMMER)
    assert str(caught.value.hint).startswith("The clock shows 03:")


@pytest.mark.parametrize(
    "text", ["2026-10-24T11:59", "2026-10-24T12:00", "2020-01-01T07:30", "2026-10-24T13:59+04:00"]
)
def test_a_time_that_has_been_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="in the past"):
        read_time(text, NOON)


@pytest.mark.parametrize("text", ["2026-12-01", "24:00", "7.30", "2026-13-01T07:30", "tomorrow", ""])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="there is no such time"):
        read_time(text, NOON)
