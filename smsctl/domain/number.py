"""Phone numbers: every usual spelling to E.164, and why one cannot be used.

`phonenumbers` is the authority. Short cuts stand before it (number_plan.py), because a file may have a
million rows: a plain Swedish or Norwegian mobile number is looked up by how it begins, and one of another
country is matched with the authority's own pattern.
"""

import re
import unicodedata
from enum import StrEnum
from functools import cache
from typing import Final, NamedTuple

from smsctl.domain.number_plan import (
    BARE,
    NORWAY,
    SWEDEN,
    TAIL,
    heads,
    is_landline,
    misfit,
    mobiles,
    national_prefix,
)
from smsctl.domain.spelling import country_of, veil, veil_cell
from smsctl.errors import Sentence, say


class NumberFault(StrEnum):
    """Why no SMS can be sent to what is written."""

    EMPTY = "empty"
    SEVERAL = "several"  # numbers in one cell
    UNREADABLE = "unreadable"  # letters, or signs that no number has
    EXCEL = "excel"  # damaged by a spreadsheet
    NO_PREFIX = "no-prefix"  # neither the national 0 nor a country code: never guessed
    LEADING_ZERO = "leading-zero"  # Norwegian numbers have none
    TOO_SHORT = "too-short"
    TOO_LONG = "too-long"
    UNKNOWN_COUNTRY = "unknown-country"
    UNASSIGNED = "unassigned"  # a possible length, but outside the country's number plan
    NOT_MOBILE = "not-mobile"
    COUNTRY = "country"  # a mobile number, but not of an allowed country
    MACHINE = "machine"  # machine to machine
    NORWAY_58 = "norway-58"  # 58 and 59: Puzzel takes them, the number authority does not know them


class NumberReading(NamedTuple):
    """What came of one spelling: a number (E.164) or a fault, and what was repaired on the way."""

    number: str | None
    fault: NumberFault | None = None
    notice: Sentence | None = None


class NumberReader:
    """Reads numbers as one municipality writes them (wire/numbers.md, "Reading a number")."""

    __slots__ = ("_abroad", "_allowed", "_begin_abroad", "_default", "_heads", "_is_plain_home")

    def __init__(
        self, default_country_code: str = SWEDEN, allowed_country_codes: frozenset[str] = frozenset()
    ) -> None:
        """Take a number without a country code as the default country's, which is always allowed."""
        self._default = default_country_code
        self._allowed = allowed_country_codes | {default_country_code}
        self._heads: dict[str, str] = {}
        for code in self._allowed.intersection(BARE):
            self._heads |= heads(code, at_home=code == default_country_code)
        self._abroad = tuple(sorted(self._allowed.difference(BARE)))
        self._begin_abroad = (*self._abroad, *(f"00{code[1:]}" for code in self._abroad))
        self._is_plain_home = default_country_code in BARE

    def fast(self, raw: str) -> str | None:
        """Return a plain mobile number of an allowed country as E.164; None: ask `read`."""
        text = raw.replace(" ", "").replace("-", "")
        tail = text[-TAIL:]
        head = self._heads.get(text[:-TAIL])
        if head:
            return head + tail if tail.isascii() and tail.isdigit() else None
        if text.startswith(self._begin_abroad):
            number = f"+{text.removeprefix('00').removeprefix('+')}"
        elif self._is_plain_home or (prefix := national_prefix(self._default)) is None:
            return None
        else:
            number = self._default + text.removeprefix(prefix)
        return number if mobiles(self._abroad).fullmatch(number) else None

    def read(self, raw: str) -> NumberReading:
        """Read a number by every rule. What was repaired, spacing apart, is told in the notice."""
        if fault := self._fault_abroad(raw.replace(" ", "").replace("-", "")):
            return NumberReading(None, fault)
        text = re.sub(_UNSEEN, "", unicodedata.normalize("NFKC", raw)).strip()
        if marked := re.fullmatch(_TEXT_MARK, text):
            reading = self._read((marked["bare"] or marked["formula"] or "").strip(), raw)
            return reading._replace(notice=reading.notice or _MARKED) if reading.number else reading
        return self._read(text, raw)

    def _fault_abroad(self, text: str) -> NumberFault | None:
        """Return what is wrong with a plain number of another country; None: perhaps nothing.

        It is a mobile number of one that is not allowed, or no number there: the third short cut.
        """
        if not text.startswith(("+", "00")):
            return None
        number = f"+{text.removeprefix('00').removeprefix('+')}"
        country = country_of(number)
        if not country:
            return None
        if country not in self._allowed and mobiles((country,)).fullmatch(number):
            return NumberFault.COUNTRY
        if country in BARE or not re.fullmatch(_PLAIN_ABROAD, text):  # of these more is known, and said
            return None
        reason = misfit(country, number[len(country) :])
        return None if reason is None else _misfit_fault(reason)

    def _read(self, text: str, raw: str) -> NumberReading:
        if re.fullmatch(_EXCEL, text):
            return NumberReading(None, NumberFault.EXCEL)
        digits = re.sub(_SEPARATORS, "", re.sub(_BRACKETED_ZERO, r"\1", text))
        if not digits:
            return NumberReading(None, NumberFault.EMPTY)
        if sum(len(re.findall(_DIGIT, piece)) >= _FEWEST_BESIDE for piece in re.split(_BETWEEN, text)) > 1:
            return NumberReading(None, NumberFault.SEVERAL)
        if not re.fullmatch(_DIGITS, digits):
            return NumberReading(None, NumberFault.UNREADABLE)
        number = self.fast(digits)
        reading = NumberReading(number) if number else self._judge(digits)
        if reading.number and re.findall(_DIGIT, raw) != re.findall(_DIGIT, text):
            return reading._replace(notice=_OTHER_DIGITS)
        return reading

    def _judge(self, digits: str) -> NumberReading:
        if digits.startswith("+"):
            return self._international(digits)
        if digits.startswith("00"):
            return self._international(f"+{digits[2:]}")
        if self._default == SWEDEN:
            return self._swedish(digits)
        if self._default == NORWAY:
            return self._norwegian(digits)
        return self._elsewhere(digits)

    def _swedish(self, digits: str) -> NumberReading:
        if digits.startswith("0"):
            return self._international(SWEDEN + digits[1:])
        if re.fullmatch("7[0-9]{8}", digits):  # a spreadsheet has dropped the zero
            return self._international(SWEDEN + digits)
        if re.fullmatch("46[1-9][0-9]{8}", digits):
            return self._international(f"+{digits}")
        return NumberReading(None, _without_prefix(digits))

    def _norwegian(self, digits: str) -> NumberReading:
        if digits.startswith("0"):
            return NumberReading(None, NumberFault.LEADING_ZERO)
        if re.fullmatch("[0-9]{8}|5[89][0-9]{10}", digits):  # decided on length: 47 may begin a number
            return self._international(NORWAY + digits)
        if re.fullmatch("47[0-9]{8}", digits):
            return self._international(f"+{digits}")
        return NumberReading(None, _without_prefix(digits))

    def _elsewhere(self, digits: str) -> NumberReading:
        """Read a national spelling of any other default country by that country's own plan."""
        import phonenumbers

        region = phonenumbers.region_code_for_country_code(int(self._default))
        try:
            parsed = phonenumbers.parse(digits, region)
        except phonenumbers.NumberParseException:
            return NumberReading(None, NumberFault.UNREADABLE)
        return self._international(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))

    def _international(self, written: str) -> NumberReading:
        for pattern, fault in _OWN_RULES:
            if re.fullmatch(pattern, written):
                return NumberReading(None, fault)
        found = NumberFault.NOT_MOBILE if is_landline(written) else _ask_authority(written)
        if isinstance(found, NumberFault):
            return NumberReading(None, found)
        if country_of(found) not in self._allowed:
            return NumberReading(None, NumberFault.COUNTRY)
        if found != written:
            return NumberReading(found, notice=say("A 0 after the country code was left out."))
        return NumberReading(found)


def why(fault: NumberFault, raw: str) -> Sentence:
    """Say in one sentence what is wrong and how to mend it; the middle of a long number is hidden."""
    return Sentence(_WHY[fault].template, None, {"raw": veil(raw)})


def why_of_cell(fault: NumberFault, cell: str) -> Sentence:
    """Say the same of a cell of a file, which may hold a name: none of its words is repeated."""
    return why(fault, "").given(raw=veil_cell(cell))


_OWN_RULES: Final = (
    (r"\+[0-9]{16,}", NumberFault.TOO_LONG),  # E.164 ends at 15
    (r"\+460?71[0-9]{7,10}|\+475[89][0-9]{10}", NumberFault.MACHINE),
    (r"\+475[89][0-9]{6}", NumberFault.NORWAY_58),
    (r"\+460?7[0-9]{0,7}|\+47[0-9]{0,7}", NumberFault.TOO_SHORT),
    (r"\+460?7[0-9]{9,}|\+47[0-9]{9,}", NumberFault.TOO_LONG),
)
"""What the plans of wire/numbers.md say more clearly than the authority does; first match holds."""


def _ask_authority(written: str) -> str | NumberFault:
    import phonenumbers

    try:
        parsed = phonenumbers.parse(written)
    except phonenumbers.NumberParseException as error:
        unknown = error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE
        return NumberFault.UNKNOWN_COUNTRY if unknown else NumberFault.TOO_SHORT
    kind = phonenumbers.number_type(parsed)
    if kind == phonenumbers.PhoneNumberType.UNKNOWN:  # that is to say: not valid
        return _misfit_fault(phonenumbers.is_possible_number_with_reason(parsed))
    mobile = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    if kind not in mobile:
        return NumberFault.NOT_MOBILE
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


@cache
def _misfit_fault(reason: int) -> NumberFault:
    from phonenumbers import ValidationResult

    if reason in {ValidationResult.TOO_SHORT, ValidationResult.IS_POSSIBLE_LOCAL_ONLY}:
        return NumberFault.TOO_SHORT
    return NumberFault.TOO_LONG if reason == ValidationResult.TOO_LONG else NumberFault.UNASSIGNED


_FEWEST: Final = 8  # digits of the shortest mobile number without its prefix, in either country


def _without_prefix(digits: str) -> NumberFault:
    return NumberFault.TOO_SHORT if len(digits) < _FEWEST else NumberFault.NO_PREFIX


# Patterns are texts, compiled at first use: most commands read no number.
_DIGIT: Final = "[0-9]"
_FEWEST_BESIDE: Final = 7  # digits of what may be a number beside another
_DIGITS: Final = r"\+?[0-9]+"
_PLAIN_ABROAD: Final = r"(?:\+|00)[1-9][0-9]{1,14}"
_BETWEEN: Final = r"[/\n]|[^0-9\s\-\u2010-\u2015\u2212.()+]+"
_SEPARATORS: Final = r"[\s\-\u2010-\u2015\u2212./()]"
_UNSEEN: Final = "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"  # comes along from phone books
_BRACKETED_ZERO: Final = r"^(\(?(?:(?:\+|00)\s?[1-9][0-9]{0,2}|46)\)?[\s-]*)\(0\)"
_EXCEL: Final = r"[+-]?[0-9]+(?:[.,][0-9]+)?[Ee][+-]?[0-9]+|\+?[0-9]{7,}[.,][0-9]{1,6}|#.*"

_TEXT_MARK: Final = r"['\u2018\u2019`\u00b4](?P<bare>[^']*)|=\s*\"(?P<formula>[^\"]*)\""
"""How a number is kept from becoming one in Excel: an apostrophe before it, or a formula of a text."""

_MARKED: Final = say("The mark by which Excel keeps a number as text was left out.")
_OTHER_DIGITS: Final = say("Full-width characters were read as plain digits.")

_WHY: Final = {
    NumberFault.EMPTY: say("There is no number; write a mobile number."),
    NumberFault.SEVERAL: say('"{raw}" holds more than one number; enter one, the mobile number.'),
    NumberFault.UNREADABLE: say('"{raw}" is not a phone number; write it as 070-174 06 05.'),
    NumberFault.EXCEL: say(
        '"{raw}" was damaged by a spreadsheet; format the column as text and enter the number again.'
    ),
    NumberFault.NO_PREFIX: say(
        '"{raw}" has neither a leading 0 nor a country code with + before it; add the one that is missing.'
    ),
    NumberFault.LEADING_ZERO: say(
        '"{raw}" begins with 0, as no Norwegian number does; write +46 for Sweden.'
    ),
    NumberFault.TOO_SHORT: say('"{raw}" has too few digits; enter the whole number.'),
    NumberFault.TOO_LONG: say('"{raw}" has too many digits; enter one number only, and check it.'),
    NumberFault.UNKNOWN_COUNTRY: say(
        '"{raw}" begins with a country code that does not exist; check the code.'
    ),
    NumberFault.UNASSIGNED: say('"{raw}" is not in use in the number plan of its country; check the digits.'),
    NumberFault.NOT_MOBILE: say('"{raw}" is not a mobile number; enter one that can receive SMS.'),
    NumberFault.COUNTRY: say(
        '"{raw}" is a mobile number of a country that is not allowed; allow its country code in the config.'
    ),
    NumberFault.MACHINE: say(
        '"{raw}" belongs to a machine, not to a person; enter a person\'s mobile number.'
    ),
    NumberFault.NORWAY_58: say(
        '"{raw}" begins with 58 or 59, unknown to the number authority; enter another number.'
    ),
}
