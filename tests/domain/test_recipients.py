from collections.abc import Iterable, Sequence
from itertools import chain
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsctl.domain import plain_rows
from smsctl.domain.audience import Audience
from smsctl.domain.classify import classify
from smsctl.domain.columns import find_columns
from smsctl.domain.findings import SHOWN
from smsctl.domain.number import NumberReader
from smsctl.domain.number_plan import NumberFault
from smsctl.domain.people import Recipient
from smsctl.domain.recipients import Recipients, RowRules, SkipReason
from smsctl.errors import InputError

HEADER = ("Namn", "Mobil", "Grupp", "Kommun", "Godkänt villkor")
N05, N06, N07 = "+46701740605", "+46701740606", "+46701740607"
RULES = RowRules(numbers=NumberReader())
EVERYONE = Audience(everyone=True)
GUARDIANS = Audience(groups=("guardians",))


def row(
    number: str = "0701740605", group: str = "VH", terms: str = "ja", municipality: str = "Exempelkommun"
) -> list[str]:
    return ["Åsa Ek", number, group, municipality, terms]


def judged(
    rows: Iterable[Sequence[str]], audience: Audience = EVERYONE, rules: RowRules = RULES
) -> Recipients:
    columns = find_columns(HEADER, require_terms=rules.require_terms)
    rows = [*rows]
    found = classify(HEADER, rows, columns, audience, rules, said=enumerate(rows, 2))
    assert found.rows == len(found.ready) + sum(map(len, found.skipped.values())) + found.bad_count
    assert found.audience_rows == found.rows  # with one column of numbers, a row is one entry
    return found


def outcome(found: Recipients) -> dict[int, str]:
    """Return where each row of the audience ended: row number -> ready or the reason."""
    ready = {person.row: "ready" for person in found.ready}
    return ready | {person.row: str(reason) for reason, people in found.skipped.items() for person in people}


def test_a_plain_row_is_ready_with_its_row_number_and_name() -> None:
    found = judged([row(), row("070-174 06 06")])
    assert list(found.ready) == [
        Recipient(row=2, number=N05, name="Åsa Ek"),
        Recipient(row=3, number=N06, name="Åsa Ek"),
    ]
    assert (found.rows, found.skipped, found.bad, found.notices) == (2, {}, (), ())


@pytest.mark.parametrize(
    ("number", "terms", "reason"),
    [
        ("", "ja", "no-number"),
        (" ", "ja", "no-number"),
        ("08-465 004 00", "ja", "not-mobile"),
        ("+4791234567", "ja", "country"),
        ("0701740606", "ja", "blocked"),
        ("0701740605", "", "terms"),
        ("0701740605", "nej", "terms"),
        ("0701740607", "ja", "already-sent"),
        ("", "", "no-number"),
        ("08-465 004 00", "nej", "not-mobile"),
        ("0701740606", "nej", "blocked"),
        ("0701740607", "nej", "terms"),
    ],
)
def test_who_gets_no_message_is_skipped_for_the_first_reason(number: str, terms: str, reason: str) -> None:
    found = judged(
        [row(number, terms=terms)], rules=RULES._replace(is_blocked=N06.__eq__, already_sent={int(N07)})
    )
    assert outcome(found) == {2: reason}


def test_the_reasons_stand_in_the_order_of_judgement() -> None:
    rows = [
        row(N07),
        row(),
        row(),
        row(terms="nej"),
        row(N06),
        row("+4791234567"),
        row("08-465 004 00"),
        row(""),
    ]
    found = judged(rows, rules=RULES._replace(is_blocked=N06.__eq__, already_sent={int(N07)}))
    left_out = (SkipReason.INVALID, SkipReason.PROTECTED, SkipReason.NOT_IN_USE)  # the last only of a retry
    assert list(found.skipped) == [reason for reason in SkipReason if reason not in left_out]


def test_a_number_in_two_rows_gets_one_message() -> None:
    rows = [row("0701740605"), row("+46 70 174 06 05"), row("0046701740605"), row("+46 (0)70-174 06 05")]
    assert outcome(judged(rows)) == {2: "ready", 3: "duplicate", 4: "duplicate", 5: "duplicate"}


def test_a_row_without_terms_does_not_make_a_later_one_with_terms_a_duplicate() -> None:
    assert outcome(judged([row(terms="nej"), row(), row(terms="")])) == {2: "terms", 3: "ready", 4: "terms"}


def test_a_row_of_another_group_does_not_make_one_a_duplicate() -> None:
    found = judged([row(group="elever"), row()], GUARDIANS)
    assert outcome(found) == {3: "ready"}


def test_a_number_that_has_had_the_text_is_not_a_duplicate_of_itself() -> None:
    assert outcome(judged([row(), row()], rules=RULES._replace(already_sent={int(N05)}))) == {
        2: "already-sent",
        3: "already-sent",
    }


def test_without_a_terms_rule_nobody_is_asked_for_them() -> None:
    found = judged([row(terms="nej"), row(N06, terms="kanske")], rules=RULES._replace(require_terms=False))
    assert outcome(found) == {2: "ready", 3: "ready"}


def test_a_repaired_number_is_ready_and_told() -> None:
    found = judged([row("+460701740605")])
    assert outcome(found) == {2: "ready"}
    assert [str(notice) for notice in found.notices] == ["row 2: A 0 after the country code was left out."]


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        (row("4,67E+10"), 'row 2: "4,67E+10" was damaged by a spreadsheet'),
        (row("saknas"), 'row 2: "…" is not a phone number'),
        (row("070-17"), 'row 2: "070-17" has too few digits'),
        (row("+47 58 12 34 56"), "row 2: "),
        (
            row(terms="kanske"),
            'row 2: "kanske" under Godkänt villkor does not tell if the terms are accepted',
        ),
        (
            row("", terms="kanske"),
            'row 2: "kanske" under Godkänt villkor does not tell if the terms are accepted',
        ),
        (row()[:4], "row 2: it has 4 cells where the header has 5"),
        (["Åsa"], "row 2: it has 1 cell where the header has 5"),
        ([*row(), "x"], "row 2: it has 6 cells where the header has 5"),
    ],
)
def test_a_bad_row_stops_the_mailing_with_its_row_number(bad: list[str], sentence: str) -> None:
    found = judged([bad, row()])
    assert (found.rows, found.bad_count, outcome(found)) == (2, 1, {3: "ready"})
    assert str(found.bad[0]).startswith(sentence)


def test_bad_rows_can_be_left_out_as_invalid() -> None:
    found = judged(
        [row("4,67E+10" + "0" * 60), row()[:2], ["", "0701740605"], row()],
        rules=RULES._replace(skip_invalid=True),
    )
    assert (found.rows, found.bad_count, len(found.bad)) == (4, 0, 3)
    assert outcome(found) == {2: "invalid", 3: "invalid", 4: "invalid", 5: "ready"}
    assert list(found.skipped[SkipReason.INVALID]) == [
        Recipient(row=2, number="4,67E+10" + "0" * 32, name="Åsa Ek"),
        Recipient(row=3, number="0701740605", name="Åsa Ek"),
        Recipient(row=4, number="0701740605", name=""),
    ]


def test_few_bad_rows_are_told_one_by_one() -> None:
    found = judged([row("x")] * SHOWN)
    assert (found.bad_count, len(found.bad)) == (SHOWN, SHOWN)
    assert str(found.bad[-1]).startswith(f"row {SHOWN + 1}: ")


def test_many_bad_rows_are_told_by_their_kinds_with_the_first_rows_of_each() -> None:
    found = judged([*[row("x")] * 40, *[row("4,67E+10")] * 110, row()[:3]])
    assert found.bad_count == 151
    assert [str(sentence).partition(";")[0] for sentence in found.bad] == [
        'row 42: "4,67E+10" was damaged by a spreadsheet',
        'row 43: "4,67E+10" was damaged by a spreadsheet',
        'row 44: "4,67E+10" was damaged by a spreadsheet',
        "the same in 107 more rows: 45, 46, 47, 48, 49, 50, 51, 52, 53, 54 and more",
        'row 2: "x" is not a phone number',
        'row 3: "x" is not a phone number',
        'row 4: "x" is not a phone number',
        "the same in 37 more rows: 5, 6, 7, 8, 9, 10, 11, 12, 13, 14 and more",
        "row 152: it has 3 cells where the header has 5",
    ]


def test_a_bad_row_of_another_audience_is_a_warning() -> None:
    rows = [row("x", "elever"), row(terms="?", group="elever"), row("", "elever"), row()]
    found = judged(rows, GUARDIANS)
    assert (found.rows, found.bad_count, found.outside_bad_count) == (1, 0, 2)
    assert [str(sentence)[:6] for sentence in found.outside_bad] == ["row 2:", "row 3:"]


@pytest.mark.parametrize(
    ("cells", "is_inside"),
    [
        (["Åsa", "0701740605", "VH", "Exempelkommun"], True),
        (["Åsa", "0701740605", "VH", "ja"], True),  # the municipality is missing
        (["Åsa", "0701740605", "Exempelkommun", "ja"], True),  # the group is missing
        (["0701740605", "VH", "Exempelkommun", "ja"], True),
        (["Åsa", "0701740605", "elever", "Exempelkommun"], False),
        (["Åsa", "0701740605", "VH", "Provkommun"], True),  # the municipality is missing again
        (["Åsa", "0701740605", "elever", "Provkommun"], False),
        (["Åsa", "0701740605", "elever", "ja"], False),
        (["Åsa", "0701740605", "elever"], True),  # nobody can tell
        (["Åsa", "0701740605"], True),  # nobody can tell
        (["Åsa", "VH", "Exempelkommun", "ja"], True),  # the number is missing
        (["Ek", "Åsa", "0701740605", "VH", "Exempelkommun", "ja"], True),  # a delimiter in the name
        (["Ek", "Åsa", "0701740605", "elever", "VH", "Exempelkommun", "ja"], True),  # and one in the group
        (["Ek", "Åsa", "0701740605", "elever", "Exempelkommun", "ja"], False),
        (["Ek", "Åsa", "0701740605", "Exempelkommun", "VH", "ja"], False),  # not in this order
        (["Åsa", "0701740605", "VH", "Exempelkommun", "ja", "x"], True),
        (["Åsa", "0701740605", "VH", "Provkommun", "ja", "x"], False),
    ],
)
def test_a_row_with_missing_or_stray_cells_counts_where_it_may_belong(
    cells: list[str], *, is_inside: bool
) -> None:
    audience = Audience(groups=("guardians",), municipality=frozenset({"exempelkommun"}))
    found = judged([cells, row()], audience)
    assert (found.bad_count, found.outside_bad_count) == ((1, 0) if is_inside else (0, 1))


def test_a_row_without_one_of_its_cells_is_told_beside_those_it_may_belong_to() -> None:
    audience = Audience(groups=("guardians",), municipality=frozenset({"exempelkommun"}))
    found = judged([row(), ["Ulf", "0701740609", "vårdnadshavare", "ja"]], audience)
    assert [str(sentence).partition(";")[0] for sentence in found.bad] == [
        "row 3: it has 4 cells where the header has 5"
    ]


def test_the_one_cell_that_decides_may_be_the_missing_one() -> None:
    assert judged([row(), ["Åsa", "0701740605", "Exempelkommun", "ja"]], GUARDIANS).bad_count == 1


def test_a_row_with_very_many_cells_is_read_at_once() -> None:
    where = Audience(where=(("Namn", "Bo"), ("Grupp", "VH"), ("Kommun", "Provkommun")))
    assert judged([row(), ["x"] * 100_000], where).outside_bad_count == 1


def test_the_rows_of_the_whole_sheet_are_counted_without_the_empty_ones() -> None:
    rows = [row(), [], row("x"), row(group="elever"), row(terms="nej"), row()[:3], ["", " "], row()]
    assert judged(rows, GUARDIANS).file_rows == 6
    assert judged([]).file_rows == 0


@pytest.mark.parametrize("empty", [[], [""], ["", " ", "", "", ""], ["", ""]])
def test_an_empty_row_is_nobody_but_has_a_row_number(empty: list[str]) -> None:
    found = judged([empty, row(), empty])
    assert (found.rows, outcome(found), found.outside_bad) == (1, {3: "ready"}, ())


@pytest.mark.parametrize(
    ("audience", "rows"),
    [
        (Audience(everyone=True), [2, 3, 4, 5]),
        (Audience(groups=("VÅRDNADSHAVARE",)), [2, 4]),
        (Audience(groups=("guardians", "elever")), [2, 3, 4]),
        (Audience(groups=("7b",)), [3, 4]),
        (Audience(where=(("KOMMUN", " exempelkommun "),)), [2, 3]),
        (Audience(groups=("vh",), where=(("Kommun", "Provkommun"),)), [4]),
        (Audience(where=(("Kommun", "Provkommun"), ("Namn", "åsa ek"))), [4, 5]),
        (Audience(where=(("Kommun", "Provkommun"), ("Namn", "Bo"))), []),
        (Audience(everyone=True, municipality=frozenset({"provkommun", "prov"})), [4, 5]),
        (Audience(groups=("staff",), municipality=frozenset({"exempelkommun"})), []),
    ],
)
def test_groups_are_a_union_and_the_rest_narrows_it(audience: Audience, rows: list[int]) -> None:
    people = [
        row("0701740605", "VH"),
        row("0701740606", "Elever, 7B"),
        row("0701740607", "VH/Personal/7b", municipality=" PROVKOMMUN"),
        row("0701740608", "personal", municipality="Provkommun"),
    ]
    found = judged(people, audience)
    assert [person.row for person in found.ready] == rows
    assert found.rows == len(rows)


def test_rows_that_would_be_in_the_audience_but_name_no_municipality_are_counted() -> None:
    people = [
        row(),
        row("0701740606", municipality=" "),
        row("", municipality=""),
        row("0701740607", "personal", municipality=""),
        row("0701740608", municipality="Provkommun"),
    ]
    ours = Audience(groups=("VH",), municipality=frozenset({"exempelkommun"}))
    found = judged(people, ours)
    assert found.rows == 1
    assert found.outside_by_reason() == {"other-group": 1, "other-municipality": 1, "no-municipality": 2}
    assert judged(people, GUARDIANS).outside_by_reason() == {"other-group": 1}


def test_rows_of_other_municipalities_are_counted_by_name() -> None:
    elsewhere = [
        row(municipality="Provkommun"),
        *[row(municipality=name) for name in ("Åmål", "ÅMÅL ", "åmål")],
    ]
    ours = Audience(everyone=True, municipality=frozenset({"exempelkommun"}))
    found = judged([row(), *elsewhere, row("x", municipality="Åmål"), [*row(municipality="Åmål"), "x"]], ours)
    assert [tuple(one) for one in found.outside] == [
        ("other-municipality", "Åmål", 4),
        ("other-municipality", "", 1),  # which cell is too many, nobody can tell
        ("other-municipality", "Provkommun", 1),
    ]
    assert (found.audience_rows, found.file_rows, found.outside_bad_count) == (1, 7, 2)


@pytest.mark.parametrize(
    "cell", ["Åmåls by", "Åmåls\u00a0by", "ÅMÅLS  BY", " A\u030ama\u030als by", "Åmåls by\u200b", "Åmåls\tby"]
)
def test_cells_are_compared_as_a_reader_sees_them(cell: str) -> None:
    ours = Audience(everyone=True, municipality=frozenset({"Åmåls by"}))
    assert judged([row(municipality=cell)], ours).rows == 1
    assert judged([row(group=cell)], Audience(groups=("åmåls by",))).rows == 1
    assert judged([row(group=cell)], Audience(where=(("Grupp", "Åmåls by"),))).rows == 1


@pytest.mark.parametrize("between", [",", "/", ";", "|", "\n", "\r\n", " , ", "\u2028"])
def test_a_cell_with_several_groups_is_in_each_of_them(between: str) -> None:
    people = [row(group=f"Vårdnadshavare{between}7A"), row(N06, "Elever")]
    for wanted in ("guardians", "7a"):
        assert [person.row for person in judged(people, Audience(groups=(wanted,))).ready] == [2]
    found = judged(people, GUARDIANS)
    assert found.groups == ("guardians", "7A", "students")
    assert found.newly_split == (0 if between.strip() in (",", "/") else 1)


def test_a_group_whose_own_name_has_such_a_mark_is_found_as_a_whole() -> None:
    people = [row(group="7A/7B"), row(N06, "7a / 7b"), row(N07, "7A")]
    assert [person.row for person in judged(people, Audience(groups=("7A/7B",))).ready] == [2]
    assert [person.row for person in judged(people, Audience(groups=("7A",))).ready] == [2, 3, 4]


@pytest.mark.parametrize(
    "cell", [";#7B;#", "7B;#12;#7C;#13", '["7B","7C"]', "{7B,7C}", "'7B'", "[ 7B ]", "#7B"]
)
def test_marks_about_the_names_of_a_list_are_none_of_a_name(cell: str) -> None:
    people = [row(group=cell), row(N06, "17B"), row(N07, "7B")]
    assert [person.row for person in judged(people, Audience(groups=("7b",))).ready] == [2, 4]
    assert [person.row for person in judged(people, Audience(groups=(cell,))).ready] == [2]


def test_a_sign_that_ends_a_name_belongs_to_it() -> None:
    people = [row(group="C#"), row(N06, "C")]
    assert [person.row for person in judged(people, Audience(groups=("C",))).ready] == [3]
    assert [person.row for person in judged(people, Audience(groups=("C#",))).ready] == [2]


def test_what_newly_split_cells_add_is_told() -> None:
    found = judged([row(group="VH|Personal"), row(N06, "VH;7A"), row(N07, "VH")], GUARDIANS)
    assert (len(found.ready), found.newly_split) == (3, 2)
    assert found.newly_split_cells == ("VH|Personal", "VH;7A")


def test_values_of_one_column_are_a_union_and_columns_narrow() -> None:
    people = [row(group="7A"), row(N06, "7B"), row(N07, "7C"), row("0701740608", "7A", "nej", "Provkommun")]
    both = Audience(where=(("Grupp", "7A"), ("grupp", " 7b ")))
    assert [person.row for person in judged(people, both).ready] == [2, 3]
    narrow = Audience(where=(("Grupp", "7A"), ("Grupp", "7B"), ("Kommun", "Exempelkommun")))
    assert judged(people, narrow).outside_by_reason() == {"where": 2}
    assert judged([*people, row("0701740609", "")], Audience(where=(("Grupp", ""),))).rows == 1


@given(
    cells=st.lists(
        st.tuples(
            st.sampled_from(
                ["0701740605", "+46701740606", "", "x", "08-465 004 00", "4,67E+10", "'0701740607"]
            ),
            st.sampled_from(["VH", "elever", "VH|7A", ""]),
            st.sampled_from(["Exempelkommun", "Åmål", "", " "]),
            st.sampled_from(["ja", "nej", "?", ""]),
            st.integers(0, 6),
        )
    ),
    audience=st.sampled_from(
        [EVERYONE, GUARDIANS, Audience(everyone=True, municipality=frozenset({"exempelkommun"}))]
    ),
    skip_invalid=st.booleans(),
)
def test_every_row_of_a_file_is_in_one_place(
    cells: list[tuple[str, str, str, str, int]], audience: Audience, *, skip_invalid: bool
) -> None:
    people = [
        ["Åsa", number, group, where, terms, ""][:width] for number, group, where, terms, width in cells
    ]
    sure = [row("0701740609"), *people]
    found = judged(sure, audience, RULES._replace(skip_invalid=skip_invalid))
    assert found.file_rows == sum(any(cell.strip() for cell in one) for one in sure)


def test_a_file_without_the_municipality_that_sends_is_refused_with_those_there_are() -> None:
    people = [row(), row("0701740606", municipality="Provkommun"), row("0701740607", municipality="")]
    with pytest.raises(InputError) as caught:
        judged(people, Audience(groups=("VH",), municipality=frozenset({"amal", "åmåls kommun"})))
    assert str(caught.value) == "Nobody in the file belongs to the municipality that sends."
    assert str(caught.value.hint).startswith(
        "The municipalities in the file are: Exempelkommun, Provkommun. Write `name` in the config"
    )


def test_a_file_whose_column_of_municipalities_is_empty_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        judged([row(municipality="")], Audience(everyone=True, municipality=frozenset({"provkommun"})))
    assert str(caught.value.hint) == "Its column of municipalities is empty."


def test_a_municipality_whose_rows_are_all_bad_is_told_by_its_rows() -> None:
    ours = Audience(everyone=True, municipality=frozenset({"provkommun"}))
    found = judged([row(), ["Åsa", "0701740605", "Provkommun"]], ours)
    assert (found.rows, found.bad_count) == (1, 1)


def test_a_municipality_with_nobody_in_the_group_is_nobody_and_no_mistake() -> None:
    ours = Audience(groups=("VH",), municipality=frozenset({"provkommun"}))
    found = judged([row(), row("0701740606", "elever", municipality="Provkommun")], ours)
    assert found.rows == 0


def test_the_groups_of_the_file_are_told() -> None:
    found = judged([row(group="VH"), row(group="Elever, 7B"), row(group="7b"), row(group="")])
    assert found.groups == ("guardians", "students", "7B")


def test_a_group_that_nobody_is_in_is_refused_with_the_groups_there_are() -> None:
    with pytest.raises(InputError) as caught:
        judged([row(group="VH"), row(group="7B")], Audience(groups=("VH", "Rektorer", "7C")))
    assert str(caught.value) == "Nobody in the file is in the group Rektorer, 7C."
    assert str(caught.value.hint) == "The groups in the file are: guardians, 7B."


def test_a_group_of_nobody_is_not_told_where_no_row_can_be_read() -> None:
    rows = [["Åsa Ek,0701740605,VH,Exempelkommun,ja"], ["Bo Ek,0701740606,VH,Exempelkommun,ja"]]
    assert judged(rows, GUARDIANS).bad_count == 2


def test_a_file_without_any_group_says_so() -> None:
    with pytest.raises(InputError) as caught:
        judged([row(group="")], GUARDIANS)
    assert str(caught.value.hint) == "Its column of groups is empty."


@pytest.mark.parametrize(("group", "municipality"), [("V?rdnadshavare", "Exempelkommun"), ("VH", "?m?l")])
def test_rows_whose_letters_were_lost_are_not_left_out_without_a_word(group: str, municipality: str) -> None:
    ours = Audience(groups=("VH",), municipality=frozenset({"exempelkommun"}))
    found = judged([row(), row("0701740606", group, municipality=municipality)], ours)
    assert found.rows == 1
    (told,) = found.notices
    assert str(told).startswith("Letters were lost when the file was written, and stand as ?: ")


def test_a_file_with_very_many_groups_counts_them() -> None:
    with pytest.raises(InputError) as caught:
        judged([row(group=f"{n}") for n in range(25)], GUARDIANS)
    assert str(caught.value.hint).endswith("25 different ones.")


def test_a_group_met_only_among_bad_numbers_still_exists() -> None:
    assert judged([row("x", group="rektor")], Audience(groups=("principals",))).bad_count == 1


@pytest.mark.parametrize("audience", [GUARDIANS, Audience(where=(("Skola", "Norra"),))])
def test_a_column_that_the_audience_needs_must_be_there(audience: Audience) -> None:
    header = ("Mobil",)
    columns = find_columns(header, require_terms=False)
    with pytest.raises(InputError, match="The file has these columns: Mobil"):
        classify(header, [["0701740605"]], columns, audience, RULES._replace(require_terms=False))


def test_a_file_of_numbers_alone_is_enough_for_everyone() -> None:
    header = ("Mobil",)
    columns = find_columns(header, require_terms=False)
    rules = RULES._replace(require_terms=False)
    found = classify(header, [["0701740605"], ["0701740605"]], columns, EVERYONE, rules)
    assert list(found.ready) == [Recipient(row=2, number=N05, name="")]
    assert found.groups == ()


def test_a_file_with_a_new_date_in_every_row_stays_within_memory_and_right() -> None:
    size = (1 << 16) + 100
    rows = (row("", terms=f"2026-08-17 10:15:00.{n:06d}") for n in range(size))
    found = judged(rows, GUARDIANS)
    assert {reason: len(people) for reason, people in found.skipped.items()} == {SkipReason.NO_NUMBER: size}


CELLS = st.sampled_from(
    [
        "0701740605",
        "070-174 06 06",
        "+46 (0)70-174 06 05",
        "+4791234567",
        "08-465 004 00",
        "+4512345678",
        "x",
        "",
    ]
)


ROWS = st.lists(
    st.tuples(
        st.just("Åsa"),
        CELLS,
        st.sampled_from(["VH", "elever", ""]),
        st.sampled_from(["Exempelkommun", ""]),
        st.sampled_from(["ja", "nej", "?"]),
    )
    | st.lists(st.sampled_from(["", "VH", "0701740605"]), max_size=6),
    max_size=12,
)


@given(rows=ROWS, skip_invalid=st.booleans())
def test_every_row_of_the_audience_ends_in_one_place(
    rows: list[Sequence[str]], *, skip_invalid: bool
) -> None:
    found = judged(rows, rules=RULES._replace(skip_invalid=skip_invalid, is_blocked=N06.__eq__))
    placed = [person.row for people in (found.ready, *found.skipped.values()) for person in people]
    filled = [number for number, cells in enumerate(rows, 2) if any(cells)]
    assert len(placed) == len(set(placed)) == len(filled) - found.bad_count
    assert set(placed) <= set(filled)
    assert len({person.number for person in found.ready}) == len(found.ready)


PLAIN = st.lists(
    st.tuples(
        st.just("Åsa"),
        st.integers(605, 615).map("070-1740{}".format) | st.integers(605, 615).map("+46701740{}".format),
        st.just("VH"),
        st.just("Exempelkommun"),
        st.just("ja"),
    ),
    max_size=12,
)


@given(
    rows=ROWS | PLAIN | st.tuples(PLAIN, ROWS, PLAIN).map(lambda parts: [*chain(*parts)]),
    skip_invalid=st.booleans(),
)
def test_the_short_cut_and_the_full_rules_agree(rows: list[Sequence[str]], *, skip_invalid: bool) -> None:
    class Slow(NumberReader):
        def look_up(self, raw: str) -> str | NumberFault | None:
            return None

        def look_up_all(self, cells: Sequence[str]) -> list[str | NumberFault | None]:
            return [None] * len(cells)

    columns = find_columns(HEADER)
    rules = RULES._replace(already_sent={int(N06)}, skip_invalid=skip_invalid)
    with patch.object(plain_rows, "_TAKEN_TOGETHER", 3):
        quick, slow = (
            classify(HEADER, rows, columns, EVERYONE, rules._replace(numbers=numbers))
            for numbers in (NumberReader(), Slow())
        )
    assert outcome(quick) == outcome(slow)
    assert [list(people) for people in quick.skipped.values()] == list(map(list, slow.skipped.values()))
    assert (quick.bad, quick.bad_count) == (slow.bad, slow.bad_count)


WIDE = ("Namn", "Mobil VH1", "Mobil VH2", "Grupp", "Godkänt villkor", "Sekretess")
NUMBERS = st.sampled_from(
    ["0701740605", "+46701740606", "", "08-465 004 00", "070-174 06 07", "x", "+4791234567"]
)


@given(
    cells=st.lists(
        st.tuples(
            NUMBERS,
            NUMBERS,
            st.sampled_from(["VH", "elever"]),
            st.sampled_from(["ja", "nej"]),
            st.sampled_from(["", "", "1"]),
        )
    )
)
def test_two_numbers_in_a_row_fare_as_if_each_had_a_row_of_its_own(
    cells: list[tuple[str, str, str, str, str]],
) -> None:
    rules = RULES._replace(skip_invalid=True, is_blocked=N07.__eq__)
    sure = ("0701740609", "", "VH", "ja", "")
    rows = [["Åsa", *one] for one in (sure, *cells)]
    both = {"number": ("Mobil VH1", "Mobil VH2")}
    found = classify(WIDE, rows, find_columns(WIDE, both), GUARDIANS, rules)
    single = [
        ["Åsa", number, "", *rest]
        for first, second, *rest in (sure, *cells)
        for number in [one for one in (first, second) if one] or [""]
    ]
    apart = classify(WIDE, single, find_columns(WIDE, {"number": "Mobil VH1"}), GUARDIANS, rules)
    assert [one.number for one in found.ready] == [one.number for one in apart.ready]
    assert {why: len(people) for why, people in found.skipped.items()} == {
        why: len(people) for why, people in apart.skipped.items()
    }
    assert found.audience_rows == sum(one[3] == "VH" for one in rows)
    assert found.rows == apart.rows


def test_every_number_in_a_protected_row_is_shut_out_though_it_cannot_be_read() -> None:
    header = ("Mobil", "Villkor", "Sekretess")
    rows = [
        ["0701740605", "ja", ""],
        ["070-174 06 05 / 070-174 06 06", "ja", "1"],
        ["0701740606", "ja", "nej"],
        ["0701740607", "ja", ""],
    ]
    rules = RULES._replace(skip_invalid=True)
    found = classify(header, rows, find_columns(header), EVERYONE, rules)
    assert [person.number for person in found.ready] == [N07]
    assert outcome(found) == {2: "protected", 3: "invalid", 4: "protected", 5: "ready"}
    assert not any("070" in str(sentence) or "protect" in str(sentence) for sentence in found.bad)


@pytest.mark.parametrize(
    "written",
    [
        "070-174 06 06 (2)",
        "070-174 06 06 070-174 06 07",
        "[070] 1740606",
        "070\u00b7174\u00b706\u00b706",
        "46-070-174 06 06",
        "O70-174 06 06",
        "701740606.0",
        "ankn 12 till 070_174_06_06",
        "\u0660\u0667\u0660\u0661\u0667\u0664\u0660\u0666\u0660\u0666",
        "\uff10\uff17\uff10\uff11\uff17\uff14\uff10\uff16\uff10\uff16 (2)",
    ],
)
def test_a_number_in_a_protected_row_is_shut_out_however_it_is_written(written: str) -> None:
    header = ("Mobil", "Villkor", "Sekretess")
    rows = [["0701740605", "ja", ""], [written, "ja", "1"], ["0701740606", "ja", ""]]
    found = classify(header, rows, find_columns(header), EVERYONE, RULES._replace(skip_invalid=True))
    assert [person.number for person in found.ready] == [N05]


@pytest.mark.parametrize(
    "name",
    [
        *("Skyddad identitet", "*** SEKRETESS ***", "Elev (skyddade personuppgifter)"),
        *("Skyddat namn", "Elev, skyddat", "Skyddad_identitet", "Skyd\u00addad", "SkyddadIdentitet"),
        *("Skyddad, Inga", "Inga Sekretess", "Ek, Inga skyddad", "Skyddad N", "Skyddad, No"),
    ],
)
def test_a_name_that_says_that_it_is_protected_protects(name: str) -> None:
    rows = [row(), [name, *row("0701740606")[1:]], row("070-174 06 06")]
    found = judged(rows)
    assert outcome(found) == {2: "ready", 3: "protected", 4: "protected"}
    assert [str(one) for one in found.notices] == [
        "1 name says that an identity is protected: no row with the number gets a message."
    ]


@pytest.mark.parametrize(
    "name",
    [
        *("Anna Ek (ej skyddad)", "Sekretess: nej", "Skyddad identitet - ej", "Oskyddad"),
        *("Inga Ek (ej skyddad)", "Ek, Inga - skyddad: nej"),
    ],
)
def test_a_name_that_says_that_it_is_not_protects_nobody(name: str) -> None:
    found = judged([row(), [name, *row("0701740606")[1:]]])
    assert outcome(found) == {2: "ready", 3: "ready"}
    assert not found.notices


def test_of_a_row_that_protects_it_is_not_told_that_it_keeps_no_message_back() -> None:
    header = ("Namn", "Mobil", "Villkor", "Notis")
    rows = [["Anna (skyddad)", "0701740606", "ja", "Är skyddad, se akt"]]
    found = classify(header, rows, find_columns(header), EVERYONE, RULES, said=enumerate(rows, 2))
    assert [str(one) for one in found.notices] == [
        "1 name says that an identity is protected: no row with the number gets a message."
    ]


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize(
    "odd",
    [{}, {"group": "Personal"}, {"terms": "nej"}, {"terms": "kanske"}, {"number": "070-174 06 06 / 07"}],
)
def test_a_name_protects_its_number_though_its_own_row_gets_no_message(
    *, odd: dict[str, str], is_first: bool
) -> None:
    """It is a duplicate, of another group, or not to be used, and the same person stands in another row."""
    hidden = ["Skyddad identitet", *row(**{"number": "0701740606", **odd})[1:]]
    plain = row("0701740606")
    rows = [row(), *([hidden, plain] if is_first else [plain, hidden])]
    found = judged(rows, GUARDIANS, RULES._replace(skip_invalid=True))
    assert [one.number for one in found.ready] == [N05]
    assert outcome(found)[4 if is_first else 3] == "protected"
    assert "1 name says that an identity is protected" in str(found.notices[-1])


def test_a_number_of_a_protected_row_is_shut_out_in_whatever_column_it_stands() -> None:
    header = ("Mobil VH1", "Mobil VH2", "Villkor", "Sekretess")
    rows = [
        ["0701740605", "0701740606", "ja", "1"],
        ["0701740606", "", "ja", ""],
        ["0701740607", "", "ja", ""],
    ]
    columns = find_columns(header, {"number": "Mobil VH1"})
    assert outcome(classify(header, rows, columns, EVERYONE, RULES)) == {
        2: "protected",
        3: "protected",
        4: "ready",
    }


@pytest.mark.parametrize(
    ("misfit", "becomes"),
    [
        (["x", "0701740605", "ja", "", "1"], "protected"),
        (["0701740605", "ja", "1"], "protected"),
        (["x", "y", "0701740605", "ja", "1", ""], "protected"),
        (["x", "0701740605", "ja", "", ""], "ready"),
    ],
)
def test_a_row_of_another_width_shuts_out_the_numbers_that_it_may_protect(
    misfit: list[str], becomes: str
) -> None:
    header = ("Mobil", "Villkor", "Klass", "Sekretess")
    rows = [misfit, ["0701740605", "ja", "7A", ""], ["0701740607", "ja", "7A", ""]]
    rules = RULES._replace(skip_invalid=True)
    found = outcome(classify(header, rows, find_columns(header), EVERYONE, rules))
    assert {row: found[row] for row in (3, 4)} == {3: becomes, 4: "ready"}
