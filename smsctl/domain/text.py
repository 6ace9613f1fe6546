"""The text of a mailing: how it is read, how many parts it takes, and which characters cost.

What a reader cannot see has no place in it: it turns an SMS into UCS-2 unseen, shows a text in another order
than it was approved in, or is damage from a wrong conversion. What an emoji or a word in Persian or Hindi is
built of is left alone, and so is the soft hyphen: word processors leave it behind, and replacing typographic
characters removes it.
"""

import codecs
import re
import unicodedata
from collections.abc import Iterator
from enum import StrEnum
from typing import Final, NamedTuple, Self

from smsctl.domain import gsm7
from smsctl.errors import InputError, Sentence, say, say_n


class Encoding(StrEnum):
    """How the text travels. UCS-2 as soon as one character is not GSM-7."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


class PartProfile(NamedTuple):
    """How a gateway counts: units in a text of one part, and in each part of a longer one.

    A unit is a septet in GSM-7 and a UTF-16 unit in UCS-2.
    """

    name: str
    gsm7_single: int = 160
    gsm7_part: int = 153
    ucs2_single: int = 70
    ucs2_part: int = 67
    in_latin_1: bool = False  # GSM-7 is sent so; what is not in both, as the euro sign, goes in UCS-2


INTELECOM_PARTS: Final = PartProfile(name="intelecom")
"""wire/puzzel.md, "Length"."""

PSWINCOM_PARTS: Final = PartProfile(name="pswincom", gsm7_part=134, in_latin_1=True)
"""Octets, it seems, so that a long text takes more parts here than at Intelecom.

wire/pswincom.md, "Characters and length".
"""


_PAIR_UNITS: Final = 2


def with_part_length(profile: PartProfile, length: int | None) -> PartProfile:
    """Return the profile with `length` septets per GSM-7 part, where the invoice shows another rule.

    A UCS-2 part stays as it is, and without a length all. Raises ValueError where not even a pair would fit.
    """
    if length is None:
        return profile
    if not _PAIR_UNITS <= length <= profile.gsm7_single:
        raise ValueError(length)
    return profile._replace(gsm7_part=length)


class TextSize(NamedTuple):
    """What a text takes: its encoding, its units in it, and the parts that are billed."""

    encoding: Encoding
    units: int
    parts: int


_GSM7: Final = Encoding.GSM7  # looking a member up takes as long as counting a short text
_UCS2: Final = Encoding.UCS2


def measure(body: str, profile: PartProfile) -> TextSize:
    """Count units and parts. Neither an escape pair nor a surrogate pair is split (wire/sms-length.md)."""
    units = septets(body, profile)
    if units is not None:
        return TextSize(
            encoding=_GSM7, units=len(units), parts=_parts(units, profile.gsm7_single, profile.gsm7_part)
        )
    units = _utf16_units(body)
    return TextSize(
        encoding=_UCS2, units=len(units), parts=_parts(units, profile.ucs2_single, profile.ucs2_part)
    )


def septets(body: str, profile: PartProfile) -> bytes | None:
    """Return one byte per septet of a text that the gateway is sent in GSM-7; None: it goes in UCS-2."""
    if profile.in_latin_1 and len(body.encode("latin-1", "ignore")) < len(body):
        return None
    return gsm7.septets(body)


def characters_over(body: str, profile: PartProfile, max_parts: int) -> int:
    """Return how many characters must go from the end for the text to fit `max_parts`; 0 if it fits."""
    fits, too_long = 0, len(body) + 1
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if measure(body[:middle], profile).parts <= max_parts:
            fits = middle
        else:
            too_long = middle
    return len(body) - fits


_MARK_PAIRS: Final = bytes.maketrans(b"\xd8\xd9\xda\xdb", bytes([gsm7.PAIR] * 4))


def _utf16_units(body: str) -> bytes:
    """Return one byte per UTF-16 unit, PAIR where a surrogate pair begins and only there."""
    utf16, _ = codecs.utf_16_be_encode(body, "surrogatepass")  # str.encode looks the codec up, slowly
    if len(utf16) == 2 * len(body):
        return bytes(len(body))
    return utf16[::2].replace(b"\x1b", b"\0").translate(_MARK_PAIRS)


def _parts(units: bytes, single: int, part: int) -> int:
    """Fill parts one by one; a PAIR that would end a part begins the next."""
    total = len(units)
    if total <= single:
        return 1 if total else 0
    if gsm7.PAIR not in units:
        return -(-total // part)
    parts, end = 1, part
    while end < total:
        if units[end - 1] == gsm7.PAIR:
            end -= 1
        end += part
        parts += 1
    return parts


_SHOWN_PROBLEMS: Final = 20


class MessageText(NamedTuple):
    """A text that may be sent: composed letters, LF line breaks, nothing invisible, and no empty end."""

    body: str

    @classmethod
    def read(cls, raw: str) -> Self:
        """Make a text of what stands in a file or on the command line.

        As `as_written`, and blank lines and spaces at the end go, for they cost and nobody sees them.
        Raises InputError with line and column of what must not reach a phone, or for no text.
        """
        body = as_written(raw).rstrip(" \t\n\u00a0")
        if problems := _problems(body, tuple(invisible(body))):
            raise InputError(
                say("The text holds characters that cannot be seen and must not be sent."),
                hint=say("Delete them, or write the lines anew in a plain text editor."),
                problems=problems,
            )
        if not body.strip():
            raise InputError(
                say("The text is empty: there is nothing to send."),
                hint=say("Write the text to be sent, then try again."),
            )
        return cls(body=body.rstrip())


def as_written(raw: str) -> str:
    """Return the text of a file: without byte order mark and final line break, LF, letters composed (NFC)."""
    lines = raw.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", lines).removesuffix("\n")


class Costly(NamedTuple):
    """A character that makes a text dearer, and where it first stands (from 1)."""

    char: str
    line: int
    column: int
    name: str


def costly(body: str, profile: PartProfile) -> tuple[Costly, ...]:
    """Return the characters that force UCS-2, in the order of their first place."""
    return tuple(
        Costly(body[at], *line_and_column(body, at), _name(body[at]))
        for at in sorted(map(body.index, foreign_in(body, profile)))
    )


def foreign_in(text: str, profile: PartProfile) -> str:
    """Return the characters of a text or a cell that force UCS-2, in alphabetical order."""
    found = set(text)
    beyond = found & gsm7.BEYOND_LATIN_1 if profile.in_latin_1 else set[str]()
    return "".join(sorted(found.difference(gsm7.BASIC, gsm7.EXTENDED) | beyond))


class Replacement(NamedTuple):
    """One character that was replaced, and where it stood (from 1)."""

    char: str
    replacement: str
    line: int
    column: int


_APOSTROPHES: Final = "\u2018\u2019\u201a\u201b\u2032\u2039\u203a\u00b4\u0060"  # curly, prime, accents alone
_QUOTES: Final = "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb"  # curly, double prime, guillemets
_DASHES: Final = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"  # hyphens, dashes, minus
_BULLETS: Final = "\u2022\u2023\u2043\u00b7\u25aa\u25cf"
_SPACES: Final = "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000"
_TYPOGRAPHIC: Final = {
    **dict.fromkeys(map(ord, _APOSTROPHES), "'"),
    **dict.fromkeys(map(ord, _QUOTES), '"'),
    **dict.fromkeys(map(ord, _DASHES + _BULLETS), "-"),
    **dict.fromkeys(map(ord, _SPACES), " "),
    ord("\u2026"): "...",
    ord("\u00ad"): "",  # soft hyphen
}
_ANY_TYPOGRAPHIC: Final = f"[{re.escape(''.join(map(chr, _TYPOGRAPHIC)))}]"


def replace_typographic(body: str) -> tuple[str, tuple[Replacement, ...]]:
    """Write quotes, dashes, bullets, ellipsis and spaces in GSM-7, and say where; never a letter."""
    made = tuple(
        Replacement(char, _TYPOGRAPHIC[ord(char)], *line_and_column(body, at))
        for at, char in enumerate(body)
        if ord(char) in _TYPOGRAPHIC
    )
    return body.translate(_TYPOGRAPHIC), made


def plainly(body: str) -> str:
    """Return a text with its typographic characters written plainly: to people it is the same text."""
    if body.isascii():
        return body
    return (body.translate(_TYPOGRAPHIC) if re.search(_ANY_TYPOGRAPHIC, body) else body).rstrip()


def _problems(body: str, places: tuple[int, ...]) -> list[Sentence]:
    shown = [_problem(body, at) for at in places[:_SHOWN_PROBLEMS]]
    if more := len(places) - len(shown):
        shown.append(say_n("And {n} more.", "And {n} more.", n=more))
    return shown


def _problem(body: str, at: int) -> Sentence:
    line, column = line_and_column(body, at)
    return say("line {line}, column {column}: {name}.", line=line, column=column, name=_name(body[at]))


def line_and_column(body: str, at: int) -> tuple[int, int]:
    """Return line and column, from 1, of an index."""
    return body.count("\n", 0, at) + 1, at - body.rfind("\n", 0, at)


_CONTROL_NAMES: Final = {"\0": "NULL", "\t": "TAB", "\x1b": "ESCAPE", "\x7f": "DELETE"}


def _name(char: str) -> str:
    """Return code point and Unicode name; control characters have none, so that the usual ones are named."""
    name = unicodedata.name(char, "") or _CONTROL_NAMES.get(char, "")
    return f"U+{ord(char):04X} {name}".rstrip()


_CONTROL = r"\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029"  # all but LF
_DIRECTION = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_ZERO_WIDTH = (
    r"\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u206a-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff"
)
_DAMAGE = (  # unpaired surrogates, the bullets of Word, the replacement character, non-characters
    r"\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufff0-\uffff\U0001fffe\U0001ffff\U0002fffe\U0002ffff"
    r"\U000f0000-\U0010ffff"
)
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
