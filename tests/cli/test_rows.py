"""Every row of the recipients file is accounted for: in the plan, the check, JSON, and afterwards."""

import csv
from pathlib import Path
from typing import Any

import pytest

from ..conftest import HEADER, MakeConfig
from ..front_door import Run, run_terminal

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


@pytest.mark.parametrize("words", [("--where", "Grupp="), ("--where", "Grupp= "), ("--where-empty", "")])
def test_an_empty_variable_chooses_nobody(
    words: tuple[str, str], make_config: MakeConfig, message: Path, run: Run
) -> None:
    ran = run("--config", make_config(), "send", message, *words, "--yes")
    assert ran.code == 2
    assert "Is the variable in the command empty?" in ran.err


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
            (one["row"], one["reason"], one["number"], one["name"])
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
