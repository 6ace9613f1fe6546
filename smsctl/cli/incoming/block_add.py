"""`smsctl block add NUMBER…`: never send to these numbers."""

from typing import Annotated

import typer

from smsctl.cli import numbers, options
from smsctl.cli.output.blocks import TextLine, Tone
from smsctl.cli.output.phrases import rehearsal
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.errors import say_n
from smsctl.ledger import blocklist

EXAMPLES = ('smsctl block add 070-1740605 --reason "asked by phone"',)


def run(
    ctx: typer.Context,
    number: Annotated[list[str], typer.Argument(metavar="NUMBER...", help="In any usual spelling.")],
    *,
    reason: options.Reason = None,
) -> CommandResult:
    """Put numbers on the block list: nothing is sent to them any more.

    Only a hash of each is kept, and no name, so that people with protected identity can stand there too.
    """
    wiring: Wiring = ctx.obj
    wanted = [numbers.read(wiring, one) for one in number]
    with wiring.ledger.transaction():
        added = blocklist.add(wiring.ledger, wanted, wiring.clock.now(), wiring.actor, reason or "")
    sentence = say_n(
        "{n} number was put on the block list.", "{n} numbers were put on the block list.", n=added
    )
    return CommandResult(
        data={"added": added}, screen=[*rehearsal(simulated=wiring.simulated), TextLine(sentence, Tone.GOOD)]
    )
