import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from smsctl.errors import InputError
from smsctl.spreadsheet import ReadOptions, open_sheet
from smsctl.spreadsheet.kinds import Hidden, HiddenRowsError

from .workbooks import ods, xlsx

HEADER = ("Namn", "Mobil", "Grupp")
ROWS = [HEADER, ("Åsa", "070-174 06 05", "elever"), ("Bo", "070-174 06 06", "elever")]


def test_a_workbook_of_excel_is_rows_as_the_sheet_shows_them(tmp_path: Path) -> None:
    cells = ("Åsa", 701_740_605, (46_367, "date"), (0.722_222_222_2, "time"), (46_367.722_222_2, "moment"))
    path = xlsx(tmp_path / "r.xlsx", {"Blad1": [("N", "M", "D", "K", "Ö", "J", "T"), (*cells, True, 70.5)]})
    sheet = open_sheet(path)
    assert list(sheet.rows()) == [
        ["Åsa", "701740605", "2026-12-11", "17:20", "2026-12-11 17:20", "SANT", "70,5"]
    ]
    assert (sheet.encoding, sheet.delimiter, sheet.name) == ("XLSX", "", "Blad1")


def test_a_workbook_of_libreoffice_is_read(tmp_path: Path) -> None:
    sheet = open_sheet(ods(tmp_path / "r.ods", {"Tabell1": ROWS}))
    assert (sheet.header, list(sheet.rows())[:2]) == (HEADER, [list(row) for row in ROWS[1:]])


def test_rows_keep_the_numbers_that_the_sheet_shows(tmp_path: Path) -> None:
    sheet = open_sheet(xlsx(tmp_path / "r.xlsx", {"Blad1": [ROWS[0], (), ROWS[1]]}))
    assert [any(row) for row in sheet.rows()] == [False, True]


def test_the_sheet_with_numbers_is_found(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "r.xlsx", {"Läs mig": [("Hej",), ("x",)], "Elever": ROWS})
    assert open_sheet(path).name == "Elever"


@pytest.mark.parametrize("sheets", [{"A": ROWS, "B": ROWS}, {"A": [("x",), ("y",)], "B": [("z",), ("w",)]}])
def test_where_the_sheet_is_not_clear_it_must_be_named(
    tmp_path: Path, sheets: dict[str, list[tuple[str, ...]]]
) -> None:
    path = xlsx(tmp_path / "r.xlsx", sheets)
    with pytest.raises(InputError) as caught:
        open_sheet(path)
    assert str(caught.value.hint) == "Name it with --sheet. They are: A, B."
    assert open_sheet(path, ReadOptions(sheet="b")).name == "B"
    with pytest.raises(InputError, match="no sheet called C"):
        open_sheet(path, ReadOptions(sheet="C"))


def test_a_named_column_tells_the_sheet_too(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "r.xlsx", {"A": [("x",), ("y",)], "B": [("Mobil VH1",), ("0701740605",)]})
    assert open_sheet(path, ReadOptions(numbers=("Mobil VH1",))).name == "B"


@pytest.mark.parametrize("numbered", [True, False])
def test_hidden_rows_of_excel_are_asked_about(tmp_path: Path, *, numbered: bool) -> None:
    path = xlsx(tmp_path / "r.xlsx", {"Blad1": [*ROWS, ()]}, hidden=(3, 4), numbered=numbered)
    with pytest.raises(HiddenRowsError) as caught:
        open_sheet(path, ReadOptions(hidden=None))
    assert caught.value.n == 1  # an empty one is nobody
    assert [row[:1] for row in open_sheet(path, ReadOptions(hidden=Hidden.SKIP)).rows()][:2] == [["Åsa"], []]
    assert [row[:1] for row in open_sheet(path, ReadOptions(hidden=Hidden.SEND)).rows()][:2] == [
        ["Åsa"],
        ["Bo"],
    ]


@pytest.mark.parametrize("visibility", ["collapse", "filter"])
def test_hidden_rows_of_libreoffice_are_asked_about(tmp_path: Path, visibility: str) -> None:
    path = ods(tmp_path / "r.ods", {"T": ROWS}, hidden={2: visibility})
    sheet = open_sheet(path, ReadOptions(hidden=Hidden.SKIP))
    assert sheet.left_out == {2}
    assert [row[:1] for row in sheet.rows()][:2] == [[], ["Bo"]]


def _zip(path: Path, name: str, content: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("r.xls", b"<html><table><tr><td>Mobil</td></tr></table></html>", "is a web page"),
        ("r.xls", b"\r\n<!DOCTYPE HTML>\n", "is a web page"),
        ("r.xls", b'<?xml version="1.0"?><Workbook/>', "is XML"),
        ("~$r.xlsx", b"\x05anna" + b"\0" * 160, "is the lock that a program keeps"),
        ("r.pdf", b"%PDF-1.7\n", "is a PDF"),
        ("r.xls", b"MIME-Version: 1.0\r\nContent-Type: multipart/related", "is a web page"),
        ("r.csv", b'[{"namn": "Bo", "mobil": "0701740605"}]', "is JSON"),
        ("r.json", b'{"namn": "Bo"}\n', "is JSON"),
        ("r.csv", b"{\\rtf1\\ansi}", "is a document of a word processor"),
        ("r.xlsx", b"PK\x03\x04\x14\x00\x06\x00", "is a workbook that cannot be read"),
        ("r.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "is a workbook that cannot be read"),
    ],
)
def test_what_only_looks_like_a_list_gets_its_own_sentence(
    tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=sentence) as caught:
        open_sheet(path)
    assert caught.value.hint


def test_a_zipped_csv_is_to_be_unpacked(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is an archive"):
        open_sheet(_zip(tmp_path / "r.zip", "r.csv", b"Mobil\n0701740605\n"))


def test_a_workbook_that_swells_is_not_unpacked(tmp_path: Path) -> None:
    path = _zip(tmp_path / "r.xlsx", "xl/worksheets/sheet1.xml", b" " * (60 << 20))
    with pytest.raises(InputError, match="unpacked it has 60 MB"):
        open_sheet(path)


def test_a_file_that_changes_after_it_was_opened_is_refused(tmp_path: Path) -> None:
    sheet = open_sheet(xlsx(tmp_path / "r.xlsx", {"Blad1": ROWS}))
    sheet.path.write_bytes(b"other")
    with pytest.raises(InputError, match="was changed while it was being read"):
        list(sheet.rows())


def test_a_csv_file_loads_nothing_for_workbooks(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("Mobil\n0701740605\n")
    script = (
        "import sys; from pathlib import Path; from smsctl.spreadsheet import open_sheet;"
        f"open_sheet(Path({str(path)!r})); print('python_calamine' in sys.modules, 'zipfile' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False"]


def test_a_number_has_the_digits_that_a_sheet_counts_with(tmp_path: Path) -> None:
    cells = [0.1 + 0.2, 2.9999999999999996, 1 / 3, -12.5, 123456789012]
    sheet = open_sheet(xlsx(tmp_path / "r.xlsx", {"Blad1": [HEADER, ("0701740605", *cells)]}))
    (row,) = sheet.rows()
    assert list(row)[1:6] == ["0,3", "3", "0,333333333333333", "-12,5", "123456789012"]


def _changed(path: Path, part: str, old: str, new: str) -> Path:
    """Write a workbook anew with one piece of its XML changed, as another program would have written it."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert old in parts[part]
    parts[part] = parts[part].replace(old, new, 1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


SHEET = "xl/worksheets/sheet1.xml"
HELD = '<c r="C2" t="inlineStr"><is><t>HELD</t></is></c>'
THREE = [HEADER, ("Åsa", "070-174 06 05", "HELD"), ("Bo", "070-174 06 06", "elever")]


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ('<c r="C2"><f>A2&amp;"x"</f></c>', "#N/A"),
        ('<c r="C2"><f>A2</f><v></v></c>', "#N/A"),
        ('<c r="C2"><f>A2</f><v/></c>', "#N/A"),
        ('<c r="C2" t="str"><f>A2</f></c>', "#N/A"),
        ('<c r="C2"><f t="shared" si="0"/></c>', "#N/A"),
        ('<c r="C2" t="str"><f>IF(1,"","ja")</f><v></v></c>', ""),
        ('<c r="C2" t="str"><f>IF(1,"","ja")</f><v/></c>', ""),
        ('<c r="C2" t="str"><f>A2</f><v>ja</v></c>', "ja"),
        ('<c r="C2"><f>1+1</f><v>2</v></c>', "2"),
        ("<c r='C2' t='e'><v>#REF!</v></c>", "#N/A"),
        ('<c r="C2" s="1"/>', ""),
    ],
)
def test_a_formula_that_nobody_has_worked_out_is_no_empty_cell(tmp_path: Path, cell: str, shown: str) -> None:
    """Empty would be "no" under Skyddad identitet."""
    path = _changed(xlsx(tmp_path / "r.xlsx", {"Blad1": THREE}), SHEET, HELD, cell)
    assert [row[2] for row in open_sheet(path).rows()] == [shown, "elever"]


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ('office:value-type="string" office:string-value="" calcext:value-type="error"><text:p>#N/A', "#N/A"),
        ('table:formula="of:=A2"><text:p>', "#N/A"),
        ('table:formula="of:=A2" office:value-type="string" office:string-value=""><text:p>', ""),
    ],
)
def test_the_same_of_libreoffice(tmp_path: Path, cell: str, shown: str) -> None:
    path = _changed(
        ods(tmp_path / "r.ods", {"T": THREE}),
        "content.xml",
        'office:value-type="string"><text:p>HELD',
        cell,
    )
    assert [row[2] for row in open_sheet(path).rows()][:2] == [shown, "elever"]


def test_an_error_in_a_cell_that_does_not_say_where_it_is_is_refused(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "r.xlsx", {"Blad1": THREE})
    with pytest.raises(InputError, match="cannot be read"):
        open_sheet(_changed(path, SHEET, HELD, '<c t="e"><v>#N/A</v></c>'))


def test_rows_of_nothing_but_such_formulas_are_rows(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "r.xlsx", {"Blad1": ROWS})
    path = _changed(path, SHEET, "</sheetData>", '<row r="5"><c r="B5"><f>A9</f></c></row></sheetData>')
    assert [row[1] for row in open_sheet(path).rows()][2:] == ["", "#N/A"]


def test_errors_stand_where_they_are_in_a_list_that_begins_in_the_second_column(tmp_path: Path) -> None:
    rows = [(None, *HEADER), (None, "Åsa", "0701740605", "#N/A"), (None, "Bo", "#N/A", "elever")]
    sheet = open_sheet(xlsx(tmp_path / "r.xlsx", {"Blad1": rows}))
    assert list(sheet.rows()) == [["Åsa", "0701740605", "#N/A"], ["Bo", "#N/A", "elever"]]


def test_cells_that_are_merged_downwards_have_the_value_in_each_row(tmp_path: Path) -> None:
    rows = [
        HEADER,
        ("A", "1", "elever"),
        ("B", "2", None),
        ("C", "3", None),
        ("D", "4", None),
        (None, None, None),
        ("E", "5", "x"),
    ]
    path = xlsx(tmp_path / "r.xlsx", {"Blad1": rows})
    ranges = "".join(f'<mergeCell ref="{one}"/>' for one in ("C2:C4", "A1:A2", "A5:C6"))
    path = _changed(path, SHEET, "</worksheet>", f"<mergeCells>{ranges}</mergeCells></worksheet>")
    assert [row[2] for row in open_sheet(path).rows()] == ["elever", "elever", "elever", "", "", "x"]
    assert [row[0] for row in open_sheet(path).rows()] == ["A", "B", "C", "D", "", "E"]


def test_the_same_of_cells_that_libreoffice_has_merged(tmp_path: Path) -> None:
    path = ods(tmp_path / "r.ods", {"T": [HEADER, ("A", "1", "HELD"), ("B", "2", ""), ("C", "3", "")]})
    spanned = 'table:number-rows-spanned="2" office:value-type="string"><text:p>HELD'
    path = _changed(path, "content.xml", 'office:value-type="string"><text:p>HELD', spanned)
    assert [row[2] for row in open_sheet(path).rows()][:3] == ["HELD", "HELD", ""]


def test_rows_in_an_outline_of_libreoffice_keep_their_numbers(tmp_path: Path) -> None:
    path = ods(tmp_path / "r.ods", {"T": ROWS}, hidden={2: "collapse"})
    row = '<table:table-row table:visibility="collapse">'
    path = _changed(path, "content.xml", row, f"<table:table-row-group>{row}")
    bo = '<table:table-row><table:table-cell office:value-type="string"><text:p>Bo'
    broken = bo.replace("><text:p>", ' calcext:value-type="error"><text:p>')
    path = _changed(path, "content.xml", bo, f"</table:table-row-group>{broken}")
    assert [row[0] for row in open_sheet(path).rows()][:2] == ["Åsa", "#N/A"]
    assert open_sheet(path, ReadOptions(hidden=Hidden.SKIP)).left_out == {2}


@pytest.mark.parametrize("place", ["XFD1048576", "A99999999", "AAA1048576"])
def test_a_cell_far_out_is_refused_before_room_is_made_for_all_before_it(tmp_path: Path, place: str) -> None:
    """The process ended with a signal, and said nothing."""
    path = xlsx(tmp_path / "r.xlsx", {"Blad1": ROWS})
    cell = f'<row><c r="{place}" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
    with pytest.raises(InputError, match="stands far out"):
        open_sheet(_changed(path, SHEET, "</sheetData>", cell))


def test_it_is_told_where_another_sheet_holds_numbers_too(tmp_path: Path) -> None:
    other = [("Namn", "Tel.nr"), ("Bo", "0701740606")]
    path = xlsx(tmp_path / "r.xlsx", {"7A": ROWS, "7B": other, "Info": [("Hej",), ("2026-11-30",)]})
    told = str(open_sheet(path).notice)
    assert "only the sheet 7A is read, though there are numbers in others too: 7B." in told
    assert open_sheet(path, ReadOptions(sheet="7A")).notice is None
    assert open_sheet(xlsx(path, {"7A": ROWS, "Info": [("Hej",)]})).notice is None


@pytest.mark.parametrize("name", ["word/document.xml", "Index/Document.iwa"])
def test_a_document_of_another_program_is_to_be_saved_as_a_list(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="is a document of Numbers") as caught:
        open_sheet(_zip(tmp_path / "r.numbers", name, b"x"))
    assert "save the list as a workbook" in str(caught.value.hint)
