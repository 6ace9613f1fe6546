"""Recipients: how fast and how small a CSV file becomes a checked, deduplicated audience.

    python benchmarks/recipients.py            both sizes, beside the goals of design.md 9
    python benchmarks/recipients.py --check    also hold every number against phonenumbers (minutes)

The file is made at run time and removed: names, groups, terms, and numbers of valid shapes as in
performance.md 2 (70 % national, 18 % with the country code, 10 % of three neighbours, 1 % fixed lines,
1 % garbage, 5 % repeats). The yardstick is a bare `csv.reader` pass over the same file. Each pass is a
process of its own, in turn; figures are medians, and the ratio is the median of the rounds' ratios.
"""

import argparse
import csv
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

GOAL_RATIO = 6.0
GOAL_PEAK_MIB = 150.0
SIZES = (100_000, 1_000_000)
ALLOWED = frozenset({"+45", "+47", "+44"})

Row = tuple[str, str, str, str, str]


def main() -> None:
    """Run the passes that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="compare every row with phonenumbers")
    parser.add_argument("--rows", type=int, action="append", help="instead of 100,000 and 1,000,000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pass", dest="one_pass", choices=PASSES, help=argparse.SUPPRESS)
    parser.add_argument("file", type=Path, nargs="?", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one_pass:
        PASSES[asked.one_pass](asked.file)
        return
    with tempfile.TemporaryDirectory() as folder:
        for rows in asked.rows or SIZES:
            path = Path(folder) / "recipients.csv"
            write(path, rows)
            compare(path, rows, asked.rounds)
            if asked.check:
                check(path)


def compare(path: Path, rows: int, rounds: int) -> None:
    """Time both passes in turn and print the figures beside the goals."""
    yardstick, ours = [], []
    for _ in range(rounds):
        yardstick.append(timed("csv", path))
        ours.append(timed("smsctl", path))
    ratio = statistics.median(mine[0] / bare[0] for mine, bare in zip(ours, yardstick, strict=True))
    peak_mib = max(mine[1] for mine in ours)
    print(f"{rows:,} rows, {path.stat().st_size / 1e6:.0f} MB, median of {rounds}")
    print(f"  csv.reader            {statistics.median(bare[0] for bare in yardstick):6.2f} s")
    print(f"  read, judge, dedupe   {statistics.median(mine[0] for mine in ours):6.2f} s")
    print(f"  ratio  {ratio:6.1f} x csv.reader   goal <= {GOAL_RATIO:.0f}")
    print(f"  peak   {peak_mib:6.1f} MiB            goal <= {GOAL_PEAK_MIB:.0f} for the whole mailing")


def timed(one_pass: str, path: Path) -> tuple[float, float]:
    """Run one pass in a process of its own; return its seconds and its peak in MiB."""
    start = time.perf_counter()
    command = [sys.executable, __file__, "--pass", one_pass, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return time.perf_counter() - start, float(done.stdout.split()[-1])


def bare(path: Path) -> None:
    """Read all rows and drop them."""
    with path.open(encoding="utf-8", newline="") as file:
        for _row in csv.reader(file, delimiter=";"):
            pass
    print(peak_mib())


def full(path: Path) -> None:
    """Read, normalise, judge and deduplicate all rows."""
    from smsctl.domain.audience import Audience
    from smsctl.domain.columns import find_columns
    from smsctl.domain.number import NumberReader
    from smsctl.domain.recipients import Rules, judge
    from smsctl.spreadsheet import open_sheet

    sheet = open_sheet(path)
    columns = find_columns(sheet.header)
    rules = Rules(numbers=NumberReader("+46", ALLOWED), skip_invalid=True)
    found = judge(sheet.header, sheet.rows(), columns, Audience(everyone=True), rules)
    print(found.rows, len(found.ready), {reason: len(people) for reason, people in found.skipped.items()})
    print(peak_mib())


PASSES: dict[str, Callable[[Path], None]] = {"csv": bare, "smsctl": full}


def peak_mib() -> float:
    """Return this process's largest resident size so far (Linux counts it in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def check(path: Path) -> None:
    """Read every number twice, by the short cut and by phonenumbers alone, and count where they differ."""
    import phonenumbers

    from smsctl.domain.number import NumberReader
    from smsctl.spreadsheet import open_sheet

    fast = NumberReader("+46", ALLOWED).fast
    taken = differ = 0
    for row in open_sheet(path).rows():
        number = fast(row[1])
        if number is None:
            continue
        taken += 1
        parsed = phonenumbers.parse(row[1] if not row[1].startswith("46") else f"+{row[1]}", "SE")
        mobile = phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.MOBILE
        same = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == number
        differ += not (mobile and same)
    print(f"  {taken:,} rows took the short cut, {differ} differ from phonenumbers   goal 0")


def write(path: Path, rows: int) -> None:
    """Write a recipients file with so many rows."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(("Namn", "Mobil", "Grupp", "Kommun", "Godkänt villkor"))
        writer.writerows(made_up(rows))


def made_up(rows: int) -> Iterator[Row]:
    """Yield rows in the proportions of performance.md 2; the same ones each time."""
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
