"""Workbooks as Excel and LibreOffice write them, made by hand for the tests."""

import zipfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

Cell = str | float | bool | tuple[float, str] | None
"""A text, a number, yes or no, or a number in a format: date, time or moment."""

_FORMATS = {"date": 1, "time": 2, "moment": 3}
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_STYLES = (
    f'<styleSheet xmlns="{_MAIN}"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="4">'
    '<xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="20"/><xf numFmtId="22"/></cellXfs></styleSheet>'
)


def xlsx(
    path: Path,
    sheets: Mapping[str, Sequence[Sequence[Cell]]],
    *,
    hidden: Collection[int] = (),
    numbered: bool = True,
) -> Path:
    """Write a workbook; `hidden` are rows of every sheet, and rows may be left without their numbers."""
    links = [
        f'<Relationship Id="r{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(sheets) + 1)
    ]
    links.append(f'<Relationship Id="s" Type="{_OFFICE}/styles" Target="styles.xml"/>')
    listed = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(sheets, 1))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="xml" ContentType="application/xml"/></Types>',
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r" Target="xl/workbook.xml"'
            f' Type="{_OFFICE}/officeDocument"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{_PACKAGE}/relationships">{"".join(links)}</Relationships>',
        )
        archive.writestr("xl/styles.xml", _STYLES)
        for n, rows in enumerate(sheets.values(), 1):
            data = "".join(
                _row(at, row, is_hidden=at in hidden, numbered=numbered) for at, row in enumerate(rows, 1)
            )
            archive.writestr(
                f"xl/worksheets/sheet{n}.xml",
                f'<worksheet xmlns="{_MAIN}"><cols><col min="9" max="9" hidden="1"/></cols>'
                f"<sheetData>{data}</sheetData></worksheet>",
            )
    return path


def _row(at: int, row: Iterable[Cell], *, is_hidden: bool, numbered: bool) -> str:
    cells = "".join(_cell(f"{'ABCDEFGHIJ'[place]}{at}", cell) for place, cell in enumerate(row))
    number = f' r="{at}"' if numbered else ""
    shut = ' hidden="1"' if is_hidden else ""
    return f"<row{number}{shut}>{cells}</row>"


def _cell(place: str, cell: Cell) -> str:
    match cell:
        case None | "":
            return ""
        case bool():
            return f'<c r="{place}" t="b"><v>{int(cell)}</v></c>'
        case "#N/A":
            return f'<c r="{place}" t="e"><f>VLOOKUP(A1,B1,1)</f><v>#N/A</v></c>'
        case str():
            return f'<c r="{place}" t="inlineStr"><is><t>{escape(cell)}</t></is></c>'
        case (value, style):
            return f'<c r="{place}" s="{_FORMATS[style]}"><v>{value}</v></c>'
        case _:
            return f'<c r="{place}"><v>{cell}</v></c>'


def ods(
    path: Path, sheets: Mapping[str, Sequence[Sequence[str]]], *, hidden: Mapping[int, str] | None = None
) -> Path:
    """Write a workbook as LibreOffice does; `hidden` are rows of every sheet: collapse or filter."""
    hidden = hidden or {}
    names = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
        for short, long in (("office", "office"), ("table", "table"), ("text", "text"))
    )
    tables = "".join(
        f'<table:table table:name="{name}">'
        + "".join(_ods_row(at, row, hidden.get(at)) for at, row in enumerate(rows, 1))
        + '<table:table-row table:number-rows-repeated="1048000"><table:table-cell/></table:table-row>'
        + "</table:table>"
        for name, rows in sheets.items()
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
        archive.writestr(
            "content.xml",
            f"<office:document-content {names}><office:body><office:spreadsheet>{tables}"
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return path


def _ods_row(at: int, row: Iterable[str], visibility: str | None) -> str:
    cells = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p></table:table-cell>'
        if cell
        else "<table:table-cell/>"
        for cell in row
    )
    seen = f' table:visibility="{visibility}"' if visibility else ""
    return f"<table:table-row{seen}>{cells}</table:table-row>"
