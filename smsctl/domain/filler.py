"""One template filled in from the rows of a file, and each text measured.

A cell's units are counted once for all rows that have it, and added to those of the text around it: measuring
every text anew takes half as long again. The shortcut (`fill_all`) takes only what is plain; everything else
goes to the law (`judge`), so the two cannot come to differ.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import repeat
from operator import add, itemgetter
from typing import Final

from smsctl.domain.entries import Problem
from smsctl.domain.field_cells import BAD, NOT_GSM7, NOTHING, FilledCell, measured, problem_of_cell, text_of
from smsctl.domain.fields import Template, TextField
from smsctl.domain.filled import JOINS, Filled, FilledTexts, composed, rendered, rendered_all
from smsctl.domain.text import Encoding, PartProfile, TextSize, measure
from smsctl.domain.wording import TextRules
from smsctl.errors import Sentence, say


class Filler:
    """One template on the columns of a file."""

    def __init__(
        self, number: int, template: Template, positions: Mapping[str, int], rules: TextRules
    ) -> None:
        """Measure what stands around the fields. `number` is the template's, `positions` those of columns."""
        self._number = number
        self._replace = rules.wording.replace
        self._profile = rules.profile
        self._max_parts = rules.max_parts
        self._template = template
        self._places = [positions[field.column] for field in template.fields]
        ends_in_field = not template.pieces[-1].strip()
        self._known = [
            _KnownCells(field, rules, must_be_something=field is template.fields[-1] and ends_in_field)
            for field in template.fields
        ]
        # Where the text around the fields is blank, or could join with a cell, it must be looked at whole.
        is_plain = bool(template.literal.strip()) and all(one[:1] < JOINS for one in template.pieces)
        self._around = _code(measured(template.literal, rules.profile)._replace(is_plain=is_plain))
        self._sizes = _KnownSizes(rules.profile, rules.max_parts)

    def fill_all(self, rows: Sequence[Sequence[str]]) -> FilledTexts:
        """Return the texts of some rows, at least one; no parts where it is not plain: ask the law.

        What is done for each row is done for all rows at once, by what Python has in C.
        """
        codes: Iterable[int] = repeat(self._around, len(rows))
        columns: list[Sequence[str]] = []
        for known, place in zip(self._known, self._places, strict=True):
            known.make_room()
            written = list(map(itemgetter(place), rows))
            counted = list(map(known.__getitem__, written))
            columns.append(list(map(known.text_of, written)) if known.changed else written)
            codes = map(add, codes, counted)
        parts, wide = zip(*map(self._sizes.__getitem__, codes), strict=True)
        return FilledTexts(
            bodies=list(rendered_all(self._template, columns, len(rows))),
            columns=columns or [[""] * len(rows)],
            parts=parts,
            wide=wide,
            templates=[self._number] * len(rows),
        )

    def judge(self, row: Sequence[str]) -> Filled | Problem:
        """Return the text, or why there is none."""
        cells = []
        for field, place in zip(self._template.fields, self._places, strict=True):
            if problem := problem_of_cell(field, row[place]):
                return problem
            cells.append(text_of(field, row[place], replace=self._replace))
        filled = tuple(cells)
        body = composed(rendered(self._template, filled))
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


class _KnownCells(dict[str, int]):
    """The code of what stands in the text for each cell of a field, once it is met."""

    __slots__ = ("_field", "_must_be_something", "_rules", "changed")

    def __init__(self, field: TextField, rules: TextRules, *, must_be_something: bool) -> None:
        self._field = field
        self._rules = rules
        self._must_be_something = must_be_something  # a blank before it would stand at the end
        self.changed: Final[dict[str, str]] = {}  # what stands for those that do not stand as they are

    def make_room(self) -> None:
        """Forget them all where they are many; not while some of them are looked up."""
        if len(self) >= _MOST_KNOWN:
            self.clear()
            self.changed.clear()

    def text_of(self, written: str) -> str:
        """Return what stands in the text for a cell that was met."""
        return self.changed.get(written, written)

    def __missing__(self, written: str) -> int:
        if len(written) < _LONGEST and re.fullmatch(_SIMPLE, written):
            found = len(written) * (_SEPTET + _UNIT)
        else:
            found = self._looked_at(written)
        self[written] = found
        return found

    def _looked_at(self, written: str) -> int:
        if problem_of_cell(self._field, written):
            piece = BAD
        else:
            text = text_of(self._field, written, replace=self._rules.wording.replace)
            piece = measured(text, self._rules.profile)
        if self._must_be_something and not piece.text:
            piece = BAD
        if piece.text != written:
            self.changed[written] = piece.text
        return _code(piece)


class _KnownSizes(dict[int, tuple[int, bool]]):
    """The parts of a text and whether it is UCS-2, by the sum of its codes; 0: the law must be asked."""

    __slots__ = ("_most", "_profile")

    def __init__(self, profile: PartProfile, most: int) -> None:
        self._profile = profile
        self._most = most

    def __missing__(self, code: int) -> tuple[int, bool]:
        if len(self) >= _MOST_KNOWN:
            self.clear()
        self[code] = found = self._size(code) if code < _NOT_PLAIN else _ASK_THE_LAW
        return found

    def _size(self, code: int) -> tuple[int, bool]:
        profile, septets, units = self._profile, code % _UNIT, code % _PAIRS // _UNIT
        is_wide = septets >= NOT_GSM7
        single, part = (
            (profile.ucs2_single, profile.ucs2_part) if is_wide else (profile.gsm7_single, profile.gsm7_part)
        )
        total = units if is_wide else septets
        if total <= single:
            return 1, is_wide
        parts = -(-total // part)
        # a pair may have to begin a part
        return _ASK_THE_LAW if code >= _PAIRS or parts > self._most else (parts, is_wide)


def _code(piece: FilledCell) -> int:
    """Return one number that tells of a piece, so that one sum tells of all pieces of a text together."""
    is_plain = piece.is_plain and piece.units < _LONGEST
    septets, units = min(piece.septets, NOT_GSM7), min(piece.units, _LONGEST)
    return septets * _SEPTET + units * _UNIT + piece.has_pairs * _PAIRS + (not is_plain) * _NOT_PLAIN


def _too_long(size: TextSize, most: int) -> Sentence:
    return say("its text takes {parts} parts; at most {most} are sent.", parts=size.parts, most=most)


_ASK_THE_LAW: Final = (0, False)
_MOST_KNOWN: Final = 1 << 15
_LONGEST: Final = 1 << 16
_SEPTET: Final = 1
_UNIT: Final = NOT_GSM7 << 8
_PAIRS: Final = _UNIT * _LONGEST << 8
_NOT_PLAIN: Final = _PAIRS << 8
"""Each is more than as many pieces as there may be have of the one before it."""
_SIMPLE: Final = rf"(?!(?:{NOTHING})\Z)[0-9A-Za-zÅÄÖåäö](?:[ 0-9A-Za-zÅÄÖåäö.,:/'-]*[0-9A-Za-zÅÄÖåäö.])?"
"""A cell that stands in the text as it is, of one septet for each character; nothing can be wrong with it."""
