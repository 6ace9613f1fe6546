"""Times as they are typed: how long (90m), when (07:30), from which day to which (2026-11)."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from pathlib import Path

from smsctl.config import kinds
from smsctl.domain.moment import Period, stamp
from smsctl.errors import UsageError, say

_WHOLE = len("2026-11-22")
_OVER_A_MONTH = timedelta(days=31)


def read_duration(flag: str, text: str) -> timedelta:
    """Return the time a person means by 90m, 4h or 2d."""
    try:
        found = kinds.DURATION.read(text, Path())
    except kinds.UnfitValueError as error:
        raise UsageError(say("{flag} {text}: {why}.", flag=flag, text=text, why=error.why)) from None
    if not isinstance(found, timedelta):
        raise TypeError(found)
    return found


def read_time(text: str, local_now: datetime, *, flag: str = "--at ") -> datetime:
    """Return the time a person means by 07:30 (the next one) or 2026-12-01T07:30, on the config's clock.

    Of a time that comes twice, when the clock is put back, it is the first, unless an offset is written.
    `flag` is told before it, where one was typed.
    """
    typed = f"{flag}{text}"
    found = _written_time(text, local_now)
    if found is None:
        raise UsageError(
            say("{typed}: there is no such time.", typed=typed), hint=say("Write 07:30 or 2026-12-01T07:30.")
        )
    real = found.astimezone(UTC).astimezone(local_now.tzinfo)
    if found.tzinfo is local_now.tzinfo and real.replace(tzinfo=None) != found.replace(tzinfo=None):
        raise UsageError(
            say("{typed}: there is no such time, for the clock is put forward then.", typed=typed),
            hint=say("The clock shows {clock:%H:%M} then.", clock=real),
        )
    if real.timestamp() <= local_now.timestamp():  # two times of one zone are compared without their offsets
        raise UsageError(say("{typed} is in the past.", typed=typed))
    return real


def _written_time(text: str, local_now: datetime) -> datetime | None:
    try:
        if len(text) <= len("07:30"):
            clock = datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 - a time of day has no zone
            found = local_now.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)
            return found if found > local_now else found + timedelta(days=1)
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if ":" not in text:  # a day alone would be its midnight
        return None
    return found if found.tzinfo else found.replace(tzinfo=local_now.tzinfo)


def period(since: str | None, until: str | None) -> Period:
    """Return the days meant by 2026-11-22 or 2026-11, both included. Raises UsageError for anything else."""
    found = Period(
        since=None if since is None else _day("--since", since, last=False),
        until=None if until is None else _day("--until", until, last=True),
    )
    if found.since and found.until and found.since > found.until:
        raise UsageError(say("--since {since} is after --until {until}.", since=since, until=until))
    return found


def month(flag: str, text: str) -> str:
    """Return the month meant by 2026-11. Raises UsageError for anything else."""
    if len(text) != len("2026-11"):
        raise UsageError(say("{flag} {text}: there is no such month.", flag=flag, text=text), hint=_A_MONTH)
    return _day(flag, text, last=False)[: len("2026-11")]


_A_MONTH = say("Write 2026-11.")


def moments_of(days: Period, zone: tzinfo | None) -> tuple[str, str]:
    """Return from which ledger time on, and before which one, local days last."""
    since, until = (one and datetime.combine(date.fromisoformat(one), time(), zone) for one in days)
    before = until and datetime.combine(until.date() + timedelta(days=1), time(), zone)
    return stamp(since) if since else "", stamp(before) if before else "9999"


def _day(flag: str, text: str, *, last: bool) -> str:
    """Return the day; of a month its last, or its first."""
    is_day = len(text) == _WHOLE and "W" not in text
    try:
        day = date.fromisoformat(text if is_day else f"{text}-01")
        if last and not is_day:
            day = (day + _OVER_A_MONTH).replace(day=1) - timedelta(days=1)
        return day.isoformat()
    except (ValueError, OverflowError):
        raise UsageError(
            say("{flag} {text}: there is no such day.", flag=flag, text=text),
            hint=say("Write 2026-11-22, or 2026-11 for a whole month."),
        ) from None
