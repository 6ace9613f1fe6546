"""A disk that loses power: what a run did to its files, call by call, and what may be left of it.

What POSIX promises is what counts here: the content of a file is safe when the file was flushed, its name
when the folder that holds it was. Everything else may be there or not, in any order, torn at the sectors
of the disk (never-twice.md, "How it is kept").
"""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, TypeVar

SECTOR = 512
_T = TypeVar("_T")


class Kind(StrEnum):
    """What a process did."""

    CREATE = "create"  # a file, or finding it there
    FOLDER = "folder"
    WRITE = "write"
    SIZE = "size"
    FLUSH = "flush"
    RENAME = "rename"
    REMOVE = "remove"
    SEND = "send"  # bytes to the gateway


class Event(NamedTuple):
    """One call that has succeeded. `path` is absolute; of bytes that are sent, the socket."""

    kind: Kind
    path: str
    data: bytes = b""
    number: int = 0  # the offset of a write, the size a file is cut to
    target: str = ""  # the new name


class Fate(StrEnum):
    """What becomes of all that was not flushed when the power goes."""

    LOST = "lost"  # all of it
    KEPT = "kept"  # none: as if the process was killed
    PREFIX = "prefix"  # of each file, what came after some call
    ANY = "any"  # each call by itself, in any order, the writes torn by sector
    NAMES = "names"  # the names of new files and folders; what is in them is kept


class _Name(NamedTuple):
    path: str
    what: int | None
    there: bool


@dataclass(slots=True)
class _File:
    safe: bytes = b""
    open: list[Event] = field(default_factory=list)  # not flushed


class Disk:
    """The files below a folder, in what is safe and what is not."""

    def __init__(self, folder: Path) -> None:
        """Begin with what stands there, all of it safe."""
        self._folder = str(folder)
        self._files: list[_File] = []
        self._safe: dict[str, int | None] = {}  # by path: a file, or a folder (None)
        self._now: dict[str, int | None] = {}
        self._names: list[tuple[_Name, ...]] = []  # not safe yet; those of one call go together
        for path in sorted(folder.rglob("*")):
            if path.is_dir():
                self._safe[str(path)] = None
            elif path.is_file():
                self._files.append(_File(safe=path.read_bytes()))
                self._safe[str(path)] = len(self._files) - 1
        self._now |= self._safe

    def take(self, event: Event) -> None:
        """Let one call happen."""
        if event.path.startswith(self._folder + "/") or event.path == self._folder:
            self._act(event)

    def _act(self, event: Event) -> None:
        match event.kind:
            case Kind.CREATE:
                self._create(event)
            case Kind.FOLDER:
                self._name(_Name(path=event.path, what=None, there=True))
            case Kind.WRITE | Kind.SIZE:
                self._change(event)
            case Kind.FLUSH:
                self._flush(event)
            case Kind.RENAME:
                self._rename(event)
            case Kind.REMOVE:
                self._name(_Name(path=event.path, what=self._now.get(event.path), there=False))

    def left(self, fate: Fate, dice: random.Random) -> Mapping[str, bytes | None]:
        """Return what is found when the power is back: the content by path; of a folder None."""
        names = dict(self._safe)
        for together in _some(self._names, fate, dice, names=True):
            _apply(together, names)
        contents = {place: self._content(one, fate, dice) for place, one in enumerate(self._files)}
        found = {path: None if what is None else contents[what] for path, what in names.items()}
        return {path: what for path, what in found.items() if self._is_reachable(path, names)}

    def _is_reachable(self, path: str, names: Mapping[str, int | None]) -> bool:
        above = str(Path(path).parent)
        return above == self._folder or (above in names and self._is_reachable(above, names))

    def _content(self, file: _File, fate: Fate, dice: random.Random) -> bytes:
        content = bytearray(file.safe)
        for one in _some(file.open, fate, dice, names=False):
            if one.kind is Kind.SIZE:
                _cut(content, one.number)
            else:
                _write(content, one, fate, dice)
        return bytes(content)

    def _create(self, event: Event) -> None:
        if event.path not in self._now:
            self._files.append(_File())
            self._name(_Name(path=event.path, what=len(self._files) - 1, there=True))

    def _change(self, event: Event) -> None:
        place = self._now.get(event.path)
        if place is not None:
            self._files[place].open.append(event)

    def _flush(self, event: Event) -> None:
        place = self._now.get(event.path)
        if place is not None:
            file = self._files[place]
            file.safe = self._content(file, Fate.KEPT, random.Random(0))
            file.open.clear()
            return
        held = [one for one in self._names if str(Path(one[0].path).parent) == event.path]
        for together in held:  # a folder: the names in it
            _apply(together, self._safe)
        self._names = [one for one in self._names if one not in held]

    def _rename(self, event: Event) -> None:
        what = self._now[event.path]
        self._name(
            _Name(path=event.target, what=what, there=True), _Name(path=event.path, what=what, there=False)
        )

    def _name(self, *together: _Name) -> None:
        _apply(together, self._now)
        self._names.append(together)


def _apply(together: Iterable[_Name], names: dict[str, int | None]) -> None:
    for one in together:
        if one.there:
            names[one.path] = one.what
        else:
            names.pop(one.path, None)


def _some(waiting: list[_T], fate: Fate, dice: random.Random, *, names: bool) -> Iterable[_T]:
    """Return what of the unflushed survives."""
    match fate:
        case Fate.LOST:
            return []
        case Fate.KEPT:
            return waiting
        case Fate.NAMES:
            return [] if names else waiting
        case Fate.PREFIX:
            return waiting[: dice.randint(0, len(waiting))]
    return [one for one in waiting if dice.random() < 0.5]


def _cut(content: bytearray, size: int) -> None:
    del content[size:]
    content.extend(bytes(size - len(content)))


def _write(content: bytearray, event: Event, fate: Fate, dice: random.Random) -> None:
    """Write it, whole or by the sectors that survive."""
    first, end = event.number, event.number + len(event.data)
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    if fate is not Fate.ANY or dice.random() < 0.5:
        content[first:end] = event.data
        return
    for sector in range(first // SECTOR, (end - 1) // SECTOR + 1):
        if dice.random() < 0.5:
            low, high = max(first, sector * SECTOR), min(end, (sector + 1) * SECTOR)
            content[low:high] = event.data[low - first : high - first]
