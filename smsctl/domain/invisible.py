"""The characters that a reader cannot see, and that therefore have no place in a text.

They turn an SMS into UCS-2 unseen, show a text in another order than it was approved in, or are damage
from a wrong conversion. What an emoji or a word in Persian or Hindi is built of is left alone, and so
is the soft hyphen: word processors leave it behind, and replacing typographic characters removes it.
"""

import re
from collections.abc import Iterator

_CONTROL = r"\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029"  # all but LF
_DIRECTION = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_ZERO_WIDTH = (
    r"\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u206a-\u206f\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff"
)
_DAMAGE = r"\ud800-\udfff\ufff0-\uffff"  # unpaired surrogates, the replacement character, non-characters
_REFUSED = f"[{_CONTROL}{_DIRECTION}{_ZERO_WIDTH}{_DAMAGE}]"

_PICTURE = (
    r"[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u27bf\u2900-\u297f\u2b00-\u2bff"
    r"\u3030\u303d\u3297\u3299\U0001f000-\U0001faff][\ufe0e\ufe0f]?[\U0001f3fb-\U0001f3ff]?"
)
_FLAG = r"\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f"  # of a region, such as Scotland
_KEYCAP = r"[0-9#*]\ufe0f\u20e3"
_EMOJI = rf"{_FLAG}|{_PICTURE}(?:\u200d{_PICTURE})*|{_KEYCAP}"

_JOINED = r"[\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\u0900-\u0dff]"  # Arabic and Indic letters
_JOINER = rf"(?<={_JOINED})[\u200c\u200d](?={_JOINED})"

_FIND = f"{_EMOJI}|{_JOINER}|(?P<refused>{_REFUSED})"  # a text, compiled at first use


def invisible(body: str) -> Iterator[int]:
    """Give the index of each character that must not be sent, in order."""
    return (found.start() for found in re.finditer(_FIND, body) if found.lastgroup)
