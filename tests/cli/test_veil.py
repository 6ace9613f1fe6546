"""What a file holds in the wrong place is not repeated: no number, no name, in no sentence and no list."""

import json
import re
from pathlib import Path

import pytest

from smsctl.domain.cells import veiled
from smsctl.domain.spelling import veil_name
from smsctl.gateways.outcome import quoted

from ..conftest import HEADER, LiveGateway, MakeConfig
from ..front_door import Run

NUMBERS = ("0701740605", "20121212-1212", "201212121212", "070-174 06 99", "070-99", "+46 70 99")
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


NAME = "Kanarina Fågelsång"
SPELLINGS = (
    "070-174 06 17",
    "46701740617",
    "+46 70 174 06 17",
    "0046701740617",
    "+46(0)70-1740617",
    "070.174.06.17",
    "070\u2011174\u201106\u201117",
    "700101-1234",
    "197001011234",
)
CELL = "{};0701740605;elever;Exempelkommun;ja"
COLUMNS = HEADER.replace("Namn", "{}")
BLOCKED = "Mobil\n{}\n"
BILL = "month;invoice_node;parts\n2026-11;{};3\n"
PARTS = "month;invoice_node;parts\n2026-11;skola;{}\n"
PLUGIN = "{}=x\nintele_username=demo\n"
ODD_PLUGIN = "intele_{}=x\nintele_username=demo\n"
REPORTS = [
    json.dumps({"dr": {"statusCode": "1", "messageId": "m", "customerMessageReference": "r", field: "{}"}})
    for field in (
        "statusCode",
        "statusDescription",
        "customerMessageReference",
        "messageId",
        "recipient",
        "x",
    )
]
SMS = json.dumps({"mo": {"originator": "{}", "sno": "2222", "content": "ring {}", "messageid": "m1"}})


def told(said: str) -> list[str]:
    """What is repeated of the name or of a number, however it is written; but for the advice how to."""
    said = said.replace("070-174 06 05", "")
    close = re.sub(r"[\s().\-/\u2010-\u2015]", "", re.sub(r"\S*/pytest-\S*", "", said))
    found = [one for one in ("70174", "17406", "40617", "01011", "11234") if one in close]
    return found + [one for one in (NAME, ascii(NAME)[1:-1], json.dumps(NAME)[1:-1]) if one in said]


@pytest.mark.parametrize("written", [*SPELLINGS, NAME])
@pytest.mark.parametrize(
    ("content", "line"),
    [
        (BLOCKED, "block import FILE"),
        *((report, "reports import FILE") for report in REPORTS),
    ],
)
def test_neither_a_number_nor_a_name_is_repeated(
    written: str, content: str, line: str, make_config: MakeConfig, run: Run, tmp_path: Path
) -> None:
    if written == NAME and "Description" in content:
        return  # whatever words a gateway has
    assert not _said_of(written, content, line, make_config(), run, tmp_path)


@pytest.mark.parametrize("written", SPELLINGS)
@pytest.mark.parametrize(
    ("content", "line"),
    [
        (BILL, "invoices compare FILE"),
        (PARTS, "invoices compare FILE"),
        (PLUGIN, "config import FILE"),
        (ODD_PLUGIN, "config import FILE"),
        (SMS, "reports import FILE"),
        (COLUMNS, "recipients check"),
        (COLUMNS.replace("Godkänt villkor", "{}"), "recipients check"),
    ],
)
def test_no_number_is_repeated(
    written: str, content: str, line: str, make_config: MakeConfig, run: Run, tmp_path: Path
) -> None:
    header = content.replace("{}", written) if line == "recipients check" else HEADER
    config = make_config(rows=[CELL.format(x) for x in "ab"], header=header)
    assert not _said_of(written, content, line, config, run, tmp_path)


def _said_of(written: str, content: str, line: str, config: Path, run: Run, tmp_path: Path) -> list[str]:
    file = tmp_path / "in.txt"
    file.write_text(content.replace("{}", written), encoding="utf-8")
    lines = [line.replace("FILE", str(file)), f"{line} --json".replace("FILE", str(file))]
    if line.startswith("reports"):
        lines += ["reports unmatched", "reports unmatched --json", "inbox list", "inbox list --json"]
    ran = [run("--config", config, *one.split()) for one in lines]
    assert not [one.said for one in ran if one.code not in (0, 8)]
    return [part for one in ran for part in told(one.said)]


def test_what_is_somebodys_is_shown_to_whoever_asks_for_numbers(
    make_config: MakeConfig, run: Run, tmp_path: Path
) -> None:
    config, file = make_config(), tmp_path / "reports.json"
    file.write_text(SMS.replace("{}", SPELLINGS[0]), encoding="utf-8")
    run("--config", config, "reports", "import", file)
    assert SPELLINGS[0] in run("--show-numbers", "--config", config, "inbox", "list").said
    assert SPELLINGS[0] in run("--config", config, "inbox", "show", "1").said


@pytest.mark.parametrize("written", SPELLINGS)
def test_a_gateways_words_hold_no_number(written: str) -> None:
    said = f"no SMS to {written}, since 2026-11-28 06:14:30"
    assert not told(quoted(said, ""))
    assert "2026-11-28 06:14:30" in quoted(said, "")


@pytest.mark.parametrize(
    "words",
    [
        "10 000 SMS of 12 500",
        "451 4.7.500 127.0.0.1:4711",
        "service 4711, 192.168.100.200",
        "2026-11-28T06:14:30",
        "HTTP 503",
    ],
)
def test_figures_addresses_and_dates_stay(words: str) -> None:
    assert quoted(words, "") == words


@pytest.mark.parametrize("cell", ["Fågelsång", "Anna Andersson"])
@pytest.mark.parametrize("content", ["month;parts\n{};3\n", "month;parts\n2026-11;{}\n"])
def test_a_name_in_the_suppliers_file_is_not_repeated(
    cell: str, content: str, make_config: MakeConfig, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "bill.csv"
    file.write_text(content.format(cell), encoding="utf-8")
    ran = run("--config", make_config(), "invoices", "compare", file)
    assert (ran.code, "row 2" in ran.err) == (8, True)
    assert not any(word in ran.said for word in cell.split())


def test_a_number_in_a_key_is_not_repeated(live_gateway: LiveGateway, message: Path, run: Run) -> None:
    config = live_gateway().config
    sending = ("--all", "--yes", "--max-parts", 9, "--key", "ring-0701740617")
    for line in (
        ("send", message, *sending),
        ("send", message, *sending),
        ("send", message, *sending, "--urgent", "--reason", "x"),
        ("send", message, "--group", "elever", *sending[1:]),
        ("doctor",),
        ("doctor", "--expect", "ring-0701740617"),
    ):
        ran = run("--config", config, *line)
        assert not told(ran.said), line


@pytest.mark.parametrize("name", ["Andersson", "Anna-Lena", "Kanarina.Ek"])
def test_a_name_that_stands_for_a_code_is_none(name: str) -> None:
    assert veil_name(name) == "…"


@pytest.mark.parametrize("month", ["2026-11", "2025/26", "7B", "Åk 7-9", "HT 2026"])
def test_months_school_years_and_classes_stay(month: str) -> None:
    assert veiled(month) == month


@pytest.mark.parametrize("code", ["DELIVRD", "104", "r-1/2", "1cyb9lz2x5", "9f86d081884c7d65", "40617.55"])
def test_codes_and_ids_stay(code: str) -> None:
    assert veil_name(code) == code
