"""The rows of a recipients file before the rules: every one is judged once, in one pass, and counted once.

A row is in the audience or outside for one reason; each of its numbers is ready, skipped, or bad.
The judgement is the law (`_RowClassifier.classify`); beside it stands a short cut for the rows that plainly
pass or plainly belong to another audience (`PlainRows`), because there may be a million of them. The short
cut takes only what is plain; everything else goes to the law, so the two cannot come to differ.
"""

from collections.abc import Container, Iterable, Sequence
from functools import partial
from types import MappingProxyType
from typing import Final

from smsctl.domain.audience import Audience
from smsctl.domain.columns import Columns
from smsctl.domain.eligibility import RowEligibilities
from smsctl.domain.entries import (
    SKIPPED_FAULTS,
    WRITTEN_SHOWN,
    Entries,
    Entry,
    Problem,
    cut_short,
    problem_of,
    wrong_width,
)
from smsctl.domain.filling import FilledRows
from smsctl.domain.findings import Findings
from smsctl.domain.number import why_of_cell
from smsctl.domain.number_plan import NumberFault
from smsctl.domain.people import PeopleWriter
from smsctl.domain.plain_rows import PlainRows
from smsctl.domain.protection import ProtectedNumbers
from smsctl.domain.recipients import BEFORE_TERMS, Recipients, RowRules, SkipReason

FIRST_ROW: Final = 2  # the spreadsheet's own count: the header is row 1


def classify(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    columns: Columns,
    audience: Audience,
    rules: RowRules,
    left_out: Iterable[Sequence[str]] = (),
    said: Iterable[tuple[int, Sequence[str]]] = (),
) -> Recipients:
    """Judge all rows below a header; those left out, or that may say so (`said`), only shut out numbers.

    The latter come with their row numbers.

    Raises MisfitError: a column that the audience needs is missing, or a group it asks for has nobody.
    """
    case = _RowClassifier(header, columns, audience, rules)
    case.read(rows)
    case.protected.note_left_out(left_out)
    case.protected.note_said(said, header, columns.name)
    return case.result()


class _RowClassifier:
    """One file before its rules."""

    def __init__(self, header: Sequence[str], columns: Columns, audience: Audience, rules: RowRules) -> None:
        self._header, self._rules = header, rules
        self._columns, self._numbers = columns, columns.numbers
        self._eligibilities = RowEligibilities(header, columns, audience, require_terms=rules.require_terms)
        self._cells = self._eligibilities.picker()
        self._entries = Entries(header, columns, rules.numbers)
        self._sent: Container[object] = rules.already_sent or ()
        self._filled = FilledRows(rules.texts, header, columns, self._sent) if rules.texts else None
        used = (self._eligibilities.last_position, self._filled.last_position if self._filled else 0)
        self._last_used = max(*used, columns.name or 0, *(one.number for one in self._numbers))
        self._seen: set[int] = set()  # the numbers of those who are ready, as integers: a third of the memory
        writer = partial(PeopleWriter, by_column=len(self._numbers) > 1)
        self._ready, self._skipped = writer(), {reason: writer() for reason in SkipReason}
        self.protected: Final = ProtectedNumbers(self._numbers, rules.numbers, len(header))
        self._bad = Findings()
        self._outside_bad = Findings()
        self._notices = Findings()
        self._refused: set[tuple[int, int]] = set()
        self._last_row = FIRST_ROW - 1
        self._empty_rows = 0
        self._cut_rows = 0  # whose last cells were left out
        self._split: dict[str, int] = {}  # cells of groups that older versions did not split -> entries

    def read(self, rows: Iterable[Sequence[str]]) -> None:
        """Go through the rows."""
        plain = PlainRows(
            width=len(self._header),
            numbers_at=[one.number for one in self._numbers],
            name_at=self._columns.name,
            cells=self._cells,
            eligibilities=self._eligibilities,
            rules=self._rules,
            filled=self._filled,
            ready=self._ready,
            skipped=self._skipped,
            seen=self._seen,
            sent=self._sent,
            last_row=self._last_row,
        )
        if len(self._numbers) == 1:
            for row_number, row, found in plain.take(rows):
                if not (isinstance(found, NumberFault) and self._is_refused(row_number, row, found)):
                    self.classify(row_number, row)
            self._last_row = plain.last_row
            return
        for row_number, row in enumerate(rows, FIRST_ROW):
            self._last_row = row_number
            if not plain.takes(row_number, row):
                self.classify(row_number, row)

    def _is_refused(self, row_number: int, row: Sequence[str], fault: NumberFault) -> bool:
        """Skip a row for its number alone, or note it as bad; say whether nothing else is to be judged."""
        if self._eligibilities[self._cells(row)] is not self._eligibilities.welcome:
            return False
        cell, reason = row[self._columns.number], SKIPPED_FAULTS.get(fault)
        if reason is None:
            self._bad.add(row_number, fault, partial(why_of_cell, fault, cell))
            reason = SkipReason.INVALID
        if reason is not SkipReason.INVALID or self._rules.skip_invalid:
            name = "" if self._columns.name is None else row[self._columns.name].strip()
            self._skipped[reason].add_as_written(row_number, cell.strip()[:WRITTEN_SHOWN], name)
        return True

    def classify(self, row_number: int, row: Sequence[str]) -> None:
        """Judge one row by every rule. Empty cells are nobody."""
        if not any(map(str.strip, row)):
            self._empty_rows += 1
            return
        fitted = self._fitted(row)
        if fitted is None:
            self._misfit(row_number, row)
            return
        eligibility = self._eligibilities[self._cells(fitted)]
        entries = self._entries.of(row_number, fitted, eligibility)
        self.protected.note(fitted, eligibility.protected)
        for entry in entries:
            problem = problem_of(entry)
            if problem is not None:
                self._note_bad(entry, problem, inside=eligibility.outside is None)
            elif eligibility.outside is None:
                self._place(entry, fitted)
        if eligibility.outside is not None:
            eligibility.outside.rows += 1
        elif eligibility.newly_split:
            self._split[eligibility.newly_split] = self._split.get(eligibility.newly_split, 0) + len(entries)

    def result(self) -> Recipients:
        """Return what became of all rows."""
        self._eligibilities.refuse_unmet(any_bad=bool(self._bad.count))
        self._seen.clear()
        everybody, shut = self._ready.people(), self.protected.found
        cut = cut_short(self._cut_rows)
        skipped = {reason: writer.people() for reason, writer in self._skipped.items()}
        ready = self.protected.shut_out(everybody, skipped, by_column=len(self._numbers) > 1)
        bad_count, outside = (
            0 if self._rules.skip_invalid else self._bad.count,
            self._eligibilities.outside_rows,
        )
        file_rows = self._last_row - FIRST_ROW + 1 - self._empty_rows
        return Recipients(
            rows=len(ready) + sum(map(len, skipped.values())) + bad_count,
            audience_rows=file_rows - sum(one.rows for one in outside),
            ready=ready,
            skipped=MappingProxyType({reason: people for reason, people in skipped.items() if len(people)}),
            bad_count=bad_count,
            bad=self._bad.sentences,
            outside=outside,
            outside_bad_count=self._outside_bad.count,
            outside_bad=self._outside_bad.sentences,
            notices=(*self._notices.sentences, *cut, *self.protected.said, *self._eligibilities.doubts()),
            texts=self._filled.texts_without(everybody.places_of(shut)) if self._filled else None,
            untold=self._filled.notices() if self._filled else (),
            groups=self._eligibilities.told_groups,
            refused=frozenset(self._refused),
            number_columns=tuple(one.title for one in self._numbers if one.title),
            newly_split=sum(self._split.values()),
            newly_split_cells=tuple(self._split)[:_CELLS_SHOWN],
        )

    def _fitted(self, row: Sequence[str]) -> Sequence[str] | None:
        """Return a row as wide as the header; None for one whose missing or further cells may be anybody's.

        Excel leaves out the empty cells at the end of a row, and some programs end every row in a delimiter.
        What lacks a cell before the last one in use is not mended: nobody knows which it lacks.
        """
        width = len(self._header)
        if len(row) == width:
            return row
        if len(row) > width:
            return None if any(map(str.strip, row[width:])) else row[:width]
        if len(row) <= self._last_used:
            return None
        if not self._entries.can_be_read(row, self._eligibilities[self._cells(row)]):
            return None
        self._cut_rows += 1
        return [*row, *[""] * (width - len(row))]

    def _misfit(self, row_number: int, row: Sequence[str]) -> None:
        self.protected.note_misfit(row)
        counted = self._eligibilities.of_width(row, len(self._header))
        if counted is not None:
            counted.rows += 1
        entry = self._entries.of_another_width(row_number, row)
        self._note_bad(entry, wrong_width(len(row), len(self._header)), inside=counted is None)

    def _note_bad(self, entry: Entry, problem: Problem, *, inside: bool) -> None:
        (self._bad if inside else self._outside_bad).add(entry.row, *problem)
        if inside and self._rules.skip_invalid:
            self._skip(SkipReason.INVALID, entry, readable=False)

    def _place(self, entry: Entry, row: Sequence[str]) -> None:
        if (notice := entry.reading.notice) is not None:
            self._notices.add(entry.row, notice.template, lambda: notice)
        number = entry.reading.number
        reason, problem = self._reason(entry), None
        if reason is None and number is not None:
            reason, problem = self._filled.judge(row, number) if self._filled else self._repeat(number)
        if problem is not None:
            self._note_bad(entry, problem, inside=True)
        elif reason is not None:
            self._skip(reason, entry, readable=number is not None)
        elif number is not None:
            self._ready.add(entry.row, int(number), entry.name, entry.column)

    def _skip(self, reason: SkipReason, entry: Entry, *, readable: bool) -> None:
        people = self._skipped[reason]
        if not entry.accepted and reason in BEFORE_TERMS:
            self._refused.add((entry.row, entry.column))
        if entry.is_protected:  # neither name nor number is kept
            people.add_as_written(entry.row, "", "", entry.column)
        elif readable and entry.reading.number is not None:
            people.add(entry.row, int(entry.reading.number), entry.name, entry.column)
        else:
            people.add_as_written(entry.row, entry.written.strip()[:WRITTEN_SHOWN], entry.name, entry.column)

    def _reason(self, entry: Entry) -> SkipReason | None:
        """Return why it is skipped, in the order of SkipReason, but for a repeat; None when it is not."""
        number = entry.reading.number
        if number is None:
            return SKIPPED_FAULTS[entry.reading.fault or NumberFault.EMPTY]
        if entry.is_protected:
            return SkipReason.PROTECTED
        if self._rules.is_blocked and self._rules.is_blocked(number):
            return SkipReason.BLOCKED
        return None if entry.accepted else SkipReason.TERMS

    def _repeat(self, number: str) -> tuple[SkipReason | None, None]:
        """Return why a number does not get the text that all get; None: it gets it. No row is bad for it."""
        if int(number) in self._seen:
            return SkipReason.DUPLICATE, None
        if int(number) in self._sent:
            return SkipReason.ALREADY_SENT, None
        self._seen.add(int(number))
        return None, None


_CELLS_SHOWN = 3
