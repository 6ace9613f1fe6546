"""Looking in the ledger's file for what was removed; what stands in a cell, stands there by right."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby

from smsctl.ledger.store import Ledger

_LOOKS = 3
_PIECE = 1 << 22
_SHORTEST = 8
"""Bytes. What is shorter stands anywhere by chance, and proves nothing."""

Cell = tuple[str, str]
OURS = frozenset({("audit", "subject"), ("audit", "detail")})
"""Cells in which smsctl itself writes, and never a number or a text."""


def remnants(ledger: Ledger, removed: Sequence[str], empty: Collection[Cell] = OURS) -> frozenset[str]:
    """Return those of the removed texts that stand in the file and in no cell of the ledger.

    `empty` are cells in which none of them may stand. Looked for more than once: another process may have
    written and removed the same in between.
    """
    left = frozenset(one for one in removed if len(one.encode()) >= _SHORTEST)
    for _ in range(_LOOKS):
        if not left:
            break
        found = found_in_file(ledger, sorted(left))
        left = frozenset(one for one in found if not in_a_cell(ledger, one, empty))
    return left


def found_in_file(ledger: Ledger, texts: Sequence[str]) -> frozenset[str]:
    """Return those of the texts whose bytes stand anywhere in the files that this machine can look into."""
    wanted = {text: text.encode() for text in texts if text}
    overlap = max(map(len, wanted.values()), default=1) - 1
    found: set[str] = set()
    for path in ledger.engine.inspection().files():
        with path.open("rb") as file:
            before = b""
            while piece := file.read(_PIECE):
                window = before + piece
                found.update(text for text, needle in wanted.items() if needle in window)
                before = window[-overlap:] if overlap else b""
    return frozenset(found)


def in_a_cell(ledger: Ledger, text: str, empty: Collection[Cell] = OURS) -> bool:
    """Say whether a text stands in a cell: there by right, by itself or as a piece of another.

    A younger mailing has the same numbers, or a text that goes on after this one; a reason or an incoming
    SMS may repeat either. What a purge removes is empty, so nothing of it is taken for such a cell. Cells of
    a row lie side by side in the file: the text of one and the hash after it may read as another text.
    """
    in_the_schema = any(text in written for written in ledger.engine.inspection().schema())
    return in_the_schema or any(ledger.one(sql, *(text,) * sql.count("?")) for sql in _tables(ledger, empty))


def _tables(ledger: Ledger, empty: Collection[Cell]) -> Iterator[str]:
    """Yield for each table a query for a row with a text."""
    for table, columns in ledger.engine.inspection().tables().items():
        texts = [column for column, kind in columns.items() if kind == "TEXT"]
        ours = {column for one, column in empty if one == table}
        runs = [_joined(run) for is_ours, run in groupby(texts, ours.__contains__) if not is_ours]
        if runs:
            holds = " OR ".join(f"instr({run}, ?) > 0" for run in runs)
            yield "SELECT 1 FROM [table] WHERE [holds] LIMIT 1".replace("[table]", f'"{table}"').replace(
                "[holds]", holds
            )


def _joined(columns: Iterable[str]) -> str:
    return " || ".join(f"COALESCE(\"{column}\", '')" for column in columns)
