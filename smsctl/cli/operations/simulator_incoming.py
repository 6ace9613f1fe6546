"""`smsctl simulator incoming NUMBER TEXT`: an SMS comes in at a running simulator."""

from typing import Annotated

from smsctl.cli import numbers, wiring_gateway
from smsctl.cli.options import argument, flag, option
from smsctl.cli.output.blocks import TextLine, Tone
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.errors import say

EXAMPLES = (
    'smsctl simulator incoming +46701740605 "KOMMUN Ja tack"',
    "smsctl simulator incoming 0701740605 STOP --url http://127.0.0.1:8025",
)


def run(
    wiring: Wiring,
    number: Annotated[str, argument("NUMBER", "Who it is from, in any usual spelling.")],
    text: Annotated[str, argument("TEXT", "The text, in quotes.")],
    *,
    url: Annotated[
        str | None, option("URL", "The simulator's; without it, [gateway] url of the config.")
    ] = None,
    gateway: Annotated[str | None, option("GATEWAY", "intelecom or pswincom; else the config's.")] = None,
    as_a_gateway: Annotated[
        bool, flag("--as-a-gateway", "The simulator was started so: do not ask it what it is.")
    ] = False,
    receiver: Annotated[str, option("NUMBER", "The number it was sent to.")] = "71234",
) -> CommandResult:
    """Let an SMS come in at a running simulator, which pushes or queues it as the gateway would."""
    sender = numbers.read(wiring, number)
    wiring_gateway.let_come_in(
        wiring,
        url or wiring.settings.gateway.url,
        {
            "gateway": gateway or wiring.settings.gateway.module,
            "sender": sender,
            "receiver": receiver,
            "text": text,
        },
        as_a_gateway=as_a_gateway,
    )
    wiring.output.mode = "simulate"
    return CommandResult(screen=[TextLine(say("The simulator has taken the SMS."), Tone.GOOD)])
