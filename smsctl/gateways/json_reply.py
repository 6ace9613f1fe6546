"""How a JSON reply is read: strictly, because what it says costs money."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple


def read_json(body: bytes) -> object:
    """Return what a JSON document holds; None where it is none, or says one thing twice.

    Looking at each object's names costs half as much again as reading them. A colon stands behind every
    name, so where there are no more colons than names in what was read, none of them was dropped.
    """
    readers = _readers()
    try:
        text = body.decode()
        found = readers.quick(text)
        return found if text.count(":") == _names(found) else readers.strict(text)
    except (ValueError, RecursionError):
        return None


class _Readers(NamedTuple):
    quick: Callable[[str], object]  # of a name that stands twice in an object, the last one wins
    strict: Callable[[str], object]


@cache
def _readers() -> _Readers:
    from json import JSONDecoder  # a plan needs none

    return _Readers(
        quick=JSONDecoder(parse_constant=_refuse_constant).decode,
        strict=JSONDecoder(object_pairs_hook=_once, parse_constant=_refuse_constant).decode,
    )


def _names(found: object) -> int:
    """Count the names in a document of lists of flat objects, as replies are; fewer in any other."""
    if not isinstance(found, dict):
        return 0
    lists = [value for value in found.values() if isinstance(value, list)]
    return len(found) + sum([len(entry) for entries in lists for entry in entries if isinstance(entry, dict)])


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    entry = dict(pairs)
    if len(entry) != len(pairs):
        raise ValueError
    return entry


def _refuse_constant(_: str) -> None:
    raise ValueError  # NaN and the infinities are no JSON
