"""The text of a mailing: where it comes from, what was changed in it, and what is found in it."""

from collections.abc import Sequence
from typing import NamedTuple

from smsctl.cli.mailings.request import SendFlags
from smsctl.cli.options import without_value
from smsctl.cli.output.blocks import Block, TextLine, Tone
from smsctl.cli.text_files import RawText, RawVariant, come_by_standard_input, read_file
from smsctl.cli.wiring import Wiring
from smsctl.domain.cheaper import same_text
from smsctl.domain.fields import Template, read_template
from smsctl.domain.text import MessageText, PartProfile, as_written, measure, replace_typographic
from smsctl.domain.text_check import TextFinding
from smsctl.domain.wording import Variant, Wording, plain_wording
from smsctl.errors import UsageError, say, say_n


class CheckedText(NamedTuple):
    """The text as it would be sent, and what is to be told of it."""

    text: MessageText
    wording: Wording | None  # of texts that differ from row to row; None: all get the text
    same: tuple[str, ...]  # the bodies under which it may have been sent before
    findings: tuple[TextFinding, ...]
    changes: list[Block]


def must_be_one(flags: SendFlags) -> None:
    """Raise UsageError unless the text comes from one place, and from one that leaves room for a question."""
    if flags.file is not None and not flags.file.strip():
        raise without_value("FILE")
    if (flags.file is None) == (flags.words is None):
        raise UsageError(
            say("Name the FILE with the text, or give the text with --text: one of them."),
            hint=say('smsctl send --group guardians message.txt, or: --text "Hej!"'),
        )
    if come_by_standard_input(flags.file, flags.text_for) and not (flags.yes or flags.dry_run):
        raise UsageError(
            say("With the text on standard input nothing can be asked."), hint=say("Add --yes, or --dry-run.")
        )


def read(wiring: Wiring, flags: SendFlags) -> RawText:
    """Return what stands in the file or on the command line. Raises InputError for what is no text at all."""
    if flags.words is not None:
        return RawText(text=flags.words)
    return read_file(wiring, flags.file or "-", flags.encoding)


def given(
    raw: RawText, variants: Sequence[RawVariant], flags: SendFlags, profile: PartProfile
) -> CheckedText:
    """Return the text as it would be sent, or what it is filled in from.

    Raises InputError for what must not reach a phone, and for a field that cannot be read.
    """
    template, changes = _template(raw.text, flags, profile)
    further = []
    for one in variants:
        own, changed = _template(one.raw.text, flags, profile)
        changes += changed
        column, value, path = one.choice
        further.append(Variant(column=column, value=value, template=own, source=path))
    findings = (*raw.findings, *(finding for one in variants for finding in one.raw.findings))
    if not (template.fields or further):
        same = (template.body, *same_text(raw.text, profile))
        text = MessageText(body=template.literal)
        return CheckedText(text=text, wording=None, same=same, findings=findings, changes=changes)
    wording = Wording(
        template=template,
        variants=tuple(further),
        replace=flags.replace_typographic,
        one_per_number=flags.one_per_number,
    )
    text, plain = MessageText(body=wording.body), plain_wording(wording)
    same = (plain.body,) if plain else ()  # that may have been chosen under the same key
    return CheckedText(text=text, wording=wording, same=same, findings=findings, changes=changes)


def _template(raw: str, flags: SendFlags, profile: PartProfile) -> tuple[Template, list[Block]]:
    """Return a text taken apart, and what is told of it as it was written."""
    text = MessageText.read(raw)
    changes = _cut(as_written(raw), text)
    if flags.replace_typographic:
        text, replaced = _plain(text, profile)
        changes += replaced
    return read_template(text.body), changes


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
