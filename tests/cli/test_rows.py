"""Every row of the recipients file is accounted for: in the plan, the check, JSON, and afterwards."""

import csv
import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from smsctl.host.users import whoever

from ..conftest import HEADER, MakeConfig
from ..front_door import Run, run_terminal
from ..workbooks import Cell, ods, xlsx
from .test_inbox import YES, take_in

MIXED = (
    "Anna;0701740605;VH;Exempelkommun;ja",
    "Bo;0701740606;VH;Exempelkommun;nej",
    "Elin;0701740607;elever;Exempelkommun;ja",
    *(f"Barn {n};07017406{n};VH;Åmål;ja" for n in range(10, 14)),
    "Ulf;0701740620;VH;Provkommun;ja",
    "Siv;0701740621;VH;;ja",
    ";;;;",
)
OTHERS: dict[str, Any] = {
    "municipalities": {
        "amal": {"name": "Åmåls kommun", "package_size": 10_000, "package_price": "4900.00"},
        "exempelkommun": {"name": "Exempelkommun", "package_size": 10_000, "package_price": "4900.00"},
    },
    "default_municipality": "exempelkommun",
}


@pytest.fixture
def message(tmp_path: Path) -> Path:
    path = tmp_path / "message.txt"
    path.write_text("Hej", encoding="utf-8")
    return path


def test_the_sums_agree_in_the_plan_and_in_the_ledger(
    make_config: MakeConfig, message: Path, run: Run
) -> None:
    config = make_config(rows=MIXED, **OTHERS)
    sent = run("--config", config, "send", message, "--group", "guardians", "--yes", "--json").data
    shown = run("--config", config, "mailings", "show", 1, "--json").data
    for data in (sent["recipients"], shown["recipients"]):
        assert data == {
            "rows": 2,
            "ready": 1,
            "skipped": {"terms": 1},
            "audience_rows": 2,
            "file_rows": 9,
            "outside": {"other-group": 1, "other-municipality": 5, "no-municipality": 1},
            "other_municipalities": {"Åmål": 4, "Provkommun": 1},
        }


def test_a_municipality_that_the_config_does_not_have_is_told_with_the_nearest_one(
    make_config: MakeConfig, message: Path, run: Run
) -> None:
    config = make_config(rows=MIXED, **OTHERS)
    for words in (("send", message, "--group", "guardians", "--dry-run"), ("recipients", "check")):
        told = [one["text"] for one in run("--config", config, *words, "--json").json["messages"]]
        assert "4 rows belong to Åmål, which the config does not have; perhaps Åmåls kommun." in told
        assert "1 row belongs to Provkommun, which the config does not have." in told
        assert "1 row names no municipality, and gets no message." in told


def test_the_check_counts_only_rows_that_somebody_can_send_to(make_config: MakeConfig, run: Run) -> None:
    ran = run("--config", make_config(rows=MIXED, **OTHERS), "recipients", "check")
    assert "2 of 3 rows can be sent to." in ran.out
    assert "6 rows of the file are outside the audience:" in ran.out
    assert "of Åmål" in ran.out


def test_the_plan_on_a_terminal_accounts_for_all_rows(make_config: MakeConfig, message: Path) -> None:
    config = make_config(rows=MIXED, **OTHERS)
    ran = run_terminal(["--config", config, "send", message, "--group", "guardians", "--dry-run"])
    assert "1 of 2 in guardians, Exempelkommun, get this text:" in ran.seen
    assert "7 rows of the file are outside the audience:" in ran.seen
    assert "in other groups" in ran.seen


def test_repeated_values_of_a_column_are_a_union(make_config: MakeConfig, message: Path, run: Run) -> None:
    rows = [f"Anna;07017406{n};{group};Exempelkommun;ja" for n, group in ((10, "7A"), (11, "7B"), (12, "7C"))]
    config = make_config(rows=[*rows, "Bo;0701740613;;Exempelkommun;ja"])
    send = ("--config", config, "send", message, "--dry-run", "--json")
    both = run(*send, "--where", "Grupp=7A", "--where", "grupp=7b").data["recipients"]
    assert (both["ready"], both["outside"]) == (2, {"where": 2})
    narrowed = run(*send, "--where", "Grupp=7A", "--where", "Grupp=7B", "--where", "Namn=Bo").data
    assert narrowed["recipients"]["ready"] == 0
    assert run(*send, "--where-empty", "Grupp").data["recipients"]["ready"] == 1


@pytest.mark.parametrize(
    "words",
    [
        ("--where", "Grupp="),
        ("--where", "Grupp= "),
        ("--where", "Grupp=\u200b\u00a0"),
        ("--where-empty", ""),
        ("--where-empty", "\u200b"),
        ("--group", "\u200b"),
    ],
)
def test_an_empty_variable_chooses_nobody(
    words: tuple[str, str], make_config: MakeConfig, message: Path, run: Run
) -> None:
    ran = run("--config", make_config(), "send", message, *words, "--yes")
    assert ran.code == 2
    assert "Is the variable in the command empty?" in ran.err


@pytest.mark.parametrize(
    ("wanted", "cell"),
    [
        ("VH", "Personal_VH"),
        ("7A", "7A_2026"),
        ("7A", "Björkskolan_7A"),
        ("7A", "Åk7A"),
        ("7-1", "2026-01-07"),
        ("7-1", "07-jan"),
        ("7-1", "Jul-01"),
        ("7/1", "7/1/2026"),
    ],
)
def test_what_resembles_a_group_is_told_though_glued_together_or_a_date(
    wanted: str, cell: str, make_config: MakeConfig, message: Path, run: Run
) -> None:
    config = make_config(
        rows=[f"A;070174061{n};{one};Exempelkommun;ja" for n, one in enumerate((wanted, cell))]
    )
    where = [("--where", f"Grupp={wanted}")] if wanted != "VH" else []  # of a word without a figure: none
    for choice in (("--group", wanted), *where):
        ran = run("--config", config, "send", message, *choice, "--dry-run", "--json")
        assert (ran.code, ran.data["recipients"]["ready"]) == (0, 1)
        told = [one["text"] for one in ran.json["messages"] if one["level"] == "warning"]
        assert any("resemble what" in text for text in told), told
        assert not any("2026-01" in text or "1/2026" in text for text in told), "it may be a day of birth"


@pytest.mark.parametrize("cell", [";#7B;#", '["7B","7C"]', "{7B,7C}"])
def test_a_cell_that_is_a_list_of_another_program_is_in_its_groups(
    cell: str, make_config: MakeConfig, message: Path, run: Run
) -> None:
    quoted = '"' + cell.replace('"', '""') + '"'
    config = make_config(rows=[f"Anna;0701740605;{quoted};Exempelkommun;ja", *MIXED[1:3]])
    ran = run("--config", config, "send", message, "--group", "7B", "--dry-run", "--json")
    assert (ran.code, ran.data["recipients"]["ready"]) == (0, 1)


def test_a_newly_split_cell_is_told_in_the_plan(make_config: MakeConfig, message: Path) -> None:
    config = make_config(rows=["Anna;0701740605;VH|Personal;Exempelkommun;ja"])
    ran = run_terminal(["--config", config, "send", message, "--group", "guardians", "--dry-run"])
    assert '"VH|Personal"' in ran.seen.replace("\r\n", " ")


PROTECTED = (
    "Anna Hemlig;0701740605;VH;Exempelkommun;ja;1",
    "Bo;0701740606;VH;Exempelkommun;ja;",
    "Anna Annan;0701740605;elever;Exempelkommun;ja;nej",
    "Bo igen;070-174 06 05;VH;Exempelkommun;ja;Nej",
    "Siv Hemlig;;VH;Exempelkommun;ja;Skyddad folkbokföring",
)
PROTECTED_HEADER = f"{HEADER};Sekretessmarkering"


def test_a_note_about_somebody_protected_is_not_repeated(
    make_config: MakeConfig, message: Path, run: Run
) -> None:
    notes = ("bor hos Eva Storgatan", "ring 070-174 06 99", "S", "Skyddade personuppgifter")
    rows = [f"Anna;070174061{at};VH;Exempelkommun;ja;{note}" for at, note in enumerate(notes)]
    config = make_config(rows=[*rows, PROTECTED[1]], header=PROTECTED_HEADER)
    ran = run("--config", config, "send", message, "--all", "--dry-run", "--json")
    assert ran.data["recipients"]["skipped"] == {"blocked": 4}
    assert '"S", "Skyddade personuppgifter"' in ran.said.replace("\\", "")
    assert "Storgatan" not in ran.said
    assert "174" not in ran.said


@pytest.mark.parametrize(
    "heading", ["Sekr.", "Sekretesskod", "Skydd", "Skyddade pers.uppg.", "Kvarskrivning"]
)
def test_what_lists_call_a_protected_identity_is_known(
    heading: str, make_config: MakeConfig, message: Path, run: Run
) -> None:
    config = make_config(rows=PROTECTED, header=f"{HEADER};{heading}")
    ran = run("--config", config, "send", message, "--all", "--dry-run", "--json")
    assert ran.data["recipients"]["ready"] == 1


@pytest.mark.parametrize(
    ("header", "said", "under"),
    [
        ("Förnamn;Efternamn", "Skyddad;Identitet", "Förnamn"),
        ("Elev;Klass", "SKYDDAD IDENTITET;7A", "Elev"),
        ("Adress;Klass", "Skyddad adress;7A", "Adress"),
        ("Status;Klass", "Sekretessmarkering;7A", "Status"),
        ("Status;Klass", "7A;skyddade personuppgifter", "Klass"),
        ("Elevens namn;Klass", "Anna Ek (skyddad);7A", "Elevens namn"),
        ("Förnamn;Efternamn", "Anna;Ek, skyddad id", "Efternamn"),
        ("Barn;Namn VH1", "Ann;Sekretess Ek", "Namn VH1"),
        ("För- och efternamn;Klass", "Skyddad Ek;7A", "För- och efternamn"),
        ("Kontaktperson;Klass", "Skyddad Ek;7A", "Kontaktperson"),
        ("Elev;Klass", "Skyddad, Inga;7A", "Elev"),
        ("Elev;Klass", "Anna Ek (ej skyddad);7A", None),
        ("Elev;Barn", "Skyddad: nej;Ingen sekretess", None),
        ("Skolnamn;Elev", "Skyddad verkstad;Anna Skydd", None),
        ("Avtal;Klass", "Sekretessavtal;7A", None),
        ("Anteckning;Klass", "Kan arbeta på skyddad verkstad;7A", None),
    ],
)
@pytest.mark.parametrize("kind", [".csv", ".xlsx"])
def test_a_cell_of_any_column_that_says_so_protects(
    header: str, said: str, under: str | None, kind: str, make_config: MakeConfig, run: Run
) -> None:
    """Also where it stands in a row of somebody else with the same number, who is not written to."""
    rows = (
        f"{header};Mobil;Grupp;Kommun;Godkänt villkor",
        f"{said};0701740605;Elev;Exempelkommun;ja",
        "Anna;7A;070-174 06 05;VH;Exempelkommun;ja",
        "Bo;7A;0701740606;VH;Exempelkommun;ja",
    )
    config = make_config()
    people = config.parent / f"people{kind}"
    if kind == ".csv":
        people.write_text("\n".join(rows))
    else:
        xlsx(people, {"Blad1": [row.split(";") for row in rows]})
    send = ("--config", config, "send", "--text", "Hej", "--group", "guardians", "--recipients", people)
    ran = run(*send, "--dry-run", "--json")
    assert ran.data["recipients"]["ready"] == (1 if under else 2)
    told = [one["text"] for one in ran.json["messages"] if "identity is protected" in one["text"]]
    assert bool(told) == bool(under)
    if under:
        assert f"1 row says under {under}" in told[0]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        *(("Skyddad: J", "says"), ("Sekretess=1", "says"), ("SkyddadIdentitet", "says")),
        *(("Skyddade personuppg.", "says"), ("Skyddad adr", "says"), ("OBS! Skyddad", "says")),
        *(("Kvarskrivning", "says"), ("Spärrmarkerad", "says"), ("Sekretessbelagd", "says")),
        *(("Skyddad_x000D_", "says"), ("Skyddade pers.uppg.", "says"), ("Skyddad folkb", "says")),
        ("Skyddade pers. uppg. enl. beslut", "speaks"),
        *(("Skyddad vårdnadshavare", "says"), ("Skyd\u00addad", "says"), ("Sekre\u200btess", "says")),
        *(("Anna (skyddad)", "speaks"), ("Hos mormor, sekretess", "speaks"), ("Anna - Skyddad", "speaks")),
        *(("Är skyddad, se akt", "speaks"), ("Skyddad 3", "speaks"), ("Kvarskriven i Umeå", "speaks")),
        *(("Skyddad: nej", None), ("Sekretess=0", None), ("Ej skyddad", None), ("Skyddsombud elev", None)),
        *(("Oskyddad", None), ("Sekretess, nej", None), ("Under sekretess hos BUP", None)),
        *(("Ej kvarskriven", None), ("Skyddad identitet: nej", None), ("Sekretess - ej", None)),
        *(("Skyddad \u2610", None), ("Skyddad \u2612 Nej \u2610", "speaks")),
        *(("Skyddad, inga SMS", "speaks"), ("Visa inte skyddad adress", "speaks")),
        *(("Sekreterare", None), ("Skyddsvägen 1", None), ("Skyddad verkstad", None)),
    ],
)
def test_a_cell_says_it_as_lists_do(
    cell: str, said: str | None, make_config: MakeConfig, message: Path, run: Run
) -> None:
    rows = [f"Anna;0701740605;VH;Exempelkommun;ja;{cell}", PROTECTED[1]]
    config = make_config(rows=rows, header=f"{HEADER};Status")
    ran = run("--config", config, "send", message, "--all", "--dry-run", "--json")
    assert ran.data["recipients"]["ready"] == (1 if said == "says" else 2)
    assert (f"1 row {said} under Status" in ran.said) == (said is not None)


def test_of_a_row_that_says_so_nothing_is_kept_whyever_it_is_left_out(
    make_config: MakeConfig, message: Path, run: Run, tmp_path: Path
) -> None:
    rows = [
        "Anna Hemlig (skyddad);070-174 06 05 (2);VH;Exempelkommun;ja;",
        "Bo Hemlig;;VH;Exempelkommun;ja;Skyddad adress",
        "Cy Hemlig;08-465 004 05;VH;Exempelkommun;ja;Skyddad adress",
        "Eva Hemlig;0701740609;VH;Exempelkommun;kanske;Skyddad adress",
        "Fia Fri;0701740;VH;Exempelkommun;ja;Storgatan 1",
        "Gun Fri;0701740608;VH;Exempelkommun;ja;Storgatan 1",
        "Eva Annan;+46 70 174 06 09;VH;Exempelkommun;kanske;Storgatan 1",
        "Ida Annan;070-174 06 09 (2);VH;Exempelkommun;ja;Storgatan 1",
    ]
    config = make_config(rows=rows, header=f"{HEADER};Adress")
    send = ("--config", config, "send", message, "--all", "--skip-invalid")
    assert run(*send, "--yes").code == 0
    run("--config", config, "mailings", "skipped", 1, "--csv", tmp_path / "skipped.csv")
    with (tmp_path / "skipped.csv").open(encoding="utf-8-sig") as file:
        kept = [(one["Row"], one["Number"], one["Name"]) for one in csv.DictReader(file, delimiter=";")]
    hidden = [*((row, "", "") for row in "2345"), *((row, "", "") for row in "89")]
    assert sorted(kept) == sorted([*hidden, ("6", "0701740", "Fia Fri")])


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "row", ["Skyddad identitet;0701740605;VH;Exempelkommun;ja", "A;0701740605;VH;Exempelkommun;ja;Skyddad"]
)
def test_a_mark_protects_however_lines_end_and_wherever_it_stands(
    row: str, line_end: str, make_config: MakeConfig, message: Path, run: Run
) -> None:
    """In a cell beyond the heading its own row is bad, and others may have the number."""
    config = make_config()
    people = config.parent / "people.csv"
    rows = (HEADER, row, "Anna;070-174 06 05;VH;Exempelkommun;ja", "Bo;0701740606;VH;Exempelkommun;ja", "")
    people.write_text(line_end.join(rows), newline="")
    send = ("--config", config, "send", message, "--all", "--skip-invalid", "--recipients", people)
    ran = run(*send, "--dry-run", "--json")
    assert ran.data["recipients"]["ready"] == 1
    assert "identity is protected" in ran.said


def test_a_name_that_says_so_protects_the_number_in_other_rows(
    make_config: MakeConfig, message: Path, run: Run
) -> None:
    """Whichever comes first: the register has the same guardian twice, or as staff too."""
    rows = [
        "Anna;0701740605;VH",
        "Skyddad Identitet;070-174 06 05;VH",
        "Skyddad;0701740606;Personal",
        "Bo;0701740606;VH",
    ]
    config = make_config(rows=[f"{one};Exempelkommun;ja" for one in (*rows, "Cy;0701740607;VH")])
    ran = run("--config", config, "send", message, "--group", "guardians", "--dry-run", "--json")
    assert ran.data["recipients"] | {"skipped": {"blocked": 3}, "ready": 1} == ran.data["recipients"]
    assert "2 names say that an identity is protected" in ran.said


def test_a_note_that_speaks_of_a_protected_identity_is_told(
    make_config: MakeConfig, message: Path, run: Run
) -> None:
    """It may say anything about it, so it keeps nobody's message back; a person is to read it."""
    note = "Har skyddad identitet enligt beslut, ring rektor först"
    rows = (f"Anna;0701740605;VH;Exempelkommun;ja;{note}", "Bo;0701740606;VH;Exempelkommun;ja;")
    config = make_config(rows=rows, header=f"{HEADER};Obs")
    ran = run("--config", config, "send", message, "--all", "--dry-run", "--json")
    assert ran.data["recipients"]["ready"] == 2
    assert "1 row speaks under Obs of a protected identity" in ran.said
    assert "rektor" not in ran.said


def test_a_reason_that_says_nothing_is_none(make_config: MakeConfig, message: Path, run: Run) -> None:
    words = ("--all", "--terms-not-required", "--reason", " \u200b", "--yes")
    assert run("--config", make_config(), "send", message, *words).code == 2


def test_a_protected_number_gets_nothing_from_any_row(
    make_config: MakeConfig, message: Path, run: Run, tmp_path: Path
) -> None:
    config = make_config(rows=PROTECTED, header=PROTECTED_HEADER)
    sent = run("--config", config, "send", message, "--all", "--yes", "--json")
    assert sent.data["recipients"]["ready"] == 1
    assert sent.data["recipients"]["skipped"] == {"no-number": 1, "blocked": 3}
    assert "Skyddad folkbokföring" in sent.said
    run("--config", config, "mailings", "skipped", 1, "--csv", tmp_path / "skipped.csv")
    with (tmp_path / "skipped.csv").open(encoding="utf-8-sig") as file:
        kept = [
            (one["Row"], one["Reason"], one["Number"], one["Name"])
            for one in csv.DictReader(file, delimiter=";")
        ]
    assert kept == [(row, "blocked", "", "") for row in "245"] + [("6", "no-number", "", "")]
    told = run("--config", config, "mailings", "skipped", 1, "--json").said
    assert "protected" not in told
    everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*.db*") if path.is_file())
    assert b"701740605" not in everything
    assert b"Hemlig" not in everything


def test_a_screen_tells_whom_to_phone(make_config: MakeConfig, message: Path) -> None:
    config = make_config(rows=PROTECTED, header=PROTECTED_HEADER)
    ran = run_terminal(["--config", config, "send", message, "--all", "--dry-run"])
    assert "3 must get no SMS: phone them (rows 2, 4, 5)." in ran.seen
    assert "Hemlig" not in ran.seen


FAMILIES = (
    "Elin;0701740605;0701740606;ja;nej;Exempelkommun",
    "Bo;0701740607;;ja;ja;Exempelkommun",
    "Siv;;;ja;ja;Exempelkommun",
    "Ulf;0701740605;08-465 004 00;ja;ja;Exempelkommun",
)
FAMILY_HEADER = "Elev;Mobil VH1;Mobil VH2;Godkänt villkor VH1;Godkänt villkor VH2;Kommun"
BOTH = ("--column", "number=Mobil VH1", "--column", "number=Mobil VH2")


def test_each_number_of_a_row_is_a_recipient_of_its_own(
    make_config: MakeConfig, message: Path, run: Run, tmp_path: Path
) -> None:
    config = make_config(rows=FAMILIES, header=FAMILY_HEADER)
    sent = run("--config", config, "send", message, "--all", *BOTH, "--yes", "--json").data["recipients"]
    assert (sent["rows"], sent["ready"], sent["audience_rows"], sent["file_rows"]) == (6, 2, 4, 4)
    assert sent["skipped"] == {"no-number": 1, "not-mobile": 1, "terms": 1, "duplicate": 1}
    listed = run("--config", config, "mailings", "skipped", 1, "--json").data["skipped"]
    assert [(one["row"], one["column"], one["reason"]) for one in listed] == [
        (2, "Mobil VH2", "terms"),
        (4, "Mobil VH1", "no-number"),
        (5, "Mobil VH1", "duplicate"),
        (5, "Mobil VH2", "not-mobile"),
    ]


def test_the_columns_of_numbers_may_stand_in_the_config(
    make_config: MakeConfig, message: Path, run: Run
) -> None:
    columns = {"number": ["Mobil VH1", "Mobil VH2"], "accepted_terms": "Godkänt villkor VH1"}
    config = make_config(rows=FAMILIES, header=FAMILY_HEADER, columns=columns)
    sent = run("--config", config, "send", message, "--all", "--dry-run", "--json").data["recipients"]
    assert sent["ready"] == 3  # one column tells of the terms for both


@pytest.mark.parametrize(
    ("header", "row", "flags"),
    [
        (
            "Namn;Mobiltfn;Villkor",
            "Anna;0701740605;ja",
            ["--column number='Mobiltfn'", 'number = "Mobiltfn"'],
        ),
        (
            "Namn;VH1 Mobiltelefon;VH2 Mobiltelefon;Villkor",
            "Anna;0701740605;0701740606;ja",
            [
                "--column number='VH1 Mobiltelefon' --column number='VH2 Mobiltelefon'",
                'number = ["VH1 Mobiltelefon", "VH2 Mobiltelefon"]',
            ],
        ),
        (
            "Namn;Mobil;Godkänt användarvillkor;Född;Skyddad identitet",
            "Anna;0701740605;ja;2012-03-04;nej",
            ["--column accepted_terms='Godkänt användarvillkor'"],
        ),
    ],
)
def test_a_column_that_is_not_recognised_is_proposed_by_its_cells(
    header: str, row: str, flags: list[str], make_config: MakeConfig, message: Path, run: Run
) -> None:
    ran = run("--config", make_config(rows=[row], header=header), "send", message, "--all", "--yes")
    assert ran.code == 8
    for flag in flags:
        assert flag in " ".join(ran.err.split())
    assert "='Skyddad identitet'" not in ran.err


def test_on_a_terminal_a_person_picks_the_column(make_config: MakeConfig, message: Path) -> None:
    config = make_config(rows=["Anna;0701740605;ja"], header="Namn;Cell phone;Villkor")
    words = ["--config", config, "send", message, "--all", "--dry-run"]
    picked = run_terminal(words, [("several as 1, 2", "1")])
    assert "1 of 1 in everyone" in picked.seen
    assert run_terminal(words, [("several as 1, 2", "")]).code == 8


@pytest.mark.parametrize(
    "lines",
    [
        ("Anna;Test;anna@example.se;0701740605", "Bo;Test;bo@example.se;0701740606"),
        ("Anna;Test;;", "Bo;Test;;0701740606"),
        ("20120101-2384;Anna", "20120102-2383;Bo"),
        ("Anna Test 070-174 06 05;Klass 7", "Bo Test 070-174 06 06;Klass 7"),
        ("Anna Test;4,67017E+10;Klass 7", "Bo Test;070-174 06 06;Klass 7"),
        ("Anna Test;7,01741E+08;7B", "Bo Test;7,01742E+08;7C"),
        ("Anna Test;VH;Björkskolan;ja", "Bo Test;VH;Ekskolan;nej"),
        ("Anna Test;mobil;0701740605", "Bo Test;mobil;0701740606"),
        ("Anna Test;Exempelgatan 1;123 45 Exempelstad", "Bo Test;Storvägen 2;123 46 Provstad"),
    ],
)
def test_of_a_file_without_a_heading_nothing_is_shown(
    lines: tuple[str, ...], make_config: MakeConfig, message: Path, run: Run
) -> None:
    config = make_config(header=lines[0], rows=lines[1:])
    for words in (("send", message, "--all", "--yes"), ("recipients", "check"), ("doctor",)):
        ran = run("--config", config, *words)
        assert "The first row is no heading" in ran.said.replace("\n", " ")
        assert not [cell for cell in ";".join(lines).split(";") if cell and cell in ran.said]


def test_a_heading_with_a_school_year_is_one_below_a_title(make_config: MakeConfig, run: Run) -> None:
    rows = ["Namn;Mobil;Klass 2026/2027;Kommun;Villkor", "A;0701740605;7A;Exempelkommun;ja"]
    ran = run("--config", make_config(header="Klasslista 7A;;;;", rows=rows), "recipients", "check")
    assert "Row 2 looks like the heading; the heading must be first." in ran.err


def test_a_row_of_somebody_is_not_taken_for_the_heading(make_config: MakeConfig, run: Run) -> None:
    header = "First Name;Phone 1 - Label;Phone 1 - Value"
    ran = run("--config", make_config(header=header, rows=["Anna;Mobile;0701740605"]), "recipients", "check")
    assert "No column with mobile numbers was recognised" in ran.said
    assert "looks like the heading" not in ran.said


def test_a_carriage_return_as_xlsx_writes_it_is_no_part_of_a_heading(
    make_config: MakeConfig, message: Path, run: Run
) -> None:
    config = make_config(
        header="Namn;Mobil_x000D_;Grupp;Kommun;Villkor", rows=["A;0701740605;VH;Exempelkommun;ja"]
    )
    assert run("--config", config, "send", message, "--all", "--dry-run").code == 0


def test_an_answer_beside_a_known_heading_is_one_too(
    make_config: MakeConfig, message: Path, run: Run
) -> None:
    config = make_config(
        header="Namn;Nummer till VH;Ja;Kommun;Villkor",
        rows=["A;0701740605;ja;Exempelkommun;ja", "B;0701740606;nej;Exempelkommun;ja"],
    )
    ran = run("--config", config, "send", message, "--all", "--dry-run")
    assert (ran.code, "is no heading" in ran.said, "number=" in ran.said) == (8, False, True)


def test_answers_may_be_headings_where_the_column_of_numbers_is_named(
    make_config: MakeConfig, message: Path, run: Run
) -> None:
    config = make_config(
        header="No;Ja;Cell", rows=["1;x;0701740605", "2;;0701740606"], require_accepted_terms=False
    )
    ran = run("--config", config, "send", message, "--all", "--dry-run", "--column", "number=Cell", "--json")
    assert (ran.code, ran.data["recipients"]["ready"]) == (0, 2)


def test_nothing_is_shown_of_it_where_a_column_is_named_either(
    make_config: MakeConfig, message: Path, run: Run
) -> None:
    config = make_config(header="Anna Test;Storgatan 3;", rows=["Bo Test;Storgatan 4;0701740606"])
    for words in (("send", message, "--all", "--yes"), ("recipients", "check")):
        ran = run("--config", config, *words, "--column", "number=Mobil")
        assert ran.code == 8
        assert "The first row is no heading" in ran.said.replace("\n", " ")
        assert "Storgatan" not in ran.said
        assert "Anna" not in ran.said


@pytest.mark.parametrize(
    "written",
    [
        "'0701740605",
        "'0701740605'",
        "\u201d070-174 06 05\u201d",
        "\u2019+46701740605\u2019",
        "''0701740605",
        "\u20320701740605",
        "\u02bc0701740605",
        '"""0701740605"""',
    ],
)
def test_quotes_that_keep_a_number_as_text_are_left_out_and_told(
    written: str, make_config: MakeConfig, message: Path, run: Run
) -> None:
    config = make_config(rows=[f"Anna;{written};VH;Exempelkommun;ja"])
    ran = run("--config", config, "send", message, "--all", "--dry-run", "--json")
    assert (ran.code, ran.data["recipients"]["ready"]) == (0, 1)
    assert "Row 2: The mark by which Excel keeps a number as text was left out." in ran.said


@pytest.mark.parametrize("mark", ["'{}", '"=""{}"""'])
def test_the_mark_of_a_text_does_not_matter_in_the_columns_that_are_known(
    mark: str, make_config: MakeConfig, message: Path, run: Run
) -> None:
    rows = [
        ("Anna", "0701740605", "7A", "Exempelkommun", "ja", "0"),
        ("Bo", "0701740606", "7A", "Exempelkommun", "ja", "1"),
    ]
    lines = [";".join(map(mark.format, row)) for row in rows]
    config = make_config(header="Namn;Mobil;Grupp;Kommun;Villkor;Sekretess", rows=lines)
    ran = run("--config", config, "send", message, "--group", "7A", "--dry-run", "--json")
    assert (ran.code, ran.data["recipients"]["rows"], ran.data["recipients"]["ready"]) == (0, 2, 1)


@pytest.mark.parametrize("written", ["'0701740605' '0701740606'", "'070-1740605'7", "\u201d\u201d"])
def test_quotes_about_anything_else_are_no_number(
    written: str, make_config: MakeConfig, message: Path, run: Run
) -> None:
    config = make_config(rows=[f"Anna;{written};VH;Exempelkommun;ja"])
    assert run("--config", config, "send", message, "--all", "--dry-run").code in (5, 8)


@pytest.mark.parametrize(
    ("line", "mark"),
    [
        ("#TYPE Selected.Microsoft.ActiveDirectory.Management.ADUser", ","),
        ("#TYPE System.Management.Automation.PSCustomObject", ";"),
        ("sep=; ", ";"),
        ("sep=,,,,,", ","),
    ],
)
def test_a_line_for_programs_above_the_heading_is_none_of_the_rows(
    line: str, mark: str, make_config: MakeConfig, message: Path, run: Run
) -> None:
    lines = (HEADER, "Anna;0701740605;VH;Exempelkommun;ja", "Bo;0701740606;VH;Exempelkommun;ja")
    quoted = [f'"{one}"'.replace(";", f'"{mark}"') for one in lines]
    ran = run(
        "--config", make_config(header=line, rows=quoted), "send", message, "--all", "--dry-run", "--json"
    )
    assert (ran.code, ran.data["recipients"]["ready"]) == (0, 2)


def test_numbers_in_a_column_that_is_not_read_are_told(
    make_config: MakeConfig, message: Path, run: Run
) -> None:
    """Whoever has a number only there gets nothing; naming the columns answers it."""
    rows = (
        "Anna;0701740605;VH;Exempelkommun;ja;070-174 06 07;08-123 456 78;",
        "Bo;;VH;Exempelkommun;ja;0701740606;;x",
    )
    config = make_config(rows=rows, header=f"{HEADER};Mobil arbete;Hem;Obs")
    send = ("--config", config, "send", message, "--all", "--dry-run", "--json")
    told = run(*send)
    assert told.data["recipients"]["ready"] == 1
    assert "stand under Mobil arbete too" in told.said
    assert "--column number='Mobil' --column number='Mobil arbete'" in told.said
    assert "stand under" in run("--config", config, "recipients", "check", "--json").said
    both = run(*send, "--column", "number=Mobil", "--column", "number=Mobil arbete")
    assert both.data["recipients"]["ready"] == 3
    assert "stand under" not in both.said
    assert "stand under" not in run(*send, "--column", "number=Mobil").said


def test_empty_rows_above_the_heading_are_told(make_config: MakeConfig, run: Run) -> None:
    config = make_config(header="", rows=["", HEADER, "Anna;0701740605;VH;Exempelkommun;ja"])
    checked = run("--config", config, "recipients", "check")
    assert checked.code == 8
    assert "Remove the empty rows above the heading" in checked.err


@pytest.mark.parametrize("title", ["Klasslista 7A;;;;", "Klasslista 7A", "Klass 7A, läsår 2026, Norr"])
def test_a_title_above_the_heading_is_told(
    title: str, make_config: MakeConfig, message: Path, run: Run
) -> None:
    config = make_config(header=title, rows=[HEADER, "Anna;0701740605;VH;Exempelkommun;ja"])
    ran = run("--config", config, "send", message, "--all", "--yes")
    assert ran.code == 8
    assert "Row 2 looks like the heading; the heading must be first." in ran.err


def test_terms_may_be_lifted_for_one_mailing_with_a_reason(
    make_config: MakeConfig, message: Path, run: Run
) -> None:
    config = make_config()
    words = (
        "--config",
        config,
        "send",
        message,
        "--group",
        "guardians",
        "--terms-not-required",
        "--yes",
        "--json",
    )
    assert run(*words).code == 2
    sent = run(*words, "--reason", "vattenläcka")
    assert sent.data["recipients"]["ready"] == 3
    assert "Accepted terms are not required for this mailing" in sent.said
    audit = run("--config", config, "audit", "--json").said
    assert "accepted terms not required" in audit
    assert "vattenläcka" in audit


def test_lifting_the_terms_is_a_right_of_its_own(make_config: MakeConfig, message: Path, run: Run) -> None:
    for may, code in ((False, 5), (True, 0)):
        config = make_config(senders={whoever().user: {"terms_not_required": may}})
        words = ("--terms-not-required", "--reason", "kris", "--again", "--yes")
        ran = run("--config", config, "send", message, "--all", *words)
        assert ran.code == code
        assert ("may not send to people who have not accepted the terms" in ran.said) is not may


def test_who_has_answered_stop_stays_out_and_is_shown(
    make_config: MakeConfig, message: Path, run: Run
) -> None:
    config = make_config()
    take_in(config, run, YES | {"content": "STOP"})
    run("--config", config, "block", "add", "+46701740606", "--reason", "x")
    words = ["--config", config, "send", message, "--all", "--terms-not-required", "--reason", "kris"]
    ran = run_terminal([*words, "--strict"], [("[y/N]", "n")])
    assert "1 has answered STOP: phone them (row 2)." in ran.seen


def test_a_list_that_smsctl_wrote_is_known_again(
    make_config: MakeConfig, message: Path, run: Run, tmp_path: Path
) -> None:
    rows = [
        "Anna;0701740605;VH;Exempelkommun;nej",
        "Bo;saknas;VH;Exempelkommun;ja",
        "Ulf;08-465 004 00;VH;Exempelkommun;nej",
        "Siv;0701740608;VH;Exempelkommun;ja",
    ]
    config = make_config(rows=rows)
    run("--config", config, "send", message, "--all", "--yes", "--skip-invalid")
    listed = tmp_path / "skipped.csv"
    run("--config", config, "mailings", "skipped", 1, "--csv", listed)
    text = listed.read_text(encoding="utf-8-sig")
    mended = (
        text.replace("saknas", "0701740606")
        .replace("08-465 004 00", "0701740607")
        .replace("4684650", "0701740")
    )
    listed.write_text(mended, encoding="utf-8")
    again = run("--config", config, "send", message, "--all", "--recipients", listed, "--dry-run", "--json")
    assert again.code == 0, again.said
    assert again.data["recipients"]["ready"] == 1  # Ulf had not accepted, whatever his number
    old = tmp_path / "old.csv"
    old.write_text(
        "rad;orsak;nummer;namn\n2;terms;0701740605;Anna\n3;invalid;0701740606;Bo\n", encoding="utf-8"
    )
    found = run("--config", config, "send", message, "--all", "--recipients", old, "--dry-run", "--json").data
    assert (found["recipients"]["ready"], found["recipients"]["skipped"]) == (1, {"terms": 1})


def test_hidden_rows_of_a_workbook_are_asked_about(make_config: MakeConfig, message: Path, run: Run) -> None:
    config = make_config()
    cells = [HEADER.split(";"), *(f"P;07017406{n};VH;Exempelkommun;ja".split(";") for n in (10, 11, 12))]
    path = xlsx(message.parent / "r.xlsx", {"Blad1": cells}, hidden=(3,))
    words = ("--config", config, "send", message, "--all", "--recipients", path, "--dry-run")
    refused = run(*words)
    assert refused.code == 8
    assert "--hidden-rows send" in refused.err
    found = run(*words, "--json", "--hidden-rows", "skip").data["recipients"]
    assert (found["ready"], found["outside"], found["file_rows"]) == (2, {"hidden": 1}, 3)
    assert run(*words, "--json", "--hidden-rows", "send").data["recipients"]["ready"] == 3
    assert run(*words, "--hidden-rows", "perhaps").code == 2
    asked = run_terminal(words, [("hidden row too?", "n")])
    assert "hidden in the workbook" in asked.seen


@pytest.mark.parametrize("write", [xlsx, ods])
def test_a_hidden_row_that_is_left_out_still_protects(
    write: Callable[..., Path], make_config: MakeConfig, message: Path, run: Run
) -> None:
    cells = [one.split(";") for one in (PROTECTED_HEADER, *PROTECTED)]
    hidden = {2: "collapse"} if write is ods else (2,)
    path = write(message.parent / "r.book", {"Blad1": cells}, hidden=hidden)
    words = ("--all", "--recipients", path, "--hidden-rows", "skip", "--dry-run", "--json")
    found = run("--config", make_config(), "send", message, *words).data["recipients"]
    assert (found["ready"], found["skipped"]) == (1, {"no-number": 1, "blocked": 2})
    assert found["file_rows"] == found["audience_rows"] + found["outside"]["hidden"] == 5


def test_the_error_of_a_formula_is_no_empty_cell(
    make_config: MakeConfig, message: Path, run: Run, tmp_path: Path
) -> None:
    rows = ("Siv;0701740605;VH;Exempelkommun;ja;#N/A", PROTECTED[1])
    path = xlsx(tmp_path / "r.xlsx", {"Blad1": [one.split(";") for one in (PROTECTED_HEADER, *rows)]})
    words = ("--config", make_config(), "send", message, "--all", "--recipients", path, "--dry-run")
    ran = run(*words, "--json")
    assert (ran.data["recipients"]["ready"], ran.data["recipients"]["skipped"]) == (1, {"blocked": 1})
    xlsx(path, {"Blad1": [HEADER.split(";"), ["Siv", "#N/A", "VH", "Exempelkommun", "ja"]]})
    assert run(*words).code == 8


def test_a_workbook_is_checked_as_a_csv_is(make_config: MakeConfig, run: Run, tmp_path: Path) -> None:
    cells: list[list[Cell]] = [
        [*HEADER.split(";")],
        ["Anna", 701740605, "VH", "Exempelkommun", (46_251, "date")],
    ]
    path = xlsx(tmp_path / "r.xlsx", {"Blad1": cells})
    words = ("--config", make_config(), "recipients", "check", "--recipients", path)
    assert "XLSX, the sheet Blad1" in run(*words).out
    checked = run(*words, "--json").data
    assert (checked["encoding"], checked["sheet"], checked["recipients"]["ready"]) == ("XLSX", "Blad1", 1)
    config = make_config(recipients=str(path))
    for command in (("doctor",), ("inbox", "list"), ("recipients", "check")):
        assert "smsctl itself failed" not in run("--config", config, *command).said


def _formula_in(path: Path, held: str) -> Path:
    """Put a formula that no program has worked out in the place of a cell's text."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet], n = re.subn(rf' t="inlineStr"><is><t>{held}</t></is></c>', "><f>A9</f></c>", parts[sheet])
    assert n == 1
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


LISTED = ("Namn", "Mobil", "Grupp", "Kommun", "Godkänt villkor", "Skyddad identitet")


def test_a_protected_identity_that_no_program_has_worked_out_gets_no_message(
    make_config: MakeConfig, message: Path, run: Run
) -> None:
    """A program writes formulas without values; Excel works them out when it opens the file."""
    config = make_config()
    book = xlsx(
        config.with_name("r.xlsx"),
        {
            "Blad1": [
                (None, *LISTED),
                (None, "Anna", "0701740605", "VH", "Exempelkommun", "ja", "nej"),
                (None, "Bo", "0701740606", "VH", "Exempelkommun", "ja", "HELD"),
                (None, "Cy", "0701740607", "VH", "Exempelkommun", "ja", "#N/A"),
            ]
        },
    )
    sent = run(
        "--config",
        config,
        "send",
        message,
        "--all",
        "--recipients",
        _formula_in(book, "HELD"),
        "--yes",
        "--json",
    )
    assert (sent.code, sent.data["recipients"]["ready"]) == (0, 1), sent.said
    assert sent.data["recipients"]["skipped"] == {"blocked": 2}
    checked = run("--config", config, "recipients", "check", "--recipients", book, "--json")
    assert checked.data["recipients"]["skipped"] == {"blocked": 2}
    told = [one["text"] for one in checked.json["messages"]]
    assert [text for text in told if "neither yes nor no" in text], told


@pytest.mark.parametrize("held", ["HELD", "#REF!"])
def test_a_group_that_is_an_error_is_told(
    make_config: MakeConfig, message: Path, run: Run, held: str
) -> None:
    config = make_config()
    book = xlsx(
        config.with_name("r.xlsx"),
        {
            "Blad1": [
                LISTED[:5],
                *((n, f"07017406{n}", held if n == 6 else "VH", "Exempelkommun", "ja") for n in (10, 6)),
            ]
        },
    )
    book = _formula_in(book, "HELD") if held == "HELD" else book
    ran = run(
        "--config",
        config,
        "send",
        message,
        "--group",
        "guardians",
        "--recipients",
        book,
        "--dry-run",
        "--json",
    )
    assert ran.data["recipients"]["outside"] == {"other-group": 1}
    told = " ".join(one["text"] for one in ran.json["messages"])
    assert "stands the error of a formula" in told
    assert ("#N/A" if held == "HELD" else held) in told


def test_groups_that_resemble_the_one_asked_for_are_told(
    make_config: MakeConfig, message: Path, run: Run
) -> None:
    alike = ("VH1", "Vårdnadshavare 2", "VH och personal", "personal", "Elever", "7A", "7 A")
    rows = [f"{n};07017406{n};{group};Exempelkommun;ja" for n, group in enumerate(("VH", *alike), 10)]
    config = make_config(rows=rows)
    send = ("--config", config, "send", message, "--dry-run", "--json")
    told = [one["text"] for one in run(*send, "--group", "guardians").json["messages"]]
    (resemble,) = (text for text in told if "resemble" in text)
    assert '"VH1", "Vårdnadshavare 2", "VH och personal".' in resemble
    named = run(*send, *(f"--group={one}" for one in ("vh", *alike[:3])))
    assert "resemble" not in named.out
    told = [one["text"] for one in run(*send, "--group", "7 A").json["messages"]]
    assert [text for text in told if 'being in one: "7A".' in text], told


@pytest.mark.parametrize(
    ("wanted", "groups", "told"),
    [
        ("guardians", ("Vårdnadhavare", "Vårdnadshavarna", "Förälder", "Elever"), 3),
        ("staff", ("Personalen", "Person"), 1),
        ("7A", ("7A 7B", "Klass 7A", "7-A", "07A", "7AB", "17A"), 4),
    ],
)
def test_a_slip_of_a_group_and_a_class_among_words_are_told(
    wanted: str, groups: Sequence[str], told: int, make_config: MakeConfig, message: Path, run: Run
) -> None:
    rows = [f"{n};07017406{n};{group};Exempelkommun;ja" for n, group in enumerate((wanted, *groups), 10)]
    ran = run("--config", make_config(rows=rows), "send", message, "--group", wanted, "--dry-run", "--json")
    (resemble,) = (one["text"] for one in ran.json["messages"] if "resemble" in one["text"])
    assert [f'"{group}"' in resemble for group in groups] == [True] * told + [False] * (len(groups) - told)
    assert ran.data["recipients"]["ready"] == 1


@pytest.mark.parametrize(
    ("wanted", "cell", "shown"),
    [
        ("7A", "7 A", "7 A"),
        ("7A", "7-a", "7-a"),
        ("7A", '"7A, 7B"', "7A, 7B"),
        ("7A", "7A/7B", "7A/7B"),
        ("7A", '"7A\n7B"', "7A 7B"),
        ("7A", "Klass 7A", "… 7A"),
        ("7A", "'7A", "'7A"),
        ("7", '"7,0"', "7,0"),
        ("07", "7", "7"),
        ("Åmål", "Amal", "Amal"),
        ("astma", '"Bo Test, astma"', "… …, astma"),  # a cell may hold anything about anybody
        ("7A", "7AB", None),
        ("7A", "17A", None),
        ("Norr", "Norrskolan", None),
        ("", "7A", None),
    ],
)
def test_cells_that_resemble_a_value_asked_for_are_told(
    wanted: str, cell: str, shown: str | None, make_config: MakeConfig, message: Path, run: Run
) -> None:
    config = make_config(rows=())
    people = config.parent / "klass.csv"
    rows = (f"A;0701740605;{wanted};Exempelkommun;ja", f"B;0701740606;{cell};Exempelkommun;ja")
    people.write_text("\n".join(("Namn;Mobil;Klass;Kommun;Godkänt villkor", *rows, "")))
    where = (f"--where=Klass={wanted}",) if wanted else ("--where-empty", "Klass")
    ran = run("--config", config, "send", message, *where, "--recipients", people, "--dry-run", "--json")
    found = [one["text"] for one in ran.json["messages"] if "resemble" in one["text"]]
    assert (f'"{shown}"' in " ".join(found)) if shown else not found, ran.out
    assert ran.data["recipients"]["outside"] == {"where": 1}


def test_what_was_left_out_as_asked_for_is_told_row_by_row(
    make_config: MakeConfig, message: Path, run: Run
) -> None:
    """Of a row whose number is good nobody would else find out what is wrong with it."""
    config = make_config(
        rows=("A;123;VH;Exempelkommun;ja", "B;0701740606;VH;Exempelkommun;kanske", *MIXED[:1])
    )
    ran = run("--config", config, "send", message, "--all", "--skip-invalid", "--dry-run", "--json")
    told = " ".join(one["text"] for one in ran.json["messages"])
    assert ran.data["recipients"]["skipped"] == {"invalid": 2}
    assert 'Row 2: "123" has too few digits' in told
    assert 'Row 3: "kanske" under Godkänt villkor' in told


def test_a_column_of_identity_numbers_is_not_proposed_as_one_of_telephones(
    make_config: MakeConfig, message: Path, run: Run
) -> None:
    """That of somebody born in 2007 can be read as a mobile number, and it would be a stranger's."""
    config = make_config(rows=("A;070101-2382;ja",), header="Namn;Personnummer;Villkor")
    ran = run("--config", config, "send", message, "--all", "--dry-run")
    assert "No column with mobile numbers" in ran.said
    assert "number='Personnummer'" not in ran.said
