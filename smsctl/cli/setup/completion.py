"""`smsctl completion SHELL`: what the Tab key needs, and what can come next on a command line.

Commands, flags, and the names of this site. Asked by the shell at each Tab, so it is quick, looks at a
bounded part of the files, and never fails. It is our own: Typer's knows neither the flags that work before
the command nor that only one command is loaded.
"""

import inspect
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, NamedTuple

from typer.models import OptionInfo

from smsctl.cli import app, contents, flags
from smsctl.cli.flags import Flags
from smsctl.cli.options import argument
from smsctl.cli.output.blocks import TextLine
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.config import read
from smsctl.config.keys import ANY, KEYS
from smsctl.config.rules import BUILT_IN
from smsctl.config.settings import Settings
from smsctl.domain.audience import GROUPS, groups_in
from smsctl.domain.columns import find_columns
from smsctl.domain.secret import SECRETS
from smsctl.errors import SmsctlError, UsageError, say

SHELLS = ("bash", "zsh", "fish")
_GLOBAL = ("--config", "--json", "--quiet", "--verbose", "--simulate", "--show-numbers", "--help")
_LARGEST_FILE = 5_000_000  # bytes; a larger one would be felt
_MOST_ROWS = 20_000


class _Parameter(NamedTuple):
    """One parameter of a command: its flag, or its place where it has none."""

    name: str
    flag: str | None
    takes_value: bool


def candidates(words: Sequence[str], config: Path | None, environ: Mapping[str, str]) -> list[str]:
    """Return what the last of the words typed after `smsctl` can become; nothing: the shell offers files.

    `config` is read where the words name none.
    """
    *before, current = words or [""]
    flag, equals, value = current.partition("=")
    if equals and flag.startswith("--"):
        return [f"{flag}={one}" for one in candidates([*before, flag, value], config, environ)]
    return _candidates([word for word in before if word != "="], current, config, environ)  # as bash cuts


def _candidates(
    before: Sequence[str], current: str, config: Path | None, environ: Mapping[str, str]
) -> list[str]:
    asked, rest = _without_flags(before)
    config = asked.config or config
    command = app.command_in(rest)
    if command == "schedule" and "--" in rest:  # from there on it is another command
        return _candidates(rest[rest.index("--") + 1 :], current, config, environ)
    previous = before[-1] if before else ""
    if previous == "--config":
        return []
    parameters = _parameters(command) if command else ()
    for one in parameters:
        if one.flag == previous and one.takes_value:
            return _fitting(_values(command, one.name, config, environ), current)
    if current.startswith("-"):
        own = [one.flag for one in parameters if one.flag]
        return _fitting([*own, *_GLOBAL], current)
    if not command or (len(rest) == 1 and rest[0] in contents.GROUPS):
        before_all = ["--config"] if not rest and asked.config is None else []
        typed = [word for word in rest if not word.startswith("-")]
        return _fitting([*app.words_after(typed), *before_all], current)
    place = _place(rest, command, parameters)
    return _fitting(_values(command, place, config, environ), current) if place else []


def _without_flags(words: Sequence[str]) -> tuple[Flags, list[str]]:
    try:
        return flags.take(words)
    except UsageError:
        return Flags(), list(words)


def _fitting(words: Iterable[str], current: str) -> list[str]:
    wanted = current.casefold()
    return sorted({one for one in words if one.casefold().startswith(wanted)})


def _parameters(command: str) -> tuple[_Parameter, ...]:
    """Return the parameters of a command, out of its own file."""
    found = []
    for one in inspect.signature(contents.load(command).run).parameters.values():
        for info in getattr(one.annotation, "__metadata__", ()):
            flag = None
            if isinstance(info, OptionInfo):
                # Typer keeps the first name that an annotation gives in the place of a default.
                names = [name for name in (info.default, *(info.param_decls or ())) if isinstance(name, str)]
                flag = names[0] if names else f"--{one.name.replace('_', '-')}"
            is_switch = getattr(one.annotation, "__origin__", None) is bool
            found.append(_Parameter(name=one.name, flag=flag, takes_value=flag is not None and not is_switch))
    return tuple(found)


def _place(rest: Sequence[str], command: str, parameters: Sequence[_Parameter]) -> str | None:
    """Return the name of the place where the next word stands."""
    with_value = {one.flag for one in parameters if one.takes_value}
    words = iter(rest[command.count(" ") + 1 :])
    taken = 0
    for word in words:
        if word in with_value:
            next(words, None)
        elif not word.startswith("-"):
            taken += 1
    places = [one.name for one in parameters if one.flag is None]
    return places[taken] if taken < len(places) else None


def _values(command: str, name: str, config: Path | None, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield what stands in this place, as far as it is known."""
    if fixed := _FIXED.get(f"{command} {name}") or _FIXED.get(name):
        yield from fixed
    elif name in _OF_THE_SITE:
        try:
            settings = read.load(read.find(config and config.expanduser(), environ))
            yield from _OF_THE_SITE[name](settings)
        except (SmsctlError, OSError, RuntimeError):
            return  # what is wrong there is told by the command itself


def _municipalities(settings: Settings) -> Iterator[str]:
    for key, one in settings.municipalities.items():
        yield key
        if one.name.casefold() != key:
            yield one.name  # which is meant as well, and what a person knows


def _groups(settings: Settings) -> Iterator[str]:
    yield from set(GROUPS.values())
    for path in {settings.recipients, *(one.recipients for one in settings.municipalities.values())}:
        if path is not None and path.stat().st_size <= _LARGEST_FILE:
            yield from _groups_of(path, settings)


def _groups_of(path: Path, settings: Settings) -> Iterator[str]:
    from smsctl.spreadsheet import open_sheet

    sheet = open_sheet(path)
    column = find_columns(sheet.header, settings.columns, require_terms=False).group
    if column is not None:
        for row in islice(sheet.rows(), _MOST_ROWS):
            if column < len(row):
                yield from groups_in(row[column]).values()


_FIXED: Mapping[str, Sequence[str]] = {
    "priority": ("low", "normal", "high"),
    "days": ("daily", "mon-fri", "mon", "tue", "wed", "thu", "fri", "sat", "sun"),
    "system": ("cron", "systemd", "windows"),
    "shell": SHELLS,
    "gateway": BUILT_IN,
    **{f"credential {word} name": SECRETS for word in ("set", "check", "delete")},
    "config set key": [key.dotted for key in KEYS if ANY not in key.section],
}
_OF_THE_SITE: Mapping[str, Callable[[Settings], Iterator[str]]] = {
    "municipality": _municipalities,
    "group": _groups,
}


EXAMPLES = (
    "smsctl completion bash > /etc/bash_completion.d/smsctl",
    'smsctl completion zsh > "${fpath[1]}/_smsctl"',
    "smsctl completion fish > ~/.config/fish/completions/smsctl.fish",
    "smsctl completion bash -- send --gr",
)


def run(
    wiring: Wiring,
    shell: Annotated[str, argument("SHELL", "bash, zsh or fish.")],
    words: Annotated[list[str] | None, argument("[-- WORD...]", "What is typed so far.")] = None,
) -> CommandResult:
    """Print the script that completes commands, flags, municipalities and groups.

    With words after two dashes it prints what the last of them can become, as the script asks at each Tab.
    """
    config = wiring.flags.config
    if shell not in SHELLS:
        raise UsageError(
            say("There is no completion for {shell}.", shell=shell), hint=say("It is bash, zsh or fish.")
        )
    if words is None:
        text = Path(__file__).with_name(f"smsctl.{shell}").read_text(encoding="utf-8")
        return CommandResult(
            data={"script": text}, screen=[TextLine(line, whole=True) for line in text.splitlines()]
        )
    found = candidates(words, config, os.environ)
    return CommandResult(data={"candidates": found}, screen=[TextLine(one, whole=True) for one in found])
