"""One table of fields tells of each fact of a row what stands in the envelope, and what on a screen."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from smsctl.cli.output.blocks import Column, Table, Text
from smsctl.errors import Sentence

T = TypeVar("T")


def as_it_is(value: object) -> Text:
    """Return what a screen shows of a value that needs no other words; nothing of none."""
    return value if isinstance(value, (Sentence, str)) else "" if value is None else str(value)


class Field(NamedTuple, Generic[T]):
    """One fact of a row."""

    key: str  # in the envelope; empty: only on a screen
    value: Callable[[T], Any]
    title: Text | None = None  # of the column; None: only in the envelope
    shown: Callable[[Any], Text] = as_it_is  # the value, on a screen
    right: bool = False


def data_of(fields: Sequence[Field[T]], row: T) -> dict[str, object]:
    """Return a row for the envelope."""
    return {one.key: one.value(row) for one in fields if one.key}


def columns_of(fields: Sequence[Field[T]]) -> list[Column]:
    """Return the columns of a screen."""
    return [Column(title=one.title, right=one.right) for one in fields if one.title is not None]


def cells_of(fields: Sequence[Field[T]], row: T) -> list[Text]:
    """Return a row of a screen."""
    return [one.shown(one.value(row)) for one in fields if one.title is not None]


def page_of(fields: Sequence[Field[T]], rows: Iterable[T]) -> tuple[list[Text], Iterator[list[Text]]]:
    """Return the heading and the lines of a CSV file."""
    return [one.title for one in columns_of(fields)], (cells_of(fields, row) for row in rows)


def table_of(fields: Sequence[Field[T]], rows: Iterable[T]) -> Table:
    """Return the rows of a screen, under their columns."""
    return Table(columns=columns_of(fields), rows=[cells_of(fields, row) for row in rows])
