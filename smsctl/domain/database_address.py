"""The address of a ledger on a server, read by us: a driver's own parser quotes what it cannot read."""

import re
import shlex
from pathlib import Path
from typing import NamedTuple

from smsctl.errors import ConfigError, Sentence, say

PORT = 5432
_SCHEMES = ("postgresql", "postgres")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,63}")
_LABEL = "[A-Za-z0-9_-]{1,63}"
_HOST = re.compile(rf"(?=.{{1,253}}$)(?:{_LABEL}\.)*{_LABEL}\.?|\[[0-9A-Fa-f:.]{{2,45}}\]")
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_EXAMPLE = say('Write it as: url = "postgresql://USER@HOST/DATABASE"')
_MOST_PORT = 65535


class Server(NamedTuple):
    """One server that may be the primary."""

    host: str
    port: int


class Address(NamedTuple):
    """Where the ledger's database is, and as whom it is used."""

    servers: tuple[Server, ...]
    user: str
    database: str

    @property
    def shown(self) -> str:
        """The address as sentences name it; there is no secret in it."""
        hosts = ",".join(
            server.host if server.port == PORT else f"{server.host}:{server.port}" for server in self.servers
        )
        return f"postgresql://{self.user}@{hosts}/{self.database}"

    def restoring_line(self, backup: Path) -> str:
        """Return the command that puts a backup in the ledger's place; whoever owns the database types it."""
        words = ("--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction")
        return shlex.join(["pg_restore", *words, f"--dbname={self.shown}", str(backup)])

    @property
    def stays_here(self) -> bool:
        """Whether nothing leaves this machine on the way there."""
        return all(server.host in _LOOPBACK for server in self.servers)


def parse(url: str) -> Address:
    """Read an address. Raises ConfigError, whose sentence quotes nothing of what was written."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in _SCHEMES:
        raise _wrong(say("`[ledger] url` must begin with postgresql://"))
    if "?" in rest or "#" in rest:
        raise _wrong(say("`[ledger] url` must hold no options: everything after the database's name is one."))
    userinfo, at, place = rest.rpartition("@")
    if ":" in userinfo or "@" in userinfo:
        raise ConfigError(
            say("`[ledger] url` must hold no password."),
            hint=say("Take it out, change it in the database, and name its place: [ledger.password]"),
        )
    if not at or not _NAME.fullmatch(userinfo):
        raise _wrong(say("`[ledger] url` must name the user before the @: letters, digits, _ . -"))
    hosts, _, database = place.partition("/")
    if not _NAME.fullmatch(database):
        raise _wrong(say("`[ledger] url` must end with the database's name: letters, digits, _ . -"))
    servers = tuple(_server(one) for one in hosts.split(","))
    return Address(servers=servers, user=userinfo, database=database)


def _server(written: str) -> Server:
    host, port = written, str(PORT)
    if ":" in written.rpartition("]")[2]:
        host, _, port = written.rpartition(":")
    if not _HOST.fullmatch(host):
        raise _wrong(say("`[ledger] url` must name the hosts, with a comma between two of them."))
    if not (port.isascii() and port.isdecimal() and 0 < int(port) <= _MOST_PORT):
        raise _wrong(say("`[ledger] url` has a port that is no number from 1 to 65535."))
    return Server(host=host, port=int(port))


def _wrong(sentence: Sentence) -> ConfigError:
    return ConfigError(sentence, hint=_EXAMPLE)
