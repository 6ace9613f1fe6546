"""The composition root: config, ledger, clock; each made on first use and put away at the end.

The way out is wired in `wiring_gateway`, a ledger on a server in `wiring_server`: seldom loaded.
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from smsctl.cli.clock import Clock
from smsctl.cli.flags import Flags
from smsctl.cli.output import language
from smsctl.cli.output.output import Output
from smsctl.config import read
from smsctl.config.settings import Mode, MunicipalitySettings, Settings
from smsctl.domain.mailing import Mailing
from smsctl.domain.moment import Actor
from smsctl.domain.municipality import Municipality, ServiceState
from smsctl.domain.package import PackageTerms
from smsctl.errors import InputError, LedgerError, Sentence, UsageError, say
from smsctl.host import named_files, users
from smsctl.host.users import Owner
from smsctl.ledger import packages, store
from smsctl.ledger.seam.engine import REHEARSED
from smsctl.ledger.sqlite import file
from smsctl.ledger.store import Ledger

if TYPE_CHECKING:
    from smsctl.cli.wiring_server import LedgerOnServer

_HUNDRED, _GLANCE_S = 100, 1
_TELL_THEMSELVES = ("send", "doctor", "ledger check", "ledger restore")  # what is said on the way out
_UNFORESEEN = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)
"""As of a cell that is wrong."""


class Wiring:
    """What one command may ask for."""

    def __init__(self, flags: Flags, output: Output) -> None:
        """Nothing is opened yet."""
        self.flags = flags
        self.output = output
        self.open = ExitStack()  # what must be put away
        self.any_time_zone = False  # for whoever says by which one days are booked
        self._opened: list[Ledger] = []
        self.broken_off: Counter[int] = Counter()  # by mailing: messages unknown only since this command

    def __enter__(self) -> Self:
        """Return the wiring."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put away what was opened; say what is foreseen."""
        with self.open:
            for path in named_files.forget_unwritten():
                self.output.warn(say("{path} was made before the run failed, and is empty.", path=path))
            if isinstance(error, _UNFORESEEN):
                self._blame_the_ledger(error)
            if kind is None and "settings" in vars(self):
                self._look_ahead()

    def _blame_the_ledger(self, error: Exception) -> None:
        """Raise LedgerError where what nobody foresaw comes of a ledger that is damaged."""
        from smsctl.ledger import checking

        for ledger in self._opened:
            if damaged := checking.blame(ledger, error):
                raise damaged from error

    @cached_property
    def config_path(self) -> Path:
        """The config file: named, or found where it is looked for."""
        return read.find(self.flags.config, os.environ)

    @cached_property
    def settings(self) -> Settings:
        """The config, with --simulate taken into account; from now on its language is spoken."""
        found = read.load(self.config_path)
        if self.flags.simulate:
            found = found._replace(mode=Mode.SIMULATE)
        self.output.mode = found.mode
        language.speak(found.language, os.environ)
        if found.log_path:
            self.output.keep_log(found.log_path, found.ledger.group)
        return found

    @property
    def simulated(self) -> bool:
        """Whether nothing leaves this machine."""
        return self.settings.mode is Mode.SIMULATE

    @cached_property
    def clock(self) -> Clock:
        """The clock in the config's time zone."""
        return Clock(self.settings.time_zone)

    @cached_property
    def actor(self) -> Actor:
        """Who runs this command."""
        return users.whoever()

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger of this mode, open for writing; what a dead process left on the wire is unknown now."""
        clock, settings, path = self.clock, self.settings.ledger, self.settings.ledger_path
        self.let_the_owner_take_over(path)
        if self.settings.is_on_server:
            ledger = self.server.open_to_write()
        else:
            self.must_lie_here()
            network, wait_s = settings.allow_network, settings.busy_timeout_s
            ledger = store.open_ledger(
                path, group=settings.group, busy_timeout_s=wait_s, allow_network=network
            )
        self._put_away_later(ledger)
        ledger.on_wait, ledger.on_change = self.output.warn, self.output.log.change
        if packages.anything_half_done(ledger, clock.now().at):
            from smsctl.actions.cancel import finish_broken_off
            from smsctl.actions.end_expired import end_expired
            from smsctl.ledger import openings, recovery

            self.broken_off = recovery.recover(ledger, clock.now())
            end_expired(ledger, clock.now(), self.actor, self.output.insist)
            finish_broken_off(ledger, clock.now(), self.output.insist)
            with self.output.working(say("Removing a mailing that was not opened as a whole")) as tell:
                for done, rows in openings.clear(ledger):
                    tell(done, rows)
        return ledger

    def must_be_fit_to_send(self, *, accept_clock: bool = False, reason: str | None = None) -> None:
        """Raise LedgerError, before anybody is asked anything, if nothing may be sent from the ledger now.

        With `accept_clock` a person vouches for the clock against the ledger's newest time; it is audited.
        """
        from smsctl.ledger import fitness

        if accept_clock:
            if not reason:
                raise UsageError(
                    say("--accept-clock needs a reason, for the audit."), hint=say("Add: --reason TEXT")
                )
            fitness.accept_clock(self.ledger, self.clock.now(), self.actor, reason)
        fitness.must_be_fit(self.ledger, self.clock.now())

    def activate_for_rehearsal(self, municipality: Municipality) -> None:
        """Make the municipality active in a rehearsal's ledger, unless somebody ended its service there."""
        from smsctl.ledger import municipalities

        if not (self.simulated and municipality.in_packages):
            return
        service = municipalities.service_of(self.ledger, municipality.key)
        if service is None or service.state is ServiceState.ORDERED:
            with self.ledger.transaction():
                municipalities.activate(self.ledger, municipality, self.clock.now(), self.actor)

    def _look_ahead(self) -> None:
        """Warn of the ledger's state; where the command did not open it, hardly wait for one that is busy."""
        from smsctl.cli.ledger_warnings import tell, tell_of_invoices

        ledger = vars(self).get("ledger")
        with suppress(LedgerError, *_UNFORESEEN):  # the command has done its work
            if ledger and not self.simulated:
                tell_of_invoices(ledger, self.output)
            if self.output.command in _TELL_THEMSELVES:
                return
            if found := ledger or self.ledger_as_it_is(self.settings.ledger_path, wait_s=_GLANCE_S):
                tell(found, self.settings, self.output)
            for sentence in () if found else self._lies_elsewhere():
                self.output.warn(sentence)

    @cached_property
    def numbers_in_full(self) -> bool:
        """Whether numbers are shown in full; that somebody asked for it is written in the audit."""
        if self.flags.show_numbers:
            from smsctl.ledger import audit

            with self.ledger.transaction():
                audit.record(self.ledger, self.clock.now(), self.actor, "show-numbers", self.output.command)
        return self.flags.show_numbers

    def must_lie_here(self) -> None:
        """Raise LedgerError where this config's ledger lies in an earlier place, and none in its own."""
        if not self.settings.ledger.address:  # there it is looked for where the server's is opened
            from smsctl.cli.ledger_warnings import must_lie_there

            must_lie_there(self.settings)

    def _lies_elsewhere(self) -> Iterator[Sentence]:
        try:
            self.must_lie_here()
        except LedgerError as error:
            yield error.sentence

    def live_ledger_as_it_is(self) -> Ledger | None:
        """Return the live ledger for reading, None where there is none yet; changes nothing."""
        self.must_lie_here()
        return self.ledger_as_it_is(self.settings.ledger.path)

    def ledger_as_it_is(self, path: Path, *, wait_s: float | None = None) -> Ledger | None:
        """Return a ledger for reading, None where there is none yet; changes nothing."""
        settings = self.settings.ledger
        self.let_the_owner_take_over(path)
        busy_timeout_s = settings.busy_timeout_s if wait_s is None else wait_s
        if settings.address and path == settings.path:
            ledger = self.server.open_to_read(busy_timeout_s)
        else:
            ledger = store.read_ledger(path, group=settings.group, busy_timeout_s=busy_timeout_s)
        if ledger:
            self._put_away_later(ledger)
        return ledger

    @cached_property
    def server(self) -> "LedgerOnServer":
        """The way to the ledger of a config that names a server."""
        from smsctl.cli.wiring_server import LedgerOnServer

        return LedgerOnServer(self.settings, self.clock, interactive=self.output.interactive)

    def _put_away_later(self, ledger: Ledger) -> None:
        if not self.any_time_zone:
            ledger.engine.time_zone = REHEARSED if self.simulated else self.settings.time_zone
        self.open.callback(ledger.close)
        self._opened.append(ledger)

    def names(
        self, *, read: Sequence[Path | None] = (), write: Sequence[Path | None] = (), replace: bool = False
    ) -> None:
        """Open what the caller named, or make it, before the ledger's owner takes over from the caller.

        UsageError: standard output is to hold two things, or a file of the site's own would be replaced.
        """
        files = [path for path in write if path != Path("-")]
        if len(files) < len(write) and self.output.speaks_json:
            raise UsageError(say("--json and a file named - would both write to standard output."))
        if replace and not any(files):
            raise UsageError(say("--replace goes with the name of a file to write."))
        for path in filter(self.settings.needs, filter(None, files if replace else ())):
            raise UsageError(say("{path}: smsctl needs it itself, and does not replace it.", path=path))
        if self._owner_for_root(self.settings.ledger_path):
            from smsctl.cli import caller

            caller.names(read, files, replace=replace)

    def let_the_owner_take_over(self, ledger: Path) -> None:
        """Step aside where root runs this and the ledger belongs to somebody else. LedgerError: it cannot."""
        owner = self._owner_for_root(ledger)
        if owner:
            from smsctl.cli import caller

            _ = self.actor  # who it is, is settled before
            caller.step_aside(
                self.settings, owner, ledger, self.output.command, interactive=self.output.interactive
            )

    def _owner_for_root(self, ledger: Path) -> Owner | None:
        return file.owner_for_root(ledger, self.settings.ledger.group)

    def municipality(self, name: str | None) -> tuple[MunicipalitySettings, Municipality]:
        """Return the municipality as configured, and as the domain knows it."""
        found = self.settings.municipality(name)
        rate = None
        if found.package_size:
            rate = PackageTerms(size=found.package_size, price_ore=found.package_price_ore or 0)
        elif found.hundred_parts_price_ore is not None:
            rate = PackageTerms(size=_HUNDRED, price_ore=found.hundred_parts_price_ore)
        return found, Municipality(
            key=found.key,
            name=found.name,
            rate=rate,
            budget_year_ore=found.budget_year_ore,
            in_packages=found.package_size is not None,
        )

    def called(self, municipality: str) -> str:
        """Return the name that goes with a municipality's key; the key where the config has it no longer."""
        found = self.settings.municipalities.get(municipality)
        return found.name if found else municipality

    def named(self, mailing: Mailing) -> Mailing:
        """Return a mailing of the ledger's with the name of its municipality, which only the config knows."""
        payer = mailing.municipality
        return mailing._replace(municipality=payer._replace(name=self.called(payer.key)))

    def recipients_path(self, named: Path | None, municipality: MunicipalitySettings) -> Path:
        """Return the recipients file: named, the municipality's, or the config's."""
        path = named or municipality.recipients or self.settings.recipients
        if path is None:
            raise InputError(
                say("There is no recipients file."),
                hint=say("Name one with --recipients CSV, or set `recipients` in the config."),
            )
        return path
