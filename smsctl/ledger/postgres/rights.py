"""The right to send a mailing, as a lock that a session of the server holds.

It goes when the session ends, whoever ended it: that it is free does not prove that its owner is gone.
"""

import psycopg

from smsctl.host.line import has_hung_up
from smsctl.ledger.postgres.connect import Session


class Rights:
    """The rights of one process, over all its sessions."""

    def __init__(self, schema: str) -> None:
        """Nothing is held yet."""
        self._schema = schema
        self._held: dict[str, bool] = {}  # by reference: whether it is ours still

    def take(self, session: Session, reference: str) -> bool:
        """Take a right; False: another process has it, or this one already."""
        # A session may take its own lock twice: that a run asks again must find it taken.
        if reference in self._held or not self._lock(session, reference):
            return False
        self._held[reference] = True
        return True

    def take_again(self, session: Session) -> None:
        """Take what was held, in a session that stands for one that broke; another may have been quicker."""
        for reference in self._held:
            self._held[reference] = self._lock(session, reference)

    def give_back(self, session: Session, reference: str) -> None:
        """Let another process have a right."""
        if self._held.pop(reference) and not session.closed:
            session.execute("SELECT pg_advisory_unlock(%s)", (self._key(reference),))

    def holds(self, session: Session, reference: str) -> bool:
        """Say whether a right that was taken is ours still; it may be asked by any thread, and asks nobody.

        Of a session that the server has ended, nobody hears who does not use it: its end is looked for.
        """
        return self._held.get(reference, True) and not (reference in self._held and _has_ended(session))

    def _lock(self, session: Session, reference: str) -> bool:
        row = session.execute("SELECT pg_try_advisory_lock(%s)", (self._key(reference),)).fetchone()
        return bool(row and row[0])

    def _key(self, reference: str) -> int:
        from hashlib import blake2b  # as in keyfile

        digest = blake2b(f"{self._schema} {reference}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, signed=True)


def _has_ended(session: Session) -> bool:
    """Say whether the server has closed the line; it may not have been used since."""
    if session.closed:
        return True
    try:
        return has_hung_up(session.fileno())
    except (OSError, psycopg.Error):  # closed between the looks
        return True
