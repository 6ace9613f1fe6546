"""How many rows a commit of a long work takes, so that others do not wait long for it, and its gaps.

Fewer rows do not make less of what a slow disk takes for a commit however small: with ever fewer of them a
work would never end. So what the latest two have taken is held against each other.
"""

from typing import NamedTuple

HELD_S = 0.1
"""So long others may wait for one commit of a long work."""

_FEWEST_ROWS = 20
_SHARE_OF_OTHERS, _LEAST_GAP_S, _LONGEST_GAP_S = 0.25, 0.012, 0.05


class Piece(NamedTuple):
    """What one commit of a long work has written, and how long it held the ledger."""

    rows: int
    held_s: float


def fitting_rows(asked: int, latest: Piece, before: Piece, *, for_disk: bool) -> int:
    """Return how many rows fit in a commit from now on, where so many were `asked` for last.

    `before`: the piece before the latest; of no rows where there is none. `for_disk`: it waited for the disk.
    """
    if for_disk and latest.held_s > HELD_S and before.rows:
        more = latest.rows * 3 // 2
        if latest.rows == before.rows:
            return asked if asked < latest.rows else more  # what was asked for is still to come
        small, large = sorted((before, latest))
        took_longer_s, were_more = large.held_s - small.held_s, large.rows - small.rows
        if 2 * took_longer_s * small.rows < were_more * small.held_s:
            return max(asked, more)  # more than half of the time is the disk's own
    most = 4 if for_disk else 2  # times as many as before
    return max(int(asked * HELD_S / max(latest.held_s, HELD_S / most)), _FEWEST_ROWS)


def gap_s(held_in_a_row_s: float) -> float:
    """Return how long others get after it was held so long in a row; 0: that was short."""
    if held_in_a_row_s <= HELD_S / 2:
        return 0.0
    return min(max(held_in_a_row_s * _SHARE_OF_OTHERS, _LEAST_GAP_S), _LONGEST_GAP_S)
