"""Mailings that nobody has approved yet, for the doctor: those that wait, and those that left before."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from smsctl.actions.check import Finding, Level
from smsctl.domain.moment import stamp
from smsctl.errors import say
from smsctl.ledger import approvals
from smsctl.ledger.store import Ledger


def check_approvals(ledger: Ledger | None, now: datetime) -> Iterator[Finding]:
    """Warn of each mailing that a second person is asked about; tell what is approved for every time."""
    if ledger is None:
        return
    at = stamp(now)
    for one in approvals.open_ones(ledger):
        if one.is_over(at):
            text = say("Nobody approved mailing {id} in time: the next command cancels it.", id=one.mailing)
            mend = say("Send it anew, where it is needed.")
        elif one.at_once:
            text = say("Mailing {id} left without a second person, being urgent.", id=one.mailing)
            mend = say("One approves it with: smsctl mailings approve {id} --afterwards", id=one.mailing)
        else:
            text = say("Mailing {id} waits for the approval of a second person.", id=one.mailing)
            mend = say("A second person approves it with: smsctl mailings approve {id}", id=one.mailing)
        yield Finding(Level.WARNING, text=text, mend=mend)
    for one in approvals.for_every_time(ledger, at):
        day = str(one.holds_until)[:10]
        soon = str(one.holds_until) <= stamp(now + _SOON)
        yield Finding(
            Level.WARNING if soon else Level.OK,
            text=say(
                "{user} approved mailing {id} and the later slots of its key until {day}.",
                user=one.decided_by,
                id=one.mailing,
                day=day,
            ),
            mend=say("The slot after that waits; approve it with --every-time.") if soon else None,
        )


_SOON = timedelta(days=30)
