"""The ledger of a config that names a server: opened for writing or reading, and what must be true before.

Only such a config loads this, and with it the database's driver.
"""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from smsctl.cli import caller
from smsctl.cli.clock import Clock
from smsctl.config import places
from smsctl.config.settings import Settings
from smsctl.domain.secret import Secret
from smsctl.errors import ConfigError, CredentialError, LedgerError, say
from smsctl.ledger import moving, store
from smsctl.ledger.sqlite import file
from smsctl.ledger.store import Ledger

if TYPE_CHECKING:
    from smsctl.ledger.postgres.connect import Access


class LedgerOnServer:
    """The ledger of one command."""

    def __init__(self, settings: Settings, clock: Clock, *, interactive: bool) -> None:
        """Nothing is opened yet. From then on the command goes by the server's clock."""
        self._settings, self._clock, self._interactive = settings, clock, interactive
        self._read: Ledger | None = None
        self.to_be_filled = False  # with the ledger of a file, which is left behind on purpose
        self.to_be_accepted = False  # by a person, whatever this host knows of another one

    def open_to_write(self) -> Ledger:
        """Open the ledger for writing. Raises LedgerError, ConfigError or CredentialError."""
        access, group = self._access(), self._settings.ledger.group
        if not file.is_there(access.state):
            file.prepare(access.state, group)
        file.refuse_stranger(access.state, group)
        from smsctl.ledger import hosts

        ledger = hosts.open_shared(access)
        with ExitStack() as unless_well:
            unless_well.callback(ledger.close)
            self._refuse_left_behind(ledger)
            if not (self.to_be_filled or self.to_be_accepted):
                hosts.refuse_elsewhere(ledger)
            _leave_a_note(self._settings)
            unless_well.pop_all()
        return _by_its_clock(self._clock, ledger)

    def open_to_read(self, busy_timeout_s: float) -> Ledger | None:
        """Open the ledger for reading, once; None where there is none yet. Makes and changes nothing.

        Raises as `open_to_write`, and where there was one that this host knows of.
        """
        if self._read is None:
            access = self._access()._replace(busy_timeout_s=busy_timeout_s)
            if file.is_there(access.state):
                file.refuse_stranger(access.state, self._settings.ledger.group)
            from smsctl.ledger import host_mark, hosts

            found = hosts.read_shared(access)
            if found is None:
                host_mark.refuse_none(access.state, access.address.shown)
                self._refuse_left_behind(None)
            else:
                with ExitStack() as unless_well:
                    unless_well.callback(found.close)
                    self._refuse_left_behind(found)
                    unless_well.pop_all()
                self._read = _by_its_clock(self._clock, found)
        return self._read

    def _access(self) -> "Access":
        on_server = self._settings.ledger
        try:
            from smsctl.ledger.postgres.connect import Access
        except ImportError:
            raise ConfigError(
                say("A ledger on a server needs the driver psycopg, which is not installed."),
                hint=say("Run: {python} -m pip install 'psycopg[binary]'", python=sys.executable),
            ) from None
        assert on_server.address is not None  # noqa: S101 - whoever comes here has asked
        return Access(
            address=on_server.address,
            state=on_server.path,
            password=self._password(may_be_missing=on_server.address.stays_here),
            ca_bundle=on_server.ca_bundle,
            busy_timeout_s=on_server.busy_timeout_s,
            standby_must_have_it=on_server.standby == "synchronous",
        )

    def _password(self, *, may_be_missing: bool) -> Secret | None:
        try:
            around = caller.surroundings(self._settings, interactive=self._interactive)
            return caller.secret("ledger", self._settings.ledger.password, around).secret
        except CredentialError:
            if may_be_missing:  # on this machine the server may know who asks
                return None
            raise

    def _refuse_left_behind(self, ledger: Ledger | None) -> None:
        """Raise LedgerError where this config's ledger was a file, which this one knows nothing of."""
        for path in () if self.to_be_filled else _files(self._settings):
            if file.is_there(path) and not _is_known(path, ledger):
                raise LedgerError(
                    say(
                        "There is a ledger at {path}, and what was sent, blocked or invoiced there is not"
                        " known on the server.",
                        path=path,
                    ),
                    hint=say(
                        "Copy it: smsctl ledger copy --from {path}. If all hosts have another one, move it"
                        " away, and block on the server who is blocked in it.",
                        path=path,
                    ),
                )


def _by_its_clock(clock: Clock, ledger: Ledger) -> Ledger:
    clock.keep_to(ledger.engine.standing())
    return ledger


def _files(settings: Settings) -> Iterator[Path]:
    yield settings.ledger.path.with_name("ledger.db")
    yield places.default_ledger(settings.path)
    yield from places.earlier_ledgers(settings.path)


_WORTH_BRINGING = (
    "SELECT 1 FROM mailings UNION ALL SELECT 1 FROM blocked UNION ALL SELECT 1 FROM invoices LIMIT 1"
)
"""Left behind, it would be sent once more, sent to who must get nothing, and bought once more."""


def _is_known(path: Path, on_server: Ledger | None) -> bool:
    """Say whether a file holds nothing that a server must know, or it was copied to the ledger there."""
    ledger = store.read_ledger(path, even_older=True)  # it stays as it was, whatever comes after
    if ledger is None:
        return True
    with closing(ledger):
        is_copied = on_server is not None and moving.is_copied(ledger, on_server)
        return is_copied or not ledger.rows(_WORTH_BRINGING)


def _leave_a_note(settings: Settings) -> None:
    """Note, where it is looked for when the config names no server any more, that it has named one."""
    note = places.note_of_server(settings.path)
    with suppress(OSError):  # where nobody may write, no file can be sent from by mistake either
        note.parent.mkdir(mode=0o700, exist_ok=True)
        note.touch(mode=0o600)
