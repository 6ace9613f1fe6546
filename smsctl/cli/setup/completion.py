"""`smsctl completion SHELL`: what the Tab key needs."""

import os
from pathlib import Path
from typing import Annotated

import typer

from smsctl.cli import completion
from smsctl.cli.options import argument
from smsctl.cli.output.blocks import TextLine
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.errors import UsageError, say

EXAMPLES = (
    "smsctl completion bash > /etc/bash_completion.d/smsctl",
    'smsctl completion zsh > "${fpath[1]}/_smsctl"',
    "smsctl completion fish > ~/.config/fish/completions/smsctl.fish",
    "smsctl completion bash -- send --gr  # what the script asks",
)


def run(
    ctx: typer.Context,
    shell: Annotated[str, argument("SHELL", "bash, zsh or fish.")],
    words: Annotated[list[str] | None, argument("[-- WORD...]", "What is typed so far.")] = None,
) -> CommandResult:
    """Print the script that completes commands, flags, municipalities and groups.

    With words after two dashes it prints what the last of them can become, as the script asks at each Tab.
    """
    wiring: Wiring = ctx.obj
    config = wiring.flags.config
    if shell not in completion.SHELLS:
        raise UsageError(
            say("There is no completion for {shell}.", shell=shell), hint=say("It is bash, zsh or fish.")
        )
    if words is None:
        text = Path(__file__).with_name(f"smsctl.{shell}").read_text(encoding="utf-8")
        return CommandResult(
            data={"script": text}, screen=[TextLine(line, whole=True) for line in text.splitlines()]
        )
    found = completion.candidates(words, config, os.environ)
    return CommandResult(data={"candidates": found}, screen=[TextLine(one, whole=True) for one in found])
