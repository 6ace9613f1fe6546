"""What a file holds in the wrong place is not repeated: no number, no name, in no sentence and no list."""

from pathlib import Path

import pytest

from ..conftest import MakeConfig
from ..front_door import Run

NUMBERS = ("0701740605", "20121212-1212", "201212121212", "070-174 06 99")
SWAPPED = "Åsa;elever;{};Exempelkommun;ja"
TERMS = "Åsa;0701740605;elever;Exempelkommun;{}"
PAYER = "Åsa;0701740605;elever;{};ja"


@pytest.mark.parametrize("cell", NUMBERS)
@pytest.mark.parametrize("row", [SWAPPED, TERMS, PAYER])
@pytest.mark.parametrize(
    "line", ["recipients check", "recipients check --json", "send message.txt --group vh --dry-run"]
)
def test_a_number_in_a_wrong_column_is_not_repeated(
    row: str,
    cell: str,
    line: str,
    make_config: MakeConfig,
    message: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = make_config(rows=[row.format(cell), TERMS.format("ja")])
    monkeypatch.chdir(message.parent)
    ran = run("--config", config, *line.split())
    assert cell not in ran.said
    assert ran.code in (0, 5, 8)


def test_names_in_the_column_of_groups_are_counted_only(
    make_config: MakeConfig, message: Path, run: Run
) -> None:
    config = make_config(rows=[f"x;0701740605;Familjen {n};Exempelkommun;ja" for n in range(30)])
    for line in (("recipients", "check"), ("send", message, "--group", "vh", "--dry-run")):
        ran = run("--config", config, *line)
        assert "Familjen" not in ran.said
    few = make_config(rows=[f"x;0701740605;Klass {n};Exempelkommun;ja" for n in range(3)])
    assert "Klass 1" in run("--config", few, "recipients", "check").said


def test_the_suppliers_cells_are_not_repeated_either(
    make_config: MakeConfig, run: Run, tmp_path: Path
) -> None:
    config, file = make_config(), tmp_path / "bill.csv"
    for text in (
        "month;parts\n2026-11;20121212-1212\n",
        "month;parts\n0701740605;3\n",
        "20121212-1212;070-174 06 05\n1;2\n",
    ):
        file.write_text(text)
        ran = run("--config", config, "invoices", "compare", file)
        assert ran.code == 8
        assert not any(number in ran.said for number in NUMBERS)
