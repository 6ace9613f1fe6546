"""The JSON envelope: the same six keys for every command, in success and in failure. Never translated."""

from collections.abc import Sequence

from smsctl.cli.render import clauses
from smsctl.cli.reply import HINT, Note
from smsctl.errors import ExitCode, Sentence


def of(command: str, mode: str, data: object, notes: Sequence[Note], code: ExitCode) -> str:
    """Return the envelope as one line."""
    import json  # the screens need none

    return json.dumps(
        {
            "command": command,
            "mode": mode or None,
            "ok": code is ExitCode.OK,
            "exit_code": int(code),
            "data": data,
            "messages": [{"code": note.code, "level": note.level, "text": _told(note)} for note in notes],
        },
        ensure_ascii=False,
    )


def text(sentence: Sentence) -> str:
    """Return what JSON tells of it: a whole sentence, in English."""
    return clauses.whole(str(sentence), sentence.template)


def advice(sentence: Sentence) -> str:
    """Return what JSON tells of a hint; it may end in a command."""
    return clauses.opened(str(sentence), sentence.template)


def _told(note: Note) -> str:
    return (advice if note.code == HINT else text)(note.text)
