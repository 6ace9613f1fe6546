"""What the ledger asks of the database below it. All other SQL is written once, above, for every engine."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from smsctl.errors import Sentence
    from smsctl.ledger.seam.standing import Standing

Row = tuple[Any, ...]
Values = Sequence[object]
Progress = Callable[[int, int], None]
"""Is told how much is done, and of how much."""

COPIED = "copied"
"""The fact by which a copy knows that it is one: put back, it is recognised with no other file beside it."""

RETIRED = "retired"
"""The fact by which a file knows that its ledger goes to another place, or has gone: nothing writes in it."""

FILLING = "being-filled"
"""The fact by which a server knows that a ledger comes to it, and which: nobody writes in it before."""


TIME_ZONE = "time-zone"
"""The fact that tells by which time zone the ledger books its days."""

REHEARSED = "rehearsal"
"""What stands there in a ledger of rehearsals, which goes by any."""


def nobody_looks(_done: int, _total: int) -> None:
    """Do nothing with the progress: for a copy that nobody watches."""


def storable(values: Sequence[object]) -> Sequence[object]:
    """Return the values as every engine takes them.

    A text with a NUL or half a surrogate pair in it, as JSON may hold, would lose a whole answer.
    """
    together = "".join([one for one in values if type(one) is str])  # one look at them all
    if "\0" in together or not (together.isascii() or _is_utf8(together)):
        return [_kept(one) if isinstance(one, str) else one for one in values]
    return values


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _kept(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode()


class Inspection(Protocol):
    """A look below the rows of a ledger: whether the database itself is whole."""

    def tables(self) -> dict[str, dict[str, str]]:
        """Return of each table its columns, and of each column its type: TEXT, INTEGER or REAL."""

    def damage(self, most: int) -> list[str]:
        """Return what is wrong below the rows, at most so much."""

    def quick_damage(self) -> str | None:
        """Return the first damage that a quick look finds."""

    def strange_tables(self) -> list[str]:
        """Return the tables that have not the columns which the migrations make."""

    def dangling(self) -> list[tuple[str, int, str]]:
        """Return each row that names a row which is not there: its table, its id, the other's table."""

    def guards(self) -> frozenset[str]:
        """Return the names of the triggers that are there."""

    def schema(self) -> list[str]:
        """Return the statements that the database keeps of its tables."""

    def files(self) -> tuple[Path, ...]:
        """Return the files in which its rows stand, as far as this machine can look into them."""

    def wrongly_typed(self, table: str, column: str, kind: str, most: int) -> list[Row]:
        """Return of each row whose cell is of another type its id and that type."""

    def cells(self, table: str, columns: Sequence[str]) -> Iterator[list[Row]]:
        """Yield all rows in pieces: the id of each, and the bytes of its texts in these columns."""


class Engine(Protocol):
    """An open database. Whatever goes wrong below is raised as LedgerError, in words."""

    path: Path
    """Where the ledger lies, or what this machine alone knows of it; its key stands beside it."""

    place: str
    """What sentences name: the file, or the database's address."""

    on_wait: "Callable[[Sentence], None]"
    """Is called once where somebody else holds the database for long, or a standby is waited for."""

    moving: bool
    """Whether this process is who copies the ledger to another place, and writes where nobody else may."""

    time_zone: str | None
    """By which whoever opened it books days; None: by whichever the ledger goes by."""

    def fetch(self, sql: str, values: Values) -> list[Row]:
        """Fetch all rows at once, so that no read stays open."""

    def first(self, sql: str, values: Values) -> Row | None:
        """Fetch the first row."""

    def records(self, sql: str, values: Values) -> list[dict[str, Any]]:
        """Fetch all rows at once, each by column name."""

    def change(self, sql: str, values: Values) -> int:
        """Run one statement inside an open transaction and return how many rows it changed."""

    def enqueue(self, sql: str, values: Values, rows: int | None = None) -> None:
        """Run one statement inside an open transaction, now or with the next; nobody needs its answer.

        LedgerError where it must change so many `rows` and does not.
        """

    def table(self, kinds: Sequence[str], columns: Sequence[Values]) -> tuple[str, Values]:
        """Return columns as a statement names a table, as column1, column2 …, and the values in it.

        `kinds` are their types: INTEGER or TEXT.
        """

    def change_many(self, sql: str, values: Iterable[Values]) -> int:
        """Run one statement for each set of values inside an open transaction; return rows changed."""

    def load(self, table: str, columns: Mapping[str, Values]) -> None:
        """Write many new rows inside an open transaction, given by column, as quickly as the database can."""

    def begin(self, *, patient: bool) -> None:
        """Take the one write lock. Raises LedgerError where it is not free in time, unless `patient`.

        And where the database is not the one that was opened, or its schema is a newer one; and where its
        ledger has gone to another place, or is only coming, or books days by another time zone, unless
        `moving`. A ledger that has booked by none yet goes by this one from then on.
        """

    def freeze(self) -> None:
        """Let what is read be of one moment, until `rollback`."""

    def commit(self, *, patient: bool) -> None:
        """Make the open transaction durable; where this raises, nothing of it is stored."""

    def rollback(self) -> None:
        """Take back the open transaction, if one is open still."""

    def right_to_send(self, reference: str) -> AbstractContextManager[bool]:
        """Hold the right to send the mailing of this reference; yields whether it was free."""

    def may_still_send(self, reference: str) -> bool:
        """Say whether a right that was taken is ours still, as far as this machine knows; from any thread."""

    def standing(self) -> "Standing | None":
        """Return what a server says of itself; None for a file, which one host alone has."""

    def inspection(self) -> Inspection:
        """Return what looks below the rows."""

    def copied(self, on_progress: Progress) -> "Engine":
        """Return all of one moment, to be read; it goes when it is closed."""

    def back_up(self, target: Path, on_progress: Progress, before_named: Callable[[], object]) -> None:
        """Copy all of one moment to a new file, whole or not at all; OSError: it cannot be written.

        `before_named` is called when the copy is whole, and has its name only after that.
        """

    def compact(self) -> None:
        """Free what is left of removed rows."""

    def close(self) -> None:
        """Close the connection."""
