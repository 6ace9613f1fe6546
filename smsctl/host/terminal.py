"""The terminal: what was typed, or pasted, and is not read yet."""

import select
import sys

_A_MOMENT_S = 0.1


def more_is_typed() -> bool:
    """Say whether a line waits to be read; nobody types one in so short a time, but pasting does.

    Windows cannot tell of a console: there nothing waits.
    """
    try:
        return bool(select.select([sys.stdin], [], [], _A_MOMENT_S)[0])
    except (OSError, ValueError):
        return False
