"""One table of fields tells of each fact of a row what stands in the envelope, on a screen and in a file."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from smsctl.cli.output import figures
from smsctl.cli.output.blocks import Column, Table, Text
from smsctl.errors import Sentence

T = TypeVar("T")


def as_it_is(value: object) -> Text:
    """Return what a screen shows of a value that needs no other words; nothing of none."""
    return value if isinstance(value, (Sentence, str)) else "" if value is None else str(value)


class Field(NamedTuple, Generic[T]):
    """One fact of a row."""

    key: str  # in the envelope; empty: not there
    value: Callable[[T], Any]
    title: Text | None = None  # of the column; None: only in the envelope
    shown: Callable[[Any], Text] = as_it_is  # the value, on a screen
    right: bool = False
    written: Callable[[Any], Text] | None = None  # the value, in a file; None: as on a screen
    cut: bool = False  # at the end of one line of a terminal


def count_of(key: str, value: Callable[[T], Any], title: Text) -> Field[T]:
    """Return a fact that is a number: in groups of three on a screen, plain in a file."""
    return Field(key, value, title, figures.count, right=True, written=str)


def money_of(
    key: str, value: Callable[[T], Any], title: Text, shown: Callable[[Any], Text] = figures.money
) -> Field[T]:
    """Return a fact that is an amount in öre: in kronor, as a spreadsheet reads them in a file."""
    return Field(key, value, title, shown, right=True, written=figures.kronor)


def data_of(fields: Sequence[Field[T]], row: T) -> dict[str, object]:
    """Return a row for the envelope."""
    return {one.key: one.value(row) for one in fields if one.key}


def time_of(key: str, value: Callable[[T], str | None], title: Text, zone: str) -> Field[T]:
    """Return a fact that is a time of the ledger's: on the clock of a zone, or nothing."""
    return Field(key, value, title, lambda at: figures.local(at, zone) if at else "")


def facts_of(row: object, *names: str) -> dict[str, object]:
    """Return some facts of a row for the envelope, each under the name that the code has for it."""
    return {name: getattr(row, name) for name in names}


def columns_of(fields: Sequence[Field[T]]) -> list[Column]:
    """Return the columns of a screen."""
    kept = [one for one in fields if one.title is not None]
    return [Column(title=one.title or "", right=one.right, cut=one.cut) for one in kept]


def cells_of(fields: Sequence[Field[T]], row: T) -> list[Text]:
    """Return a row of a screen."""
    return [one.shown(one.value(row)) for one in fields if one.title is not None]


def lines_of(fields: Sequence[Field[T]], rows: Iterable[T]) -> Iterator[list[Text]]:
    """Yield the heading and the rows of a file."""
    kept = [one for one in fields if one.title is not None]
    yield [one.title or "" for one in kept]
    for row in rows:
        yield [(one.written or one.shown)(one.value(row)) for one in kept]


def table_of(fields: Sequence[Field[T]], rows: Iterable[T]) -> Table:
    """Return the rows of a screen, under their columns, without those that have nothing in any row."""
    columns, cells = columns_of(fields), [cells_of(fields, row) for row in rows]
    kept = [place for place in range(len(columns)) if any(row[place] != "" for row in cells)]
    return Table(
        columns=[columns[place] for place in kept], rows=[[row[place] for place in kept] for row in cells]
    )
