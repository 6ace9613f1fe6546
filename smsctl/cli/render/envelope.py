"""The JSON envelope: the same six keys for every command, in success and in failure. Never translated."""

from collections.abc import Sequence

from smsctl.cli.reply import Note
from smsctl.errors import ExitCode


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
            "messages": [{"code": note.code, "level": note.level, "text": str(note.text)} for note in notes],
        },
        ensure_ascii=False,
    )
