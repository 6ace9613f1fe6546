"""The quiet hours around a time of day: when they are over, and what could never leave in them."""

from datetime import datetime, time, timedelta

from smsctl.config.settings import Settings
from smsctl.errors import RuleError, say


def quiet_until(settings: Settings, at: datetime) -> datetime:
    """Return when the quiet hours around a local time are over."""
    quiet = settings.limits.quiet_hours
    if quiet is None:
        return at
    end = at.replace(hour=quiet.end.hour, minute=quiet.end.minute, second=0, microsecond=0)
    return end if end > at else end + timedelta(days=1)


def must_be_outside_quiet_hours(settings: Settings, at: time) -> None:
    """Raise RuleError where a mailing that is started at this time of day would be refused each time."""
    quiet = settings.limits.quiet_hours
    if quiet and quiet.covers(at):
        raise RuleError(
            say(
                "{at} is within the quiet hours, {start} to {end}: each mailing would be refused.",
                at=f"{at:%H:%M}",
                start=f"{quiet.start:%H:%M}",
                end=f"{quiet.end:%H:%M}",
            ),
            hint=say("Choose another hour, or add after `send`: --urgent --reason TEXT"),
        )
