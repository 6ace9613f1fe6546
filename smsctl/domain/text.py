"""The text of a mailing: how it is read, how many parts it takes, and which characters cost."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple, Self

from smsctl.domain import gsm7
from smsctl.errors import InputError, Sentence, say


class Encoding(StrEnum):
    """How the text travels. UCS-2 as soon as one character is not GSM-7."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartProfile:
    """How a gateway counts parts: units in a text of one part, and in each part of a longer one.

    A unit is a septet in GSM-7 and a UTF-16 unit in UCS-2.
    """

    name: str
    gsm7_single: int = 160
    gsm7_part: int = 153
    ucs2_single: int = 70
    ucs2_part: int = 67


INTELECOM_PARTS: Final = PartProfile(name="intelecom")
"""protocols.md 2.6."""

PSWINCOM_PARTS: Final = PartProfile(name="pswincom", gsm7_part=134)
"""protocols.md 3.5: 134 counts octets, so a longer text takes more parts here than at Intelecom."""


def with_part_length(profile: PartProfile, length: int) -> PartProfile:
    """Return the profile with `length` septets per GSM-7 part, where the invoice shows another rule."""
    return replace(profile, gsm7_part=length)


class TextSize(NamedTuple):
    """What a text takes: its encoding, its units in it, and the parts that are billed."""

    encoding: Encoding
    units: int
    parts: int


def is_gsm7(body: str) -> bool:
    """Tell whether every character is GSM-7, so that the text need not be sent as UCS-2."""
    return gsm7.is_gsm7(body)


def measure(body: str, profile: PartProfile) -> TextSize:
    """Count units and parts. An escape pair or a surrogate pair is never split (protocols.md 5)."""
    if gsm7.is_gsm7(body):
        septets = gsm7.septets(body)
        ends = _ends(septets, "\x1b", profile.gsm7_single, profile.gsm7_part)
        return TextSize(Encoding.GSM7, len(septets), len(ends))
    units = _utf16(body)
    ends = _ends(units, _HIGH, profile.ucs2_single, profile.ucs2_part)
    return TextSize(Encoding.UCS2, len(units), len(ends))


def characters_over(body: str, profile: PartProfile, max_parts: int) -> int:
    """Return how many characters must go from the end for the text to fit; 0 if it fits."""
    low, high = 0, len(body)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(body[:middle], profile).parts <= max_parts:
            low = middle
        else:
            high = middle - 1
    return len(body) - low


_HIGH: Final = ""


def _utf16(body: str) -> str:
    return "".join("\x1b." if c > "\uffff" else c for c in body)


def _ends(units: str, first_of_pair: str, single: int, part: int) -> list[int]:
    if not units:
        return []
    if len(units) <= single:
        return [len(units)]
    ends = []
    end = 0
    while end < len(units):
        end += part
        if units[end - 1 : end] == (first_of_pair or "\x1b") and end < len(units):
            end -= 1
        ends.append(end)
    return ends


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageText:
    """A text that may be sent: composed letters, LF line breaks, nothing invisible, not empty."""

    body: str

    @classmethod
    def read(cls, raw: str) -> Self:
        """Make a text of what stands in a file or on the command line.

        Drops a byte order mark and the final line break, makes every line break LF, composes letters
        (NFC). Raises InputError, with every place, for characters that must not reach a phone.
        """
        body = unicodedata.normalize(
            "NFC", raw.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        )
        body = body.removesuffix("\n")
        problems = tuple(_problems(body))
        if problems:
            raise InputError(say("the text holds characters that cannot be sent"), problems=problems[:20])
        if not body.strip():
            raise InputError(say("the text is empty: there is nothing to send"))
        return cls(body=body)


class Costly(NamedTuple):
    """A character that makes the text dearer: where it first stands (from 1), and how many times in all."""

    char: str
    line: int
    column: int
    name: str
    times: int


def costly(body: str) -> tuple[Costly, ...]:
    """Return the characters that force UCS-2, in order of their first place."""
    return _found(body, set(body) - set(gsm7.BASIC + gsm7.EXTENDED))


def doubled(body: str) -> tuple[Costly, ...]:
    """Return the GSM-7 characters that count two, in order of their first place."""
    return _found(body, set(body) & set(gsm7.EXTENDED))


class Replacement(NamedTuple):
    """One character that was replaced, and where it stood (from 1)."""

    char: str
    replacement: str
    line: int
    column: int


_TYPOGRAPHIC: Final = {
    **dict.fromkeys("‘’‚‛′´`‹›", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−•‣▪", "-"),
    **dict.fromkeys("\u00a0\u202f\u2007\u2009", " "),
    "…": "...",
    "\u00ad": "",
}


def replace_typographic(body: str) -> tuple[str, tuple[Replacement, ...]]:
    """Write quotes, dashes, ellipsis and spaces in GSM-7; never a letter. Returns what was changed."""
    changed = tuple(
        Replacement(char, _TYPOGRAPHIC[char], *place(body, at))
        for at, char in enumerate(body)
        if char in _TYPOGRAPHIC
    )
    return body.translate(str.maketrans(_TYPOGRAPHIC)), changed


def place(body: str, at: int) -> tuple[int, int]:
    """Return line and column, from 1, of the character at index `at`."""
    return body.count("\n", 0, at) + 1, at - body.rfind("\n", 0, at)


def character_name(char: str) -> str:
    """Return the character's Unicode name, or its code point where it has none."""
    return unicodedata.name(char, f"U+{ord(char):04X}")


def _found(body: str, chars: set[str]) -> tuple[Costly, ...]:
    firsts = sorted(body.index(char) for char in chars)
    return tuple(
        Costly(body[at], *place(body, at), character_name(body[at]), body.count(body[at])) for at in firsts
    )


_FORBIDDEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ud800-\udfff\ufeff]"
)


def _problems(body: str) -> Iterator[Sentence]:
    for found in _FORBIDDEN.finditer(body):
        line, column = place(body, found.start())
        name = character_name(found[0])
        yield say("line {line}, column {column}: {name}", line=line, column=column, name=name)
