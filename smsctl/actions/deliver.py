"""Sends a mailing that stands in the ledger, and tells what it has come to."""

from collections import Counter
from typing import NamedTuple

from smsctl.actions.ending import reached_nobody
from smsctl.actions.send import Result, SendRun, send
from smsctl.domain.mailing import Mailing, MailingTotals
from smsctl.domain.message import OPEN, Status
from smsctl.domain.rules import Refusal, reserved
from smsctl.domain.unsettled import Unsettled, unsettled_of
from smsctl.errors import ExitCode, worst
from smsctl.ledger import mailings, repeats, stops


class Delivery(NamedTuple):
    """One run and what the mailing has come to."""

    mailing: Mailing
    result: Result
    tally: MailingTotals
    in_doubt: int = 0  # stopped or gone, and nobody can tell
    left_to: int | None = None  # a mailing that holds some still who were left out for it

    @property
    def left(self) -> Unsettled:
        """What of the mailing a person must settle, whoever left it so."""
        return unsettled_of(self.mailing.id, self.tally.states, self.in_doubt)

    @property
    def found_nobody(self) -> bool:
        """Whether the claims have left out everybody who was to get it by the plan.

        They have had the text from another mailing meanwhile, or were put on the block list.
        """
        unsent = {Status.PENDING, Status.REJECTED} & self.tally.states.keys()
        return reached_nobody(self.tally) and not (self.result.stop or unsent)

    @property
    def reserved(self) -> Refusal | None:
        """What a plan would be told where another mailing holds some of its people, if one does."""
        return reserved(self.left_to, waits=False) if self.left_to else None

    @property
    def own_exit_code(self) -> ExitCode:
        """The run's code beside what is unsettled, set right by what the ledger says of the whole mailing."""
        states = self.tally.states
        # Of what an earlier run has left rejected, nobody may have heard: it may have been killed.
        rejected = states.get(Status.REJECTED, 0)
        run = self.result._replace(states=Counter({Status.REJECTED: rejected}))
        codes = [run.exit_code]
        # What another process has on the wire by now may be lost with it: nobody is told that all is well.
        if self.left_to or (OPEN & states.keys() and not self.result.stop):
            codes.append(ExitCode.STOPPED)
        if self.found_nobody:
            codes.append(ExitCode.REFUSED)
        return worst(codes)

    @property
    def exit_code(self) -> ExitCode:
        """The run's code, and that of a mailing that holds something for a person to settle."""
        return worst([self.own_exit_code, self.left.exit_code])


def deliver(send_run: SendRun) -> Delivery:
    """Send what is pending, as `send`; return what the whole mailing has come to."""
    result, ledger, mailing = send(send_run), send_run.ledger, send_run.mailing
    tally = mailings.tally(ledger, mailing)
    return Delivery(
        mailing=mailing,
        result=result,
        tally=tally,
        in_doubt=stops.in_doubt(ledger, mailing),
        left_to=repeats.left_to(ledger, mailing) if tally.states.get(Status.CANCELLED) else None,
    )
