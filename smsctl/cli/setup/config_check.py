"""`smsctl config check`: everything that is wrong with the config, at once."""

import typer

from smsctl.cli import wiring_gateway
from smsctl.cli.output.blocks import TextLine, Tone
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.errors import say

EXAMPLES = ("smsctl config check", "smsctl --config test.toml config check --json")


def run(ctx: typer.Context) -> CommandResult:
    """List everything that is wrong with the config: each key, its line, and the nearest known key.

    Exit code 8 when there is anything to mend.
    """
    wiring: Wiring = ctx.obj
    settings = wiring.settings
    gateway = wiring_gateway.gateway(wiring, for_sending=False)
    told = say(
        "{path} is in order: mode {mode}, gateway {gateway}.",
        path=settings.path,
        mode=settings.mode,
        gateway=gateway.traits.title,
    )
    return CommandResult(data={"path": str(settings.path)}, screen=[TextLine(told, Tone.GOOD)])
