"""`smsctl config set KEY VALUE`: change one key, keeping comments and order."""

from typing import Annotated

import typer

from smsctl.cli.output.blocks import TextLine, Tone
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.setup.recording import record_change
from smsctl.cli.wiring import Wiring
from smsctl.config import write
from smsctl.errors import say

EXAMPLES = ("smsctl config set gateway.priority high", "smsctl config set mode live")


def run(
    ctx: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY", help="Its full name, as gateway.priority.")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="As in the file; quotes may be left out.")],
) -> CommandResult:
    """Change one key of the config, keeping comments and order.

    A config that would not load with the change is not written.
    """
    wiring: Wiring = ctx.obj
    written = write.set_value(wiring.config_path, key, value)
    record_change(wiring, "config-set", key, str(written))
    told = say("{key} is set in {path}.", key=key, path=wiring.config_path)
    return CommandResult(data={"key": key, "value": written}, screen=[TextLine(told, Tone.GOOD)])
