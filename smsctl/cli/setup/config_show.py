"""`smsctl config show`: the settings in force."""

from itertools import groupby

import typer

from smsctl.cli.output.blocks import GAP, Block, TextLine, Tone
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.config import show
from smsctl.errors import say

EXAMPLES = ("smsctl config show", "smsctl config show --json")


def run(ctx: typer.Context) -> CommandResult:
    """Show the settings in force, section by section, as TOML; what is faint is a default.

    There is no secret among them: a config never holds one.
    """
    wiring: Wiring = ctx.obj
    path = wiring.settings.path  # read first, so that the envelope tells the mode
    shown = show.effective(path)
    blocks: list[Block] = [TextLine(say("# {path}", path=path), Tone.FAINT)]
    for section, keys in groupby(shown, key=lambda one: one.section):
        if section:
            blocks += [GAP, TextLine(f"[{'.'.join(section)}]", Tone.STRONG)]
        for one in keys:
            text = f"{one.name} = {one.spelled}" if one.spelled else f"# {one.name} ="
            blocks.append(TextLine(text, Tone.PLAIN if one.written else Tone.FAINT))
    return CommandResult(data={"settings": {one.dotted: one.value for one in shown}}, screen=blocks)
