"""Who in a recipients file a mailing is for: by group, by any column, by municipality, or everyone."""

from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum
from operator import attrgetter
from types import MappingProxyType
from typing import Final, NamedTuple

from smsctl.domain.cells import bare, pieces, plain
from smsctl.domain.columns import Columns, MisfitError, position_of, seen_in
from smsctl.domain.headings import fold
from smsctl.errors import Sentence, UsageError, say

_GROUP_WORDS = {
    "students": "elev elever student",
    "guardians": "vardnadshavare vh guardian",
    "staff": "personal",
    "principals": "rektor rektorer principal",
    "administrators": "administrator administratorer",
}

GROUPS: Final[Mapping[str, str]] = MappingProxyType(
    {word: group for group, words in _GROUP_WORDS.items() for word in (group, *words.split())}
)
"""The groups that have names in both languages: folded word -> our name."""

_TITLES = {
    "students": say("students"),
    "guardians": say("guardians"),
    "staff": say("staff"),
    "principals": say("principals"),
    "administrators": say("administrators"),
}


class Outside(StrEnum):
    """Why a row of the file is not of the audience, in the order in which it is asked."""

    OTHER_GROUP = "other-group"
    OTHER_MUNICIPALITY = "other-municipality"
    NO_MUNICIPALITY = "no-municipality"
    WHERE = "where"
    HIDDEN = "hidden"  # in the workbook, and to be left out


class OutsideRows(NamedTuple):
    """How many rows of the file are outside the audience for one reason."""

    reason: Outside
    municipality: str  # as the file has it; empty where that is not the reason
    rows: int


class AudienceRule(NamedTuple):
    """The rule as values: groups, and what columns must hold besides; neither is everyone."""

    groups: tuple[str, ...] = ()
    where: str = ""

    def __str__(self) -> str:
        """Return the rule as JSON tells it; the ledger knows it again by this text."""
        return "; ".join(filter(None, (", ".join(self.groups), self.where))) or _EVERYONE


def rule_of(text: str, groups: tuple[str, ...]) -> AudienceRule:
    """Return the rule out of its text and its groups, which the ledger keeps beside it."""
    where = text.removeprefix(", ".join(groups)).removeprefix("; ") if groups or text != _EVERYONE else ""
    return AudienceRule(groups=groups, where=where)


class Audience:
    """The rule that chooses rows: in any of `groups`, and in the municipality, and by `where`.

    Several `where` of one column are a union, those of different columns narrow; an empty value chooses the
    rows whose cell is empty. `municipality` holds the spellings that the municipality goes by, in any case;
    empty: any. Raises UsageError when nothing is chosen: everyone is chosen by saying so.
    """

    __slots__ = ("groups", "municipality", "where")  # no dataclass: making one costs every send 1 ms

    def __init__(
        self,
        *,
        groups: tuple[str, ...] = (),
        where: tuple[tuple[str, str], ...] = (),
        everyone: bool = False,
        municipality: frozenset[str] = frozenset(),
    ) -> None:
        """Refuse the rule that was forgotten. A `where` is a header and a value."""
        if not all(map(plain, groups)):
            raise UsageError(say("--group has no name."), hint=say("Is the variable in the command empty?"))
        if everyone and (groups or where):
            raise UsageError(say("--all goes with neither --group nor --where."))
        if not (groups or where or everyone):
            raise UsageError(
                say("Nobody is chosen."),
                hint=say("Choose with --group NAME, with --where COLUMN=VALUE, or everyone with --all."),
            )
        self.groups: Final = groups  # as asked for, in either language
        self.where: Final = where
        self.municipality: Final = frozenset(map(plain, municipality))

    @property
    def rule(self) -> AudienceRule:
        """The rule, the same for the same choice, in whatever order and language it was made."""
        groups = sorted({group_key(group) for group in self.groups})
        where = sorted({f"{plain(column)}={plain(value)}" for column, value in self.where})
        return AudienceRule(groups=tuple(groups), where="; ".join(where))

    @property
    def typed(self) -> AudienceRule:
        """The rule as a person wrote it, for whoever looks at the plan."""
        groups = dict.fromkeys(GROUPS.get(fold(group)) or group.strip() for group in self.groups)
        where = "; ".join(f"{column}={value or _EMPTY}" for column, value in self.where)
        return AudienceRule(groups=tuple(groups), where=where)


_ABOUT: Final = "[]{}'\" "
_EMPTY, _EVERYONE = '""', "everyone"


Choosing = Mapping[str, Sequence[str]]
"""What is named of a recipients file and decides who gets a message: headings by column, and the sheet."""


def kept_with_a_key(named: Choosing) -> str:
    """Return what a key goes with of that: the number columns, folded; empty: recognised by themselves.

    Below them stands, a line for each, what else chooses rows. A line break there always is: older versions
    kept the first line alone.
    """
    others = [f"{name}={'+'.join(map(fold, named[name]))}" for name in _CHOOSE if named.get(name)]
    return "\n".join(("+".join(sorted(map(fold, named.get("number", ())))), *(others or [""])))


_CHOOSE: Final = ("sheet", "group", "municipality")


def group_key(name: str) -> str:
    """Return the group that a name means: ours in either language, any other one as cells are compared."""
    return GROUPS.get(fold(name)) or plain(name)


def titled(group: str) -> Sentence | str:
    """Return the name of a group as it is shown; any but ours is shown as it was written."""
    return _TITLES.get(group, group)


def groups_in(cell: str) -> dict[str, str]:
    """Return the groups a cell names, key -> name to show."""
    return {group_key(name): GROUPS.get(fold(name), name) for name in pieces(cell)}


def keys_in(cell: str) -> set[str]:
    """Return the keys that a cell answers to: of each group it names, and of itself as a whole (7A/7B).

    SharePoint (;#7A;#) and arrays (["7A","7B"]) put marks about a name; it is answered to without them too.
    """
    named = groups_in(cell)
    return {*named, *(bare for name in named if (bare := name.lstrip("#=").strip(_ABOUT))), group_key(cell)}


def is_newly_split(cell: str, wanted: Collection[str]) -> bool:
    """Tell whether only a line break, `;`, `|` or marks, which older versions did not know, let it fit."""
    older = {group_key(name) for name in cell.replace("/", ",").split(",")}
    return older.isdisjoint(wanted) and group_key(cell) not in wanted


class _Test(NamedTuple):
    """One column that decides."""

    position: int
    fits: Callable[[str], bool]
    otherwise: Outside
    values: frozenset[str] = frozenset()  # that `where` asks for


class Selection:
    """An audience applied to the columns of one file."""

    __slots__ = ("_by_position", "_tests")

    def __init__(self, audience: Audience, header: Sequence[str], columns: Columns) -> None:
        """Find the columns that decide; MisfitError when the file does not have them."""
        tests: list[_Test] = []
        if audience.groups:
            wanted = frozenset(map(group_key, audience.groups))
            tests.append(_Test(_group_column(header, columns), _any_of(wanted), Outside.OTHER_GROUP))
        if audience.municipality and columns.municipality is not None:
            fits = _is_of(audience.municipality)
            tests.append(_Test(columns.municipality, fits, Outside.OTHER_MUNICIPALITY))
        values: dict[int, set[str]] = {}
        for column, value in audience.where:
            values.setdefault(position_of(header, column), set()).add(plain(value))
        tests += [
            _Test(at, _one_of(chosen), Outside.WHERE, frozenset(chosen)) for at, chosen in values.items()
        ]
        self._tests = tests  # in the order of Outside
        self._by_position = sorted(tests, key=attrgetter("position"))

    @property
    def positions(self) -> frozenset[int]:
        """The columns that decide."""
        return frozenset(test.position for test in self._tests)

    def outside(self, cells: Mapping[int, str]) -> Outside | None:
        """Return why a row is not in the audience; None: it is. A cell that is missing shuts nobody out."""
        for position, fits, otherwise, _ in self._tests:
            if position in cells and not fits(cells[position]):
                if otherwise is Outside.OTHER_MUNICIPALITY and not bare(cells[position]):
                    return Outside.NO_MUNICIPALITY
                return otherwise
        return None

    def misses(self, cells: Mapping[int, str]) -> list[tuple[str, frozenset[str]]]:
        """Return the cells that shut a row out by `where`, each with the values that are asked for."""
        tests = (test for test in self._tests if test.otherwise is Outside.WHERE)
        return [(cells[test.position], test.values) for test in tests if not test.fits(cells[test.position])]

    def admits(self, cells: Mapping[int, str]) -> bool:
        """Tell whether a row is in the audience."""
        return self.outside(cells) is None

    def outside_of_width(self, row: Sequence[str], width: int) -> Outside | None:
        """Return why a row of another width than the header's is not in the audience; None: it may be.

        Nobody knows which cell is missing or too many, so each in turn is taken to be, and the row is
        outside only if it is so in every reading: better a needless stop than somebody forgotten. A row
        that lacks several cells may be anybody's. The reason is that of the row as it stands.
        """
        if self._may_admit(row, width):
            return None
        return self.outside(dict(enumerate(row))) or self._tests[0].otherwise

    def _may_admit(self, row: Sequence[str], width: int) -> bool:
        too_many = len(row) - width
        if too_many > 0:
            return self._admits_within(row, too_many)
        positions = self.positions
        return too_many < -1 or any(
            self.admits(
                {position: row[position - (gap < position)] for position in positions if position != gap}
            )
            for gap in range(width)
        )

    def _admits_within(self, row: Sequence[str], too_many: int) -> bool:
        """Tell whether the cells that decide can be found in order, with others before and between them."""
        before = 0
        for position, fits, _otherwise, _values in self._by_position:
            shifts = (shift for shift in range(before, too_many + 1) if fits(row[position + shift]))
            before = next(shifts, too_many + 1)
        return before <= too_many


def _group_column(header: Sequence[str], columns: Columns) -> int:
    if columns.group is not None:
        return columns.group
    raise MisfitError(
        say("No column with groups was recognised. {seen}", seen=seen_in(header)),
        hint=say("Name it under [columns] in the config or with --column group=HEADER, or send with --all."),
    )


def _any_of(wanted: Collection[str]) -> Callable[[str], bool]:
    return lambda cell: not keys_in(cell).isdisjoint(wanted)


def _is_of(municipality: Collection[str]) -> Callable[[str], bool]:
    return lambda cell: bare(cell) in municipality


def _one_of(values: Collection[str]) -> Callable[[str], bool]:
    return lambda cell: plain(cell) in values
