"""What a gateway pushes to us, and what we answer: the words between a listener and a gateway's parser."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from smsctl.domain.incoming import Incoming
from smsctl.domain.report import Report
from smsctl.errors import Sentence


class Push(NamedTuple):
    """One request of a gateway, with its whole body."""

    method: str
    query: str  # of the URL, still encoded
    content_type: str
    body: bytes

    @property
    def media_type(self) -> str:
        """The content type without its parameters, in lower case."""
        named = self.content_type.replace(";", " ").split()  # some write a charset without the semicolon
        return named[0].lower() if named else ""


class Acknowledgement(NamedTuple):
    """The body that tells the gateway that everything was taken; it goes out only after the commit."""

    content_type: str
    body: bytes


class PushBatch(NamedTuple):
    """What one push holds, and what to answer when it is stored."""

    reports: tuple[Report, ...] = ()
    incoming: tuple[Incoming, ...] = ()
    acknowledgement: Acknowledgement = Acknowledgement("text/plain; charset=utf-8", b"OK\n")
    unread: int = 0  # things beside these that are neither; the answer refuses them


class UnreadableError(Exception):
    """This is no push of that gateway."""

    def __init__(self, why: Sentence) -> None:
        """Keep why, a clause that never quotes the push."""
        super().__init__(str(why))
        self.why = why


ReadPush = Callable[[Push], PushBatch]
"""A gateway's parser. Raises UnreadableError, and nothing else."""

ENTRIES_OF_A_FILE = 5_000
"""So many are in one parcel."""


class Polled(NamedTuple):
    """One thing taken from a gateway's queue; it comes back unless its receipt is acknowledged."""

    push_batch: PushBatch
    receipt: str  # empty: it cannot be read, and what comes after it may be


class Queue(Protocol):
    """A gateway's queue of reports or of incoming SMS, from which we fetch (wire/pswincom.md, "Polling")."""

    def fetch(self, within_s: float) -> Polled | None:
        """Take the next thing, None when there is none.

        Raises GatewayRefusedError (login, or not our queue) or StoppedError (no clear answer in time).
        """

    def acknowledge(self, receipt: str, within_s: float) -> None:
        """Tell the gateway that the thing is stored. Raises as `fetch`."""
