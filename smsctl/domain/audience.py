"""Who in a recipients file a mailing is for: by group, by any column, by municipality, or everyone."""

from collections.abc import Callable, Collection, Mapping, Sequence
from operator import itemgetter
from types import MappingProxyType
from typing import Final

from smsctl.domain.columns import Columns, MisfitError, fold, place_of, seen_in
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


class Audience:
    """The rule that chooses rows: in any of `groups`, and every `where`, and the municipality.

    `municipality` holds the spellings that the municipality goes by, casefolded; empty: any. Raises
    UsageError when nothing is chosen: everyone is chosen by saying so.
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
        if not all(group.strip() for group in groups):
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
        self.municipality: Final = municipality

    @property
    def rule(self) -> str:
        """The rule in words: the same for the same choice, in whatever order and language it was made."""
        groups = sorted({group_key(group) for group in self.groups})
        where = sorted({f"{column.strip().casefold()}={_plain(value)}" for column, value in self.where})
        return _in_words(groups, where)

    @property
    def typed(self) -> str:
        """The rule as a person wrote it, for whoever looks at the plan."""
        groups = dict.fromkeys(GROUPS.get(fold(group)) or group.strip() for group in self.groups)
        return _in_words(list(groups), [f"{column}={value}" for column, value in self.where])


def _in_words(groups: list[str], where: list[str]) -> str:
    return "; ".join([*([", ".join(groups)] if groups else []), *where]) or "everyone"


def group_key(name: str) -> str:
    """Return the group that a name means: ours in either language, any other one with its case ignored."""
    return GROUPS.get(fold(name)) or _plain(name)


def municipality_key(cell: str) -> str:
    """Return a municipality's name as it is compared: its case ignored."""
    return _plain(cell)


def titled(group: str) -> Sentence | str:
    """Return the name of a group as it is shown; any but ours is shown as it was written."""
    return _TITLES.get(group, group)


def groups_in(cell: str) -> dict[str, str]:
    """Return the groups a cell names, key -> name to show; `,` and `/` stand between several."""
    names = [name.strip() for name in cell.replace("/", ",").split(",")]
    return {group_key(name): GROUPS.get(fold(name), name) for name in names if name}


class Selection:
    """An audience applied to the columns of one file."""

    __slots__ = ("_tests",)

    def __init__(self, audience: Audience, header: Sequence[str], columns: Columns) -> None:
        """Find the columns that decide; MisfitError when the file does not have them."""
        tests: list[tuple[int, Callable[[str], bool]]] = []
        if audience.groups:
            tests.append((_group_column(header, columns), _any_of(audience.groups)))
        if audience.municipality and columns.municipality is not None:
            tests.append((columns.municipality, _one_of(audience.municipality)))
        tests += [(place_of(header, column), _one_of({_plain(value)})) for column, value in audience.where]
        self._tests = sorted(tests, key=itemgetter(0))

    @property
    def places(self) -> frozenset[int]:
        """The columns that decide."""
        return frozenset(place for place, _test in self._tests)

    def admits(self, cells: Mapping[int, str]) -> bool:
        """Tell whether a row is in the audience; a cell that is missing does not shut anybody out."""
        return all(test(cells[place]) for place, test in self._tests if place in cells)

    def may_admit(self, row: Sequence[str], width: int) -> bool:
        """Tell whether a row of another width than the header's may be in the audience.

        Nobody knows which cell is missing or too many, so each in turn is taken to be, and the row is
        outside only if it is so in every reading: better a needless stop than somebody forgotten. A row
        that lacks several cells may be anybody's.
        """
        too_many = len(row) - width
        if too_many > 0:
            return self._admits_within(row, too_many)
        places = self.places
        return too_many < -1 or any(
            self.admits({place: row[place - (gap < place)] for place in places if place != gap})
            for gap in range(width)
        )

    def _admits_within(self, row: Sequence[str], too_many: int) -> bool:
        """Tell whether the cells that decide can be found in order, with others before and between them."""
        before = 0
        for place, test in self._tests:
            shifts = (shift for shift in range(before, too_many + 1) if test(row[place + shift]))
            before = next(shifts, too_many + 1)
        return before <= too_many


def _plain(text: str) -> str:
    return text.strip().casefold()


def _group_column(header: Sequence[str], columns: Columns) -> int:
    if columns.group is not None:
        return columns.group
    raise MisfitError(
        say("No column with groups was recognised. {seen}", seen=seen_in(header)),
        hint=say("Name it under [columns] in the config or with --column group=HEADER, or send with --all."),
    )


def _any_of(groups: Collection[str]) -> Callable[[str], bool]:
    wanted = frozenset(map(group_key, groups))
    return lambda cell: not wanted.isdisjoint(groups_in(cell))


def _one_of(values: Collection[str]) -> Callable[[str], bool]:
    return lambda cell: _plain(cell) in values
