"""`--key`: a name under which a mailing is sent once, made anew for each slot of a crontab line."""

import re
from datetime import datetime

from smsctl.errors import UsageError, say

_PLACE = r"\{([^{}]*)\}"
_LONGEST = 200


def expand(key: str, local_now: datetime) -> str:
    """Fill in {date}, {week}, {month} and {hour} on the config's clock; raise UsageError for any other."""
    year, week, _ = local_now.isocalendar()
    places = {
        "date": f"{local_now:%Y-%m-%d}",
        "week": f"{year}-W{week:02d}",
        "month": f"{local_now:%Y-%m}",
        "hour": f"{local_now:%Y-%m-%dT%H}",
    }
    unknown = [place for place in re.findall(_PLACE, key) if place not in places]
    if unknown or not key.strip() or len(key) > _LONGEST:
        raise UsageError(
            say("--key {key} is no usable name.", key=key[:_LONGEST]),
            hint=say("Use a short name; in braces only: date, week, month, hour."),
        )
    return re.sub(_PLACE, lambda found: places[found[1]], key)
