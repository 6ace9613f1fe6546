"""Whether a standby has what was committed, where the config says that nothing counts before.

COMMIT reports success also where the server has just stopped to wait for one: somebody cancelled the wait, of
which it warns, or took the standby out of its settings, of which it does not. So the settings are read after
it; and where they may have been others in between, or the answer was lost, a small write is committed: what a
standby has of that, it has of all before.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from threading import Timer
from typing import TypeVar

import psycopg

from smsctl.errors import Sentence, say
from smsctl.ledger.postgres.connect import Access, Session, roll_back
from smsctl.ledger.postgres.sentences import not_confirmed

T = TypeVar("T")
_WAITS_NO_LONGER = "01000"
_TRIES, _SETTLED_S = 3, 1.0
_SAY_AFTER_S = 3.0
SETTINGS = (
    "CASE WHEN current_setting('synchronous_standby_names') = '' OR current_setting('max_wal_senders') = '0'"
    " THEN 0 ELSE 1 END,"
    " CAST(pg_conf_load_time() AS text)"
)
"""Whether the server waits for a standby, and since when its settings are so.

One that may send its log to nobody waits for none, whatever else it says.
"""


class Standby:
    """What is known of the standby by one process, over all its sessions."""

    def __init__(self, access: Access) -> None:
        """Nothing is known yet."""
        self._asked, self._place = access.standby_must_have_it, access.address.shown
        self._most_s, self._patient = access.busy_timeout_s, False
        self._waits_no_longer = False
        self._settings_at = ""  # as the open transaction has found them
        self._waits = False  # and whether they say that its COMMIT waits, whatever the config asks for
        self.awaited = False  # and whether the config says so too

    def listen(self, session: Session) -> None:
        """Hear of what this session's server warns."""
        session.add_notice_handler(self._notice)

    def begun(self, settings_at: str, *, has_standby: bool) -> None:
        """Note how a transaction has found the settings, and since when they are so."""
        self._settings_at, self._waits_no_longer = settings_at, False
        self._waits, self.awaited = has_standby, self._asked and has_standby

    def committed(
        self, session: Session, on_wait: Callable[[Sentence], None], *, patient: bool
    ) -> str | None:
        """Run COMMIT and return what the server calls it; where it waits for its standby for long, say so.

        It waits without an end, whatever its settings say of statements. Who is not `patient` has it ended
        after a while, as an administrator would: then it is not confirmed.
        """
        self._patient = patient
        told = say("Waiting for the standby of {path}, which must have what is written.", path=self._place)
        with self._after(_SAY_AFTER_S, on_wait, told), self._given_up(session):
            return session.execute("COMMIT", prepare=False).statusmessage

    def _given_up(self, session: Session) -> AbstractContextManager[None]:
        return nullcontext() if self._patient else self._after(self._most_s, _end_the_wait, session)

    @contextmanager
    def _after(self, wait_s: float, act: Callable[[T], object], about: T) -> Iterator[None]:
        """Act, in a thread of its own, if the block waits for the standby for longer."""
        if not self._waits:
            yield
            return
        timer = Timer(wait_s, act, [about])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def must_have_taken(self, session: Session) -> None:
        """Raise LedgerError where the standby may lack what was just committed, with success."""
        if self._waits_no_longer:
            raise not_confirmed(self._place)
        if self.awaited:
            with self._undone(session):
                if not self._waited_all_the_time(session):
                    self._prove(session)

    def has_it(self, session: Session) -> bool:
        """Say whether the standby has all that was committed; False: the session was lost, nobody can tell.

        Raises LedgerError where it may lack something.
        """
        try:
            with self._undone(session):
                self._prove(session)
        except psycopg.OperationalError:
            return False
        return True

    @contextmanager
    def _undone(self, session: Session) -> Iterator[None]:
        """Leave no transaction open; what was committed before is not confirmed, whatever fails here."""
        try:
            yield
        except BaseException as error:
            if session.closed:
                raise
            with suppress(psycopg.Error):
                if session.info.transaction_status:
                    roll_back(session)
            if isinstance(error, psycopg.Error):
                raise not_confirmed(self._place) from None
            raise

    def _prove(self, session: Session) -> None:
        """Have something small committed, and with it all that was before.

        A session knows of new settings before the server's own process does by which a COMMIT waits, so that
        one right after them does not wait: it is given a moment.
        """
        for _ in range(_TRIES):
            time.sleep(_SETTLED_S)
            session.execute("BEGIN READ WRITE")
            row = session.execute(
                "SELECT CAST(pg_conf_load_time() AS text) FROM pg_logical_emit_message(true, 'smsctl', '')"
            ).fetchone()
            self.begun(row[0] if row else "", has_standby=True)
            with self._given_up(session):
                session.execute("COMMIT", prepare=False)
            if not self._waits_no_longer and self._waited_all_the_time(session):
                return
        raise not_confirmed(self._place)

    def _waited_all_the_time(self, session: Session) -> bool:
        row = session.execute(f"SELECT {SETTINGS}".encode()).fetchone()
        if row is None or not row[0]:
            raise not_confirmed(self._place)
        return bool(row[1] == self._settings_at)

    def _notice(self, said: psycopg.errors.Diagnostic) -> None:
        self._waits_no_longer = self._waits_no_longer or said.sqlstate == _WAITS_NO_LONGER


def _end_the_wait(session: Session) -> None:
    with suppress(psycopg.Error):  # it is over, or the line is
        session.cancel()
