"""What went to one number, over all mailings, and what did not and why; for whoever asks about one person."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from smsctl.domain.cells import plain
from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Status
from smsctl.domain.report import Cause
from smsctl.ledger import blocklist, inbox, mailings, texts
from smsctl.ledger.inbox import InboxRow
from smsctl.ledger.mailings import pieces
from smsctl.ledger.store import Ledger

_MAILINGS_AT_ONCE = 100
_WITH_NUMBER = "SELECT id FROM messages WHERE id BETWEEN ? AND ? AND number = ?"


class FoundMessage(NamedTuple):
    """One message to the number."""

    mailing: Mailing
    name: str
    state: Status
    at: str  # handed over; where it never was, when its mailing was begun
    reported_at: str | None
    cause: Cause | None
    same_name: bool  # as the newest: under another, the number may have been somebody else's
    body: str = ""  # the text that was sent; empty where it was purged


class FoundSkip(NamedTuple):
    """One row with the number that got no message."""

    mailing: Mailing
    reason: str
    name: str
    same_name: bool


class Found(NamedTuple):
    """Everything that the ledger knows of one number, newest first."""

    messages: tuple[FoundMessage, ...]
    skipped: tuple[FoundSkip, ...]
    is_blocked: bool
    incoming: int
    purged_until: str | None  # the local day of the newest mailing whose numbers were purged


def find(ledger: Ledger, number: str, of: Collection[str] | None) -> Found:
    """Return what is known of an E.164 number; `of` are the municipalities to look at, None: all of them.

    Every message is looked at, in pieces: an index of numbers would cost a third of the file.
    """
    messages = _messages(ledger, number)
    skips = _skips(ledger, number)
    known = {one: mailings.get(ledger, one) for one in {*(m[0] for m in messages), *(s[0] for s in skips)}}
    seen = {one: found for one, found in known.items() if of is None or found.municipality.key in of}
    newest = _newest_name(messages, skips, seen)
    own = texts.by_message(ledger, [message for _, message, *_ in messages])
    return Found(
        messages=tuple(
            FoundMessage(
                mailing=seen[mailing],
                name=name or "",
                state=Status(state),
                at=claimed_at or seen[mailing].created_at,
                reported_at=reported_at,
                cause=Cause(cause) if cause else None,
                same_name=_is_same(name, newest),
                body=own.get(message, "" if seen[mailing].personal else seen[mailing].letter.text.body),
            )
            for mailing, message, name, state, cause, reported_at, claimed_at in messages
            if mailing in seen
        ),
        skipped=tuple(
            FoundSkip(mailing=seen[mailing], reason=reason, name=name or "", same_name=_is_same(name, newest))
            for mailing, reason, name in skips
            if mailing in seen
        ),
        is_blocked=bool(blocklist.among(ledger, [number], of)),
        incoming=_count(ledger, number, of),
        purged_until=_purged_until(ledger, of),
    )


def answered(ledger: Ledger, incoming: Iterable[InboxRow]) -> dict[int, str]:
    """Return which municipality each incoming SMS is to, by its id: whoever wrote to the number last.

    Of one whose number nobody has written to before, or whose messages are purged, nothing is told.
    """
    rows = list(incoming)
    sent: dict[str, list[tuple[str, str]]] = {}
    for number, at, municipality in ledger.rows_of(
        "SELECT DISTINCT m.number, g.created_at, g.municipality FROM messages m"
        " JOIN mailings g ON g.id = m.mailing WHERE m.number IN (?)",
        {one.message.sender for one in rows},
    ):
        sent.setdefault(number, []).append((at, municipality))
    before = {
        one.id: [pair for pair in sent.get(one.message.sender, ()) if pair[0] <= one.at] for one in rows
    }
    return {id_: max(pairs)[1] for id_, pairs in before.items() if pairs}


def _messages(ledger: Ledger, number: str) -> list[tuple[int, int, str, str, str, str, str]]:
    found = [
        message
        for first, last in pieces(1, ledger.newest_id("messages"))
        for message in ledger.column(_WITH_NUMBER, first, last, number)
    ]
    told = ledger.rows_of(  # of a mailing that is being opened nobody is told
        "SELECT m.mailing, m.id, m.name, m.state, m.cause, m.reported_at, b.claimed_at FROM messages m"
        " JOIN mailings g ON g.id = m.mailing LEFT JOIN batches b ON b.id = m.batch WHERE m.id IN (?)",
        found,
    )
    return sorted(told, key=lambda one: one[1], reverse=True)


def _skips(ledger: Ledger, number: str) -> list[tuple[int, str, str]]:
    newest = ledger.newest_id("mailings")
    found = [
        skip
        for begin in range(1, newest + 1, _MAILINGS_AT_ONCE)
        for skip in ledger.rows(
            "SELECT s.mailing, s.reason, s.name FROM skipped s JOIN mailings g ON g.id = s.mailing"
            " WHERE s.mailing BETWEEN ? AND ? AND s.number = ? ORDER BY s.mailing, s.sheet_row",
            begin,
            begin + _MAILINGS_AT_ONCE - 1,
            number,
        )
    ]
    return found[::-1]


def _newest_name(
    messages: Collection[tuple[int, int, str, str, str, str, str]],
    skips: Collection[tuple[int, str, str]],
    seen: Collection[int],
) -> str:
    """Return under which name the number stood last, as it is compared; empty: under none."""
    named = [(mailing, name) for mailing, _, name, *_ in messages if name and mailing in seen]
    named += [(mailing, name) for mailing, _, name in skips if name and mailing in seen]
    return plain(max(named, key=lambda one: one[0])[1]) if named else ""


def _is_same(name: str | None, newest: str) -> bool:
    return not name or plain(name) == newest


def _count(ledger: Ledger, number: str, of: Collection[str] | None) -> int:
    """Return how many SMS have come from a number, and answer one of these municipalities."""
    found = inbox.of_sender(ledger, number)
    return len(found) if of is None else sum(one in of for one in answered(ledger, found).values())


def _purged_until(ledger: Ledger, of: Collection[str] | None) -> str | None:
    found = ledger.rows(
        "SELECT municipality, MAX(created_day) FROM mailings WHERE purge IS NOT NULL GROUP BY municipality"
    )
    return max((day for municipality, day in found if of is None or municipality in of), default=None)
