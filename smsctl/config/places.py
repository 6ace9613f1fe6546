"""Where the config file is looked for, and where its ledger lies."""

import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from smsctl.errors import ConfigError, say

VARIABLE = "SMSCTL_CONFIG"
SYSTEM_CONFIG = Path("/etc/smsctl/config.toml")
HOST_FILES = "ledger"
"""The name by which a host's own files go, where the ledger is on a server."""

SYSTEM_LEDGER = Path("/var/lib/smsctl/ledger.db")


def find(explicit: Path | None, environ: Mapping[str, str]) -> Path:
    """Return the config file: --config, $SMSCTL_CONFIG, the user's, or the system's.

    Raises ConfigError: none was named and there is none in the usual places.
    """
    if explicit is not None:
        return explicit
    if named := environ.get(VARIABLE):
        return Path(named)
    own = user_config()
    for path in (own, SYSTEM_CONFIG):
        if path and _is_there(path):
            return path
    hint = say("make one with `smsctl config init`, or name one with --config or $SMSCTL_CONFIG")
    if own is None:
        raise ConfigError(say("there is no config file {path}", path=SYSTEM_CONFIG), hint=hint)
    raise ConfigError(
        say("there is no config file: looked for {first} and {second}", first=own, second=SYSTEM_CONFIG),
        hint=hint,
    )


def language(explicit: Path | None, environ: Mapping[str, str]) -> str | None:
    """Return the language that the config asks for, read alone; None where nothing can be read of it.

    For what is told before the config is read, or in its place: help pages, and a command line that is wrong.
    """
    import tomllib

    try:
        path = find(explicit, environ)
        found = tomllib.loads(path.read_text(encoding="utf-8-sig")) if path.is_file() else {}
    except (ConfigError, OSError, ValueError, RecursionError):
        return None
    return str(found.get("language") or "") or None


def for_new(explicit: Path | None, environ: Mapping[str, str]) -> Path:
    """Return where a new config file goes: --config, $SMSCTL_CONFIG, or the user's own place.

    Raises ConfigError: none was named, and the user has no home folder.
    """
    if named := explicit or environ.get(VARIABLE):
        return Path(named).absolute()
    if own := user_config():
        return own
    raise ConfigError(
        say("this user has no home folder for a config file"),
        hint=say("name a file: smsctl --config PATH config init"),
    )


def user_config() -> Path | None:
    """Return where the user's own config file lies, there or not; None for a user without a home."""
    from platformdirs import user_config_path

    try:
        return user_config_path("smsctl", appauthor=False) / "config.toml"
    except RuntimeError:  # neither $HOME nor the user's entry names one: a service in a container
        return None


def hidden_by(config: Path) -> Path | None:
    """Return the system's config where this one is found before it; None: it is not there, or still found."""
    return SYSTEM_CONFIG if config == user_config() and _is_there(SYSTEM_CONFIG) else None


def default_ledger(config: Path) -> Path:
    """Return where the ledger of this config file lies unless the file says otherwise.

    It follows the file itself, also where `config` is a link, and nothing of whoever runs smsctl: one
    config is one ledger (docs/decisions/0013).
    """
    real = config.resolve()
    if real.parent == SYSTEM_CONFIG.parent:
        return SYSTEM_LEDGER
    return real.parent / ".smsctl" / "ledger.db"


def ledger_of(config: Path, written: Path | None) -> Path:
    """Return where the ledger of this config file lies: as `written`, seen from the file, or by default."""
    return default_ledger(config) if written is None else config.resolve().parent / written


def earlier_ledgers(config: Path, written: Path | None = None) -> tuple[Path, ...]:
    """Return where an earlier smsctl may have put this config's ledger, other than where it lies now.

    It went by the link's folder where `config` is a link, and kept the ledger of a user's own config in the
    user's data folder. `config` is a path without links in its folder.
    """
    if written is not None:
        found = [config.parent / written]
    elif config.parent == SYSTEM_CONFIG.parent:
        found = [SYSTEM_LEDGER]
    else:
        found = [*_of_the_user(config), config.parent / ".smsctl" / "ledger.db"]
    now = ledger_of(config, written)
    return tuple(path for path in dict.fromkeys(found) if path != now)


def note_of_server(config: Path) -> Path:
    """Return the file that is there once this config has named a ledger on a server.

    It lies where the default ledger does, whatever the config says of the ledger now.
    """
    return default_ledger(config).with_name(f"{config.resolve().name}.on-server")


def simulated(ledger: Path) -> Path:
    """Return where rehearsals are recorded, beside the ledger."""
    return ledger.with_name(f"{ledger.stem}.simulate.db")


def _of_the_user(config: Path) -> Iterator[Path]:
    """Yield the ledgers in the data folders of whose own config this is: who runs smsctl, who lives there.

    Only a folder of that name can be a user's; platformdirs is slow to load.
    """
    if config.parent.name != "smsctl":
        return
    from platformdirs import user_data_path

    if (own := user_config()) and config.parent == own.parent:
        yield user_data_path("smsctl", appauthor=False) / "ledger.db"
    if config.parent.parent.name == ".config":  # also of another's home: cron may run as root
        yield config.parent.parent.parent / ".local" / "share" / "smsctl" / "ledger.db"


def _is_there(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except PermissionError:
        return True  # reading it says so in words
    except OSError:
        return False
