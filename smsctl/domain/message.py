"""A message, its states, and what passes between the sending loop and a gateway.

Values are NamedTuples, here and on every other floor: docs/decisions/0003.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from enum import IntEnum, StrEnum
from itertools import chain, repeat, starmap
from typing import TYPE_CHECKING, NamedTuple, overload

from smsctl.domain.moment import stamp
from smsctl.domain.remark import Words
from smsctl.errors import Sentence

if TYPE_CHECKING:
    from smsctl.domain.text import MessageText


class Status(StrEnum):
    """The state of one message."""

    PENDING = "pending"  # never handed to a socket, or proved not accepted
    SENDING = "sending"  # durably marked; may be on the wire
    ACCEPTED = "accepted"  # the gateway took it; not the phone
    DELIVERED = "delivered"
    EXPIRED = "expired"
    FAILED = "failed"  # a final report said no
    REJECTED = "rejected"  # the gateway refused it
    HELD = "held"  # queued at the gateway, waiting for a person there
    UNKNOWN = "unknown"  # nobody can tell whether it was accepted
    CANCELLED = "cancelled"


COSTS = frozenset(
    {
        Status.SENDING,
        Status.ACCEPTED,
        Status.HELD,
        Status.UNKNOWN,
        Status.DELIVERED,
        Status.EXPIRED,
        Status.FAILED,
    }
)
"""The states whose parts the municipality pays for (sending: reserved)."""

OPEN = frozenset({Status.PENDING, Status.SENDING})
"""The states of what a run of the mailing has still to deal with."""

FINAL = frozenset({Status.DELIVERED, Status.EXPIRED, Status.FAILED, Status.REJECTED, Status.CANCELLED})
"""The states that nothing but an operator's correction leaves."""


class Priority(IntEnum):
    """How soon the gateway sends, among messages of the same service: 3 is fastest."""

    LOW = 1
    NORMAL = 2
    HIGH = 3


class Outgoing(NamedTuple):
    """One message on its way: the reference travels with it, the number is E.164."""

    reference: str
    number: str


class Letter(NamedTuple):
    """What every message of a mailing has in common; frozen when the mailing is opened."""

    text: "MessageText"
    sender: str | None = None
    priority: Priority | None = None
    validity: timedelta | None = None
    send_at: datetime | None = None  # aware; None: now
    want_report: bool = True
    invoice_node: str | None = None
    cost_centre: str | None = None  # of the messages of one batch

    @property
    def held_until(self) -> str | None:
        """Until when the gateway is asked to hold it, as the ledger writes times; None: it leaves at once."""
        return None if self.send_at is None else stamp(self.send_at)

    def due(self, now: datetime) -> "Letter":
        """Return the letter as it leaves now: at once where its time has come, maybe while a run sends.

        What is for a time that has passed is refused, so where the time comes while a request may be on its
        way, it is put off to the next full minute after that.
        """
        now = now.astimezone(UTC)  # a minute after 02:59 is an hour later where a zone's clock is put back
        if self.send_at is None or self.send_at >= (there := now + _ON_ITS_WAY):
            return self
        if self.send_at <= now:
            return self._replace(send_at=None)
        return self._replace(send_at=there.replace(second=0, microsecond=0) + timedelta(minutes=1))

    def leaving(self, now: datetime) -> "Letter":
        """Return the letter as a request has it that leaves now: `due`, and valid from its time on.

        PSWinCom counts the validity from when it gets a message (wire/pswincom.md, "Sending"), and of
        Intelecom nobody says from when: what is held for longer than that would be dropped unsent. Where no
        validity is long enough, the gateway's own counts.
        """
        due = self.due(now)
        if due.send_at is None or due.validity is None:
            return due
        held = due.send_at - now
        return due._replace(validity=due.validity + held if held < _LONGEST_VALIDITY else None)


_ON_ITS_WAY = timedelta(minutes=1)
_LONGEST_VALIDITY = timedelta(days=7)  # of Intelecom, which holds for longer (wire/puzzel.md)


class Batch(NamedTuple):
    """The messages of one request to the gateway; kept by column, for a mailing has very many."""

    reference: str  # A-Z a-z 0-9 - _ . only; the handle for stopping it
    letter: Letter
    references: Sequence[str]  # of each message
    numbers: Sequence[str]  # of each, in the same order
    bodies: Sequence[str] = ()  # the text of each, in the same order; empty: the letter's for all

    @property
    def messages(self) -> Sequence[Outgoing]:
        """Each message, for who takes one after the other."""
        return [*starmap(Outgoing, zip(self.references, self.numbers, strict=True))]

    @property
    def texts(self) -> Iterable[str]:
        """The text of each message."""
        return self.bodies or repeat(self.letter.text.body, len(self.references))

    def digest(self, account: str) -> str:
        """Return the hash by which it is known again when rebuilt, for the account that has seen it."""
        import hashlib

        found = hashlib.sha256(f"{account}\n{self.letter.text.body}".encode())
        listed = map(" ".join, zip(self.references, self.numbers, strict=True))
        found.update("\n".join(["", *listed]).encode())
        # With its length, so that none can end where another begins.
        pieces = zip(repeat("\n"), map(str, map(len, self.bodies)), repeat(" "), self.bodies)
        found.update("".join(chain.from_iterable(pieces)).encode())
        return found.hexdigest()


class Receipt(NamedTuple):
    """What is known of one message after its batch was submitted.

    `status` is PENDING only where it is proved that the gateway did not take the message. `code` is the
    gateway's own code as text, which is foreign text, `text` its words or a remark of ours. `gateway_id` is
    the gateway's name for the message, where it gave one.
    """

    reference: str
    status: Status
    gateway_id: str | None = None
    code: str | None = None
    text: Words | None = None


class AllAccepted(Sequence[Receipt]):
    """The receipts of messages that were all simply accepted, as nearly always; made when looked at."""

    __slots__ = ("code", "gateway_ids", "references")

    def __init__(self, references: Sequence[str], gateway_ids: Sequence[str], code: str) -> None:
        """Keep the columns; all have got the same code."""
        self.references, self.gateway_ids, self.code = references, gateway_ids, code

    def __len__(self) -> int:
        """Return how many they are."""
        return len(self.references)

    @overload
    def __getitem__(self, at: int) -> Receipt: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Receipt]: ...
    def __getitem__(self, at: int | slice) -> Receipt | Sequence[Receipt]:
        """Return one of them, or some."""
        if isinstance(at, slice):
            return AllAccepted(self.references[at], self.gateway_ids[at], self.code)
        reference, gateway_id = self.references[at], self.gateway_ids[at]
        return Receipt(reference, Status.ACCEPTED, gateway_id=gateway_id, code=self.code)


class Alike(NamedTuple):
    """Messages of which the same was said, and the gateway's name for each."""

    status: Status
    code: str | None
    text: Words | None
    messages: Sequence[int]
    gateway_ids: Sequence[str | None]


def alike(messages: Sequence[int], receipts: Sequence[Receipt]) -> list[Alike]:
    """Return messages and their receipts, in the same order, by what was said."""
    if isinstance(receipts, AllAccepted):
        return [Alike(Status.ACCEPTED, receipts.code, None, messages, receipts.gateway_ids)]
    found: dict[tuple[Status, str | None, Words | None], tuple[list[int], list[str | None]]] = {}
    for message, (_, status, gateway_id, code, text) in zip(messages, receipts, strict=True):
        together, gateway_ids = found.setdefault((status, code, text), ([], []))
        together.append(message)
        gateway_ids.append(gateway_id)
    return [Alike(*said, *columns) for said, columns in found.items()]


def statuses(receipts: Sequence[Receipt]) -> list[Status]:
    """Return the state of each message."""
    if isinstance(receipts, AllAccepted):
        return [Status.ACCEPTED] * len(receipts)
    return [one.status for one in receipts]


def references(receipts: Sequence[Receipt]) -> Sequence[str]:
    """Return the reference of each message."""
    return receipts.references if isinstance(receipts, AllAccepted) else [one.reference for one in receipts]


class SubmitVerdict(StrEnum):
    """What one submit tells the run as a whole (what-an-answer-proves.md)."""

    ANSWERED = "answered"  # every message has a clear answer
    UNCLEAR = "unclear"  # at least one message may or may not be accepted
    NOT_REACHED = "not-reached"  # no byte of the request left: try again later
    BUSY = "busy"  # the gateway asked us to wait (429); nothing was accepted
    REFUSED = "refused"  # login, service or request refused: stop the run
    STALE = "stale"  # the claim was too old before the first byte: give it back


class Answer(NamedTuple):
    """The outcome of one submit: one receipt per message, in the batch's order."""

    verdict: SubmitVerdict
    receipts: Sequence[Receipt]
    text: Words = ""  # the gateway's words, or what happened on the line
    retry_after_s: float | None = None
    mend: Sentence | None = None  # what lets the rest be sent, where it is not the account that is wrong


def same_for_all(
    batch: Batch, status: Status, verdict: SubmitVerdict, text: Words, retry_after_s: float | None = None
) -> Answer:
    """Return an answer that says the same of every message of the batch."""
    receipts = tuple(Receipt(reference, status) for reference in batch.references)
    return Answer(verdict=verdict, receipts=receipts, text=text, retry_after_s=retry_after_s)
