"""A line to another machine: whether anybody is still at its other end."""

import select
import sys


def has_hung_up(handle: int) -> bool:
    """Say whether the other end has closed a socket, whatever it said before; nothing of it is read.

    Only Linux tells: elsewhere it is heard of when the line is used.
    """
    if sys.platform != "linux":
        return False
    look = select.poll()
    look.register(handle, select.POLLRDHUP)
    return bool(look.poll(0))
