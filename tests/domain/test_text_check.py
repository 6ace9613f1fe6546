"""The one check of a text, by two tables: what must pass unremarked, and what must be found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsctl.domain.number import NumberReader
from smsctl.domain.text import MessageText
from smsctl.domain.text_check import TextFault, candidates, check, recipients_in, refuse
from smsctl.errors import InputError

from .bad_texts import CERTAIN, DOUBTFUL
from .good_texts import GOOD

LARGEST = 64 * 1024


@pytest.mark.parametrize("text", GOOD)
def test_a_good_text_passes_unremarked(text: str) -> None:
    assert check(MessageText.read(text).body) == ()


@pytest.mark.parametrize(("kind", "text"), CERTAIN)
def test_what_is_no_text_is_certain(kind: TextFault, text: str) -> None:
    assert kind in {one.kind for one in check(text) if one.certain}
    with pytest.raises(InputError, match="does not look like a message") as caught:
        refuse(check(text))
    assert caught.value.problems


@pytest.mark.parametrize(("kind", "text"), DOUBTFUL)
def test_what_may_be_meant_is_only_told(kind: TextFault, text: str) -> None:
    found = check(text)
    assert {(one.kind, one.certain) for one in found} == {(kind, False)}
    refuse(found)


@pytest.mark.parametrize(
    ("text", "line", "column", "piece"),
    [
        ("Hej {namn}!", 1, 5, "{namn}"),
        ("Hej\nalla st?nger", 2, 6, "st?nger"),
        ("Hej\n\nSkolan st„nger.", 3, 8, "st„nger"),
        ("Hej\u00a0vi ses\u00a0pÕ fredag", 1, 12, "pÕ"),
        ("Hej\u00a0st?nger", 1, 5, "st?nger"),
        ("Hej\n?ppet", 2, 1, "?ppet"),
        ("Hej\n„r ni", 2, 1, "„r"),
        ("Gäller elev 19121212-1212.", 1, 13, "19121212-****"),
        ("Åsa Öberg;0701740605;7A;ja", 1, 1, "Åsa Öberg;070*****05;7A;ja"),
    ],
)
def test_a_finding_tells_the_place_and_the_piece(text: str, line: int, column: int, piece: str) -> None:
    found = check(text)[0]
    assert (found.line, found.column, found.piece) == (line, column, piece)


def test_a_lost_letter_is_told_by_the_sign_in_its_place() -> None:
    (found,) = check("Skolan st\u25canger")
    assert str(found.sentence) == "line 1, column 8: st\u25canger has \u25ca where a letter was lost."


def test_a_damaged_word_is_told_with_what_was_meant() -> None:
    (found,) = check("Skolan stŠnger")
    assert str(found.sentence) == (
        "line 1, column 8: stŠnger should probably be stänger: MacRoman was read as something else."
    )


def test_a_heading_of_the_recipients_file_is_certainly_a_merge_mark() -> None:
    assert [one.certain for one in check("Hej {Smeknamnet}")] == [False]
    assert [one.certain for one in check("Hej {Smeknamnet}", {"smeknamnet"})] == [True]


def test_each_mark_is_told_once_and_not_too_many() -> None:
    found = check("{namn} {namn} " + " ".join(f"{{namn{n}}}" for n in range(20)))
    assert len(found) == 5
    assert len({one.piece for one in found}) == 5


def test_what_may_be_a_number_is_found_in_any_spelling() -> None:
    text = (
        "Ring 070-174 06 05, +46701740606 eller 0046 (0)70-174 06 07; inte 8.30-10, https://x.se/0701740608"
    )
    assert [written for _, written in candidates(text)] == [
        "070-174 06 05",
        "+46701740606",
        "0046 (0)70-174 06 07",
    ]
    (finding,) = recipients_in(text, NumberReader(), ["+46701740605", "+46701740608"])
    assert (finding.kind, finding.certain, finding.piece) == (TextFault.RECIPIENT, False, "070-*** ** 05")


@given(
    st.text(max_size=80)
    | st.text(alphabet="ab {}<>%«»?„†”™ŠšÕ├√Ã¥\\n;:=/012-+&#@[]()|~$_\n\u00a0", max_size=60)
)
def test_any_text_is_judged_and_each_place_is_in_it(text: str) -> None:
    lines = text.split("\n")
    for one in check(text):
        assert 1 <= one.line <= len(lines)
        assert 1 <= one.column <= len(lines[one.line - 1])


@pytest.mark.parametrize(
    "piece",
    [
        "{",
        "<",
        "((",
        "«",
        "%",
        "?",
        "\\",
        "\n",
        " ",
        "`n",
        "[br",
        ";",
        "=",
        "a",
        "å",
        "„",
        "p†",
        "? ",
        "1",
        "@",
        "[",
        "&",
        "st?n",
    ],
)
def test_the_largest_text_of_one_sign_is_judged_too(piece: str) -> None:
    """A pattern that looks back over the whole text at each sign would take minutes here."""
    check((piece * LARGEST)[:LARGEST])
