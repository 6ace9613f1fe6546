import re
import subprocess
import sys

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from smsctl.domain import number_plan
from smsctl.domain.number import NumberReader, why
from smsctl.domain.number_plan import NumberFault
from smsctl.domain.spelling import country_of, is_e164, mask, spell, veil, written_out

SWEDISH = NumberReader("+46")
NORWEGIAN = NumberReader("+47")
NORDIC = NumberReader("+46", frozenset({"+47", "+45", "+358"}))
NUMBER = "+46701740605"


@pytest.mark.parametrize(
    "raw",
    [
        "070-174 06 05",
        "0701740605",
        "070 1740605",
        " 070 174 06 05 ",
        "+46 70 174 06 05",
        "+46701740605",
        "0046701740605",
        "0046 70-174 06 05",
        "46701740605",
        "701740605",  # the zero that a spreadsheet drops
        "70-174 06 05",
    ],
)
def test_plain_swedish_spellings_take_the_fast_way(raw: str) -> None:
    assert SWEDISH.fast(raw) == NUMBER
    assert SWEDISH.read(raw) == (NUMBER, None, None)


@pytest.mark.parametrize(
    "raw",
    [
        "+46 (0)70-174 06 05",
        "+46(0)701740605",
        "0046 (0)70 174 06 05",
        "(+46) (0)70 174 06 05",
        "46 (0)70-174 06 05",
        "(070) 174 06 05",
        "(0)70-174 06 05",
        "070/174 06 05",
        "070.174.06.05",
        "070\u00a0174\u00a006\u00a005",
        "070\u202f174\u202f06\u202f05",
        "070\u2011174\u201106\u201105",
        "070\u2013174 06 05",
        "+46 (70) 174 06 05",
        "\t0701740605\n",
        "\u202a+46 70 174 06 05\u202c",  # direction marks from a phone's contact list
        "\ufeff0701740605",
        "\u206a+46701740605\u206f",
        "0701740605\ufe0f",
        "\u034f070-174 06 05",
        "070-174 06 05_x000D_",  # a carriage return of an XLSX, in a CSV made of one
    ],
)
def test_other_swedish_spellings_are_read_without_a_notice(raw: str) -> None:
    assert SWEDISH.read(raw) == (NUMBER, None, None)


@pytest.mark.parametrize("series", ["70", "72", "73", "76", "78", "79"])
def test_every_swedish_mobile_series_is_plain(series: str) -> None:
    assert SWEDISH.fast(f"0{series}1234567") == f"+46{series}1234567"


@pytest.mark.parametrize("raw", ["+460701740605", "0046 070-174 06 05"])
def test_a_zero_kept_after_the_country_code_is_left_out_with_a_notice(raw: str) -> None:
    number, fault, notice = SWEDISH.read(raw)
    assert (number, fault) == (NUMBER, None)
    assert "0 after the country code" in str(notice)


@pytest.mark.parametrize("raw", ["'0701740605", "´0701740605", "`+46701740605", "’070-174 06 05’"])
def test_the_mark_that_keeps_a_number_as_text_is_left_out_with_a_notice(raw: str) -> None:
    number, fault, notice = SWEDISH.read(raw)
    assert (number, fault) == (NUMBER, None)
    assert "keeps a number as text" in str(notice)


@pytest.mark.parametrize("raw", ["46702000000", "702000000", "46702 000000", "46701000000"])
def test_a_number_that_a_spreadsheet_has_rounded_is_told(raw: str) -> None:
    """4,67E+10 that was saved and opened again is a number like others, of a stranger."""
    reading = SWEDISH.read(raw)
    assert reading.number is not None
    assert "4,67E+10" in str(reading.notice)
    assert (
        SWEDISH.look_up_all([raw, "0701740605"])
        == [None, "+46701740605"]
        == [*map(SWEDISH.look_up, [raw, "0701740605"])]
    )


@pytest.mark.parametrize("raw", ["+46702000000", "070-200 00 00", "46701700000", "0046702000000"])
def test_a_number_that_ends_in_zeros_and_has_its_prefix_is_plain(raw: str) -> None:
    assert SWEDISH.read(raw).notice is None
    assert SWEDISH.fast(raw) == SWEDISH.read(raw).number is not None


def test_full_width_digits_are_read_and_told() -> None:
    assert SWEDISH.fast("070174０６０５") is None
    number, fault, notice = SWEDISH.read("070-174 ０６ ０５")
    assert (number, fault) == (NUMBER, None)
    assert "Full-width" in str(notice)


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("41234567", "+4741234567"),
        ("412 34 567", "+4741234567"),
        ("912 34 567", "+4791234567"),
        ("45012345", "+4745012345"),
        ("45812345", "+4745812345"),
        ("+47 412 34 567", "+4741234567"),
        ("004741234567", "+4741234567"),
        ("4741234567", "+4741234567"),
        ("47123456", "+4747123456"),  # eight digits: 47 begins the number
        ("4747123456", "+4747123456"),  # ten digits: 47 is the country
    ],
)
def test_norwegian_spellings_at_home(raw: str, number: str) -> None:
    assert NORWEGIAN.fast(raw) == number
    assert NORWEGIAN.read(raw) == (number, None, None)


@pytest.mark.parametrize(
    ("reader", "raw", "number"),
    [
        (NORDIC, "+47 412 34 567", "+4741234567"),
        (NORDIC, "004741234567", "+4741234567"),
        (NORDIC, "+45 20 12 34 56", "+4520123456"),
        (NORDIC, "+358 40 123 4567", "+358401234567"),
        (NORDIC, "+358 (0)40 123 4567", "+358401234567"),
        (NumberReader("+47", frozenset({"+46"})), "+46 70 174 06 05", NUMBER),
        (NumberReader("+45"), "20 12 34 56", "+4520123456"),
        (NumberReader("+358"), "040 123 4567", "+358401234567"),
        (NumberReader("+45", frozenset({"+46"})), "+46701740605", NUMBER),
        (NumberReader("+46", frozenset({"+1"})), "+1 212 555 1234", "+12125551234"),
    ],
)
def test_numbers_of_allowed_countries_are_read(reader: NumberReader, raw: str, number: str) -> None:
    assert reader.read(raw) == (number, None, None)


def test_the_default_country_is_allowed_beside_the_others() -> None:
    assert NORDIC.fast("070-174 06 05") == NUMBER


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        ("", NumberFault.EMPTY),
        ("  \t\u00a0", NumberFault.EMPTY),
        ("-", NumberFault.EMPTY),
        ("hemligt", NumberFault.UNREADABLE),
        ("070-174 06 0⁵", NumberFault.UNREADABLE),  # a mark of a footnote is no digit
        ("070174060①", NumberFault.UNREADABLE),
        ("070-174 06 0½", NumberFault.UNREADABLE),
        ("070-174 06 0S", NumberFault.UNREADABLE),
        ("070-1740605, 070-1740606", NumberFault.SEVERAL),
        ("070-1740605 (mamma)", NumberFault.UNREADABLE),
        ("++46701740605", NumberFault.UNREADABLE),
        ("+", NumberFault.UNREADABLE),
        ("\u0660\u0667\u0660\u0661\u0667\u0664\u0660\u0666\u0660\u0665", NumberFault.UNREADABLE),
        ("07017\u0664\u0660\u0666\u0660\u0665", NumberFault.UNREADABLE),
        ("070174060\x005", NumberFault.UNREADABLE),
        ("4,67E+10", NumberFault.EXCEL),
        ("46700000000", NumberFault.EXCEL),  # the same, opened and saved once more; and 076, 079
        ("46800000000", NumberFault.EXCEL),
        ("4.67017E+10", NumberFault.EXCEL),
        ("4,67e10", NumberFault.EXCEL),
        ("5E+10", NumberFault.EXCEL),
        ("46701740605.0", NumberFault.EXCEL),
        ("701740605,0", NumberFault.EXCEL),
        ("701740605.00", NumberFault.EXCEL),
        ("#####", NumberFault.EXCEL),
        ("#SAKNAS!", NumberFault.EXCEL),
        ("070-174 06", NumberFault.TOO_SHORT),
        ("0", NumberFault.TOO_SHORT),
        ("112", NumberFault.TOO_SHORT),
        ("71234", NumberFault.TOO_SHORT),
        ("1740605", NumberFault.TOO_SHORT),
        ("+46", NumberFault.TOO_SHORT),
        ("+46 70", NumberFault.TOO_SHORT),
        ("070-174 06 055", NumberFault.TOO_LONG),
        ("0701740605/0701740606", NumberFault.SEVERAL),
        ("+46701740605123456", NumberFault.TOO_LONG),
        ("41234567", NumberFault.NO_PREFIX),  # Norwegian, perhaps
        ("4741234567", NumberFault.NO_PREFIX),
        ("812345678", NumberFault.NO_PREFIX),
        ("460701740605", NumberFault.NO_PREFIX),
        ("+999 123 456", NumberFault.UNKNOWN_COUNTRY),
        ("+0701740605", NumberFault.UNKNOWN_COUNTRY),
        ("000701740605", NumberFault.UNKNOWN_COUNTRY),
        ("+4542", NumberFault.TOO_SHORT),
        ("+45 00 00 00 00", NumberFault.UNASSIGNED),
        ("0751234", NumberFault.TOO_SHORT),
        ("08-123 456 78", NumberFault.NOT_MOBILE),
        ("+46 8 123 456 78", NumberFault.NOT_MOBILE),
        ("46812345678", NumberFault.NOT_MOBILE),
        ("010-123 45 67", NumberFault.NOT_MOBILE),
        ("020-12 34 56", NumberFault.NOT_MOBILE),
        ("077-123 45 67", NumberFault.NOT_MOBILE),
        ("0900-123 45 67", NumberFault.NOT_MOBILE),
        ("0939-123 45 67", NumberFault.NOT_MOBILE),
        ("0944-123 45 67", NumberFault.NOT_MOBILE),
        ("+47 22 12 34 56", NumberFault.NOT_MOBILE),  # before the country is judged
        ("+47 412 34 567", NumberFault.COUNTRY),
        ("+45 20 12 34 56", NumberFault.COUNTRY),
        ("+12125551234", NumberFault.COUNTRY),
        ("+882 16 12345678", NumberFault.NOT_MOBILE),  # satellite
        ("071-123 456 78 90", NumberFault.MACHINE),
        ("+46719123456789", NumberFault.MACHINE),
        ("+47 580012345678", NumberFault.MACHINE),
        ("+47 58 12 34 56", NumberFault.NORWAY_58),
        ("+47 59 12 34 56", NumberFault.NORWAY_58),
    ],
)
def test_what_is_no_number_to_send_to_says_why(raw: str, fault: NumberFault) -> None:
    assert SWEDISH.fast(raw) is None
    assert SWEDISH.read(raw) == (None, fault, None)


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        ("041234567", NumberFault.LEADING_ZERO),
        ("070-174 06 05", NumberFault.LEADING_ZERO),
        ("4123456", NumberFault.TOO_SHORT),
        ("412345678", NumberFault.NO_PREFIX),
        ("100123456", NumberFault.NO_PREFIX),
        ("46701740605", NumberFault.NO_PREFIX),
        ("+46701740605", NumberFault.COUNTRY),
        ("58123456", NumberFault.NORWAY_58),
        ("59123456", NumberFault.NORWAY_58),
        ("4758123456", NumberFault.NORWAY_58),
        ("580012345678", NumberFault.MACHINE),
        ("22123456", NumberFault.NOT_MOBILE),
        ("+4741234", NumberFault.TOO_SHORT),
        ("+47412345678", NumberFault.TOO_LONG),
    ],
)
def test_what_is_no_number_in_norway_says_why(raw: str, fault: NumberFault) -> None:
    assert NORWEGIAN.fast(raw) is None
    assert NORWEGIAN.read(raw) == (None, fault, None)


@pytest.mark.parametrize("mark", [" ", "."])  # as it is plain, and not
def test_a_number_at_home_elsewhere_is_read_by_that_country_s_plan(mark: str) -> None:
    danish, finnish = NumberReader("+45"), NumberReader("+358")
    assert danish.read(mark.join(("20", "12", "34", "56"))) == ("+4520123456", None, None)
    assert danish.read(mark.join(("020", "12", "34", "56"))) == (None, NumberFault.TOO_LONG, None)
    assert finnish.read(mark.join(("09", "123", "456"))) == (None, NumberFault.NOT_MOBILE, None)


@pytest.mark.parametrize("tail", [" (2)", "(1)", "/8", " / 8", "/08"])
@pytest.mark.parametrize(
    ("home", "number"), [("+358", "040-123 456"), ("+358", "+358 40 123456"), ("+46", "+35840123456")]
)
def test_what_stands_behind_a_number_is_none_of_its_digits(home: str, number: str, tail: str) -> None:
    """In countries whose numbers differ in length it would make a stranger's number of it."""
    reader = NumberReader(home, frozenset({"+358"}))
    assert reader.read(number).number == "+35840123456"
    assert reader.read(number + tail) == (None, NumberFault.TOO_LONG, None)


@pytest.mark.parametrize("raw", ["040/123/45/67", "(040) 123 45 67", "+358 (0)40 123 45 67", "040/1234567"])
def test_slashes_and_brackets_within_a_number_are_read(raw: str) -> None:
    assert NumberReader("+358").read(raw).number == "+358401234567"


@pytest.mark.parametrize("fault", NumberFault)
def test_every_fault_has_one_sentence_with_the_mend(fault: NumberFault) -> None:
    sentence = str(why(fault, "070-174 06 05"))
    assert ";" in sentence
    assert "\n" not in sentence
    assert not sentence[0].islower()
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    "raw",
    [
        "070-174 06 05, 070-174 06 06",
        "0701740605/0701740606",
        "0701740605;+46701740606",
        "070-174 06 05 eller 08-123 45 00",
        "0701740605\n0701740606",
        "0701740605 (mamma) 0701740606 (pappa)",
    ],
)
def test_several_numbers_in_one_cell_are_told_as_such(raw: str) -> None:
    assert SWEDISH.read(raw).fault is NumberFault.SEVERAL


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        ("070-1740605-123", NumberFault.TOO_LONG),
        ("0701740605 ankn. 12", NumberFault.UNREADABLE),
        ("070-174 06 05 070-174 06 06", NumberFault.TOO_LONG),
    ],
)
def test_one_number_with_something_behind_it_is_not_taken_for_several(raw: str, fault: NumberFault) -> None:
    assert SWEDISH.read(raw).fault is fault


def test_faults_are_told_apart() -> None:
    assert len({str(why(fault, "x")) for fault in NumberFault}) == len(NumberFault)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("070-174 06 05", '"070-*** ** 05"'),
        (" +46 70 174 06 05 12", '"+46 70 *** ** ** 12"'),
        ("4,67E+10", '"4,67E+10"'),
        ("112", '"112"'),
        ("{raw}", '"{raw}"'),
        ("x" * 40, f'"{"x" * 30}…"'),
    ],
)
def test_a_sentence_hides_what_may_be_a_number(raw: str, shown: str) -> None:
    assert str(why(NumberFault.UNREADABLE, raw)).startswith(shown)


@pytest.mark.parametrize(
    ("number", "code", "spelled", "masked"),
    [
        (NUMBER, "+46", "+46 70 174 06 05", "+46 70 *** ** 05"),
        ("+4741234567", "+47", "+47 41 23 45 67", "+47 41 ** ** 67"),
        ("+358401234567", "+358", "+358 40 123 45 67", "+358 40 *** ** 67"),
        ("+12125551234", "+1", "+1 21 25 55 12 34", "+1 21 ** ** ** 34"),
        ("+79123456789", "+7", "+7 91 23 45 67 89", "+7 91 ** ** ** 89"),
        ("+2901234", "+290", "+290 12 34", "+290 12 34"),
    ],
)
def test_numbers_are_shown_as_people_read_them(number: str, code: str, spelled: str, masked: str) -> None:
    assert country_of(number) == code
    assert spell(number) == spelled
    assert mask(number) == masked


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("+46701740605", "+4670*****05"),
        ("08-123 45 00", "08-1** ** 00"),
        ("19700101-1234", "********-**34"),
        ("71234", "71234"),
        ("Kommunen", "Kommunen"),
    ],
)
def test_what_was_written_is_veiled_as_a_number_is_masked(written: str, shown: str) -> None:
    assert veil(written) == shown
    assert is_e164(written) is (written == NUMBER)


def test_country_codes_are_those_of_the_authority() -> None:
    for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
        assert country_of(f"+{code}12345678") == f"+{code}"


def authority(raw: str, region: str) -> str | None:
    parsed = phonenumbers.parse(raw, region)
    mobile = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    if not phonenumbers.is_valid_number(parsed) or phonenumbers.number_type(parsed) not in mobile:
        return None
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


@settings(deadline=None)
@given(
    prefix=st.sampled_from(["", "0", "+46", "0046", "46", "+47", "0047", "47", "+", "00"]),
    digits=st.from_regex(r"[4579][0-9]{6,9}|[0-9]{6,9}", fullmatch=True),
    separators=st.lists(st.sampled_from(["", "", " ", "-", "  "]), min_size=4, max_size=4),
    home=st.sampled_from(["SE", "NO"]),
)
@example("", "47123456", ["", "", "", ""], "NO")
@example("", "701740605", ["", "", "", ""], "SE")
@example("47", "45312345", ["", "", "", ""], "NO")
def test_the_fast_way_says_what_the_authority_says(
    prefix: str, digits: str, separators: list[str], home: str
) -> None:
    pieces = [prefix, digits[:2], digits[2:5], digits[5:]]
    raw = "".join(piece + separator for piece, separator in zip(pieces, separators, strict=True))
    reader = NumberReader("+46" if home == "SE" else "+47", frozenset({"+46", "+47"}))
    number = reader.fast(raw)
    if number is not None:
        bare_code = home == "SE" and re.match("46", raw.replace(" ", "").replace("-", ""))
        assert number == authority(f"+{raw}" if bare_code else raw, home)
        assert reader.read(raw).number == number


@pytest.mark.parametrize(("code", "region", "digits"), [("+46", "SE", 5), ("+47", "NO", 4)])
def test_every_plain_series_is_mobile_to_the_authority(code: str, region: str, digits: int) -> None:
    reader = NumberReader(code)
    length = 9 if code == "+46" else 8
    for series in range(10 ** (digits - 1), 10**digits):
        raw = f"{code}{series}{'7' * (length - digits)}"
        number = reader.fast(raw)
        assert number is None or number == authority(raw, region)


REGIONS = [
    (f"+{code}", region)
    for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()
    for region in regions
    if region not in {"001", "TA"}  # services of no country; Tristan da Cunha has no mobile phones
]
WORLDLY = NumberReader("+46", frozenset(code for code, _ in REGIONS))


def mobile_pattern(code: str, region: str) -> re.Pattern[str]:
    plan = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(int(code), region)
    assert plan is not None
    assert plan.mobile is not None
    return re.compile(plan.mobile.national_number_pattern or "[0-9]{4,12}", re.ASCII)


@settings(deadline=None)
@given(
    country=st.sampled_from(REGIONS),
    data=st.data(),
    place=st.integers(0, 12),
    slip=st.sampled_from(["", "0", "7", " ", "-"]),
)
def test_a_number_of_any_country_that_takes_the_fast_way_is_what_the_authority_says(
    country: tuple[str, str], data: st.DataObject, place: int, slip: str
) -> None:
    code, region = country
    digits = data.draw(st.from_regex(mobile_pattern(code, region), fullmatch=True))
    slipped = f"{digits[:place]}{slip}{digits[place:]}"
    for raw in (f"{code}{digits}", f"{code}{slipped}", f"00{code[1:]}{digits}", f"00{code[1:]}{slipped}"):
        number = WORLDLY.fast(raw)
        assert number is None or number == authority(raw, "SE") == WORLDLY.read(raw).number
        fault = SWEDISH.read(raw).fault  # what is allowed nowhere is a mobile number all the same
        assert code == "+46" or (fault is NumberFault.COUNTRY) == (WORLDLY.read(raw).number is not None)


def fault_of(number: str) -> NumberFault | None:
    """Return what the authority alone finds wrong with a number in E.164."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException as error:
        unknown = error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE
        return NumberFault.UNKNOWN_COUNTRY if unknown else NumberFault.TOO_SHORT
    if authority(number, "SE") is not None:
        return None
    if phonenumbers.number_type(parsed) != phonenumbers.PhoneNumberType.UNKNOWN:
        return NumberFault.NOT_MOBILE
    short = (
        phonenumbers.ValidationResult.TOO_SHORT,
        phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY,
    )
    reason = phonenumbers.is_possible_number_with_reason(parsed)
    if reason in short:
        return NumberFault.TOO_SHORT
    is_long = reason == phonenumbers.ValidationResult.TOO_LONG
    return NumberFault.TOO_LONG if is_long else NumberFault.UNASSIGNED


KINDS = (
    "general_desc",
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
SERIES = [
    (f"+{code}", pattern)
    for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()
    for region in regions
    if (plan := phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, region))
    for kind in KINDS
    if (pattern := getattr(getattr(plan, kind), "national_number_pattern", None))
]


@settings(deadline=None, max_examples=200)
@given(
    series=st.sampled_from(SERIES),
    data=st.data(),
    place=st.integers(0, 12),
    slip=st.sampled_from(["", "", "0", "7", "12345"]),
)
def test_what_is_plainly_no_mobile_number_is_refused_as_the_authority_does(
    series: tuple[str, str], data: st.DataObject, place: int, slip: str
) -> None:
    code, pattern = series
    digits = data.draw(st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True))
    assert_refused_alike(code, f"{digits[:place]}{slip}{digits[place:]}")


@settings(deadline=None, max_examples=200)
@given(
    code=st.one_of(
        st.sampled_from([f"+{code}" for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE]),
        st.from_regex(r"\+[0-9]{1,3}", fullmatch=True),
    ),
    digits=st.text(alphabet="0123456789", min_size=0, max_size=12),
)
@example(code="+44", digits="6000000000")
@example(code="+45", digits="123")
@example(code="+49", digits="1511234567890")
@example(code="+999", digits="1234567")
@example(code="+012", digits="345678")
@example(code="+0", digits="201000")
def test_a_number_that_fits_no_plan_is_refused_as_the_authority_does(code: str, digits: str) -> None:
    assert_refused_alike(code, digits)


def assert_refused_alike(code: str, digits: str) -> None:
    """Hold what is found without the authority against it, in each form and for each reader."""
    found = number_plan.look_up(code + digits)
    if not isinstance(found, NumberFault) or len(code + digits) > 16:
        return
    if not re.fullmatch(OF_OUR_OWN, code + digits):
        assert found == fault_of(code + digits)
    for raw in (f"{code}{digits}", f"00{code[1:]}{digits}", f"{code} {digits}-"):
        for reader in (SWEDISH, WORLDLY, NumberReader(code)):
            assert reader.read(raw).number is None
            assert reader.fast(raw) is None


OF_OUR_OWN = r"\+460?7.*|\+47.*"
"""Of these more is said than the authority says (wire/numbers.md)."""


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        ("+44 6000 000000", NumberFault.UNASSIGNED),
        ("+45 12 34 5", NumberFault.TOO_SHORT),
        ("0045-12345678901", NumberFault.TOO_LONG),
    ],
)
def test_why_a_number_abroad_is_none_is_told(raw: str, fault: NumberFault) -> None:
    assert SWEDISH.read(raw).fault is fault
    assert WORLDLY.read(raw).fault is fault


@settings(deadline=None)
@given(
    country=st.sampled_from(REGIONS),
    data=st.data(),
    prefix=st.sampled_from(["0", "0", "", "00", "1", "8"]),
    place=st.integers(0, 12),
    slip=st.sampled_from(["", "", "0", "7", " "]),
)
def test_a_number_at_home_in_any_country_that_takes_the_fast_way_is_what_the_authority_says(
    country: tuple[str, str], data: st.DataObject, prefix: str, place: int, slip: str
) -> None:
    code, region = country
    home = phonenumbers.region_code_for_country_code(int(code))
    digits = data.draw(st.from_regex(mobile_pattern(code, region), fullmatch=True))
    raw = f"{prefix}{digits[:place]}{slip}{digits[place:]}"
    found = NumberReader(code).look_up(raw)
    if isinstance(found, NumberFault) and raw and not raw.startswith("00"):  # as we read it everywhere
        parsed = phonenumbers.parse(raw, home)
        number = str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
        assert re.fullmatch(OF_OUR_OWN, number) or found == fault_of(number)
    assert isinstance(found, NumberFault) or found is None or found == authority(raw, home)


@given(
    code=st.sampled_from(["+46", "+47", "+358"]),
    cells=st.lists(
        st.text("+0123456789 -\n\u0660x", max_size=14)
        | st.integers(605, 699).map("070-174 0{}".format)
        | st.integers(605, 699).map("+46701740{}".format)
    ),
)
def test_many_numbers_are_looked_up_as_each_is(code: str, cells: list[str]) -> None:
    reader = NumberReader(code, frozenset({"+46", "+47"}))
    assert reader.look_up_all(cells) == [*map(reader.look_up, cells)]


@pytest.mark.parametrize(
    ("code", "raw", "number"),
    [
        ("+45", "20 12 34 56", "+4520123456"),
        ("+358", "040 123 4567", "+358401234567"),
        ("+49", "0151 23456789", "+4915123456789"),
        ("+44", "07400 123456", "+447400123456"),
        ("+47", "412 34 567", "+4741234567"),
        ("+48", "512 345 678", "+48512345678"),
    ],
)
def test_plain_numbers_take_the_fast_way_in_each_form(code: str, raw: str, number: str) -> None:
    reader = NumberReader(code)
    for spelled in (raw, number, f"00{number[1:]}", spell(number)):
        assert reader.fast(spelled) == number == reader.read(spelled).number


@pytest.mark.parametrize(
    "raw",
    [
        "+45 20 12 34 56",
        "+4520123456",
        "+358 40 123 4567",
        "+44 7400 123456",
        "+1 212-555-1234",
        "004520123456",
    ],
)
def test_plain_numbers_of_other_allowed_countries_take_the_fast_way(raw: str) -> None:
    assert WORLDLY.fast(raw) == authority(raw, "SE") is not None
    assert SWEDISH.fast(raw) is None


@pytest.mark.parametrize(
    "raw", ["+45", "+45 20 12 34 5", "+4520123456\n", "+452012345\u0666", "+442079460000"]
)
def test_other_numbers_of_other_countries_do_not(raw: str) -> None:
    assert WORLDLY.fast(raw) is None


def test_plain_numbers_at_home_do_not_load_the_authority() -> None:
    program = (
        "import sys; from smsctl.domain.number import NumberReader\n"
        "reader = NumberReader('+46', frozenset({'+45'}))\n"
        "assert reader.fast('0701740605') and not reader.fast('saknas')\n"
        "assert 'phonenumbers' not in sys.modules\n"
        "assert reader.fast('+4520123456') and 'phonenumbers' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(raw: str) -> None:
    number, fault, _ = SWEDISH.read(raw)
    assert (number is None) != (fault is None)
    if fault:
        str(why(fault, raw))


@settings(deadline=None)
@given(st.text(alphabet="0123456789+-() .,/E", max_size=20))
def test_what_is_read_reads_the_same_again(raw: str) -> None:
    number = NORDIC.read(raw).number
    if number is not None:
        assert NORDIC.read(number) == (number, None, None)
        assert country_of(number) in {"+46", "+47", "+45", "+358"}


@pytest.mark.parametrize(
    ("number", "written"),
    [
        ("+46701740605", "070-174 06 05"),
        ("+4741234567", "0047 41 23 45 67"),
        ("+358401234567", "00358 40 123 45 67"),
    ],
)
def test_a_number_in_a_file_is_nothing_that_a_spreadsheet_counts_with(number: str, written: str) -> None:
    assert written_out(number) == written
    assert NumberReader("+46", frozenset({"+46", "+47", "+358"})).read(written).number == number
