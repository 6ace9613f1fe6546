"""A send command made fit for a machine: read by its own parser, with what cron needs added to it."""

import re
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, time
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple

import typer

from smsctl.actions.draft import absolute
from smsctl.actions.keyed_run import expand
from smsctl.actions.quiet_hours import must_be_outside_quiet_hours
from smsctl.cli import app, contents, flags
from smsctl.cli.command_tree import with_context
from smsctl.cli.operations.slot_formats import Slot
from smsctl.cli.output.output import Output
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.text_files import come_by_standard_input
from smsctl.cli.typed_rows import absolute_choices, named_columns
from smsctl.cli.wiring import Wiring
from smsctl.errors import ExitCode, InputError, Sentence, SmsctlError, UsageError, say

_PLACES = re.compile(r"\{(date|week|month|hour)\}")
_NEVER = {ExitCode.USAGE: UsageError, ExitCode.INPUT: InputError}
_LONGEST_SLUG = 80
_DIGEST = 6
EXPECT_AFTER_H = 1
_FLAGS = {"everyone": "--all", "words": "--text"}  # where the flag is not called as its parameter


class ScheduledCommand(NamedTuple):
    """What is to be started in each slot, and what asks after it an hour later."""

    name: str  # of the unit or task
    key: str
    words: tuple[str, ...]  # the program first; every path is absolute
    expect: tuple[str, ...]  # the dead man's switch
    doubts: tuple[Sentence, ...]  # why it would be refused today, which may be otherwise in the slot


def order_of(wiring: Wiring, words: Sequence[str], slot: Slot, name: str | None) -> ScheduledCommand:
    """Return the command for the slot.

    Raises UsageError where it could not be started without a person, RuleError where it would be refused,
    InputError where what it needs is not there.
    """
    asked, rest = flags.take(words)
    values = _read(rest)
    text = _text_file(values)
    _must_give_reason(values)
    leaves = _leaves_at(values, slot)
    if not values["urgent"]:
        must_be_outside_quiet_hours(wiring.settings, leaves)
    _bound(wiring, values)
    if values["recipients"]:
        values["recipients"] = Path(values["recipients"]).absolute()
    simulate = ["--simulate"] if asked.simulate or wiring.flags.simulate else []
    common = ["--config", str(wiring.settings.path), *simulate]
    ready, doubts = _tried([*common, "send", *_typed(values), "--dry-run", *text])
    if ready and values["min_messages"] is None and not values["allow_empty"]:
        values["min_messages"] = max(1, ready // 2)
    stem = _stem(wiring, values, text, slot)
    values |= {"yes": True, "key": _key(values["key"] or stem, slot)}
    _must_be_new_in_each(slot, values["key"], wiring.clock.local())
    begin = (*program(), *common, "--quiet")
    return ScheduledCommand(
        name=name or stem,
        key=values["key"],
        words=(*begin, "send", *_typed(values), *text),
        expect=(*begin, "doctor", "--expect", values["key"], "--ago", f"{EXPECT_AFTER_H}h"),
        doubts=tuple(doubts),
    )


def program() -> tuple[str, ...]:
    """Return how smsctl is started from anywhere: its script beside the interpreter, or its module."""
    for script in ("smsctl", "smsctl.exe"):
        path = Path(sys.executable).with_name(script)
        if path.is_file():
            return (str(path),)
    return (sys.executable, "-m", "smsctl")


def _read(words: Sequence[str]) -> dict[str, Any]:
    """Return the parameters that `send` itself would be called with."""
    if not words or words[0] != "send":
        raise UsageError(
            say("Only `send` can be scheduled."),
            hint=say("Write it at the end: smsctl schedule --at 07:30 send --group guardians FILE"),
        )
    values: dict[str, Any] = {}

    @wraps(contents.load("send").run)
    def keep(_: object, **given: Any) -> None:  # noqa: ANN401 - whatever the flags of `send` are
        values.update(given)

    parser = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    parser.command("send")(with_context(keep))
    parser(args=list(words[1:]), prog_name="smsctl send", standalone_mode=False)
    if not values:
        raise UsageError(say("Only a whole `send` command can be scheduled."))
    return values


def _text_file(values: dict[str, Any]) -> list[str]:
    """Return the text's file as it is named in the command; none where the text stands there itself."""
    file = values.pop("file")
    choices = values["text_for"] or ()
    values["text_for"] = absolute_choices(choices) or None
    if come_by_standard_input(file, choices):
        raise UsageError(say("A slot has no standard input; write the text in a file."))
    if "\n" in (values["words"] or ""):
        raise UsageError(say("A text of several lines does not fit in one; write it in a file."))
    return [str(Path(file).absolute())] if file else []


def _leaves_at(values: Mapping[str, Any], slot: Slot) -> time:
    """Return when in each slot the mailing would leave. Raises UsageError where it never would, or once."""
    if values["dry_run"]:
        raise UsageError(
            say("With --dry-run nothing would ever be sent."),
            hint=say("Leave it out: the command is tried as a dry run here, and nothing is installed."),
        )
    if values["at"] is None:
        return slot.at
    try:
        return time.fromisoformat(values["at"].zfill(len("07:30")))
    except ValueError:
        raise UsageError(
            say("--at {at} after `send` comes once, and a slot comes again and again.", at=values["at"]),
            hint=say("Write a time of day there, as 07:30, or leave it out."),
        ) from None


def _must_give_reason(values: Mapping[str, Any]) -> None:
    if (values["urgent"] or values["again"]) and not values["reason"]:
        raise UsageError(
            say("--urgent and --again need a reason, for the audit."),
            hint=say("Add after `send`: --reason TEXT"),
        )


def _bound(wiring: Wiring, values: dict[str, Any]) -> None:
    """Write in the ceilings of the config. Raises UsageError where none is set."""
    limits = wiring.settings.limits
    if values["max_parts"] is None:
        values["max_parts"] = limits.max_parts_per_run
    if values["max_parts"] is None:
        raise UsageError(
            say("Without a person to look, a mailing needs a ceiling."),
            hint=say("Say what one mailing may cost at most, after `send`: --max-parts N"),
        )
    if values["max_new_packages"] is None:
        values["max_new_packages"] = limits.max_new_packages or 0
    fewest = max(1, values["min_messages"] or 0)
    if values["max_parts"] < fewest:  # each message takes a part
        sentence = say(
            "With --max-parts {most} nothing could ever be sent; it must be {fewest} or more.",
            most=values["max_parts"],
            fewest=fewest,
        )
        raise UsageError(sentence)


def _tried(argv: Sequence[str]) -> tuple[int, list[Sentence]]:
    """Try the command, as a dry run; return how many would get it, and why it would be refused today.

    Raises UsageError or InputError for what could never be sent: no such group, no such file.
    """
    asked, rest = flags.take(argv)
    output = Output("send", json=True, simulate=asked.simulate)
    output.leaves_no_trace = True
    try:
        with Wiring(asked, output) as tried:
            done = app.answer_to("send", rest, tried, alone=True)
    except SmsctlError as error:
        if never := _NEVER.get(error.exit_code):
            raise never(error.sentence, problems=error.problems, hint=error.hint) from None
        data, against = output.known, [error.sentence, *error.problems]
    else:
        ended = done if isinstance(done, CommandResult) else CommandResult()
        data, against = ended.data, [one.text for one in ended.said]
    recipients = data.get("recipients")
    ready = recipients.get("ready", 0) if isinstance(recipients, Mapping) else 0
    return ready, [say("Today it would be refused: {why}", why=why) for why in against]


def _stem(wiring: Wiring, values: Mapping[str, Any], text: Sequence[str], slot: Slot) -> str:
    """Return a name for the mailing, that no other one has: another file, sheet, column, audience or time.

    Who pays where that was said, who gets it, the text's file, the recipients file, its column of numbers
    and its sheet, the time of day; and a digest of all that and of the whole paths, for what is alike when
    shortened.
    """
    import hashlib

    configured = wiring.settings.municipality(values["municipality"])
    recipients = absolute(wiring.recipients_path(values["recipients"], configured))
    columns = {**wiring.settings.columns, **named_columns(values["column"] or ())}
    whom = values["group"] or [one.partition("=")[2] for one in values["where"] or ()] or ["all"]
    pieces = [
        values["municipality"] or "",
        *whom,
        *(Path(one).stem for one in text),
        Path(recipients).stem,
        *columns.get("number", ()),
        values["sheet"] or "",
    ]
    slug = re.sub(r"[^\w.]+", "-", "-".join(filter(None, pieces)), flags=re.ASCII).strip("-").lower()
    identity = (
        configured.key,
        values["group"],
        values["where"],
        values["where_empty"],
        text,
        values["words"],
        recipients,
        sorted(columns.items()),
        slot,
        *filter(None, [values["sheet"]]),
    )
    digest = hashlib.sha256(repr(identity).encode()).hexdigest()
    # Six digits after the time would read as a phone: hidden in each sentence, and told as personal data.
    digest = re.sub(rf"^[0-9]{{{_DIGEST},}}", "", digest)
    return f"{slug[:_LONGEST_SLUG] or 'mailing'}-{slot.at:%H%M}-{digest[:_DIGEST]}"


def _key(key: str, slot: Slot) -> str:
    return key if _PLACES.search(key) else f"{key}-{slot.place}"


def _must_be_new_in_each(slot: Slot, key: str, local_now: datetime) -> None:
    """Raise UsageError for a key that two slots share: in the second, nothing would be sent."""
    expand(key, local_now)
    before: dict[str, datetime] = {}
    for at in slot.within_a_year(local_now.date()):
        expanded = expand(key, at)
        if expanded in before:
            raise UsageError(
                say(
                    "--key {key} is the same on {first:%Y-%m-%d} and {second:%Y-%m-%d}: on the second day"
                    " nothing would be sent.",
                    key=key,
                    first=before[expanded],
                    second=at,
                ),
                hint=say("A key that fits is: --key {key}", key=_PLACES.sub(slot.place, key, count=1)),
            )
        before[expanded] = at


def _typed(values: Mapping[str, Any]) -> list[str]:
    """Return the flags as they would be typed, in the order of the command's help."""
    words: list[str] = []
    for name, value in values.items():
        flag = _FLAGS.get(name, f"--{name.replace('_', '-')}")
        if value is True:
            words.append(flag)
        elif isinstance(value, list):
            words += [word for one in value for word in (flag, str(one))]
        elif value is not None and value is not False:
            words += [flag, str(value)]
    return words
