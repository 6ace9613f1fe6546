"""`smsctl test NUMBER TEXT`: one SMS, now, as SuperOffice's Test button."""

from typing import Annotated

import typer

from smsctl.actions.begin import begin
from smsctl.actions.draft import check_letter
from smsctl.cli import numbers, options, wiring_gateway
from smsctl.cli.delivery import deliver, reply
from smsctl.cli.render import outcome
from smsctl.cli.reply import Reply
from smsctl.cli.request import Style, letter_for
from smsctl.cli.rights import must_be_permitted_to_test, with_daily_ceiling
from smsctl.cli.trial import trial_mailing
from smsctl.cli.wiring import Wiring
from smsctl.domain.mailing import Ceilings
from smsctl.domain.plan import not_carried
from smsctl.domain.text import MessageText
from smsctl.errors import RuleError, say
from smsctl.ledger import blocklist, mailings

EXAMPLES = (
    'smsctl test +46701740605 "hej"',
    'smsctl test "070-174 06 05" "hej" --priority high',
)


def run(
    ctx: typer.Context,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="In any usual spelling.")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The text, in quotes.")],
    municipality: options.Municipality = None,
    sender: options.Sender = None,
    priority: options.Priority = None,
    validity: options.Validity = None,
    *,
    accept_clock: options.AcceptClock = False,
    reason: options.Reason = None,
) -> Reply:
    """Send one test SMS, now.

    Asks nothing and shows what the gateway answered. It is recorded and its parts are counted. Quiet
    hours, accepted terms and earlier mailings do not matter; the allowed countries and the block list do.
    """
    wiring: Wiring = ctx.obj
    configured, payer = wiring.municipality(municipality)
    e164 = numbers.read(wiring, number)
    style = Style(sender=sender, priority=priority, validity=validity)
    letter = letter_for(wiring, configured, MessageText.read(text), style, wiring.clock.local())
    gateway = wiring_gateway.gateway(wiring, service_id=configured.service_id)
    check_letter(gateway, letter)
    for remark in not_carried(letter, gateway.traits):
        wiring.teller.warn(remark)
    wiring.must_be_fit_to_send(accept_clock=accept_clock, reason=reason)
    _must_not_be_blocked(wiring, e164)
    wiring.activate_for_rehearsal(payer)
    new = trial_mailing(gateway, payer, letter)
    must_be_permitted_to_test(wiring, payer.key, new.size.parts)
    mailing = begin(new, [(None, e164, None)], [], wiring.ledger, wiring.clock.now(), wiring.actor)
    done = deliver(wiring, mailing, gateway, with_daily_ceiling(wiring, mailing, Ceilings()))
    answer = mailings.answer_to(wiring.ledger, mailing.first_message)
    shown = numbers.shown(wiring, e164)
    data = {"number": shown, "answer": answer}
    told = reply(wiring, done, data, outcome.test_screen(shown, mailing.size.parts, answer))
    if answer and told.summary:
        told = told._replace(summary=outcome.test_summary(told.summary, answer))
    return told


def _must_not_be_blocked(wiring: Wiring, number: str) -> None:
    if blocklist.among(wiring.ledger, [number]):
        raise RuleError(
            say("{number} is on the block list; nothing was sent.", number=numbers.shown(wiring, number)),
            hint=say("Take it off with: smsctl block remove NUMBER"),
        )
