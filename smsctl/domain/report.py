"""A delivery report: what the gateway says later of one message, and which way states may move."""

from enum import StrEnum
from typing import NamedTuple

from smsctl.domain.message import FINAL, Status


class Cause(StrEnum):
    """Why a message did not arrive, told apart by what to do about it."""

    BAD_NUMBER = "bad-number"  # permanent: correct it in the register
    BARRED = "barred"  # permanent: barred, or no longer in use
    UNREACHABLE = "unreachable"  # temporary: the phone
    EXPIRED = "expired"  # temporary: the phone was not reached in time
    NETWORK = "network"  # temporary: the operator or the gateway
    PREMIUM = "premium"  # of paid messages, which smsctl never sends
    CONFIGURATION = "configuration"  # the account or the service must be mended
    REFUSED = "refused"  # said no without a reason
    UNTOLD = "untold"  # the report does not say what became of the message


PERMANENT = frozenset({Cause.BAD_NUMBER, Cause.BARRED})
"""The causes that will not go away by themselves: the number is dead."""


class CodeMeaning(NamedTuple):
    """What one code of a gateway means. `status` is ACCEPTED where the code tells no outcome."""

    status: Status
    cause: Cause | None = None


class Report(NamedTuple):
    """One delivery report. Texts are foreign, and empty where nothing was told."""

    gateway: str
    told: CodeMeaning
    code: str  # the gateway's own
    reference: str = ""  # ours, where the gateway gives it back
    gateway_id: str = ""  # the gateway's name for the message
    number: str = ""  # E.164
    text: str = ""
    told_at: str = ""  # the operator's clock, as written


def next_state(before: Status, reported: Status) -> Status | None:
    """Return the state that a report moves a message to; None: it stays where it is.

    States only move forward, and a final state is final. A message on the wire waits for the answer to
    its own request first.
    """
    if before in FINAL or before is Status.SENDING or before is reported:
        return None
    return reported
