"""A text filled in from rows: the shortcut is the law, bad cells are bad rows, repeats are known."""

import unicodedata
from collections.abc import Container, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsctl.domain import field_cells, filler
from smsctl.domain.audience import Audience
from smsctl.domain.classify import classify
from smsctl.domain.columns import MisfitError, find_columns
from smsctl.domain.fields import read_template
from smsctl.domain.filled import Filled
from smsctl.domain.filling import Fillers
from smsctl.domain.number import NumberReader
from smsctl.domain.recipients import Recipients, RowRules, SkipReason
from smsctl.domain.text import INTELECOM_PARTS, PSWINCOM_PARTS, Encoding, PartProfile, measure, plainly
from smsctl.domain.wording import TextRules, Variant, Wording

HEADER = ("Namn", "Mobil", "Elev", "Tid", "Språk")
COLUMNS = find_columns(HEADER, require_terms=False)
CELLS = st.one_of(
    st.sampled_from(
        ["", "Kim", "Åsa Öberg", "Đorđe", "e\u0301va", "\u0301x", "€", "^{}", "😀", "%s", "((Tid))"]
    ),
    st.text(alphabet="abc €^åÖđ\u0301\u0300😀한\u1100\u1161%(", max_size=90),
)
TEXTS = st.text(alphabet="hej €^đ\u0301\u1161%.\n", max_size=80)
PROFILES = st.sampled_from([INTELECOM_PARTS, PSWINCOM_PARTS])


def rules_of(*templates: str, most: int = 6, one_each: bool = False) -> TextRules:
    first, *others = map(read_template, templates)
    variants = tuple(
        Variant(column="Språk", value=f"språk {number}", template=one) for number, one in enumerate(others, 1)
    )
    wording = Wording(template=first, variants=variants, one_per_number=one_each)
    return TextRules(wording=wording, profile=INTELECOM_PARTS, max_parts=most)


def row_of(elev: str, tid: str = "8", number: str = "+46701740605", language: str = "") -> tuple[str, ...]:
    return ("x", number, elev, tid, language)


def plainly_filled(fillers: Fillers, row: Sequence[str]) -> Filled | None:
    """Return what the shortcut makes of a row; None: it asks the law."""
    (text,) = fillers.fill_all([row]).each()
    return text if text.parts else None


def judged(
    rules: TextRules,
    rows: Sequence[Sequence[str]],
    *,
    skip_invalid: bool = False,
    already_sent: Container[object] = (),
) -> Recipients:
    row_rules = RowRules(
        numbers=NumberReader("+46", frozenset({"+46"})),
        require_terms=False,
        texts=rules,
        skip_invalid=skip_invalid,
        already_sent=already_sent,
    )
    return classify(HEADER, rows, COLUMNS, Audience(everyone=True), row_rules)


@given(before=TEXTS, between=TEXTS, after=TEXTS, elev=CELLS, tid=CELLS, profile=PROFILES)
def test_the_shortcut_is_what_filling_in_and_measuring_gives(
    before: str, between: str, after: str, elev: str, tid: str, profile: PartProfile
) -> None:
    body = unicodedata.normalize("NFC", f"{before}((Elev|)){between}((Tid|)){after}").rstrip()
    rules = rules_of(body)._replace(profile=profile)
    fillers = Fillers(rules, HEADER, COLUMNS)
    shortcut, law = plainly_filled(fillers, row_of(elev, tid)), fillers.judge(row_of(elev, tid))
    if shortcut is not None:
        assert shortcut == law
    if isinstance(law, Filled):
        size = measure(law.body, rules.profile)
        assert (law.parts, law.is_wide) == (size.parts, size.encoding is Encoding.UCS2)
        assert law.body == unicodedata.normalize("NFC", law.body).rstrip()
        assert law.body.strip()


ROWS = st.lists(
    st.tuples(CELLS, CELLS, st.integers(46701740605, 46701740609), st.sampled_from(["", "språk 1", "x"])),
    max_size=12,
)


@given(first=TEXTS, second=TEXTS, rows=ROWS)
def test_many_rows_together_are_what_each_is_by_the_law(
    first: str, second: str, rows: list[tuple[str, str, int, str]]
) -> None:
    """The rows that are not plain keep their places, and of two that are the same the first gets its text."""
    templates = [unicodedata.normalize("NFC", one).rstrip() for one in (f"{first}((Elev|)) ((Tid|))", second)]
    rules = rules_of(*templates)
    given_rows = [row_of(elev, tid, f"+{number}", language) for elev, tid, number, language in rows]
    fillers, expected, bad = Fillers(rules, HEADER, COLUMNS), dict[tuple[str, str], Filled](), 0
    for row in given_rows:
        law = fillers.judge(row)
        if isinstance(law, Filled):
            expected.setdefault((row[1], plainly(law.body)), law)
        else:
            bad += 1
    found = judged(rules, given_rows)
    assert found.texts is not None
    assert list(found.pairs()) == [(number, law.body) for (number, _), law in expected.items()]
    assert list(found.texts.parts) == [law.parts for law in expected.values()]
    assert found.texts.unicode == sum(law.is_wide for law in expected.values())
    assert found.texts.at(range(99)) == dict(enumerate(expected.values()))
    assert (found.bad_count, len(found.ready)) == (bad, len(expected))
    assert [*map(str, found.untold)] == [*map(str, fillers.notices())]


def test_without_the_look_at_pairs_the_shortcut_counts_too_few_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: a pair at the end of a part begins the next."""
    text, cell = "a" * 151 + "((Elev))" + "b" * 152, "c€"
    assert plainly_filled(Fillers(rules_of(text), HEADER, COLUMNS), row_of(cell)) is None
    careless = field_cells.measured

    def without_pairs(piece: str, profile: PartProfile) -> object:
        return careless(piece, profile)._replace(has_pairs=False)

    monkeypatch.setattr(filler, "measured", without_pairs)
    fillers = Fillers(rules_of(text), HEADER, COLUMNS)
    shortcut, law = plainly_filled(fillers, row_of(cell)), fillers.judge(row_of(cell))
    assert isinstance(law, Filled)
    assert shortcut is not None
    assert shortcut.parts != law.parts


BAD = (
    ("", "nothing stands under Elev; ((Elev|…))"),
    ("a\u200bb", "Elev holds a character that cannot be seen: U+200B"),
    ("a\x07b", "U+0007"),
    ("a\u202eb", "U+202E"),
    ("a\nb", "Elev holds a line break (U+000A)"),
    ("a\r\nb", "Elev holds a line break (U+000D)"),
    ("a\tb", "U+0009"),
    ("a\u2028b", "U+2028"),
    ("x" * 10_000, "its text takes 66 parts; at most 6 are sent"),
    ("=A1", "Elev holds =A1, a formula"),
    ("#REF!", "a formula or its error"),
    ("#SAKNAS!", "a formula or its error"),
    ("#N/A", "a formula or its error"),
    ("####", "a formula or its error"),
    ("SkÃ¥ne", "which should probably be"),
    ("Sk?ne", "with ? where a letter was lost"),
    ("?sa", "with ? where a letter was lost"),
    ("NULL", "as programs write it where there is nothing"),
    ("kl 8_x000D_", "holds _x000D_, which would reach the phone as it stands"),
    ("Mamma &amp; pappa", "holds &amp;, which would reach the phone as it stands"),
    ("kl&nbsp;8", "holds &nbsp;, which would reach the phone as it stands"),
    ("undefined", "as programs write it where there is nothing"),
    ("x" * 1000, "at most 6 are sent"),
)


@pytest.mark.parametrize(("cell", "why"), BAD)
def test_a_cell_that_cannot_be_filled_in_makes_a_bad_row(cell: str, why: str) -> None:
    found = judged(rules_of("Hej ((Elev))!"), [row_of("Kim"), row_of(cell, number="+46701740606")])
    assert (found.bad_count, len(found.ready)) == (1, 1)
    assert str(found.bad[0]).startswith("row 3: ")
    assert why in str(found.bad[0])
    assert found.texts is not None
    assert list(found.texts.bodies()) == ["Hej Kim!"]
    left_out = judged(rules_of("Hej ((Elev))!"), [row_of("Kim"), row_of(cell)], skip_invalid=True)
    assert (left_out.bad_count, len(left_out.skipped[SkipReason.INVALID])) == (0, 1)


@pytest.mark.parametrize(
    "cell",
    [
        "+46 1",
        "-5",
        "@home",
        "17:20",
        "12",
        "#1 i världen",
        "((Tid))",
        "%s",
        "100 %",
        "Null",
        "kl 8? ja",
        "x.se/a?b=c",
    ],
)
def test_what_only_looks_odd_is_filled_in_as_it_stands(cell: str) -> None:
    texts = judged(rules_of("Hej ((Elev))!"), [row_of(cell)]).texts
    assert texts is not None
    assert list(texts.bodies()) == [f"Hej {cell}!"]


@pytest.mark.parametrize(
    ("text", "cell", "sent"),
    [("Hej O((Elev))", "\u0308berg", "Hej Öberg"), ("Hej ((Elev))\u030a", "a", "Hej å")],
)
def test_a_letter_that_is_joined_where_a_cell_begins_or_ends_is_sent_as_it_was_counted(
    text: str, cell: str, sent: str
) -> None:
    texts = judged(rules_of(text), [row_of(cell)]).texts
    assert texts is not None
    assert (list(texts.bodies()), list(texts.parts), texts.unicode) == ([sent], [1], 0)
    assert texts.at([0])[0].body == sent


def test_a_blank_text_is_a_bad_row_and_never_a_part() -> None:
    found = judged(rules_of("((Elev|)) ((Tid|))"), [row_of("", ""), row_of("", "8"), row_of("Kim", "")])
    assert str(found.bad[0]) == "row 2: its text is empty."
    assert found.texts is not None
    assert list(found.texts.bodies()) == [" 8", "Kim"]


def test_siblings_both_get_theirs_and_the_same_notice_goes_out_once() -> None:
    rows = [row_of("Kim"), row_of("Bo"), row_of("Kim"), row_of("Kim", number="+46701740606")]
    found = judged(rules_of("Hej ((Elev))!"), rows)
    assert found.texts is not None
    pairs = list(found.pairs())
    assert len(pairs) == len(set(pairs)) == 3
    assert found.ready.several == (1, 2)
    assert list(found.skipped[SkipReason.DUPLICATE].rows) == [4]
    once = judged(rules_of("Hej ((Elev))!", one_each=True), rows)
    assert list(once.ready.rows) == [2, 5]


def test_a_number_that_gets_one_and_has_had_it_gets_no_other_rows_text_either() -> None:
    rows = [row_of("Kim"), row_of("Bo"), row_of("Åsa", number="+46701740606")]
    again = judged(
        rules_of("Hej ((Elev))!", one_each=True), rows, already_sent={("+46701740605", "Hej Kim!")}
    )
    assert list(again.pairs()) == [("+46701740606", "Hej Åsa!")]
    assert [*again.skipped] == [SkipReason.DUPLICATE, SkipReason.ALREADY_SENT]


def test_who_has_had_the_same_words_is_left_out() -> None:
    had = {("+46701740605", "Hej Kim!")}
    found = judged(rules_of("Hej ((Elev))!"), [row_of("Kim"), row_of("Bo")], already_sent=had)
    assert list(found.skipped[SkipReason.ALREADY_SENT].rows) == [2]
    assert list(found.ready.rows) == [3]


def test_a_row_chooses_its_text_by_a_column() -> None:
    rows = [
        row_of("A"),
        row_of("B", language="Språk 1"),
        row_of("C", language="språk 2"),
        row_of("D", language="språk 9"),
        row_of("E", language="språk 2/språk 1"),
    ]
    found = judged(rules_of("Hej ((Elev))", "Ahlan ((Elev))", "Haye ((Elev)) ((Tid))"), rows)
    assert found.texts is not None
    bodies = list(found.texts.bodies())
    assert bodies == ["Hej A", "Ahlan B", "Haye C 8", "Hej D", "Ahlan E"]
    assert [str(one) for one in found.untold] == [
        'No text is for "språk 9" under Språk: 1 of its rows gets the first text.'
    ]
    assert found.texts.by_template() == [(2, 2), (2, 2), (1, 1)]


def test_a_row_that_is_skipped_anyway_is_not_judged_by_its_text() -> None:
    found = judged(rules_of("Hej ((Elev))!"), [row_of("", number=""), row_of("", number="08-123456")])
    assert found.bad_count == 0


@pytest.mark.parametrize(
    ("header", "text", "told"),
    [
        (HEADER, "((Plats)) ((Dag))", ["No column is called Plats.", "No column is called Dag."]),
        (HEADER, "((Mobil))", ["Mobil holds the mobile numbers, which are not filled in."]),
        ((*HEADER, "Elev"), "((elev))", ["2 columns are called elev."]),
    ],
)
def test_every_field_that_the_file_cannot_fill_in_is_told(
    header: Sequence[str], text: str, told: list[str]
) -> None:
    with pytest.raises(MisfitError) as refused:
        Fillers(rules_of(text), header, find_columns(header, require_terms=False))
    assert [str(one) for one in refused.value.problems] == told


def test_typographic_signs_of_cells_are_written_plainly_where_asked() -> None:
    rules = rules_of("Hej ((Elev))!")
    rules = rules._replace(wording=rules.wording._replace(replace=True))
    texts = judged(rules, [row_of("Kim\u2019s \u2013 A\u00a0B")]).texts
    assert texts is not None
    assert list(texts.bodies()) == ["Hej Kim's - A B!"]
    assert texts.unicode == 0


def test_a_heading_is_found_however_it_is_written_and_300_columns_are_no_trouble() -> None:
    header = (*HEADER, *(f"Kolumn {number}" for number in range(300)))
    rules = rules_of("Hej ((ELEV)) ((kolumn 299))")
    filled = plainly_filled(Fillers(rules, header, COLUMNS), (*row_of("Kim"), *map(str, range(300))))
    assert filled is not None
    assert filled.body == "Hej Kim 299"
