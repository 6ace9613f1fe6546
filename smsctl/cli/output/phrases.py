"""What several screens say in the same words."""

from smsctl.cli.output.blocks import Block, Quote, TextLine, Tone
from smsctl.cli.output.language import opened, whole
from smsctl.errors import Sentence, SmsctlError, say, say_n

NOTHING_LEAVES = say("Simulation: no SMS leaves this machine.")
NO_REPORT_YET = say("No delivery report has come in yet.")
FOR_REAL = say("Mode live: SMS are sent for real, and they cost.")


def mode(*, simulated: bool) -> TextLine:
    """Return the line that stands above what is about to be sent."""
    return TextLine(NOTHING_LEAVES if simulated else FOR_REAL, Tone.WARN)


def quoted(body: str) -> list[Block]:
    """Return the text as it will be read, line by line."""
    return [Quote(body)]


def mistake(error: SmsctlError, tone: Tone = Tone.BAD) -> list[Block]:
    """Return what is wrong, each detail below it, and at the end, from the margin again, what mends it."""
    hint: list[Block] = [TextLine(opened(error.hint), whole=_has_command(error.hint))] if error.hint else []
    details = [TextLine(whole(one), indent=2, whole=_has_command(one)) for one in error.problems]
    return [TextLine(whole(error.sentence), tone), *details, *hint]


def _has_command(sentence: Sentence) -> bool:
    """Say whether a whole command stands in it, which is copied and must not be folded."""
    return "command" in sentence.values or any(
        isinstance(value, Sentence) and _has_command(value) for value in sentence.values.values()
    )


def taken_twice(messages: int) -> Sentence:
    """Say that a person's word, that they were not sent, was wrong after they had been sent once more."""
    return say_n(
        "The gateway took {n} message twice that had been resolved as not sent: both count.",
        "The gateway took {n} messages twice that had been resolved as not sent: both count.",
        n=messages,
    )


def written(path: object) -> TextLine:
    """Say that a file was written."""
    return TextLine(say("Written to {path}.", path=path), Tone.GOOD)


def only_newest(shown: int, *, more: bool) -> list[Block]:
    """Say that a list holds the newest rows only, and how to have others."""
    told = say("Only the newest {n}; earlier ones with: --most N, all with: --csv FILE", n=shown)
    return [TextLine(told)] if more else []


def and_more(rows: int, shown: int, flag: str) -> list[Block]:
    """Say how many rows a list leaves out, and the flag by which a file holds them all."""
    more = rows - shown
    return [TextLine(say("And {n} more; all with: {flag} FILE", n=more, flag=flag))] if more > 0 else []
