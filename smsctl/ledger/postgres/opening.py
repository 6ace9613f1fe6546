"""Opening a ledger on a server: made or brought up to date, or only looked at."""

from contextlib import ExitStack

from smsctl.ledger.postgres import connect, schema
from smsctl.ledger.postgres.connect import Access
from smsctl.ledger.postgres.engine import PostgresEngine
from smsctl.ledger.postgres.sentences import told
from smsctl.ledger.seam.sentences import older


def open_to_write(access: Access) -> PostgresEngine:
    """Open a ledger for writing; a missing one is made in its schema, an older one is brought up to date.

    Raises LedgerError in words.
    """
    place = access.address.shown
    with told(place), ExitStack() as unless_well:
        session = connect.connect(access)
        unless_well.callback(session.close)
        schema.migrate(session, access.schema, place, wait_s=access.busy_timeout_s)
        opened = PostgresEngine(access, session, schema.newest())
        unless_well.pop_all()
    return opened


def open_to_read(access: Access) -> PostgresEngine | None:
    """Open an existing ledger for reading only; None where there is none. Creates and changes nothing."""
    access = access._replace(read_only=True)
    place = access.address.shown
    with told(place), ExitStack() as unless_well:
        session = connect.connect(access)
        unless_well.callback(session.close)
        found = schema.version_of(session)
        schema.refuse_newer(found, place)
        if found == 0:
            return None
        if found < schema.newest():
            raise older(place)
        opened = PostgresEngine(access, session, found)
        unless_well.pop_all()
    return opened
