"""`smsctl gateway probe`: log in without sending."""

import typer

from smsctl.cli import wiring_gateway
from smsctl.cli.output import envelope
from smsctl.cli.output.blocks import TextLine, Tone
from smsctl.cli.output.language import whole
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.errors import say

EXAMPLES = ("smsctl gateway probe", "smsctl gateway probe --json")


def run(ctx: typer.Context) -> CommandResult:
    """Log in at the gateway and say what it answered; nothing is sent and nothing costs.

    Exit code 6 when the login is refused, 7 when the gateway cannot be reached.
    """
    wiring: Wiring = ctx.obj
    gateway = wiring_gateway.gateway(wiring, service_id=wiring.settings.gateway.service_id)
    answer = gateway.probe()
    lines = [TextLine(whole(answer), Tone.GOOD)]
    if wiring.simulated:
        lines.append(TextLine(say("Simulation: it was the simulator that answered."), Tone.WARN))
    return CommandResult(data={"gateway": gateway.traits.name, "answer": envelope.text(answer)}, screen=lines)
