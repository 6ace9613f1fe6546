"""What is typed of the recipients file: which rows, which columns, and how it is to be read."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from smsctl.cli.options import without_value
from smsctl.domain.audience import group_key
from smsctl.domain.cells import plain
from smsctl.domain.headings import fold
from smsctl.errors import UsageError, say
from smsctl.spreadsheet import ReadOptions
from smsctl.spreadsheet.kinds import Hidden


def reading_of(
    delimiter: str | None = None, sheet: str | None = None, hidden: str | None = None
) -> ReadOptions:
    """Return how a recipients file is to be read by --delimiter, --sheet and --hidden-rows."""
    if hidden is not None and hidden not in list(Hidden):
        raise UsageError(
            say("--hidden-rows {hidden}: there is no such choice.", hidden=hidden),
            hint=say("Use send or skip."),
        )
    mark = None if delimiter is None else _DELIMITERS.get(delimiter.casefold(), delimiter)
    return ReadOptions(delimiter=mark, sheet=sheet, hidden=None if hidden is None else Hidden(hidden))


_DELIMITERS = {"semicolon": ";", "comma": ",", "tab": "\t", "\\t": "\t"}


def named_columns(texts: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Read --column flags; several of the same name are several columns."""
    found: dict[str, tuple[str, ...]] = {}
    for name, header in _in_order("--column", texts):
        if not header:
            raise without_value(f"--column {name}=")
        found[name] = (*found.get(name, ()), header)
    return found


def chosen(texts: Sequence[str], empty: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Read --where and --where-empty; an empty value is refused, for it may be a variable that is empty."""
    if not all(map(plain, empty)):
        raise UsageError(
            say("--where-empty names no column."), hint=say("Is the variable in the command empty?")
        )
    found = _in_order("--where", texts)
    for column, value in found:
        _refuse_comparison(column, value)
        if not plain(value):
            raise UsageError(
                say("--where {column}= has no value.", column=column),
                hint=say(
                    "Is the variable in the command empty? The rows whose cell is empty are chosen with:"
                    " --where-empty {column}",
                    column=column,
                ),
            )
    return (*found, *((column.strip(), "") for column in empty))


def _refuse_comparison(column: str, value: str) -> None:
    """Raise UsageError for what a programmer would write: a heading is known without its signs."""
    if column.endswith(("!", "<", ">", "~")) or value.startswith(("=", ">", "~")):
        raise UsageError(
            say("{column}={value}: there is no such comparison.", column=column, value=value),
            hint=say(
                "Only = is known: it chooses the rows that have the value, as in: {example}",
                example="Klass=7A",
            ),
        )


def pairs(flag: str, texts: Sequence[str]) -> dict[str, str]:
    """Read NAME=VALUE flags. Raises UsageError for one without the sign. Of one name, the last holds."""
    return dict(_in_order(flag, texts))


def _in_order(flag: str, texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    found = []
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise UsageError(say("{flag} {text}: write NAME=VALUE.", flag=flag, text=text))
        found.append((name.strip(), value.strip()))
    return tuple(found)


class TypedChoice(NamedTuple):
    """A text for the rows that have a value in a column, as --text-for names it."""

    column: str
    value: str
    path: str


def text_choices(texts: Sequence[str]) -> tuple[TypedChoice, ...]:
    """Read --text-for flags. Raises UsageError for what is no choice, and for one that is made twice."""
    found: dict[tuple[str, str], TypedChoice] = {}
    for column, rest in _in_order("--text-for", texts):
        value, _, path = rest.partition(":")
        _refuse_comparison(column, value)
        if not (plain(value) and path.strip()):
            raise UsageError(
                say("--text-for {column}={rest} names no value and file.", column=column, rest=rest),
                hint=say("As in: {example}", example="--text-for 'Språk=arabiska:ar.txt'"),
            )
        key = fold(column), group_key(value)
        if key in found:
            raise UsageError(
                say("--text-for names {value} under {column} twice.", value=value, column=column)
            )
        found[key] = TypedChoice(column=column, value=value.strip(), path=path.strip())
    return tuple(found.values())


def absolute_choices(texts: Sequence[str]) -> list[str]:
    """Return --text-for flags with whole paths, for a command that is run elsewhere."""
    return [f"{one.column}={one.value}:{Path(one.path).absolute()}" for one in text_choices(texts)]
