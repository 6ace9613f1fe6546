"""`--since` and `--until`: local days, both included."""

from datetime import date

from smsctl.domain.moment import Period
from smsctl.errors import UsageError, say

_MONTH = len("2026-11")


def period(since: str | None, until: str | None) -> Period:
    """Return the days meant by 2026-11-22 or 2026-11; raise UsageError for anything else."""
    found = Period(since=_day("--since", since, "01"), until=_day("--until", until, "31"))
    if found.since and found.until and found.since > found.until:
        raise UsageError(say("--since {since} is after --until {until}.", since=since, until=until))
    return found


def _day(flag: str, text: str | None, day_of_month: str) -> str | None:
    """Days are compared as text, so that every month may end on a 31st."""
    if text is None:
        return None
    whole = text if len(text) > _MONTH else f"{text}-01"
    try:
        found = date.fromisoformat(whole).isoformat()
    except ValueError:
        raise UsageError(
            say("{flag} {text}: there is no such day.", flag=flag, text=text),
            hint=say("Write 2026-11-22, or 2026-11 for a whole month."),
        ) from None
    return found if len(text) > _MONTH else f"{text}-{day_of_month}"
