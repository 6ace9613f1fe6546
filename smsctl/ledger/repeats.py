"""The same text to the same number: found in the plan, and once more in every claim (never-twice.md).

A message that cost within the last 20 hours, or may have, counts as sent; so does one that the gateway holds
for a later time, until 20 hours after that. One that is still pending in another mailing is reserved by it.
"""

from collections.abc import Collection, Container, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain, groupby
from operator import itemgetter

from smsctl.domain.mailing import Mailing
from smsctl.domain.moment import Moment
from smsctl.ledger import keyfile, mailings, own_texts, texts
from smsctl.ledger.keyfile import LedgerKey
from smsctl.ledger.own_texts import SentTexts
from smsctl.ledger.seam.engine import Row
from smsctl.ledger.store import Ledger
from smsctl.ledger.window import BATCH_COUNTS, COUNTS_FOR_A_RETRY, MESSAGE_COUNTS, Window, read, window

_OF_THE_TEXT = (
    "SELECT id, send_at FROM mailings WHERE body_hash = ? AND kind = 'send' AND personal = 0 AND id <> ?"
)
_UNFINISHED = (
    "SELECT g.id, g.first_message, g.messages FROM mailings g JOIN mailing_counts c ON c.mailing = g.id"
    " WHERE g.body_hash = ? AND g.kind = 'send' AND g.personal = 0 AND c.state = 'pending' AND c.messages > 0"
)
_COUNTS = f"{BATCH_COUNTS} AND {MESSAGE_COUNTS}"
_BATCHES = (
    "SELECT CASE WHEN [COUNTS] THEN 1 ELSE 0 END, b.id, b.first_message, b.last_message FROM batches b"
    " WHERE b.mailing = ? ORDER BY b.id"
).replace("[COUNTS]", BATCH_COUNTS)
_OF_BATCHES = " FROM messages m WHERE m.id BETWEEN ? AND ? AND m.batch BETWEEN ? AND ? AND"
_NUMBERS = f"SELECT CAST(m.number AS BIGINT){_OF_BATCHES} m.number IS NOT NULL AND "
_HASHES = f"SELECT m.number_hash{_OF_BATCHES} m.number_hash IS NOT NULL AND m.number IS NULL AND "
_AT_ONCE = 20_000  # messages
# By id alone: given the first and last of the whole mailing too, SQLite would begin at its first each time.
_SENT = (
    "SELECT m.id, m.number FROM messages m JOIN batches b ON b.id = m.batch"
    " WHERE m.id BETWEEN ? AND ? AND m.number IS NOT NULL AND [COUNTS]"
).replace("[COUNTS]", _COUNTS)
_ANY_HASHED = "SELECT 1 FROM messages WHERE mailing = ? AND number_hash IS NOT NULL LIMIT 1"
_HASHED = (
    "SELECT id, send_at, municipality FROM mailings WHERE id IN"
    " (SELECT mailing FROM messages WHERE number_hash IS NOT NULL)"
)
_IN_VAIN = (
    " WHERE m.mailing = ? AND m.number_hash IS NOT NULL AND NOT EXISTS (SELECT 1 FROM mailings g"
    " JOIN batches b ON b.id = m.batch WHERE g.id = m.mailing AND g.kind = 'send' AND [COUNTS])"
).replace("[COUNTS]", _COUNTS)
_COUNT_IN_VAIN = "SELECT COUNT(*) FROM messages m [WHERE]".replace("[WHERE]", _IN_VAIN)
_FORGET = (
    "UPDATE messages SET number_hash = NULL WHERE id IN (SELECT m.id FROM messages m [WHERE] LIMIT ?)"
).replace("[WHERE]", _IN_VAIN)


class Reached:
    """The numbers that a text has reached, or may have; purged ones are known by their hashes."""

    __slots__ = ("_hashes", "_key", "_numbers")

    def __init__(
        self,
        numbers: AbstractSet[int] = frozenset(),
        hashes: AbstractSet[str] = frozenset(),
        key: LedgerKey | None = None,
    ) -> None:
        """`numbers` are E.164 without the plus: a third of the memory. `key` is that of the hashes."""
        self._numbers = numbers
        self._hashes = hashes
        self._key = key

    def __contains__(self, number: object) -> bool:
        """Whether the text has reached this number: E.164, or its digits as an integer."""
        digits = int(str(number))
        return digits in self._numbers or (
            self._key is not None and self._key.hash(f"+{digits}") in self._hashes
        )

    @property
    def quickest(self) -> Container[int]:
        """What tells the same of integers, for a million of them in no time where nothing is purged."""
        return self if self._hashes else self._numbers

    def __len__(self) -> int:
        """How many numbers the text has reached."""
        return len(self._numbers) + len(self._hashes)


NOBODY = Reached()


def already_sent(
    ledger: Ledger,
    body_hash: str,
    moment: Moment,
    *others: str,
    apart_from: int = 0,
    bodies: Collection[str] = (),
    is_retry: bool = False,
) -> Reached:
    """Return the numbers that have had this text, or may have, within the window.

    `others` are the hashes of bodies that are the same text to people. `bodies`, all of them in words, are
    looked for in the mailings whose texts differ from person to person too. `is_retry`: asked for a mailing
    to those who were not reached, so that what failed or expired does not count.
    """
    numbers = set[int]()
    if bodies:
        numbers = own_texts.numbers_with(ledger, bodies, moment, apart_from, is_retry=is_retry)
    hashes: set[str] = set()
    counts = COUNTS_FOR_A_RETRY if is_retry else MESSAGE_COUNTS
    for mailing, send_at in _found(ledger, _OF_THE_TEXT, (body_hash, *others), apart_from):
        any_purged = ledger.one(_ANY_HASHED, mailing)
        for some in _counting(ledger, mailing, window(read(send_at), moment)):
            numbers.update(chain.from_iterable(ledger.rows(_NUMBERS + counts, *some)))
            if any_purged:
                hashes.update(chain.from_iterable(ledger.rows(_HASHES + counts, *some)))
    return Reached(numbers, hashes, keyfile.find(ledger) if hashes else None)


def _found(ledger: Ledger, mailings_of: str, hashes: Iterable[str], *values: object) -> list[Row]:
    """Return the mailings of each hash, each once: bodies that are the same text to people may share one."""
    return [row for one in dict.fromkeys(hashes) for row in ledger.rows(mailings_of, one, *values)]


def _counting(ledger: Ledger, mailing: int, since: Window) -> Iterator[tuple[int, int, int, int]]:
    """Yield the first and last of some messages, and of the batches that count among which they are."""
    for counts, together in groupby(ledger.rows(_BATCHES, *since, mailing), key=itemgetter(0)):
        if counts:
            _, batches, firsts, lasts = zip(*together, strict=True)
            for start in range(min(firsts), max(lasts) + 1, _AT_ONCE):
                yield start, min(start + _AT_ONCE - 1, max(lasts)), batches[0], batches[-1]


def sent_texts(ledger: Ledger, moment: Moment, apart_from: int = 0, *, is_retry: bool = False) -> SentTexts:
    """Return which numbers have had which texts, or may have, within the window; `is_retry` as above."""

    def reached(body_hash: str) -> Reached:
        return already_sent(ledger, body_hash, moment, apart_from=apart_from, is_retry=is_retry)

    return SentTexts(ledger, moment, reached, apart_from, is_retry=is_retry)


def still_counting(
    ledger: Ledger, mailing: Mailing, first: int, last: int, moment: Moment
) -> list[tuple[int, str]]:
    """Return those of some messages, each with its number, by which people are known to have had the text."""
    if mailing.kind != "send" or mailing.personal:  # none of a text of its own is removed before
        return []
    counts_from = window(mailing.letter.send_at, moment)
    return ledger.rows(_SENT, first, last, *counts_from)


def hashes_in_vain(ledger: Ledger, of: Collection[str], moment: Moment) -> int:
    """Return how many hashes of purged numbers these municipalities keep beyond the window of repeats."""
    kept = _hashed(ledger, of, moment)
    return sum(ledger.rows(_COUNT_IN_VAIN, mailing, *counts_from)[0][0] for mailing, counts_from in kept)


def forget(ledger: Ledger, of: Collection[str], moment: Moment, most: int) -> int:
    """Remove so many of the hashes that `hashes_in_vain` counts, in the open transaction; return how many."""
    for mailing, counts_from in _hashed(ledger, of, moment):
        if removed := ledger.write(_FORGET, mailing, *counts_from, most):
            return removed
    return 0


def _hashed(ledger: Ledger, of: Collection[str], moment: Moment) -> Iterator[tuple[int, Window]]:
    for mailing, send_at, municipality in ledger.rows(_HASHED):
        if municipality in of:
            yield mailing, window(read(send_at), moment)


def reserved_by(
    ledger: Ledger,
    body_hash: str,
    numbers: Iterable[str],
    *others: str,
    bodies: Collection[str] = (),
    over: Collection[int] = (),
) -> int | None:
    """Return an unfinished mailing with this text that still holds one of the numbers as pending.

    `others` and `bodies` as in `already_sent`; what is `over` holds nobody.
    """
    wanted: frozenset[str] = frozenset()
    for mailing, first, messages in _found(ledger, _UNFINISHED, (body_hash, *others)):
        if mailing in over:
            continue
        wanted = wanted or frozenset(numbers)
        held = ledger.rows(
            "SELECT number FROM messages WHERE id BETWEEN ? AND ? AND state = 'pending'",
            first,
            first + messages - 1,
        )
        if any(number in wanted for (number,) in held):
            return int(mailing)
    if bodies and own_texts.any_unfinished(ledger):
        return own_texts.reserved_by(ledger, [(number, body) for number in numbers for body in bodies], over)
    return None


def held_by(
    ledger: Ledger,
    bodies: Sequence[str],
    numbers: Iterable[str],
    pairs: Iterable[object] | None,
    over: Collection[int] = (),
) -> int | None:
    """Return an unfinished mailing that holds one of the numbers with one of these texts, the same to people.

    Where texts differ, `pairs` are the numbers with theirs. What is `over`, for nobody approved it in time,
    holds nobody.
    """
    if pairs is not None:
        return own_texts.reserved_by(ledger, pairs, over)
    first, *others = map(mailings.body_hash, bodies)
    return reserved_by(ledger, first, numbers, *others, bodies=bodies, over=over)


def left_to(ledger: Ledger, mailing: Mailing) -> int | None:
    """Return an unfinished mailing that holds as pending whom this one has left out, as having had its text.

    That was on the wire when a claim of this one looked, and was given back since: nobody has reached them.
    """
    left_out = ledger.rows(_LEFT_OUT, *mailing.span)
    if not left_out:
        return None
    body, pairs = mailing.letter.text.body, None
    if mailing.personal:
        bodies = texts.of(ledger, mailing, [message for message, _ in left_out])
        pairs = [(number, own) for (_, number), own in zip(left_out, bodies, strict=True)]
    return held_by(ledger, (body,), [number for _, number in left_out], pairs, (mailing.id,))


_LEFT_OUT = (
    "SELECT id, number FROM messages WHERE id BETWEEN ? AND ? AND state = 'cancelled'"
    " AND code = 'already-sent' AND number IS NOT NULL ORDER BY id"
)


class Repeats:
    """What a run must not send again; looked up anew only when another mailing of a text has moved."""

    def __init__(self, mailing: Mailing, body_hash: str) -> None:
        """Know nothing yet; `--again` and tests are exempt."""
        self._mailing = mailing
        self._hash = body_hash
        self._exempt = mailing.again or mailing.kind != "send"
        self._is_retry = mailing.retry_of is not None
        self._latest: int | None = None  # batch when it was looked up
        self._reached: Reached | SentTexts = NOBODY

    def among(
        self, ledger: Ledger, messages: Sequence[int], numbers: Sequence[str], moment: Moment
    ) -> frozenset[int]:
        """Return those of some messages, beside the number of each, whose text its number has had."""
        if self._exempt:
            return frozenset()
        self._look(ledger, moment)
        if not self._reached:
            return frozenset()
        sent: Iterable[object] = numbers
        if self._mailing.personal:
            sent = zip(numbers, texts.of(ledger, self._mailing, messages), strict=True)
        return frozenset(message for message, one in zip(messages, sent, strict=True) if one in self._reached)

    def _look(self, ledger: Ledger, moment: Moment) -> None:
        mailing, newest, is_retry = self._mailing, ledger.newest_id("batches"), self._is_retry
        if self._latest is None or own_texts.has_moved(ledger, mailing, self._hash, self._latest):
            if mailing.personal:
                self._reached = sent_texts(ledger, moment, mailing.id, is_retry=is_retry)
            else:
                body, apart_from = (mailing.letter.text.body,), mailing.id
                self._reached = already_sent(
                    ledger, self._hash, moment, apart_from=apart_from, bodies=body, is_retry=is_retry
                )
        self._latest = newest  # last: where a session ends in between, the next claim looks once more
