"""From flags and config to what the actions take: the text, the letter, the request for a plan."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from smsctl.actions.begin import RuleOverrides
from smsctl.actions.ceilings import ceilings_for
from smsctl.actions.cost_centres import known_cost_centre
from smsctl.actions.draft import PlanRequest
from smsctl.actions.letter import letter_for
from smsctl.cli import numbers
from smsctl.cli.options import without_value
from smsctl.cli.typed_rows import chosen, named_columns, reading_of
from smsctl.cli.typed_times import read_duration, read_time
from smsctl.cli.wiring import Wiring
from smsctl.config.settings import MunicipalitySettings
from smsctl.domain.audience import Audience
from smsctl.domain.mailing import Label
from smsctl.domain.message import Letter, Priority
from smsctl.domain.spelling import veil_numbers
from smsctl.domain.text import MessageText
from smsctl.errors import UsageError, say


class SendFlags(NamedTuple):
    """The flags of `send` as they were typed, each called as its parameter."""

    file: str | None = None  # with the text; - is standard input
    words: str | None = None  # the text, as it stands on the command line
    encoding: str | None = None  # of the file; None: recognised
    replace_typographic: bool = False
    text_as_it_is: bool = False  # though it does not look like a message
    text_for: Sequence[str] = ()  # COLUMN=VALUE:FILE
    one_per_number: bool = False  # of texts of their own
    group: Sequence[str] = ()
    where: Sequence[str] = ()
    where_empty: Sequence[str] = ()
    everyone: bool = False
    municipality: str | None = None
    recipients: Path | None = None
    column: Sequence[str] = ()
    delimiter: str | None = None
    sheet: str | None = None
    hidden_rows: str | None = None
    skip_invalid: bool = False
    terms_not_required: bool = False
    sender: str | None = None
    priority: str | None = None
    validity: str | None = None
    at: str | None = None
    max_parts: int | None = None
    max_new_packages: int | None = None
    min_messages: int | None = None
    allow_empty: bool = False
    again: bool = False
    urgent: bool = False
    reason: str | None = None
    accept_clock: bool = False
    dry_run: bool = False
    yes: bool = False
    strict: bool = False
    key: str | None = None
    wait: str | None = None
    title: str | None = None
    case: str | None = None
    cost_centre: str | None = None


def send_flags(typed: Mapping[str, Any]) -> SendFlags:
    """Return the flags as they were typed.

    Raises UsageError for one without a value: --at "$WHEN" must not mean now where the variable is empty.
    """
    for name, value in typed.items():
        if isinstance(value, str) and not value.strip() and name not in _TOLD_APART:
            raise without_value(f"--{name.replace('_', '-')}")
    return SendFlags(**{name: typed[name] for name in SendFlags._fields if typed[name] is not None})


_TOLD_APART = ("file", "words", "sender", "key")  # where an empty one has a sentence of its own


def typed_letter(
    wiring: Wiring,
    municipality: MunicipalitySettings,
    text: MessageText,
    flags: SendFlags,
    local_now: datetime,
) -> Letter:
    """Return the letter; a flag goes before what the config says."""
    if flags.sender is not None and not flags.sender.strip():
        raise UsageError(say("--sender is empty."), hint=say("Leave it out for the sender in the config."))
    letter = letter_for(wiring.settings, municipality, text)
    return letter._replace(
        sender=flags.sender or letter.sender,
        priority=read_priority(flags.priority) if flags.priority else letter.priority,
        validity=read_duration("--validity", flags.validity) if flags.validity else letter.validity,
        send_at=read_time(flags.at, local_now) if flags.at else None,
        cost_centre=known_cost_centre(wiring.settings, flags.cost_centre)
        if flags.cost_centre
        else letter.cost_centre,
    )


def plan_request_for(wiring: Wiring, flags: SendFlags, letter: Letter) -> PlanRequest:
    """Return what the plan is drafted from."""
    settings = wiring.settings
    configured, payer = wiring.municipality(flags.municipality)
    return PlanRequest(
        letter=letter,
        municipality=payer,
        recipients=wiring.recipients_path(flags.recipients, configured),
        audience=audience_for(flags, configured),
        columns={**settings.columns, **named_columns(flags.column)},
        numbers=numbers.reader(wiring),
        require_terms=settings.require_accepted_terms and not flags.terms_not_required,
        terms_lifted=flags.terms_not_required,
        reading=reading_of(flags.delimiter, flags.sheet, flags.hidden_rows),
        skip_invalid=flags.skip_invalid,
        text_as_it_is=flags.text_as_it_is,
        ceilings=ceilings_for(
            settings,
            payer.key,
            flags.max_parts,
            flags.max_new_packages,
            is_attended=wiring.output.interactive,
        ),
        again=flags.again,
        urgent=flags.urgent,
        known=settings.municipality_names,
        allow_empty=flags.allow_empty,
        min_messages=flags.min_messages or 0,
        label=label_of(flags.title, flags.case),
        carry=settings.carry,
        cost_centres=None if flags.cost_centre else settings.cost_centres,
        key=flags.key,
    )


def label_of(title: str | None, case: str | None) -> Label:
    """Return what a mailing is called. Raises UsageError for what does not fit in a list.

    A title is told wherever mailings are listed, also to finance: so it holds nobody's number.
    """
    for flag, text, most in (("--title", title, _LONGEST_TITLE), ("--case", case, _LONGEST_CASE)):
        if text is not None and (len(text) > most or not text.isprintable()):
            raise UsageError(
                say("{flag} must be one line of at most {most} visible characters.", flag=flag, most=most)
            )
    if title is not None and veil_numbers(title) != title:
        raise UsageError(
            say("--title holds what may be the number of a telephone or a person."),
            hint=say("It stands in lists and on the page of usage: choose words without one."),
        )
    return Label(title=title and title.strip(), case=case and case.strip())


_LONGEST_TITLE = 80
_LONGEST_CASE = 40


def audience_for(flags: SendFlags, municipality: MunicipalitySettings) -> Audience:
    """Return the rule that chooses rows."""
    return Audience(
        groups=tuple(flags.group),
        where=chosen(flags.where, flags.where_empty),
        everyone=flags.everyone,
        municipality=municipality.spellings,
    )


def read_priority(text: str) -> Priority:
    """Return the priority that a person means by 1, 2, 3, low, normal or high; or låg, hög."""
    typed = _IN_ENGLISH.get(text.casefold(), text.casefold())
    for priority in Priority:
        if typed in (str(int(priority)), priority.name.casefold()):
            return priority
    raise UsageError(
        say("--priority {text}: there is no such priority.", text=text),
        hint=say("Use low, normal or high (1, 2, 3; 3 is fastest)."),
    )


_IN_ENGLISH = {"låg": "low", "hög": "high"}


def overrides_of(wiring: Wiring, flags: SendFlags) -> RuleOverrides:
    """Return which rules are overruled. Raises UsageError where that is done without saying why."""
    found = RuleOverrides(again=flags.again, urgent=flags.urgent, reason=flags.reason)
    if found.reason:
        return found
    hint = say("Add: --reason TEXT")
    if flags.terms_not_required:
        raise UsageError(say("--terms-not-required needs a reason, for the audit."), hint=hint)
    if found.urgent:
        raise UsageError(say("--urgent needs a reason, for the audit."), hint=hint)
    if found.again and not wiring.output.interactive and not wiring.simulated:
        raise UsageError(say("Without a terminal, --again needs a reason, for the audit."), hint=hint)
    return found
