"""Judging a recipients file: its columns are found, its rows judged, and what does not fit names the file."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from smsctl.domain.audience import Audience
from smsctl.domain.cells import plain, shown
from smsctl.domain.columns import Columns, MisfitError, Named, find_columns, place_of
from smsctl.domain.judge import judge
from smsctl.domain.recipients import Recipients, Rules
from smsctl.errors import InputError, Sentence, say
from smsctl.spreadsheet import Sheet


def judge_sheet(sheet: Sheet, overrides: Named, audience: Audience, rules: Rules) -> Recipients:
    """Judge all rows of a sheet; `overrides` are columns named by a person, as in `find_columns`.

    Raises InputError: the file's structure, a column that is missing or not clear, a group with nobody.
    """
    columns = columns_of(sheet, overrides, require_terms=rules.require_terms)
    with _naming(sheet):
        return judge(sheet.header, sheet.rows(), columns, audience, rules)


def columns_of(sheet: Sheet, overrides: Named, *, require_terms: bool) -> Columns:
    """Find the columns of a sheet; raises InputError where one is missing or not clear."""
    with _naming(sheet):
        return find_columns(sheet.header, overrides, require_terms=require_terms)


@contextmanager
def _naming(sheet: Sheet) -> Iterator[None]:
    try:
        yield
    except MisfitError as error:
        sentence = say("{path}: {misfit}", path=sheet.path, misfit=error.sentence)
        raise InputError(sentence, hint=error.hint) from None


def unmatched(sheet: Sheet, audience: Audience) -> list[Sentence]:
    """Say of each `where` whose value no row has which values there are, if that tells nothing of anybody.

    Few, and without figures that could be somebody's number; else how many. The sheet is read once more.
    """
    places = {column: place_of(sheet.header, column) for column, _ in audience.where}
    found: dict[str, dict[str, str]] = {column: {} for column in places}
    for row in sheet.rows():
        for column, place in places.items():
            if place < len(row) and len(found[column]) < _MOST_VALUES and (cell := plain(row[place])):
                found[column].setdefault(cell, shown(row[place]))
    return [
        _what_there_is(column, value, list(found[column].values()))
        for column, value in audience.where
        if plain(value) and plain(value) not in found[column]
    ]


def _what_there_is(column: str, value: str, values: list[str]) -> Sentence:
    asked = {"column": column, "value": value}
    if not values:
        return say('Nothing stands under {column}, so not "{value}" either.', **asked)
    if len(values) > _VALUES_TOLD or any(map(_FIGURES.search, values)):
        more = say("at least {n}", n=_MOST_VALUES) if len(values) == _MOST_VALUES else str(len(values))
        return say(
            '"{value}" does not stand under {column}, which has {n} different values.', n=more, **asked
        )
    return say(
        '"{value}" does not stand under {column}; there are: {values}.',
        values=", ".join(sorted(values)),
        **asked,
    )


_VALUES_TOLD = 20
_MOST_VALUES = 10_000
_FIGURES = re.compile(r"\d(?:[\s()/.+-]*\d){6}|\d{5}")
