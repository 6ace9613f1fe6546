"""Going on with a mailing that was begun: by `mailings resume`, or by the same key again.

The rules are those of a new mailing, looked at now. What was confirmed, text and price, stays as it was.
"""

from datetime import datetime
from typing import NamedTuple

from smsctl.actions import trust
from smsctl.actions.may_send import (
    Circumstances,
    DepartingMailing,
    account_status_of,
    ceilings_in_claims,
    may_send,
)
from smsctl.config.settings import Settings
from smsctl.domain.gateway import Traits
from smsctl.domain.mailing import Ceilings, Mailing, MailingTotals
from smsctl.domain.message import Status
from smsctl.domain.plan import Bill, bill_for
from smsctl.domain.verdict import RuleVerdict
from smsctl.errors import RuleError, say
from smsctl.ledger import accounts, approvals, audit, cancelling, ceilings, mailings, recovery
from smsctl.ledger.store import Ledger


class Remainder(NamedTuple):
    """What is left of a mailing, as it would leave now."""

    leaving: DepartingMailing  # as it was judged
    mailing: Mailing  # at once, where the time it was meant for has passed
    tally: MailingTotals
    bill: Bill  # of what is pending
    ceilings: Ceilings  # that each claim is held to
    verdict: RuleVerdict
    put_off: datetime | None = None  # a person wants it held by the gateway until then


def what_is_left(
    mailing: Mailing, traits: Traits, given: Ceilings, ledger: Ledger, under: Circumstances, *, urgent: bool
) -> Remainder | None:
    """Return what may be sent, or looked for at the gateway, judged by every rule; None: nothing is left.

    Nobody may be asked. A ceiling that is not given anew is therefore the mailing's own, under which it was
    confirmed, so that no package is opened that nobody has said yes to, nor a second person, if asked.

    Raises TakenError while another process sends it: what one that is gone has left on the wire is unknown.
    LedgerError where its text was purged, RuleError where the config names another gateway by now, or
    another account at it, or the rest of it was cancelled.
    """
    tally = mailings.tally(ledger, mailing)
    if tally.states.get(Status.SENDING):
        with recovery.taking_over(ledger, mailing, under.now):
            tally = mailings.tally(ledger, mailing)
    repeats = trust.may_repeat(ledger, under.settings, mailing, tally, under.now)
    pending = tally.states.get(Status.PENDING, 0)
    if not (pending or repeats or _may_be_listed(mailing, traits, tally, ledger, under)):
        return None
    cancelling.must_not_be_cancelled(mailing.id, mailing.cancelled_at, in_part=bool(pending))
    mailings.must_have_body(mailing)
    must_be_its_gateway(mailing, traits, ledger, under.settings)
    due = mailing._replace(letter=mailing.letter.due(under.local_now))
    account_status = account_status_of(ledger, mailing.municipality, under.local_now)
    ceilings = _not_beyond_the_confirmed(ledger, mailing, given)
    leaving = DepartingMailing(
        bill=bill_for(
            mailing.municipality,
            account_status,
            messages=pending,
            parts=tally.state_parts.get(Status.PENDING, 0),
        ),
        letter=due.letter,
        audience=mailing.audience,
        ceilings=ceilings,
        urgent=mailing.urgent,
        over_day=due.over_day,
        begun=due,
        repeats=repeats,
    )
    rest = Remainder(
        leaving=leaving,
        mailing=due,
        tally=tally,
        bill=leaving.bill,
        ceilings=ceilings_in_claims(due, ceilings, under),
        verdict=may_send(leaving, under),
    )
    return overruled(rest, under) if urgent else rest


def overruled(rest: Remainder, under: Circumstances) -> Remainder:
    """Return what is left, judged anew where a person has said that it is urgent."""
    over_day = rest.mailing.over_day or under.lifts_the_day(urgent=True)
    mailing = rest.mailing._replace(urgent=True, over_day=over_day)
    leaving = rest.leaving._replace(urgent=True, over_day=over_day, begun=mailing)
    return rest._replace(
        leaving=leaving,
        mailing=mailing,
        ceilings=ceilings_in_claims(mailing, leaving.ceilings, under),
        verdict=may_send(leaving, under),
    )


def put_off(rest: Remainder, send_at: datetime, under: Circumstances) -> Remainder:
    """Return what is left, judged anew where a person wants it held by the gateway until the time."""
    mailing = rest.mailing._replace(letter=rest.mailing.letter._replace(send_at=send_at))
    leaving = rest.leaving._replace(letter=mailing.letter, begun=mailing)
    return rest._replace(leaving=leaving, mailing=mailing, verdict=may_send(leaving, under), put_off=send_at)


def record(rest: Remainder, ledger: Ledger, under: Circumstances, reason: str | None) -> None:
    """Write in the audit who goes on with the mailing, and why where a rule is overruled: that stays so.

    Raises TakenError while another process sends it, which goes by what was said before.
    """
    with recovery.taking_over(ledger, rest.mailing, under.now), ledger.transaction():
        if rest.mailing.urgent:
            ceilings.make_urgent(ledger, rest.mailing.id, over_day=rest.mailing.over_day)
        if rest.put_off:
            mailings.put_off(ledger, rest.mailing.id, rest.put_off)
        subject = audit.mailing_subject(rest.mailing.id)
        audit.record(ledger, under.now, under.actor, "resume", subject, reason=reason)


def must_be_its_gateway(mailing: Mailing, traits: Traits, ledger: Ledger, settings: Settings) -> None:
    """Raise RuleError where the config names another gateway than the mailing was begun with, or account.

    Another gateway counts other parts than were confirmed, and its reports would find no message; another
    account is billed for what nobody has confirmed.
    """
    if mailing.gateway != traits.name:
        raise RuleError(
            say(
                "Mailing {id} was begun with {begun}, and the config now names {configured}.",
                id=mailing.id,
                begun=mailing.gateway,
                configured=traits.name,
            ),
            hint=say(
                "Go on with the earlier gateway in the config; or cancel what is pending, and send it anew:"
                " smsctl mailings cancel {id}",
                id=mailing.id,
            ),
        )
    municipality = settings.municipality(mailing.municipality.key)
    billed = trust.billed_account(settings, municipality)
    accounts.must_be_its(ledger, mailing.id, mailing.account, billed)


def _may_be_listed(
    mailing: Mailing, traits: Traits, tally: MailingTotals, ledger: Ledger, under: Circumstances
) -> bool:
    """Say whether the gateway's list may tell what became of something unknown."""
    if not (traits.cancelling and tally.states.get(Status.UNKNOWN)):
        return False
    from smsctl.ledger import reconciling  # most are gone on with before anything is unknown

    municipality = under.settings.municipality(mailing.municipality.key)
    account = trust.account_of(under.settings, municipality)
    return bool(reconciling.unknown_batches(ledger, mailing, account))


def _not_beyond_the_confirmed(ledger: Ledger, mailing: Mailing, given: Ceilings) -> Ceilings:
    own = mailing.ceilings
    most_new = approvals.most_new_packages(ledger, mailing.id, own.max_new_packages)
    return given._replace(
        max_parts=own.max_parts if given.max_parts is None else given.max_parts,
        max_new_packages=most_new if given.max_new_packages is None else given.max_new_packages,
    )
