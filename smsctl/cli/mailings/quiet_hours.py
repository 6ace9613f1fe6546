"""The question in quiet hours: a person says when a mailing leaves, instead of being refused."""

from datetime import datetime
from typing import NamedTuple

from smsctl.cli import dialogue
from smsctl.cli.output.blocks import GAP, TextLine, Tone
from smsctl.cli.output.language import whole
from smsctl.cli.wiring import Wiring
from smsctl.domain.verdict import RuleVerdict
from smsctl.errors import NotConfirmedError, Sentence, say


class LeaveTime(NamedTuple):
    """When a mailing shall leave: at the end of the quiet hours, or as it was asked for, with a reason."""

    send_at: datetime | None = None
    reason: str | None = None


def ask(wiring: Wiring, verdict: RuleVerdict, ends: datetime | None) -> LeaveTime:
    """Ask when a mailing shall leave, that nothing refuses but the hour.

    `ends` is when it may leave, held by the gateway until then; None where nothing holds it. Raises
    NotConfirmedError where it shall not.
    """
    ways: list[tuple[Sentence, str]] = []
    if ends is not None:
        ways.append((say("Send it at {ends:%H:%M}; the gateway holds it until then.", ends=ends), "at"))
    ways += [(say("Send it in the quiet hours, with a reason."), "now"), (say("Do not send it."), "no")]
    output = wiring.output
    output.show([GAP, *(TextLine(whole(one.sentence), Tone.WARN) for one in verdict.refusals)])
    numbers = [str(n) for n in range(1, len(ways) + 1)]
    listed = [say("{n}  {way}", n=n, way=way) for n, (way, _) in zip(numbers, ways, strict=True)]
    output.show([TextLine(one, indent=2) for one in listed])
    answer = dialogue.ask_choice(output, say("Your choice"), numbers, default=numbers[-1])
    match ways[int(answer) - 1][1]:
        case "at":
            return LeaveTime(send_at=ends)
        case "now":
            reason = dialogue.ask_text(output, say("Why? It is written in the audit"))
            if reason:
                return LeaveTime(reason=reason)
    raise NotConfirmedError(say("Not confirmed; nothing was sent."))
