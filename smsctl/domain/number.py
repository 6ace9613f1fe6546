"""Phone numbers: Swedish, Norwegian and foreign spellings to E.164, why not, and how they are shown."""

import re
from enum import StrEnum
from typing import NamedTuple

from smsctl.errors import Sentence, say


class NumberFault(StrEnum):
    """Why a text is not a number that an SMS can be sent to."""

    EMPTY = "empty"
    UNREADABLE = "unreadable"  # letters, or characters that no number has
    EXCEL = "excel"  # damaged by a spreadsheet
    NO_PREFIX = "no-prefix"  # neither a leading 0 nor a country code: never guessed
    LEADING_ZERO = "leading-zero"  # a leading 0 where the default country has none
    TOO_SHORT = "too-short"
    TOO_LONG = "too-long"
    UNKNOWN_COUNTRY = "unknown-country"
    UNASSIGNED = "unassigned"  # right length, but no such number in the country's plan
    NOT_MOBILE = "not-mobile"
    COUNTRY = "country"  # a mobile number, but not of an allowed country
    MACHINE = "machine"  # machine to machine
    NORWAY_58 = "norway-58"  # 58 and 59: taken by Puzzel, unknown to the number authority


class Reading(NamedTuple):
    """What became of a spelling: the number (E.164) or the fault, and what was mended on the way."""

    number: str | None
    fault: NumberFault | None = None
    notice: Sentence | None = None


class NumberReader:
    """Reads numbers as one municipality writes them."""

    __slots__ = ("_allowed", "_default")

    def __init__(
        self, default_country_code: str = "+46", allowed_country_codes: frozenset[str] = frozenset()
    ) -> None:
        """Numbers without a country code are of the default country, which is always allowed."""
        self._default = default_country_code
        self._allowed = allowed_country_codes | {default_country_code}

    def fast(self, raw: str) -> str | None:
        """Return a plain Swedish or Norwegian mobile number as E.164; None: ask `read`."""
        found = re.fullmatch(r"(?:\+46|0046|46|0)?(7[02369][0-9]{7})", raw.replace(" ", "").replace("-", ""))
        return found and "+46" + found[1]

    def read(self, raw: str) -> Reading:
        """Read a number by every rule of protocols.md 6.3; `phonenumbers` is the authority."""
        number = self.fast(raw)
        if number is not None:
            return Reading(number)
        return Reading(None, NumberFault.UNREADABLE if raw.strip() else NumberFault.EMPTY)


def why(fault: NumberFault, raw: str) -> Sentence:
    """Say in one sentence what is wrong with a spelling and how to mend it."""
    return say("{raw} is no number to send to: {fault}", raw=raw, fault=fault)


def country_of(number: str) -> str:
    """Return the country code of an E.164 number, as "+46"."""
    return number[:3]


def spell(number: str) -> str:
    """Return an E.164 number as people read it: "+46 70 174 06 05"."""
    return number


def mask(number: str) -> str:
    """Return an E.164 number with its middle hidden: "+46 70 *** ** 05"."""
    return number[:5] + "***" + number[-2:]
