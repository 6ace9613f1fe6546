"""Recipients: how fast and how small a CSV file becomes a checked, deduplicated audience.

    python benchmarks/recipients.py            both sizes, beside the goals of benchmarks/README.md
    python benchmarks/recipients.py --check    also hold every number against phonenumbers
    python benchmarks/recipients.py --xlsx     the same rows as a workbook, beside the CSV
    python benchmarks/recipients.py --abroad   numbers of one country after the other, in each form

The file is made at run time and removed: names, groups, terms, and numbers of valid shapes as in
a mixed list (70 % national, 18 % with the country code, 10 % of three neighbours, 1 % fixed lines,
1 % garbage, 5 % repeats). The yardstick is a bare `csv.reader` pass over the same file. Each pass is a
process of its own, in turn; figures are medians, and the ratio is the median of the rounds' ratios. Where
others use the machine too, the ratio of processor time is the steadier one.
"""

import argparse
import csv
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

GOAL_RATIO = 6.0
GOAL_PEAK_MIB = 150.0
GOAL_ABROAD_RATIO = 10.0
GOAL_WORKBOOK_RATIO = 4.0  # times the CSV
GOAL_WORKBOOK_MIB = 600.0
SIZES = (100_000, 1_000_000)
COUNTRIES = "+46,+45,+47,+44"  # at home, and where else one may send to
MOBILES = {"+45": ("", "26######"), "+358": ("0", "40#######"), "+49": ("0", "151########")}
MOBILES |= {"+44": ("0", "7400######"), "+47": ("", "9#######"), "+46": ("0", "70#######")}
"""What stands before a mobile number at home, and one of its series."""

INVALID = {"+45": "1#######", "+44": "6#########", "+49": "19#######", "+47": "1#######"}
"""What begins as no number of the country does."""

LANDLINES = {
    "+358": "3#######",
    "+49": "30#######",
    "+44": "2079######",
    "+47": "22######",
    "+46": "8#######",
}

Row = tuple[str, str, str, str, str]


def main() -> None:
    """Run the passes that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="compare every row with phonenumbers")
    parser.add_argument("--xlsx", action="store_true", help="compare a workbook with the CSV")
    parser.add_argument("--abroad", action="store_true", help="one country after the other")
    parser.add_argument("--rows", type=int, action="append", help="instead of 100,000 and 1,000,000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pass", dest="one_pass", choices=PASSES, help=argparse.SUPPRESS)
    parser.add_argument("file", type=Path, nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("--countries", default=COUNTRIES, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one_pass:
        PASSES[asked.one_pass](asked.file, asked.countries)
        return
    with tempfile.TemporaryDirectory() as folder:
        if asked.abroad:
            compare_countries(Path(folder) / "recipients.csv", (asked.rows or SIZES)[0], asked.rounds)
            return
        for rows in asked.rows or SIZES:
            path = Path(folder) / "recipients.csv"
            write(path, made_up(rows))
            if asked.xlsx:
                compare_workbook(path, rows, asked.rounds)
                continue
            compare(path, rows, asked.rounds)
            if asked.check:
                check(path)


class Took(NamedTuple):
    """What one pass took."""

    wall_s: float
    cpu_s: float  # user and system time of the process
    peak_mib: float


def compare(path: Path, rows: int, rounds: int) -> None:
    """Time both passes in turn and print the figures beside the goals."""
    yardstick, ours = [], []
    for _ in range(rounds):
        yardstick.append(timed("csv", path))
        ours.append(timed("smsctl", path))
    pairs = list(zip(ours, yardstick, strict=True))
    wall = statistics.median(mine.wall_s / bare.wall_s for mine, bare in pairs)
    cpu = statistics.median(mine.cpu_s / bare.cpu_s for mine, bare in pairs)
    peak_mib = max(mine.peak_mib for mine in ours)
    print(f"{rows:,} rows, {path.stat().st_size / 1e6:.0f} MB, median of {rounds}")
    print(f"  csv.reader            {told(yardstick)}")
    print(f"  read, judge, dedupe   {told(ours)}")
    print(f"  ratio  {wall:5.1f} x wall, {cpu:.1f} x cpu   goal <= {GOAL_RATIO:.0f}")
    print(f"  peak   {peak_mib:5.0f} MiB              goal <= {GOAL_PEAK_MIB:.0f} for the whole mailing")


def compare_countries(path: Path, rows: int, rounds: int) -> None:
    """Time numbers of one country at home, allowed beside Sweden's, and not allowed."""
    for code, (prefix, series) in MOBILES.items():
        abroad = (code, f"00{code[1:]}")
        both = f"+46,{code}"
        for what, countries, shape in (
            ("at home", code, series),
            ("abroad", both, series if code != "+46" else None),
            ("not allowed", "+46", series if code != "+46" else None),
            ("invalid", both, INVALID.get(code)),
            ("invalid at home", code, INVALID.get(code)),
            ("landline", both, LANDLINES.get(code)),
            ("landline at home", code, LANDLINES.get(code)),
        ):
            if shape is None:
                continue
            write(path, mobiles(rows, shape, (prefix, *abroad) if countries == code else abroad))
            pairs = [(timed("smsctl", path, countries), timed("csv", path)) for _ in range(rounds)]
            wall = statistics.median(ours.wall_s / bare.wall_s for ours, bare in pairs)
            cpu = statistics.median(ours.cpu_s / bare.cpu_s for ours, bare in pairs)
            differ = "" if what == "not allowed" else f"{differing(path, countries)} of 5,000 differ"
            label = f"{rows:,} of {code} {what}"
            print(
                f"{label:34} {wall:5.1f} x wall, {cpu:.1f} x cpu   goal <= {GOAL_ABROAD_RATIO:.0f}   {differ}"
            )


def mobiles(rows: int, series: str, forms: Sequence[str]) -> Iterator[Row]:
    """Yield rows with numbers of one series, all different, in each form, some with spaces."""
    begin, digits = series.rstrip("#"), series.count("#")
    for row in range(rows):
        number = f"{begin}{row * 7 % 10**digits:0{digits}d}"
        spaced = f" {number[:2]} {number[2:]}" if row % 2 else number
        yield f"Åsa Ek {row}", forms[row % len(forms)] + spaced, "Elever", "Exempelkommun", "ja"


def differing(path: Path, countries: str) -> int:
    """Count the first rows' numbers that phonenumbers alone reads otherwise."""
    import phonenumbers

    from smsctl.domain.number import NumberReader
    from smsctl.spreadsheet import open_sheet

    home, *others = countries.split(",")
    reader, region = (
        NumberReader(home, frozenset(others)),
        phonenumbers.region_code_for_country_code(int(home)),
    )
    rows = islice(open_sheet(path).rows(), 5_000)
    return sum(reader.read(row[1]).number != authority(row[1], region) for row in rows)


def compare_workbook(path: Path, rows: int, rounds: int) -> None:
    """Time the workbook and the CSV in turn and print the figures beside the goals."""
    workbook = path.with_suffix(".xlsx")
    write_workbook(path, workbook)
    pairs = [(timed("smsctl", workbook), timed("smsctl", path)) for _ in range(rounds)]
    cpu = statistics.median(book.cpu_s / text.cpu_s for book, text in pairs)
    peak_mib = max(book.peak_mib for book, _ in pairs)
    print(f"{rows:,} rows, {workbook.stat().st_size / 1e6:.0f} MB, median of {rounds}")
    print(f"  CSV                   {told([text for _, text in pairs])}")
    print(f"  XLSX                  {told([book for book, _ in pairs])}")
    print(f"  ratio  {cpu:5.1f} x cpu              goal <= {GOAL_WORKBOOK_RATIO:.0f}")
    print(f"  peak   {peak_mib:5.0f} MiB              goal <= {GOAL_WORKBOOK_MIB:.0f}")


def write_workbook(path: Path, workbook: Path) -> None:
    """Write the rows of a CSV as Excel does: texts in a table of their own, each named once."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    link = f'<Relationships xmlns="{package}/relationships">{{}}</Relationships>'
    part = '<Relationship Id="{0}" Type="' + office + '/{1}" Target="{2}"/>'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"/>',
        "_rels/.rels": link.format(part.format("r", "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="Blad1" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": link.format(
            part.format("r1", "worksheet", "worksheets/sheet1.xml")
            + part.format("r2", "sharedStrings", "sharedStrings.xml")
        ),
    }
    texts: dict[str, int] = {}
    with zipfile.ZipFile(workbook, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
        with (
            archive.open("xl/worksheets/sheet1.xml", "w") as file,
            path.open(encoding="utf-8", newline="") as rows,
        ):
            file.write(f'<worksheet xmlns="{main}"><sheetData>'.encode())
            for at, row in enumerate(csv.reader(rows, delimiter=";"), 1):
                cells = (
                    f'<c r="{letter}{at}" t="s"><v>{texts.setdefault(cell, len(texts))}</v></c>'
                    for letter, cell in zip("ABCDE", row, strict=True)
                )
                file.write(f'<row r="{at}">{"".join(cells)}</row>'.encode())
            file.write(b"</sheetData></worksheet>")
        with archive.open("xl/sharedStrings.xml", "w") as file:
            file.write(f'<sst xmlns="{main}">'.encode())
            file.writelines(f"<si><t>{text}</t></si>".encode() for text in texts)
            file.write(b"</sst>")


def told(rounds: list[Took]) -> str:
    wall_s = statistics.median(one.wall_s for one in rounds)
    cpu_s = statistics.median(one.cpu_s for one in rounds)
    return f"{wall_s:6.2f} s wall, {cpu_s:.2f} s cpu"


def timed(one_pass: str, path: Path, countries: str = COUNTRIES) -> Took:
    """Run one pass in a process of its own."""
    command = [sys.executable, __file__, "--pass", one_pass, str(path), "--countries", countries]
    start, used = time.perf_counter(), os.times()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    wall_s, after = time.perf_counter() - start, os.times()
    cpu_s = after.children_user - used.children_user + after.children_system - used.children_system
    return Took(wall_s=wall_s, cpu_s=cpu_s, peak_mib=float(done.stdout.split()[-1]))


def bare(path: Path, _: str) -> None:
    """Read all rows and drop them."""
    with path.open(encoding="utf-8", newline="") as file:
        for _row in csv.reader(file, delimiter=";"):
            pass
    print(peak_mib())


def full(path: Path, countries: str) -> None:
    """Read, normalise, judge and deduplicate all rows."""
    from smsctl.domain.audience import Audience
    from smsctl.domain.classify import classify
    from smsctl.domain.columns import find_columns
    from smsctl.domain.number import NumberReader
    from smsctl.domain.recipients import RowRules
    from smsctl.spreadsheet import open_sheet

    sheet = open_sheet(path)
    columns = find_columns(sheet.header)
    home, *others = countries.split(",")
    rules = RowRules(numbers=NumberReader(home, frozenset(others)), skip_invalid=True)
    found = classify(sheet.header, sheet.rows(), columns, Audience(everyone=True), rules)
    print(found.rows, len(found.ready), {reason: len(people) for reason, people in found.skipped.items()})
    print(peak_mib())


PASSES: dict[str, Callable[[Path, str], None]] = {"csv": bare, "smsctl": full}


def peak_mib() -> float:
    """Return this process's largest resident size so far (Linux counts it in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def check(path: Path) -> None:
    """Read every number as smsctl does and by phonenumbers alone, and count where they differ."""
    from smsctl.domain.number import NumberReader
    from smsctl.spreadsheet import open_sheet

    home, *others = COUNTRIES.split(",")
    reader = NumberReader(home, frozenset(others))
    rows = taken = differ = 0
    for row in open_sheet(path).rows():
        rows += 1
        taken += reader.fast(row[1]) is not None
        differ += reader.read(row[1]).number != authority(row[1])
    print(f"  {rows:,} rows, {taken:,} by the short cuts; {differ} differ from phonenumbers   goal 0")


def authority(raw: str, region: str = "SE") -> str | None:
    """Return what phonenumbers alone makes of a spelling; that 46 may stand without + is our own rule."""
    import phonenumbers

    try:
        parsed = phonenumbers.parse(f"+{raw}" if raw.startswith("46") and len(raw) == 11 else raw, region)
    except phonenumbers.NumberParseException:
        return None
    mobile = (
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    )  # Danish
    if phonenumbers.number_type(parsed) not in mobile:
        return None
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def write(path: Path, rows: Iterable[Row]) -> None:
    """Write a recipients file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(("Namn", "Mobil", "Grupp", "Kommun", "Godkänt villkor"))
        writer.writerows(rows)


def made_up(rows: int) -> Iterator[Row]:
    """Yield rows in the proportions that stand at the top; the same ones each time."""
    dice = random.Random(20261121)
    written: list[str] = []
    for _ in range(rows):
        number = dice.choice(written) if written and dice.random() < 0.05 else spelling(dice)
        if len(written) < 50_000:
            written.append(number)
        yield (
            f"{dice.choice(FIRST)} {dice.choice(LAST)}",
            number,
            dice.choice(GROUPS),
            "Exempelkommun",
            dice.choice(TERMS),
        )


def spelling(dice: random.Random) -> str:
    """Return a number as people write it."""
    kind = dice.random()
    digits = f"{dice.randrange(10**7):07d}"
    area = dice.choice(("70", "72", "73", "76", "79"))
    if kind < 0.70:
        return dice.choice((f"0{area}{digits}", f"0{area}-{digits[:3]} {digits[3:5]} {digits[5:]}"))
    if kind < 0.88:
        return dice.choice(("+46", "0046", "46", "+46 ")) + area + digits
    if kind < 0.98:
        return dice.choice((f"+479{digits}", f"+4526{digits[:6]}", f"+4477{dice.randrange(1, 8)}{digits}"))
    if kind < 0.99:
        return f"08-{dice.randrange(5, 9)}{digits[:6]}"
    return dice.choice(("saknas", "4,67E+10", digits[:5], "070"))


FIRST = ("Åsa", "Nils", "Anna", "Örjan", "Maria", "Karl", "Eva", "Ärla", "Lars", "Ingrid")
LAST = ("Lindström", "Ek", "Björk", "Åberg", "Holm", "Sjögren", "Dahl", "Öberg", "Nyman", "Lund")
GROUPS = ("Elever", "Vårdnadshavare", "Vårdnadshavare", "Personal", "VH/Personal")
TERMS = (*(f"2026-{month:02d}-{day:02d}" for month in range(1, 10) for day in range(1, 29)), "ja", "nej")


if __name__ == "__main__":
    main()
