"""The files that a text is read from: one for all, and those for the rows with a value in a column."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from smsctl.cli.output.output import Output
from smsctl.cli.typed_rows import TypedChoice, text_choices
from smsctl.cli.wiring import Wiring
from smsctl.decoding import decode, taken_for_windows
from smsctl.domain.fields import read_template
from smsctl.domain.file_kinds import kind_of_bytes
from smsctl.domain.text import MessageText
from smsctl.domain.text_check import TextFinding, unasked_encoding
from smsctl.domain.wording import Variant, Wording
from smsctl.errors import InputError, Sentence, UsageError, say
from smsctl.host import process
from smsctl.opening import open_file

STANDARD_INPUT = "-"
_LARGEST_TEXT = 64 * 1024  # bytes; the longest SMS is far below


def read_text_file(output: Output, file: str) -> str:
    """Return what stands in the file, or on standard input for `-`; the assumed encoding is told."""
    data, source = read_bytes(file)
    return decoded(output, data, source)


def read_bytes(file: str) -> tuple[bytes, Sentence | str]:
    """Return the bytes of a text file, or of standard input for `-`, and what it is called in sentences."""
    source: Sentence | str = file
    if file == STANDARD_INPUT:
        source = say("standard input")
        try:
            data = process.read_standard_input(_LARGEST_TEXT + 1)
        except OSError as error:
            why = error.strerror or str(error)
            raise InputError(say("{path} cannot be read: {reason}.", path=source, reason=why)) from None
    else:
        with open_file(Path(file)) as stream:
            data = stream.read(_LARGEST_TEXT + 1)
    if len(data) > _LARGEST_TEXT:
        raise InputError(say("{source} is too large for a text message.", source=source))
    return data, source


def come_by_standard_input(file: str | None, choices: Sequence[str]) -> bool:
    """Say whether the text of `file`, or one of `choices`, comes so. Raises UsageError where several do."""
    files = files_of(file, choices)
    if files.count(STANDARD_INPUT) > 1:
        raise UsageError(
            say("Standard input holds one text, and - names it twice."),
            hint=say("Write the other texts in files."),
        )
    return STANDARD_INPUT in files


def files_of(file: str | None, choices: Sequence[str]) -> list[str]:
    """Return what is named as the text's file, and for the rows with a value in a column; `-` too."""
    return [*filter(None, [file]), *(one.path for one in text_choices(choices))]


def decoded(output: Output, data: bytes, source: Sentence | str, encoding: str | None = None) -> str:
    """Return the text of the bytes; where the encoding is a guess, that is told."""
    found = decode(data, encoding, source=source)
    if found.notice:
        output.warn(found.notice)
    return found.text


class RawText(NamedTuple):
    """What stands in a file or on the command line, and what is found in its bytes."""

    text: str
    findings: tuple[TextFinding, ...] = ()


class RawVariant(NamedTuple):
    """A text that is for the rows with a value in a column, as it stands in its file."""

    choice: TypedChoice
    raw: RawText


def read_file(wiring: Wiring, path: str, encoding: str | None) -> RawText:
    """Return the text of a file. Raises InputError for what is no text at all.

    One in another encoding than it would be taken for is read in that where a person sees the text before it
    is sent; else it must be named.
    """
    data, source = read_bytes(path)
    if encoding is None:
        kind = kind_of_bytes(data)
        if kind:
            raise InputError(
                say("{source} is {kind}, not a text.", source=source, kind=kind),
                hint=say("Save the text alone, as plain text (UTF-8)."),
            )
        remain = taken_for_windows(data)
        if remain:
            finding, written = unasked_encoding(source, remain), remain.mistake.written
            if not wiring.output.interactive:
                hint = say("Have it read so with: --encoding {encoding}", encoding=written)
                raise InputError(finding.sentence, hint=hint)
            return RawText(text=decode(data, written, source=source).text, findings=(finding,))
    return RawText(text=decoded(wiring.output, data, source, encoding))


def read_choices(wiring: Wiring, texts: Sequence[str], encoding: str | None) -> list[RawVariant]:
    """Return the texts that a column of the recipients file chooses, as they stand in their files."""
    return [RawVariant(choice=one, raw=read_file(wiring, one.path, encoding)) for one in text_choices(texts)]


def read_wording(wiring: Wiring, path: str, choices: Sequence[str], encoding: str | None) -> Wording:
    """Return what the texts of rows are made of. Raises InputError for what is no text."""
    come_by_standard_input(path, choices)
    first = read_file(wiring, path, encoding)
    variants = [
        Variant(
            column=one.choice.column,
            value=one.choice.value,
            template=read_template(MessageText.read(one.raw.text).body),
            source=one.choice.path,
        )
        for one in read_choices(wiring, choices, encoding)
    ]
    template = read_template(MessageText.read(first.text).body)
    return Wording(template=template, variants=tuple(variants))
