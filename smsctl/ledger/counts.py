"""The sums over messages, moved in the same transaction as the messages' states.

They make `usage` independent of the number of messages; `ledger check` recounts them.
"""

from collections import Counter

from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Status
from smsctl.ledger import untold
from smsctl.ledger.store import Ledger


def move(ledger: Ledger, mailing: Mailing, day: str, before: Counter[Status], after: Counter[Status]) -> None:
    """Move messages of one mailing from states to states; `day` is the local day they are counted on.

    Messages that wait are counted on the day the mailing was made, all others on the day they were claimed.
    Where more of them are unknown or held than before, the site is to be told.
    """
    ledger.changed(event="state", mailing=mailing.id, before=_told(before), after=_told(after))
    change = Counter(after)
    change.subtract(before)
    if change[Status.UNKNOWN] > 0 or change[Status.HELD] > 0:
        untold.mark(ledger, mailing.id)
    for state, messages in change.items():
        if messages:
            _add(ledger, mailing, mailing.created_day if state is Status.PENDING else day, state, messages)


def _told(states: Counter[Status]) -> dict[str, int]:
    return {str(state): messages for state, messages in states.items() if messages}


def _add(ledger: Ledger, mailing: Mailing, day: str, state: Status, messages: int) -> None:
    ledger.write(
        "INSERT INTO mailing_counts (mailing, state, messages) VALUES (?, ?, ?)"
        " ON CONFLICT (mailing, state) DO UPDATE SET messages = mailing_counts.messages + excluded.messages",
        mailing.id,
        state,
        messages,
    )
    ledger.write(
        "INSERT INTO day_counts (municipality, day, state, messages, parts) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (municipality, day, state) DO UPDATE SET"
        " messages = day_counts.messages + excluded.messages, parts = day_counts.parts + excluded.parts",
        mailing.municipality.key,
        day,
        state,
        messages,
        messages * mailing.size.parts,
    )
