"""Swedish personal identity numbers and coordination numbers in a text: a date that exists and a check digit.

(The Tax Agency, SKV 704 and 707.) YYMMDD-NNNN, + instead of - from the year a person turns 100, or twelve
digits; in a coordination number 60 is added to the day. Ten digits in a row that begin as a mobile number
does are taken for one. Where a text speaks of a pupil or a child, a mistyped one in full counts too: with
eight digits for the date and a sign after it, in twelve digits that are no moment, or with - or +; and any
that is called one (pnr). Spaces,
dashes and digits are read however they look.
"""

import datetime as dt
import re
from collections.abc import Iterator
from typing import Final


def identity_numbers(body: str) -> Iterator[tuple[int, str]]:
    """Give the place of each, and how it is written."""
    plain = body.translate(PLAINLY)
    for found in re.finditer(_SHAPE, plain):
        century, year, apart, month, day, sign, last = found.groups()
        date = year + month + day
        if (not century and not sign and date.startswith("07")) or _is_of_a_link(found, plain):
            continue
        is_written = sign and (century or sign.strip())
        is_other = re.search(_OF_ANOTHER, plain[max(0, found.start() - _NEAR) : found.start()])
        is_whole = century and not is_other and not re.fullmatch(_TIME, last)  # 202612010800 is a moment
        speaks = (is_written or is_whole) and re.search(_SPEAKS_OF_SOMEBODY, body)
        speaks = speaks or re.search(_CALLED_SO, plain[max(0, found.start() - _NEAR) : found.start()])
        is_time = apart and not sign.strip()  # 2026-12-01 0800
        if (speaks or (_checks(date + last) and not is_time)) and _is_date(century, date):
            yield found.start(), body[found.start() : found.end()]


def _is_of_a_link(found: re.Match[str], body: str) -> bool:
    """Say whether it is a long figure in a link, which only twelve digits make somebody's number."""
    return body[found.start() - 1 : found.start()] in ("/", "=") and not found[1]


def _is_date(century: str | None, date: str) -> bool:
    year, month, day = (int(date[at : at + 2]) for at in (0, 2, 4))
    if day > _COORDINATION:
        day -= _COORDINATION
    for hundred in (century,) if century else ("19", "20"):
        try:
            dt.date(int(hundred) * 100 + year, month, day)
        except ValueError:
            continue
        return True
    return False


def _checks(ten: str) -> bool:
    """Say whether the last of ten digits is the check digit of the nine before it (Luhn)."""
    total = 0
    for at, digit in enumerate(ten):
        value = int(digit) * (1 if at % 2 else 2)
        total += value - 9 if value > _NINE else value
    return total % 10 == 0


PLAINLY: Final = {
    **dict.fromkeys((*range(0x2010, 0x2016), 0x2212, 0xFE63, 0xFF0D), "-"),
    **dict.fromkeys((0xA0, *range(0x2000, 0x200B), 0x202F, 0x3000), " "),
    **{start + digit: str(digit) for start in (0x660, 0x6F0, 0x966, 0xFF10) for digit in range(10)},
}
"""Whatever dash, space or digits are written; a pattern with a range of them takes 15 ms to compile."""

_NINE: Final = 9
_COORDINATION: Final = 60
_TIME: Final = "[01][0-9][0-5][0-9]|2[0-3][0-5][0-9]"
_OF_ANOTHER: Final = (
    r"(?i)(?:ocr|faktura|ärende|diarie|referens|mötes|kort|kod)\w*[-.: ]{0,2}(?:n(?:umme)?r)?[.: ]{0,2}\Z"
)
"""Whose number stands behind it: an invoice's, a card's."""
_CALLED_SO: Final = r"(?i)\b(?:person(?:nummer|nr)|p-?nr)\W{0,3}\Z"
_NEAR: Final = 30
_SPEAKS_OF_SOMEBODY: Final = "(?i)elev|barn|personn|p-?nr|född|patient|student|child|pupil"
_SHAPE: Final = (
    r"(?<![0-9A-Za-z+\-])(18|19|20)? ?([0-9]{2})([\- .]?)([01][0-9])\3([0-9]{2})( ?[\-+ ] ?|)([0-9]{4})"
    r"(?![0-9A-Za-z\-])"
)
