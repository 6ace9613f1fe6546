"""`smsctl mailings cancel ID`: stop what has not left."""

from datetime import datetime

import typer

from smsctl.actions.cancel import cancel, may_be_held
from smsctl.cli import options, wiring_gateway
from smsctl.cli.render import mailings as render
from smsctl.cli.render.blocks import Block, Line, Tone
from smsctl.cli.reply import Reply
from smsctl.cli.wiring import Wiring
from smsctl.domain.mailing import Mailing
from smsctl.errors import Sentence, say_n
from smsctl.ledger import mailings

EXAMPLES = ("smsctl mailings cancel 12", 'smsctl mailings cancel 12 --reason "wrong date in the text"')


def run(ctx: typer.Context, mailing: options.MailingId, *, reason: options.Reason = None) -> Reply:
    """Cancel what is pending, and stop at the gateway what it still holds (scheduled or queued).

    Tells what could not be stopped: that may have been sent, and costs.
    """
    wiring: Wiring = ctx.obj
    ledger = wiring.ledger
    found = wiring.named(mailings.get(ledger, mailing))
    states = mailings.tally(ledger, found).states
    configured = wiring.settings.municipality(found.municipality.key)
    gateway = (
        wiring_gateway.gateway(wiring, service_id=configured.service_id) if may_be_held(states) else None
    )
    done = cancel(ledger, found, gateway, wiring.clock.now(), wiring.actor, reason)
    blocks: list[Block] = [
        Line(say_n("{n} pending message cancelled.", "{n} pending messages cancelled.", n=done.pending)),
        Line(
            say_n(
                "{n} message stopped at the gateway.", "{n} messages stopped at the gateway.", n=done.stopped
            )
        ),
    ]
    if done.gone:
        blocks.append(Line(_not_stopped(found, done.gone, wiring.clock.local()), Tone.WARN))
    data = {
        **render.data(found, mailings.tally(ledger, found)),
        "cancelled": done.pending,
        "stopped": done.stopped,
    }
    return Reply(data=data, screen=blocks)


def _not_stopped(mailing: Mailing, gone: int, local_now: datetime) -> Sentence:
    send_at = mailing.letter.send_at
    if send_at is not None and send_at > local_now:
        return say_n(
            "{n} message could not be stopped: the gateway sends it at {at:%Y-%m-%d %H:%M}.",
            "{n} messages could not be stopped: the gateway sends them at {at:%Y-%m-%d %H:%M}.",
            n=gone,
            at=send_at.astimezone(local_now.tzinfo),
        )
    return say_n(
        "{n} message could not be stopped: it may have been sent.",
        "{n} messages could not be stopped: they may have been sent.",
        n=gone,
    )
