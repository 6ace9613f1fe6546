"""A workbook (XLSX, ODS, XLS) read with python-calamine: cells become texts, as the sheet shows them."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from smsctl.domain.headings import HEADERS, fold
from smsctl.errors import InputError, Sentence, say
from smsctl.spreadsheet.hidden import broken_cells, hidden_rows, refuse_bomb
from smsctl.spreadsheet.kinds import Hidden, HiddenRowsError, Workbook, unreadable, was_changed

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook


class WorkbookSheet:
    """One sheet of a workbook, ready to be read."""

    delimiter: Final = ""

    def __init__(
        self,
        path: Path,
        kind: Workbook,
        sheet: "CalamineSheet",
        hidden: frozenset[int],
        broken: Mapping[int, Sequence[int]],
    ) -> None:
        """Keep the sheet, which is in memory, which of its rows are hidden, and where errors stand."""
        self.path = path
        self.encoding = str(kind)
        self.name = sheet.name
        self.rows = sheet.total_height
        self.hidden = hidden
        self.notice: Sentence | None = None
        if kind is Workbook.XLS:
            self.notice = say(
                "{path}: of this old kind of workbook it cannot be told whether rows are hidden; hidden ones"
                " count like all others.",
                path=path,
            )
        self._sheet = sheet
        self._broken = broken
        self._stamp = _stamp_of(path)

    def read(self) -> Iterator[list[str]]:
        """Yield the header and the rows; InputError for a file that has changed since."""
        for number, row in enumerate(self._sheet.iter_rows(), 1):
            shown = [cell if type(cell) is str else _SHOWN.get(type(cell), str)(cell) for cell in row]
            for place in self._broken.get(number, ()):
                shown[place] = _ERROR
            yield shown
        if _stamp_of(self.path) != self._stamp:
            raise was_changed(self.path)

    def left_out(self, wish: Hidden | None) -> frozenset[int]:
        """Return the hidden rows that are to be skipped; HiddenRowsError where nobody has said."""
        if self.hidden and wish is None:
            raise HiddenRowsError(self.path, self.name, len(self.hidden))
        return self.hidden if wish is Hidden.SKIP else frozenset()


def open_workbook(
    file: BinaryIO, path: Path, kind: Workbook, asked: str | None, numbers: Collection[str]
) -> WorkbookSheet:
    """Open the sheet that is asked for, or the one that has a column of numbers.

    Raises InputError: damaged, with a password, too large when unpacked, no such sheet, or several that fit.
    """
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    if kind is not Workbook.XLS:
        refuse_bomb(file, path)
    file.seek(0)
    try:
        book = CalamineWorkbook.from_filelike(file)
        place = _place(book, path, asked, numbers)
        sheet = book.get_sheet_by_index(place)
    except PasswordError:
        raise InputError(
            say("{path} is a workbook with a password.", path=path), hint=say("Save it without the password.")
        ) from None
    except CalamineError:
        raise unreadable(path) from None
    hidden = hidden_rows(file, path, kind, book.sheet_names, place)
    if hidden:
        rows = enumerate(sheet.iter_rows(), 1)
        hidden = frozenset(number for number, row in rows if number in hidden and any(row))
    broken = broken_cells(file, path, book.sheet_names[place]) if kind is Workbook.XLSX else {}
    return WorkbookSheet(path, kind, sheet, hidden, broken)


def _place(book: "CalamineWorkbook", path: Path, asked: str | None, numbers: Collection[str]) -> int:
    from python_calamine import SheetVisibleEnum

    names = book.sheet_names
    visible = [at for at, one in enumerate(book.sheets_metadata) if one.visible == SheetVisibleEnum.Visible]
    listed = ", ".join(names[at] for at in visible)
    if asked is not None:
        found = [place for place, name in enumerate(names) if fold(name) == fold(asked)]
        if len(found) != 1:
            raise InputError(
                say("{path} has no sheet called {asked}.", path=path, asked=asked),
                hint=say("Its sheets are: {names}.", names=listed),
            )
        return found[0]
    if len(visible) == 1:
        return visible[0]
    wanted = HEADERS["number"] | {fold(number) for number in numbers}
    fitting = [place for place in visible if not wanted.isdisjoint(_heading(book, place))]
    if len(fitting) != 1:
        raise InputError(
            say("{path} has several sheets, and it cannot be told which one is meant.", path=path),
            hint=say("Name it with --sheet. They are: {names}.", names=listed),
        )
    return fitting[0]


def _heading(book: "CalamineWorkbook", place: int) -> set[str]:
    rows = book.get_sheet_by_index(place).iter_rows()
    return {fold(str(cell)) for cell in next(iter(rows), [])}


def _number(value: float) -> str:
    """Return a number by the 15 digits that a sheet counts with: 0.1 + 0.2 is 0,3 there."""
    return str(int(value)) if value.is_integer() else f"{value:.15g}".replace(".", ",")


def _truth(value: bool) -> str:  # noqa: FBT001 - a cell
    return "SANT" if value else "FALSKT"


def _moment(cell: datetime) -> str:
    """Return a moment to the minute; the sheet keeps it as a fraction of a day, a little beside it."""
    near = (cell + timedelta(seconds=_MINUTE_S / 2)).replace(second=0, microsecond=0)
    return f"{near:%Y-%m-%d}" if near.time() == time.min else f"{near:%Y-%m-%d %H:%M}"


def _clock(cell: time) -> str:
    near = datetime.combine(date.min, cell) + timedelta(seconds=_MINUTE_S / 2)
    return f"{near:%H:%M}"


def _length(cell: timedelta) -> str:
    minutes = round(cell.total_seconds() / _MINUTE_S)
    return f"{minutes // _MINUTE_S:02}:{minutes % _MINUTE_S:02}"


_ERROR: Final = "#N/A"  # whichever it is: no number, no group, no yes, and no no
_MINUTE_S: Final = 60
_SHOWN: Final[Mapping[type, Callable[[Any], str]]] = {
    bool: _truth,
    int: str,
    float: _number,
    datetime: _moment,
    date: date.isoformat,
    time: _clock,
    timedelta: _length,
}
"""How the sheet shows a cell, in Sweden."""


def _stamp_of(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns
