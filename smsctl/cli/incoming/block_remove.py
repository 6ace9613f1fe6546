"""`smsctl block remove NUMBER`: a number may be sent to again."""

from typing import Annotated

import typer

from smsctl.cli import numbers, options
from smsctl.cli.output.blocks import TextLine
from smsctl.cli.output.phrases import rehearsal
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.errors import say
from smsctl.ledger import blocklist

EXAMPLES = ('smsctl block remove 070-1740605 --reason "wants messages again"',)


def run(
    ctx: typer.Context,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="In any usual spelling.")],
    *,
    reason: options.Reason = None,
) -> CommandResult:
    """Take a number off the block list; what was cancelled meanwhile stays cancelled."""
    wiring: Wiring = ctx.obj
    wanted = numbers.read(wiring, number)
    with wiring.ledger.transaction():
        removed = blocklist.remove(wiring.ledger, wanted, wiring.clock.now(), wiring.actor, reason or "")
    sentence = say("The number may be sent to again.") if removed else say("The number was not on the list.")
    return CommandResult(
        data={"removed": removed}, screen=[*rehearsal(simulated=wiring.simulated), TextLine(sentence)]
    )
