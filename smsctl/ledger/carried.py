"""Cells of the recipients file that are kept beside its rows, for lists that go back to the register."""

from collections.abc import Iterable

from smsctl.domain.mailing import CarriedRow
from smsctl.ledger.store import Ledger

_BETWEEN = "\x1f"


def write(ledger: Ledger, mailing: int, rows: Iterable[CarriedRow]) -> None:
    """Write them, in the open transaction."""
    ledger.write_many(
        "INSERT INTO carried (mailing, sheet_row, cells) VALUES (?, ?, ?)",
        ((mailing, one.row, _BETWEEN.join(map(_without_mark, one.cells))) for one in rows),
    )


def _without_mark(cell: str) -> str:
    return cell.replace(_BETWEEN, " ")


def headings(ledger: Ledger, mailing: int) -> tuple[str, ...]:
    """Return under which headings cells were kept."""
    row = ledger.one("SELECT carry FROM mailings WHERE id = ?", mailing)
    return tuple(row[0].split("\n")) if row and row[0] else ()


def of_rows(ledger: Ledger, mailing: int, first: int, last: int) -> dict[int, tuple[str, ...]]:
    """Return the kept cells of some rows of the file."""
    found = ledger.rows(
        "SELECT sheet_row, cells FROM carried WHERE mailing = ? AND sheet_row BETWEEN ? AND ?",
        mailing,
        first,
        last,
    )
    return {row: tuple(cells.split(_BETWEEN)) for row, cells in found}


def remove_some(ledger: Ledger, mailing: int, most: int) -> int:
    """Remove those of so many rows, in the open transaction; return how many there were."""
    return ledger.write(
        "DELETE FROM carried WHERE mailing = ? AND sheet_row IN"
        " (SELECT sheet_row FROM carried WHERE mailing = ? ORDER BY sheet_row LIMIT ?)",
        mailing,
        mailing,
        most,
    )
