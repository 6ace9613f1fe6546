"""`smsctl test NUMBER TEXT`: one SMS, now, as SuperOffice's Test button."""

from typing import Annotated

import typer

from smsctl.actions.begin import begin
from smsctl.actions.draft import check_letter
from smsctl.cli import numbers, options, wiring_gateway
from smsctl.cli.delivery import deliver, reply
from smsctl.cli.render import outcome
from smsctl.cli.reply import Reply
from smsctl.cli.request import Request, letter_for
from smsctl.cli.wiring import Wiring
from smsctl.domain.mailing import Ceilings
from smsctl.domain.number import NumberFault, why
from smsctl.domain.text import MessageText, measure
from smsctl.errors import InputError
from smsctl.ledger import mailings
from smsctl.ledger.mailings import NewMailing

EXAMPLES = (
    'smsctl test +46701740605 "hej"',
    'smsctl test "070-174 06 05" "hej" --priority high',
)


def run(
    ctx: typer.Context,
    number: Annotated[str, typer.Argument(help="In any usual spelling.")],
    text: Annotated[str, typer.Argument(help="The text, in quotes.")],
    municipality: options.Municipality = None,
    sender: options.Sender = None,
    priority: options.Priority = None,
    validity: options.Validity = None,
) -> Reply:
    """Send one test SMS, now.

    Asks nothing and shows what the gateway answered. It is recorded and its parts are counted. Quiet
    hours, accepted terms and earlier mailings do not matter; the allowed countries do.
    """
    wiring: Wiring = ctx.obj
    configured, payer = wiring.municipality(municipality)
    reading = numbers.reader(wiring).read(number)
    if reading.number is None:
        raise InputError(why(reading.fault or NumberFault.UNREADABLE, number))
    body = MessageText.read(text)
    request = Request(sender=sender, priority=priority, validity=validity)
    letter = letter_for(wiring, configured, body, request)
    gateway = wiring_gateway.gateway(wiring, service_id=configured.service_id)
    check_letter(gateway, letter)
    new = NewMailing(
        kind="test",
        municipality=payer,
        gateway=gateway.traits.name,
        letter=letter,
        size=measure(body.body, gateway.traits.parts),
        audience="test",
        source=None,
        rows=1,
        ceilings=Ceilings(),
    )
    addressee = (None, reading.number, None)
    wiring.activate_for_rehearsal(payer)
    mailing = begin(new, [addressee], [], wiring.ledger, wiring.clock.now(), wiring.actor)
    done = deliver(wiring, mailing, gateway, Ceilings())
    answer = mailings.answer_to(wiring.ledger, mailing.first_message)
    screen = outcome.test_screen(numbers.shown(wiring, reading.number), mailing.size.parts, answer)
    return reply(wiring, done, outcome.test_data(mailing), screen)
