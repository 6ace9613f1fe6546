"""Judging a recipients file: its columns are found, its rows judged, and what does not fit names the file."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import NamedTuple

from smsctl.domain.audience import Audience, Outside, OutsideRows, Selection, groups_in
from smsctl.domain.cells import may_name_somebody, plain, shown
from smsctl.domain.classify import classify
from smsctl.domain.columns import (
    NAME_COLUMNS,
    Columns,
    MisfitError,
    Named,
    UnfoundError,
    find_columns,
    position_of,
)
from smsctl.domain.headings import words_of
from smsctl.domain.number import NumberReader
from smsctl.domain.proposal import SAMPLE, Proposal, beside, heading_below, holds_people, proposal
from smsctl.domain.protection import SIGNS
from smsctl.domain.recipients import Recipients, RowRules
from smsctl.errors import InputError, Sentence, say
from smsctl.spreadsheet import Sheet


class UnnamedColumnError(InputError, code="unnamed-column"):
    """No heading tells a column that must be there; its cells may, and then a person can choose."""

    def __init__(self, sentence: Sentence, hint: Sentence | None, proposed: Proposal) -> None:
        """Say what is missing, and what it may be."""
        super().__init__(sentence, hint=proposed.told if proposed.headers else hint)
        self.proposed = proposed


def classify_sheet(sheet: Sheet, overrides: Named, audience: Audience, rules: RowRules) -> Recipients:
    """Judge all rows of a sheet; `overrides` are columns named by a person, as in `find_columns`.

    Raises InputError: the file's structure, a column that is missing or not clear, a group with nobody.
    """
    columns = columns_of(sheet, overrides, rules.numbers, require_terms=rules.require_terms)
    with _naming(sheet):
        found = classify(
            sheet.header,
            sheet.rows(),
            columns,
            audience,
            rules,
            left_out=sheet.rows_left_out(),
            said=sheet.rows_with(SIGNS),
        )
    if "number" not in overrides and columns.reason is None:
        rows = list(islice(sheet._replace(on_progress=None).rows(), SAMPLE))
        other = beside(sheet.header[columns.number], sheet.header, rows, rules.numbers)
        found = found._replace(notices=(*found.notices, *([other] if other else [])))
    if not sheet.left_out:
        return found
    hidden = OutsideRows(reason=Outside.HIDDEN, municipality="", rows=len(sheet.left_out))
    return found._replace(outside=(*found.outside, hidden))


def places_of(sheet: Sheet, headings: Sequence[str]) -> list[int]:
    """Return where columns stand, from 0. Raises InputError for a name of none of them, or of several."""
    with _naming(sheet):
        return [position_of(sheet.header, one) for one in headings]


def columns_of(sheet: Sheet, overrides: Named, reader: NumberReader, *, require_terms: bool) -> Columns:
    """Find the columns of a sheet. Raises InputError where one is missing or not clear.

    Where a column is only not recognised, UnnamedColumnError proposes what its cells look like.
    """
    with _naming(sheet):
        try:
            return find_columns(sheet.header, overrides, require_terms=require_terms)
        except UnfoundError as error:
            _refuse_title(sheet, overrides)
            rows = list(islice(sheet.rows(), SAMPLE))
            if error.column == "number" or any(reader.read(top).number for top in sheet.header):
                _refuse_people(sheet, rows, reader)
            sentence = say("{path}: {misfit}", path=sheet.path, misfit=error.sentence)
            proposed = proposal(error.column, sheet.header, rows, reader)
            raise UnnamedColumnError(sentence, error.hint, proposed) from None
        except MisfitError:
            _refuse_title(sheet, overrides)
            _refuse_people(sheet, list(islice(sheet.rows(), SAMPLE)), reader)
            raise


def _refuse_people(sheet: Sheet, rows: Sequence[Sequence[str]], reader: NumberReader) -> None:
    """Raise MisfitError, which repeats none of its cells, where the first row is somebody's too."""
    if holds_people(sheet.header, rows, reader):
        raise MisfitError(say("The first row is no heading, but somebody's."), hint=NAME_COLUMNS) from None


def _refuse_title(sheet: Sheet, overrides: Named) -> None:
    """Raise MisfitError where a title stands above the heading."""
    numbers = overrides.get("number", ())
    named = (numbers,) if isinstance(numbers, str) else numbers
    below = heading_below(list(islice(sheet.rows(), SAMPLE)), named)
    if below is not None:
        raise MisfitError(
            say("Row {row} looks like the heading; the heading must be first.", row=below + 2),
            hint=say("Remove the rows above it."),
        )


@contextmanager
def _naming(sheet: Sheet) -> Iterator[None]:
    try:
        yield
    except MisfitError as error:
        sentence = say("{path}: {misfit}", path=sheet.path, misfit=error.sentence)
        raise InputError(sentence, hint=error.hint, problems=error.problems) from None


class GroupCounts(NamedTuple):
    """How many rows of an audience a file has: in each group, by its key, and in all."""

    rows: Mapping[str, int]
    names: Mapping[str, str]  # key -> as the file has it; ours in English
    all_rows: int


def count_groups(sheet: Sheet, columns: Columns, audience: Audience) -> GroupCounts:
    """Count the rows of the audience in each group; what is wrong with them is not looked at."""
    with _naming(sheet):
        selection = Selection(audience, sheet.header, columns)
        rows: Counter[str] = Counter()
        names: dict[str, str] = {}
        all_rows = 0
        for row in filter(any, sheet.rows()):
            if selection.admits(dict(enumerate(row))):
                all_rows += 1
                if columns.group is not None and columns.group < len(row):
                    groups = groups_in(row[columns.group])
                    rows.update(groups.keys())
                    names = groups | names
    return GroupCounts(rows=rows, names=names, all_rows=all_rows)


def unmatched(sheet: Sheet, audience: Audience) -> list[Sentence]:
    """Say of each `where` whose value no row has which values there are, if that tells nothing of anybody.

    Few, and neither people's names nor figures that could be somebody's number; else how many. The sheet is
    read once more.
    """
    positions = {column: position_of(sheet.header, column) for column, _ in audience.where}
    found: dict[str, dict[str, str]] = {column: {} for column in positions}
    for row in sheet.rows():
        for column, position in positions.items():
            if position < len(row) and len(found[column]) < _MOST_VALUES and (cell := plain(row[position])):
                found[column].setdefault(cell, shown(row[position]))
    return [
        _what_there_is(column, value, list(found[column].values()))
        for column, value in audience.where
        if plain(value) and plain(value) not in found[column]
    ]


def _what_there_is(column: str, value: str, values: list[str]) -> Sentence:
    asked = {"column": column, "value": value}
    if not values:
        return say('Nothing stands under {column}, so not "{value}" either.', **asked)
    if len(values) > _VALUES_TOLD or any(map(may_name_somebody, values)) or _are_people(column, values):
        more = say("at least {n}", n=_MOST_VALUES) if len(values) == _MOST_VALUES else str(len(values))
        return say(
            '"{value}" does not stand under {column}, which has {n} different values.', n=more, **asked
        )
    return say(
        '"{value}" does not stand under {column}; there are: {values}.',
        values=", ".join(sorted(values)),
        **asked,
    )


def _are_people(column: str, values: list[str]) -> bool:
    """Say whether the values are the names or addresses of people, by the heading or as they are written."""
    words = words_of(column)
    if any(word.startswith(_OF_PLACES) for word in words):
        return False
    return any(word.endswith(_OF_PEOPLE) for word in words) or all(map(_NAME.fullmatch, values))


_OF_PLACES = ("skol", "school", "klass", "class", "grupp", "group", "enhet", "unit", "avdelning", "kommun")
_OF_PEOPLE = ("namn", "name", "post", "mail", "mejl", "adress", "address", "elev", "barn", "note")
_NAME = re.compile(r"[^\W\d_a-z][^\W\d_A-Z]+(?:[ -][^\W\d_a-z][^\W\d_A-Z]+)+|\S+@\S+")
_VALUES_TOLD = 20
_MOST_VALUES = 10_000
