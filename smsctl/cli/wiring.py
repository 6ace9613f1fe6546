"""The composition root: every collaborator is made here, on first use, and put away at the end.

The only place that knows gateways, simulator and listener; everything else is handed what it needs.
"""

import os
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from smsctl.cli.clock import Clock, whoever
from smsctl.cli.flags import Flags
from smsctl.cli.teller import Teller
from smsctl.config import read
from smsctl.config.settings import Mode, MunicipalitySettings, Settings
from smsctl.credentials import resolve
from smsctl.credentials.resolve import Surroundings
from smsctl.domain.gateway import Gateway, MailRoute, Options
from smsctl.domain.moment import Actor
from smsctl.domain.municipality import Municipality
from smsctl.domain.number import NumberReader, mask, spell
from smsctl.domain.package import Terms
from smsctl.domain.secret import Secret, SecretSource
from smsctl.errors import InputError, say
from smsctl.ledger import batches, municipalities, store
from smsctl.ledger.store import Ledger

_HUNDRED = 100


class Wiring:
    """What one command may ask for."""

    def __init__(self, flags: Flags, teller: Teller) -> None:
        """Nothing is opened yet."""
        self.flags = flags
        self.teller = teller
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Return the wiring."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put away what was opened."""
        self._open.close()

    @cached_property
    def config_path(self) -> Path:
        """The config file: named, or found where it is looked for."""
        return read.find(self.flags.config, os.environ)

    @cached_property
    def settings(self) -> Settings:
        """The config, with --simulate taken into account."""
        found = read.load(self.config_path)
        if self.flags.simulate:
            found = found._replace(mode=Mode.SIMULATE)
        self.teller.mode = found.mode
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
        return whoever()

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger of this mode, open for writing; what a dead process left on the wire is unknown now."""
        settings = self.settings.ledger
        ledger = store.open_ledger(
            self.settings.ledger_path, group=settings.group, busy_timeout_s=settings.busy_timeout_s
        )
        self._open.callback(ledger.close)
        ledger.on_wait = self.teller.warn
        batches.recover(ledger, self.clock.now())
        return ledger

    def ledger_for(self, municipality: Municipality) -> Ledger:
        """Return the ledger; a rehearsal's makes the municipality active by itself, for it needs no order."""
        if self.simulated and not municipalities.is_known(self.ledger, municipality.key):
            with self.ledger.transaction():
                municipalities.activate(self.ledger, municipality, self.clock.now(), self.actor)
        return self.ledger

    @cached_property
    def numbers(self) -> NumberReader:
        """The reader of numbers, with the default country and those that are allowed."""
        return NumberReader(self.settings.default_country_code, frozenset(self.settings.limits.countries))

    def shown(self, number: str) -> str:
        """Return a number as a screen may show it: masked, unless --show-numbers was given."""
        return spell(number) if self.flags.show_numbers else mask(number)

    def shown_raw(self, text: str) -> str:
        """Return a number as it was written in a file, which may be none at all, as a screen may show it."""
        digits = sum(letter.isdecimal() for letter in text)
        if self.flags.show_numbers or not digits:
            return text
        return "*" * max(digits - 2, 0) + "".join(letter for letter in text if letter.isdecimal())[-2:]

    def live_ledger_as_it_is(self) -> Ledger | None:
        """Return the live ledger for reading, None where there is none yet; changes nothing."""
        ledger = store.read_ledger(
            self.settings.ledger.path, busy_timeout_s=self.settings.ledger.busy_timeout_s
        )
        if ledger:
            self._open.callback(ledger.close)
        return ledger

    def municipality(self, name: str | None) -> tuple[MunicipalitySettings, Municipality]:
        """Return the municipality as configured, and as the domain knows it."""
        found = self.settings.municipality(name)
        rate = None
        if found.package_size:
            rate = Terms(size=found.package_size, price_ore=found.package_price_ore or 0)
        elif found.hundred_parts_price_ore is not None:
            rate = Terms(size=_HUNDRED, price_ore=found.hundred_parts_price_ore)
        return found, Municipality(
            key=found.key, name=found.name, rate=rate, in_packages=found.package_size is not None
        )

    def gateway(self, *, for_sending: bool = True, service_id: int | None = None) -> Gateway:
        """Return the configured gateway, ready to send, or only to be asked for its traits and rules.

        In simulate mode it is the same gateway, pointed at the simulator.
        """
        from smsctl import gateways

        configured = self.settings.gateway
        module = configured.module if configured.use_web_service else "mail"
        options = self._options(service_id)
        if for_sending and self.simulated:
            options = options._replace(url=self._simulator_url(), failover_url=None, proxy=None)
        if for_sending:
            options = options._replace(password=self._password())
        return gateways.find(module)(options)

    def secret(self, name: str, source: SecretSource) -> Secret:
        """Return a secret from its configured source, and pass on what must be said of it."""
        found = resolve.resolve(name, source, self.surroundings)
        if found.notice:
            self.teller.warn(found.notice)
        return found.secret

    @property
    def surroundings(self) -> Surroundings:
        """What the place of a secret depends on besides the config."""
        return Surroundings(
            service=self.settings.keyring_service, environ=os.environ, interactive=self.teller.interactive
        )

    def recipients_path(self, named: Path | None, municipality: MunicipalitySettings) -> Path:
        """Return the recipients file: named, the municipality's, or the config's."""
        path = named or municipality.recipients or self.settings.recipients
        if path is None:
            raise InputError(
                say("There is no recipients file."),
                hint=say("Name one with --recipients CSV, or set `recipients` in the config."),
            )
        return path

    def start_simulator(
        self, *, host: str, port: int, allow_other_hosts: bool, faults: str, switches: dict[str, Any]
    ) -> str:
        """Start the simulator for other programs, until this command ends; return its url."""
        from smsctl.simulator import faults as known_faults
        from smsctl.simulator import server

        behaviour = server.Behaviour(faults=known_faults.parse_faults(faults), **switches)
        started = server.start(behaviour, host=host, port=port, allow_other_hosts=allow_other_hosts)
        return self._open.enter_context(started).url

    def _options(self, service_id: int | None) -> Options:
        gateway = self.settings.gateway
        return Options(
            username=gateway.username or "",
            service_id=service_id or gateway.service_id,
            url=gateway.url,
            failover_url=gateway.failover_url,
            batch_size=gateway.batch_size,
            connect_timeout_s=gateway.connect_timeout_s,
            read_timeout_s=gateway.read_timeout_s,
            total_timeout_s=gateway.total_timeout_s,
            proxy=gateway.proxy,
            ca_bundle=gateway.ca_bundle,
            unique_references=gateway.unique_references,
            delivery_confirmation=gateway.delivery_confirmation,
            management_path=gateway.management_path,
            part_length=gateway.part_length,
            max_parts=gateway.max_parts,
            mail=self._mail_route(),
            time_zone=self.settings.time_zone,
            extra={key: str(value) for key, value in gateway.extra.items()},
        )

    def _mail_route(self) -> MailRoute | None:
        smtp = self.settings.smtp
        if smtp is None or self.settings.gateway.use_web_service:
            return None
        return MailRoute(
            host=smtp.host,
            port=smtp.port,
            starttls=smtp.starttls,
            username=smtp.username,
            password=self.secret("smtp", smtp.password) if smtp.username else None,
            from_address=smtp.from_address,
            address=self.settings.gateway.mail_address,
        )

    def _password(self) -> Secret:
        if self.simulated:
            return Secret("simulated")
        return self.secret("gateway", self.settings.gateway.password)

    def _simulator_url(self) -> str:
        """Return a loopback url from the config, or start the simulator inside this process."""
        from smsctl.simulator import server

        url = self.settings.gateway.url
        if url and url.startswith("http://"):  # the config allows http to loopback only
            return url
        return self._open.enter_context(server.start()).url
