"""A backup of a ledger on a server, by PostgreSQL's own pg_dump: of one moment, while others send."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg.conninfo import make_conninfo

from smsctl.domain.secret import Secret
from smsctl.errors import LedgerError, Sentence, say
from smsctl.host.process import IS_WINDOWS
from smsctl.ledger.postgres.connect import THE_SYSTEM, Access, parameters
from smsctl.ledger.seam import whole

_PROGRAM = "pg_dump"
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
_KNOWS_REQUIRE_AUTH = _KNOWS_THE_SYSTEM = 16
_TIMES_OUT = 17
"""From this version on what puts a dump back begins with a setting that earlier servers refuse, and their own
program does not read what this one writes."""
_A_MAJOR = 10_000


def dump(
    access: Access, server_version: int, target: Path, before_named: Callable[[], object] = lambda: None
) -> None:
    """Copy the ledger's schema to `target`, for pg_restore: durably, mode 0600, whole or not at all.

    `before_named` is called when it is whole. Raises LedgerError where there is no pg_dump as new as the
    server, or it fails, and OSError when `target` cannot be made. What it says is not shown: it may quote a
    row.
    """
    program, major = _found(access, server_version // _A_MAJOR)
    with (
        whole.written(target, lambda head: head.startswith(b"PGDMP")) as unfinished,
        unfinished.open("wb") as output,
        _passfile(access.password) as (passfile, handles),
    ):
        done = subprocess.run(  # noqa: S603 - found above, with words of ours
            [
                program,
                "--format=custom",
                f"--schema={access.schema}",
                "--no-owner",
                "--no-privileges",
                "--no-password",
                "--lock-wait-timeout=30s",
                f"--dbname={_place(access, passfile, major)}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            pass_fds=handles,
            check=False,
        )
        if done.returncode:
            raise LedgerError(
                say("{path}: pg_dump failed, and there is no copy.", path=target),
                hint=say(
                    "Look whether the disk is full, whether the database takes more connections, and in the"
                    " server's log."
                ),
            )
        before_named()


def _found(access: Access, server_major: int) -> tuple[str, int]:
    """Return the program and its major version."""
    program = shutil.which(_PROGRAM)
    if program is None:
        raise LedgerError(
            say("{path}: a backup of a ledger on a server needs pg_dump.", path=access.address.shown),
            hint=_install(server_major),
        )
    told = subprocess.run(  # noqa: S603 - as above
        [program, "--version"], capture_output=True, text=True, env=_environment(), check=False
    ).stdout
    found = _VERSION.search(told)
    major = int(found[1]) if found else 0
    if major < server_major:
        raise LedgerError(
            say("{path}: it is older than the server and cannot copy the ledger.", path=program),
            hint=_install(server_major),
        )
    if server_major < _TIMES_OUT <= major:
        raise LedgerError(
            say(
                "{path}: what pg_dump {major} writes cannot be put back in a server of version {version}, and"
                " there is no copy.",
                path=program,
                major=major,
                version=server_major,
            ),
            hint=_install(server_major),
        )
    return program, major


def _install(version: int) -> Sentence:
    return say("Install PostgreSQL's client programs, of version {version}.", version=version)


def _place(access: Access, passfile: str, major: int) -> str:
    """Return where the database is, as the program reads it: as a session of ours, and no password in it.

    Raises LedgerError where the program knows less than our driver does, and would only fail.
    """
    given = parameters(access) | {"passfile": passfile, "target_session_attrs": "primary"}
    if major < _KNOWS_THE_SYSTEM and given.get("sslrootcert") == THE_SYSTEM:
        raise LedgerError(
            say(
                "{path}: pg_dump {major} does not know the certificates of the system, and there is no copy.",
                path=access.address.shown,
                major=major,
            ),
            hint=say(
                "Name them in `[ledger] ca_bundle`, or install version {version} or newer of the client"
                " programs.",
                version=_KNOWS_THE_SYSTEM,
            ),
        )
    if major < _KNOWS_REQUIRE_AUTH:
        given.pop("require_auth", None)
    return make_conninfo("", **given)


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C"}


@contextmanager
def _passfile(password: Secret | None) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the name of a file that holds the password, and the handles that the program inherits for it.

    It stands in no folder, so that no process that is killed leaves one; Windows hands no handles on.
    """
    if password is None:
        yield os.devnull, ()
        return
    written = password.reveal().replace("\\", "\\\\").replace(":", "\\:")
    line = f"*:*:*:*:{written}\n".encode()
    if IS_WINDOWS:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "password")
            path.write_bytes(line)
            yield str(path), ()
        return
    with tempfile.TemporaryFile() as file:
        file.write(line)
        file.flush()
        yield f"/dev/fd/{file.fileno()}", (file.fileno(),)
