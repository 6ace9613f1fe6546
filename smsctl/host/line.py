"""A line to another machine: whether anybody is still at its other end."""

import select


def has_hung_up(handle: int) -> bool:
    """Say whether the other end has closed a socket, whatever it said before; nothing of it is read.

    Only Linux tells: elsewhere it is heard of when the line is used.
    """
    hung_up = getattr(select, "POLLRDHUP", 0)
    if not hung_up:
        return False
    look = select.poll()
    look.register(handle, hung_up)
    return bool(look.poll(0))
