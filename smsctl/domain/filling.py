"""Filling in a text from the rows of a file, and measuring each.

A cell's units are counted once for all rows that have it, and added to those of the text around it:
measuring every text anew takes half as long again. The shortcut (`_Filler.fill`) takes only what is plain;
everything else goes to the law (`_Filler.judge`), so the two cannot come to differ.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Final

from smsctl.domain.audience import group_key, keys_in
from smsctl.domain.cells import shown, veiled
from smsctl.domain.columns import Columns, MisfitError, position_of, seen_in
from smsctl.domain.entries import Problem
from smsctl.domain.field_cells import BAD, JOINS, NOT_GSM7, FilledCell, measured, problem_of_cell, text_of
from smsctl.domain.fields import Template
from smsctl.domain.headings import fold
from smsctl.domain.personal import Filled, PersonalTexts, TextWriter, composed, format_of
from smsctl.domain.recipients import SkipReason
from smsctl.domain.text import Encoding, TextSize, measure, plainly
from smsctl.domain.wording import TextRules, Wording
from smsctl.errors import Sentence, say


class Fillers:
    """The templates of a wording on the columns of one file: which one is a row's, and what it becomes."""

    __slots__ = ("_choose", "_fillers", "last_position", "untold", "wording")

    def __init__(self, rules: TextRules, header: Sequence[str], columns: Columns) -> None:
        """Find the columns. Raises MisfitError that tells of every field which the file does not have."""
        self.wording: Final = rules.wording
        positions = _positions(rules.wording, header, columns)
        self.last_position: Final = max(positions.values(), default=0)
        self._fillers = [
            _Filler(number, template, positions, rules)
            for number, template in enumerate(rules.wording.templates)
        ]
        self.untold: Final[dict[str, dict[str, int]]] = {}  # by column: values without a text -> rows
        self._choose = _Chooser(rules.wording, positions, self.untold) if rules.wording.variants else None

    def fill(self, row: Sequence[str]) -> Filled | None:
        """Return the text of a row where it is plain; None: ask the law."""
        filler = self._fillers[self._choose.of(row) if self._choose else 0]
        return filler.fill(row)

    def judge(self, row: Sequence[str]) -> Filled | Problem:
        """Return the text of a row, or why it has none."""
        return self._fillers[self._choose.of(row) if self._choose else 0].judge(row)

    def notices(self) -> list[Sentence]:
        """Say which values of the columns that choose a text have none, and that their rows get the first."""
        if self._choose is None:
            return []
        return [
            say(
                'No text is for "{value}" under {column}: {n} of its rows get the first text.',
                value=veiled(value),
                column=column,
                n=n,
            )
            for column, values in self.untold.items()
            for value, n in sorted(values.items(), key=lambda one: -one[1])[:_VALUES_TOLD]
        ]


class FilledRows:
    """The texts of the rows of one file, and who has had which; the rows are given in their order."""

    __slots__ = ("_fillers", "_one_each", "_seen", "_sent", "_texts", "last_position")

    def __init__(
        self, rules: TextRules, header: Sequence[str], columns: Columns, sent: Container[object]
    ) -> None:
        """Find the columns. Raises MisfitError. `sent` holds numbers with the texts that they have had."""
        self._fillers = Fillers(rules, header, columns)
        self.last_position: Final = self._fillers.last_position
        self._texts = TextWriter(rules.wording)
        self._one_each = rules.wording.one_per_number
        self._sent = sent
        self._seen: set[int] = set()  # hashes: the texts themselves would take too much memory

    def fill(self, row: Sequence[str]) -> Filled | None:
        """Return the text of a row where it is plain; None: ask the law."""
        return self._fillers.fill(row)

    def judge(self, row: Sequence[str], number: str) -> tuple[SkipReason | None, Problem | None]:
        """Return why a number does not get its row's text, or what makes the row bad; neither: it does."""
        filled = self._fillers.judge(row)
        return (self.note(number, filled), None) if isinstance(filled, Filled) else (None, filled)

    def texts_without(self, places: Container[int]) -> PersonalTexts:
        """Return the texts of those who get one, but for some places."""
        self._seen.clear()
        texts = self._texts.texts()
        return texts.without(places) if places else texts

    def notices(self) -> tuple[Sentence, ...]:
        """Say what a person should know of the rows."""
        return tuple(self._fillers.notices())

    def note(self, number: str, filled: Filled) -> SkipReason | None:
        """Return why a number does not get a text; None: it does, and that is noted."""
        body = plainly(filled.body) if filled.is_wide else filled.body  # to people the same text
        key = int(number) if self._one_each else hash((number, body))
        if key in self._seen:
            return SkipReason.DUPLICATE
        if self._sent and (number, filled.body) in self._sent:
            return SkipReason.ALREADY_SENT
        self._seen.add(key)
        self._texts.add(filled)
        return None


class _Filler:
    """One template on the columns of a file."""

    def __init__(
        self, number: int, template: Template, positions: Mapping[str, int], rules: TextRules
    ) -> None:
        self._number = number
        self._fields = template.fields
        self._replace = rules.wording.replace
        self._profile = rules.profile
        self._max_parts = rules.max_parts
        self._format = format_of(template)
        places = [positions[field.column] for field in template.fields]
        self._pick: Callable[[Sequence[str]], tuple[str, ...]] = _picker(places)
        self._known: list[dict[str, FilledCell]] = [{} for _ in places]
        around = measured(template.literal)
        self._septets, self._units, self._has_pairs = around.septets, around.units, around.has_pairs
        # Where the text around the fields is blank, or could join with a cell, it must be looked at whole.
        self._is_plain = bool(template.literal.strip()) and all(one[:1] < JOINS for one in template.pieces)
        self._ends_in_field = not template.pieces[-1].strip()

    def fill(self, row: Sequence[str]) -> Filled | None:
        """Return the text where all of it is plain; None: ask the law."""
        if not self._is_plain:
            return None
        septets, units, has_pairs, texts = self._septets, self._units, self._has_pairs, []
        for known, cell in zip(self._known, self._pick(row), strict=True):
            found = known.get(cell)
            if found is None:
                found = self._learn(known, cell)
            if not found.is_plain:
                return None
            septets += found.septets
            units += found.units
            has_pairs = has_pairs or found.has_pairs
            texts.append(found.text)
        if self._ends_in_field and not texts[-1]:
            return None
        is_wide = septets >= NOT_GSM7
        parts = self._parts_of(units if is_wide else septets, is_wide=is_wide, has_pairs=has_pairs)
        if parts is None:
            return None
        cells = tuple(texts)
        return Filled(self._format % cells, cells, parts, is_wide, self._number)

    def _parts_of(self, total: int, *, is_wide: bool, has_pairs: bool) -> int | None:
        profile = self._profile
        if total <= (profile.ucs2_single if is_wide else profile.gsm7_single):
            return 1
        if has_pairs:  # one may have to begin a part
            return None
        parts = -(-total // (profile.ucs2_part if is_wide else profile.gsm7_part))
        return parts if parts <= self._max_parts else None

    def judge(self, row: Sequence[str]) -> Filled | Problem:
        """Return the text, or why there is none."""
        cells = []
        for field, written in zip(self._fields, self._pick(row), strict=True):
            if problem := problem_of_cell(field, written):
                return problem
            cells.append(text_of(field, written, replace=self._replace))
        filled = tuple(cells)
        body = composed(self._format % filled)
        if not body.strip():
            return "blank", lambda: say("its text is empty.")
        size = measure(body, self._profile)
        if size.parts > self._max_parts:
            return "too-long", partial(_too_long, size, self._max_parts)
        return Filled(
            body=body,
            cells=filled,
            parts=size.parts,
            is_wide=size.encoding is Encoding.UCS2,
            template=self._number,
        )

    def _learn(self, known: dict[str, FilledCell], written: str) -> FilledCell:
        field = self._fields[next(at for at, one in enumerate(self._known) if one is known)]
        if problem_of_cell(field, written):
            found = BAD
        else:
            found = measured(text_of(field, written, replace=self._replace))
        if len(known) >= _MOST_KNOWN:
            known.clear()
        known[written] = found
        return found


class _Chooser:
    """Which template is a row's."""

    def __init__(
        self, wording: Wording, positions: Mapping[str, int], untold: dict[str, dict[str, int]]
    ) -> None:
        self._wanted = [
            (positions[one.column], group_key(one.value), number)
            for number, one in enumerate(wording.variants, start=1)
        ]
        self._titles = {positions[one.column]: one.column for one in reversed(wording.variants)}
        self._known: dict[tuple[int, str], int] = {}
        self._untold = untold

    def of(self, row: Sequence[str]) -> int:
        """Return the number of the first template whose value the row has; 0: of none."""
        for position, key, number in self._wanted:
            if key in keys_in(row[position]):
                return number
        for position, title in self._titles.items():
            if value := shown(row[position]):
                values = self._untold.setdefault(title, {})
                if value in values or len(values) < _MOST_VALUES:
                    values[value] = values.get(value, 0) + 1
        return 0


def _picker(places: Sequence[int]) -> Callable[[Sequence[str]], tuple[str, ...]]:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda row: tuple([row[place] for place in places])


def _positions(wording: Wording, header: Sequence[str], columns: Columns) -> dict[str, int]:
    """Return where each column stands. Raises MisfitError that tells of every one that cannot be used."""
    found: dict[str, int] = {}
    problems: list[Sentence] = []
    numbers = {one.number for one in columns.numbers}
    choosing = dict.fromkeys(one.column for one in wording.variants)
    for column in dict.fromkeys((*wording.columns, *choosing)):
        try:
            found[column] = position_of(header, column)
        except MisfitError:
            count = _alike(header, column)
            problems.append(
                say("{count} columns are called {wanted}.", count=count, wanted=column)
                if count
                else say("No column is called {wanted}.", wanted=column)
            )
            continue
        if found[column] in numbers:
            problems.append(say("{column} holds the mobile numbers, which are not filled in.", column=column))
    if problems:
        raise MisfitError(
            say("The text has fields that the file cannot fill in; nothing was sent."),
            hint=seen_in(header),
            problems=problems,
        )
    return found


def _alike(header: Sequence[str], column: str) -> int:
    return sum(fold(one) == fold(column) for one in header)


def _too_long(size: TextSize, most: int) -> Sentence:
    return say("its text takes {parts} parts; at most {most} are sent.", parts=size.parts, most=most)


_MOST_KNOWN: Final = 1 << 15
_MOST_VALUES: Final = 1000
_VALUES_TOLD: Final = 10
