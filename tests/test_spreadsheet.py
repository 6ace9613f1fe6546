import codecs
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smsctl.errors import InputError
from smsctl.spreadsheet import MAX_ROWS, ReadOptions, Sheet, open_sheet
from smsctl.spreadsheet.text import MAX_FIELD

HEADER = "Namn;Mobil;Grupp"
ROW = "Åsa;070-174 06 05;elever"


def sheet(
    folder: Path, content: str | bytes, encoding: str | None = None, delimiter: str | None = None
) -> Sheet:
    path = folder / "r.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return open_sheet(path, ReadOptions(encoding=encoding, delimiter=delimiter))


def refusal(
    folder: Path, content: str | bytes, encoding: str | None = None, delimiter: str | None = None
) -> str:
    """Return the sentence, with the folder's name left out."""
    with pytest.raises(InputError) as caught:
        list(sheet(folder, content, encoding, delimiter).rows())
    return str(caught.value).replace(f"{folder}{os.sep}", "")


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize(
    ("codec", "shown"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16-LE"),
        ("utf-16-le", "UTF-16-LE"),
        ("utf-16-be", "UTF-16-BE"),
        ("cp1252", "Windows-1252"),
    ],
)
def test_every_way_excel_in_sweden_saves_is_read(
    tmp_path: Path, delimiter: str, line_end: str, codec: str, shown: str
) -> None:
    text = line_end.join([HEADER, ROW, ROW, ""]).replace(";", delimiter)
    read = sheet(tmp_path, text.encode(codec))
    assert read.header == ("Namn", "Mobil", "Grupp")
    assert list(read.rows()) == [["Åsa", "070-174 06 05", "elever"]] * 2
    assert (read.encoding, read.delimiter) == (shown, delimiter)
    assert (read.notice is not None) == (codec == "cp1252")


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [
        ("Namn;Mobil, privat", ";"),
        ('"Namn; efternamn",Mobil', ","),
        ("Efternamn, förnamn, titel;Mobil", ";"),
        ('"Mobil\n;",Namn', ","),
        ("Namn\tMobil;privat", "\t"),
        ("Namn;Mobil\t", ";"),
        ("Mobil", ";"),
    ],
)
def test_the_delimiter_is_seen_in_the_header_outside_quotes(
    tmp_path: Path, header: str, delimiter: str
) -> None:
    assert sheet(tmp_path, f"{header}\nx{delimiter}y\n").delimiter == delimiter


def test_the_delimiter_is_the_mark_that_cuts_the_rows_as_the_heading(tmp_path: Path) -> None:
    assert sheet(tmp_path, "Namn;Mobil\t;Grupp\nÅsa;070;elever\n").delimiter == ";"
    assert sheet(tmp_path, "Namn, hela;Mobil, privat\nÅsa;070\n").delimiter == ";"


def test_a_space_before_a_quote_is_no_part_of_a_cell_where_the_heading_has_it_too(tmp_path: Path) -> None:
    spaced = sheet(tmp_path, '"Namn", "Mobil"\n"Ö, Åsa", "070"\n"B ""C"" D",   "071"\n')
    assert spaced.header == ("Namn", "Mobil")
    assert [*spaced.rows()] == [["Ö, Åsa", "070"], ['B "C" D', "071"]]
    assert [*sheet(tmp_path, 'Namn; Mobil\n"Åsa"; 6" x\n').rows()] == [["Åsa", ' 6" x']]


def test_where_the_delimiter_cannot_be_told_it_must_be_said(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        sheet(tmp_path, "Namn;Mobil,privat\nÅsa;070,x\n")
    assert str(caught.value.hint) == "Say it with --delimiter: semicolon, comma or tab."
    assert sheet(tmp_path, "Namn;Mobil,privat\nÅsa;070,x\n", delimiter=",").header == ("Namn;Mobil", "privat")


@pytest.mark.parametrize(
    "preface",
    [
        "sep=;",
        "SEP=;",
        '"sep=;"',
        "sep=; ",
        "sep=;;;;",
        "#TYPE System.Management.Automation.PSCustomObject",
        "#TYPE Selected.Microsoft.ActiveDirectory.Management.ADUser;;;",
    ],
)
def test_the_line_before_the_header_that_is_for_programs_is_no_header(tmp_path: Path, preface: str) -> None:
    read = sheet(tmp_path, codecs.BOM_UTF8 + f"{preface}\r\nMobil;Namn, hela\r\n1;2\r\n".encode())
    assert (read.header, list(read.rows())) == (("Mobil", "Namn, hela"), [["1", "2"]])


def test_the_file_goes_by_its_whole_name(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "people.csv").write_text("Namn;Mobil\nÅsa;0701740605\n", encoding="utf-8")
    found = open_sheet(tmp_path / "lists" / ".." / "people.csv")
    assert found.path == tmp_path.resolve() / "people.csv"


def test_a_delimiter_that_is_asked_for_holds(tmp_path: Path) -> None:
    assert sheet(tmp_path, "a;b,c\n1;2,3\n", delimiter=",").header == ("a;b", "c")


def test_an_encoding_that_is_asked_for_holds(tmp_path: Path) -> None:
    assert sheet(tmp_path, "Å\nö\n".encode("cp850"), encoding="cp850").header == ("Å",)


@pytest.mark.parametrize(
    ("encoding", "cell", "told"),
    [
        ("cp850", "Vårdnadshavare", "† stands where å, ä or ö should. The file is CP850 (DOS)"),
        ("cp437", "Källström", "„ ” stands where å, ä or ö should. The file is CP850 (DOS)"),
        ("mac_roman", "Källström", "Š š stands where å, ä or ö should. The file is MacRoman"),
    ],
)
def test_letters_of_dos_and_of_an_old_mac_are_not_taken_for_others(
    tmp_path: Path, encoding: str, cell: str, told: str
) -> None:
    """Groups and names in the text would be garbled; that far down also beyond the first piece."""
    rows = ("M;N\n" + "1;2\n" * 300_000 + f"3;{cell}\n").encode(encoding)
    assert refusal(tmp_path, rows) == f"r.csv, line 300002: {told}, not Windows-1252."


@pytest.mark.parametrize(
    "name",
    [
        *("Åsa ”Bosse” Öst", "Šefik", "Hodži", "Tšekki", "kl 8–9 …", "“Åsa”", "€ 5", "Tomáš", "Lukáš Škoda"),
        "Kalninš Sjöberg",
        "Bo Berg† är struken",
    ],
)
def test_what_windows_writes_is_read(tmp_path: Path, name: str) -> None:
    assert list(sheet(tmp_path, f"M;N\n1;{name}\n".encode("cp1252")).rows()) == [["1", name]]


def test_quotes_line_breaks_and_empty_rows_are_kept_as_they_stand(tmp_path: Path) -> None:
    read = sheet(tmp_path, '"N ""x""";M\r\n"a\nb;c";d\r\n\r\n;\r\n')
    assert read.header == ('N "x"', "M")
    assert list(read.rows()) == [["a\nb;c", "d"], [], ["", ""]]


def test_nameless_columns_at_the_end_are_dropped_where_they_are_empty(tmp_path: Path) -> None:
    read = sheet(tmp_path, "N;M; ;\n1;2;;\n1;2;3;\n1;2\n")
    assert read.header == ("N", "M")
    assert list(read.rows()) == [["1", "2"], ["1", "2", "3", ""], ["1", "2"]]


def test_rows_can_be_read_more_than_once(tmp_path: Path) -> None:
    read = sheet(tmp_path, "M\n1\n2\n")
    assert list(read.rows()) == list(read.rows()) == [["1"], ["2"]]


@pytest.mark.parametrize("n", [1, 4_096, 4_097, 20_000])
def test_how_far_a_file_is_read_is_told_now_and_then(n: int, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("Namn;Mobil\n" + "".join(f"Elev;{place}\n" for place in range(10_000, 10_000 + n)))
    told: list[tuple[int, int]] = []
    watched = open_sheet(path, ReadOptions(on_progress=lambda done, total: told.append((done, total))))
    told.clear()
    assert list(watched.rows()) == list(open_sheet(path).rows())
    assert [done for done, _ in told] == list(range(0, n, 4096))
    assert all(done <= total for done, total in told)
    assert all(total == pytest.approx(n, rel=0.2, abs=2) for _, total in told)


def test_the_time_of_change_is_told_in_utc(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("M\n1\n")
    os.utime(path, (1_767_225_600, 1_767_225_600))
    assert open_sheet(path).modified == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "r.csv is empty."),
        (codecs.BOM_UTF8, "r.csv is empty."),
        (b"\r\n \r\n", "r.csv is empty."),
        (HEADER, "r.csv has a header but no rows."),
        (HEADER + "\r\n", "r.csv has a header but no rows."),
        (HEADER + "\r\n;;\r\n\r\n", "r.csv has a header but no rows."),
        ("sep=;\r\n", "r.csv has no header: the first row is empty."),
        (";;\n1;2;3\n", "r.csv has no header: the first row is empty."),
        ("\n\nM\n1\n", "r.csv has no header: the first row is empty."),
        ("sep=|\r\nM|N\r\n1|2\r\n", "r.csv: '|' cannot separate columns."),
        (b"M\n07\x00\n", "r.csv is not a text file: it has NUL bytes."),
        (
            'M;N\n1;2\n1;"2\n3;4\n',
            'r.csv, line 3: the row that begins here has a stray quote (").',
        ),
        (
            'sep=;\nM;N\n1;2\n1;"2\n3;4\n',
            'r.csv, line 4: the row that begins here has a stray quote (").',
        ),
        (
            'M;N\n"a\nb";2\n"1"2;3\n',
            'r.csv, line 4: the row that begins here has a stray quote (").',
        ),
        (
            '"M;N\n1;2\n',
            'r.csv, line 1: the row that begins here has a stray quote (").',
        ),
        (
            "M;N\n1;2\n1;" + "x" * (MAX_FIELD + 1),
            "r.csv, line 3: a field of the row that begins here has over 131072 characters.",
        ),
        (
            'M;N\n1;2\n1;"2\n' + "1;2\n" * MAX_FIELD,
            "r.csv, line 3: a field of the row that begins here has over 131072 characters.",
        ),
    ],
)
def test_a_fault_in_the_structure_is_refused_with_its_line(
    tmp_path: Path, content: str | bytes, sentence: str
) -> None:
    assert refusal(tmp_path, content) == sentence


@pytest.mark.parametrize(
    "swallowed",
    [
        'N;M;G;A\n1;2;g;"ring inte\n3;4;g;x\n5;6;g;y"\n7;8;g;z\n',
        'N;M;G;A\n"Åsa;0701740605;g;x\nBo";0701740606;g;y\nC;0701740607;g;z\n',
        'N;M;G;A\nÅsa;0701740605;"g;x\nBo;0701740606;g";y\n',
        'N;M;G\n"Åsa;070-174 06 05;g\nBo;0701740606;g\nC";0701740607;g\n',
        'N,M\n"Åsa,0701740605\nBo",0701740606\n',
        'M;N\n0701740605;"Åsa\n0701740606;Bo"\n',
        'M;N\r0701740605;"Åsa\r0701740606;Bo"\r',
    ],
)
def test_a_cell_that_has_swallowed_rows_is_refused(tmp_path: Path, swallowed: str) -> None:
    """Nothing else tells of them, also where it has swallowed the end of one row and half the next."""
    assert refusal(tmp_path, swallowed) == (
        'r.csv, line 2: a cell of the row that begins here holds whole rows: a closing quote (") is missing.'
    )


@pytest.mark.parametrize(
    "note",
    [
        'N;M;G;A\n1;2;g;"ring inte\npå dagen; tack"\n3;4;g;x\n',
        'N;M\n"Åsa; mamma\ntill Bo";0701740605\nC;0701740607\n',
        'N;M;G;A\n"Åsa\n(mamma)";"070-174\n06 05";"vh\npersonal";x\nC;0701740607;g;y\n',
        'N;M;G;A\n1;2;g;"Allergier:\nnötter; mjölk; ägg; fisk; soja"\n3;4;g;x\n',
        'N,M,G,A\n1,2,"Storgatan 1, lgh 1201\nc/o Test, plan 2, port B, hus C",x\n3,4,g,x\n',
    ],
)
def test_a_note_on_several_lines_is_no_row(tmp_path: Path, note: str) -> None:
    assert len(list(sheet(tmp_path, note).rows())) == 2


def test_the_mark_of_dos_after_the_last_line_is_no_row(tmp_path: Path) -> None:
    assert list(sheet(tmp_path, "M;N\r\n1;2\r\n\x1a").rows()) == [["1", "2"], []]


@pytest.mark.parametrize(
    "content",
    [
        '"N,M,G"\n"Åsa,0701740605,g"\n',
        '"N;M;G"\n"Åsa;0701740605;g"\n',
        '"N,M,G";;\n"Åsa,0701740605,g";;\n',
        "sep=,\nN;M;G\nÅsa;0701740605;g\n",
    ],
)
def test_rows_of_one_cell_each_are_told_as_such(tmp_path: Path, content: str) -> None:
    assert "r.csv: each row is one cell" in refusal(tmp_path, content)


def test_a_single_row_that_is_somebodys_has_no_heading(tmp_path: Path) -> None:
    assert refusal(tmp_path, "Anna Test;0701740605\n") == "r.csv has a single row, and no heading above it."


def test_the_longest_field_allowed_is_read(tmp_path: Path) -> None:
    assert list(sheet(tmp_path, f"M\n{'å' * MAX_FIELD}\n").rows()) == [["å" * MAX_FIELD]]


@pytest.mark.parametrize("delimiter", ["|", ";;", '"', "\n", "x"])
def test_a_delimiter_that_cannot_be_one_is_refused(tmp_path: Path, delimiter: str) -> None:
    assert "cannot separate columns" in refusal(tmp_path, "M\n1\n", delimiter=delimiter)


def test_a_million_rows_are_read_and_empty_ones_may_follow(tmp_path: Path) -> None:
    read = sheet(tmp_path, "M\n" + "1\n" * MAX_ROWS + "\n\n")
    assert sum(1 for _ in read.rows()) == MAX_ROWS


def test_one_row_more_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, "M\n" + "1\n" * (MAX_ROWS + 1)) == "r.csv has more than 1000000 rows."


@pytest.mark.parametrize("later", ["M\n1\n2\n3\n", "M\n1\n2\xe5", 'M\n1\n"2'])
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, later: str) -> None:
    read = sheet(tmp_path, "M\n1\n2\n")
    read.path.write_bytes(later.encode("latin-1"))
    with pytest.raises(InputError, match="was changed while it was being read"):
        list(read.rows())


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        open_sheet(tmp_path / "none.csv")


def test_a_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        open_sheet(tmp_path)


def test_what_is_no_ordinary_file_is_told() -> None:
    with pytest.raises(InputError, match="is not an ordinary file"):
        open_sheet(Path(os.devnull))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=120)
    | st.text(st.sampled_from('Mab1;,\t"\r\n\0 å=sep'), max_size=60).map(lambda text: text.encode("utf-8"))
)
def test_any_bytes_are_rows_or_an_input_error(tmp_path: Path, content: bytes) -> None:
    try:
        read = sheet(tmp_path, content)
        rows = list(read.rows())
    except InputError:
        return
    assert read.header[-1]
    assert any(map(any, rows))
