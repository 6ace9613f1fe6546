"""How a JSON reply is read: strictly, because what it says costs money."""

from codecs import BOM_UTF8
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

Fields = dict[str, object]


def folded(found: object) -> Fields | None:
    """Return an object's fields by their names in lower case: the vendor spells them in more than one way.

    None where it is no object, or two names differ in case only and so say one thing twice.
    """
    if not isinstance(found, dict):
        return None
    fields = {name.lower(): value for name, value in found.items()}
    return fields if len(fields) == len(found) else None


def whole_number(value: object) -> int | None:
    """Return a number, also one that is written as a text; types are checked, for True and 1.0 equal 1."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= _LONGEST_NUMBER:
        return int(value)
    return value if type(value) is int else None


def read_json(body: bytes) -> object:
    """Return what a JSON document holds; None where it is none, is very deep, or says one thing twice.

    Looking at each object's names costs half as much again as reading them. A colon stands behind every
    name, so where there are no more colons than names in what was read, none of them was dropped.
    """
    body = body.removeprefix(BOM_UTF8)
    if _is_deep(body):
        return None
    readers = _readers()
    try:
        text = body.decode()
        found = readers.quick(text)
        return found if text.count(":") == _names(found) else readers.strict(text)
    except ValueError:
        return None


_LONGEST_NUMBER = 15
_DEEPEST = 20  # reliability.md 4
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_TEXT = rb'"(?:[^"\\]|\\.)*"'


def _is_deep(body: bytes) -> bool:
    """Say whether brackets are left over when pairs with nothing between them are taken out again and again.

    Such a document is nested deeper than any answer, or is none. To read it would take the whole stack, and
    then something else that Python does meanwhile may fail where nobody can catch it.
    """
    if not _unpaired(body):
        return False
    import re  # brackets in words are seldom

    return _unpaired(re.sub(_TEXT, b"", body, flags=re.DOTALL))


def _unpaired(text: bytes) -> bool:
    brackets = text.translate(None, _NO_BRACKETS)
    for _ in range(_DEEPEST):
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
    return bool(brackets)


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
