"""The GSM-7 alphabet: what a plain SMS can spell, and what counts twice (wire/sms-length.md)."""

import codecs
import re
from collections.abc import Sequence
from typing import Final

BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The 127 characters of one septet. Escape is no character of its own: it only introduces a pair."""

EXTENDED: Final = "\f^{}\\[~]|€"
"""The characters of two septets: escape, and a code."""

BEYOND_LATIN_1: Final = frozenset("ΔΦΓΛΩΠΨΣΘΞ€")

PAIR: Final = 0x1B
"""Marks the first unit of a pair, which must stay in the same part as the second."""

_ALL = BASIC + EXTENDED
_GREEK = "[ΔΦΓΛΩΠΨΣΘΞ]"
_OUTSIDE = 0xFF
_MARKS = bytes(
    0 if chr(code) in BASIC else PAIR if chr(code) in EXTENDED else _OUTSIDE for code in range(256)
)
_MARKS_APART = b"\0" + _MARKS[1:].replace(b"\0", b"\1")
_NOT_IN_IT = "\x80"
_BESIDE_LATIN = "smsctl-gsm7"
_FIRST = bytes([PAIR])
_BOTH = bytes([PAIR, 0])


def can_spell_all(bodies: Sequence[str]) -> list[bool]:
    """Say of each of many texts whether it is GSM-7, without counting; none holds a NUL."""
    codecs.register_error(_BESIDE_LATIN, _as_latin)
    latin = "\0".join(bodies).encode("latin-1", _BESIDE_LATIN)
    return [_OUTSIDE not in marks for marks in latin.translate(_MARKS_APART).split(b"\0")]


def _as_latin(error: UnicodeError) -> tuple[str, int]:
    """Return Latin-1 characters that are GSM-7 where the others are; what Python asks for these."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    found = error.object[error.start : error.end]
    return "".join("O" if char in _ALL else _NOT_IN_IT for char in found), error.end


def septets(body: str) -> bytes | None:
    """Return one byte per septet, PAIR where a pair begins; None: the text is not GSM-7.

    Almost every text is Latin-1, where mapping bytes is many times faster than looking at characters;
    Greek capitals are rare enough to be made Latin-1 first.
    """
    if body[:1] not in _ALL:  # another script shows at once
        return None
    latin = body.replace("€", "^").encode("latin-1", "ignore")  # the one pair outside Latin-1, and one inside
    if len(latin) != len(body):
        latin = re.sub(_GREEK, "O", body).replace("€", "^").encode("latin-1", "ignore")
        if len(latin) != len(body):
            return None
    marks = latin.translate(_MARKS)
    return None if _OUTSIDE in marks else marks.replace(_FIRST, _BOTH)
