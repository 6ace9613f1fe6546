"""A command as its help page shows it: what the reference and the manual page are made from."""

from typing import Any, NamedTuple

import typer.main
from typer.core import TyperArgument, TyperOption

from smsctl.cli import command_tree, contents


class Flag(NamedTuple):
    """One argument or option of a command, as its help shows it."""

    spelled: str
    help: str


class Command(NamedTuple):
    """One command, as its help page shows it."""

    name: str
    line: str
    usage: str
    text: str
    flags: tuple[Flag, ...]
    examples: tuple[str, ...]


def read(name: str) -> Command:
    """Return a command as its help page would show it."""
    found: Any = typer.main.get_command(command_tree.build(name))
    for word in name.split():
        found = found.commands[word]
    arguments = [one for one in found.params if isinstance(one, TyperArgument)]
    options = [one for one in found.params if isinstance(one, TyperOption) and "--help" not in one.opts]
    named = [_name(one) if one.required else f"[{_name(one)}]" for one in arguments]
    return Command(
        name=name,
        line=contents.COMMANDS[name],
        usage=" ".join(["smsctl", name, *(["[OPTIONS]"] if options else []), *named]),
        text=found.help,
        flags=(
            *(Flag(_name(one), one.help or "") for one in arguments),
            *(Flag(_spelled(one), one.help or "") for one in options),
        ),
        examples=contents.load(name).examples,
    )


def _name(argument: TyperArgument) -> str:
    return argument.human_readable_name.upper()


def _spelled(option: TyperOption) -> str:
    names = ", ".join((*option.opts, *option.secondary_opts))
    if option.is_flag:
        return names
    return f"{names} {option.metavar or _KINDS.get(option.type.name, 'TEXT')}"


_KINDS = {
    "integer": "NUMBER",
    "int": "NUMBER",
    "integer range": "NUMBER",
    "int range": "NUMBER",
    "path": "PATH",
}
