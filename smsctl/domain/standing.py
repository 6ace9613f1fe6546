"""What the cells beside the number say of a row: whether it is in the audience and has accepted the terms."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto
from operator import itemgetter

from smsctl.domain.audience import Audience, Selection, group_key, groups_in, municipality_key
from smsctl.domain.columns import Columns
from smsctl.domain.terms import has_accepted


class Standing(Enum):
    """Where a row stands before its number is looked at."""

    WELCOME = auto()  # in the audience, and the terms are accepted where they must be
    REFUSED = auto()  # in the audience; the terms are not accepted
    UNREADABLE = auto()  # in the audience; the cell does not say whether they are
    UNPLACED = auto()  # would be in the audience, but names no municipality: nobody knows who pays
    OUTSIDE = auto()
    OUTSIDE_UNREADABLE = auto()

    @property
    def is_inside(self) -> bool:
        """Whether the row is in the audience."""
        return self not in (Standing.UNPLACED, Standing.OUTSIDE, Standing.OUTSIDE_UNREADABLE)

    @property
    def is_readable(self) -> bool:
        """Whether the row says if the terms are accepted."""
        return self not in (Standing.UNREADABLE, Standing.OUTSIDE_UNREADABLE)


class Standings(dict[tuple[str, ...], Standing]):
    """The standing of each combination of cells, worked out when the combination is first met.

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
        self._terms = columns.terms if require_terms else None
        self._municipality = columns.municipality if audience.municipality else None
        beside = {place for place in (self._group, self._terms) if place is not None}
        self._places = tuple(sorted(self._selection.places | beside))
        self.groups: dict[str, str] = {}  # that the file has: key -> name to show
        self.unmet = {group_key(name): name for name in audience.groups}  # asked for, and not yet met
        self.municipalities: dict[str, str] = {}  # that the file has: key -> name to show
        self._ours = audience.municipality
        self.lacks_ours = self._municipality is not None  # until a row of it is met

    def picker(self) -> Callable[[Sequence[str]], tuple[str, ...]]:
        """Return the function that picks out of a row the cells to look up here."""
        places = self._places
        if len(places) > 1:
            return itemgetter(*places)
        return lambda row: tuple([row[place] for place in places])

    def may_admit(self, row: Sequence[str], width: int) -> bool:
        """Tell whether a row with too few or too many cells may be in the audience."""
        return self._selection.may_admit(row, width)

    def __missing__(self, cells: tuple[str, ...]) -> Standing:
        """Work out a combination that was not met before."""
        by_place = dict(zip(self._places, cells, strict=True))
        if self._group is not None:
            self._note_groups(by_place[self._group])
        if self._municipality is not None:
            self._note_municipality(by_place[self._municipality])
        if len(self) >= _MOST_REMEMBERED:
            self.clear()
        self[cells] = standing = self._work_out(by_place)
        return standing

    def _note_groups(self, cell: str) -> None:
        for key, name in groups_in(cell).items():
            self.unmet.pop(key, None)
            if len(self.groups) < _MOST_GROUPS:
                self.groups.setdefault(key, name)

    def _note_municipality(self, cell: str) -> None:
        key = municipality_key(cell)
        if key in self._ours:
            self.lacks_ours = False
        if key and len(self.municipalities) < _MOST_GROUPS:
            self.municipalities.setdefault(key, cell.strip())

    def _work_out(self, by_place: Mapping[int, str]) -> Standing:
        accepted = True if self._terms is None else has_accepted(by_place[self._terms])
        if self._is_unplaced(by_place):
            return Standing.UNPLACED
        if not self._selection.admits(by_place):
            return Standing.OUTSIDE_UNREADABLE if accepted is None else Standing.OUTSIDE
        if accepted is None:
            return Standing.UNREADABLE
        return Standing.WELCOME if accepted else Standing.REFUSED

    def _is_unplaced(self, by_place: Mapping[int, str]) -> bool:
        if self._municipality is None or by_place[self._municipality].strip():
            return False
        return self._selection.admits({p: cell for p, cell in by_place.items() if p != self._municipality})


_MOST_REMEMBERED = 1 << 16
_MOST_GROUPS = 1000
