"""Which database this is, and in which of its lives: what a run compares before each write."""

from typing import NamedTuple

from smsctl.errors import LedgerError, say


class Identity(NamedTuple):
    """Which database this is, and in which of its lives: a copy or a promoted standby has another."""

    system: str
    timeline: str
    database: int
    facts: int
    lineage: str  # the transaction that wrote it; '' before anything was sent

    def is_same_life(self, other: "Identity") -> bool:
        """Say whether nothing tells that the database was copied, put back or taken over in between."""
        return self._replace(lineage="") == other._replace(lineage="") and other.lineage in ("", self.lineage)


IDENTITY = (
    "SELECT (SELECT CAST(system_identifier AS text) FROM pg_control_system()),"
    # That of the control file is the old one still after a standby was promoted.
    " CASE WHEN pg_is_in_recovery() THEN '' ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END,"
    " (SELECT CAST(oid AS bigint) FROM pg_database WHERE datname = current_database()),"
    " CAST(CAST('facts' AS regclass) AS bigint),"
    " COALESCE((SELECT CAST(xmin AS text) FROM facts WHERE name = 'lineage'), '')"
)
STANDING = IDENTITY.replace(
    "SELECT",
    "SELECT CAST(pg_current_xact_id() AS text), (SELECT value FROM facts WHERE name = 'schema-version'),",
    1,
)
"""The open transaction, the version of the schema, and the identity."""


def another(place: str) -> LedgerError:
    """Return the error for a database that is not the one that was opened."""
    return LedgerError(
        say(
            "{path}: this is another database than before: put back, or another server took over.", path=place
        ),
        hint=say(
            "What was sent last may be missing in it. Look at what the gateway took before anything is sent."
        ),
    )
