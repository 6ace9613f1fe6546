"""Whether every cell of the ledger can be what it claims: its type, its letters, its times, its words.

The file's own check sees pages and not cells, so a bit that has turned in one is found here.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime

from smsctl.domain.message import Priority, Status
from smsctl.domain.municipality import ServiceState
from smsctl.domain.remark import Event
from smsctl.domain.report import Cause
from smsctl.domain.text import Encoding
from smsctl.errors import Sentence, say
from smsctl.ledger.seam.engine import Inspection
from smsctl.ledger.store import Ledger

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")
_HASH = re.compile(r"[0-9a-f]{32}|[0-9a-f]{64}|")
_NUMBER = re.compile(r"\+[1-9]\d{4,14}")

_Fits = Callable[[str], bool]


def wrong_cells(ledger: Ledger, most: int) -> Iterator[Sentence]:
    """Yield what is wrong in cells, at most so many of a column; reads every cell once, in pieces."""
    inspection = ledger.engine.inspection()
    for table, columns in inspection.tables().items():
        for column, kind in columns.items():
            yield from _of_another_type(inspection, table, column, kind, most)
        texts = [column for column, kind in columns.items() if kind == "TEXT"]
        yield from _texts(inspection, table, texts, most)
    yield from _bodies(ledger)


def _of_another_type(
    inspection: Inspection, table: str, column: str, kind: str, most: int
) -> Iterator[Sentence]:
    for row, type_ in inspection.wrongly_typed(table, column, kind, most):
        yield say(
            "Row {row} of {table}: {column} is of type {type}.",
            row=row,
            table=table,
            column=column,
            type=type_,
        )


def _texts(inspection: Inspection, table: str, columns: Sequence[str], most: int) -> Iterator[Sentence]:
    if not columns:
        return
    left = dict.fromkeys(columns, most)
    for rows in inspection.cells(table, columns):
        for at, column in enumerate(columns, start=1):
            fits = _fits(table, column)
            for row in _unfit(rows, at, fits):
                left[column] -= 1
                if left[column] >= 0:
                    yield say(
                        "Row {row} of {table}: {column} cannot be read.", row=row, table=table, column=column
                    )


def _unfit(rows: Sequence[tuple[object, ...]], at: int, fits: _Fits) -> Iterator[object]:
    """Yield the ids of the rows whose cell does not fit; what is the same is looked at once."""
    known: dict[bytes, bool] = {}
    for row in rows:
        cell = row[at]
        if isinstance(cell, bytes):
            good = known.get(cell)
            if good is None:
                good = known[cell] = _is_good(cell, fits)
            if not good:
                yield row[0]


def _is_good(cell: bytes, fits: _Fits) -> bool:
    try:
        return fits(cell.decode())
    except ValueError:
        return False


def _fits(table: str, column: str) -> _Fits:
    if found := _WORDS.get((table, column)):
        return found
    if column == "told_at":  # as the gateway wrote it
        return _anything
    if column == "at" or column.endswith("_at") or (table, column) == ("purges", "before"):
        return _moment
    if column == "day" or column.endswith("_day"):
        return _day
    return _anything


def _anything(_text: str) -> bool:
    return True


def _moment(text: str) -> bool:
    return _MOMENT.fullmatch(text) is not None and datetime.fromisoformat(text) is not None


def _day(text: str) -> bool:
    return date.fromisoformat(text).isoformat() == text


def _one_of(words: Iterable[str]) -> _Fits:
    known = frozenset(map(str, words))
    return known.__contains__


def _like(pattern: re.Pattern[str]) -> _Fits:
    return lambda text: pattern.fullmatch(text) is not None


_STATES = _one_of(Status)
_WORDS: dict[tuple[str, str], _Fits] = {
    ("messages", "state"): _STATES,
    ("messages", "number"): _like(_NUMBER),
    ("messages", "number_hash"): _like(_HASH),
    ("messages", "cause"): _one_of(Cause),
    ("messages", "event"): _one_of(Event),
    ("batches", "event"): _one_of(Event),
    ("mailing_counts", "state"): _STATES,
    ("day_counts", "state"): _STATES,
    ("reports", "state"): _STATES,
    ("reports", "cause"): _one_of(("", *Cause)),
    ("mailings", "encoding"): _one_of(Encoding),
    ("mailings", "body_hash"): _like(_HASH),
    ("mailings", "run_key_hash"): _like(_HASH),
    ("batches", "digest"): _like(_HASH),
    ("municipalities", "state"): _one_of(ServiceState),
    ("blocked", "hash"): _like(_HASH),
}


def _bodies(ledger: Ledger) -> Iterator[Sentence]:
    """Hold each text to its hash, and each priority to those there are."""
    from smsctl.ledger.mailings import body_hash

    for rows in ledger.engine.inspection().cells("mailings", ("body", "body_hash")):
        for mailing, body, kept in rows:
            try:
                told = None if body is None else body_hash(body.decode())
            except ValueError:  # is told as a cell
                continue
            if told is not None and told.encode() != kept:
                yield say("Mailing {mailing}: its text is not the one that was sent.", mailing=mailing)
    known = ", ".join(str(int(one)) for one in Priority)
    for (mailing,) in ledger.rows(f"SELECT id FROM mailings WHERE priority NOT IN ({known})"):  # noqa: S608
        yield say(
            "Row {row} of {table}: {column} cannot be read.", row=mailing, table="mailings", column="priority"
        )
