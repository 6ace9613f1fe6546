"""A send command made fit for a machine: read by its own parser, with what cron needs added to it."""

import re
import stat
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple

import typer

from smsctl.actions.keyed_run import expand
from smsctl.actions.may_send import must_be_outside_quiet_hours
from smsctl.cli import flags
from smsctl.cli.commands import send
from smsctl.cli.slot import Slot
from smsctl.cli.wiring import Wiring
from smsctl.errors import InputError, UsageError, say

_PLACES = re.compile(r"\{(date|week|month|hour)\}")
_FLAGS = {"everyone": "--all"}  # where the flag is not called as its parameter


class Order(NamedTuple):
    """What is to be started in each slot."""

    name: str  # of the unit or task
    key: str
    words: tuple[str, ...]  # the program first; every path is absolute


def order_of(wiring: Wiring, words: Sequence[str], slot: Slot, name: str | None) -> Order:
    """Return the command for the slot.

    Raises UsageError where it could not be started without a person, RuleError where it would be refused.
    """
    asked, rest = flags.take(words)
    values = _read(rest)
    text = _text_file(values)
    _must_be_allowed(wiring, values)
    if not values["urgent"]:
        must_be_outside_quiet_hours(wiring.settings, slot.at)
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
    subject = _subject(values, text)
    values |= {"yes": True, "key": _key(values["key"] or subject, slot)}
    _must_be_new_in_each(slot, values["key"], wiring.clock.local())
    if values["recipients"]:
        values["recipients"] = Path(values["recipients"]).absolute()
    simulate = ["--simulate"] if asked.simulate or wiring.flags.simulate else []
    config = ["--config", str(wiring.settings.path), "--quiet"]
    command = (*program(), *config, *simulate, "send", *_typed(values), str(text))
    return Order(name=name or subject, key=values["key"], words=command)


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
            hint=say("Write it after two dashes: smsctl schedule --at 07:30 -- send --group guardians FILE"),
        )
    values: dict[str, Any] = {}

    @wraps(send.run)
    def keep(**given: Any) -> None:  # noqa: ANN401 - whatever the flags of `send` are
        values.update(given)

    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command("send")(keep)
    app(args=list(words[1:]), prog_name="smsctl send", standalone_mode=False)
    if not values:
        raise UsageError(say("Only a whole `send` command can be scheduled."))
    del values["ctx"]
    return values


def _text_file(values: dict[str, Any]) -> Path:
    path = Path(values.pop("file"))
    if str(path) == "-":
        raise UsageError(say("A slot has no standard input; write the text in a file."))
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except FileNotFoundError:
        raise InputError(say("{path} does not exist.", path=path)) from None
    except OSError as error:
        raise InputError(say("{path} cannot be read: {reason}.", path=path, reason=error.strerror)) from None
    if is_folder:
        raise InputError(say("{path} is a folder, not a file.", path=path))
    return path.absolute()


def _must_be_allowed(wiring: Wiring, values: Mapping[str, Any]) -> None:
    wiring.settings.municipality(values["municipality"])
    chosen = (values["group"], values["where"], values["everyone"])
    if not any(chosen):
        raise UsageError(
            say("Nobody is chosen."), hint=say("Choose with --group NAME, --where COLUMN=VALUE, or --all.")
        )
    if (values["urgent"] or values["again"]) and not values["reason"]:
        raise UsageError(
            say("--urgent and --again need a reason, for the audit."),
            hint=say("Add after `send`: --reason TEXT"),
        )


def _subject(values: Mapping[str, Any], text: Path) -> str:
    """Return a name for the mailing: who pays where that was said, who gets it, and the text's file."""
    whom = values["group"] or (
        [one.partition("=")[2] for one in values["where"]] if values["where"] else ["all"]
    )
    pieces = [values["municipality"] or "", *whom, text.stem]
    return (
        re.sub(r"[^\w.]+", "-", "-".join(filter(None, pieces)), flags=re.ASCII).strip("-").lower()
        or "mailing"
    )


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
