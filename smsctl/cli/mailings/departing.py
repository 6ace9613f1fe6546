"""A mailing that was confirmed: written down, and handed to the gateway."""

from collections.abc import Mapping
from typing import NamedTuple

from smsctl.actions import needs_approval
from smsctl.actions.begin import begin, skipped_of
from smsctl.actions.may_send import Circumstances, ceilings_in_claims
from smsctl.cli.mailings import waiting
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.domain.approval import ApprovalTerms
from smsctl.domain.gateway import Gateway
from smsctl.domain.plan import Plan
from smsctl.domain.verdict import RuleVerdict
from smsctl.errors import say
from smsctl.ledger import approvals
from smsctl.ledger.mailings import NewMailing


def _terms(agreed: "Departure", under: Circumstances) -> ApprovalTerms | None:
    """Return what is asked of a second person, should the mailing be so large when it is written down."""
    terms = needs_approval.terms_for(under.settings, agreed.new.municipality.key)
    if terms is None:
        return None
    at_once = under.leaves_at_once(urgent=agreed.new.urgent)
    plan = agreed.plan
    return terms._replace(new_packages=plan.bill.new_packages, at_once=at_once, slot=plan.order.slot)


class Departure(NamedTuple):
    """What was agreed to: the plan, what the ledger is to write of it, and the way out."""

    plan: Plan
    verdict: RuleVerdict
    new: NewMailing
    gateway: Gateway
    data: Mapping[str, object]  # what is told of it beside what becomes of it


def as_shown(plan: Plan) -> Plan:
    """Return the plan with the packages it opens as the ceiling, where it was confirmed without one.

    Another mailing may take the room that was left; then this one stops before it opens more than was shown.
    """
    order = plan.order
    if order.ceilings.max_new_packages is not None:
        return plan
    ceilings = order.ceilings._replace(max_new_packages=plan.bill.new_packages)
    return plan._replace(order=order._replace(ceilings=ceilings))


def depart(wiring: Wiring, agreed: Departure, under: Circumstances) -> CommandResult:
    """Write the mailing down and send it."""
    from smsctl.cli.mailings.delivery import deliver_mailing, reply  # a dry run needs none of it

    new = agreed.new
    if not under.lenient:
        new = new._replace(approval=_terms(agreed, under))
    with wiring.output.working(say("Writing the mailing down")) as tell:
        mailing = begin(
            new,
            agreed.plan.recipients.ready.plain(),
            skipped_of(agreed.plan),
            wiring.ledger,
            wiring.clock.now(),
            wiring.actor,
            tell,
        )
    wiring.output.know({**agreed.data, "mailing": mailing.id})
    asked = approvals.of(wiring.ledger, mailing.id)
    if asked and asked.holds:
        return waiting.told(wiring, mailing, asked, agreed.data)
    ceilings = ceilings_in_claims(mailing, agreed.plan.order.ceilings, under)
    shown = agreed.plan.bill.new_packages if wiring.output.shows else 0
    done = deliver_mailing(wiring, mailing, agreed.gateway, ceilings, packages_shown=shown)
    overruled = [one.sentence for one in agreed.verdict.overruled if agreed.verdict.is_over_day]
    if asked and asked.at_once:
        overruled.append(waiting.to_be_approved_afterwards(mailing.id))
    data = {**agreed.data, "approval": waiting.data(asked)} if asked else agreed.data
    return reply(wiring, done, data)._replace(overruled=overruled)
