"""Phone numbers: every usual spelling to E.164, and why one cannot be used.

What a number is once it is in E.164, number_plan.py tells. A file may have a million rows: what is written
with nothing but digits, spaces and hyphens is looked up there without being taken apart first.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final, NamedTuple

from smsctl.domain.cells import UNSEEN
from smsctl.domain.number_plan import (
    BARE,
    NORWAY,
    SWEDEN,
    TAIL,
    NumberFault,
    code_of,
    heads,
    is_only_national,
    judge,
    look_up,
    national_prefix,
)
from smsctl.domain.spelling import veil, veil_cell
from smsctl.errors import Sentence, say


class NumberReading(NamedTuple):
    """What came of one spelling: a number (E.164) or a fault, and what was repaired on the way."""

    number: str | None
    fault: NumberFault | None = None
    notice: Sentence | None = None


class NumberReader:
    """Reads numbers as one municipality writes them (wire/numbers.md, "Reading a number")."""

    __slots__ = ("_allowed", "_default", "_heads")

    def __init__(
        self, default_country_code: str = SWEDEN, allowed_country_codes: frozenset[str] = frozenset()
    ) -> None:
        """Take a number without a country code as the default country's, which is always allowed."""
        self._default = default_country_code
        self._allowed = allowed_country_codes | {default_country_code}
        self._heads: dict[str, str] = {}
        for code in self._allowed.intersection(BARE):
            self._heads |= heads(code, at_home=code == default_country_code)

    def fast(self, raw: str) -> str | None:
        """Return a plain mobile number of an allowed country as E.164; None: ask `read`."""
        found = self.look_up(raw)
        return None if isinstance(found, NumberFault) else found

    def look_up_all(self, cells: Sequence[str]) -> list[str | NumberFault | None]:
        """Return what `look_up` does, of many in half the time."""
        together, head_of, look_up = "\n".join(cells), self._heads.get, self.look_up
        bare = together.replace(" ", "").replace("-", "")
        texts = bare.split("\n")
        if len(texts) != len(cells) or not together.isascii() or _ZEROS in bare:
            return [*map(look_up, cells)]
        return [
            head + one[-TAIL:] if (head := head_of(one[:-TAIL])) and one[-TAIL:].isdigit() else look_up(one)
            for one in texts
        ]

    def look_up(self, raw: str) -> str | NumberFault | None:
        """Return a plain mobile number as E.164, or what is wrong with a plain number; None: ask `read`."""
        text = raw.replace(" ", "").replace("-", "")
        tail = text[-TAIL:]
        if head := self._heads.get(text[:-TAIL]):
            is_plain = tail.isascii() and tail.isdigit() and not (tail == "00000" and _is_rounded(text))
            return head + tail if is_plain else None
        if text.startswith("+"):
            return self._allow(look_up(text))
        if text.startswith("00"):
            return self._allow(look_up(f"+{text[2:]}"))
        if not text:
            return NumberFault.EMPTY
        return self._at_home(text)

    def _at_home(self, text: str) -> str | NumberFault | None:
        """Look up what has no country code, where nothing else can be meant."""
        if self._default == SWEDEN:
            return look_up(SWEDEN + text[1:]) if text.startswith("0") else None
        if self._default == NORWAY:
            return look_up(NORWAY + text) if len(text) == FEWEST and not text.startswith("0") else None
        if (prefix := national_prefix(self._default)) is None:
            return None
        found = look_up(self._default + text.removeprefix(prefix))
        is_sure = not isinstance(found, NumberFault) or is_only_national(self._default, prefix, text, found)
        return found if is_sure else None

    def _allow(self, verdict: str | NumberFault | None) -> str | NumberFault | None:
        if verdict is None or isinstance(verdict, NumberFault) or code_of(verdict) in self._allowed:
            return verdict
        return NumberFault.COUNTRY

    def read(self, raw: str) -> NumberReading:
        """Read a number by every rule. What was repaired, spacing apart, is told in the notice."""
        if (found := self.look_up(raw)) is not None:
            return _reading(found)
        if any(char.isnumeric() and not char.isdecimal() for char in raw):  # ², which NFKC makes a 2, and ½
            return NumberReading(None, NumberFault.UNREADABLE)
        text = re.sub(UNSEEN, "", unicodedata.normalize("NFKC", raw.replace("\u00b4", "'"))).strip()
        if marked := re.fullmatch(_TEXT_MARK, text):
            reading = self._read((marked["bare"] or marked["formula"] or "").strip(), raw)
            return reading._replace(notice=reading.notice or _MARKED) if reading.number else reading
        return self._read(text, raw)

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
        found = self.look_up(digits)
        reading = self._judge(digits) if found is None else _reading(found)
        return self._doubted(reading, text, raw) if reading.number else reading

    def _doubted(self, reading: NumberReading, text: str, raw: str) -> NumberReading:
        """Tell what a person should look at; refuse what only the digits behind it made another's number."""
        if _is_rounded(text):
            return reading._replace(notice=_ROUNDED)
        if (behind := re.search(_BEHIND, text)) and self.read(text[: behind.start()]).number:
            return NumberReading(None, NumberFault.TOO_LONG)
        if re.findall(_DIGIT, re.sub(UNSEEN, "", raw)) != re.findall(_DIGIT, text):
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
        found = self._allow(judge(written))
        if found != written and not isinstance(found, NumberFault):
            return NumberReading(found, notice=say("A 0 after the country code was left out."))
        return _reading(found)


def _reading(verdict: str | NumberFault | None) -> NumberReading:
    return NumberReading(None, verdict) if isinstance(verdict, NumberFault) else NumberReading(verdict)


def _is_rounded(digits: str) -> bool:
    """Tell whether it ends in zeros as what a spreadsheet showed as 4,67E+10 does, saved and opened again."""
    return digits.endswith(_ZEROS) and len(digits) > FEWEST and digits[0] not in "+0"


def why(fault: NumberFault, raw: str) -> Sentence:
    """Say in one sentence what is wrong and how to mend it; the middle of a long number is hidden."""
    return Sentence(_WHY[fault].template, None, {"raw": veil(raw)})


def why_of_cell(fault: NumberFault, cell: str) -> Sentence:
    """Say the same of a cell of a file, which may hold a name: none of its words is repeated."""
    return why(fault, "").given(raw=veil_cell(cell))


FEWEST: Final = 8  # digits of the shortest mobile number without its prefix, in either country


def _without_prefix(digits: str) -> NumberFault:
    return NumberFault.TOO_SHORT if len(digits) < FEWEST else NumberFault.NO_PREFIX


# Patterns are texts, compiled at first use: most commands read no number.
_DIGIT: Final = "[0-9]"
_FEWEST_BESIDE: Final = 7  # digits of what may be a number beside another
_DIGITS: Final = r"\+?[0-9]+"
_BETWEEN: Final = r"[/\n]|[^0-9\s\-\u2010-\u2015\u2212.()+]+"
_SEPARATORS: Final = r"[\s\-\u2010-\u2015\u2212./()]"
_BRACKETED_ZERO: Final = r"^(\(?(?:(?:\+|00)\s?[1-9][0-9]{0,2}|46)\)?[\s-]*)\(0\)"
_BEHIND: Final = r"(?<!/[0-9]{2})\s*(?:/\s*[0-9]{1,2}|\([0-9]{1,2}\))$"
"""What may stand behind a number and be none of its digits: 040-123 45 67/8, 040-123 45 67 (2)."""
_ZEROS: Final = "000000"
_EXCEL: Final = r"[+-]?[0-9]+(?:[.,][0-9]+)?[Ee][+-]?[0-9]+|\+?[0-9]{7,}[.,][0-9]{1,6}|46[78]0{8}|#.*"

_QUOTE: Final = "['\"\u2018\u2019\u201c\u201d`\u00b4\u02bc\u2032]"
_TEXT_MARK: Final = rf"{_QUOTE}{{1,2}}(?P<bare>[^'\"]*?){_QUOTE}{{0,2}}|=\s*\"(?P<formula>[^\"]*)\""
"""How a number is kept from becoming one in Excel: quotes about it or before it, or a formula of a text."""

_MARKED: Final = say("The mark by which Excel keeps a number as text was left out.")
_ROUNDED: Final = say("It ends in zeros, as a number that a spreadsheet has rounded (4,67E+10): check it.")
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
