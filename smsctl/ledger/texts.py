"""The texts of personal mailings as they are sent: each beside its message, frozen with the mailing."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from smsctl.domain.mailing import Mailing
from smsctl.ledger.store import Ledger

_OF_SOME = "SELECT message, body FROM texts WHERE message IN (?)"


def write(ledger: Ledger, first: int, bodies: Sequence[str]) -> None:
    """Write the texts of messages with ids from the first on, in the open transaction."""
    ledger.load("texts", {"message": range(first, first + len(bodies)), "body": bodies})


class OwnTexts(NamedTuple):
    """The texts of some messages and the parts that each takes, by message."""

    bodies: Mapping[int, str]
    parts: Mapping[int, int]


def of(ledger: Ledger, mailing: Mailing, messages: Sequence[int]) -> list[str]:
    """Return the text of each of these messages, in their order; none where all get the same."""
    if not mailing.personal:
        return []
    found: dict[int, str] = ledger.beside("SELECT message, body FROM texts WHERE message", messages)
    return [found[message] for message in messages]


def by_message(ledger: Ledger, messages: Iterable[int]) -> dict[int, str]:
    """Return the texts of some messages, of whatever mailing, that have one of their own."""
    return dict(ledger.rows_of(_OF_SOME, messages))


def remove(ledger: Ledger, first: int, last: int) -> None:
    """Remove the texts of some messages, in the open transaction."""
    ledger.write("DELETE FROM texts WHERE message BETWEEN ? AND ?", first, last)


def some(ledger: Ledger, first: int, last: int, most: int) -> tuple[str, ...]:
    """Return some of the texts of these messages."""
    found = "SELECT body FROM texts WHERE message BETWEEN ? AND ? ORDER BY message LIMIT ?"
    return tuple(ledger.column(found, first, last, most))
