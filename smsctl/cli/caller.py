"""Whoever runs smsctl, until root steps aside for the owner of the ledger.

Others can put links and files of theirs where a ledger lies, so root does nothing there as root: the process
becomes the owner of the ledger's folder, for good. What belongs to the caller is had before: the config, the
secrets, and every file that was named. It is kept for the process, since a process has one user.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from smsctl.config.settings import Settings
from smsctl.credentials import resolve
from smsctl.credentials.resolve import Resolved, Surroundings
from smsctl.domain.secret import SecretSource
from smsctl.errors import CredentialError, LedgerError, say
from smsctl.host import named_files, users
from smsctl.host.users import Owner
from smsctl.ledger.sqlite import file

_MAY_NEED_A_SECRET = frozenset({"send", "test", "mailings", "gateway", "reports", "doctor", "notify"})

_secrets: dict[str, Resolved | CredentialError] = {}


def names(read: Iterable[Path | None], write: Iterable[Path | None], *, replace: bool = False) -> None:
    """Open what was named for reading, and make what was named for writing, or open it to be replaced."""
    for path in filter(None, read):
        named_files.keep(path)
    for path in filter(None, write):
        named_files.make_ahead(path, replace=replace)


def step_aside(settings: Settings, owner: Owner, ledger: Path, command: str, *, interactive: bool) -> None:
    """Become the owner of the ledger. LedgerError: that user cannot be taken here."""
    for name, source in settings.secrets().items():
        if name == "ledger" or command.partition(" ")[0] in _MAY_NEED_A_SECRET:
            _secrets[name] = _ask(name, source, surroundings(settings, interactive=interactive))
    names(settings.files(), ())
    try:
        users.become(owner)
    except OSError as error:
        raise LedgerError(
            say(
                "{path}: its folder belongs to {user}, and root cannot become that user here: {reason}.",
                path=ledger,
                user=owner.name,
                reason=error.strerror or error,
            ),
            hint=say("Install smsctl where every user can read it, and run it as {user}.", user=owner.name),
        ) from error


def secret(name: str, source: SecretSource, around: Surroundings) -> Resolved:
    """Return a secret from its configured source, or as it was found before. Raises CredentialError."""
    found = _secrets.get(name) or _ask(name, source, around)
    if isinstance(found, CredentialError):
        raise found
    return found


def surroundings(settings: Settings, *, interactive: bool) -> Surroundings:
    """What the place of a secret depends on besides the config."""
    service = f"smsctl:{settings.path}"  # two configs never share one
    return Surroundings(
        service=service,
        environ=os.environ,
        interactive=interactive,
        sender=_as_whom_root_goes_on(settings),
        is_other=settings.holds_no_secret,
    )


def _as_whom_root_goes_on(settings: Settings) -> Owner | None:
    try:
        return file.owner_for_root(settings.ledger_path, settings.ledger.group)
    except LedgerError:
        return None  # it is told where the ledger is opened


def _ask(name: str, source: SecretSource, around: Surroundings) -> Resolved | CredentialError:
    try:
        return resolve.resolve(name, source, around)
    except CredentialError as error:
        return error
