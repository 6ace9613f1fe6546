"""What a gateway is to the rest of smsctl: a few traits, and one way to submit a batch."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from smsctl.domain.message import Answer, Batch
from smsctl.domain.text import PartProfile
from smsctl.errors import Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What the plan must know of a gateway before anything is sent."""

    name: str  # the config's module name
    title: str  # as a person knows it
    parts: PartProfile
    max_parts: int  # the longest text, in parts
    max_batch: int  # messages in one request, at most
    priority: bool = True
    sender: bool = True
    reports: bool = True
    cancelling: bool = False
    dedup_window: timedelta | None = None  # how long the gateway can refuse repeats, if it is set up to
    schedule_ahead: timedelta | None = None  # how far ahead; None: scheduling does not exist
    answers: bool = True  # False: a handed-over message is never heard of again (e-mail)


class Gateway(Protocol):
    """One way out of the machine. Made ready with its own options; knows no config, ledger or screen."""

    @property
    def traits(self) -> Traits:
        """What this gateway can do."""

    def submit(self, batch: Batch, *, not_after: float) -> Answer:
        """Hand over the batch in one request and say what is known of each message.

        `not_after` is on the monotonic clock: when it has passed before the first byte is sent, nothing
        is sent and the verdict is STALE. Network trouble is an answer, never an exception.
        """

    def probe(self) -> Sentence:
        """Log in without sending anything and say what the gateway answered.

        Raises GatewayRefusedError (login or service refused) or StoppedError (not reached).
        """

    def check(self, batch: Batch) -> list[Sentence]:
        """Return what is wrong with the batch's letter by this gateway's rules; empty when nothing is."""
