"""A workbook (XLSX, ODS, XLS) read with python-calamine: cells become texts, as the sheet shows them."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from itertools import chain, islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from smsctl.domain.headings import HEADERS, fold
from smsctl.errors import InputError, Sentence, say
from smsctl.spreadsheet.gaps import Gaps, gaps_in, refuse_far_cells
from smsctl.spreadsheet.hidden import hidden_rows, refuse_bomb
from smsctl.spreadsheet.kinds import Hidden, HiddenRowsError, Workbook, unreadable, was_changed

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook


class WorkbookSheet:
    """One sheet of a workbook, ready to be read."""

    delimiter: Final = ""

    def __init__(
        self, path: Path, kind: Workbook, sheet: "CalamineSheet", hidden: frozenset[int], gaps: Gaps
    ) -> None:
        """Keep the sheet, which is in memory, which of its rows are hidden, and what calamine left empty."""
        self.path = path
        self.encoding = str(kind)
        self.name = sheet.name
        self.rows = sheet.total_height
        self.hidden = hidden
        self.notice: Sentence | None = None
        self._sheet = sheet
        self._gaps = gaps
        self._begins = sheet.start[1] if sheet.start else 0  # the columns before are empty, and left out
        self._stamp = _stamp_of(path)

    def read(self) -> Iterator[list[str]]:
        """Yield the header and the rows; InputError for a file that has changed since."""
        broken, merged, begins = self._gaps.broken, self._gaps.merged, self._begins
        above: list[str] = []
        for number, row in enumerate(self._all_rows(), 1):
            shown = [cell if type(cell) is str else _SHOWN.get(type(cell), str)(cell) for cell in row]
            for place in broken.get(number, ()):
                if 0 <= place - begins < len(shown):
                    shown[place - begins] = _ERROR
            if number in merged and any(shown):
                for place in merged[number]:
                    if 0 <= place - begins < len(shown):
                        shown[place - begins] = above[place - begins]
            yield shown
            above = shown
        if _stamp_of(self.path) != self._stamp:
            raise was_changed(self.path)

    def may_hold(self, words: Collection[str]) -> bool:  # noqa: ARG002 - it is in memory, and read soon
        """Tell that they may: the sheet stands in memory."""
        return True

    def _all_rows(self) -> "Iterator[list[Any]]":
        """Yield the rows of calamine, which ends with the last that it finds something in."""
        known = self._sheet.end[0] + 1 if self._sheet.end else 0
        more = max(self._gaps.broken, default=0) - known
        return chain(self._sheet.iter_rows(), repeat([""] * self._sheet.width, max(more, 0)))

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
    if kind is Workbook.XLSX:
        refuse_far_cells(file, path)
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
    gaps = gaps_in(file, path, kind, book.sheet_names, place, sheet.merged_cell_ranges or ())
    found = WorkbookSheet(path, kind, sheet, hidden, gaps)
    if asked is None and (others := _other_lists(book, place)):
        found.notice = say(
            "{path}: only the sheet {name} is read, though there are numbers in others too: {others}. Where"
            " that is as it should be, name it with --sheet.",
            path=path,
            name=sheet.name,
            others=", ".join(others),
        )
    return found


def _place(book: "CalamineWorkbook", path: Path, asked: str | None, numbers: Collection[str]) -> int:
    names, visible = book.sheet_names, _visible(book)
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


def _visible(book: "CalamineWorkbook") -> list[int]:
    from python_calamine import SheetVisibleEnum

    return [at for at, one in enumerate(book.sheets_metadata) if one.visible == SheetVisibleEnum.Visible]


def _other_lists(book: "CalamineWorkbook", place: int) -> list[str]:
    """Return the names of the other sheets that may hold people: a number stands in their first rows."""
    others = [at for at in _visible(book) if at != place]
    rows = {at: islice(book.get_sheet_by_index(at).iter_rows(), _ROWS_LOOKED_AT) for at in others}
    return [book.sheet_names[at] for at in others if any(map(_is_number, chain.from_iterable(rows[at])))]


def _is_number(cell: object) -> bool:
    text = _number(cell) if isinstance(cell, float) else cell
    return isinstance(text, str) and re.fullmatch(_MAY_BE_NUMBER, text.strip()) is not None


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


_ROWS_LOOKED_AT: Final = 50
_MAY_BE_NUMBER: Final = r"\+?[0-9](?:[\s()/\-]{0,3}[0-9]){8,13}"
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
