"""The GSM-7 alphabet: what a plain SMS can spell, and what counts twice (wire/sms-length.md)."""

import re
from typing import Final

BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The 127 characters of one septet. Escape is no character of its own: it only introduces a pair."""

EXTENDED: Final = "\f^{}\\[~]|€"
"""The characters of two septets: escape, and a code."""

PAIR: Final = 0x1B
"""Marks the first unit of a pair, which must stay in the same part as the second."""

_ALL = BASIC + EXTENDED
_GREEK = "[ΔΦΓΛΩΠΨΣΘΞ]"
_OUTSIDE = 0xFF
_MARKS = bytes(
    0 if chr(code) in BASIC else PAIR if chr(code) in EXTENDED else _OUTSIDE for code in range(256)
)
_FIRST = bytes([PAIR])
_BOTH = bytes([PAIR, 0])


def can_spell(body: str) -> bool:
    """Say whether a text is GSM-7, without counting: for very many."""
    latin = body.encode("latin-1", "ignore")
    if len(latin) != len(body):
        return septets(body) is not None
    return _OUTSIDE not in latin.translate(_MARKS)


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
