"""How the simulated gateways behave: every switch, with the documented behaviour as the default."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from smsctl.errors import UsageError, say
from smsctl.simulator.pushes import PushStyle


class BadLogin(StrEnum):
    """How Puzzel's gateway says no to a login; nobody tells which (wire/puzzel.md, "Result codes")."""

    HTTP_401 = "401"  # a problem document
    CODE_2 = "code2"  # HTTP 200, and code 2 on every message


class NonGsm(StrEnum):
    """What PSWinCom's gateway does to characters that a plain text (OP 1) cannot hold: nobody tells."""

    REPLACE = "replace"  # by a question mark, without a word
    ACCEPT = "accept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """All switches of the simulator. Without any, it accepts every login and follows the documents."""

    # both gateways
    vendor_like: bool = False  # as the vendors' own clients meet it where the documents differ
    as_a_gateway: bool = False  # says nowhere that it is a simulator, for tests of live mode
    username: str | None = None  # None: any
    password: str | None = None  # None: any
    latency_s: float = 0.0  # every answer to a send waits so long; the messages are accepted before
    faults: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))  # name: share of sends
    slow_s: float = 5.0  # what the fault `slow` adds to the latency
    silence_s: float = 120.0  # how long the fault `timeout` keeps a connection that its client holds open
    retry_after_s: int = 5  # what the fault `error429` asks for
    seed: int = 1  # the same seed and order of requests give the same faults

    # what comes back
    push_to: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # gateway: address
    push_style: PushStyle = PushStyle.JSON
    push_headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    push_batch: int = 1  # reports in one push, at most
    push_tries: int = 10
    push_again_s: float = 1.0  # after anything but a 200
    polling: bool = True  # PSWinCom's reports wait in its queue where they are not pushed
    poll_return_s: float = 20.0  # what is fetched and not acknowledged comes back after so long
    report_delay_s: float = 0.0  # 0: often before the answer to the request
    report_spread_s: float = 0.0  # more than the delay, at random: reports overtake each other
    report_twice_share: float = 0.0
    report_codes: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))  # code: share

    # what is kept
    journal: Path | None = None  # one JSON line for each accepted message, appended
    durable: bool = False  # the journal is on the disk before the answer leaves
    keep_accepted: int = 1_000_000  # messages remembered for Simulator.accepted(), the latest
    keep_requests: int = 0  # raw requests remembered for Simulator.requests(), the latest

    # Intelecom, which is Puzzel
    service_id: int | None = None  # None: any; another one gets code 4
    bad_login: BadLogin = BadLogin.HTTP_401
    premium: bool = False  # the service may bill recipients; otherwise a price gives code 3
    parsing_type: str = "NONE"  # the service's rule for characters outside GSM-7
    unique_references: bool = False  # code 25 for a clientReference seen before
    unique_batches: bool = False  # code 25 for all messages of a batchReference seen before
    unique_window_s: float = 3600.0  # how long both are remembered
    spam_limit: int | None = None  # code 24 after so many messages to one number
    spam_queues: bool = False  # the document's other reading: a message with code 24 waits in the queue
    internal_error_share: float = 0.0  # share of messages that get code 6
    throttle_s: float = 0.0  # accepted messages stay in the queue, listed and stoppable, so long
    management_gzip: bool = False
    management_single_object: bool = False  # a list with one batch is sent as an object

    # PSWinCom
    reports_on_account: bool = False  # REF for every accepted message, also without RCPREQ
    non_gsm: NonGsm = NonGsm.REPLACE
    ref_last: bool = False  # REF stands after INFO, as real answers have had it
    leave_out_reason: bool = False  # no REASON element, as real answers have had it

    def __post_init__(self) -> None:
        """Take each word for what it names, so that it can be compared by `is`. Raises UsageError."""
        for switch in fields(self):
            if isinstance(switch.type, type) and issubclass(switch.type, StrEnum):
                object.__setattr__(
                    self, switch.name, _named(switch.type, switch.name, getattr(self, switch.name))
                )

    def knows(self, username: object, password: object) -> bool:
        """Return whether the login is right: both must be there, and be those that are set, if any are."""
        return (
            username is not None
            and password is not None
            and self.username in (None, username)
            and self.password in (None, password)
        )


def _named(kind: type[StrEnum], switch: str, word: str) -> StrEnum:
    try:
        return kind(word)
    except ValueError:
        raise UsageError(
            say("--{switch} cannot be {word}.", switch=switch.replace("_", "-"), word=word),
            hint=say("It is one of: {known}.", known=", ".join(kind)),
        ) from None
