"""The dead man's switch: whether a run that may never have begun is done."""

from collections.abc import Callable, Mapping

from smsctl.actions.begin import EMPTY, PAUSED
from smsctl.actions.check import Finding, Level
from smsctl.actions.ending import has_left_out, left_unsettled
from smsctl.domain.approval import how_to_approve
from smsctl.domain.mailing import Mailing
from smsctl.domain.message import COSTS, OPEN, Status
from smsctl.domain.spelling import veil_numbers
from smsctl.errors import ExitCode, Sentence, say
from smsctl.ledger import approvals, mailings, run_keys
from smsctl.ledger.store import Ledger


def expected(
    ledger: Ledger | None, key: str, counted: Callable[[Mapping[Status, int]], Sentence | None]
) -> Finding:
    """Say whether the run under an expanded key is done. One that may reach nobody, and did, is done too."""
    mailing = mailings.of_key(ledger, key) if ledger else None
    if ledger is None or mailing is None:
        return _of_no_mailing(ledger, key)
    tally = mailings.tally(ledger, mailing)
    told = counted(tally.states) or say("nothing to send")
    values = {"key": veil_numbers(key), "id": mailing.id, "counted": told}
    look = say("See why with: smsctl mailings show {id}", id=mailing.id)
    if left := left_unsettled(ledger, mailing, tally):
        text = say("{key}: mailing {id} is not settled: {counted}.", **values)
        return Finding(Level.ERROR, text=text, mend=left.sentences[0], exit_code=left.exit_code)
    if OPEN & tally.states.keys():
        unfinished = say("{key}: mailing {id} is not finished: {counted}.", **values)
        return _missed(unfinished, _what_goes_on(ledger, mailing))
    if not COSTS & tally.states.keys():
        return _missed(say("{key}: nothing of mailing {id} was sent: {counted}.", **values), look)
    done = say("{key}: mailing {id} is done: {counted}.", **values)
    if has_left_out(ledger, mailing, tally):
        return Finding(Level.WARNING, text=done, mend=look)
    return Finding(Level.OK, done)


def _of_no_mailing(ledger: Ledger | None, key: str) -> Finding:
    told = veil_numbers(key)
    if ledger and run_keys.is_noted(ledger, key, EMPTY):
        return Finding(Level.OK, say("{key}: there was nobody to send to, as is allowed.", key=told))
    if ledger and run_keys.is_noted(ledger, key, PAUSED):
        return Finding(Level.OK, say("{key}: nothing was sent, for it was a pause.", key=told))
    mend = say("Did it start? Look at cron's own log, and at: smsctl audit")
    return _missed(say("{key}: nothing was sent under this key.", key=told), mend)


def _what_goes_on(ledger: Ledger, mailing: Mailing) -> Sentence:
    """Say what ends a mailing of which something is pending: to resume it may be refused."""
    asked = approvals.of(ledger, mailing.id)
    if asked and asked.waits:
        return how_to_approve(mailing.id)
    if mailing.half_cancelled:
        return say("It was cancelled; cancel the rest with: smsctl mailings cancel {id}", id=mailing.id)
    return say("Go on with: smsctl mailings resume {id}", id=mailing.id)


def _missed(text: Sentence, mend: Sentence) -> Finding:
    return Finding(Level.ERROR, text=text, mend=mend, exit_code=ExitCode.REFUSED)
