"""Who a number belongs to, by the recipients files of the config; for screens that show incoming SMS."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from smsctl.cli import numbers
from smsctl.cli.wiring import Wiring
from smsctl.domain.audience import Audience, Selection
from smsctl.domain.columns import find_columns
from smsctl.domain.protection import SIGNS, ProtectedNumbers
from smsctl.errors import Sentence, SmsctlError
from smsctl.spreadsheet import ReadOptions, open_sheet


def names_of(
    wiring: Wiring,
    wanted: Collection[str],
    of: Collection[str] | None,
    warn: Callable[[Sentence], None] | None = None,
) -> Mapping[str, str]:
    """Return the names of those E.164 numbers that stand in a recipients file.

    `of` are the municipalities whose rows tell one, None: all of them. A file that cannot be read is warned
    of: the inbox is read without it.
    """
    found: dict[str, str] = {}
    shut: set[int] = set()  # whom one file protects, no other names
    common, payers = wiring.settings.recipients, wiring.settings.municipalities
    theirs = [payers[key] for key in of or ()]
    rows_of = Audience(everyone=True, municipality=frozenset().union(*(one.spellings for one in theirs)))
    every = [common, *(one.recipients for one in payers.values())]
    files = every if of is None else [one.recipients or common for one in theirs]
    for path in dict.fromkeys(filter(None, files)) if wanted else ():
        if not path.exists():
            continue
        try:
            named, protected = _named_in(wiring, path, frozenset(wanted), rows_of)
            found, shut = found | named, shut | protected
        except SmsctlError as error:
            (warn or wiring.output.warn)(error.sentence)
    return {number: name for number, name in found.items() if int(number) not in shut}


def _named_in(
    wiring: Wiring, path: Path, wanted: frozenset[str], rows_of: Audience
) -> tuple[dict[str, str], set[int]]:
    """Return the names in a file, and the numbers that it protects."""
    sheet = open_sheet(path, ReadOptions(numbers=wiring.settings.columns.get("number", ())))
    columns = find_columns(sheet.header, wiring.settings.columns, require_terms=False)
    reader, selection = numbers.reader(wiring), Selection(rows_of, sheet.header, columns)
    found: dict[str, str] = {}
    protected = ProtectedNumbers(columns.numbers, reader, len(sheet.header))
    protected.note_said(sheet.rows_with(SIGNS), sheet.header, columns.name)
    for row in sheet.rows():
        protected.note_left_out([row])
        if columns.name is None:
            continue
        for column in columns.numbers:
            if len(row) <= max(column.number, columns.name, *selection.positions):
                continue
            number = reader.read(row[column.number]).number
            if number in wanted and row[columns.name].strip() and selection.admits(dict(enumerate(row))):
                found.setdefault(number, row[columns.name].strip())
    return found, protected.found
