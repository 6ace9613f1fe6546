"""The JSON envelope: the same six keys for every command, in success and in failure. Never translated."""

import re
from collections.abc import Sequence

from smsctl.cli.output import clauses, language
from smsctl.cli.output.reply import HINT, Note
from smsctl.errors import ExitCode, Sentence

_STEERS = (
    "[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e0fff]"
)
"""Control and format characters, and halves of letters; those below a space json escapes itself."""


def of(command: str, mode: str, data: object, notes: Sequence[Note], code: ExitCode) -> str:
    """Return the envelope as one line."""
    import json  # the screens need none

    told = json.dumps(
        {
            "command": command,
            "mode": mode or None,
            "ok": code is ExitCode.OK,
            "exit_code": int(code),
            "data": data,
            "messages": [{"code": note.code, "level": note.level, "text": _told(note)} for note in notes],
        },
        ensure_ascii=False,
        default=dict,  # of a mapping that nobody may change
    )
    return harmless(told)


def harmless(document: str) -> str:
    """Return JSON in which what steers a screen or turns the order of letters is written as its number."""
    return re.sub(_STEERS, as_number, document)


def as_number(sign: re.Match[str]) -> str:
    """Return a character by its number, as JSON writes it."""
    units = sign[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def text(sentence: Sentence) -> str:
    """Return what JSON tells of it: a whole sentence, in English."""
    return clauses.whole(language.english(sentence), sentence.template)


def advice(sentence: Sentence) -> str:
    """Return what JSON tells of a hint; it may end in a command."""
    return clauses.opened(language.english(sentence), sentence.template)


def _told(note: Note) -> str:
    return (advice if note.code == HINT else text)(note.text)
