"""What the cells beside the number say of a row: whether it is in the audience, and may get the message."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from operator import itemgetter
from typing import Final, NamedTuple

from smsctl.domain.audience import (
    Audience,
    Outside,
    OutsideRows,
    Selection,
    group_key,
    groups_in,
    is_newly_split,
    keys_in,
    titled,
)
from smsctl.domain.cells import ERROR, NAMES_TOLD, VEIL, bare, has_lost_letters, plain, shown, veiled
from smsctl.domain.columns import Columns, MisfitError, NumberColumn
from smsctl.domain.likeness import alike_among, alike_in
from smsctl.domain.protection import is_known, is_protected
from smsctl.domain.terms import has_accepted
from smsctl.errors import Sentence, joined, say


class OutsideCount:
    """How many rows are outside the audience for one reason."""

    __slots__ = ("municipality", "reason", "rows")

    def __init__(self, reason: Outside, municipality: str) -> None:
        """Start with none; the name is empty where the reason is not another municipality."""
        self.reason = reason
        self.municipality = municipality
        self.rows = 0


class RowEligibility(NamedTuple):
    """Where a row stands before its numbers are looked at; the tuples have a value per column of numbers."""

    outside: OutsideCount | None  # None: in the audience
    accepted: tuple[bool | None, ...]  # None: the cell does not say whether the terms are
    protected: tuple[bool, ...]
    newly_split: str = ""  # the cell of groups, where only what older versions did not split at lets it in
    quiet: OutsideCount | None = None  # where the row is counted, when nothing else is to be done about it


class RowEligibilities(dict[tuple[str, ...], RowEligibility]):
    """The eligibility of each combination of cells, worked out when the combination is first met.

    A file has a handful of groups and municipalities and some hundred dates, so for almost every row this
    is one look-up. A file that is not like that is forgotten and begun anew, to stay within memory.
    """

    def __init__(
        self, header: Sequence[str], columns: Columns, audience: Audience, *, require_terms: bool
    ) -> None:
        """Find the columns that decide; MisfitError where the audience needs one that the file lacks."""
        super().__init__()
        self._selection = Selection(audience, header, columns)
        self._group = columns.group
        self._wanted = frozenset(map(group_key, audience.groups))
        self._numbers = columns.numbers
        self._reason = columns.reason if require_terms else None
        self._require_terms = require_terms
        self._municipality = columns.municipality if audience.municipality else None
        self._positions = self._deciding()
        self._tallies: dict[tuple[Outside, str], OutsideCount] = {}
        self._ours = audience.municipality
        self.welcome: Final = RowEligibility(
            outside=None, accepted=(True,) * len(self._numbers), protected=(False,) * len(self._numbers)
        )
        self.groups: dict[str, str] = {}  # that the file has: key -> name to show
        self.unmet = {group_key(name): name for name in audience.groups}  # asked for, and not yet met
        self.municipalities: dict[str, str] = {}  # that the file has: key -> name to show
        self.lacks_ours = self._municipality is not None  # until a row of it is met
        self.lost: dict[str, None] = {}  # groups and municipalities with ? in the place of a letter
        self.errors: dict[str, None] = {}  # of formulas, in their place
        self.alike: dict[str, None] = {}  # groups that are not asked for, and resemble one that is
        self.nearly: dict[str, None] = {}  # cells that resemble a value of --where
        self.unknown: dict[str, None] = {}  # what stands for a protected identity and is neither yes nor no

    @property
    def outside_rows(self) -> tuple[OutsideRows, ...]:
        """The rows outside the audience, in the order of Outside, and by how many they are."""
        order = list(Outside)
        met = (
            OutsideRows(reason=one.reason, municipality=one.municipality, rows=one.rows)
            for one in self._tallies.values()
            if one.rows
        )
        return tuple(sorted(met, key=lambda one: (order.index(one.reason), -one.rows, one.municipality)))

    @property
    def last_position(self) -> int:
        """The last column that decides."""
        return self._positions[-1] if self._positions else 0

    def picker(self) -> Callable[[Sequence[str]], tuple[str, ...]]:
        """Return the function that picks out of a row the cells to look up here."""
        positions = self._positions
        if len(positions) > 1:
            return itemgetter(*positions)
        return lambda row: tuple([row[position] for position in positions])

    def of_width(self, row: Sequence[str], width: int) -> OutsideCount | None:
        """Return where a row with too few or too many cells is counted; None: it may be in the audience."""
        reason = self._selection.outside_of_width(row, width)
        return None if reason is None else self._tally(reason, "")

    @property
    def told_groups(self) -> tuple[str, ...]:
        """The groups of the file, as they may be listed: very many may be people."""
        return tuple(self.groups.values()) if len(self.groups) <= NAMES_TOLD else (VEIL,)

    def refuse_unmet(self, *, any_bad: bool) -> None:
        """Raise MisfitError for a group that nobody is in, and for a file that is another municipality's.

        One that spells ours otherwise would reach nobody. Where there are bad rows, and no row that names a
        group or a municipality, these are told instead.
        """
        unmet = ", ".join(self.unmet.values())
        if unmet and (self.groups or not any_bad):
            told = say("The groups in the file are: {groups}.", groups=_told(self.groups))
            raise MisfitError(
                say("Nobody in the file is in the group {unmet}.", unmet=unmet),
                hint=told if self.groups else say("Its column of groups is empty."),
            )
        if self.lacks_ours and not any_bad:
            named = say(
                "The municipalities in the file are: {municipalities}. Write `name` in the config as"
                " the file does, or choose another one with --municipality.",
                municipalities=_told(self.municipalities),
            )
            raise MisfitError(
                say("Nobody in the file belongs to the municipality that sends."),
                hint=named if self.municipalities else say("Its column of municipalities is empty."),
            )

    def doubts(self) -> list[Sentence]:
        """Return what was taken to mean something without being a usual word for it."""
        marks, lost, errors = map(_listed, (map(_mark, self.unknown), map(veiled, self.lost), self.errors))
        taken = say(
            "What stands for a protected identity is neither yes nor no, and is taken as yes: {values}.",
            values=marks,
        )
        unread = say(
            "Letters were lost when the file was written, and stand as ?: {values}. No group or municipality"
            " is called so; write the file anew as UTF-8.",
            values=lost,
        )
        broken = say(
            "Where a group or a municipality should be stands the error of a formula, and the row is in none:"
            " {values}. Mend the formulas, or open the workbook in Excel and save it again.",
            values=errors,
        )
        alike = _listed(map(veiled, self.alike))
        other = say(
            "These groups resemble what is asked for, and nobody gets the message for being in one: {values}."
            " Where they are meant, name them with --group too.",
            values=alike,
        )
        near = _listed(map(veiled, self.nearly))
        asked = say(
            "These values resemble what --where asks for, and nobody gets the message for having one:"
            " {values}. Where they are meant, name them with --where too.",
            values=near,
        )
        told = ((taken, marks), (unread, lost), (broken, errors), (other, alike), (asked, near))
        return [sentence for sentence, values in told if values]

    def __missing__(self, cells: tuple[str, ...]) -> RowEligibility:
        """Work out a combination that was not met before."""
        by_position = dict(zip(self._positions, cells, strict=True))
        if self._group is not None:
            self._note_groups(by_position[self._group])
        if self._municipality is not None:
            self._note_municipality(by_position[self._municipality])
        if len(self) >= _MOST_REMEMBERED:
            self.clear()
        found = self._work_out(by_position)
        self[cells] = eligibility = (
            self.welcome if found == self.welcome else found
        )  # one object, to be quick
        return eligibility

    def _deciding(self) -> tuple[int, ...]:
        beside = {self._group, self._municipality, self._reason}
        for column in self._numbers:
            beside |= {*column.protected, column.terms if self._require_terms else None}
        return tuple(
            sorted(self._selection.positions | {position for position in beside if position is not None})
        )

    def _note_lost(self, cell: str) -> None:
        if has_lost_letters(cell) and len(self.lost) < NAMES_TOLD:
            self.lost.setdefault(shown(cell))
        if cell.lstrip().startswith("#") and re.fullmatch(ERROR, shown(cell)):
            self.errors.setdefault(shown(cell))

    def _note_groups(self, cell: str) -> None:
        self._note_lost(cell)
        for key in keys_in(cell):
            self.unmet.pop(key, None)
        for key, name in groups_in(cell).items():
            if len(self.groups) < _MOST_NAMES:
                self.groups.setdefault(key, veiled(name))

    def _note_municipality(self, cell: str) -> None:
        self._note_lost(cell)
        key = bare(cell)
        if key in self._ours:
            self.lacks_ours = False
        if key and len(self.municipalities) < _MOST_NAMES:
            self.municipalities.setdefault(key, veiled(shown(cell)))

    def _work_out(self, by_position: Mapping[int, str]) -> RowEligibility:
        reason = self._selection.outside(by_position)
        counted = None if reason is None else self._tally(reason, self._name(reason, by_position))
        if reason is Outside.OTHER_GROUP and self._group is not None and len(self.alike) < _MOST_NAMES:
            self.alike |= dict.fromkeys(alike_in(by_position[self._group], self._wanted))
        if reason is Outside.WHERE and len(self.nearly) < _MOST_NAMES:
            self.nearly |= dict.fromkeys(alike_among(self._selection.misses(by_position)))
        accepted = tuple(self._has_accepted(column, by_position) for column in self._numbers)
        protected = tuple(self._is_protected(column, by_position) for column in self._numbers)
        return RowEligibility(
            outside=counted,
            accepted=accepted,
            protected=protected,
            quiet=None if None in accepted or any(protected) else counted,
            newly_split=self._newly_split(by_position) if reason is None else "",
        )

    def _tally(self, reason: Outside, municipality: str) -> OutsideCount:
        key = (reason, municipality)
        return self._tallies.setdefault(key, OutsideCount(*key))

    def _name(self, reason: Outside, by_position: Mapping[int, str]) -> str:
        """Return the municipality by which a row is counted; none where there are very many of them."""
        if reason is not Outside.OTHER_MUNICIPALITY or self._municipality is None:
            return ""
        return self.municipalities.get(bare(by_position[self._municipality]), "")

    def _has_accepted(self, column: NumberColumn, by_position: Mapping[int, str]) -> bool | None:
        if not self._require_terms:
            return True
        if column.terms is None:
            return self._reason is None or plain(by_position[self._reason]) not in _TERMS
        return has_accepted(by_position[column.terms])

    def _is_protected(self, column: NumberColumn, by_position: Mapping[int, str]) -> bool:
        cells = [by_position[position] for position in column.protected]
        for cell in cells:
            if not is_known(cell) and len(self.unknown) < _MOST_NAMES:
                self.unknown.setdefault(shown(cell))
        return any(map(is_protected, cells))

    def _newly_split(self, by_position: Mapping[int, str]) -> str:
        if self._group is None or not self._wanted:
            return ""
        cell = by_position[self._group]
        return shown(cell) if is_newly_split(cell, self._wanted) else ""


_MOST_REMEMBERED = 1 << 16
_MOST_NAMES = 1000
_SHOWN = 40  # characters
_TERMS = frozenset({"terms", "villkor"})  # the reason in a file that smsctl wrote


def _told(names: Mapping[str, str]) -> Sentence:
    """Return the names as a sentence lists them; only the count of many, which may be people."""
    if len(names) > NAMES_TOLD:
        return say("{n} different ones", n=len(names))
    return joined(*map(titled, names.values()))


def _listed(values: Iterable[str]) -> str:
    return ", ".join(f'"{one[:_SHOWN]}"' for one in islice(values, NAMES_TOLD))


def _mark(cell: str) -> str:
    """Return the cell that marks a protected identity, as it may be shown; "…" for a note about somebody."""
    words = plain(cell).split()
    is_note = len(words) > 1 and not all(word.startswith(_OF_MARKS) for word in words)
    return VEIL if is_note else veiled(cell)


_OF_MARKS = ("skydd", "sekr", "person", "uppg", "folkbok", "identitet", "adress", "mark", "ja", "protected")
