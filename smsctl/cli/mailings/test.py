"""`smsctl test NUMBER TEXT`: one SMS, now, as SuperOffice's Test button."""

from typing import Annotated

from smsctl.actions.begin import begin
from smsctl.actions.draft import check_letter
from smsctl.actions.may_send import ceilings_in_claims, may_send
from smsctl.actions.trial import leave_nothing_pending, trial, trial_mailing
from smsctl.cli import numbers, options, seen, wiring_gateway
from smsctl.cli.circumstances import circumstances
from smsctl.cli.mailings.delivery import deliver_mailing, reply
from smsctl.cli.mailings.request import SendFlags, typed_letter
from smsctl.cli.options import argument
from smsctl.cli.output import outcome
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.domain.fields import common
from smsctl.domain.mailing import Ceilings
from smsctl.domain.plan import not_carried
from smsctl.domain.text import MessageText
from smsctl.domain.text_check import check
from smsctl.ledger import mailings

EXAMPLES = ('smsctl test +46701740605 "hej"', 'smsctl test "070-174 06 05" "hej" --priority high')


def run(
    wiring: Wiring,
    number: Annotated[str, argument("NUMBER", "In any usual spelling.")],
    text: Annotated[str, argument("TEXT", "The text, in quotes.")],
    municipality: options.Municipality = None,
    sender: options.Sender = None,
    priority: options.Priority = None,
    validity: options.Validity = None,
    *,
    accept_clock: options.AcceptClock = False,
    reason: options.Reason = None,
) -> CommandResult:
    """Send one test SMS, now.

    Asks nothing and shows what the gateway answered. It is recorded and its parts are counted. Quiet
    hours, accepted terms and earlier mailings do not matter; the allowed countries and the block list do.
    One that did not leave is cancelled.
    """
    configured, payer = wiring.municipality(municipality)
    e164 = numbers.read(wiring, number)
    flags = SendFlags(sender=sender, priority=priority, validity=validity)
    body = MessageText(body=common(MessageText.read(text).body))
    letter = typed_letter(wiring, configured, body, flags, wiring.clock.local())
    gateway = wiring_gateway.gateway(wiring, configured)
    check_letter(gateway, letter)
    for remark in (*not_carried(letter, gateway.traits), *(one.sentence for one in check(body.body))):
        wiring.output.warn(remark)
    wiring.must_be_fit_to_send(accept_clock=accept_clock, reason=reason)
    wiring.activate_for_rehearsal(payer)
    new, under = trial_mailing(gateway, payer, letter), circumstances(wiring, wiring.ledger)
    seen.must_plan(wiring, payer.key, new.audience, is_test=True)
    may_send(trial(new, under, e164, numbers.shown(wiring, e164)), under).must_hold()
    mailing = begin(new, [(None, e164, None)], [], wiring.ledger, wiring.clock.now(), wiring.actor)
    done = deliver_mailing(wiring, mailing, gateway, ceilings_in_claims(mailing, Ceilings(), under))
    done = leave_nothing_pending(done, wiring.ledger, wiring.clock.now(), wiring.actor)
    answer = mailings.answer_to(wiring.ledger, mailing.first_message)
    shown = numbers.shown(wiring, e164)
    data = {"number": shown, "answer": None if answer is None else str(answer)}
    told = reply(wiring, done, data, outcome.test_screen(shown, mailing.size.parts, answer))
    if answer and told.summary:
        told = told._replace(summary=outcome.test_summary(told.summary, answer))
    return told
