"""Text files as people write them; and files written for people, readable by nobody else."""

import csv
import io
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from smsctl.cli.output.blocks import Text
from smsctl.cli.output.envelope import harmless
from smsctl.cli.output.language import words
from smsctl.cli.output.output import Output
from smsctl.decoding import decode
from smsctl.errors import InputError, OutputError, Sentence, say
from smsctl.host import named_files
from smsctl.opening import open_file

STANDARD_OUTPUT = Path("-")
_LARGEST_TEXT = 64 * 1024  # bytes; the longest SMS is far below
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0")


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


def write_csv(path: Path, header: Sequence[Text], rows: Iterable[Sequence[object]]) -> str | None:
    """Write a new file, mode 0600; return what is meant for standard output in its place (`-`).

    Sentences of ours, in a heading or a cell, are written in the reader's language.

    It is as Excel in Sweden reads it. Numbers are written without their plus, and other cells that a
    spreadsheet would run as a formula get an apostrophe (what-comes-from-outside.md, "Screens and lists").
    Raises InputError when it exists already or cannot be made, OutputError when its disk is full.
    """
    with io.StringIO(newline="") as page:
        writer = csv.writer(page, delimiter=";", lineterminator="\n" if path == STANDARD_OUTPUT else "\r\n")
        writer.writerow(map(words, header))
        writer.writerows([_harmless(cell) for cell in row] for row in rows)
        return _write(path, page.getvalue(), "utf-8-sig")


def write_json(path: Path, content: object) -> str | None:
    """Write a new JSON file, as `write_csv`."""
    import json  # of use to a few commands only

    return _write(path, harmless(json.dumps(content, ensure_ascii=False, indent=2)) + "\n")


def write_text(path: Path, text: str) -> str | None:
    """Write a new text file, as `write_csv`."""
    return _write(path, text)


def _write(path: Path, page: str, encoding: str = "utf-8") -> str | None:
    if path == STANDARD_OUTPUT:
        return page
    handle = _create(path)
    try:
        with os.fdopen(handle, "w", encoding=encoding, newline="") as file:
            file.write(page)
    except OSError as error:
        with suppress(OSError):  # half of it is worse than nothing
            path.unlink()
        raise OutputError(
            say("{path}: cannot be written: {reason}.", path=path, reason=error.strerror),
            hint=say("Name a place with room for it."),
        ) from None
    return None


def _create(path: Path) -> int:
    try:
        return named_files.create(path)
    except OSError as error:
        raise InputError(
            say("{path}: cannot be written: {reason}.", path=path, reason=error.strerror),
            hint=say("Name a file that does not exist yet."),
        ) from None


def _harmless(cell: object) -> object:
    if isinstance(cell, Sentence):
        cell = words(cell)
    if not isinstance(cell, str):
        return "" if cell is None else cell
    if cell.startswith("+") and cell[1:].isdecimal():
        return cell[1:]
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
