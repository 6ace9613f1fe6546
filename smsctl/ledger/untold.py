"""Mailings of which the site must be told: messages became unknown, held or doubtful.

What must stay true: that something is to be told is written in the transaction that makes it so, and is
taken for told only after it was. Then a run that is killed leaves it to the next one.
"""

from typing import NamedTuple

from smsctl.ledger.store import Ledger


class NoticeDue(NamedTuple):
    """A mailing to be told of, as far as it has changed by now."""

    mailing: int
    changes: int


def mark(ledger: Ledger, mailing: int) -> None:
    """Write in the open transaction that the mailing has changed."""
    ledger.add("notices", {"mailing": mailing}, changes=1)


def untold(ledger: Ledger) -> tuple[NoticeDue, ...]:
    """Return the mailings that have changed since they were told of, the oldest first."""
    found = ledger.rows("SELECT mailing, changes FROM notices WHERE changes > told ORDER BY mailing")
    return tuple(NoticeDue(mailing=mailing, changes=changes) for mailing, changes in found)


def is_told(ledger: Ledger, notice: NoticeDue) -> None:
    """Write in the open transaction that the site was told; a change since then is told anew."""
    ledger.write(
        "UPDATE notices SET told = ? WHERE mailing = ? AND told < ?",
        notice.changes,
        notice.mailing,
        notice.changes,
    )
