"""What calamine leaves empty in an XLS. The files are made here, record by record: little writes them now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from struct import pack

import pytest
from python_calamine import CalamineWorkbook

from smsctl.errors import InputError
from smsctl.spreadsheet import old_workbook as reading
from smsctl.spreadsheet.old_workbook import broken_in

from .conftest import MakeConfig
from .front_door import Ran, Run

HEADINGS = ("Namn", "Mobil", "Grupp", "Godkänt villkor", "Skyddad identitet")
_NOT_AVAILABLE = 0x2A


@dataclass(frozen=True)
class Cell:
    """What stands in a cell, but a plain text: records after its place."""

    kind: int
    body: bytes
    then: bytes = b""


ERROR = Cell(0x0205, bytes((_NOT_AVAILABLE, 1)))
TRUE = Cell(0x0205, bytes((1, 0)))


def formula(result: bytes, then: bytes = b"") -> Cell:
    """Return a cell with =1, which was worked out to a result."""
    return Cell(0x0006, result + bytes(6) + pack("<HBH", 3, 0x1E, 1), then)


WORKED_OUT_TO_AN_ERROR = formula(bytes((2, 0, _NOT_AVAILABLE, 0, 0, 0)) + b"\xff\xff")
WORKED_OUT_TO_NO_LETTERS = formula(bytes((3, 0, 0, 0, 0, 0)) + b"\xff\xff")
A_TEXT = bytes(6) + b"\xff\xff"


def record(kind: int, body: bytes = b"") -> bytes:
    return pack("<HH", kind, len(body)) + body


WORKED_OUT_TO_YES = formula(A_TEXT, record(0x0207, pack("<HB", 2, 0) + b"ja"))
NOT_WORKED_OUT = formula(A_TEXT)


def cell(row: int, column: int, what: str | Cell) -> bytes:
    place = pack("<HHH", row, column, 0)
    if isinstance(what, str):
        return record(0x0204, place + pack("<HB", len(what), 1) + what.encode("utf-16-le"))
    return record(what.kind, place + what.body) + what.then


Rows = Sequence[Sequence[str | Cell]]
BOF_OF_ALL, BOF_OF_ONE, BOF_OF_A_CHART = (
    record(0x0809, pack("<HHHHII", 0x0600, kind, 0, 0, 0, 0)) for kind in (0x05, 0x10, 0x20)
)
EOF = record(0x000A)
A_CHART = BOF_OF_A_CHART + cell(1, 4, ERROR) + EOF


def hides(row: int) -> bytes:
    return record(0x0208, pack("<HHHHHHHH", row, 0, 5, 255, 0, 0, 0x20, 15)) + record(
        0x0208, pack("<HHHHHHHH", row + 1, 0, 5, 255, 0, 0, 0x1C0, 15)
    )


def stream(*sheets: Rows, hidden: Iterable[int] = ()) -> bytes:
    """Return the records of a workbook; each sheet has a chart in it, and hides rows."""
    parts = [
        BOF_OF_ONE
        + A_CHART
        + b"".join(map(hides, hidden))
        + b"".join(cell(y, x, what) for y, row in enumerate(rows) for x, what in enumerate(row) if what != "")
        + EOF
        for rows in sheets
    ]
    names = [f"Blad{at}".encode() for at in range(len(sheets))]
    at = len(BOF_OF_ALL) + sum(4 + 8 + len(name) for name in names) + len(EOF)
    told = b""
    for name, part in zip(names, parts, strict=True):
        told += record(0x0085, pack("<IHBB", at, 0, len(name), 0) + name)
        at += len(part)
    return BOF_OF_ALL + told + EOF + b"".join(parts)


def old_workbook(*sheets: Rows, padded: int = 4096, hidden: Iterable[int] = ()) -> bytes:
    """Return an XLS: head, table of sectors, directory, and the stream, which is small unless `padded`."""
    holds = stream(*sheets, hidden=hidden)
    size = max(len(holds), padded)
    is_small = size < 4096
    holds = holds.ljust(-(-size // 512) * 512, b"\0")
    sectors = len(holds) // 512
    small = [*range(1, -(-size // 64)), 0xFFFFFFFE] if is_small else []
    after_directory = 3 if is_small else 2
    tables = 1
    while tables * 128 < after_directory - 1 + tables + sectors:
        tables += 1
    begins = after_directory - 1 + tables
    following = [0xFFFFFFFD] * tables + [0xFFFFFFFE] * (after_directory - 1)
    following += [*range(begins + 1, begins + sectors), 0xFFFFFFFE]
    table = pack(f"<{len(following)}I", *following).ljust(tables * 512, b"\xff")
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    head += pack(
        "<IIIIIIIIII",
        0,
        tables,
        tables,
        0,
        4096,
        tables + 1 if is_small else 0xFFFFFFFE,
        int(is_small),
        0xFFFFFFFE,
        0,
        0,
    )
    head += pack("<108I", *range(1, tables), *[0xFFFFFFFF] * (109 - tables)) if tables > 1 else b"\xff" * 432
    return (
        head
        + table
        + directory(begins, size, is_small=is_small, sectors=sectors)
        + small_table(small)
        + holds
    )


def small_table(small: list[int]) -> bytes:
    return pack(f"<{len(small)}I", *small).ljust(512, b"\xff") if small else b""


def directory(begins: int, size: int, *, is_small: bool, sectors: int) -> bytes:
    def entry(name: str, kind: int, child: int, first: int, length: int) -> bytes:
        written = f"{name}\0".encode("utf-16-le")
        found = written.ljust(64, b"\0") + pack("<HBB", len(written), kind, 1)
        return (found + pack("<III", 0xFFFFFFFF, 0xFFFFFFFF, child)).ljust(0x74, b"\0") + pack(
            "<II4x", first, length
        )

    root = entry("Root Entry", 5, 1, begins if is_small else 0xFFFFFFFE, sectors * 512 if is_small else 0)
    return (root + entry("Workbook", 2, 0xFFFFFFFF, 0 if is_small else begins, size)).ljust(512, b"\0")


PEOPLE: Rows = (
    HEADINGS,
    ("Anna", "0701740605", "VH", "ja", "nej"),
    ("Bo", "0701740606", "VH", "ja", ERROR),
    ("Cia", "0701740607", "VH", "ja", WORKED_OUT_TO_AN_ERROR),
    ("Dan", "0701740608", "VH", "ja", NOT_WORKED_OUT),
    ("Eva", "0701740609", "VH", "ja", WORKED_OUT_TO_YES),
    ("Fia", "0701740610", "VH", "ja", TRUE),
    ("Gun", "0701740611", "VH", "ja", WORKED_OUT_TO_NO_LETTERS),
    ("Hans", "0701740612", "VH", "ja", ""),
)
BROKEN = {3: [4], 4: [4], 5: [4]}


def broken(made: bytes, sheet: int, sheets: int) -> object:
    return broken_in(BytesIO(made), Path("r.xls"), sheet, sheets)


@pytest.mark.parametrize("padded", [0, 4096, 70_000])
def test_what_calamine_leaves_empty_is_found_in_files_of_any_size(padded: int, tmp_path: Path) -> None:
    (tmp_path / "r.xls").write_bytes(made := old_workbook(PEOPLE, padded=padded))
    read = CalamineWorkbook.from_path(str(tmp_path / "r.xls")).get_sheet_by_index(0).to_python()
    assert [row[4] for row in read[1:]] == ["nej", "", "", "", "ja", True, "", ""]
    assert broken(made, 0, 1) == BROKEN


def test_of_several_sheets_it_is_found_in_the_one_that_is_meant() -> None:
    made = old_workbook((HEADINGS,), PEOPLE, (HEADINGS, ("", ERROR)))
    assert [broken(made, place, 3) for place in range(3)] == [{}, BROKEN, {2: [1]}]


@pytest.mark.parametrize("cut", [600, 1_000, 1_600, 2_100])
def test_a_file_that_ends_too_early_is_told_as_unreadable(cut: int) -> None:
    with pytest.raises(InputError, match="is damaged, or not finished"):
        broken(old_workbook(PEOPLE)[:cut], 0, 1)
    with pytest.raises(InputError, match="is damaged, or not finished"):
        broken(old_workbook(PEOPLE), 0, 2)


@pytest.mark.parametrize("short", [Cell(0x0205, b"\x2a"), Cell(0x0006, A_TEXT)])
def test_a_record_that_is_too_short_is_told_as_damage(short: Cell) -> None:
    with pytest.raises(InputError, match="is damaged, or not finished"):
        broken(old_workbook((HEADINGS, (short,))), 0, 1)


def planned(run: Run, make_config: MakeConfig, tmp_path: Path, made: bytes, *flags: object) -> Ran:
    """Return what a dry run to everybody in a file tells."""
    (tmp_path / "r.xls").write_bytes(made)
    (tmp_path / "message.txt").write_text("Hej!\n", encoding="utf-8")
    sent = ("send", tmp_path / "message.txt", "--all", "--recipients", tmp_path / "r.xls")
    return run("--config", make_config(), *sent, "--dry-run", "--json", *flags)


def ready(ran: Ran) -> object:
    """Return how many would be sent to."""
    return ran.data["recipients"]["ready"]


def test_whoever_may_be_protected_gets_no_sms(run: Run, make_config: MakeConfig, tmp_path: Path) -> None:
    ran = planned(run, make_config, tmp_path, old_workbook(PEOPLE))
    assert ready(ran) == len(("Anna", "Gun", "Hans"))


def test_as_calamine_tells_it_three_more_would(
    run: Run, make_config: MakeConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(reading, "broken_in", lambda *_: {})
    ran = planned(run, make_config, tmp_path, old_workbook(PEOPLE))
    assert ready(ran) == len(("Anna", "Bo", "Cia", "Dan", "Gun", "Hans"))


def test_hidden_rows_are_asked_about_as_in_other_workbooks(
    run: Run, make_config: MakeConfig, tmp_path: Path
) -> None:
    made = old_workbook(PEOPLE, hidden=(0, 1, 30))
    ran = planned(run, make_config, tmp_path, made)
    assert (ran.code, "1 row" in ran.out, "--hidden-rows" in ran.out) == (8, True, True)
    for wish, sent in (("send", 3), ("skip", 2)):
        ran = planned(run, make_config, tmp_path, made, "--hidden-rows", wish)
        assert (ran.code, ready(ran)) == (0, sent), ran.out
