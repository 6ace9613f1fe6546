"""Number plans as short cuts: how plain numbers begin, and the number authority's own patterns.

Asking `phonenumbers` takes 60 microseconds, matching its pattern one. A property test holds every country's
short cut against what it says.
"""

import re
from functools import cache
from typing import Final

SWEDEN: Final = "+46"
NORWAY: Final = "+47"
TAIL: Final = 5  # digits that any plain number may end with
BARE: Final = {SWEDEN: ("46", "0", ""), NORWAY: ("47", "")}  # prefixes at home, besides + and 00


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


@cache
def mobiles(codes: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern of all mobile numbers of these countries with their +, as the authority has it."""
    import phonenumbers

    plan_of = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code
    series = [
        rf"{re.escape(code)}(?:{plan.mobile.national_number_pattern})"
        for code in codes
        for region in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())
        if (plan := plan_of(int(code), region)) and plan.mobile and plan.mobile.national_number_pattern
    ]
    return re.compile("|".join(series), re.ASCII)


_FEWEST: Final = 4  # the authority cuts its plans by their first digits where fewer are there


def misfit(code: str, digits: str) -> int | None:
    """Return why digits are no number in any plan of a country, as a ValidationResult; None: ask.

    Where a plan takes away what stands before a number at home, nothing is said.
    """
    if not code or len(digits) < _FEWEST or digits[0] == "0":
        return None
    doubtful = _doubtful(code)
    if doubtful is None or doubtful.fullmatch(digits):
        return None
    return _reason(code, len(digits))


@cache
def _doubtful(code: str) -> re.Pattern[str] | None:
    """Return the pattern of what may be a number of a country, its code left out."""
    import phonenumbers

    plan_of = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())
    plans = [plan for region in regions if (plan := plan_of(int(code), region))]
    general = [plan.general_desc.national_number_pattern for plan in plans if plan.general_desc]
    if not plans or len(general) < len(regions) or not all(general):
        return None
    taken_away = plans[0].national_prefix_for_parsing or "(?!)"
    return re.compile("|".join([*(f"(?:{one})" for one in general), rf"(?:{taken_away})\d*"]), re.ASCII)


@cache
def _reason(code: str, digits: int) -> int:
    import phonenumbers

    number = phonenumbers.PhoneNumber(country_code=int(code), national_number=int("1" * digits))
    return int(phonenumbers.is_possible_number_with_reason(number))


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


def is_landline(written: str) -> bool:
    """Tell whether a number is a plain Swedish landline, as many rows have."""
    return written.startswith(SWEDEN) and _landlines().fullmatch(written) is not None


@cache
def _landlines() -> re.Pattern[str]:
    """Return the authority's own pattern of Swedish landlines, none of which is a mobile number."""
    import phonenumbers

    plan = phonenumbers.PhoneMetadata.metadata_for_region("SE")
    pattern = plan.fixed_line.national_number_pattern if plan and plan.fixed_line else "(?!)"
    return re.compile(rf"\{SWEDEN}(?:{pattern})", re.ASCII)
