"""The one table of keys: what may stand in the config file, its kind, its default and its help.

The reader, `config show`, `config set`, the reference page and the test of config.example.toml all go
by this table. A section named `*` stands for a name that the administrator chooses.
"""

from pathlib import Path
from typing import NamedTuple

from smsctl.config import kinds
from smsctl.config.file_kinds import COLUMN, COLUMNS, COST_CENTRE, COST_CENTRES, DATABASE, ONE_PATH, PATH
from smsctl.errors import Sentence, say

Section = tuple[str, ...]

ANY = "*"
_PLACES = kinds.choice("keyring", "systemd", "file", "env", "auto")


class Key(NamedTuple):
    """One key. `default` is spelled as in the file; None is no value."""

    name: str
    kind: kinds.ValueKind
    help: str | Sentence  # a sentence where it is required: what is missing is told in words
    default: object = None
    required: bool = False
    field: str = ""  # of the settings, where it is not called as the key
    section: Section = ()

    @property
    def dotted(self) -> str:
        """The name in full, as `gateway.password.source`."""
        return ".".join((*self.section, self.name))

    @property
    def target(self) -> str:
        """The field of the settings that this key fills."""
        return self.field or self.name

    def default_value(self, folder: Path) -> object:
        """Return the default as the settings hold it; a test holds that each one fits its kind."""
        if self.default is None or self.kind.as_written:
            return self.default
        return self.kind.read(self.default, folder)


def _within(dotted: str, *keys: Key) -> tuple[Key, ...]:
    section = tuple(dotted.split("."))
    return tuple(key._replace(section=section) for key in keys)


def _secret(dotted: str, credential: str) -> tuple[Key, ...]:
    return _within(
        dotted,
        Key("source", _PLACES, "where the secret is kept", "auto"),
        Key("name", kinds.CREDENTIAL_NAME, "systemd: the name in LoadCredentialEncrypted=", credential),
        Key("path", PATH, "file: one that only its owner can read"),
        Key("variable", kinds.VARIABLE, "env: the variable", f"SMSCTL_{credential.upper()}_SECRET"),
    )


def _retention(dotted: str, decision: str) -> tuple[Key, ...]:
    return _within(
        dotted,
        Key("days", kinds.whole(1, 36_500), "age at which `purge` removes personal data"),
        Key("decision", kinds.TEXT, decision),
    )


# fmt: off
KEYS: tuple[Key, ...] = (
    Key("mode", kinds.choice("simulate", "live"), "simulate: nothing leaves this machine", "simulate"),
    Key("default_municipality", kinds.TEXT, "the one meant where no --municipality is given"),
    Key("default_country_code", kinds.COUNTRY_CODE, "for numbers written without one", "+46"),
    Key("sender", kinds.TEXT, "what the phone shows"),
    Key("recipients", PATH, "the CSV file with the recipients"),
    Key("recipients_max_age", kinds.DURATION, "an older file is warned of, and refused without a terminal"),
    Key("require_accepted_terms", kinds.FLAG, "only to people who have accepted the terms", True),
    Key("time_zone", kinds.TIME_ZONE, "rules quiet hours, --at, screens, what day it is", "Europe/Stockholm"),
    Key("language", kinds.choice("sv", "en"), "of screens; without it, the system's"),
    Key("confirm_count_above", kinds.whole(0), "messages; above it the number is typed to confirm", 1000),
    Key("cost_centres", COST_CENTRES, "[cost_centres.4711]: its free keys are columns of a posting", {}),
    Key("contra_cost_centre", COST_CENTRE, "the one that the contra line of a posting is on"),
    *_within(
        "gateway",
        Key("module", kinds.MODULE, say("intelecom (Puzzel) or pswincom (LINK Mobility)"), required=True),
        Key("endpoint", kinds.TEXT, "the keyword that marks an incoming SMS as ours; not a URL"),
        Key("use_web_service", kinds.FLAG, "false: by e-mail (intelecom only)", True),
        Key("delivery_confirmation", kinds.FLAG, "ask for delivery reports", True),
        Key("service_id", kinds.whole(1), "the service, given by the supplier (intelecom)"),
        Key("username", kinds.TEXT, "of the account at the gateway"),
        Key("priority", kinds.PRIORITY, "1 low, 2 normal, 3 high: the fastest (intelecom)"),
        Key("validity", kinds.DURATION, "after this time an undelivered message is dropped"),
        Key("url", kinds.SERVER, "another server than the gateway's own"),
        Key("failover_url", kinds.SERVER, "tried when the first cannot be reached (pswincom)"),
        Key("batch_size", kinds.whole(1, 1000), "messages in one request: what is unclear if it fails", 100),
        Key("connections", kinds.whole(1, 32), "requests in flight at once", 1),
        Key("connect_timeout", kinds.SECONDS, "for reaching the gateway", "10s", field="connect_timeout_s"),
        Key("read_timeout", kinds.SECONDS, "for the next byte of its answer", "60s", field="read_timeout_s"),
        Key("total_timeout", kinds.SECONDS, "for one request in all", "90s", field="total_timeout_s"),
        Key("proxy", kinds.PROXY, "the only proxy used; the environment's are not"),
        Key("proxy_username", kinds.USERNAME, "where the proxy wants a login"),
        Key("ca_bundle", PATH, "certificates to trust instead of the usual ones"),
        Key("unique_references", kinds.FLAG, "the gateway is proved to refuse repeats (intelecom)", False),
        Key("management_path", kinds.WEB_PATH, "where the supplier has moved the management API (intelecom)"),
        Key("gateway_time_zone", kinds.TIME_ZONE,
            "of the gateway's clock, by which --at is told to it; else Europe/Oslo (pswincom)"),
        Key("part_length", kinds.whole(1, 160),
            "characters in a part, where the invoice shows another figure"),
        Key("max_parts", kinds.whole(1, 16), "a longer text is refused", 6),
        Key("mail_address", kinds.MAIL_TEMPLATE, "for the e-mail route",
            "{number}-{service_id}@smsmail.intele.com"),
        Key("extra", kinds.TABLE, "settings of a gateway added from outside", {}),
    ),
    *_secret("gateway.password", "gateway"),
    *_secret("gateway.proxy_password", "proxy"),
    *_within(
        "smtp",
        Key("host", kinds.HOST, say("the mail server"), required=True),
        Key("port", kinds.whole(1, 65_535), "its port", 25),
        Key("starttls", kinds.FLAG, "encrypt the connection; needed for a password", True),
        Key("username", kinds.TEXT, "where the mail server wants a login"),
        Key("from_address", kinds.MAIL_ADDRESS, say("who the mails are from"), required=True),
    ),
    *_secret("smtp.password", "smtp"),
    *_within(
        "municipalities.*",
        Key("name", kinds.TEXT, say("as screens and invoices show it"), required=True),
        Key("package_size", kinds.whole(1), "parts in a package; without it there are no packages"),
        Key("package_price", kinds.PRICE, "SEK for a package, without VAT", field="package_price_ore"),
        Key("part_price", kinds.PART_PRICE, "SEK for a part, where there are no packages",
            field="hundred_parts_price_ore"),
        Key("budget_year", kinds.PRICE, "SEK for a calendar year, without VAT; told, and stops nothing",
            field="budget_year_ore"),
        Key("max_cost_per_month", kinds.PRICE,
            "instead of the common ceiling", field="max_cost_per_month_ore"),
        Key("sender", kinds.TEXT, "instead of the common one"),
        Key("service_id", kinds.whole(1), "instead of the gateway's (intelecom)"),
        Key("recipients", PATH, "instead of the common file"),
        Key("invoice_node", kinds.TEXT, "the supplier's name for who is invoiced (intelecom)"),
        Key("cost_centre", COST_CENTRE, "who is charged inside, where nobody else is named"),
        Key("approval_above", kinds.whole(1), "instead of `above` under [approval]"),
    ),
    *_retention("municipalities.*.retention", "the municipality's own: no other decision reaches its data"),
    *_within(
        "approval",
        Key("above", kinds.whole(1), "messages; a larger mailing waits for a second person"),
        Key("expires", kinds.DURATION, "how long it may wait", "24h"),
        Key("urgent", kinds.choice(
            "after", "before"), "when an urgent one on a terminal is approved", "after"),
    ),
    *_within(
        "columns",
        Key("number", COLUMNS, "the column with the mobile number, or several"),
        Key("name", COLUMN, "the column with the name"),
        Key("group", COLUMN, "the column with the groups"),
        Key("municipality", COLUMN, "the column with the municipality"),
        Key("accepted_terms", COLUMNS, "the column with the accepted terms, or one per number column"),
        Key("protected", COLUMNS, "the column with the protected identities, or several"),
        Key("carry", COLUMNS, "columns copied along into the lists of who got it, as an id of the register"),
        Key("cost_centre", COLUMN, "the column with the cost centre; without it, none is looked for"),
    ),
    *_within(
        "limits",
        Key("max_parts_per_run", kinds.whole(1), "ceiling for one mailing; cron needs one"),
        Key("max_parts_per_day", kinds.whole(1), "ceiling for a day and municipality"),
        Key("max_cost_per_month", kinds.PRICE, "SEK without VAT: ceiling for a month and municipality",
            field="max_cost_per_month_ore"),
        Key("max_new_packages", kinds.whole(0, 1000), "packages one mailing may open; 0 without a terminal"),
        Key("countries", kinds.several(kinds.COUNTRY_CODE),
            "numbers of these and of the default one; without it, of that alone"),
        Key("max_messages_per_number", kinds.whole(1, 1000),
            "texts of their own to one number in a mailing", 5),
        Key("warn_share", kinds.SHARE, "share of the package from which every command warns", 0.8),
        Key("pause", kinds.several(kinds.DAYS), "days on which cron sends nothing and a person is asked", []),
        Key("quiet_hours", kinds.QUIET_HOURS, "nothing is sent then; false: at any hour", "21:00-07:00"),
    ),
    *_within(
        "ledger",
        Key("path", ONE_PATH, "where the ledger lies", field="written"),
        Key("url", DATABASE, "instead, on a PostgreSQL server: postgresql://USER@HOST/DATABASE",
            field="address"),
        Key("state", PATH, "with url: the folder for what this host alone keeps of it"),
        Key("ca_bundle", PATH, "with url: whose certificates the server has; without it, the system's"),
        Key("standby", kinds.choice("none", "synchronous"), "with url: whether a standby has all that counts",
            "none"),
        Key("group", kinds.TEXT, "the system's group that shares it"),
        Key("busy_timeout", kinds.SECONDS,
            "how long to wait for another smsctl", "30s", field="busy_timeout_s"),
        Key("allow_network", kinds.FLAG, "it may lie on a network disk, which no other machine uses", False),
    ),
    *_secret("ledger.password", "ledger"),
    *_within("log", Key("path", PATH, "JSON lines: each command and change of state, no numbers and texts")),
    *_retention("retention", "the disposal decision that allows it"),
    *_within(
        "notify",
        Key("to", kinds.MAIL_ADDRESS, "a mail when a run without a terminal did not end well"),
        Key("command", kinds.TEXT, "a command to run then"),
    ),
    *_within(
        "reports",
        Key("host", kinds.HOST, "where `reports listen` listens", "127.0.0.1"),
        Key("port", kinds.whole(1, 65_535), "its port", 8471),
        Key("allow", kinds.several(kinds.NETWORK), "addresses that may push; without it, all", []),
        Key("header", kinds.HEADER, "a header that each push must carry as well"),
        Key("username", kinds.USERNAME, "of the login that each push must carry as well (HTTP Basic)"),
        Key("accept_get", kinds.FLAG, "take pushes by GET, which a proxy's log shows whole", True),
        Key("largest_push_mib", kinds.whole(1, 64), "a larger push is refused, in MiB", 8),
        Key("public_url", kinds.SERVER, "the site's address before the listener; `doctor --push` tries it"),
        Key("poll", kinds.FLAG, "allow `reports poll`, which empties the account's queue (pswincom)", False),
        Key("poll_url", kinds.SERVER, "the server it fetches from", "https://poll.pswin.com"),
        Key("wait", kinds.DURATION, "beyond the validity, before a message shows as without report", "72h"),
        Key(
            "keep_other",
            kinds.FLAG,
            "keep incoming SMS that do not start with our endpoint; false: those alone that may mean STOP",
            True,
        ),
    ),
    *_secret("reports.secret", "reports"),
    *_within(
        "senders.*",
        Key("municipalities", kinds.several(kinds.TEXT), "those they may send for; without it, all", []),
        Key("audiences", kinds.several(kinds.TEXT), "the groups they may send to; without it, all", []),
        Key("max_parts_per_day", kinds.whole(1), "their daily ceiling"),
        Key("terms_not_required", kinds.FLAG, "they may send with --terms-not-required", False),
    ),
)
# fmt: on

BY_SECTION: dict[Section, dict[str, Key]] = {}
for _key in KEYS:
    BY_SECTION.setdefault(_key.section, {})[_key.name] = _key
BY_SECTION.update({("municipalities",): {}, ("senders",): {}})


def section_of(path: Section) -> Section | None:
    """Return the section of the table that a section of a file belongs to; None: there is none."""
    if path in BY_SECTION:
        return path
    chosen = (*path[:1], ANY, *path[2:])
    return chosen if chosen in BY_SECTION else None


def find(path: Section) -> Key | None:
    """Return the key of that full name, as ("municipalities", "exempelkommun", "name")."""
    section = section_of(path[:-1])
    return None if section is None else BY_SECTION[section].get(path[-1])
