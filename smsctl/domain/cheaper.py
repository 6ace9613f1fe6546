"""A text that says the same, or nearly, and takes fewer parts: offered in the plan, never made unasked."""

import re
from enum import StrEnum
from typing import Final, NamedTuple

from smsctl.domain import gsm7
from smsctl.domain.text import (
    PartProfile,
    TextSize,
    as_written,
    characters_over,
    measure,
    replace_typographic,
)

MOST_CUT: Final = 20
"""Characters that may be cut from the end, at most: of more, a person writes the text anew."""


class CheaperWay(StrEnum):
    """How the text is made cheaper."""

    PLAIN = "plain"  # typographic characters written plainly
    WITHOUT = "without"  # one character, that alone makes it Unicode, is left out
    SHORTER = "shorter"  # cut at the end


class Cheaper(NamedTuple):
    """The cheaper text, and what was taken away of the dearer."""

    way: CheaperWay
    body: str
    size: TextSize
    removed: str  # the character that is left out, or the end that is cut


def cheaper(body: str, profile: PartProfile) -> Cheaper | None:
    """Return the text that saves most parts, and the least changed of several; None: none saves one."""
    parts = measure(body, profile).parts
    found = (one for one in variants(body, profile) if one.size.parts < parts)
    return min(found, key=lambda one: one.size.parts, default=None)


def variants(body: str, profile: PartProfile) -> list[Cheaper]:
    """Return the ways to write the text otherwise, the least changed first."""
    plain = replace_typographic(body)[0].rstrip()
    made = [(CheaperWay.PLAIN, plain, "")]
    if char := _only_costly(body):
        left = re.sub(rf" ?{re.escape(char)}(?=\s|$)|{re.escape(char)} ?", "", body).strip(" \n")
        made.append((CheaperWay.WITHOUT, left, char))
    over = _over(body, profile)
    if 0 < over <= MOST_CUT:
        made.append((CheaperWay.SHORTER, body[:-over].rstrip(), body[-over:]))
    return [
        Cheaper(way=way, body=one, size=measure(one, profile), removed=removed)
        for way, one, removed in made
        if one not in ("", body)
    ]


def same_text(raw: str, profile: PartProfile) -> tuple[str, ...]:
    """Return all bodies under which a text as written may have been sent: to people they are the same.

    Also with the blank lines at its end, which were once sent along; but not shortened, for another text may
    begin so.
    """
    written = as_written(raw)
    body = written.rstrip()
    whole = (one.body for one in variants(body, profile) if one.way is not CheaperWay.SHORTER)
    return tuple(dict.fromkeys((body, written, *whole)))


def _over(body: str, profile: PartProfile) -> int:
    """Return how many characters stand in the last part, as far as that matters."""
    parts = measure(body, profile).parts
    if parts <= 1 or measure(body[:-MOST_CUT], profile).parts == parts:
        return 0
    return characters_over(body, profile, parts - 1)


def _only_costly(body: str) -> str:
    """Return the one sign that is not GSM-7, as often as it comes; never a letter. An emoji is one sign."""
    if gsm7.septets(body) is not None:
        return ""
    found = set(re.findall(rf"[^{re.escape(gsm7.BASIC + gsm7.EXTENDED)}]+", body))
    sign = found.pop()
    is_one = not found and len(sign) <= _LONGEST_SIGN and not any(map(str.isalpha, sign))
    return sign if is_one else ""


_LONGEST_SIGN: Final = 8  # code points: a family, a flag
