"""The doctor's findings: one line each, with what mends it."""

import re
from collections.abc import Sequence

from smsctl.actions.check import Finding, Level
from smsctl.cli.output import envelope
from smsctl.cli.output.blocks import Block, Fact, FactList, TextLine, Tone
from smsctl.cli.output.language import opened, whole, words
from smsctl.cli.output.reply import Note, hint
from smsctl.errors import say

_TONES = {Level.OK: Tone.GOOD, Level.WARNING: Tone.WARN, Level.ERROR: Tone.BAD, Level.SKIPPED: Tone.FAINT}
_PRINTED = re.compile(r"  (?P<label>(?P<level>\w+) +[\w-]+) {2,}(?P<text>\S.*)")
_LEVELS = {
    Level.OK: say("ok     "),
    Level.WARNING: say("warning"),
    Level.ERROR: say("error  "),
    Level.SKIPPED: say("skipped"),
}


_NAMES = {
    "approval": say("approval"),
    "beside": say("beside"),
    "clock": say("clock"),
    "config": say("config"),
    "disk": say("disk"),
    "last-run": say("last-run"),
    "ledger": say("ledger"),
    "login": say("login"),
    "notify": say("notify"),
    "package": say("package"),
    "permissions": say("permissions"),
    "push": say("push"),
    "recipients": say("recipients"),
    "reports": say("reports"),
    "retention": say("retention"),
    "secret": say("secret"),
    "time-zone": say("time-zone"),
    "waiting": say("waiting"),
}
"""The checks in one word each, on a screen; the envelope has the keys."""


def data(findings: Sequence[Finding]) -> dict[str, object]:
    """Return the findings for the envelope."""
    return {
        "checks": [
            {
                "check": one.check,
                "level": str(one.level),
                "text": envelope.text(one.text),
                "mend": None if one.mend is None else envelope.advice(one.mend),
            }
            for one in findings
        ]
    }


def notes(findings: Sequence[Finding]) -> list[Note]:
    """Return what is not well, each with what mends it, for the envelope."""
    found: list[Note] = []
    for one in findings:
        if one.level in (Level.WARNING, Level.ERROR):
            found += [
                Note(code=one.check, level=str(one.level), text=one.text),
                *([hint(one.mend)] if one.mend else []),
            ]
    return found


def screen(findings: Sequence[Finding]) -> list[Block]:
    """Return one line for each finding."""
    facts: list[Fact] = []
    for one in findings:
        label = say("{level}  {check}", level=_LEVELS[one.level], check=_NAMES.get(one.check, one.check))
        facts.append(Fact(label, [_text(one)], _TONES[one.level]))
    return [FactList(facts)]


def as_told(lines: Sequence[str]) -> list[Block]:
    """Return the lines that another process printed of its findings, folded and coloured as our own are.

    A line that is none of a finding's stands for itself.
    """
    tones = {words(told).strip(): _TONES[level] for level, told in _LEVELS.items()}
    blocks: list[Block] = []
    for line in lines:
        found = _PRINTED.fullmatch(line)
        if found is None:
            blocks.append(TextLine(line))
            continue
        fact = Fact(found["label"], [found["text"]], tones.get(found["level"], Tone.PLAIN))
        if blocks and isinstance(blocks[-1], FactList):
            blocks[-1] = FactList([*blocks[-1].facts, fact])
        else:
            blocks.append(FactList([fact]))
    return blocks


def _text(finding: Finding) -> str:
    told = whole(finding.text)
    return told if finding.mend is None or finding.level is Level.OK else f"{told} {opened(finding.mend)}"
