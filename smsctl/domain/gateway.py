"""What a gateway is to the rest of smsctl: a few traits, and one way to submit a batch."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol, runtime_checkable

from smsctl.domain.message import Answer, Batch, Letter
from smsctl.domain.secret import Secret
from smsctl.domain.text import PartProfile
from smsctl.errors import CredentialError, Sentence, say

CHECK_ACCOUNT: Final = say(
    "Check the account under [gateway] in the config, or store its password anew: smsctl credential set"
)
CHECK_MAIL_SERVER: Final = say(
    "Check [smtp] in the config, or store its password anew: smsctl credential set smtp"
)
"""What mends a refusal, whether a mailing meets it or somebody only logs in."""


class Traits(NamedTuple):
    """What the plan must know of a gateway before anything is sent."""

    name: str  # the config's module name
    title: str  # as a person knows it
    parts: PartProfile
    max_parts: int  # the longest text, in parts
    max_batch: int  # messages in one request, at most
    priority: bool = True
    sender: bool = True
    reports: bool = True
    cancelling: bool = False
    schedule_ahead: timedelta | None = None  # how far ahead; None: scheduling does not exist
    cost_centre: bool = False  # its own report can be told apart by cost centre
    answers: bool = True  # False: a handed-over message is never heard of again (e-mail)
    patience_s: float = 0.0  # so long an answer may take beyond the time of a request (e-mail)


ANSWER_TO_A_MAIL = 10
"""So many times `read_timeout` may an answer to a whole mail take: 10 minutes, as RFC 5321 4.5.3.2.6 asks."""

LONGEST_SHARED_S = 900
"""So long a request, or a mail with its answer, may take on a host that shares its ledger with others."""


class MailRoute(NamedTuple):
    """The site's own mail server, for a gateway that is reached by e-mail (wire/puzzel.md, "E-mail")."""

    host: str
    from_address: str
    port: int = 25
    starttls: bool = False
    username: str | None = None
    password: Secret | None = None
    address: str = "{number}-{service_id}@smsmail.intele.com"  # number: digits, without plus


class Options(NamedTuple):
    """Everything a gateway may be given; each takes what its protocol knows.

    Without a password a gateway can be opened, and its traits and `check` used: the plan needs no more.
    Of `submit` and `probe`, CredentialError comes then.
    """

    username: str = ""
    password: Secret | None = None
    service_id: int | None = None
    url: str | None = None  # replaces the built-in scheme and host
    failover_url: str | None = None  # tried only while no byte has left
    batch_size: int = 100
    connect_timeout_s: float = 10
    read_timeout_s: float = 60
    total_timeout_s: float = 90
    proxy: str | None = None
    proxy_username: str | None = None
    proxy_password: Secret | None = None  # where there is a user name
    ca_bundle: Path | None = None  # trusted instead of the public certificate authorities
    unique_references: bool = False  # the gateway is set up to refuse repeats
    delivery_confirmation: bool = True
    management_path: str | None = None
    gateway_time_zone: str | None = None  # of its clock, where times are told without their offset
    part_length: int | None = None  # as the invoice shows it; None: as the gateway documents
    max_parts: int | None = 6
    mail: MailRoute | None = None
    simulated: bool = False  # only a simulator may answer; else none may
    time_zone: str = "Europe/Stockholm"
    extra: Mapping[str, str] = MappingProxyType({})  # for gateways from elsewhere

    @property
    def after_a_mail_s(self) -> float:
        """How long a mail server may take to answer a whole mail."""
        return ANSWER_TO_A_MAIL * self.read_timeout_s

    def revealed_password(self) -> str:
        """Return the account's password for the wire. Raises CredentialError."""
        if not self.password:
            raise CredentialError(
                say("there is no password for the gateway"), hint=say("store it with: smsctl credential set")
            )
        return self.password.reveal()

    def login_header(self) -> str:
        """Return the account's login as HTTP Basic sends it (RFC 7617). Raises CredentialError."""
        return f"Basic {b64encode(f'{self.username}:{self.revealed_password()}'.encode()).decode()}"


class CancelResult(NamedTuple):
    """What a gateway said when asked to stop a batch.

    Whatever of the batch is not in `stopped` may have been sent.
    """

    found: bool  # False: the gateway holds no such batch; it may simply have left
    stopped: tuple[str, ...] = ()  # our references
    stopped_ids: tuple[str, ...] = ()  # the gateway's own names, same messages
    entries: int = 0  # messages that it says it stopped, some perhaps without a name
    answered: bool = True  # False: it was asked, and no answer can be read: it may have stopped them

    @property
    def total(self) -> int:
        """How many messages it says it stopped."""
        return max(self.entries, len(self.stopped), len(self.stopped_ids))


class Listed(NamedTuple):
    """What a gateway still holds of a batch; it tells how many, not which."""

    left: int
    on_hold: int = 0  # of these: wait for a time or for a person, not only for their turn


IsLate = Callable[[], bool]
"""Says whether it is too late for anything to leave; a machine that slept meanwhile is late."""


class Gateway(Protocol):
    """One way out of the machine. Made ready with its own options; knows no config, ledger or screen."""

    @property
    def traits(self) -> Traits:
        """What this gateway can do."""

    def submit(self, batch: Batch, *, is_late: IsLate) -> Answer:
        """Hand over the batch in one request and say what is known of each message.

        Where `is_late` says so before the first byte is sent, nothing is sent and the verdict is STALE; of
        several requests it is asked before each. Network trouble is an answer, never an exception.
        """

    def probe(self) -> Sentence:
        """Log in without sending anything and say what the gateway answered.

        Raises GatewayRefusedError (login or service refused) or StoppedError (not reached).
        """

    def check(self, letter: Letter) -> list[Sentence]:
        """Return what is wrong with a letter by this gateway's own rules; empty when nothing is.

        Whether the text is too long need not be looked at: that follows from the traits.
        """


@runtime_checkable
class Cancelling(Protocol):
    """What a gateway can also do where `traits.cancelling` says so."""

    def cancel(self, batch_reference: str) -> CancelResult:
        """Stop what the gateway still holds of the batch.

        Raises GatewayRefusedError (login) or StoppedError (not reached) where it was not asked. That no
        answer came is no error: it may have stopped them.
        """

    def listed(self, batch_reference: str) -> Listed | None:
        """Return what the gateway still holds of the batch; None where it lists no such batch.

        What it holds it has accepted. What it does not hold may have left, or never have been taken
        (wire/puzzel.md, "Management API"). Raises GatewayRefusedError (login) or StoppedError (no answer).
        """
