"""How long a text is for a gateway: by wire/sms-length.md alone, a second opinion on smsctl's own count."""

from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")
GSM = _BASIC | _EXTENSION
"""Every character that a GSM-7 message can hold."""


class AirEncoding(StrEnum):
    """How a text goes through the air."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"
    BINARY = "binary"


class Content(NamedTuple):
    """A text as it goes through the air."""

    text: str
    encoding: AirEncoding
    parts: int


_LAST_SINGLE_UNIT = 0xFFFF  # above it UTF-16 takes a pair
_SINGLE = {AirEncoding.GSM7: 160, AirEncoding.UCS2: 70, AirEncoding.BINARY: 140}


@lru_cache(maxsize=64)
def is_gsm(text: str) -> bool:
    """Return whether GSM-7 can hold the text."""
    return GSM.issuperset(text)


@lru_cache(maxsize=64)
def parts(text: str, encoding: AirEncoding, part_length: int) -> int:
    """Return how many parts the text takes, at `part_length` units each when there are several.

    A character of two units is never split: the last unit of the part before it stays empty.
    """
    if encoding is AirEncoding.BINARY:
        text = text[::2]  # two hex digits an octet
    costs = [_cost(character, encoding) for character in text]
    if sum(costs) <= _SINGLE[encoding]:
        return 1
    count, room = 1, part_length
    for cost in costs:
        if cost > room:
            count, room = count + 1, part_length
        room -= cost
    return count


def _cost(character: str, encoding: AirEncoding) -> int:
    if encoding is AirEncoding.GSM7:
        return 2 if character in _EXTENSION else 1
    return 2 if encoding is AirEncoding.UCS2 and ord(character) > _LAST_SINGLE_UNIT else 1
