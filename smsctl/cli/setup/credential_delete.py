"""`smsctl credential delete [NAME]`: remove a secret from the keyring."""

import typer

from smsctl.cli.output.blocks import TextLine
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.setup import credentials
from smsctl.cli.setup.recording import record_change
from smsctl.cli.wiring import Wiring
from smsctl.cli.wiring_gateway import surroundings
from smsctl.credentials import resolve
from smsctl.errors import say

EXAMPLES = ("smsctl credential delete", "smsctl credential delete smtp")


def run(ctx: typer.Context, name: credentials.Name = "gateway") -> CommandResult:
    """Remove a secret from where the config says it is kept."""
    wiring: Wiring = ctx.obj
    deleted = resolve.delete(name, credentials.source_of(wiring, name), surroundings(wiring))
    if deleted:
        record_change(wiring, "credential-delete", name)
    told = (
        say("The secret {name} is deleted.", name=name)
        if deleted
        else say("There was no secret {name}.", name=name)
    )
    return CommandResult(data={"name": name, "deleted": deleted}, screen=[TextLine(told)])
