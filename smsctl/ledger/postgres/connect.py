"""A session with the database: every parameter is ours, and what would break a promise is refused."""

import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Dumper, Loader

from smsctl.domain.database_address import Address
from smsctl.domain.secret import Secret
from smsctl.errors import LedgerError, Sentence, say
from smsctl.ledger.postgres.sentences import in_words, refusal, told
from smsctl.ledger.postgres.together import together
from smsctl.ledger.seam.sentences import LostError

Session = psycopg.Connection[tuple[Any, ...]]

_OLDEST = 150_000
_TIMES_OUT_ITSELF = 170_000
_CONNECT_TIMEOUT_S = 10
_PRIMARY, THE_SYSTEM = "primary", "system"
_SETTINGS = {
    "synchronous_commit": "on",
    "timezone": "UTC",
    "datestyle": "ISO",
    "client_min_messages": "warning",
    "default_transaction_isolation": "read\\ committed",
    "default_transaction_deferrable": "off",
    "standard_conforming_strings": "on",
    "array_nulls": "on",
    "extra_float_digits": "1",
    "row_security": "off",  # what a policy would hide is an error then, and never as if it were not there
    "statement_timeout": "600s",
    "idle_session_timeout": "0",
    "idle_in_transaction_session_timeout": "30s",
    # A host without power says no farewell: unless the server asks for it, its right to send stays for hours.
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "6",
    "tcp_user_timeout": "90s",
}
"""What the role, the database or the environment would else decide."""

_PLANS = "SELECT " + ", ".join(
    f"set_config('{name}', '{value}', true)"
    for name, value in {
        "enable_seqscan": "off",
        "enable_bitmapscan": "off",
        "enable_hashjoin": "off",
        "enable_mergejoin": "off",
        "plan_cache_mode": "force_generic_plan",
        "jit": "off",  # until version 17 what has no index seems dear enough to be compiled, in 0.1 s
    }.items()
)
"""In a write each row is found by an index, however little the server knows yet of a table just filled."""

MARK = (
    "WITH now AS (SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint) AS ms),"
    " gone AS (DELETE FROM writer WHERE one < (SELECT ms - 86400000 FROM now) * 1048576)"
    " INSERT INTO writer (one) SELECT ms * 1048576 + CAST(floor(random() * 1048576) AS bigint) FROM now"
    " RETURNING one"
)
"""What each transaction leaves, for a day, that none before or after it does.

Its number is no such thing: a server that has crashed gives the numbers of what it lost once more.
"""

_SHARED = say("something between here and the server shares sessions (a pooler).")

_ENVIRONMENT = Lock()
_NUMBERS = count(1)


class Access(NamedTuple):
    """How a ledger on a server is reached."""

    address: Address
    state: Path  # where this machine keeps what it alone knows of the ledger
    password: Secret | None = None
    ca_bundle: Path | None = None
    schema: str = "smsctl"
    busy_timeout_s: float = 30
    read_only: bool = False
    standby_must_have_it: bool = False  # nothing counts as committed before a standby has it


def connect(access: Access) -> Session:
    """Open a session that keeps the ledger's promises. Raises LedgerError in words, and quotes nothing."""
    place = access.address.shown
    logging.getLogger("psycopg").disabled = True  # it quotes what it stumbles over
    with told(place), ExitStack() as unless_well:
        try:
            session = _connected(access)
        except psycopg.OperationalError as error:
            raise _unreachable(str(error), place) from None
        unless_well.callback(session.close)
        _refuse(session, place, read_only=access.read_only)
        if session.info.server_version >= _TIMES_OUT_ITSELF:
            session.execute("SET transaction_timeout = '300s'")
        session.adapters.register_dumper(bool, _WholeNumberDumper)
        session.adapters.register_loader("numeric", _WholeNumberLoader)
        session.adapters.register_loader("bool", _TruthLoader)
        session.prepare_threshold = 2
        unless_well.pop_all()
    return session


def roll_back(session: Session) -> None:
    """Take back the open transaction, and forget what was prepared in it: the driver takes it for done.

    It forgets at a text that it has not seen before, and else goes on to name what the server does not know.
    """
    session.execute(f"ROLLBACK -- {next(_NUMBERS)}".encode())


def connect_for_long(access: Access) -> Session:
    """Open a session in which a transaction may take as long as a look at millions of messages."""
    session = connect(access)
    session.execute("SET idle_in_transaction_session_timeout = 0")
    if session.info.server_version >= _TIMES_OUT_ITSELF:
        session.execute("SET transaction_timeout = 0")
    return session


def _connected(access: Access) -> Session:
    given, password = parameters(access), access.password.reveal() if access.password else ""
    with _without_environment():
        try:
            return psycopg.connect(**given, autocommit=True, password=password)
        except psycopg.OperationalError:
            if given["target_session_attrs"] != _PRIMARY:
                raise
            # What a standby tells may be old: better than nothing, where nothing is done by it.
            return psycopg.connect(
                **given | {"target_session_attrs": "any"}, autocommit=True, password=password
            )


def begin(session: Session, standing: str) -> tuple[Any, ...]:
    """Begin a transaction that writes, with the one lock of all writers.

    Returns what is there of it when it is committed, and what `standing` asks.
    """
    with together(session):
        session.execute("BEGIN ISOLATION LEVEL READ COMMITTED")  # and not READ WRITE: see `parameters`
        session.execute("LOCK TABLE writer IN EXCLUSIVE MODE")
        session.execute(_PLANS)
        # After the lock, and in a statement of its own: it sees what the last writer committed.
        found = session.execute(standing.encode())
        marked = session.execute(MARK)
    (row,), ((mark,),) = found.fetchall(), marked.fetchall()
    return (mark, *row)


def _unreachable(told_of: str, place: str) -> LedgerError:
    """Return why there is no session: the driver gives no code then, and its words may not be shown."""
    if "unsupported startup parameter" in told_of:  # no server lacks one of ours
        return _unfit(_SHARED, place)
    if code := refusal(told_of):
        return in_words(psycopg.errors.lookup(code)(), place)
    return LostError(
        say("{path}: the database cannot be reached.", path=place),
        hint=say("Check the host and the port in `[ledger] url`, and whether the server runs."),
    )


def parameters(access: Access) -> dict[str, Any]:
    """Return how a session is opened, but for the password: nothing is left to the environment."""
    servers = access.address.servers
    lock_ms = max(int(min(access.busy_timeout_s, 1.0) * 1000), 1)
    settings = _SETTINGS | {"search_path": f"{access.schema},pg_temp", "lock_timeout": f"{lock_ms}ms"}
    if access.read_only:  # who writes goes by what the server says: so it is closed before another takes over
        settings["default_transaction_read_only"] = "on"
    parameters: dict[str, Any] = {
        "host": ",".join(server.host.strip("[]") for server in servers),
        "port": ",".join(str(server.port) for server in servers),
        "user": access.address.user,
        "dbname": access.address.database,
        "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
        "application_name": "smsctl",
        "client_encoding": "UTF8",
        "passfile": f"{access.state}.none",  # no such file: one is looked for at home otherwise
        "connect_timeout": _CONNECT_TIMEOUT_S,
        "target_session_attrs": _wanted(access),
        "gssencmode": "disable",
        "keepalives": 1,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,
        "sslcert": "",
        "sslkey": "",
    }
    if access.address.stays_here:
        parameters["sslmode"] = "disable"
    else:
        parameters |= {"sslmode": "verify-full", "require_auth": "scram-sha-256"}
        parameters["sslrootcert"] = str(access.ca_bundle) if access.ca_bundle else THE_SYSTEM
    return parameters


def _wanted(access: Access) -> str:
    if not access.read_only:
        return "read-write"
    return _PRIMARY if len(access.address.servers) > 1 else "any"


@contextmanager
def _without_environment() -> Iterator[None]:
    """Hide what the environment would tell the driver: each PG… has an effect of its own."""
    with _ENVIRONMENT:
        hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("PG")}
        try:
            yield
        finally:
            os.environ.update(hidden)


def _refuse(session: Session, place: str, *, read_only: bool) -> None:
    """Raise LedgerError for a server, or a way to it, on which the ledger's promises do not hold."""
    row = session.execute(
        "SELECT current_setting('server_encoding'), current_setting('fsync'),"
        " current_setting('full_page_writes'), current_setting('synchronous_commit'),"
        " pg_is_in_recovery(), pg_backend_pid(), current_setting('session_replication_role')"
    ).fetchone()
    assert row is not None  # noqa: S101 - it has no FROM
    encoding, fsync, pages, commit, is_standby, pid, role = row
    found: Iterator[tuple[bool, Sentence]] = iter(
        (
            (session.info.server_version < _OLDEST, say("the server is older than PostgreSQL 15.")),
            (encoding != "UTF8", say("the database's encoding is not UTF8.")),
            ((fsync, pages) != ("on", "on"), say("the server does not flush what it promises (fsync).")),
            (commit != "on", say("the server promises before it flushes (synchronous_commit).")),
            (role != "origin", say("the server does not guard its rows (session_replication_role).")),
            (is_standby and not read_only, say("this database can only be read: it is a standby.")),
            (pid != session.info.backend_pid, _SHARED),
        )
    )
    for is_wrong, sentence in found:
        if is_wrong:
            raise _unfit(sentence, place)


def _unfit(sentence: Sentence, place: str) -> LedgerError:
    return LedgerError(
        say("{path}: {what}", path=place, what=sentence),
        hint=say("Nothing is sent from such a ledger: ask whoever looks after the database."),
    )


class _WholeNumberDumper(Dumper):
    """Truth is 0 or 1 in the ledger, as in SQLite."""

    oid = 20  # of bigint

    def dump(self, obj: bool) -> bytes:  # noqa: FBT001 - the driver's own form
        return b"1" if obj else b"0"


class _WholeNumberLoader(Loader):
    """A sum of whole numbers is one; the server counts it in a type of any precision."""

    def load(self, data: Buffer) -> int:
        return int(bytes(data))


class _TruthLoader(Loader):
    def load(self, data: Buffer) -> int:
        return int(bytes(data) == b"t")
