"""A second person's yes to a large mailing (attest): who is asked, until when, and what came of it."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from smsctl.domain.rules import Refusal, Rule
from smsctl.errors import say


class ApprovalDecision(StrEnum):
    """What was decided."""

    APPROVED = "approved"
    CANCELLED = "cancelled"


class ApprovalTerms(NamedTuple):
    """What the config says of a municipality's mailings when one is begun."""

    above: int  # messages; more need a second person
    expires: timedelta
    new_packages: int = 0  # that the plan opens
    at_once: bool = False  # it is urgent, and approved afterwards


def to_be_asked(above: int, counted: int) -> Refusal:
    """Return what is told of a mailing that will wait for a second person; `counted` are its messages."""
    return Refusal(
        rule=Rule.APPROVAL,
        sentence=say(
            "{counted} messages with this text: more than {above} wait for the approval of a second person.",
            counted=counted,
            above=above,
        ),
    )


def still_waits(mailing: int) -> Refusal:
    """Return the refusal of a mailing that was begun and is not approved."""
    return Refusal(
        rule=Rule.APPROVAL,
        sentence=say("Mailing {id} waits for the approval of a second person.", id=mailing),
        hint=say("A second person approves it with: smsctl mailings approve {id}", id=mailing),
    )


class Approval(NamedTuple):
    """What is known of a mailing that needs a second person. Times are UTC, as the ledger keeps them."""

    mailing: int
    asked_at: str
    asked_by: str
    above: int
    counted: int
    new_packages: int
    expires_at: str
    at_once: bool
    decision: ApprovalDecision | None
    decided_at: str | None
    decided_by: str | None

    @property
    def holds(self) -> bool:
        """Whether nothing of the mailing may leave."""
        return not self.at_once and self.decision is not ApprovalDecision.APPROVED

    @property
    def is_open(self) -> bool:
        """Whether somebody is still asked."""
        return self.decision is None

    def has_expired(self, now: str) -> bool:
        """Whether it was to be decided before a ledger time."""
        return datetime.fromisoformat(self.expires_at) <= datetime.fromisoformat(now)
