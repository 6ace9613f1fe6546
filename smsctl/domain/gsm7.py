"""The GSM-7 alphabet (protocols.md section 5): what a plain SMS can spell, and what counts twice."""

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

_outside = re.compile(f"[^{re.escape(BASIC + EXTENDED)}]").search
_GREEK = re.compile("[ΔΦΓΛΩΠΨΣΘΞ]")
_BASIC_BYTES = BASIC.encode("latin-1", "ignore")
_EXTENDED_BYTES = EXTENDED.encode("latin-1", "ignore")
_MARK_PAIRS = bytes(PAIR if code in _EXTENDED_BYTES else 0 for code in range(256))
_FIRST = bytes([PAIR])
_BOTH = bytes([PAIR, 0])


def is_gsm7(body: str) -> bool:
    """Tell whether every character is GSM-7, so that the text need not be sent as UCS-2."""
    return _outside(body) is None


def septets(body: str) -> bytes | None:
    """Return one byte per septet, PAIR where a pair begins; None: the text is not GSM-7.

    Almost every text is Latin-1, where deleting and mapping bytes is many times faster than a regex
    over characters; Greek capitals are rare enough to be made Latin-1 first.
    """
    latin = body.replace("€", "^").encode("latin-1", "ignore")  # the one pair outside Latin-1, and one inside
    if len(latin) != len(body):
        if not is_gsm7(body):
            return None
        latin = _GREEK.sub("O", body).replace("€", "^").encode("latin-1")
    rest = latin.translate(None, _BASIC_BYTES)
    if not rest:
        return latin
    if rest.translate(None, _EXTENDED_BYTES):
        return None
    return latin.translate(_MARK_PAIRS).replace(_FIRST, _BOTH)
