"""What the config file says, checked and frozen. Nothing here reads a file.

Every default stands once, in `keys`; a `Settings` is made by `read` alone, and changed for one run with
`_replace`.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from os.path import realpath  # of a link that leads to itself too, where Path.resolve raises
from pathlib import Path
from typing import TYPE_CHECKING

from smsctl.config.frozen_section import FrozenSection
from smsctl.domain.moment import Pause, QuietHours
from smsctl.domain.secret import SecretSource
from smsctl.errors import InputError, say

if TYPE_CHECKING:
    from smsctl.domain.database_address import Address


def key_called(written: str, names: Mapping[str, str]) -> str | None:
    """Return the key of the municipality of that key or name, compared as the cells of a file are."""
    if written in names:
        return written
    from smsctl.domain.cells import plain  # seldom needed

    wanted = plain(written)
    return next((key for key, name in names.items() if wanted in (plain(key), plain(name))), None)


class Mode(StrEnum):
    """Whether anything leaves this machine."""

    SIMULATE = "simulate"
    LIVE = "live"


class GatewaySettings(FrozenSection):
    """The way out: names as SuperOffice's SMS settings have them (wire/superoffice.md, "Settings")."""

    module: str
    endpoint: str | None  # the keyword that marks an incoming SMS as ours
    use_web_service: bool
    delivery_confirmation: bool
    service_id: int | None
    username: str | None
    priority: int | None  # 1 low, 2 normal, 3 high (wire/puzzel.md, "Priority and validity")
    validity: timedelta | None
    url: str | None  # scheme and host; None: the gateway's own
    failover_url: str | None
    batch_size: int  # messages in one request
    connections: int  # requests in flight at once
    connect_timeout_s: float
    read_timeout_s: float
    total_timeout_s: float
    proxy: str | None
    proxy_username: str | None
    ca_bundle: Path | None
    unique_references: bool
    management_path: str | None
    gateway_time_zone: str | None
    part_length: int | None  # characters per part of a long GSM-7 text, where the invoice shows another
    max_parts: int  # the longest text
    mail_address: str
    extra: Mapping[str, object]  # for a gateway added from outside
    password: SecretSource
    proxy_password: SecretSource


class SmtpSettings(FrozenSection):
    """The site's own mail server, for the e-mail route and for notices."""

    host: str
    port: int
    starttls: bool
    username: str | None
    from_address: str
    password: SecretSource


class RetentionSettings(FrozenSection):
    """The disposal decision that `purge` acts under."""

    days: int | None
    decision: str | None

    @property
    def is_given(self) -> bool:
        """Whether anything of it is said."""
        return self.days is not None or self.decision is not None


class MunicipalitySettings(FrozenSection):
    """Who orders, sends and pays."""

    key: str
    name: str
    package_size: int | None  # parts; None: no packages and no activation
    package_price_ore: int | None
    hundred_parts_price_ore: int | None  # of 100 parts: one part may cost 39.5 öre and money stay whole
    sender: str | None
    service_id: int | None
    recipients: Path | None
    invoice_node: str | None
    cost_centre: str | None  # a name in `cost_centres`
    budget_year_ore: int | None
    max_cost_per_month_ore: int | None  # None: that of all
    approval_above: int | None  # messages; None: that of all
    retention: RetentionSettings  # not given: the common one covers it

    @property
    def spellings(self) -> frozenset[str]:
        """What a recipients file may call it."""
        return frozenset((self.key, self.name))


class ApprovalSettings(FrozenSection):
    """When a second person is asked."""

    above: int | None  # messages; None: never, but where a municipality says so
    expires: timedelta
    urgent: str  # before or after: when an urgent mailing is approved


class LimitsSettings(FrozenSection):
    """The ceilings; None is no ceiling."""

    max_parts_per_run: int | None
    max_parts_per_day: int | None
    max_cost_per_month_ore: int | None
    max_new_packages: int | None
    countries: tuple[str, ...]  # "+46"
    max_messages_per_number: int  # in one mailing, with texts of their own
    warn_share: float  # of the package, 0 to 1
    quiet_hours: QuietHours | None
    pause: tuple[Pause, ...]


class LedgerSettings(FrozenSection):
    """Where the ledger lies and who shares it."""

    written: Path | None  # as the file says it; None: by default
    address: "Address | None"  # where it is on a server; None: it is the file at `path`
    state: Path | None  # with an address: the folder for what this host keeps of it
    ca_bundle: Path | None
    standby: str
    password: SecretSource
    path: Path  # the file; on a server, that by whose name this host's own files go
    simulate_path: Path
    group: str | None
    busy_timeout_s: float
    allow_network: bool  # a network disk's locks and flushes are somebody's word


class NotifySettings(FrozenSection):
    """Who hears of a run without a terminal that did not end well."""

    to: str | None
    command: str | None


class ReportsSettings(FrozenSection):
    """How delivery reports and incoming SMS come in."""

    host: str
    port: int
    allow: tuple[str, ...]  # networks; empty: from anywhere
    header: str | None  # a header whose value smsctl makes, and each push must carry
    username: str | None  # of HTTP Basic, with a password that smsctl makes
    accept_get: bool
    largest_push_mib: int
    public_url: str | None  # scheme and host, as the supplier's pushes reach them
    poll: bool
    poll_url: str
    wait: timedelta  # beyond the validity; then a message shows as 'no report'
    keep_other: bool
    secret: SecretSource


class SenderRule(FrozenSection):
    """What one user or group of the operating system may send; an empty tuple is no restriction."""

    name: str  # "@name" is a group
    municipalities: tuple[str, ...]
    audiences: tuple[str, ...]
    max_parts_per_day: int | None
    terms_not_required: bool = False


class Settings(FrozenSection):
    """The whole config file."""

    path: Path
    mode: Mode
    default_municipality: str | None  # a key of `municipalities`
    default_country_code: str
    sender: str | None
    recipients: Path | None
    recipients_max_age: timedelta | None
    require_accepted_terms: bool
    time_zone: str
    language: str | None
    confirm_count_above: int  # messages; a larger mailing is confirmed by typing the number
    cost_centres: Mapping[str, Mapping[str, str]]  # with their free keys
    contra_cost_centre: str | None  # of a posting
    gateway: GatewaySettings
    smtp: SmtpSettings | None
    municipalities: Mapping[str, MunicipalitySettings]
    columns: Mapping[str, tuple[str, ...]]
    carry: tuple[str, ...]  # headings of the recipients file, whose cells are kept beside each message
    limits: LimitsSettings
    approval: ApprovalSettings
    ledger: LedgerSettings
    log_path: Path | None
    retention: RetentionSettings
    notify: NotifySettings
    reports: ReportsSettings
    senders: Mapping[str, SenderRule]

    @property
    def ledger_path(self) -> Path:
        """The ledger of this mode: a rehearsal has a file of its own."""
        return self.ledger.simulate_path if self.mode is Mode.SIMULATE else self.ledger.path

    @property
    def is_on_server(self) -> bool:
        """Whether the ledger of this mode is a database on a server; that of a rehearsal never is."""
        return self.ledger.address is not None and self.mode is Mode.LIVE

    @property
    def municipality_names(self) -> tuple[str, ...]:
        """Names and keys by which the municipalities go."""
        return (*(one.name for one in self.municipalities.values()), *self.municipalities)

    @property
    def secret_sources(self) -> dict[str, SecretSource]:
        """Where each secret is kept, by its name; `secrets` has those that are needed."""
        of_the_gateway = {"gateway": self.gateway.password, "proxy": self.gateway.proxy_password}
        others = {"reports": self.reports.secret, "ledger": self.ledger.password}
        return of_the_gateway | others | ({"smtp": self.smtp.password} if self.smtp else {})

    def secrets(self) -> dict[str, SecretSource]:
        """Return where the secrets are kept that this config needs, by name."""
        login = self.smtp and self.smtp.username
        gateway = {"gateway": self.gateway.use_web_service, "proxy": self.gateway.proxy_username}
        needed = {**gateway, "ledger": self.is_on_server, "smtp": login}
        return {name: one for name, one in self.secret_sources.items() if needed.get(name, True)}

    def files(self) -> Iterator[Path]:
        """Yield the config file and the recipients files that it names."""
        named = (one.recipients for one in self.municipalities.values())
        yield from filter(None, (self.path, self.recipients, *named))

    def needs(self, path: Path) -> bool:
        """Whether a file is the site's own: config, recipients, log, ledger, or beside the ledger."""
        ledgers = tuple(map(realpath, (self.ledger.path, self.ledger.simulate_path)))
        return realpath(path).startswith(ledgers) or self.holds_no_secret(path)

    def holds_no_secret(self, path: Path) -> bool:
        """Whether a file is the config, a recipients file, the log, a ledger or its key."""
        ledgers = (self.ledger.path, self.ledger.simulate_path)
        keys = (one.with_name(f"{one.name}.key") for one in ledgers)
        named = filter(None, (*self.files(), self.log_path, *ledgers, *keys))
        return realpath(path) in set(map(realpath, named))

    def municipality(self, name: str | None = None) -> MunicipalitySettings:
        """Return the municipality of that key or name; the default one without a name.

        Raises InputError: none is called so, or none was named and there is no default.
        """
        known = ", ".join(self.municipalities)
        if name is None:
            if self.default_municipality is None:
                raise InputError(
                    say("which municipality? {path} has several and no default", path=self.path),
                    hint=say("name one with --municipality: {known}", known=known),
                )
            return self.municipalities[self.default_municipality]
        key = key_called(name, {key: one.name for key, one in self.municipalities.items()})
        if key is not None:
            return self.municipalities[key]
        raise InputError(
            say('there is no municipality "{name}" in {path}', name=name, path=self.path),
            hint=say("known are: {known}", known=known),
        )
