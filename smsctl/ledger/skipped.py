"""Who of a recipients file got no message, and which of its rows were outside the audience."""

from collections.abc import Iterable
from typing import NamedTuple

from smsctl.domain.audience import Outside, OutsideRows
from smsctl.ledger.store import Ledger


class SkippedEntry(NamedTuple):
    """One number of a row, or a row without any, that got no message."""

    row: int
    column: str  # the header over the number, where the file has several; else empty
    reason: str
    number: str | None  # E.164, else as written
    name: str | None
    accepted: bool | None = None  # the terms; None: nobody asked


def write(ledger: Ledger, mailing: int, skipped: Iterable[SkippedEntry]) -> None:
    """Write them, in the open transaction."""
    ledger.write_many(
        "INSERT INTO skipped (mailing, sheet_row, number_column, reason, number, name, accepted)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        ((mailing, *one) for one in skipped),
    )


def write_outside(ledger: Ledger, mailing: int, rows: Iterable[OutsideRows]) -> None:
    """Write how many rows were outside the audience, in the open transaction."""
    ledger.write_many(
        "INSERT INTO outside (mailing, reason, municipality, sheet_rows) VALUES (?, ?, ?, ?)",
        ((mailing, str(one.reason), one.municipality, one.rows) for one in rows),
    )


def remove_some(ledger: Ledger, mailing: int, most: int) -> int:
    """Remove those of so many rows, in the open transaction; return how many there were."""
    return ledger.write(
        "DELETE FROM skipped WHERE mailing = ? AND sheet_row IN"
        " (SELECT sheet_row FROM skipped WHERE mailing = ? ORDER BY sheet_row LIMIT ?)",
        mailing,
        mailing,
        most,
    )


def counts(ledger: Ledger, mailing: int) -> dict[str, int]:
    """Return how many were skipped, by reason."""
    return ledger.pairs(
        "SELECT reason, COUNT(*) FROM skipped WHERE mailing = ? GROUP BY reason ORDER BY 2 DESC", mailing
    )


def entries(ledger: Ledger, mailing: int) -> tuple[SkippedEntry, ...]:
    """Return who was skipped, in the order of the file."""
    found = ledger.rows(
        "SELECT sheet_row, number_column, reason, number, name, accepted FROM skipped WHERE mailing = ?"
        " ORDER BY sheet_row, number_column",
        mailing,
    )
    return tuple(
        SkippedEntry._make((*entry, None if accepted is None else bool(accepted)))
        for *entry, accepted in found
    )


def rows_of(ledger: Ledger, mailing: int, reason: str) -> tuple[int, ...]:
    """Return the rows of the file that were skipped for a reason."""
    found = ledger.column(
        "SELECT DISTINCT sheet_row FROM skipped WHERE mailing = ? AND reason = ? ORDER BY sheet_row",
        mailing,
        reason,
    )
    return tuple(found)


def outside(ledger: Ledger, mailing: int) -> tuple[OutsideRows, ...]:
    """Return the rows that were outside the audience."""
    found = ledger.rows("SELECT reason, municipality, sheet_rows FROM outside WHERE mailing = ?", mailing)
    order = list(Outside)
    told = (OutsideRows(reason=Outside(reason), municipality=name, rows=rows) for reason, name, rows in found)
    return tuple(sorted(told, key=lambda one: (order.index(one.reason), -one.rows, one.municipality)))
