"""Which text each row of a file gets, what it becomes, and whether its number has had it before."""

from collections.abc import Container, Hashable, Iterable, Mapping, Sequence
from itertools import zip_longest
from operator import itemgetter
from typing import Final

from smsctl.domain.audience import group_key, keys_in
from smsctl.domain.cells import shown, veiled
from smsctl.domain.columns import Columns, MisfitError, position_of, seen_in
from smsctl.domain.entries import Problem
from smsctl.domain.filled import Filled, FilledTexts
from smsctl.domain.filler import Filler
from smsctl.domain.headings import fold
from smsctl.domain.personal import PersonalTexts, TextWriter
from smsctl.domain.recipients import SkipReason
from smsctl.domain.seen import Seen
from smsctl.domain.text import plainly
from smsctl.domain.wording import TextRules, Wording
from smsctl.errors import Sentence, say, say_n


class Fillers:
    """The templates of a wording on the columns of one file: which one is a row's, and what it becomes."""

    __slots__ = ("_choose", "_fillers", "last_position", "untold", "wording")

    def __init__(self, rules: TextRules, header: Sequence[str], columns: Columns) -> None:
        """Find the columns. Raises MisfitError that tells of every field which the file does not have."""
        self.wording: Final = rules.wording
        positions = _positions(rules.wording, header, columns)
        self.last_position: Final = max(positions.values(), default=0)
        self._fillers = [
            Filler(number, template, positions, rules)
            for number, template in enumerate(rules.wording.templates)
        ]
        self.untold: Final[dict[str, dict[str, int]]] = {}  # by column: values without a text -> rows
        self._choose = _Chooser(rules.wording, positions, self.untold) if rules.wording.variants else None

    def fill_all(self, rows: Sequence[Sequence[str]]) -> FilledTexts:
        """Return the texts of some rows, at least one; no parts where it is not plain: ask the law."""
        if self._choose is None:
            return self._fillers[0].fill_all(rows)
        chosen = list(map(self._choose.of, rows))
        order, found = list[int](), list[Filled]()
        for template in set(chosen):
            places = [at for at, one in enumerate(chosen) if one == template]
            order += places
            found += self._fillers[template].fill_all([rows[at] for at in places]).each()
        in_order = [text for _, text in sorted(zip(order, found, strict=True), key=itemgetter(0))]
        for row, text in zip(rows, in_order, strict=True):
            if text.parts and not text.template:
                self._choose.tell(row)
        bodies, cells, parts, wide, templates = zip(*in_order, strict=True)
        columns = list(zip_longest(*cells, fillvalue=""))
        return FilledTexts(bodies=bodies, columns=columns, parts=parts, wide=wide, templates=templates)

    def judge(self, row: Sequence[str]) -> Filled | Problem:
        """Return the text of a row, or why it has none."""
        if self._choose is None:
            return self._fillers[0].judge(row)
        template = self._choose.of(row)
        if not template:
            self._choose.tell(row)
        return self._fillers[template].judge(row)

    def notices(self) -> list[Sentence]:
        """Say which values of the columns that choose a text have none, and that their rows get the first."""
        if self._choose is None:
            return []
        return [
            say_n(
                'No text is for "{value}" under {column}: {n} of its rows gets the first text.',
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

    __slots__ = ("_fillers", "_one_each", "_seen", "_sent", "_texts", "fill_all", "last_position")

    def __init__(
        self, rules: TextRules, header: Sequence[str], columns: Columns, sent: Container[object]
    ) -> None:
        """Find the columns. Raises MisfitError. `sent` holds numbers with the texts that they have had."""
        self._fillers = Fillers(rules, header, columns)
        self.fill_all: Final = self._fillers.fill_all
        self.last_position: Final = self._fillers.last_position
        self._texts = TextWriter(rules.wording)
        self._one_each = rules.wording.one_per_number
        self._sent = sent
        self._seen = Seen()  # numbers with their texts

    def judge(self, row: Sequence[str], number: str) -> tuple[SkipReason | None, Problem | None]:
        """Return why a number does not get its row's text, or what makes the row bad; neither: it does."""
        filled = self._fillers.judge(row)
        return (self.note(number, filled), None) if isinstance(filled, Filled) else (None, filled)

    def texts_without(self, places: Container[int]) -> PersonalTexts:
        """Return the texts of those who get one, but for some places."""
        self._seen = Seen()
        texts = self._texts.texts()
        return texts.without(places) if places else texts

    def notices(self) -> tuple[Sentence, ...]:
        """Say what a person should know of the rows."""
        return tuple(self._fillers.notices())

    def note(self, number: str, filled: Filled) -> SkipReason | None:
        """Return why a number does not get a text; None: it does, and that is noted."""
        (key,) = self._keys((number,), (filled.body,), (filled.is_wide,))
        reason = self._reason(number, filled.body, key)
        if reason is None:
            self._texts.add(filled)
        return reason

    def note_all(self, numbers: Sequence[str], texts: FilledTexts) -> Mapping[int, SkipReason]:
        """Note texts for as many numbers; return why some do not get theirs, by their place."""
        found: dict[int, SkipReason] = {}
        keys = list(self._keys(numbers, texts.bodies, texts.wide))
        if self._sent:
            for at, told in enumerate(zip(numbers, texts.bodies, keys, strict=True)):
                if reason := self._reason(*told):
                    found[at] = reason
        else:
            found = dict.fromkeys(self._seen.repeated(keys), SkipReason.DUPLICATE)
        if not found:
            self._texts.extend(texts)
        for at, text in enumerate(texts.each()) if found else ():
            if at not in found:
                self._texts.add(text)
        return found

    def _keys(
        self, numbers: Sequence[str], bodies: Sequence[str], wide: Sequence[bool]
    ) -> Iterable[Hashable]:
        """Return what may come but once."""
        if self._one_each:
            return numbers
        to_people = bodies  # all that is not UCS-2 is plain
        if any(wide):
            to_people = [plainly(body) if one else body for body, one in zip(bodies, wide, strict=True)]
        return zip(numbers, to_people, strict=True)

    def _reason(self, number: str, body: str, key: Hashable) -> SkipReason | None:
        if self._sent and (number, body) in self._sent:
            # Of one each, the other rows' texts are not for the number either: it has had the first.
            met = not self._seen.is_new(key) if self._one_each else key in self._seen
            return SkipReason.DUPLICATE if met else SkipReason.ALREADY_SENT
        return None if self._seen.is_new(key) else SkipReason.DUPLICATE


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
        self._untold = untold

    def of(self, row: Sequence[str]) -> int:
        """Return the number of the first template whose value the row has; 0: of none."""
        for position, key, number in self._wanted:
            if key in keys_in(row[position]):
                return number
        return 0

    def tell(self, row: Sequence[str]) -> None:
        """Count what a row has that gets the first text for want of another."""
        for position, title in self._titles.items():
            if value := shown(row[position]):
                values = self._untold.setdefault(title, {})
                if value in values or len(values) < _MOST_VALUES:
                    values[value] = values.get(value, 0) + 1


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


_MOST_VALUES: Final = 1000
_VALUES_TOLD: Final = 10
