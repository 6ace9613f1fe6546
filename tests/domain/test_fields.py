"""A text is taken apart at its fields; what is none is refused, and never sent as something else."""

from contextlib import suppress

import pytest

from smsctl.domain.fields import MOST_FIELDS, common, masked, read_template
from smsctl.errors import InputError, UsageError

LARGEST = 64 * 1024

FIELDS: tuple[tuple[str, list[str], list[tuple[str, str | None]]], ...] = (
    ("Hej ((Namn))!", ["Hej ", "!"], [("Namn", None)]),
    ("(( Namn ))", ["", ""], [("Namn", None)]),
    ("((A))((B))", ["", "", ""], [("A", None), ("B", None)]),
    ("((Elev|ditt barn)) ((Tid|))", ["", " ", ""], [("Elev", "ditt barn"), ("Tid", "")]),
    ("((Mobil (VH1)))", ["", ""], [("Mobil (VH1)", None)]),
    ("(((Namn)))", ["(", ")"], [("Namn", None)]),
    ("Bra :)) ((Namn)) :))", ["Bra :)) ", " :))"], [("Namn", None)]),
    (r"\((Namn))", ["((Namn))"], []),
    (r"\((a)) ((B)) \((", ["((a)) ", " (("], [("B", None)]),
    ("100 %s och (b)", ["100 %s och (b)"], []),
)


@pytest.mark.parametrize(("body", "pieces", "fields"), FIELDS)
def test_a_text_is_what_stands_around_its_fields(
    body: str, pieces: list[str], fields: list[tuple[str, str | None]]
) -> None:
    read = read_template(body)
    assert (list(read.pieces), [tuple(one) for one in read.fields]) == (pieces, fields)


NONE = ("Hej ((", "((Namn)", "((", "(())", "((Barnets\nnamn))", "((A ((B))))", "((|x))", "Synd :(( men")


@pytest.mark.parametrize("body", NONE)
def test_what_is_no_field_is_told_with_its_place(body: str) -> None:
    with pytest.raises(InputError) as refused:
        read_template(body)
    line = body.count("\n", 0, body.index("((")) + 1
    assert f"line {line}, column {body.index('((') + 1}:" in str(refused.value.problems[0])
    assert r"\((" in str(refused.value.hint)


@pytest.mark.parametrize("piece", ["(", "((", "((a", "((a))", "((a ", r"\((", "(a)"])
def test_the_largest_text_is_taken_apart_at_once(piece: str) -> None:
    body = (piece * LARGEST)[:LARGEST]
    with suppress(InputError):
        assert len(read_template(body).fields) <= MOST_FIELDS


def test_every_character_of_the_text_for_the_checks_stands_where_it_was_written() -> None:
    body = "Hej ((Namn)), \\((x och ((Tid|kl 8)) nu"
    assert read_template(body).blank == f"Hej {'x' * 8},  ((x och {'x' * 12} nu"


def test_one_number_has_no_row_to_fill_in_from() -> None:
    assert common(r"Hej \((Namn))") == "Hej ((Namn))"
    for body in ("Hej ((Namn))", "Hej (("):
        with pytest.raises(UsageError):
            common(body)


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("Anna-Lisa Öberg", "A*** Ö***"),
        ("d'Artagnan", "d***"),
        ("17:20", "17:20"),
        ("2026-12-11", "…"),
        ("12", "12"),
        ("0701740605", "…"),
        ("AB1234", "A***"),
    ],
)
def test_a_cell_is_masked_on_a_screen(cell: str, shown: str) -> None:
    assert masked(cell) == shown
