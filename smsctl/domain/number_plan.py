"""What a number in E.164 is by the plan of its country: a mobile number, or why no SMS can be sent to it.

`phonenumbers` is the authority. Short cuts stand before it, because asking it takes 60 microseconds and a
file may have a million rows: how plain numbers of two countries begin, and for each country one pattern, made
of the authority's own. A property test holds every country's short cut against what it says.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from smsctl.domain.spelling import country_of

if TYPE_CHECKING:
    from phonenumbers import PhoneMetadata, PhoneNumberDesc


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


SWEDEN: Final = "+46"
NORWAY: Final = "+47"
TAIL: Final = 5  # digits that any plain number may end with
BARE: Final = {SWEDEN: ("46", "0", ""), NORWAY: ("47", "")}  # prefixes at home, besides + and 00
LONGEST: Final = 15  # digits: E.164 ends there


def heads(code: str, *, at_home: bool) -> dict[str, str]:
    """Return every beginning of a plain number, up to its tail, as E.164 has it (wire/numbers.md)."""
    prefixes = (code, f"00{code[1:]}", *(BARE[code] if at_home else ()))
    if code == SWEDEN:
        series = [f"7{second}{more:02}" for second in "023689" for more in range(100)]
    else:
        tens = ("40", "41", "46", "47", "48", *map(str, range(90, 100)))
        series = [f"{ten}{more}" for ten in tens for more in range(10)]
        series += [f"45{more}" for more in "012456789"]  # 453 in part only
    return {prefix + start: code + start for prefix in prefixes for start in series}


def judge(written: str) -> str | NumberFault:
    """Return a mobile number as E.164, which a 0 after the country code is no part of; or what is wrong."""
    return look_up(written) or _ask_authority(written)


def look_up(written: str) -> str | NumberFault | None:
    """Return a plain mobile number as it is, or what is wrong with a plain one; None: ask the authority."""
    code = code_of(written)
    if code in BARE and (own := _own_rules().fullmatch(written)):
        return _OWN_RULES[own.lastindex - 1][1] if own.lastindex else None
    found = _pattern(code).fullmatch(written, len(code))
    if found is None:
        return (
            _misfit(code, len(written) - len(code)) if written.isascii() and written[1:].isdigit() else None
        )
    return written if found.lastgroup == _MOBILE else _FAULTS.get(found.lastgroup or "")


def code_of(number: str) -> str:
    """Return the country code of an E.164 number as `country_of` does, remembering those it has met."""
    return _code(number[:_CODE_AND_PLUS])


_CODE_AND_PLUS: Final = 4  # characters of the longest country code
_code: Final = cache(country_of)

_OWN_RULES: Final = (
    (r"\+460?71[0-9]{7,10}|\+475[89][0-9]{10}", NumberFault.MACHINE),
    (r"\+475[89][0-9]{6}", NumberFault.NORWAY_58),
    (r"\+460?7[0-9]{0,7}|\+47[0-9]{0,7}", NumberFault.TOO_SHORT),
    (r"\+460?7[0-9]{9,}|\+47[0-9]{9,}", NumberFault.TOO_LONG),
)
"""What the plans of wire/numbers.md say more clearly than the authority does; first match holds."""


@cache
def _own_rules() -> re.Pattern[str]:
    return re.compile("|".join(f"({pattern})" for pattern, _ in _OWN_RULES))


_MOBILE: Final = "mobile"
_FAULTS: Final[Mapping[str, NumberFault]] = MappingProxyType(
    {"unknown": NumberFault.UNKNOWN_COUNTRY, "other": NumberFault.NOT_MOBILE}
)

_OTHER_KINDS: Final = (
    "fixed_line",
    "premium_rate",
    "toll_free",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
)


@cache
def _pattern(code: str) -> re.Pattern[str]:
    """Return the pattern of all numbers of a country, its code left out; the group says what one is.

    What is in no group is no valid number. Of `doubtful` ones only the authority can tell: they have fewer
    digits than it cuts its plans by, or begin as at home.
    """
    import phonenumbers

    known = code[1:] and not code.startswith("+0")
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code), ()) if known else ()
    if not regions:
        return re.compile(r"(?P<unknown>[0-9]{5,12})|(?P<doubtful>.*)", re.DOTALL)
    plan_of = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code
    plans = [plan for region in regions if (plan := plan_of(int(code), region))]
    is_whole = len(plans) == len(regions) and all(_general(plan) for plan in plans)
    at_home = plans[0].national_prefix_for_parsing if plans else None
    groups = {
        _MOBILE: _either(_number_of(plan.mobile) for plan in plans),
        "doubtful": rf"\d{{0,3}}|0\d*|(?:{at_home or _NOTHING})\d*" if is_whole else ".*",
        "other": _other_kinds(plans),
    }
    return re.compile("|".join(f"(?P<{name}>{one})" for name, one in groups.items()), re.ASCII | re.DOTALL)


def _other_kinds(plans: "Sequence[PhoneMetadata]") -> str:
    """Return the pattern of the numbers of a country that the authority takes for other than mobile ones.

    A number that begins as those of one part of the country do is of that part, and of the first such.
    """
    parts, elsewhere = [], ""
    for plan in plans:
        kinds = _either(_number_of(getattr(plan, kind)) for kind in _OTHER_KINDS)
        begin = f"(?={plan.leading_digits})" if plan.leading_digits else ""
        parts.append(rf"{elsewhere}{begin}(?=(?:{_general(plan)})\Z)(?:{kinds})")
        elsewhere += f"(?!{plan.leading_digits})" if plan.leading_digits else ""
    return _either(parts)


def _general(plan: "PhoneMetadata") -> str | None:
    return plan.general_desc.national_number_pattern if plan.general_desc else None


def _number_of(kind: "PhoneNumberDesc | None") -> str:
    """Return the pattern of one kind of number; one that nothing matches where the plan has none."""
    pattern = kind.national_number_pattern if kind else None
    if kind is None or not pattern:
        return _NOTHING
    lengths = "|".join(rf"\d{{{length}}}" for length in kind.possible_length)
    return rf"(?=(?:{lengths})\Z)(?:{pattern})" if lengths else f"(?:{pattern})"


def _either(patterns: Iterable[str | None]) -> str:
    return "|".join(f"(?:{one})" for one in patterns if one) or _NOTHING


_NOTHING: Final = "(?!)"


@cache
def _misfit(code: str, digits: int) -> NumberFault:
    """Return what is wrong with a number of so many digits that fits no plan of its country."""
    import phonenumbers

    if digits + len(code) - 1 > LONGEST:
        return NumberFault.TOO_LONG
    number = phonenumbers.PhoneNumber(country_code=int(code), national_number=int("1" * digits))
    return _fault(phonenumbers.is_possible_number_with_reason(number))


def _fault(reason: int) -> NumberFault:
    from phonenumbers import ValidationResult

    if reason in {ValidationResult.TOO_SHORT, ValidationResult.IS_POSSIBLE_LOCAL_ONLY}:
        return NumberFault.TOO_SHORT
    return NumberFault.TOO_LONG if reason == ValidationResult.TOO_LONG else NumberFault.UNASSIGNED


def _ask_authority(written: str) -> str | NumberFault:
    import phonenumbers

    if len(written) > LONGEST + 1:
        return NumberFault.TOO_LONG
    try:
        parsed = phonenumbers.parse(written)
    except phonenumbers.NumberParseException as error:
        unknown = error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE
        return NumberFault.UNKNOWN_COUNTRY if unknown else NumberFault.TOO_SHORT
    kind = phonenumbers.number_type(parsed)
    if kind == phonenumbers.PhoneNumberType.UNKNOWN:  # that is to say: not valid
        return _fault(phonenumbers.is_possible_number_with_reason(parsed))
    mobile = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    if kind not in mobile:
        return NumberFault.NOT_MOBILE
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


@cache
def national_prefix(code: str) -> str | None:
    """Return what stands before a number at home, often "0"; None where the country's plan says more."""
    import phonenumbers

    region = phonenumbers.region_code_for_country_code(int(code))
    plan = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(int(code), region)
    if plan is None or plan.national_prefix_transform_rule:
        return None
    prefix = plan.national_prefix or ""
    others = (plan.national_prefix_for_parsing or prefix).split("|")
    return prefix if prefix in others and all(one.isdigit() or not one for one in others) else None


def is_only_national(code: str, prefix: str, text: str, fault: NumberFault) -> bool:
    """Tell whether the authority finds this fault in what is written at home, too.

    It may also take it for a number with a country code, keep a prefix that leaves too little, or give up.
    """
    return fault in _SURE_AT_HOME and _national(code, prefix).fullmatch(text) is not None


_SURE_AT_HOME: Final = {NumberFault.UNASSIGNED, NumberFault.NOT_MOBILE}


@cache
def _national(code: str, prefix: str) -> re.Pattern[str]:
    import phonenumbers

    region = phonenumbers.region_code_for_country_code(int(code))
    plan = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(int(code), region)
    abroad = (plan.international_prefix if plan else None) or _NOTHING
    digits = LONGEST - len(code) + 1
    return re.compile(rf"(?!{abroad}|{code[1:]}){prefix}[1-9]\d{{,{digits - 1}}}", re.ASCII)
