import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smsctl.domain import gsm7
from smsctl.domain.text import (
    INTELECOM_PARTS,
    PSWINCOM_PARTS,
    Costly,
    Encoding,
    MessageText,
    PartProfile,
    Replacement,
    characters_over,
    costly,
    measure,
    replace_typographic,
    with_part_length,
)
from smsctl.errors import InputError

GSM7, UCS2 = Encoding.GSM7, Encoding.UCS2


@pytest.mark.parametrize(
    ("body", "encoding", "units", "parts"),
    [
        # wire/sms-length.md, "Examples"
        ("a" * 160, GSM7, 160, 1),
        ("a" * 161, GSM7, 161, 2),
        ("a" * 306, GSM7, 306, 2),
        ("a" * 307, GSM7, 307, 3),
        ("a" * 918, GSM7, 918, 6),
        ("a" * 919, GSM7, 919, 7),
        ("€" * 80, GSM7, 160, 1),
        ("€" * 81, GSM7, 162, 2),
        ("a" * 152 + "€" + "a" * 305, GSM7, 459, 4),
        ("я" * 70, UCS2, 70, 1),
        ("я" * 71, UCS2, 71, 2),
        ("я" * 134, UCS2, 134, 2),
        ("я" * 135, UCS2, 135, 3),
        ("😀" * 35, UCS2, 70, 1),
        ("😀" * 36, UCS2, 72, 2),
        ("я" * 66 + "😀" + "я" * 66, UCS2, 134, 3),
        ("я" * 402, UCS2, 402, 6),
        ("я" * 403, UCS2, 403, 7),
        # the edges that other libraries get wrong
        ("", GSM7, 0, 0),
        ("a" * 152 + "€" + "a" * 152, GSM7, 306, 3),
        ("😀" * 67, UCS2, 134, 3),
        ("ш" * 66 + "😀" + "ш" * 66, UCS2, 134, 3),
        ("€{}[]~|^\\\f", GSM7, 20, 1),
        ("§Çñåäöü", GSM7, 7, 1),
        ("ç", UCS2, 1, 1),
        ("á", UCS2, 1, 1),
        ("`", UCS2, 1, 1),
        ("\t", UCS2, 1, 1),
        ("\u00a0", UCS2, 1, 1),
        ("’", UCS2, 1, 1),
        ("\x1b", UCS2, 1, 1),
        ("\r\n", GSM7, 2, 1),
        ("ΔΦΓΛΩΠΨΣΘΞ", GSM7, 10, 1),
        ("Ω€", GSM7, 3, 1),
        ("α", UCS2, 1, 1),
        ("Ω" * 160 + "€", GSM7, 162, 2),
        ("a" * 159 + "€", GSM7, 161, 2),
        ("a" * 158 + "€", GSM7, 160, 1),
        ("a" * 151 + "€" + "a" * 153, GSM7, 306, 2),
        ("a" * 153 + "€" * 76 + "a", GSM7, 306, 2),
        ("€" * 76 + "a" + "€" * 76 + "a", GSM7, 306, 2),
        ("a" * 69 + "я", UCS2, 70, 1),
        ("я" * 69 + "😀", UCS2, 71, 2),
        ("я" * 65 + "😀" + "я" * 67, UCS2, 134, 2),
        ("€" * 35 + "я", UCS2, 36, 1),
        ("\ud83d", UCS2, 1, 1),
        ("\u1b1b" * 71, UCS2, 71, 2),  # a letter whose bytes look like an escape
        ("😀" + "\u1b1b" * 132, UCS2, 134, 2),
    ],
)
def test_parts_are_counted_as_the_standard_fills_them(
    body: str, encoding: Encoding, units: int, parts: int
) -> None:
    assert measure(body, INTELECOM_PARTS) == (encoding, units, parts)


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 268, 2),
        ("a" * 300, 3),  # two at Intelecom
        ("a" * 2144, 16),
        ("a" * 2145, 17),
        ("a" * 133 + "[" + "a" * 133, 3),
        ("я" * 134, 2),
        # GSM-7, but not in ISO-8859-1: they travel in UCS-2 (wire/pswincom.md, "Characters and length")
        ("a" * 69 + "€", 1),
        ("a" * 70 + "€", 2),
        ("a" * 133 + "€" + "a" * 133, 4),
        ("Ω" + "a" * 1072, 17),
        ("å" * 159 + "§", 1),
    ],
)
def test_parts_at_pswincom_hold_134_septets(body: str, parts: int) -> None:
    assert measure(body, PSWINCOM_PARTS).parts == parts


def test_the_invoice_may_show_another_part_length() -> None:
    profile = with_part_length(PSWINCOM_PARTS, 153)
    assert measure("a" * 306, profile).parts == 2
    assert measure("я" * 134, profile).parts == 2
    assert profile.name == "pswincom"


def test_an_invoice_may_count_as_many_in_each_part_as_in_one() -> None:
    """160 is the most, and is allowed: two whole parts are two, and not three."""
    profile = with_part_length(INTELECOM_PARTS, 160)
    assert [measure("a" * n, profile).parts for n in (160, 161, 320, 321)] == [1, 2, 2, 3]


@pytest.mark.parametrize("length", [-1, 0, 1, 161])
def test_a_part_length_that_cannot_be_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match=str(length)):
        with_part_length(INTELECOM_PARTS, length)


def test_the_alphabet_has_127_characters_and_ten_pairs() -> None:
    assert len(set(gsm7.BASIC)) == len(gsm7.BASIC) == 127
    assert len(set(gsm7.EXTENDED)) == len(gsm7.EXTENDED) == 10
    assert not set(gsm7.BASIC) & set(gsm7.EXTENDED)


def test_eleven_of_them_are_not_in_latin_1() -> None:
    assert {one for one in gsm7.BASIC + gsm7.EXTENDED if ord(one) > 255} == gsm7.BEYOND_LATIN_1


def test_every_character_is_in_the_alphabet_or_not() -> None:
    for code in range(0x3000):
        char = chr(code)
        expected = 1 if char in gsm7.BASIC else 2 if char in gsm7.EXTENDED else None
        found = measure(char, INTELECOM_PARTS)
        assert (found.units if found.encoding is GSM7 else None) == expected


def fill(body: str, profile: PartProfile) -> tuple[Encoding, int, list[list[int]]]:
    """Fill parts as the standard says it, one character at a time."""
    spelt = set(gsm7.BASIC + gsm7.EXTENDED)
    if profile.name == "pswincom":
        spelt &= set(map(chr, range(256)))
    if set(body) <= spelt:
        encoding, single, part = GSM7, profile.gsm7_single, profile.gsm7_part
        costs = [2 if char in gsm7.EXTENDED else 1 for char in body]
    else:
        encoding, single, part = UCS2, profile.ucs2_single, profile.ucs2_part
        costs = [2 if char > "\uffff" else 1 for char in body]
    if sum(costs) <= single:
        return encoding, sum(costs), [costs] if costs else []
    parts: list[list[int]] = [[]]
    for cost in costs:
        if sum(parts[-1]) + cost > part:
            parts.append([])
        parts[-1].append(cost)
    return encoding, sum(costs), parts


TEXTS = st.one_of(
    st.text(alphabet="aåé€[~Δ\n", max_size=500),
    st.text(alphabet="a€я😀’", max_size=300),
    st.text(max_size=300),
)
PROFILES = st.sampled_from([INTELECOM_PARTS, PSWINCOM_PARTS, with_part_length(INTELECOM_PARTS, 3)])


@given(TEXTS, PROFILES)
@example("a" * 152 + "€" + "a" * 305, INTELECOM_PARTS)
@example("я" * 66 + "😀" + "я" * 66, INTELECOM_PARTS)
def test_the_fast_count_is_the_plain_count(body: str, profile: PartProfile) -> None:
    encoding, units, parts = fill(body, profile)
    assert measure(body, profile) == (encoding, units, len(parts))


@given(st.integers(0, 320), st.integers(0, 320), st.sampled_from(["€", "😀"]), PROFILES)
def test_a_pair_is_never_split(before: int, after: int, pair: str, profile: PartProfile) -> None:
    body = "a" * before + pair + "a" * after
    assert measure(body, profile).parts == len(fill(body, profile)[2])


@given(TEXTS, PROFILES, st.integers(1, 8))
def test_what_is_over_is_just_enough(body: str, profile: PartProfile, max_parts: int) -> None:
    over = characters_over(body, profile, max_parts)
    kept = len(body) - over
    assert measure(body[:kept], profile).parts <= max_parts
    if over:
        assert measure(body[: kept + 1], profile).parts > max_parts


@pytest.mark.parametrize(
    ("body", "max_parts", "over"),
    [
        ("a" * 918, 6, 0),
        ("a" * 920, 6, 2),
        ("a" * 161, 1, 1),
        ("a" * 100 + "я", 1, 1),
        ("", 1, 0),
        ("aa", 0, 2),
    ],
)
def test_characters_over(body: str, max_parts: int, over: int) -> None:
    assert characters_over(body, INTELECOM_PARTS, max_parts) == over


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        ("Hej", "Hej"),
        ("\ufeffHej", "Hej"),
        ("Hej\r\nalla\rni\n", "Hej\nalla\nni"),
        ("Hej\r\n", "Hej"),
        ("Hej\n\n", "Hej"),
        ("Hej\n \n\u00a0\r\n", "Hej"),  # nobody sees it, and it may cost a part
        (" Hej ", " Hej"),
        ("A\u030asa, fo\u0308ra\u0308ldrar", "Åsa, föräldrar"),
        ("kr\u00a0pris\u00ad", "kr\u00a0pris\u00ad"),  # --replace-typographic can mend these
        ("👍🏽 ❤️ 👩‍👩‍👧‍👦 🏳️‍🌈 👩🏽‍⚕️ 1️⃣ #️⃣ 🇸🇪 ☎︎", "👍🏽 ❤️ 👩‍👩‍👧‍👦 🏳️‍🌈 👩🏽‍⚕️ 1️⃣ #️⃣ 🇸🇪 ☎︎"),
        ("\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",) * 2,  # Scotland
        ("می\u200cخواهم",) * 2,  # Persian writes it so
        ("क्\u200dष",) * 2,
        ("سلام, Привет, 你好",) * 2,
    ],
)
def test_a_text_is_read_as_it_was_meant(raw: str, body: str) -> None:
    assert MessageText.read(raw).body == body


@pytest.mark.parametrize(
    ("raw", "line", "column", "name"),
    [
        ("a\tb", 1, 2, "U+0009 TAB"),
        ("\x00", 1, 1, "U+0000 NULL"),
        ("Hej\r\nal\x1bla", 2, 3, "U+001B ESCAPE"),
        ("\x7f", 1, 1, "U+007F DELETE"),
        ("a\x85b", 1, 2, "U+0085"),
        ("\x9b", 1, 1, "U+009B"),
        ("\f", 1, 1, "U+000C"),
        ("ab\u202ec", 1, 3, "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("ab\u2066c", 1, 3, "U+2066 LEFT-TO-RIGHT ISOLATE"),
        ("ab\u200e", 1, 3, "U+200E LEFT-TO-RIGHT MARK"),
        ("ab\u061c", 1, 3, "U+061C ARABIC LETTER MARK"),
        ("a\u200bb", 1, 2, "U+200B ZERO WIDTH SPACE"),
        ("a\u200db", 1, 2, "U+200D ZERO WIDTH JOINER"),
        ("👍\u200d", 1, 2, "U+200D ZERO WIDTH JOINER"),
        ("\u200d👍", 1, 1, "U+200D ZERO WIDTH JOINER"),
        ("a\u200cb", 1, 2, "U+200C ZERO WIDTH NON-JOINER"),
        ("\u200cخواهم", 1, 1, "U+200C ZERO WIDTH NON-JOINER"),
        ("می\u200c", 1, 3, "U+200C ZERO WIDTH NON-JOINER"),
        ("a\ufe0f", 1, 2, "U+FE0F VARIATION SELECTOR-16"),
        ("1\ufe0f", 1, 2, "U+FE0F VARIATION SELECTOR-16"),
        ("❤️\ufe0f", 1, 3, "U+FE0F VARIATION SELECTOR-16"),
        ("a\ufeffb", 1, 2, "U+FEFF ZERO WIDTH NO-BREAK SPACE"),
        ("\ufeff\ufeffb", 1, 1, "U+FEFF ZERO WIDTH NO-BREAK SPACE"),
        ("a\u2060b", 1, 2, "U+2060 WORD JOINER"),
        ("a\u3164b", 1, 2, "U+3164 HANGUL FILLER"),
        ("a\U000e0041", 1, 2, "U+E0041 TAG LATIN CAPITAL LETTER A"),
        ("a\u2028b", 1, 2, "U+2028 LINE SEPARATOR"),
        ("a\ud83d", 1, 2, "U+D83D"),
        ("\uf0b7 Mat", 1, 1, "U+F0B7"),  # a bullet of Word
        ("a\U0001fffe", 1, 2, "U+1FFFE"),
        ("a\u2800b", 1, 2, "U+2800 BRAILLE PATTERN BLANK"),
        ("\udca4", 1, 1, "U+DCA4"),
        ("\ufffd", 1, 1, "U+FFFD REPLACEMENT CHARACTER"),
        ("\uffff", 1, 1, "U+FFFF"),
    ],
)
def test_what_a_reader_cannot_see_is_refused_with_its_place(
    raw: str, line: int, column: int, name: str
) -> None:
    with pytest.raises(InputError) as refused:
        MessageText.read(raw)
    assert [str(problem) for problem in refused.value.problems] == [f"line {line}, column {column}: {name}."]
    assert refused.value.hint


def test_every_place_is_listed_up_to_twenty() -> None:
    with pytest.raises(InputError) as refused:
        MessageText.read("a\u200b\n" * 25)
    assert len(refused.value.problems) == 21
    assert str(refused.value.problems[19]) == "line 20, column 2: U+200B ZERO WIDTH SPACE."
    assert str(refused.value.problems[20]) == "And 5 more."


@pytest.mark.parametrize("raw", ["", "\n", " ", "\ufeff", "\r\n\r\n", "\u00a0 \u2003\n"])
def test_a_text_without_words_is_refused(raw: str) -> None:
    with pytest.raises(InputError, match="empty"):
        MessageText.read(raw)


@given(st.text(max_size=100))
def test_what_is_read_reads_the_same_again(raw: str) -> None:
    try:
        body = MessageText.read(raw).body
    except InputError:
        return
    again = MessageText.read(body + "\n").body
    assert again == body
    body.encode()


def test_the_characters_that_force_unicode_are_named_with_their_first_place() -> None:
    assert costly("Hej,\n“Åsa” – ni\n– alla", INTELECOM_PARTS) == (
        Costly(char="“", line=2, column=1, name="U+201C LEFT DOUBLE QUOTATION MARK"),
        Costly(char="”", line=2, column=5, name="U+201D RIGHT DOUBLE QUOTATION MARK"),
        Costly(char="–", line=2, column=7, name="U+2013 EN DASH"),
    )


def test_what_forces_unicode_is_by_the_gateway() -> None:
    assert costly("Ω 5 € é", INTELECOM_PARTS) == ()
    assert [one.char for one in costly("Ω 5 € é–", PSWINCOM_PARTS)] == ["Ω", "€", "–"]


def test_a_plain_text_costs_nothing_more() -> None:
    assert costly("Välkomna, föräldrar!", PSWINCOM_PARTS) == ()


@pytest.mark.parametrize(
    ("body", "plain"),
    [
        ("“Hej” sa ‘hon’", "\"Hej\" sa 'hon'"),
        ("»Hej» „du‟", '"Hej" "du"'),
        ("kl 8–10 — ta med", "kl 8-10 - ta med"),
        ("vänta…", "vänta..."),
        ("100\u00a0kr\u202f", "100 kr "),
        ("för\u00adäldra\u2011möte", "föräldra-möte"),
        ("• ett\n• två", "- ett\n- två"),
        ("it´s `so`", "it's 'so'"),
        ("ñ ç á я 😀 €", "ñ ç á я 😀 €"),  # letters and pictures stay
    ],
)
def test_typographic_characters_become_plain_ones(body: str, plain: str) -> None:
    assert replace_typographic(body)[0] == plain


def test_each_replacement_is_shown_with_its_place() -> None:
    plain, made = replace_typographic("a…\n“b\u00ad")
    assert plain == 'a...\n"b'
    assert made == (
        Replacement(char="…", replacement="...", line=1, column=2),
        Replacement(char="“", replacement='"', line=2, column=1),
        Replacement(char="\u00ad", replacement="", line=2, column=3),
    )


def test_nothing_is_replaced_in_plain_text() -> None:
    assert replace_typographic("Hej (du) - \"så\" 'där'...") == ("Hej (du) - \"så\" 'där'...", ())


def test_one_curly_quote_costs_two_parts_more_and_replacing_it_saves_them() -> None:
    body = "Välkommen till föräldramötet i matsalen på torsdag. Ta med barnets schema. " * 2 + "Ring”"
    assert measure(body, INTELECOM_PARTS).parts == 3
    assert measure(replace_typographic(body)[0], INTELECOM_PARTS).parts == 1


@given(bodies=st.lists(st.text(alphabet="aé€^ΔĐ😀\x80\u00a0 \n", max_size=9), min_size=1, max_size=5))
def test_many_texts_are_gsm7_where_each_is(bodies: list[str]) -> None:
    assert gsm7.can_spell_all(bodies) == [gsm7.septets(body) is not None if body else True for body in bodies]
