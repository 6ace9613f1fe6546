"""`--since` and `--until`: local days, both included."""

from datetime import date, timedelta

from smsctl.domain.moment import Period
from smsctl.errors import UsageError, say

_WHOLE = len("2026-11-22")
_OVER_A_MONTH = timedelta(days=31)


def period(since: str | None, until: str | None) -> Period:
    """Return the days meant by 2026-11-22 or 2026-11; raise UsageError for anything else."""
    found = Period(
        since=None if since is None else _day("--since", since, last=False),
        until=None if until is None else _day("--until", until, last=True),
    )
    if found.since and found.until and found.since > found.until:
        raise UsageError(say("--since {since} is after --until {until}.", since=since, until=until))
    return found


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
