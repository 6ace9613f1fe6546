"""A look below the rows of a PostgreSQL ledger: the server itself looks after pages and types."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from smsctl.ledger.seam.engine import Engine, Row

_PIECE_ROWS = 10_000
_KINDS = {"text": "TEXT", "bigint": "INTEGER", "double precision": "REAL"}
_NOT_OURS = ("writer",)


class SchemaInspection:
    """Of one schema."""

    def __init__(self, engine: Engine, schema: str) -> None:
        """Nothing is read yet."""
        self._engine, self._schema = engine, schema

    def tables(self) -> dict[str, dict[str, str]]:
        """Return of each table its columns, and of each column its type."""
        found: dict[str, dict[str, str]] = {}
        for table, column, kind in self._engine.fetch(
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = ? ORDER BY table_name, ordinal_position",
            (self._schema,),
        ):
            if table not in _NOT_OURS:
                found.setdefault(str(table), {})[str(column)] = _KINDS.get(str(kind), str(kind))
        return found

    def damage(self, most: int) -> list[str]:
        """Return constraints that nobody has held to the rows; pages are the server's to check."""
        found = self._engine.fetch(
            "SELECT conname FROM pg_constraint WHERE NOT convalidated"
            " AND connamespace = CAST(CAST(? AS regnamespace) AS oid) ORDER BY conname LIMIT ?",
            (self._schema, most),
        )
        return [str(name) for (name,) in found]

    def quick_damage(self) -> str | None:
        """Return the first constraint that nobody has held to the rows."""
        return next(iter(self.damage(1)), None)

    def strange_tables(self) -> list[str]:
        """Return no table: a schema whose pages are damaged does not answer."""
        return []

    def dangling(self) -> list[tuple[str, int, str]]:
        """Return no row: the server holds each to the row that it names."""
        return []

    def guards(self) -> frozenset[str]:
        """Return the names of the triggers that are there and not switched off."""
        found = self._engine.fetch(
            "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
            " WHERE relnamespace = CAST(CAST(? AS regnamespace) AS oid) AND tgenabled IN ('O', 'A')",
            (self._schema,),
        )
        return frozenset(str(name) for (name,) in found)

    def schema(self) -> list[str]:
        """Return no statement: the server keeps none as it was written."""
        return []

    def files(self) -> tuple[Path, ...]:
        """Return no file: they are the server's."""
        return ()

    def wrongly_typed(self, table: str, column: str, kind: str, most: int) -> list[Row]:  # noqa: ARG002
        """Return no row: the server holds each cell to the type of its column."""
        return []

    def cells(self, table: str, columns: Sequence[str]) -> Iterator[list[Row]]:
        """Yield all rows in pieces: the id of each, and the bytes of its texts in these columns."""
        texts = ", ".join(f'"{column}"' for column in columns)
        key = "message" if table == "texts" else "id"
        if key not in self.tables().get(table, {}):  # of which there are fewer than messages
            yield _as_bytes(self._engine.fetch(f'SELECT row_number() OVER (), {texts} FROM "{table}"', ()))  # noqa: S608 - the schema's own
            return
        paged = f'SELECT "{key}", {texts} FROM "{table}" WHERE "{key}" > ? ORDER BY "{key}" LIMIT ?'  # noqa: S608
        after = -(1 << 63)
        while rows := self._engine.fetch(paged, (after, _PIECE_ROWS)):
            yield _as_bytes(rows)
            after = rows[-1][0]


def _as_bytes(rows: list[Row]) -> list[Row]:
    return [(row[0], *(None if text is None else text.encode() for text in row[1:])) for row in rows]
