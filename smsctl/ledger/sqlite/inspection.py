"""A look below the rows of a ledger's file: its pages, its schema, its cells as they are."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from smsctl.ledger.seam.engine import Engine, Row
from smsctl.ledger.sqlite import schema
from smsctl.ledger.sqlite.sentences import in_one_line

_PIECE_ROWS = 10_000
_TYPES = {"TEXT": "'text'", "INTEGER": "'integer'", "REAL": "'real', 'integer'"}


class FileInspection:
    """Of one open file."""

    def __init__(self, engine: Engine) -> None:
        """Nothing is read yet."""
        self._engine = engine

    def tables(self) -> dict[str, dict[str, str]]:
        """Return of each table its columns, and of each column its type."""
        names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        return {
            str(table): {str(row[1]): str(row[2]) for row in self._fetch(f'PRAGMA table_info("{table}")')}
            for (table,) in self._fetch(names)
        }

    def damage(self, most: int) -> list[str]:
        """Return what is wrong with the file's pages, at most so much."""
        return [
            in_one_line(told) for (told,) in self._fetch(f"PRAGMA integrity_check({most:d})") if told != "ok"
        ]

    def quick_damage(self) -> str | None:
        """Return the first damage that SQLite's quick check finds."""
        return next(
            (in_one_line(told) for (told,) in self._fetch("PRAGMA quick_check(1)") if told != "ok"), None
        )

    def strange_tables(self) -> list[str]:
        """Return the tables that have not the columns which the migrations make."""
        return schema.strange_tables(self._fetch)

    def dangling(self) -> list[tuple[str, int, str]]:
        """Return each row that names a row which is not there: its table, its id, the other's table."""
        return [(table, row, parent) for table, row, parent, _ in self._fetch("PRAGMA foreign_key_check")]

    def guards(self) -> frozenset[str]:
        """Return the names of the triggers that are there."""
        return frozenset(
            name for (name,) in self._fetch("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        )

    def schema(self) -> list[str]:
        """Return the statements that the file keeps of its tables: text too, like that of a cell."""
        return [sql for (sql,) in self._fetch("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")]

    def files(self) -> tuple[Path, ...]:
        """Return the ledger's one file."""
        return (self._engine.path,)

    def wrongly_typed(self, table: str, column: str, kind: str, most: int) -> list[Row]:
        """Return of each row whose cell is of another type its id and that type."""
        return self._fetch(
            f'SELECT rowid, typeof("{column}") FROM "{table}"'  # noqa: S608 - the names are the schema's own
            f" WHERE typeof(\"{column}\") NOT IN ({_TYPES[kind]}, 'null') LIMIT {most:d}"
        )

    def cells(self, table: str, columns: Sequence[str]) -> Iterator[list[Row]]:
        """Yield all rows in pieces: the id of each, and the bytes of its texts in these columns."""
        cells = ", ".join(f'CAST("{column}" AS BLOB)' for column in columns)
        after = -(1 << 63)
        while rows := self._engine.fetch(
            f'SELECT rowid, {cells} FROM "{table}" WHERE rowid > ? ORDER BY rowid LIMIT {_PIECE_ROWS:d}',  # noqa: S608
            (after,),
        ):
            yield rows
            after = rows[-1][0]

    def _fetch(self, sql: str) -> list[Row]:
        return self._engine.fetch(sql, ())
