"""The doctor's findings: one line each, with what mends it."""

from collections.abc import Sequence

from smsctl.actions.check import Finding, Level
from smsctl.cli.render.blocks import Block, Fact, Facts, Tone
from smsctl.errors import Sentence, say

_TONES = {Level.OK: Tone.GOOD, Level.WARNING: Tone.WARN, Level.ERROR: Tone.BAD, Level.SKIPPED: Tone.FAINT}
_LEVELS = {
    Level.OK: say("ok     "),
    Level.WARNING: say("warning"),
    Level.ERROR: say("error  "),
    Level.SKIPPED: say("skipped"),
}


def data(findings: Sequence[Finding]) -> dict[str, object]:
    """Return the findings for the envelope."""
    return {
        "checks": [
            {
                "check": one.check,
                "level": str(one.level),
                "text": str(one.text),
                "mend": None if one.mend is None else str(one.mend),
            }
            for one in findings
        ]
    }


def screen(findings: Sequence[Finding]) -> list[Block]:
    """Return one line for each finding."""
    return [Facts([Fact(_label(one), [_text(one)], _TONES[one.level]) for one in findings])]


def _label(one: Finding) -> Sentence:
    return say("{level}  {check}", level=_LEVELS[one.level], check=one.check)


def _text(one: Finding) -> Sentence:
    if one.mend is None or one.level is Level.OK:
        return one.text
    return say("{text} {mend}", text=one.text, mend=one.mend)
