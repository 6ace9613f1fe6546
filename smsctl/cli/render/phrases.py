"""What several screens say in the same words."""

import textwrap

from smsctl.cli.render.blocks import Block, Line, Tone
from smsctl.errors import say

_QUOTE_WIDTH = 74
NOTHING_LEAVES = say("Simulation: no SMS leaves this machine.")


def rehearsal(*, simulated: bool) -> list[Block]:
    """Return the line that stands above every screen of a rehearsal."""
    return [Line(NOTHING_LEAVES, Tone.WARN)] if simulated else []


def quoted(body: str) -> list[Block]:
    """Return the text as it will be read, line by line."""
    folded = [part for line in body.split("\n") for part in textwrap.wrap(line, _QUOTE_WIDTH) or [""]]
    return [Line(f"│ {line}".rstrip(), indent=2) for line in folded]
