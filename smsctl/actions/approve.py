"""Approving a mailing as a second person: the decision is durable before anything leaves."""

from smsctl.actions import needs_approval
from smsctl.actions.may_send import Circumstances
from smsctl.actions.sender_rights import Person, SendRequest, lifts_terms, permit
from smsctl.domain.approval import Approval, ApprovalDecision
from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Status
from smsctl.errors import ApprovalError, RuleError, say
from smsctl.ledger import approvals, audit, mailings
from smsctl.ledger.store import Ledger


def must_be_open(
    ledger: Ledger,
    mailing: Mailing,
    under: Circumstances,
    *,
    afterwards: bool,
    every_time: bool,
) -> Approval:
    """Return what whoever runs this may approve. Raises RuleError where they may not, or nobody may."""
    asked = approvals.of(ledger, mailing.id)
    if asked is None:
        raise RuleError(say("Mailing {id} needs no approval.", id=mailing.id))
    if not asked.is_open:
        raise _decided(ledger, mailing, asked)
    if asked.at_once is not afterwards:
        raise RuleError(
            say("Mailing {id} left at once, being urgent.", id=mailing.id)
            if asked.at_once
            else say("Mailing {id} has not left: it is not approved afterwards.", id=mailing.id),
            hint=say("Say: smsctl mailings approve {id} --afterwards", id=mailing.id)
            if asked.at_once
            else say("Leave out --afterwards."),
        )
    _must_be_another(asked, under)
    _must_have_the_right(mailing, under)
    if not afterwards:
        _must_be_in_time(asked, mailing, under)
    if every_time and asked.slot is None:
        raise RuleError(
            say(
                "Mailing {id} was begun under no --key with a slot, as {slot}.", id=mailing.id, slot="{week}"
            ),
            hint=say("Approve it without --every-time."),
        )
    return asked


def approve(
    ledger: Ledger, mailing: Mailing, under: Circumstances, reason: str | None, *, every_time: bool = False
) -> None:
    """Write down the yes of whoever runs this. Raises ApprovalError: somebody was quicker, or it is late.

    `every_time`: it is for the later slots of the mailing's key too.
    """
    subject = audit.mailing_subject(mailing.id)
    with ledger.transaction():
        if not approvals.decide(ledger, mailing.id, ApprovalDecision.APPROVED, under.now, under.actor):
            found = approvals.of(ledger, mailing.id)
            if found and not found.is_open:
                raise _decided(ledger, mailing, found)
            raise _expired(mailing)
        detail = ""
        if every_time:
            detail = f"every time until {approvals.hold_for_every_slot(ledger, mailing.id, under.now)}"
        audit.record(ledger, under.now, under.actor, "approve", subject, detail, reason)


def no_longer_every_time(ledger: Ledger, mailing: Mailing, under: Circumstances, reason: str | None) -> None:
    """Let each later slot wait again, whoever says so. Raises RuleError where none goes without a yes."""
    with ledger.transaction():
        if not approvals.hold_no_longer(ledger, mailing.id, under.now):
            raise RuleError(
                say("Mailing {id} has no yes for every time.", id=mailing.id),
                hint=say("See whose yes a mailing has: smsctl mailings show {id}", id=mailing.id),
            )
        audit.record(
            ledger, under.now, under.actor, "not-every-time", audit.mailing_subject(mailing.id), reason=reason
        )


def _must_be_another(asked: Approval, under: Circumstances) -> None:
    if under.actor.unsure:
        raise needs_approval.unsure(under.actor).error
    if under.actor.user == asked.asked_by:
        raise ApprovalError(
            say(
                "Mailing {id} was asked for by {user}: another person approves it.",
                id=asked.mailing,
                user=asked.asked_by,
            ),
            hint=None
            if asked.at_once
            else say("Drop it with: smsctl mailings cancel {id}", id=asked.mailing),
        )


def _must_have_the_right(mailing: Mailing, under: Circumstances) -> None:
    senders, user = under.settings.senders, under.actor.user
    person = Person(user, under.groups_of(user) if senders else ())
    request = SendRequest(
        municipality=mailing.municipality.key,
        audience=mailing.audience,
        parts=0,
        terms_lifted=lifts_terms(under.settings, mailing),
    )
    for one in permit(senders, person, request, under.ledger, under.now):
        raise one.error


def _must_be_in_time(asked: Approval, mailing: Mailing, under: Circumstances) -> None:
    if asked.expires_at <= under.now.at:  # as `packages.EXPIRED` has it
        raise _expired(mailing)
    send_at = mailing.letter.send_at
    if send_at is not None and send_at <= under.local_now:
        raise ApprovalError(
            say(
                "Mailing {id} was meant for {at:%Y-%m-%d %H:%M}, and that has passed.",
                id=mailing.id,
                at=send_at.astimezone(under.local_now.tzinfo),
            ),
            hint=_ANEW.given(id=mailing.id),
        )


def _expired(mailing: Mailing) -> ApprovalError:
    return ApprovalError(
        say("Nobody approved mailing {id} in time.", id=mailing.id), hint=_ANEW.given(id=mailing.id)
    )


_ANEW = say("Cancel it, and send it anew: smsctl mailings cancel {id}", id="")


def _decided(ledger: Ledger, mailing: Mailing, asked: Approval) -> ApprovalError:
    if asked.decision is ApprovalDecision.APPROVED:
        return ApprovalError(
            say("Mailing {id} was approved by {user} before.", id=asked.mailing, user=asked.decided_by),
            hint=say("Send what is pending with: smsctl mailings resume {id}", id=asked.mailing)
            if mailings.tally(ledger, mailing).states.get(Status.PENDING)
            else None,
        )
    told = say("Mailing {id} was cancelled by {user}.", id=asked.mailing, user=asked.decided_by)
    if asked.decision is ApprovalDecision.EXPIRED:
        told = say("Nobody approved mailing {id} in time, and it is cancelled.", id=asked.mailing)
    return ApprovalError(told, hint=say("Send it anew, where it is needed."))
