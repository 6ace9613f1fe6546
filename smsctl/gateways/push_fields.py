"""How the fields of a push are read: as short plain text, and numbers as E.164."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from smsctl.domain.message import Status
from smsctl.domain.report import Cause, CodeMeaning, Report
from smsctl.domain.spelling import veil_numbers

UNREADABLE: Final = "unreadable"
_LONGEST = 500
_LONGEST_TEXT = 5000  # of an incoming SMS: more than 30 parts
_NUMBER = re.compile(r"\+?[1-9][0-9]{7,14}")
_AS_LATIN_1 = "smsctl-as-latin-1"
_CONTROL = dict.fromkeys([*range(32), *range(127, 160)])

_CHARSETS = frozenset(
    {"utf-8", "utf8", "iso-8859-1", "latin1", "iso-8859-15", "us-ascii", "ascii", "windows-1252", "utf-16"}
)

Fields = Mapping[str, object]


def charset(content_type: str) -> str | None:
    """Return the charset that HTTP names, with or without a semicolon before it; None: it names none.

    Raises LookupError for one that no gateway has any business with.
    """
    named = re.search(r"""(?i)charset\s*=\s*["']?([\w.:-]{1,40})""", content_type)
    if named and named[1].lower() not in _CHARSETS:
        raise LookupError(named[1])
    return named[1].lower() if named else None


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
    return _plain(fields.get(name))[:_LONGEST].translate(_CONTROL).strip()


def whole(fields: Fields, name: str) -> str:
    """Return the text of an incoming SMS with its line breaks."""
    return _plain(fields.get(name))[:_LONGEST_TEXT].replace("\0", "").strip()


def number(fields: Fields, name: str) -> str:
    """Return a number as E.164, however much of a plus it came with; what is no number, as it is written."""
    written = short(fields, name)
    found = re.sub(r"[\s()-]", "", written)
    found = found.removeprefix("00")
    return f"+{found.removeprefix('+')}" if _NUMBER.fullmatch(found) else written


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
