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
from smsctl.domain.fields import Template, TextField
from smsctl.domain.filled import Filled, composed, format_of
from smsctl.domain.headings import fold
from smsctl.domain.personal import PersonalTexts, TextWriter
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

    __slots__ = ("_fillers", "_one_each", "_put", "_seen", "_sent", "_texts", "last_position")

    def __init__(
        self, rules: TextRules, header: Sequence[str], columns: Columns, sent: Container[object]
    ) -> None:
        """Find the columns. Raises MisfitError. `sent` holds numbers with the texts that they have had."""
        self._fillers = Fillers(rules, header, columns)
        self.last_position: Final = self._fillers.last_position
        self._texts = TextWriter(rules.wording)
        self._put = self._texts.put
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
        body, cells, parts, is_wide, template = filled
        to_people = plainly(body) if is_wide else body  # all else is plain
        key = int(number) if self._one_each else hash((number, to_people))
        if key in self._seen:
            return SkipReason.DUPLICATE
        if self._sent and (number, body) in self._sent:
            return SkipReason.ALREADY_SENT
        self._seen.add(key)
        self._put(template, parts, is_wide, len(body), cells)
        return None


class _KnownCells(dict[str, tuple[str, int, int]]):
    """What stands in the text for each cell of a field, with its septets and its units, once it is met.

    Many units more tell of pairs, and very many that it is not plain: one sum tells of all cells together.
    """

    __slots__ = ("_field", "_replace")

    def __init__(self, field: TextField, *, replace: bool) -> None:
        self._field = field
        self._replace = replace

    def __missing__(self, written: str) -> tuple[str, int, int]:
        if problem_of_cell(self._field, written):
            found = BAD
        else:
            found = measured(text_of(self._field, written, replace=self._replace))
        if len(self) >= _MOST_KNOWN:
            self.clear()
        known = self[written] = found.text, found.septets, _units_of(found)
        return known


def _units_of(piece: FilledCell) -> int:
    return piece.units + _PAIRS * piece.has_pairs + _NOT_PLAIN * (not piece.is_plain)


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
        self._known = [_KnownCells(field, replace=self._replace) for field in template.fields]
        # Where the text around the fields is blank, or could join with a cell, it must be looked at whole.
        is_plain = bool(template.literal.strip()) and all(one[:1] < JOINS for one in template.pieces)
        around = measured(template.literal)._replace(is_plain=is_plain)
        self._septets, self._units = around.septets, _units_of(around)
        self._ends_in_field = not template.pieces[-1].strip()

    def fill(self, row: Sequence[str]) -> Filled | None:
        """Return the text where all of it is plain; None: ask the law. Written for speed."""
        septets, units, texts = self._septets, self._units, []
        for known, cell in zip(self._known, self._pick(row), strict=True):
            text, more, wide = known[cell]
            septets += more
            units += wide
            texts.append(text)
        if units >= _NOT_PLAIN or (self._ends_in_field and not texts[-1]):
            return None
        is_wide, profile, parts = septets >= NOT_GSM7, self._profile, 1
        total = units % _PAIRS if is_wide else septets
        if total > (profile.ucs2_single if is_wide else profile.gsm7_single):
            parts = -(-total // (profile.ucs2_part if is_wide else profile.gsm7_part))
            if units >= _PAIRS or parts > self._max_parts:  # a pair may have to begin a part
                return None
        cells = tuple(texts)
        return Filled(self._format % cells, cells, parts, is_wide, self._number)

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
            count = sum(fold(one) == fold(column) for one in header)
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


def _too_long(size: TextSize, most: int) -> Sentence:
    return say("its text takes {parts} parts; at most {most} are sent.", parts=size.parts, most=most)


_MOST_KNOWN: Final = 1 << 15
_PAIRS: Final = 1 << 32
_NOT_PLAIN: Final = 1 << 48
"""More units than any text has, and than as many as there may be fields have pairs."""
_MOST_VALUES: Final = 1000
_VALUES_TOLD: Final = 10
