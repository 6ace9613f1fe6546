import shlex

import pytest

from smsctl.domain.columns import Columns, find_columns, position_of
from smsctl.domain.headings import HEADERS
from smsctl.errors import InputError

NAME_IT = (
    "Name the right one under [columns] in the config or with --column, as in: --column number='Mobil VH1'"
)
NAME_NUMBERS = (
    "Name the right one under [columns] in the config or with --column, as in: --column number='Mobil';"
    " or several, where each of them is to get a message."
)
NO_TERMS = (
    "Name it under [columns] in the config or with --column accepted_terms=HEADER."
    " Where no terms apply, set: require_accepted_terms = false"
)
SWEDISH = ("Namn", "Mobil", "Grupp", "Kommun", "Godkänt villkor")


@pytest.mark.parametrize(
    "header",
    [
        SWEDISH,
        ("name", "mobile", "group", "municipality", "accepted_terms"),
        ("NAMN", "Telefon", "ROLL", "KOMMUN", "GODKÄNDA VILLKOR"),
        ("Name", "Phone number", "Role", "Municipality", "Terms accepted"),
        ("namn", "mobil-nummer", "grupper", "kommun", "godkant_villkor"),
        (" Namn ", "\ufeffMobil\u200b nr", "Grupp:", "Kommun", "Godka\u0308nt villkor"),
        ("namn", "Mobiltelefon", "grupp", "kommun", "Villkor"),
        ("namn", "NUMMER", "grupp", "kommun", "Godkända\u00a0villkor"),
        ("namn", "NUMMER", "grupp", "Kommunens namn", "Godkända\u00a0villkor"),
        ("namn", "NUMMER", "grupp", "Municipality name", "Godkända\u00a0villkor"),
    ],
)
def test_headers_are_known_in_both_languages_and_any_spelling(header: tuple[str, ...]) -> None:
    assert find_columns(header) == Columns(number=1, name=0, group=2, municipality=3, terms=4)


def test_only_the_number_and_the_terms_must_be_there() -> None:
    assert find_columns(("Skola", "Mobil", "Villkor")) == Columns(number=1, terms=2)


def test_without_a_terms_rule_the_number_is_enough() -> None:
    assert find_columns(("Mobil",), require_terms=False) == Columns(number=0)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Sekretessmärkt",
            "Sekretessflagga",
            "sekretessStatus",
            "Identitetsskyddad",
            "skyddadIdentitetFlagga",
        ),
        *("Fingerade personuppgifter", "Personuppgiftsskydd", "IsProtected", "Spärrmarkering", "S-markerad"),
        *("isSecret", "Confidential", "Hemlig identitet", "Skyddsklass", "Skyddsnivå", "Skyddsgrad"),
        *("Adresskydd", "Adressskyddad", "Hemlig adress", "S-märkt", "S-märkning", "SekrMark", "Kvarskr."),
        *("securityMarking", "Säkerhetsmarkering", "Skydds-id", "Skyddsbehov", "Skyddsstatus", "Hemligt"),
    ],
)
def test_a_column_of_protected_identities_is_known_however_it_is_called(text: str) -> None:
    assert find_columns(("Mobil", "Villkor", text)).protected == (2,)


@pytest.mark.parametrize(
    "text",
    ["Sekretessavtal", "Sekretessförbindelse", "Skyddsombud", "Hemligt nummer", "Secretary", "Rökskydd"],
)
def test_what_only_sounds_like_it_protects_nobody(text: str) -> None:
    assert find_columns(("Mobil", "Villkor", text)).protected == ()


def test_two_columns_of_one_name_can_only_be_told_apart_in_the_file() -> None:
    for overrides in ({}, {"number": "Mobil"}):
        with pytest.raises(InputError) as caught:
            find_columns(("Mobil", "Mobil", "Villkor"), overrides)
        assert str(caught.value.hint) == "Give each of them a heading of its own in the file."


@pytest.mark.parametrize("wanted", ["Mobil VH1", "mobil vh1", " MOBIL_VH1 "])
def test_an_override_names_the_column(wanted: str) -> None:
    header = ("Mobil VH1", "Mobil VH2", "Villkor")
    assert find_columns(header, {"number": wanted}).number == 0


@pytest.mark.parametrize(
    "other", ["Mobil2", "Mobil (2)", "Mobil VH2", "Telefon 1", "Vårdnadshavare 2 mobil", "Mobile guardian"]
)
def test_whose_number_stands_in_a_column_beside_the_known_one_is_not_forgotten(other: str) -> None:
    with pytest.raises(InputError, match="2 columns could be number: Mobil, "):
        find_columns(("Mobil", "Villkor", other))
    assert find_columns(("Mobil", "Villkor", other), {"number": "Mobil"}).number == 0


def test_the_column_of_municipalities_stands_before_one_of_their_names() -> None:
    """Whoever has both was sent to before the second was known."""
    assert find_columns(("Mobil", "Villkor", "Kommunnamn", "Kommun")).municipality == 3


def test_the_flag_of_a_hint_can_be_pasted_whatever_the_heading_is() -> None:
    with pytest.raises(InputError) as caught:
        find_columns(("Mobil", "Villkor", "Namn", "Nam'n"))
    assert "--column name='Namn'" in str(caught.value.hint)
    with pytest.raises(InputError) as caught:
        find_columns(("Mobil", "Villkor", "Nam'n", "Namn"))
    assert shlex.split(str(caught.value.hint).rpartition(": ")[2]) == ["--column", "name=Nam'n"]


@pytest.mark.parametrize("other", ["Elev nummer", "Student number", "Telefon hem", "Mobil 2 samtycke", "2"])
def test_what_is_no_mobile_number_asks_nothing(other: str) -> None:
    assert find_columns(("Mobil", "Villkor", other)).number == 0


def test_an_override_decides_between_two_that_would_do() -> None:
    assert find_columns(("Mobil", "Telefon", "Villkor"), {"number": "Telefon"}).number == 1


def test_every_column_can_be_overridden() -> None:
    overrides = {name: f"kolumn {place}" for place, name in enumerate(HEADERS)}
    header = tuple(overrides.values())
    assert find_columns(header, overrides) == Columns(
        number=0, name=1, group=2, municipality=3, terms=4, protected=(5,)
    )


@pytest.mark.parametrize(
    ("header", "overrides", "sentence", "hint"),
    [
        (
            ("Namn", "Elev"),
            {},
            "No column with mobile numbers was recognised. The file has these columns: Namn, Elev.",
            NAME_IT,
        ),
        (
            ("Mobil", "Telefon", "Villkor"),
            {},
            "2 columns could be number: Mobil, Telefon. The file has these columns: Mobil, Telefon, Villkor.",
            NAME_NUMBERS,
        ),
        (
            ("Mobil", "Mobil 2", "Villkor"),
            {},
            "2 columns could be number: Mobil, Mobil 2. The file has these columns: Mobil, Mobil 2, Villkor.",
            NAME_NUMBERS,
        ),
        (
            ("Mobil", "Namn", "namn", "Villkor"),
            {},
            "2 columns could be name: Namn, namn. The file has these columns: Mobil, Namn, namn, Villkor.",
            NAME_IT.replace("number='Mobil VH1'", "name='Namn'"),
        ),
        (
            ("Mobil", "Namn"),
            {},
            "No column says who has accepted the terms. The file has these columns: Mobil, Namn.",
            NO_TERMS,
        ),
        (
            ("Mobil", "Villkor"),
            {"number": "Mobil VH1"},
            "No column is called Mobil VH1. The file has these columns: Mobil, Villkor.",
            None,
        ),
        (
            ("Mobil", "mobil", "Villkor"),
            {"number": "MOBIL"},
            "2 columns are called MOBIL. The file has these columns: Mobil, mobil, Villkor.",
            None,
        ),
        (
            ("Mobil", "Villkor"),
            {"nummer": "Mobil"},
            "There is no column nummer that smsctl uses.",
            "Its columns are: number, name, group, municipality, accepted_terms, protected, cost_centre.",
        ),
    ],
)
def test_what_does_not_fit_is_told_with_the_columns_seen(
    header: tuple[str, ...], overrides: dict[str, str], sentence: str, hint: str | None
) -> None:
    with pytest.raises(InputError) as caught:
        find_columns(header, overrides)
    assert str(caught.value) == sentence
    assert (str(caught.value.hint) if caught.value.hint else None) == hint


def test_an_exact_header_goes_before_one_that_differs_in_case() -> None:
    assert position_of(("Mobil", "mobil"), "mobil") == 1
