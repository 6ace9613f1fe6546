"""The questions before a mailing leaves: when, in quiet hours; and whether it shall at all."""

from datetime import datetime
from typing import NamedTuple

from smsctl.actions.may_send import Circumstances
from smsctl.actions.quiet_hours import quiet_until
from smsctl.cli import dialogue
from smsctl.cli.mailings import pause
from smsctl.cli.output.blocks import GAP, TextLine, Tone
from smsctl.cli.output.language import whole
from smsctl.cli.wiring import Wiring
from smsctl.domain.gateway import Traits
from smsctl.domain.verdict import RuleVerdict
from smsctl.errors import NotConfirmedError, Sentence, say


class LeaveTime(NamedTuple):
    """When a mailing shall leave: at the end of the quiet hours, or as it was asked for, with a reason."""

    send_at: datetime | None = None
    reason: str | None = None


def ask_when(
    wiring: Wiring, verdict: RuleVerdict, traits: Traits, under: Circumstances, at: datetime
) -> LeaveTime:
    """Ask when a mailing shall leave, that nothing refuses but the hour: it would have left at that time.

    Until the quiet hours end the gateway holds it, where it does so. Raises NotConfirmedError where it shall
    not leave.
    """
    ways, ends = list[tuple[Sentence, str]](), quiet_until(under.settings, at)
    if traits.schedule_ahead is not None:
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
    raise NotConfirmedError(_OTHERWISE)


def confirmed(
    wiring: Wiring, verdict: RuleVerdict, question: Sentence, messages: int, *, may_be_cheaper: bool = False
) -> bool:
    """Ask whether so many messages shall leave; say whether the cheaper text was chosen.

    Raises NotConfirmedError where they shall not.
    """
    output, asked = wiring.output, pause.asked(verdict, question)
    output.show([GAP])
    if messages > wiring.settings.confirm_count_above:
        return dialogue.confirm_count(
            output, asked, messages, otherwise=_OTHERWISE, may_be_cheaper=may_be_cheaper
        )
    return dialogue.confirm(output, asked, otherwise=_OTHERWISE, may_be_cheaper=may_be_cheaper)


_OTHERWISE = say("Not confirmed; nothing was sent.")
