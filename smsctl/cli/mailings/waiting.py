"""What is told of a mailing that a second person must approve: while it waits, and when it left before."""

from collections.abc import Mapping

from smsctl.cli.output import figures
from smsctl.cli.output.blocks import Block, TextLine, Tone
from smsctl.cli.output.reply import CommandResult, Note, hint
from smsctl.cli.wiring import Wiring
from smsctl.domain.approval import Approval, ApprovalDecision
from smsctl.domain.mailing import Mailing
from smsctl.errors import ExitCode, Sentence, say


def data(asked: Approval | None) -> dict[str, object] | None:
    """Return an approval for the envelope."""
    if asked is None:
        return None
    return {
        "asked_by": asked.asked_by,
        "asked_at": asked.asked_at,
        "counted": asked.counted,
        "above": asked.above,
        "expires_at": asked.expires_at,
        "at_once": asked.at_once,
        "decision": asked.decision,
        "decided_by": asked.decided_by,
        "decided_at": asked.decided_at,
    }


def told(wiring: Wiring, mailing: Mailing, asked: Approval, plan: Mapping[str, object]) -> CommandResult:
    """Return the reply of a command that made a mailing which waits: it did not leave, so exit code 5."""
    sentence = waits_until(asked, wiring.settings.time_zone)
    mend = how_to_approve(asked)
    return CommandResult(
        data={
            **plan,
            "mailing": mailing.id,
            "outcome": {"pending": mailing.messages},
            "approval": data(asked),
        },
        screen=[TextLine(sentence, Tone.WARN), TextLine(mend)],
        summary=sentence,
        said=[Note(code="approval", level="error", text=sentence), hint(mend)],
        advice=[mend],
        exit_code=ExitCode.REFUSED,
    )


def waits_until(asked: Approval, zone: str) -> Sentence:
    """Say that a mailing waits, and how long it may."""
    return say(
        "Mailing {id} is not sent: it waits until {at} for the approval of a second person.",
        id=asked.mailing,
        at=figures.local(asked.expires_at, zone),
    )


def blocks(asked: Approval | None, zone: str) -> list[Block]:
    """Return what the story of a mailing has of a second person."""
    if asked is None:
        return []
    if asked.decided_by and asked.decided_at and asked.decision is ApprovalDecision.APPROVED:
        at = figures.local(asked.decided_at, zone)
        who = {"user": asked.decided_by, "asker": asked.asked_by}
        return [TextLine(say("Approved by {user}, {at}; asked for by {asker}.", at=at, **who))]
    if asked.is_open and not asked.at_once:
        return [TextLine(waits_until(asked, zone), Tone.WARN)]
    return []


def how_to_approve(asked: Approval) -> Sentence:
    """Say what a second person types."""
    return say("A second person approves it with: smsctl mailings approve {id}", id=asked.mailing)


def to_be_approved_afterwards(mailing: int) -> Sentence:
    """Say that a mailing left before a second person has approved it."""
    return say(
        "Mailing {id} left without a second person, being urgent; one approves it now with: smsctl mailings"
        " approve {id} --afterwards",
        id=mailing,
    )
