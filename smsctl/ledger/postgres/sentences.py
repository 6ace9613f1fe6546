"""What PostgreSQL says, in our words: told by SQLSTATE alone, for its own words quote numbers and secrets."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from smsctl.errors import LedgerError, Sentence, say
from smsctl.ledger.seam.sentences import FullError, LostError, OnlyReadError, OutOfDateError, overtaken

_LOCK_NOT_AVAILABLE, _READ_ONLY, _LOGIN = "55P03", "25006", "28"
_OTHER_COLUMNS = "0A000"
"""What was prepared finds other columns than it was prepared for: a newer smsctl has added some."""

_ENDED = ("57P01", "57P02", "57P05", "08003", "08006", "25P03", "25P04")
"""The server has ended the session: it stops, somebody stopped it, or it waited too long in a transaction."""

_TAKEN_BACK = (_LOCK_NOT_AVAILABLE, "40001", "40P01", "57014")
"""Somebody else holds what a statement needs, as one does who compacts a table, or has cancelled it, as an
administrator may: nothing of it is stored."""


class NotNowError(Exception):
    """Somebody else holds the lock, or the server cannot be reached: later it may be possible."""

    def __init__(self, error: LedgerError) -> None:
        """`error` says it in words."""
        super().__init__()
        self.told = error

    @property
    def waiting(self) -> Sentence:
        """What a run that does not give up says meanwhile."""
        return say("Waiting: {why}", why=self.told.sentence)


@contextmanager
def told(place: Path | str) -> Iterator[None]:
    """Turn the driver's errors into LedgerError; `place` is what the sentence names."""
    try:
        yield
    except psycopg.Error as error:
        raise in_words(error, place) from None  # the driver's own words quote the row


@contextmanager
def not_now() -> Iterator[None]:
    """Tell of a session that broke before anything was written in it as of one that comes later."""
    try:
        yield
    except LostError as error:
        raise NotNowError(error) from None


def in_words(error: psycopg.Error, place: Path | str) -> LedgerError:
    """Return what an error is, as a sentence; it holds nothing that the server or the driver wrote."""
    code = error.sqlstate or ""
    if code.startswith("53100"):
        return FullError(
            say("{path}: the disk of the database is full; nothing more was recorded or sent.", path=place),
            hint=say("Make room on the database server."),
        )
    if code.startswith(_ENDED) or (not code and isinstance(error, psycopg.OperationalError)):
        return broke(place)
    if code == _OTHER_COLUMNS:
        return overtaken(place)
    kind = _kind(code)
    for beginning, (sentence, hint) in _SENTENCES.items():
        if code.startswith(beginning):
            return kind(say("{path}: {what}", path=place, what=sentence), hint=hint)
    return LedgerError(
        say("{path}: the database failed (SQLSTATE {code}).", path=place, code=code or "-"),
        hint=say("The server's log tells more: ask whoever looks after the database."),
    )


def _kind(code: str) -> type[LedgerError]:
    if code in _TAKEN_BACK:
        return LostError
    if code.startswith(_LOGIN):  # of a process that has run since before the password was changed, say
        return OutOfDateError
    return OnlyReadError if code == _READ_ONLY else LedgerError


def broke(place: Path | str) -> LostError:
    """Return the error for a connection that broke; nothing of the open transaction is stored."""
    return LostError(
        say("{path}: the connection to the database broke.", path=place), hint=say("Try again in a minute.")
    )


def not_confirmed(place: Path | str) -> LedgerError:
    """Return the error for a write that is done here and perhaps not on the standby."""
    return LedgerError(
        say("{path}: the standby has not confirmed the write; nothing more is sent.", path=place),
        hint=say("Ask whoever looks after the database whether the standby is well; then resume."),
    )


_BUSY = (say("the ledger is busy; another program holds it."), say("Try again in a minute."))
_ASK = say("Ask whoever looks after the database.")
_SENTENCES: dict[str, tuple[Sentence, Sentence]] = {
    _LOCK_NOT_AVAILABLE: _BUSY,
    "40": _BUSY,
    "08P01": (
        say("the connection is not encrypted as it must be, or the server's certificate is not trusted."),
        say("Name the certificates in `[ledger] ca_bundle`; `url` must name the certificate's host."),
    ),
    _LOGIN: (
        say("the database refused the login."),
        say("Check the user in `[ledger] url`, and the password."),
    ),
    "3D000": (say("this database is not there."), _ASK),
    "3F000": (say("the ledger's schema is not there."), _ASK),
    "42501": (
        say("the role lacks a right that the ledger needs."),
        say(
            "The user in `[ledger] url` must own the ledger's schema. What only tells, as `usage`, writes too"
            " where a run has left something to be settled."
        ),
    ),
    "42P01": (say("a table of the ledger is not there."), _ASK),
    "53300": (say("the database takes no more connections."), _ASK),
    _READ_ONLY: (
        say("this database can only be read: it is a standby, or closed (default_transaction_read_only)."),
        say("Name the primary in `[ledger] url`."),
    ),
    "57P": (say("the database is being shut down or started."), say("Try again in a minute.")),
    "57014": (say("the database did not answer in time."), say("Try again in a minute.")),
}

_REFUSALS = {
    "the database system": "57P03",
    "databassystemet": "57P03",
    "terminating connection": "57P01",
    "anslutning på grund av": "57P01",
    "authentication due to timeout": "57014",
    "autentisering på grund av timeout": "57014",
    "password authentication failed": "28P01",
    "no password supplied": "28P01",
    "senordsautentisering misslyckades": "28P01",
    "no pg_hba.conf entry": "28000",
    "authentication method requirement": "28000",
    "too many": "53300",
    "för många": "53300",
    "remaining connection slots": "53300",
    "resterande anslutningsslottar": "53300",
    "certificate": "08P01",
    "SSL SYSCALL": "08006",  # it was closed in the middle: the server stops, or starts
    "unexpected eof": "08006",
    "SSL": "08P01",
    "session is read-only": "25006",
    ':  database "': "3D000",
    ':  databasen "': "3D000",
    ":  ": "28000",
}
"""What a server says that opens no session, in English or Swedish, and what it means, in this order.

The driver gives no code then. Two blanks go before what a server says; where that is something else, in any
language, it has refused the login, as it does to a listener that has read an earlier password.
"""


def refusal(told_of: str) -> str | None:
    """Return the SQLSTATE of what a server says that opens no session; None: none has said anything."""
    return next((code for words, code in _REFUSALS.items() if words in told_of), None)
