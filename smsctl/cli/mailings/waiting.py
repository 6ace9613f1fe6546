"""What is told of a mailing that a second person must approve: while it waits, and when it left before."""

from collections.abc import Mapping

from smsctl.cli.output import figures
from smsctl.cli.output.blocks import Block, TextLine, Tone
from smsctl.cli.output.fields import facts_of
from smsctl.cli.output.reply import CommandResult, Note
from smsctl.cli.wiring import Wiring
from smsctl.domain.approval import Approval, ApprovalDecision, how_to_approve
from smsctl.domain.mailing import Mailing
from smsctl.errors import ExitCode, Sentence, say


def data(asked: Approval | None) -> dict[str, object] | None:
    """Return an approval for the envelope."""
    return asked and facts_of(asked, *_TOLD)


_TOLD = (
    *("asked_by", "asked_at", "counted", "above", "expires_at", "at_once"),
    *("decision", "decided_by", "decided_at", "holds_until", "by_yes_of"),
)


def told(wiring: Wiring, mailing: Mailing, asked: Approval, plan: Mapping[str, object]) -> CommandResult:
    """Return the reply of a command that made a mailing which waits: it did not leave, so exit code 5."""
    sentence = waits_until(asked, wiring.settings.time_zone)
    mend = how_to_approve(asked.mailing)
    return CommandResult(
        data={
            **plan,
            "mailing": mailing.id,
            "outcome": {"pending": mailing.messages},
            "approval": data(asked),
        },
        screen=[TextLine(sentence, Tone.WARN), TextLine(mend)],
        summary=sentence,
        said=[Note(code="approval", level="error", text=sentence)],
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
    if asked.decision is ApprovalDecision.EXPIRED:
        told = say("Nobody approved it in time; asked for by {asker}.", asker=asked.asked_by)
        return [TextLine(told, Tone.WARN)]
    if asked.decided_by and asked.decided_at and asked.decision is ApprovalDecision.APPROVED:
        return [TextLine(_approved(asked, zone)), *_every_time(asked, zone)]
    if asked.is_open and not asked.at_once:
        return [TextLine(waits_until(asked, zone), Tone.WARN)]
    return []


def _approved(asked: Approval, zone: str) -> Sentence:
    at = figures.local(asked.decided_at or "", zone)
    who = {"user": asked.decided_by, "asker": asked.asked_by}
    if asked.by_yes_of is None:
        return say("Approved by {user}, {at}; asked for by {asker}.", at=at, **who)
    return say(
        "Approved by {user} for every time, with mailing {yes}; asked for by {asker}.",
        yes=asked.by_yes_of,
        **who,
    )


def _every_time(asked: Approval, zone: str) -> list[Block]:
    if asked.holds_until is None:
        return []
    told = say(
        "For later slots of its key until {at}; they wait again after: smsctl mailings approve {id}"
        " --not-every-time",
        at=figures.local(asked.holds_until, zone),
        id=asked.mailing,
    )
    return [TextLine(told)]


def in_a_list(asked: Approval) -> Sentence | None:
    """Say what a list tells of a mailing beside its states; None: nothing that matters now."""
    if asked.decision is ApprovalDecision.EXPIRED:
        return say("not approved in time")
    if asked.is_open:
        return say("to be approved afterwards") if asked.at_once else say("not approved yet")
    return None


def to_be_approved_afterwards(mailing: int) -> Sentence:
    """Say that a mailing left before a second person has approved it."""
    return say(
        "Mailing {id} left without a second person, being urgent; one approves it now with: smsctl mailings"
        " approve {id} --afterwards",
        id=mailing,
    )
