"""From flags and config to what the actions take: the text, the letter, the request for a plan."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from smsctl.actions.begin import RuleOverrides
from smsctl.actions.draft import PlanRequest
from smsctl.actions.letter import letter_for
from smsctl.cli import numbers
from smsctl.cli.options import without_value
from smsctl.cli.typed_rows import chosen, named_columns, reading_of
from smsctl.cli.typed_times import read_duration, read_time
from smsctl.cli.wiring import Wiring
from smsctl.config.settings import MunicipalitySettings
from smsctl.domain.audience import Audience
from smsctl.domain.mailing import Ceilings
from smsctl.domain.message import Letter, Priority
from smsctl.domain.text import MessageText
from smsctl.errors import UsageError, say


class AudienceFlags(NamedTuple):
    """The flags that say who gets it and who pays, as they were typed."""

    municipality: str | None = None
    recipients: Path | None = None
    column: Sequence[str] = ()
    group: Sequence[str] = ()
    where: Sequence[str] = ()
    everyone: bool = False
    skip_invalid: bool = False
    where_empty: Sequence[str] = ()
    terms_not_required: bool = False
    delimiter: str | None = None
    sheet: str | None = None
    hidden_rows: str | None = None


class LetterFlags(NamedTuple):
    """The flags that say how the letter looks and when it leaves."""

    sender: str | None = None
    priority: str | None = None
    validity: str | None = None
    at: str | None = None


class CeilingFlags(NamedTuple):
    """The flags that are ceilings, and how few it may be."""

    max_parts: int | None = None
    max_new_packages: int | None = None
    min_messages: int | None = None
    allow_empty: bool = False


class RunFlags(NamedTuple):
    """The flags that say how the mailing is gone about."""

    dry_run: bool = False
    yes: bool = False
    strict: bool = False
    key: str | None = None


class TextFlags(NamedTuple):
    """The flags that say what the text is: one of file and words."""

    file: str | None = None  # - is standard input
    words: str | None = None  # as they stand on the command line
    encoding: str | None = None  # of the file; None: recognised
    replace_typographic: bool = False
    text_as_it_is: bool = False  # though it does not look like a message


class SendFlags(NamedTuple):
    """All flags of `send`."""

    who: AudienceFlags
    wording: TextFlags = TextFlags()
    style: LetterFlags = LetterFlags()
    bounds: CeilingFlags = CeilingFlags()
    overruling: RuleOverrides = RuleOverrides()
    manner: RunFlags = RunFlags()


def request_of(typed: Mapping[str, Any]) -> SendFlags:
    """Return the flags of `send` as they were typed; each is called as the field that takes it.

    Raises UsageError for one without a value: --at "$WHEN" must not mean now where the variable is empty.
    """
    for name, value in typed.items():
        if isinstance(value, str) and not value.strip() and name not in _TOLD_APART:
            raise without_value(f"--{name.replace('_', '-')}")

    def of(fields: Sequence[str]) -> dict[str, Any]:
        return {name: typed[name] for name in fields if typed.get(name) is not None}

    return SendFlags(
        who=AudienceFlags(**of(AudienceFlags._fields)),
        wording=TextFlags(**of(TextFlags._fields)),
        style=LetterFlags(**of(LetterFlags._fields)),
        bounds=CeilingFlags(**of(CeilingFlags._fields)),
        overruling=RuleOverrides(**of(RuleOverrides._fields)),
        manner=RunFlags(**of(RunFlags._fields)),
    )


_TOLD_APART = ("file", "words", "sender", "key")  # where an empty one has a sentence of its own


def typed_letter(
    wiring: Wiring,
    municipality: MunicipalitySettings,
    text: MessageText,
    style: LetterFlags,
    local_now: datetime,
) -> Letter:
    """Return the letter; a flag goes before what the config says."""
    if style.sender is not None and not style.sender.strip():
        raise UsageError(say("--sender is empty."), hint=say("Leave it out for the sender in the config."))
    letter = letter_for(wiring.settings, municipality, text)
    return letter._replace(
        sender=style.sender or letter.sender,
        priority=read_priority(style.priority) if style.priority else letter.priority,
        validity=read_duration("--validity", style.validity) if style.validity else letter.validity,
        send_at=read_time(style.at, local_now) if style.at else None,
    )


def plan_request_for(wiring: Wiring, request: SendFlags, letter: Letter) -> PlanRequest:
    """Return what the plan is drafted from."""
    settings, who = wiring.settings, request.who
    configured, payer = wiring.municipality(who.municipality)
    return PlanRequest(
        letter=letter,
        municipality=payer,
        recipients=wiring.recipients_path(who.recipients, configured),
        audience=audience_for(who, configured),
        columns={**settings.columns, **named_columns(who.column)},
        numbers=numbers.reader(wiring),
        require_terms=settings.require_accepted_terms and not who.terms_not_required,
        terms_lifted=who.terms_not_required,
        reading=reading_of(who.delimiter, who.sheet, who.hidden_rows),
        skip_invalid=who.skip_invalid,
        text_as_it_is=request.wording.text_as_it_is,
        ceilings=_ceilings(wiring, request.bounds),
        again=request.overruling.again,
        urgent=request.overruling.urgent,
        known=settings.municipality_names,
        allow_empty=request.bounds.allow_empty,
        min_messages=request.bounds.min_messages or 0,
    )


def audience_for(who: AudienceFlags, municipality: MunicipalitySettings) -> Audience:
    """Return the rule that chooses rows; the municipality goes by its key and its name."""
    return Audience(
        groups=tuple(who.group),
        where=chosen(who.where, who.where_empty),
        everyone=who.everyone,
        municipality=frozenset({municipality.key.casefold(), municipality.name.casefold()}),
    )


def read_priority(text: str) -> Priority:
    """Return the priority that a person means by 1, 2, 3, low, normal or high."""
    for priority in Priority:
        if text.casefold() in (str(int(priority)), priority.name.casefold()):
            return priority
    raise UsageError(
        say("--priority {text}: there is no such priority.", text=text),
        hint=say("Use low, normal or high (1, 2, 3; 3 is fastest)."),
    )


def must_give_reason(wiring: Wiring, overruling: RuleOverrides, *, terms_lifted: bool = False) -> None:
    """Raise UsageError where a rule is overruled without saying why."""
    if overruling.reason:
        return
    hint = say("Add: --reason TEXT")
    if terms_lifted:
        raise UsageError(say("--terms-not-required needs a reason, for the audit."), hint=hint)
    if overruling.urgent:
        raise UsageError(say("--urgent needs a reason, for the audit."), hint=hint)
    if overruling.again and not wiring.output.interactive and not wiring.simulated:
        raise UsageError(say("Without a terminal, --again needs a reason, for the audit."), hint=hint)


def _ceilings(wiring: Wiring, bounds: CeilingFlags) -> Ceilings:
    """Return the ceilings: a flag goes before the config; where nobody is asked, no package opens."""
    limits = wiring.settings.limits
    new_packages = limits.max_new_packages if bounds.max_new_packages is None else bounds.max_new_packages
    if new_packages is None and not wiring.output.interactive:
        new_packages = 0
    return Ceilings(
        max_parts=limits.max_parts_per_run if bounds.max_parts is None else bounds.max_parts,
        max_parts_per_day=limits.max_parts_per_day,
        max_new_packages=new_packages,
    )
