"""What was met before, of very many things, in little memory: eight bytes each, and room for more."""

from array import array
from collections.abc import Hashable, Iterable, Sequence
from typing import Final


class Seen:
    """Things by their hashes; of a million, two are taken for the same once in tens of millions of files.

    A set of as many integers takes five times the memory.
    """

    __slots__ = ("_few", "_mask", "_table", "_used")

    def __init__(self) -> None:
        """Start with none."""
        self._few: set[int] | None = set()  # as long as they are not many
        self._table, self._used = array("q", bytes(8 << _FIRST_BITS)), 0
        self._mask = len(self._table) - 1

    def __contains__(self, thing: Hashable) -> bool:
        """Say whether something was met before."""
        if self._few is not None:
            return hash(thing) in self._few
        key = hash(thing) or 1  # 0 stands for none
        at = key & self._mask
        while found := self._table[at]:
            if found == key:
                return True
            at = (at + 1) & self._mask
        return False

    def is_new(self, thing: Hashable) -> bool:
        """Say whether something was not met before; from now on it was."""
        return not self.repeated((thing,))

    def repeated(self, things: Sequence[Hashable]) -> list[int]:
        """Return the places of those things that were met before, also among themselves; now all were."""
        few = self._few
        if few is not None and len(few) + len(things) <= _FEW:
            return _added(few, list(map(hash, things)))
        if few is not None:
            self._few = None
            self._put(few, len(few))
        return self._put(map(hash, things), len(things))

    def _put(self, keys: Iterable[int], most: int) -> list[int]:
        while (self._used + most) * _ROOM > len(self._table):
            self._grow()
        table, mask, found = self._table, self._mask, list[int]()
        for place, key in enumerate(keys):
            key = key or 1  # noqa: PLW2901 - as quick as can be
            at = key & mask
            while known := table[at]:
                if known == key:
                    found.append(place)
                    break
                at = (at + 1) & mask
            else:
                table[at] = key
        self._used += most - len(found)
        return found

    def _grow(self) -> None:
        before = self._table
        self._table = table = array("q", bytes(16 * len(before)))
        self._mask = mask = len(table) - 1
        for key in filter(None, before):
            at = key & mask
            while table[at]:
                at = (at + 1) & mask
            table[at] = key


def _added(few: set[int], keys: list[int]) -> list[int]:
    """Add keys to a set; return the places of those that were in it, also by one before."""
    met, before = few, len(few)
    if few.isdisjoint(keys):
        few.update(keys)
        if len(few) == before + len(keys):
            return []
        met = set()
    found = list[int]()
    for place, key in enumerate(keys):
        if key in met:
            found.append(place)
        met.add(key)
    return found


_FIRST_BITS: Final = 16
_FEW: Final = 1 << 17
"""So many stand in a set, which is asked for many of them in a third of the time: 12 MiB at most."""

_ROOM: Final = 1.6  # places for each thing: with fewer, the next free one is far
