"""How the fields of a push are read: as short plain text, and numbers as E.164."""

import re
from codecs import BOM_UTF8, lookup
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Final, TypeVar
from urllib.parse import parse_qsl

from smsctl.domain.message import Status
from smsctl.domain.push import ENTRIES_OF_A_FILE, PushBatch, UnreadableError
from smsctl.domain.report import Cause, CodeMeaning, Report
from smsctl.domain.spelling import veil_numbers
from smsctl.errors import Sentence, say

UNREADABLE: Final = "unreadable"
_LONGEST = 500
_LONGEST_TEXT = 5000  # of an incoming SMS: more than 30 parts
_NUMBER = re.compile(r"\+?[1-9][0-9]{7,14}")
_AS_LATIN_1 = "smsctl-as-latin-1"
_CONTROL = dict.fromkeys([*range(32), *range(127, 160)])

_CHARSETS = frozenset(
    {"utf-8", "iso8859-1", "iso8859-15", "ascii", "cp1252", "utf-16"}
)  # as Python calls them

Fields = Mapping[str, object]
Pairs = Iterable[tuple[str, str]]
T = TypeVar("T")

MOST_FIELDS: Final = 100
_MOST_ENTRIES = 50_000  # fifty times the largest push that a gateway is known to make
_WIDE = (("utf-16", b"\xff\xfe"), ("utf-16", b"\xfe\xff"), ("utf-16-le", b"<\0"), ("utf-16-be", b"\0<"))


def too_many_fields() -> UnreadableError:
    """Return what is told of a report that would take the memory of thousands."""
    return UnreadableError(say("it has too many fields"))


def not_too_many(entries: Iterable[T]) -> Iterator[T]:
    """Yield the entries of one push. Raises UnreadableError where no gateway sends as many at once."""
    for place, entry in enumerate(entries):
        if place == _MOST_ENTRIES:
            raise UnreadableError(say("it has more than {n} entries", n=_MOST_ENTRIES))
        yield entry


def readable(push_batch: PushBatch, why_not: Sentence) -> PushBatch:
    """Return what a push holds. Raises UnreadableError where there is something, and none can be read."""
    if 0 < push_batch.unread == len(push_batch.reports) + len(push_batch.incoming):
        raise UnreadableError(why_not)
    return push_batch


def in_parcels(
    entries: Iterable[T], read: Callable[[Iterable[T]], PushBatch], why_not: Sentence
) -> Iterator[PushBatch]:
    """Yield what a file holds, some thousands at a time. Raises UnreadableError where it is no such file.

    The first tell that. What cannot be read further down keeps nothing out, wherever they are divided; and
    where the file is damaged, all that came before is yielded.
    """
    damaged: list[UnreadableError] = []
    left, is_first = _until(damaged, entries), True
    while together := list(islice(left, ENTRIES_OF_A_FILE)):
        yield readable(read(together), why_not) if is_first else read(together)
        is_first = False
    for error in damaged:
        raise error


def _until(damaged: list[UnreadableError], entries: Iterable[T]) -> Iterator[T]:
    try:
        yield from entries
    except UnreadableError as error:
        damaged.append(error)


def wide(beginning: bytes) -> str | None:
    """Return how a document of XML is in UTF-16, by its mark or its first sign; None where it is not."""
    return next((name for name, mark in _WIDE if beginning.startswith(mark)), None)


def is_xml(beginning: bytes) -> bool:
    """Say whether a body is XML, which tells more than the content type: a proxy may have changed that."""
    return wide(beginning) is not None or beginning.lstrip().removeprefix(BOM_UTF8).startswith(b"<")


def said_once(pairs: Pairs, fold: Callable[[str], str]) -> Fields | None:
    """Return fields by their folded names; None where one is there twice and says two things."""
    fields: dict[str, str] = {}
    return fields if all(fields.setdefault(fold(name), value) == value for name, value in pairs) else None


def form(encoded: str, fold: Callable[[str], str], encoding: str) -> Fields:
    """Return the fields of a form. Raises UnreadableError for too many, or for one that says two things."""
    try:
        pairs = parse_qsl(
            encoded, keep_blank_values=True, encoding=encoding, errors="replace", max_num_fields=MOST_FIELDS
        )
    except ValueError:
        raise too_many_fields() from None
    fields = said_once(pairs, fold)
    if fields is None:
        raise UnreadableError(say("a field of it is there twice and says two things"))
    return fields


def charset(content_type: str) -> str | None:
    """Return the charset that HTTP names, with or without a semicolon before it; None: it names none.

    Raises LookupError for one that no gateway has any business with.
    """
    named = re.search(r"""(?i)charset\s*=\s*["']?([\w.:-]{1,40})""", content_type)
    if named is None:
        return None
    known = lookup(named[1]).name  # each has many names, and gateways use several
    if known not in _CHARSETS:
        raise LookupError(named[1])
    return known


def text_of(pieces: Iterable[bytes], encoding: str) -> Iterator[str]:
    """Decode what comes in pieces; what is not in the encoding is taken for ISO-8859-1, and loses nothing."""
    import codecs

    codecs.register_error(_AS_LATIN_1, _as_latin_1)
    yield from codecs.iterdecode(pieces, encoding, _AS_LATIN_1)


def _as_latin_1(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("iso-8859-1"), error.end


def short(fields: Fields, name: str) -> str:
    """Return a field as one line; empty where it is missing or no plain value."""
    value = fields.get(name)
    if value is None:
        return ""
    if type(value) is str and value.isprintable() and len(value) <= _LONGEST:
        return value.strip()  # most are so: nothing is to be taken out of them
    return _plain(value)[:_LONGEST].translate(_CONTROL).strip()


def whole(fields: Fields, name: str) -> str:
    """Return the text of an incoming SMS with its line breaks."""
    return _plain(fields.get(name))[:_LONGEST_TEXT].strip()


def number(fields: Fields, name: str) -> str:
    """Return a number as E.164, however much of a plus it came with; what is no number, as it is written."""
    written = short(fields, name)
    if not written:
        return ""
    found = re.sub(r"[\s()-]", "", written)
    found = found.removeprefix("00")
    return f"+{found.removeprefix('+')}" if _NUMBER.fullmatch(found) else written


def as_written(pairs: Pairs) -> str:
    """Return fields that cannot be read, for a person."""
    return "; ".join(f"{name}={value}" for name, value in pairs)


def unreadable(gateway: str, written: str) -> Report:
    """Return a report that stands for what cannot be read, so that it is kept and seen by a person.

    It names no message of ours, so it moves none; the name it has keeps two such apart.
    """
    import hashlib

    return Report(
        gateway=gateway,
        told=CodeMeaning(Status.ACCEPTED, Cause.UNTOLD),
        code=UNREADABLE,
        gateway_id=hashlib.sha256(written.encode("utf-8", "replace")).hexdigest()[:16],
        text=veil_numbers(_plain(written)[:_LONGEST].translate(_CONTROL)),
    )


def _plain(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).encode("utf-8", "replace").decode()  # an unpaired surrogate cannot be stored
