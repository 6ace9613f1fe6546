"""What several screens say in the same words."""

from smsctl.cli.render.blocks import Block, Line, Tone
from smsctl.errors import say

NOTHING_LEAVES = say("Simulation: no SMS leaves this machine.")


def rehearsal(*, simulated: bool) -> list[Block]:
    """Return the line that stands above every screen of a rehearsal."""
    return [Line(NOTHING_LEAVES, Tone.WARN)] if simulated else []


def quoted(body: str) -> list[Block]:
    """Return the text as it will be read, line by line."""
    return [Line(f"│ {line}".rstrip(), indent=2) for line in body.split("\n")]
