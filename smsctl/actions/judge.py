"""Judging a recipients file: its columns are found, its rows judged, and what does not fit names the file."""

from collections.abc import Iterator
from contextlib import contextmanager

from smsctl.domain.audience import Audience
from smsctl.domain.columns import Columns, MisfitError, Named, find_columns
from smsctl.domain.judge import judge
from smsctl.domain.recipients import Recipients, Rules
from smsctl.errors import InputError, say
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
