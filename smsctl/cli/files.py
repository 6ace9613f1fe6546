"""Text files as people write them."""

import sys
from pathlib import Path

from smsctl.cli.output.output import Output
from smsctl.decoding import decode
from smsctl.errors import InputError, Sentence, say
from smsctl.opening import open_file

_LARGEST_TEXT = 64 * 1024  # bytes; the longest SMS is far below


def read_text_file(output: Output, file: str) -> str:
    """Return what stands in the file, or on standard input for `-`; the assumed encoding is told."""
    data, source = read_bytes(file)
    return decoded(output, data, source)


def read_bytes(file: str) -> tuple[bytes, Sentence | str]:
    """Return the bytes of a text file, or of standard input for `-`, and what it is called in sentences."""
    if file == "-":
        data = sys.stdin.buffer.read(_LARGEST_TEXT + 1)
    else:
        with open_file(Path(file)) as stream:
            data = stream.read(_LARGEST_TEXT + 1)
    source = say("standard input") if file == "-" else file
    if len(data) > _LARGEST_TEXT:
        raise InputError(say("{source} is too large for a text message.", source=source))
    return data, source


def decoded(output: Output, data: bytes, source: Sentence | str, encoding: str | None = None) -> str:
    """Return the text of the bytes; where the encoding is a guess, that is told."""
    found = decode(data, encoding, source=source)
    if found.notice:
        output.warn(found.notice)
    return found.text
