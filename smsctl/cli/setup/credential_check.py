"""`smsctl credential check [NAME]`: where a secret would come from."""

import typer

from smsctl.cli.output import envelope
from smsctl.cli.output.blocks import TextLine, Tone
from smsctl.cli.output.reply import CommandResult, Note
from smsctl.cli.setup import credentials
from smsctl.cli.wiring import Wiring
from smsctl.cli.wiring_gateway import surroundings
from smsctl.credentials import resolve
from smsctl.errors import CredentialError, ExitCode

EXAMPLES = ("smsctl credential check", "smsctl credential check smtp --json")


def run(ctx: typer.Context, name: credentials.Name = "gateway") -> CommandResult:
    """Say where a secret would come from and whether it can be had, without showing it.

    Exit code 8 when it cannot.
    """
    wiring: Wiring = ctx.obj
    found = resolve.describe(name, credentials.source_of(wiring, name), surroundings(wiring))
    lines = [TextLine(found.sentence, Tone.GOOD if found.there else Tone.BAD)]
    if found.hint:
        lines.append(TextLine(found.hint))
    return CommandResult(
        data={"name": name, "there": found.there, "text": envelope.text(found.sentence)},
        screen=lines,
        said=[] if found.there else [Note(code=CredentialError.code, level="error", text=found.sentence)],
        advice=[found.hint] if found.hint else [],
        exit_code=ExitCode.OK if found.there else ExitCode.INPUT,
    )
