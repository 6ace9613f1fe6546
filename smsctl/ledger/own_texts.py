"""The same text to the same number, where texts differ from person to person: then both must be the same.

Two notices to one guardian, of two children, are two texts; the same notice once more is a repeat, also where
the other mailing had one text for all. Texts that differ in nothing but typographic characters are the same.
"""

from collections.abc import Callable, Collection, Container, Iterable

from smsctl.domain.mailing import Mailing
from smsctl.domain.moment import Moment
from smsctl.domain.text import plainly
from smsctl.ledger import mailings
from smsctl.ledger.store import Ledger
from smsctl.ledger.window import COUNTS_FOR_A_RETRY, MESSAGE_COUNTS, batches_of

_PERSONAL = (
    "SELECT id, send_at FROM mailings WHERE personal = 1 AND purge IS NULL AND kind = 'send' AND id <> ?"
)
_SENT = (
    "SELECT m.number, t.body FROM messages m JOIN texts t ON t.message = m.id"
    " WHERE m.id BETWEEN ? AND ? AND m.batch = ? AND [COUNTS]"
).replace("[COUNTS]", MESSAGE_COUNTS)
_SENT_FOR_A_RETRY = _SENT.replace(MESSAGE_COUNTS, COUNTS_FOR_A_RETRY)
_COMMON = (
    "SELECT DISTINCT body_hash, body FROM mailings g WHERE kind = 'send' AND personal = 0 AND id <> ?"
    " AND (purge IS NULL OR EXISTS"
    " (SELECT 1 FROM messages m WHERE m.mailing = g.id AND m.number_hash IS NOT NULL))"
)
_UNFINISHED = (
    "SELECT g.first_message, g.messages, g.id, g.personal, g.body FROM mailings g"
    " JOIN mailing_counts c ON c.mailing = g.id"
    " WHERE g.kind = 'send' AND c.state = 'pending' AND c.messages > 0"
)
_PENDING = "SELECT number FROM messages WHERE id BETWEEN ? AND ? AND state = 'pending'"
_PENDING_TEXTS = (
    "SELECT m.number, t.body FROM messages m JOIN texts t ON t.message = m.id"
    " WHERE m.id BETWEEN ? AND ? AND m.state = 'pending'"
)
_MOVED = (
    "SELECT 1 FROM batches b JOIN mailings g ON g.id = b.mailing WHERE b.id > ? AND g.id <> ?"
    " AND g.kind = 'send' AND (g.personal = 1 OR g.body_hash = ? OR CAST(? AS INTEGER) = 1) LIMIT 1"
)


class SentTexts:
    """The texts that numbers have had, or may have, within the window; asked for pairs of number and text."""

    def __init__(
        self,
        ledger: Ledger,
        moment: Moment,
        reached: Callable[[str], Container[str]],
        apart_from: int,
        *,
        is_retry: bool,
    ) -> None:
        """Look them up; whom a text for all has reached, only where somebody is to get the same."""
        self._reached_by = reached
        sent = _sent(ledger, moment, apart_from, is_retry=is_retry)
        self._own = {hash((number, plainly(body))) for number, body in sent}
        self._common: dict[str, list[str]] = {}  # by the hash of the plain text
        for body_hash, body in ledger.rows(_COMMON, apart_from):
            plain = mailings.body_hash(plainly(body)) if body else body_hash
            self._common.setdefault(plain, []).append(body_hash)
        self._reached: dict[str, list[Container[str]]] = {}

    def __contains__(self, pair: object) -> bool:
        """Whether a number, E.164, has had a text."""
        if not isinstance(pair, tuple):
            return False
        number, body = pair
        plain = plainly(body)
        if hash((number, plain)) in self._own:
            return True
        if not self._common:
            return False
        return any(number in one for key in {plain, body} for one in self._who_had(mailings.body_hash(key)))

    def _who_had(self, plain: str) -> list[Container[str]]:
        """Return whom texts for all with a hash of the plain text have reached."""
        if plain in self._common and plain not in self._reached:
            self._reached[plain] = [self._reached_by(one) for one in self._common[plain]]
        return self._reached.get(plain, [])

    @property
    def quickest(self) -> "SentTexts":
        """What tells the same in a loop."""
        return self

    def __len__(self) -> int:
        """How many texts may have to be left out; 0: none."""
        return len(self._own) + len(self._common)


def numbers_with(
    ledger: Ledger, bodies: Collection[str], moment: Moment, apart_from: int = 0, *, is_retry: bool = False
) -> set[int]:
    """Return the numbers, without the plus, that have had one of these texts from a personal mailing."""
    sent, wanted = _sent(ledger, moment, apart_from, is_retry=is_retry), set(map(plainly, bodies))
    return {int(number) for number, body in sent if plainly(body) in wanted}


def reserved_by(ledger: Ledger, pairs: Iterable[object], over: Collection[int] = ()) -> int | None:
    """Return an unfinished mailing that still holds one of the numbers with its text as pending.

    What is `over` holds nobody.
    """
    wanted: frozenset[object] = frozenset()
    for first, messages, mailing, personal, body in ledger.rows(_UNFINISHED):
        if mailing in over:
            continue
        wanted = wanted or frozenset(map(_alike, pairs))
        place = first, first + messages - 1
        if personal:
            held = ((number, own) for number, own in ledger.rows(_PENDING_TEXTS, *place))
        else:
            held = ((number, body) for (number,) in ledger.rows(_PENDING, *place))
        if any(_alike(pair) in wanted for pair in held):
            return int(mailing)
    return None


def _alike(pair: object) -> object:
    """Return a number with its text as it is compared with others."""
    return (pair[0], plainly(pair[1])) if isinstance(pair, tuple) else pair


def _sent(ledger: Ledger, moment: Moment, apart_from: int, *, is_retry: bool) -> Iterable[tuple[str, str]]:
    for mailing, send_at in ledger.rows(_PERSONAL, apart_from):
        for batch in batches_of(ledger, mailing, send_at, moment):
            yield from ledger.rows(_SENT_FOR_A_RETRY if is_retry else _SENT, *batch)


def any_unfinished(ledger: Ledger) -> bool:
    """Say whether a personal mailing still holds messages as pending."""
    return ledger.one(f"{_UNFINISHED} AND g.personal = 1 LIMIT 1") is not None


def counts_still(ledger: Ledger, mailing: int, moment: Moment) -> bool:
    """Say whether a personal mailing's texts may still count as sent; then they are needed in words."""
    row = ledger.one("SELECT send_at FROM mailings WHERE id = ? AND personal = 1", mailing)
    return row is not None and bool(batches_of(ledger, mailing, row[0], moment))


def has_moved(ledger: Ledger, mailing: Mailing, body_hash: str, since: int) -> bool:
    """Say whether another mailing that may have the same text has sent anything after a batch."""
    return ledger.one(_MOVED, since, mailing.id, body_hash, int(mailing.personal)) is not None
