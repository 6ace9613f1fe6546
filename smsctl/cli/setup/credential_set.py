"""`smsctl credential set [NAME]`: store a secret in the keyring."""

import typer

from smsctl.cli import dialogue
from smsctl.cli.output.blocks import TextLine, Tone
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.setup import credentials
from smsctl.cli.setup.recording import record_change
from smsctl.cli.wiring import Wiring
from smsctl.cli.wiring_gateway import surroundings
from smsctl.credentials import resolve
from smsctl.errors import say

EXAMPLES = ("smsctl credential set", "smsctl credential set smtp < secret.txt")


def run(ctx: typer.Context, name: credentials.Name = "gateway") -> CommandResult:
    """Store a secret where the config says it is kept: asked for without echo, or read from standard input.

    NAME is gateway (the gateway's password), smtp (the mail server's) or reports (the push address).
    """
    wiring: Wiring = ctx.obj
    source = credentials.source_of(wiring, name)
    secret = dialogue.secret(say("Secret {name} (not shown): ", name=name))
    place = resolve.store(name, source, secret, surroundings(wiring))
    record_change(wiring, "credential-set", name)
    return CommandResult(data={"name": name, "stored": True}, screen=[TextLine(place, Tone.GOOD)])
