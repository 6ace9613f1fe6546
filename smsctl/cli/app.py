"""The way in: `main(argv)` runs one command and returns the exit code; the one place that catches errors.

Read on in `contents` (what there is), then `commands/send.py`, `domain/plan.py`, `actions/send.py`.
"""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from itertools import takewhile
from types import ModuleType

import typer

from smsctl.cli import contents, flags
from smsctl.cli.flags import Flags
from smsctl.cli.render import language
from smsctl.cli.reply import Reply
from smsctl.cli.teller import Teller
from smsctl.errors import ExitCode, InterruptionError, SmsctlError, UsageError, say

_HELP = """Send SMS from a municipality's own server, through its own gateway account.

Start with: smsctl config init. Then: smsctl test NUMBER TEXT.
"""
_RUN_BY_CRON = ("send", "mailings resume")
_HELP_OPTIONS = frozenset({"--help", "-h"})
_EPILOG = (
    "These work with every command: --config PATH, --json, --quiet, --verbose, --simulate, --show-numbers,"
    " and --version."
)


def main(argv: Sequence[str]) -> int:
    """Run one command; everything that can go wrong becomes a sentence and an exit code."""
    if list(argv) == ["--version"]:
        from smsctl import __version__

        print(f"smsctl {__version__}")  # noqa: T201 - needs neither config nor teller
        return ExitCode.OK
    language.speak(None, os.environ)
    try:
        asked, rest = flags.take(argv)
    except UsageError as error:
        return Teller("", Flags(json="--json" in argv)).fail(error)
    teller = Teller(command_in(rest), asked)
    if not names_no_command(rest):
        return _run(rest, asked, teller)
    if teller.interactive:
        return _run([*rest, "--help"], asked, teller) or ExitCode.USAGE
    page = " ".join(["smsctl", *rest])
    missing = say("{page} needs one of: {words}.", page=page, words=", ".join(_words_after(rest)))
    return teller.fail(UsageError(missing, hint=say("See: {page} --help", page=page)))


def _run(words: Sequence[str], asked: Flags, teller: Teller) -> int:
    try:
        ended = _ended(words, asked, teller)
        if isinstance(ended, int):
            return ended
        _let_know(asked, teller, ended)
        return teller.tell(ended) if isinstance(ended, Reply) else teller.fail(ended)
    except BrokenPipeError:
        return teller.pipe_closed()


def _ended(words: Sequence[str], asked: Flags, teller: Teller) -> Reply | SmsctlError | int:
    """Run the command; return its reply, what went wrong, or the code of a help page."""
    command = teller.command
    try:
        with _wiring_for(command, words, asked, teller) as wiring:
            answer: Reply | int | None = build(command, alone=_is_settled(command, words))(
                args=list(words), prog_name="smsctl", standalone_mode=False, obj=wiring
            )
    except BrokenPipeError:
        raise
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - a bug gets a sentence too
        return _told(error, teller, command)
    return answer or ExitCode.OK


def _let_know(asked: Flags, teller: Teller, ended: Reply | SmsctlError) -> None:
    """Let the site know of a run of cron's that did not end well."""
    if teller.command in _RUN_BY_CRON and ended.exit_code is not ExitCode.OK:
        from smsctl.cli import notify

        notify.after(asked, teller, ended)


def names_no_command(words: Sequence[str]) -> bool:
    """Say whether the words stop before a command: none at all, or only a group's name."""
    is_group = len(words) == 1 and words[0] in contents.GROUPS
    return not words or (is_group and words[0] not in contents.COMMANDS)


def command_in(words: Sequence[str]) -> str:
    """Return the command that the words name: `send`, `mailings list`; empty when they name none."""
    named = [word for word in words if not word.startswith("-")][:2]
    if " ".join(named) in contents.COMMANDS:
        return " ".join(named)
    return named[0] if named and named[0] in contents.COMMANDS else ""


def _words_after(group: Sequence[str]) -> list[str]:
    if not group:
        return [*(name for name in contents.COMMANDS if " " not in name), *contents.GROUPS]
    return [name.partition(" ")[2] for name in contents.COMMANDS if name.startswith(f"{group[0]} ")]


def build(command: str, *, alone: bool = False) -> typer.Typer:
    """Return the app with one command loaded; every other one is its line in the help.

    `alone`: register no other command. Only a help page lists them, and registering all takes half of the
    time that a start takes.
    """
    app = typer.Typer(
        help=_HELP,
        epilog=_EPILOG,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": sorted(_HELP_OPTIONS)},
    )
    app.callback()(_root)
    groups = {
        name: typer.Typer(help=line, epilog=f"Examples of each: smsctl {name} COMMAND --help")
        for name, line in contents.GROUPS.items()
    }
    for name, line in contents.COMMANDS.items():
        if (alone or name in contents.GROUPS) and name != command:
            continue  # `simulator` is both: its group's line stands for it
        group, _, word = name.rpartition(" ")
        place = groups[group] if group else app
        if name == command:
            module = load(name)
            place.command(word, short_help=line, epilog=_examples(module))(module.run)
        else:
            place.command(word, help=line)(_elsewhere)
    for name, group_app in groups.items():
        if group_app.registered_commands and name != command:
            app.add_typer(group_app, name=name)
    return app


def load(command: str) -> ModuleType:
    """Import the command's own file."""
    return import_module(f"smsctl.cli.commands.{command.replace(' ', '_').replace('-', '_')}")


def _is_settled(command: str, words: Sequence[str]) -> bool:
    """Say whether the words begin with the command; then no help page that lists the others can follow."""
    return bool(command) and list(words[: command.count(" ") + 1]) == command.split()


def _wiring_for(
    command: str, words: Sequence[str], asked: Flags, teller: Teller
) -> AbstractContextManager[object]:
    """Return the wiring; a help page needs none, and then none of it is loaded."""
    own = takewhile(lambda word: word != "--", words)  # what follows is for another command
    if not command or _HELP_OPTIONS.intersection(own):
        return nullcontext()
    from smsctl.cli.wiring import Wiring

    return Wiring(asked, teller)


def _root() -> None:
    """Hold the commands together; without a callback Typer would make a single command the whole app."""


def _elsewhere() -> None:
    """Stand for a command that was not asked for."""


def _examples(module: ModuleType) -> str:
    # Click keeps the lines of a paragraph apart only when it starts with a backspace character.
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in module.EXAMPLES)


def _told(error: BaseException, teller: Teller, command: str) -> SmsctlError:
    """Return what is told of an exception; what nobody foresaw is a bug of ours."""
    match error:
        case SmsctlError():
            return error
        case KeyboardInterrupt() | typer.Abort():
            return InterruptionError(say("Interrupted; nothing is on its way."))
        case typer.TyperException():
            page = f"smsctl {command}".rstrip()
            hint = say("See: {page} --help", page=page)
            return UsageError(say("{text}", text=error.format_message()), hint=hint)
    return teller.own_up(error)
