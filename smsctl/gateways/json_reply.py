"""How a JSON reply is read: strictly, because what it says costs money."""

from codecs import BOM_UTF8
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from functools import cache
from itertools import chain
from typing import NamedTuple

from smsctl.gateways.push_fields import text_of

Fields = dict[str, object]


def folded(parsed: object) -> Fields | None:
    """Return an object's fields by their names in lower case: the vendor spells them in more than one way.

    None where it is no object, or two names differ in case only and so say one thing twice.
    """
    if not isinstance(parsed, dict):
        return None
    fields = {name.lower(): value for name, value in parsed.items()}
    return fields if len(fields) == len(parsed) else None


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
    signs = body.translate(None, _NO_COUNTED_SIGNS)
    if _may_be_deep(signs) and _unpaired(body):
        return None
    readers = _readers()
    try:
        text = body.decode()
        found = readers.quick(text)
        return found if signs.count(b":") == _names(found) else readers.strict(text)
    except ValueError:
        return None


def entries_of(pieces: Iterable[bytes], names: AbstractSet[str]) -> Iterator[tuple[str, Fields | str]]:
    """Yield what stands in the lists under the names, one after the other: a large one is never held whole.

    An entry's fields are `folded`. One that is no object, or says one thing twice, is yielded as it is
    written, and keeps nothing else out; nor do control characters in a text, or one that is not in UTF-8.
    Raises ValueError where this is no such document; what came before is yielded by then.
    """
    waiting = iter(pieces)
    first, second = next(waiting, b""), next(waiting, b"")
    if not second and len(first) <= _AT_ONCE and (plain := _plain_entries(first, names)):
        yield from plain
        return
    cursor = _Cursor(chain((first, second), waiting))
    seen: set[str] = set()
    cursor.must_pass("{")
    while True:
        name = cursor.name()
        if name in seen:
            raise ValueError
        seen.add(name)
        cursor.must_pass(":")
        if name in names:
            for entry in cursor.entries():
                yield name, entry
        else:
            deque(cursor.entries(), maxlen=0)  # one by one, for it may be large
        if cursor.passes("}"):
            break
        cursor.must_pass(",")
    if not seen & names or not cursor.at_the_end:
        raise ValueError


def _plain_entries(body: bytes, names: AbstractSet[str]) -> list[tuple[str, Fields | str]] | None:
    """Return what `entries_of` yields of lists of flat objects, as most pushes are, in a third of the time.

    None where anything is otherwise: then it is gone through sign by sign.
    """
    found = read_json(body)
    if not isinstance(found, dict):
        return None
    entries: list[tuple[str, Fields | str]] = []
    for name, listed in found.items():
        if not isinstance(listed, list):
            return None
        if name not in names:
            continue
        for one in listed:
            fields = folded(one)
            if fields is None or any(isinstance(value, dict | list) for value in fields.values()):
                return None
            entries.append((name, fields))
    return entries


def entry_of(body: bytes) -> Fields | None:
    """Return the one object that a document is, read as those of `entries_of`; None where it is none."""
    cursor = _Cursor([body])
    try:
        found = cursor.entry()
    except ValueError:
        return None
    return found if isinstance(found, dict) and cursor.at_the_end else None


class _Cursor:
    """A place in a JSON document, up to which it has been read; of the rest only a piece is in memory."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        from json import JSONDecoder

        self._decode = JSONDecoder(
            object_pairs_hook=_folded_or_nothing, parse_constant=_refuse_constant, strict=False
        ).raw_decode
        self._pieces = text_of(pieces, "utf-8-sig")
        self._text = ""
        self._begun = self._at = 0

    def _read_on(self) -> bool:
        """Read the next piece; say whether there was any."""
        more = next(self._pieces, "")
        if more:
            left = self._text[self._at :]
            self._text, self._at = left + more, 0
            if len(left) > _LONGEST_ENTRY or len(_unpaired(self._text.encode())) > _DEEPEST:
                raise ValueError
        return bool(more)

    @property
    def at_the_end(self) -> bool:
        self._skip()
        return self._at == len(self._text)

    def passes(self, sign: str) -> bool:
        """Say whether a sign comes next, and go past it."""
        if not self._text.startswith(sign, self._at):
            self._skip()
        there = self._text.startswith(sign, self._at)
        self._at += there
        return there

    def must_pass(self, sign: str) -> None:
        if not self.passes(sign):
            raise ValueError

    def name(self) -> str:
        self._skip()
        if not self._text.startswith('"', self._at):
            raise ValueError
        return str(self._value())

    def entry(self) -> Fields | str:
        """Return an object, or what else comes next as it is written."""
        self._skip()
        found = self._value()
        return found if isinstance(found, dict) else self._text[self._begun : self._at]

    def _value(self) -> object:
        while True:
            try:
                found, end = self._decode(self._text, self._at)
            except ValueError:  # or it goes on in the next piece
                if not self._read_on():
                    raise
            else:
                if end < len(self._text) or not self._read_on():
                    break
        self._begun, self._at = self._at, end
        return found

    def entries(self) -> Iterator[Fields | str]:
        """Yield what stands in a list, or the one thing that stands there without one, unless it is null."""
        if not self.passes("["):
            entry = self.entry()
            if entry != "null":
                yield entry
            return
        if self.passes("]"):
            return
        while True:
            yield self.entry()
            if not self.passes(","):
                self.must_pass("]")
                return

    def _skip(self) -> None:
        while True:
            while self._text[self._at : self._at + 1] in _WHITE:
                self._at += 1
            if self._at < len(self._text) or not self._read_on():
                return


def _folded_or_nothing(pairs: list[tuple[str, object]]) -> Fields | tuple[()]:
    entry = {name.lower(): value for name, value in pairs}
    return entry if len(entry) == len(pairs) else ()


_WHITE = frozenset(" \t\r\n")
_LONGEST_NUMBER = 15
_LONGEST_ENTRY = 1 << 20
_DEEPEST = 20  # what-comes-from-outside.md, "Answers and pushes"
_NO_SIGNS = bytes(set(range(256)) - set(b'[]{}"'))
_NO_COUNTED_SIGNS = bytes(set(_NO_SIGNS) - set(b",:"))
_AT_ONCE = 1 << 16


def _may_be_deep(signs: bytes) -> bool:
    """Say whether a document of these signs may be nested deeper than any answer.

    To read it would take the whole stack, and then something else that Python does meanwhile may fail where
    nobody can catch it. Most need no closer look: a brace that opens right where another has closed leads
    no deeper, and few others open at all. Quotes are among the signs, so that none is hidden by words.
    """
    return signs.count(b"[") + signs.count(b"{") - signs.count(b"},{") > _DEEPEST


def _unpaired(text: bytes) -> bytes:
    """Return the brackets left over when pairs with nothing between them are taken out again and again.

    Those in words do not count: they could hide as many.
    """
    unescaped = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    brackets = _outside_words(unescaped.translate(None, _NO_SIGNS))
    for _ in range(_DEEPEST):
        if not brackets:
            break
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
    return brackets


def _outside_words(signs: bytes) -> bytes:
    """Return the brackets outside quotes, of a text of both; a piece at a time, for words are many.

    Two quotes side by side can go, whether they open a word or close one: what is left stays as it was.
    """
    signs = signs.replace(b'""', b"")
    found = bytearray()
    inside = 0
    for begun in range(0, len(signs), _AT_ONCE):
        parts = signs[begun : begun + _AT_ONCE].split(b'"')
        found += b"".join(parts[inside::2])
        inside ^= (len(parts) - 1) & 1
    return bytes(found)


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


def _names(item: object) -> int:
    """Count the names in a document of lists of flat objects, as replies are; fewer in any other."""
    if not isinstance(item, dict):
        return 0
    lists = [value for value in item.values() if isinstance(value, list)]
    return len(item) + sum([len(entry) for entries in lists for entry in entries if type(entry) is dict])


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    entry = dict(pairs)
    if len(entry) != len(pairs):
        raise ValueError
    return entry


def _refuse_constant(_: str) -> None:
    raise ValueError  # NaN and the infinities are no JSON
