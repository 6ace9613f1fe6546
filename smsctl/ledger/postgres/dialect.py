"""The ledger's SQL, which is written once, as PostgreSQL wants it."""

import re
from functools import lru_cache

_TYPES = ((re.compile(r"\bINTEGER\b"), "BIGINT"), (re.compile(r"\bREAL\b"), "DOUBLE PRECISION"))
_TEXT = re.compile(r"(?<!AS )\bTEXT\b")
_COMMENT = re.compile(r"--[^\n]*")
_CAST = re.compile(r"\bAS INTEGER\b")


@lru_cache(maxsize=1024)
def statement(sql: str) -> bytes:
    """Return a statement of the ledger with its places as the driver knows them."""
    return _CAST.sub("AS BIGINT", sql).replace("%", "%%").replace("?", "%s").encode()


def definition(script: str) -> bytes:
    """Return a migration: whole numbers have 64 bits, and texts are compared byte by byte, as in SQLite."""
    script = _COMMENT.sub("", script)
    for pattern, type_ in _TYPES:
        script = pattern.sub(type_, script)
    return _TEXT.sub('TEXT COLLATE "C"', script).encode()
