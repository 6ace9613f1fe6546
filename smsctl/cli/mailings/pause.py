"""The pause of school holidays: cron's run ends well without sending, and a person is asked."""

from smsctl.actions import ending
from smsctl.actions.begin import record_pause
from smsctl.actions.may_send import pause_at
from smsctl.cli.mailings.request import SendFlags
from smsctl.cli.output.blocks import TextLine, Tone
from smsctl.cli.output.reply import CommandResult, Note
from smsctl.cli.typed_times import read_time
from smsctl.cli.wiring import Wiring
from smsctl.domain.mailing import Mailing
from smsctl.domain.verdict import RuleVerdict
from smsctl.errors import Sentence, say
from smsctl.ledger import mailings


def before_all(wiring: Wiring, flags: SendFlags, key: str | None) -> CommandResult | None:
    """Return how a run without a person ends in a pause; None where it is none, or somebody decides.

    Nothing of the mailing is read before: in the holidays the recipients file may be gone.
    """
    is_lenient = wiring.simulated and not flags.strict
    if wiring.output.interactive or is_lenient or flags.dry_run or flags.urgent:
        return None
    now = wiring.clock.local()
    leaves = (read_time(flags.at, now) if flags.at else now).astimezone(now.tzinfo)
    found = pause_at(wiring.settings, leaves)
    if found is None:
        return None
    begun = mailings.of_key(wiring.ledger, key) if key else None
    municipality = wiring.municipality(flags.municipality)[1].key
    return told(wiring, found.sentence, key, begun, municipality)


def told(
    wiring: Wiring, pause: Sentence, key: str | None, begun: Mailing | None, municipality: str = ""
) -> CommandResult:
    """Write down that nothing is sent for a pause, and return what is told: well, but for what is unsettled.

    `begun` is the mailing that would be gone on with.
    """
    payer = begun.municipality.key if begun else municipality
    record_pause(pause, key, payer, wiring.ledger, wiring.clock.now(), wiring.actor)
    sentence = say("{why} Nothing was sent.", why=pause)
    reply = CommandResult(
        data={"paused": True, "mailing": begun.id if begun else None},
        screen=[TextLine(sentence, Tone.WARN)],
        summary=sentence,
        said=[Note(code="pause", level="warning", text=sentence)],
        is_told_always=True,
    )
    if begun is None:
        return reply
    left = ending.left_unsettled(wiring.ledger, begun)
    return reply._replace(advice=left.sentences).but_for(left)


def asked(verdict: RuleVerdict, question: Sentence) -> Sentence:
    """Return the question to a person, which says that it is a pause."""
    if verdict.pause is None:
        return question
    return say("It is a pause. {question}", question=question)
