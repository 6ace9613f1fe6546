"""Statements that take one way to the server together, and leave it waiting for the next ones."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.abc import PQGen


@contextmanager
def together(session: psycopg.Connection[Any]) -> Iterator[None]:
    """Send the statements of the block at once; where the line breaks it is told as at any other time."""
    session._pipeline = _Together(session)  # noqa: SLF001 - the driver has no word for it
    try:
        with session.pipeline():
            yield
    except psycopg.DatabaseError as error:
        if error.sqlstate:
            raise
        raise psycopg.OperationalError from None


class _Together(psycopg.Pipeline):
    """What is sent at once, and nothing after it.

    The driver would go on to ask for the answers, which come anyhow. Who stands still after that, in the
    middle of a transaction, is busy to the server, and keeps the lock of all writers for ever.
    """

    def _fetch_gen(self, *, flush: bool) -> PQGen[None]:  # noqa: ARG002 - the driver's own form
        yield from super()._fetch_gen(flush=False)
        if self.result_queue:
            raise psycopg.OperationalError
