"""`smsctl gateway probe`: log in without sending."""

import typer

from smsctl.cli import wiring_gateway
from smsctl.cli.render.blocks import Line, Tone
from smsctl.cli.reply import Reply
from smsctl.cli.wiring import Wiring

EXAMPLES = ("smsctl gateway probe", "smsctl gateway probe --json")


def run(ctx: typer.Context) -> Reply:
    """Log in at the gateway and say what it answered; nothing is sent and nothing costs.

    Exit code 6 when the login is refused, 7 when the gateway cannot be reached.
    """
    wiring: Wiring = ctx.obj
    gateway = wiring_gateway.gateway(wiring, service_id=wiring.settings.gateway.service_id)
    answer = gateway.probe()
    return Reply(
        data={"gateway": gateway.traits.name, "answer": str(answer)}, screen=[Line(answer, Tone.GOOD)]
    )
