"""From flags and config to what the actions take: the text, the letter, the wish for a plan."""

import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from smsctl.actions.draft import Wish
from smsctl.cli import numbers
from smsctl.cli.wiring import Wiring
from smsctl.config import kinds
from smsctl.config.settings import MunicipalitySettings
from smsctl.decoding import decode, open_file
from smsctl.domain.audience import Audience
from smsctl.domain.mailing import Ceilings
from smsctl.domain.message import Letter, Priority
from smsctl.domain.text import MessageText
from smsctl.errors import InputError, UsageError, say

_LARGEST_TEXT = 64 * 1024  # bytes; the longest SMS is far below


class Request(NamedTuple):
    """The flags of `send` and `recipients check`, as they were typed."""

    municipality: str | None = None
    recipients: Path | None = None
    columns: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    everyone: bool = False
    skip_invalid: bool = False
    max_parts: int | None = None
    max_new_packages: int | None = None
    sender: str | None = None
    priority: str | None = None
    validity: str | None = None
    at: str | None = None
    key: str | None = None
    again: bool = False
    urgent: bool = False
    reason: str | None = None


def read_text_file(wiring: Wiring, file: str) -> str:
    """Return what stands in the file, or on standard input for `-`; the assumed encoding is told."""
    if file == "-":
        data, source = sys.stdin.buffer.read(_LARGEST_TEXT + 1), "standard input"
    else:
        with open_file(Path(file)) as stream:
            data, source = stream.read(_LARGEST_TEXT + 1), file
    if len(data) > _LARGEST_TEXT:
        raise InputError(say("{source} is too large for a text message.", source=source))
    decoded = decode(data, source=source)
    if decoded.notice:
        wiring.teller.warn(decoded.notice)
    return decoded.text


def letter_for(
    wiring: Wiring,
    municipality: MunicipalitySettings,
    text: MessageText,
    request: Request,
    local_now: datetime | None = None,
) -> Letter:
    """Return the letter: a flag goes before the municipality's setting, and that before the config's."""
    gateway = wiring.settings.gateway
    priority = read_priority(request.priority) if request.priority else gateway.priority
    return Letter(
        text=text,
        sender=request.sender or municipality.sender or wiring.settings.sender,
        priority=None if priority is None else Priority(priority),
        validity=read_duration("--validity", request.validity) if request.validity else gateway.validity,
        send_at=read_time(request.at, local_now) if request.at and local_now else None,
        want_report=gateway.delivery_confirmation,
        invoice_node=municipality.invoice_node,
    )


def wish_for(wiring: Wiring, request: Request, letter: Letter, *, lenient: bool) -> Wish:
    """Return what the plan is drafted from."""
    settings = wiring.settings
    configured, payer = wiring.municipality(request.municipality)
    return Wish(
        letter=letter,
        municipality=payer,
        recipients=wiring.recipients_path(request.recipients, configured),
        audience=audience_for(request, configured),
        columns=dict(settings.columns) | pairs("--column", request.columns),
        numbers=numbers.reader(wiring),
        require_terms=settings.require_accepted_terms,
        skip_invalid=request.skip_invalid,
        ceilings=_ceilings(wiring, request),
        warn_share=settings.limits.warn_share,
        max_age=settings.recipients_max_age,
        quiet_hours=None if request.urgent else settings.limits.quiet_hours,
        again=request.again,
        lenient=lenient,
    )


def audience_for(request: Request, municipality: MunicipalitySettings) -> Audience:
    """Return the rule that chooses rows; the municipality goes by its key and its name."""
    return Audience(
        groups=request.groups,
        where=tuple(pairs("--where", request.where).items()),
        everyone=request.everyone,
        municipality=frozenset({municipality.key.casefold(), municipality.name.casefold()}),
    )


def pairs(flag: str, texts: tuple[str, ...]) -> dict[str, str]:
    """Read NAME=VALUE flags; raise UsageError for one without the sign."""
    found: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise UsageError(say("{flag} {text}: write NAME=VALUE.", flag=flag, text=text))
        found[name.strip()] = value.strip()
    return found


def read_priority(text: str) -> Priority:
    """Return the priority that a person means by 1, 2, 3, low, normal or high."""
    for priority in Priority:
        if text.casefold() in (str(int(priority)), priority.name.casefold()):
            return priority
    raise UsageError(
        say("--priority {text}: there is no such priority.", text=text),
        hint=say("Use low, normal or high (1, 2, 3; 3 is fastest)."),
    )


def read_duration(flag: str, text: str) -> timedelta:
    """Return the time a person means by 90m, 4h or 2d."""
    try:
        found = kinds.DURATION.read(text, Path())
    except kinds.RefusedError as error:
        raise UsageError(say("{flag} {text} {why}.", flag=flag, text=text, why=error.why)) from None
    if not isinstance(found, timedelta):
        raise TypeError(found)
    return found


def read_time(text: str, local_now: datetime) -> datetime:
    """Return the time a person means by 07:30 (the next one) or 2026-12-01T07:30, on the config's clock."""
    try:
        if len(text) <= len("07:30"):
            clock = datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 - a time of day has no zone
            found = local_now.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)
            return found if found > local_now else found + timedelta(days=1)
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            say("--at {text}: there is no such time.", text=text),
            hint=say("Write 07:30 or 2026-12-01T07:30."),
        ) from None
    if found.tzinfo is None:
        found = found.replace(tzinfo=local_now.tzinfo)
    if found <= local_now:
        raise UsageError(say("--at {text} is in the past.", text=text))
    return found


def must_give_reason(wiring: Wiring, request: Request) -> None:
    """Raise UsageError where a rule is overruled without saying why."""
    if request.urgent and not request.reason:
        raise UsageError(say("--urgent needs a reason, for the audit."), hint=say("Add: --reason TEXT"))
    if request.again and not request.reason and not wiring.teller.interactive and not wiring.simulated:
        raise UsageError(
            say("Without a terminal, --again needs a reason, for the audit."), hint=say("Add: --reason TEXT")
        )


def _ceilings(wiring: Wiring, request: Request) -> Ceilings:
    """Return the ceilings: a flag goes before the config; without a terminal no package is opened unasked."""
    limits = wiring.settings.limits
    new_packages = (
        request.max_new_packages if request.max_new_packages is not None else limits.max_new_packages
    )
    if new_packages is None and not wiring.teller.interactive:
        new_packages = 0
    return Ceilings(
        max_parts=request.max_parts if request.max_parts is not None else limits.max_parts_per_run,
        max_parts_per_day=limits.max_parts_per_day,
        max_new_packages=new_packages,
    )
