"""How a command that acts on a mailing ends: never well while the mailing holds what a person must settle."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from smsctl.domain.mailing import Mailing, MailingTotals
from smsctl.domain.message import COSTS, OPEN, Status
from smsctl.domain.unsettled import Unsettled, unsettled_of
from smsctl.errors import LedgerError, SmsctlError, UnsettledError, UsageError, worst
from smsctl.ledger import cancelling, lock, mailings, stops
from smsctl.ledger.store import Ledger


def left_unsettled(ledger: Ledger, mailing: Mailing, totals: MailingTotals | None = None) -> Unsettled:
    """Return what of the mailing is unknown, held or in doubt, whoever left it so.

    By the sums that are told beside it, where there are any: by later ones, an answer that another host hears
    meanwhile would make a code of what nobody is told of.
    """
    states = (totals or mailings.tally(ledger, mailing)).states
    return unsettled_of(mailing.id, states, stops.in_doubt(ledger, mailing))


def nothing_left(ledger: Ledger, mailing: Mailing) -> MailingTotals:
    """Return the sums of a mailing of which nothing was found that may be sent.

    Raises TakenError where something is again: another host has heard just now that it was not taken.
    """
    totals = mailings.tally(ledger, mailing)
    if OPEN & totals.states.keys() and not cancelling.is_cancelled(ledger, mailing):
        raise lock.taken()
    return totals


def was_stopped(ledger: Ledger, mailing: Mailing, totals: MailingTotals) -> bool:
    """Say whether somebody has cancelled it: not everyone was reached, which no silence may hide.

    Asked now, which is after the totals were: another may have cancelled it since the mailing was read.
    """
    unreached = totals.states.get(Status.CANCELLED) or totals.states.get(Status.PENDING)
    return bool(unreached) and cancelling.is_cancelled(ledger, mailing)


def reached_nobody(totals: MailingTotals) -> bool:
    """Say whether nothing of a mailing was handed over, and taken: that is never success without a word."""
    return bool(totals.states) and not COSTS & totals.states.keys()


def has_left_out(ledger: Ledger, mailing: Mailing, totals: MailingTotals) -> bool:
    """Say whether it was meant for somebody who gets nothing: nobody does, it was stopped, or rejected.

    However well a command ends that finds nothing more to do, no silence may hide it. Whom a claim has left
    out, for they have had the text or are blocked, is skipped, as in a plan.
    """
    rejected = totals.states.get(Status.REJECTED)
    return bool(rejected) or reached_nobody(totals) or was_stopped(ledger, mailing, totals)


@contextmanager
def told_with_what_is_left(ledger: Ledger, mailing: Mailing) -> Iterator[None]:
    """Turn a failure into UnsettledError where the mailing has unsettled messages and that code goes first.

    Raises UnsettledError, with the sentences of both, in place of a refusal or of a gateway's failure.
    """
    try:
        yield
    except SmsctlError as error:
        left = Unsettled(mailing=mailing.id)
        with suppress(LedgerError):  # it may not even be read
            left = left_unsettled(ledger, mailing)
        code = worst([error.exit_code, left.exit_code])
        told = isinstance(error, UsageError | UnsettledError)
        if told or not left or code is not left.exit_code:
            raise
        problems = [*error.problems, *left.sentences]
        raise UnsettledError(
            error.sentence, hint=error.hint, problems=problems, mailing=mailing.id
        ) from error
