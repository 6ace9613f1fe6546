"""A second person's yes to a large mailing (attest): who is asked, until when, and what came of it."""

from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from smsctl.domain.rules import Refusal, Rule
from smsctl.errors import Sentence, say


class ApprovalDecision(StrEnum):
    """What was decided."""

    APPROVED = "approved"
    CANCELLED = "cancelled"
    EXPIRED = "expired"  # nobody has decided in time


class ApprovalTerms(NamedTuple):
    """What the config says of a municipality's mailings when one is begun."""

    above: int  # messages; more need a second person
    expires: timedelta
    new_packages: int = 0  # that the plan opens
    at_once: bool = False  # it is urgent, and approved afterwards
    slot: str | None = None  # what the slots of its key have in common, as a hash; None: it has no others


EVERY_TIME_DIFFERS_PERCENT = 20
"""By so much a later slot may have more or fewer messages than the mailing approved for every time."""


def to_be_asked(above: int, counted: int, beyond: "Approval | None" = None) -> Refusal:
    """Return what is told of a mailing that will wait for a second person; `counted` are its messages.

    `beyond` is the yes for every time that its slots have, and that is for other figures than these.
    """
    values = {"counted": counted, "above": above}
    sentence = say(
        "{counted} messages with this text: more than {above} wait for the approval of a second person.",
        **values,
    )
    if beyond:
        sentence = say(
            "{counted} messages with this text: more than {above} wait for the approval of a second person."
            " The yes for every time, to mailing {id}, was for {before} messages (at most {percent} % more or"
            " fewer) and at most {packages} new packages, and it is not for what {user} sends.",
            id=beyond.mailing,
            before=beyond.counted,
            percent=EVERY_TIME_DIFFERS_PERCENT,
            packages=beyond.new_packages,
            user=beyond.decided_by,
            **values,
        )
    return Refusal(rule=Rule.APPROVAL, sentence=sentence)


def still_waits(mailing: int) -> Refusal:
    """Return the refusal of a mailing that was begun and is not approved."""
    return Refusal(
        rule=Rule.APPROVAL,
        sentence=say("Mailing {id} waits for the approval of a second person.", id=mailing),
        hint=how_to_approve(mailing),
    )


def how_to_approve(mailing: int) -> Sentence:
    """Say what a second person types."""
    return say("A second person approves it with: smsctl mailings approve {id}", id=mailing)


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
    slot: str | None = None
    holds_until: str | None = None  # the yes is for the later slots too
    by_yes_of: int | None = None  # the mailing whose yes for every time this one has

    @property
    def holds(self) -> bool:
        """Whether nothing of the mailing may leave."""
        return not (self.at_once or self.is_approved)

    @property
    def waits(self) -> bool:
        """Whether the mailing leaves as soon as somebody says yes."""
        return self.holds and self.is_open

    @property
    def is_approved(self) -> bool:
        """Whether a second person has said yes."""
        return self.decision is ApprovalDecision.APPROVED

    @property
    def is_open(self) -> bool:
        """Whether somebody is still asked."""
        return self.decision is None

    @property
    def messages_every_time(self) -> range:
        """How many messages a later slot may have."""
        differ = self.counted * EVERY_TIME_DIFFERS_PERCENT // 100
        return range(self.counted - differ, self.counted + differ + 1)

    def most_new_packages(self, most: int | None) -> int | None:
        """Return how many packages may be opened, of `most` or of any: no more than were approved."""
        if self.at_once:
            return most
        return self.new_packages if most is None else min(most, self.new_packages)
