"""Who a number belongs to, by the recipients files of the config; for screens that show incoming SMS."""

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from smsctl.cli import numbers
from smsctl.cli.wiring import Wiring
from smsctl.domain.columns import find_columns
from smsctl.domain.protection import is_protected
from smsctl.errors import Sentence, SmsctlError
from smsctl.spreadsheet import open_sheet


def names_of(
    wiring: Wiring, wanted: Collection[str], warn: Callable[[Sentence], None] | None = None
) -> Mapping[str, str]:
    """Return the names of those E.164 numbers that stand in a recipients file.

    A file that cannot be read is warned of: the inbox is read without it.
    """
    found: dict[str, str] = {}
    for path in _files(wiring) if wanted else ():
        try:
            found |= _named_in(wiring, path, frozenset(wanted))
        except SmsctlError as error:
            (warn or wiring.output.warn)(error.sentence)
    return found


def _files(wiring: Wiring) -> Iterator[Path]:
    settings = wiring.settings
    every = [settings.recipients, *(one.recipients for one in settings.municipalities.values())]
    yield from (path for path in dict.fromkeys(every) if path is not None and path.exists())


def _named_in(wiring: Wiring, path: Path, wanted: frozenset[str]) -> dict[str, str]:
    sheet = open_sheet(path)
    columns = find_columns(sheet.header, wiring.settings.columns, require_terms=False)
    if columns.name is None:
        return {}
    reader = numbers.reader(wiring)
    found: dict[str, str] = {}
    shut: set[str] = set()
    for row in sheet.rows():
        for column in columns.numbers:
            if len(row) <= max(column.number, columns.name, *column.protected):
                continue
            number = reader.read(row[column.number]).number
            if number in wanted:
                if any(is_protected(row[place]) for place in column.protected):
                    shut.add(number)
                elif row[columns.name].strip():
                    found.setdefault(number, row[columns.name].strip())
    return {number: name for number, name in found.items() if number not in shut}
