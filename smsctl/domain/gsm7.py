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

_outside = re.compile(f"[^{re.escape(BASIC + EXTENDED)}]").search
_pair = re.compile(f"[{re.escape(EXTENDED)}]").sub


def is_gsm7(body: str) -> bool:
    """Tell whether every character is GSM-7, so that the text need not be sent as UCS-2."""
    return _outside(body) is None


def septets(body: str) -> str:
    """Return GSM-7 text with one character per septet, each pair as escape and a full stop."""
    return _pair("\x1b.", body)
