"""The text of a mailing: where it comes from, what was changed in it, and what is found in it."""

from typing import NamedTuple

from smsctl.cli.files import decoded, read_bytes
from smsctl.cli.mailings.request import SendFlags
from smsctl.cli.output.blocks import Block, TextLine, Tone
from smsctl.cli.wiring import Wiring
from smsctl.decoding import decode, taken_for_windows
from smsctl.domain.cheaper import same_text
from smsctl.domain.file_kinds import kind_of_bytes
from smsctl.domain.text import MessageText, PartProfile, as_written, measure, replace_typographic
from smsctl.domain.text_check import TextFinding, unasked_encoding
from smsctl.errors import InputError, UsageError, say, say_n


class RawText(NamedTuple):
    """What stands in a file or on the command line, and what is found in its bytes."""

    text: str
    findings: tuple[TextFinding, ...] = ()


class CheckedText(NamedTuple):
    """The text as it would be sent, and what is to be told of it."""

    text: MessageText
    same: tuple[str, ...]  # the bodies under which it may have been sent before
    findings: tuple[TextFinding, ...]
    changes: list[Block]


def must_be_one(flags: SendFlags) -> None:
    """Raise UsageError unless the text comes from one place, and from one that leaves room for a question."""
    if (flags.file is None) == (flags.words is None):
        raise UsageError(
            say("Name the FILE with the text, or give the text with --text: one of them."),
            hint=say('smsctl send --group guardians message.txt, or: --text "Hej!"'),
        )
    if flags.file == "-" and not (flags.yes or flags.dry_run):
        raise UsageError(
            say("With the text on standard input nothing can be asked."),
            hint=say("Add --yes, or --dry-run."),
        )


def read(wiring: Wiring, flags: SendFlags) -> RawText:
    """Return what stands in the file or on the command line. Raises InputError for what is no text at all.

    A file in another encoding than it would be taken for is read in that where a person sees the text
    before it is sent; else it must be named.
    """
    if flags.words is not None:
        return RawText(text=flags.words)
    data, source = read_bytes(flags.file or "-")
    if flags.encoding is None:
        kind = kind_of_bytes(data)
        if kind:
            raise InputError(
                say("{source} is {kind}, not a text.", source=source, kind=kind),
                hint=say("Save the text alone, as plain text (UTF-8)."),
            )
        remain = taken_for_windows(data)
        if remain:
            finding, encoding = unasked_encoding(source, remain), remain.mistake.written
            if not wiring.output.interactive:
                hint = say("Have it read so with: --encoding {encoding}", encoding=encoding)
                raise InputError(finding.sentence, hint=hint)
            return RawText(text=decode(data, encoding, source=source).text, findings=(finding,))
    return RawText(text=decoded(wiring.output, data, source, flags.encoding))


def given(raw: RawText, flags: SendFlags, profile: PartProfile) -> CheckedText:
    """Return the text as it would be sent. Raises InputError for what must not reach a phone."""
    text = MessageText.read(raw.text)
    changes = _cut(as_written(raw.text), text)
    if flags.replace_typographic:
        text, replaced = _plain(text, profile)
        changes += replaced
    return CheckedText(
        text=text,
        same=same_text(raw.text, profile),
        findings=raw.findings,
        changes=changes,
    )


def _cut(written: str, text: MessageText) -> list[Block]:
    """Tell what was cut at the end: nobody would see it, and it would be paid for."""
    n = len(written) - len(text.body)
    if not n:
        return []
    told = say_n(
        "{n} blank character at the end was cut.",
        "{n} blank characters (spaces and line breaks) at the end were cut.",
        n=n,
    )
    return [TextLine(told, Tone.GOOD)]


def _plain(text: MessageText, profile: PartProfile) -> tuple[MessageText, list[Block]]:
    """Write typographic characters plainly, and show each one."""
    body, changes = replace_typographic(text.body)
    before, after = (measure(one, profile).parts for one in (text.body, body))
    shown: list[Block] = [
        TextLine(
            say(
                "Line {line}, column {column}: {old} becomes {new}",
                line=one.line,
                column=one.column,
                old=one.char,
                new=one.replacement or say("nothing"),
            )
        )
        for one in changes
    ]
    if changes:
        shown.append(
            TextLine(say("Parts each: {before} before, {after} now.", before=before, after=after), Tone.GOOD)
        )
    return MessageText.read(body), shown
