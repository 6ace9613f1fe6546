"""`smsctl mailings resume ID`: go on with what is still pending."""

import typer

from smsctl.actions.begin import Overruling
from smsctl.actions.clear_up import may_be_listed
from smsctl.cli import dedup, options, wiring_gateway
from smsctl.cli.render import mailings as render
from smsctl.cli.render import story
from smsctl.cli.reply import Reply
from smsctl.cli.request import must_give_reason
from smsctl.cli.resuming import go_on
from smsctl.cli.wiring import Wiring
from smsctl.domain.mailing import Ceilings, Mailing, Tally
from smsctl.domain.message import Status
from smsctl.errors import say
from smsctl.ledger import mailings

EXAMPLES = ("smsctl mailings resume 12", "smsctl mailings resume 12 --max-parts 2000")


def run(
    ctx: typer.Context,
    mailing: options.MailingId,
    max_parts: options.MaxParts = None,
    max_new_packages: options.MaxNewPackages = None,
    *,
    urgent: options.Urgent = False,
    accept_clock: options.AcceptClock = False,
    reason: options.Reason = None,
) -> Reply:
    """Send what is still pending of a mailing, with the text and price it was confirmed with.

    What is unknown is looked for in the gateway's list, and never sent again by this, unless the gateway is
    proved to refuse repeats. The ceilings are those of the mailing unless given anew; they count everything
    the mailing has sent.
    """
    wiring: Wiring = ctx.obj
    must_give_reason(wiring, Overruling(urgent=urgent, reason=reason))
    ledger = wiring.ledger
    found = wiring.named(mailings.get(ledger, mailing))
    tally = mailings.tally(ledger, found)
    sends = bool(tally.states.get(Status.PENDING)) or dedup.may_settle(wiring, found, tally)
    if not sends and not _may_be_looked_up(wiring, found, tally):
        sentence = say("Mailing {id} has nothing pending.", id=found.id)
        screen = story.nothing_pending(found, tally, simulated=wiring.simulated)
        return Reply(data=render.data(found, tally), screen=screen, summary=sentence)
    wiring.must_be_fit_to_send(accept_clock=accept_clock, reason=reason)
    ceilings = Ceilings(
        max_parts=max_parts,
        max_parts_per_day=wiring.settings.limits.max_parts_per_day,
        max_new_packages=max_new_packages,
    )
    configured = wiring.settings.municipality(found.municipality.key)
    gateway = wiring_gateway.gateway(wiring, service_id=configured.service_id)
    # Where nothing can leave, looking a batch up disturbs nobody in quiet hours.
    return go_on(wiring, found, gateway, ceilings, urgent=urgent or not sends, reason=reason)


def _may_be_looked_up(wiring: Wiring, mailing: Mailing, tally: Tally) -> bool:
    """Say whether the gateway's list may tell what became of something unknown."""
    if not tally.states.get(Status.UNKNOWN):
        return False
    account = dedup.account(wiring, wiring.settings.municipality(mailing.municipality.key))
    gateway = wiring_gateway.gateway(wiring, for_sending=False)
    return gateway.traits.cancelling and may_be_listed(wiring.ledger, mailing, account)
