"""The ledger's SQL, which is written once, as PostgreSQL wants it."""

import re
from collections.abc import Sequence
from functools import lru_cache

from smsctl.ledger.seam.engine import Values, storable

_TYPES = ((re.compile(r"\bINTEGER\b"), "BIGINT"), (re.compile(r"\bREAL\b"), "DOUBLE PRECISION"))
_TEXT = re.compile(r"(?<!AS )\bTEXT\b")
_COMMENT = re.compile(r"--[^\n]*")
_CAST = re.compile(r"\bAS INTEGER\b")


@lru_cache(maxsize=1024)
def statement(sql: str) -> bytes:
    """Return a statement of the ledger with its places as the driver knows them."""
    return _CAST.sub("AS BIGINT", sql).replace("%", "%%").replace("?", "%s").encode()


def table(kinds: Sequence[str], columns: Sequence[Values]) -> tuple[str, Values]:
    """Return columns as a statement names a table, and the values in it: one text for however many rows."""
    places = ", ".join(f"CAST(? AS {kind.replace('INTEGER', 'BIGINT')}[])" for kind in kinds)
    names = ", ".join(f"column{at}" for at in range(1, len(kinds) + 1))
    if len({*map(len, columns)}) > 1:
        raise ValueError("columns of different lengths")  # the server would fill the shorter ones up
    arrays = [f"{{{','.join(map(_element, storable(one)))}}}" for one in columns]
    return f"(SELECT * FROM unnest({places}) AS every ({names}))", arrays  # noqa: S608 - of ours


def _element(value: object) -> str:
    """Return a whole number or a text as an array holds it; the driver takes ten times as long."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return "NULL" if value is None else str(value)


def definition(script: str) -> bytes:
    """Return a migration: whole numbers have 64 bits, and texts are compared byte by byte, as in SQLite."""
    script = _COMMENT.sub("", script)
    for pattern, type_ in _TYPES:
        script = pattern.sub(type_, script)
    return _TEXT.sub('TEXT COLLATE "C"', script).encode()
