"""The sums over messages, moved in the same transaction as the messages' states.

They make `usage` independent of the number of messages; `ledger check` recounts them. Messages of one mailing
take the same number of parts each, unless their texts are personal: then each has its own.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Status
from smsctl.ledger.store import Ledger


class Sum(NamedTuple):
    """A number of messages, and the parts that they take together."""

    messages: int
    parts: int

    def less(self, other: "Sum") -> "Sum":
        """Return how many more there are than of the other."""
        return Sum(messages=self.messages - other.messages, parts=self.parts - other.parts)


Sums = Mapping[Status, Sum]
NONE = Sum(messages=0, parts=0)


Parts = Mapping[int, int]
"""The parts of messages, where somebody has read them before: they never change."""


def of(
    ledger: Ledger,
    mailing: Mailing,
    messages: Collection[int],
    states: Sequence[Status],
    known: Parts | None = None,
) -> Sums:
    """Return the sums of some messages of a mailing, each of which is in the state at its place."""
    if not mailing.personal:
        each = mailing.size.parts
        numbers = {state: states.count(state) for state in dict.fromkeys(states)}
        return {state: Sum(messages=n, parts=n * each) for state, n in numbers.items()}
    if states and states.count(states[0]) == len(states):  # most batches are wholly accepted
        return {states[0]: total(ledger, mailing, messages, known)}
    by_state: dict[Status, list[int]] = {}
    for message, state in zip(messages, states, strict=True):
        by_state.setdefault(state, []).append(message)
    parts = known or parts_of(ledger, messages)
    return {state: total(ledger, mailing, some, parts) for state, some in by_state.items()}


def total(ledger: Ledger, mailing: Mailing, messages: Collection[int], known: Parts | None = None) -> Sum:
    """Return the sum of some messages of a mailing."""
    if not mailing.personal:
        return Sum(messages=len(messages), parts=len(messages) * mailing.size.parts)
    parts = known or parts_of(ledger, messages)
    return Sum(messages=len(messages), parts=sum(map(parts.__getitem__, messages)))


def whole(sums: Sums) -> Sum:
    """Return all of some messages together."""
    return Sum(
        messages=sum(one.messages for one in sums.values()), parts=sum(one.parts for one in sums.values())
    )


def parts_of(ledger: Ledger, messages: Collection[int]) -> dict[int, int]:
    """Return the parts of each message of a personal mailing."""
    return ledger.beside("SELECT id, parts FROM messages WHERE id", messages)


def of_mailing(ledger: Ledger, mailing: int) -> dict[Status, Sum]:
    """Return the messages and parts of a mailing by state, as they are kept."""
    found = ledger.rows(
        "SELECT state, messages, parts FROM mailing_counts WHERE mailing = ? AND messages > 0", mailing
    )
    sums = {Status(state): Sum(messages=messages, parts=parts) for state, messages, parts in found}
    return {state: sums[state] for state in Status if state in sums}  # no engine has an order of its own


def number_in(ledger: Ledger, mailing: Mailing, *states: Status) -> int:
    """Return how many messages of a mailing are in some states, by the sums, which takes no time."""
    sums = of_mailing(ledger, mailing.id)
    return sum(sums[state].messages for state in states if state in sums)


def move(ledger: Ledger, mailing: Mailing, day: str, before: Sums, after: Sums) -> None:
    """Move messages of one mailing from states to states; `day` is the local day they are counted on.

    Messages that wait are counted on the day the mailing was made, all others on the day they were claimed.
    Where more of them are unknown or held than before, the site is to be told.
    """
    ledger.changed(event="state", mailing=mailing.id, before=_told(before), after=_told(after))
    change = {
        state: after.get(state, NONE).less(before.get(state, NONE))
        for state in dict.fromkeys([*after, *before])
    }
    if any(change.get(state, NONE).messages > 0 for state in (Status.UNKNOWN, Status.HELD)):
        from smsctl.ledger import untold  # who only counts needs none of it

        untold.mark(ledger, mailing.id)
    moved = {state: sums for state, sums in change.items() if sums != NONE}
    if moved:
        _add(ledger, mailing, day, moved)


def _told(states: Sums) -> dict[str, int]:
    return {str(state): one.messages for state, one in states.items() if one.messages}


def _add(ledger: Ledger, mailing: Mailing, day: str, moved: Sums) -> None:
    of_mailing: list[object] = []
    of_days: list[object] = []
    for state, sums in moved.items():
        of_mailing += mailing.id, state, *sums
        on_day = mailing.created_day if state is Status.PENDING else day
        of_days += mailing.municipality.key, on_day, state, *sums
    ledger.write_later(_ADD_TO_MAILING.replace("(?)", ", ".join(["(?, ?, ?, ?)"] * len(moved))), *of_mailing)
    ledger.write_later(_ADD_TO_DAYS.replace("(?)", ", ".join(["(?, ?, ?, ?, ?)"] * len(moved))), *of_days)


_ADD_TO_MAILING = (
    "INSERT INTO mailing_counts (mailing, state, messages, parts) VALUES (?)"
    " ON CONFLICT (mailing, state) DO UPDATE SET"
    " messages = mailing_counts.messages + excluded.messages, parts = mailing_counts.parts + excluded.parts"
)
_ADD_TO_DAYS = (
    "INSERT INTO day_counts (municipality, day, state, messages, parts) VALUES (?)"
    " ON CONFLICT (municipality, day, state) DO UPDATE SET"
    " messages = day_counts.messages + excluded.messages, parts = day_counts.parts + excluded.parts"
)
