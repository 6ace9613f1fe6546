"""Mailings that nobody has approved yet, for the doctor: those that wait, and those that left before."""

from collections.abc import Iterator

from smsctl.actions.check import Finding, Level
from smsctl.errors import say
from smsctl.ledger import approvals
from smsctl.ledger.store import Ledger


def check_approvals(ledger: Ledger | None) -> Iterator[Finding]:
    """Warn of each mailing that a second person is asked about."""
    for one in approvals.open_ones(ledger) if ledger else ():
        if one.at_once:
            text = say("Mailing {id} left without a second person, being urgent.", id=one.mailing)
            mend = say("One approves it with: smsctl mailings approve {id} --afterwards", id=one.mailing)
        else:
            text = say("Mailing {id} waits for the approval of a second person.", id=one.mailing)
            mend = say("A second person approves it with: smsctl mailings approve {id}", id=one.mailing)
        yield Finding(Level.WARNING, text=text, mend=mend)
