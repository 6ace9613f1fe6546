"""`smsctl mailings resume ID`: go on with what is still pending."""

from smsctl.actions.ceilings import by_time
from smsctl.actions.ending import (
    has_left_out,
    left_unsettled,
    nothing_left,
    told_with_what_is_left,
    was_stopped,
)
from smsctl.actions.resume import what_is_left
from smsctl.cli import options, seen, wiring_gateway
from smsctl.cli.circumstances import circumstances
from smsctl.cli.mailings.request import SendFlags, overrides_of
from smsctl.cli.mailings.resuming import go_on
from smsctl.cli.output import figures, outcome
from smsctl.cli.output import mailings as render
from smsctl.cli.output.blocks import TextLine
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.domain.mailing import Mailing
from smsctl.errors import say
from smsctl.ledger import mailings

EXAMPLES = ("smsctl mailings resume 12", "smsctl mailings resume 12 --max-parts 2000")


def run(
    wiring: Wiring,
    mailing: options.MailingId,
    max_parts: options.MaxParts = None,
    max_new_packages: options.MaxNewPackages = None,
    *,
    yes: options.Yes = False,
    urgent: options.Urgent = False,
    accept_clock: options.AcceptClock = False,
    reason: options.Reason = None,
) -> CommandResult:
    """Send what is still pending of a mailing, with the text and price it was confirmed with.

    On a terminal, what is left is shown and asked about; without one, or with --yes, it is sent.

    What is unknown is looked for in the gateway's list, and never sent again by this, unless the gateway is
    proved to refuse repeats. The ceilings are those of the mailing unless given anew; they count everything
    the mailing has sent.
    """
    del yes  # is answered where it is asked whether anybody can be asked
    overrides_of(wiring, SendFlags(urgent=urgent, reason=reason))
    ledger = wiring.ledger
    found = seen.told(wiring, mailings.get(ledger, mailing))
    with told_with_what_is_left(ledger, found):
        ceilings = by_time(wiring.settings, found.municipality.key)
        ceilings = ceilings._replace(max_parts=max_parts, max_new_packages=max_new_packages)
        payer = wiring.settings.municipality(found.municipality.key)
        traits = wiring_gateway.gateway(wiring, payer, for_sending=False).traits
        under = circumstances(wiring, ledger, lenient=wiring.simulated)
        rest = what_is_left(found, traits, ceilings, ledger, under, urgent=urgent)
        if rest is None:
            return _nothing_pending(wiring, found)
        wiring.must_be_fit_to_send(accept_clock=accept_clock, reason=reason)
        return go_on(wiring, rest, wiring_gateway.gateway(wiring, payer), under, reason)


def _nothing_pending(wiring: Wiring, mailing: Mailing) -> CommandResult:
    tally = nothing_left(wiring.ledger, mailing)
    left = left_unsettled(wiring.ledger, mailing, tally)
    steps = outcome.next_steps(mailing, tally.states, left.in_doubt)
    left_out = has_left_out(wiring.ledger, mailing, tally)
    sentence = say("Mailing {id} has nothing pending.", id=mailing.id)
    if was_stopped(wiring.ledger, mailing, tally):
        sentence = say("Mailing {id} was cancelled and has nothing pending.", id=mailing.id)
    elif left_out:
        counted = figures.counted(tally.states)
        sentence = say("Mailing {id} has nothing pending: {counted}.", id=mailing.id, counted=counted)
    return CommandResult(
        data=render.data(mailing, tally),
        screen=[TextLine(sentence), outcome.state_facts(tally.states), *map(TextLine, steps)],
        is_of_the_ledger=True,
        summary=sentence,
        advice=steps,
        is_told_always=left_out,
    ).but_for(left)
