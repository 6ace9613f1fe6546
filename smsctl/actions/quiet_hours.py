"""The quiet hours around a time of day: when they are over, and what could never leave in them."""

from datetime import datetime, time, timedelta

from smsctl.actions.may_send import Circumstances
from smsctl.config.settings import Settings
from smsctl.domain.message import Letter
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


def must_still_be_in_time(letter: Letter, under: Circumstances, now: datetime, *, urgent: bool) -> None:
    """Raise RuleError where the answer to a question came too late: it may have stood there for hours."""
    quiet = under.settings.limits.quiet_hours
    if under.lenient:
        return
    if letter.send_at is not None and letter.send_at.timestamp() <= now.timestamp():
        raise RuleError(
            say(
                "The answer came after {at:%H:%M}, which it was meant for; nothing was sent.",
                at=letter.send_at.astimezone(now.tzinfo),
            ),
            hint=say("Run it again, with another time."),
        )
    if letter.send_at is None and not urgent and quiet and quiet.covers(now.time()):
        raise RuleError(
            say("The answer came when the quiet hours had begun; nothing was sent."),
            hint=say("Run it again: it asks when to send."),
        )
