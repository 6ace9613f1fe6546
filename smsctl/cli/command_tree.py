"""The commands as Typer's tree: one of them loaded, every other one its line in the help."""

from collections.abc import Callable
from functools import cache, wraps
from inspect import Parameter, Signature, signature
from typing import Any

import typer

from smsctl.cli import contents, options
from smsctl.cli.output import language
from smsctl.errors import say

HELP_OPTIONS = frozenset({"--help", "-h"})

_HELP = say(
    "Send SMS from a municipality's own server, through its own gateway account.\n\n"
    "Start with: smsctl config init. Then: smsctl test NUMBER TEXT."
)
_EPILOG = say(
    "These work with every command: --config PATH, --json, --quiet, --verbose, --simulate, and"
    " --show-numbers. The version: smsctl --version."
)
_MORE_FLAGS = say("There are more flags, for rare cases: --help --verbose.")


def build(command: str, *, alone: bool = False) -> typer.Typer:
    """Return the app with one command loaded; every other one is its line in the help.

    `alone`: register no other command. Only a help page lists them, and registering all takes half of the
    time that a start takes.
    """
    listed = "" if alone else contents.help_groups(language.words, language.verbatim)
    app = typer.Typer(
        help=language.verbatim(_HELP.template),  # a page of help names no config, as its examples do not
        epilog=None if alone else f"{listed}\n\n{language.words(_EPILOG)}",
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": sorted(HELP_OPTIONS)},
    )
    app.callback()(_root)
    groups = {
        name: typer.Typer(
            help=line,
            epilog=language.words(
                say("Examples of each: {command}", command=f"smsctl {name} COMMAND --help")
            ),
        )
        for name, line in contents.GROUPS.items()
        if not alone or command.startswith(f"{name} ")
    }
    for name, line in contents.COMMANDS.items():
        if (alone or name in contents.GROUPS) and name != command:
            continue  # `simulator` is both: its group's line stands for it
        group, _, word = name.rpartition(" ")
        place = groups[group] if group else app
        if name == command:
            loaded = contents.load(name)
            place.command(word, short_help=line, epilog=_epilog(loaded))(with_context(loaded.run))
        else:
            # The short help is listed whole; the epilog lists those that have no group.
            place.command(word, help=line, short_help=line, hidden=not group)(_elsewhere)
    for name, group_app in groups.items():
        if group_app.registered_commands and name != command:
            app.add_typer(group_app, name=name, hidden=True)
    return app


def to_run(command: str) -> Callable[..., object]:
    """Return the command alone, as what takes the words; made once, however often this process runs it."""
    return _made(command, contents.load(command).run)


@cache
def _made(command: str, _run: Callable[..., Any]) -> Callable[..., object]:
    return typer.main.get_command(build(command, alone=True))


def with_context(run: Callable[..., Any]) -> Callable[..., Any]:
    """Return a command as Typer calls it: the wiring, its first parameter, comes out of Typer's context.

    One that runs other commands in the same context takes that itself.
    """
    first, *flags = signature(run).parameters.values()
    if first.name == "ctx":
        return run

    @wraps(run)
    def command(ctx: typer.Context, **given: Any) -> Any:  # noqa: ANN401 - as the command has it
        return run(ctx.obj, **given)

    context = Parameter("ctx", Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    parameters = [context, *flags]
    command.__dict__["__signature__"] = Signature(parameters)
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    return command


def _root() -> None:
    """Hold the commands together; without a callback Typer would make a single command the whole app."""


def _elsewhere() -> None:
    """Stand for a command that was not asked for."""


def _epilog(loaded: contents.LoadedCommand) -> str:
    heading = language.words(say("Examples:"))
    # Click keeps the lines of a paragraph apart only when it starts with a backspace character.
    examples = f"\b\n{heading}\n" + "\n".join(f"  {line}" for line in loaded.examples)
    has_more = not options.RESCUE.keys().isdisjoint(loaded.run.__annotations__)
    return f"{examples}\n\n{language.words(_MORE_FLAGS)}" if has_more else examples
