"""How the server is asked which database it is, and in which of its lives."""

from collections.abc import Sequence
from typing import Any

from smsctl.errors import LedgerError, say
from smsctl.host.clock import ClockReading
from smsctl.ledger.postgres.connect import Access, Session
from smsctl.ledger.postgres.sentences import told
from smsctl.ledger.postgres.standby import SETTINGS
from smsctl.ledger.seam.engine import TIME_ZONE
from smsctl.ledger.seam.sentences import OutOfDateError, being_filled, other_time_zone, overtaken
from smsctl.ledger.seam.standing import Identity, Standing

_IDENTITY = (
    "SELECT (SELECT CAST(system_identifier AS text) FROM pg_control_system()),"
    # That of the control file is the old one still after a standby was promoted.
    " CASE WHEN pg_is_in_recovery() THEN '' ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END,"
    " (SELECT CAST(oid AS bigint) FROM pg_database WHERE datname = current_database()),"
    " CAST(CAST('facts' AS regclass) AS bigint),"
    " COALESCE((SELECT CAST(xmin AS text) FROM facts WHERE name = 'lineage'), '')"
)
NOW = _IDENTITY.replace(
    "SELECT",
    f"SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), {SETTINGS},",
    1,
)
"""Its time, whether it waits for a standby, since when that is so, and its identity."""

STANDING = NOW.replace(
    "SELECT",
    "SELECT (SELECT value FROM facts WHERE name = 'schema-version'),"
    " (SELECT value FROM facts WHERE name = 'being-filled'),"
    " (SELECT value FROM facts WHERE name = 'time-zone'),",
    1,
)
"""The version of the schema, what it is being filled with, its time zone, and then as `NOW`."""

MARK = "SELECT 1 FROM writer WHERE one = ?"
"""Whether the transaction that left this was committed."""


def stood(access: Access, read: ClockReading, row: Sequence[Any] | None) -> Standing:
    """Return what was answered to `NOW`; `read` as in `Standing`."""
    assert row is not None  # noqa: S101 - it has no FROM
    at, has_standby, settings_at, *identity = row
    return Standing(
        identity=Identity(*identity),
        at=at,
        read=read,
        asks_for_standby=access.standby_must_have_it,
        has_standby=bool(has_standby),
        settings_at=settings_at,
    )


def must_be_as_opened(access: Access, version: str, opened: int) -> None:
    """Raise LedgerError where a newer smsctl has changed the schema since."""
    if int(version) != opened:
        raise overtaken(access.address.shown)


def must_take_writes(
    session: Session, place: str, filled_with: str | None, zone: str | None, ours: str | None
) -> None:
    """Raise LedgerError where the ledger is not whole yet, or books days by another time zone than `ours`.

    The first one is noted, in the open transaction.
    """
    if filled_with is not None:
        raise being_filled(place, filled_with.partition(" ")[2])
    if wrong := other_time_zone(place, zone, ours):
        raise wrong
    if ours and zone is None:
        with told(place):
            session.execute("INSERT INTO facts (name, value) VALUES (%s, %s)", (TIME_ZONE, ours))


def must_be_same_life(access: Access, now: Identity, known: Identity) -> None:
    """Raise LedgerError for another database; one that had all that was committed may have taken over."""
    followed = access.standby_must_have_it and now.is_promoted_from(known)
    if not (followed or now.is_same_life(known)):
        raise another(access.address.shown)


def another(place: str) -> LedgerError:
    """Return the error for a database that is not the one that was opened."""
    return OutOfDateError(
        say(
            "{path}: this is another database than before: put back, or another server took over.", path=place
        ),
        hint=say(
            "What was sent last may be missing in it. Look at what the gateway took before anything is sent."
        ),
    )
