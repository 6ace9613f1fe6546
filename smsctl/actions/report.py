"""Taking in what comes back: reports move messages, incoming SMS are stored, and STOP is obeyed."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from operator import add
from typing import NamedTuple

from smsctl.domain.incoming import Incoming, SmsRequest, is_ours, wish_of
from smsctl.domain.moment import Actor, Moment
from smsctl.domain.number import NumberReader
from smsctl.domain.push import PushBatch
from smsctl.domain.report import Report
from smsctl.domain.spelling import is_e164
from smsctl.ledger import blocklist, inbox, report_intake
from smsctl.ledger.inbox import IncomingKind
from smsctl.ledger.reports import IntakeSource, ReportFate, ReportIntake
from smsctl.ledger.store import Ledger

_RECIPIENT = Actor(user=blocklist.THE_RECIPIENT, host="by SMS")


class IntakeRules(NamedTuple):
    """What incoming SMS and reports are judged by."""

    source: IntakeSource
    wait: timedelta  # how long after a sending its report may come, the validity apart
    numbers: NumberReader  # of the account's country: some gateways hand a number over as 070…
    endpoint: str | None = None  # our code
    keep_other: bool = True
    forward_to: str | None = None  # a mail address for what is ours
    stopped: Collection[str] = blocklist.FOR_ALL  # the municipalities on whose list a STOP comes


class IntakeCounts(NamedTuple):
    """What was taken in."""

    reports: Counter[ReportFate]
    incoming: Counter[IncomingKind]  # those that are new
    repeated: int = 0  # incoming SMS known already
    dropped: int = 0  # for another code, and such are not kept
    blocked: int = 0  # numbers put on the block list

    def __add__(self, other: object) -> "IntakeCounts":
        """Return both together."""
        if not isinstance(other, IntakeCounts):
            return NotImplemented
        return IntakeCounts._make(map(add, self, other))


NOTHING = IntakeCounts(Counter(), Counter())


def take_in(
    ledger: Ledger, push_batches: Sequence[PushBatch], intake_rules: IntakeRules, now: Callable[[], Moment]
) -> IntakeCounts:
    """Store everything, in short transactions; when this returns, it is durable and may be acknowledged.

    `now` is asked in each transaction. Raises LedgerError; what was stored by then changes nothing when it
    comes again.
    """
    taken = NOTHING
    reports = [
        report._replace(number=_whole(report.number, intake_rules.numbers))
        if report.number and not is_e164(report.number)
        else report
        for push_batch in push_batches
        for report in push_batch.reports
    ]
    incoming = [message for push_batch in push_batches for message in push_batch.incoming]
    for told in ledger.in_pieces((*reports, *incoming)):
        with ledger.transaction():
            moment = now()
            intake = ReportIntake(intake_rules.source, moment, intake_rules.wait)
            fates = report_intake.take_all(ledger, [one for one in told if isinstance(one, Report)], intake)
            taken = taken + IntakeCounts(fates, Counter())
            for one in told:
                if isinstance(one, Incoming):
                    taken = taken + _take_message(ledger, one, intake_rules, moment)
    return taken


def _take_message(
    ledger: Ledger, message: Incoming, intake_rules: IntakeRules, moment: Moment
) -> IntakeCounts:
    message = message._replace(sender=_whole(message.sender, intake_rules.numbers))
    kind = IncomingKind.OURS if is_ours(message, intake_rules.endpoint) else IncomingKind.OTHER
    wish = wish_of(message, intake_rules.endpoint)
    if wish is SmsRequest.STOP:
        kind = IncomingKind.STOP
    is_kept = intake_rules.keep_other or wish  # STOP? is for a person
    if kind is IncomingKind.OTHER and not is_kept:
        return NOTHING._replace(dropped=1)
    forward_to = intake_rules.forward_to if kind is not IncomingKind.OTHER else None
    is_new, blocked = inbox.store(ledger, message, kind, moment, forward_to), 0
    # Without an id nobody knows whether it is pushed again, or said again by somebody who was taken off.
    if kind is IncomingKind.STOP and is_e164(message.sender) and (is_new or not message.vendor_id):
        blocked = blocklist.add(
            ledger, [message.sender], moment, _RECIPIENT, blocklist.BY_STOP, intake_rules.stopped
        )
    taken = NOTHING._replace(blocked=blocked)
    return taken._replace(incoming=Counter({kind: 1})) if is_new else taken._replace(repeated=1)


def _whole(written: str, numbers: NumberReader) -> str:
    """Return a number as E.164, by which people are known; a name stays as it is."""
    return written if is_e164(written) else numbers.read(written).number or written
