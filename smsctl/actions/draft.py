"""Drafting a plan: the recipients file and the ledger are read, and nothing is written anywhere."""

import os
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from smsctl.actions import needs_approval
from smsctl.actions.classify import classify_sheet, places_of, unmatched
from smsctl.actions.cost_centres import by_cost_centre
from smsctl.actions.may_send import Circumstances, DepartingMailing, account_status_of, may_send
from smsctl.domain import elsewhere
from smsctl.domain.audience import Audience, Choosing, kept_with_a_key
from smsctl.domain.filled_check import identities_in
from smsctl.domain.gateway import Gateway, Traits
from smsctl.domain.mailing import Ceilings, Label
from smsctl.domain.message import Letter
from smsctl.domain.municipality import Municipality
from smsctl.domain.number import NumberReader
from smsctl.domain.plan import LetterOrder, Plan, make
from smsctl.domain.recipients import Recipients, RowRules, SkipReason
from smsctl.domain.text import characters_over, measure
from smsctl.domain.text_check import TextFinding, check, recipients_in, refuse
from smsctl.domain.verdict import RuleVerdict
from smsctl.domain.wording import TextRules, Wording
from smsctl.errors import InputError, Sentence, say, say_n
from smsctl.ledger import blocklist, earlier, mailings, repeats
from smsctl.ledger.own_texts import SentTexts
from smsctl.ledger.repeats import NOBODY, Reached
from smsctl.ledger.store import Ledger
from smsctl.spreadsheet import ReadOptions, Sheet, open_sheet


class PlanRequest(NamedTuple):
    """What the command line and the config ask for, before anything is looked up."""

    letter: Letter
    municipality: Municipality
    recipients: Path
    audience: Audience
    columns: Mapping[str, tuple[str, ...]]
    numbers: NumberReader
    require_terms: bool
    skip_invalid: bool
    ceilings: Ceilings
    same: tuple[str, ...] = ()  # bodies that are the same text to people
    findings: tuple[TextFinding, ...] = ()  # in the bytes of the text
    text_as_it_is: bool = False  # whatever is found in it
    again: bool = False  # also to people who have had the text
    urgent: bool = False  # also in quiet hours
    terms_lifted: bool = False  # for this mailing, by a person
    reading: ReadOptions = ReadOptions()  # how the recipients file is to be read
    known: tuple[str, ...] = ()  # keys and names of the municipalities in the config
    allow_empty: bool = False  # nobody to send to is no mistake
    min_messages: int = 0  # fewer are refused: the recipients file may be broken
    cost_centres: Collection[str] | None = None  # that a column may tell; None: the letter tells
    label: Label = Label()
    carry: tuple[str, ...] = ()  # headings of the cells that are kept beside the rows
    wording: Wording | None = None  # of texts that differ from row to row; None: all get the letter's
    key: str | None = None  # the name of the run as it was typed, with the places for a slot

    @property
    def choosing(self) -> Choosing:
        """What is named of the recipients file: its columns, and its sheet."""
        sheet = self.reading.sheet
        return {**self.columns, "sheet": (sheet,)} if sheet else self.columns

    @property
    def literal(self) -> str:
        """What all of a text is written in words, for whoever looks for what a message seldom has."""
        if self.wording:
            return "\n\n".join(one.blank for one in self.wording.templates)
        return self.letter.text.body


def absolute(path: Path) -> str:
    """Return the whole path, without following links: what a key goes with."""
    return os.path.normpath(path.absolute())


class Draft(NamedTuple):
    """A plan, the sheet it was made from, and what the rules say of it."""

    plan: Plan
    sheet: Sheet
    verdict: RuleVerdict


def draft(plan_request: PlanRequest, gateway: Gateway, under: Circumstances) -> Draft:
    """Return the plan as it would be sent now, judged by every rule.

    Raises InputError: the file's structure, a bad row in the audience, a text too long for the gateway, and
    what certainly is no text for people where nobody is there to be asked.
    """
    check_letter(gateway, plan_request.letter, is_template=plan_request.wording is not None)
    check_time(gateway.traits, plan_request.letter.send_at, under.local_now)
    sheet = open_sheet(
        plan_request.recipients, plan_request.reading._replace(numbers=plan_request.columns.get("number", ()))
    )
    headings = frozenset(heading.casefold() for heading in sheet.header)
    findings = (*plan_request.findings, *check(plan_request.literal, headings))
    if not (under.attended or plan_request.text_as_it_is):
        refuse(findings)
    places_of(sheet, plan_request.carry)  # asked before anything is decided
    repeated = _already_sent(plan_request, under)
    rules = _rules(plan_request, gateway.traits, under.ledger, NOBODY if under.lenient else repeated)
    recipients = _recipients(plan_request, sheet, under.ledger, rules)
    recipients = by_cost_centre(
        recipients, sheet, plan_request.columns, plan_request.letter.cost_centre, plan_request.cost_centres
    )
    order = LetterOrder(
        letter=plan_request.letter,
        municipality=plan_request.municipality,
        audience=plan_request.audience.rule,
        typed=plan_request.audience.typed,
        source=absolute(sheet.path),
        number_column=kept_with_a_key(plan_request.choosing),
        ceilings=plan_request.ceilings,
        warn_share=under.settings.limits.warn_share,
        terms_required=plan_request.require_terms,
        label=plan_request.label,
        carry=plan_request.carry,
    )
    again, urgent = plan_request.again, plan_request.urgent
    slot = needs_approval.slot_of(plan_request.key, order, plan_request.choosing, again=again, urgent=urgent)
    order = order._replace(slot=slot)
    account_status = account_status_of(under.ledger, plan_request.municipality, under.local_now)
    warnings = _warnings(plan_request, recipients, sheet)
    plan = make(order, recipients, gateway.traits, account_status, warnings=warnings)
    plan = _with_remarks(plan, plan_request, findings, under.ledger)
    leaving = _leaving(plan_request, plan, sheet, repeated, under)
    return Draft(plan=plan, sheet=sheet, verdict=may_send(leaving, under))


def leaving_of(plan: Plan) -> DepartingMailing:
    """Return a new mailing as the rules ask about it, as far as its plan tells."""
    recipients, order = plan.recipients, plan.order
    return DepartingMailing(
        bill=plan.bill,
        letter=order.letter,
        audience=order.audience,
        ceilings=order.ceilings,
        numbers=(person.number for person in recipients.ready),
        pairs=None if recipients.texts is None else recipients.pairs(),
        most_to_one=recipients.ready.several[1] if recipients.texts is not None else 1,
        rows=recipients.rows,
        already_sent=len(recipients.skipped.get(SkipReason.ALREADY_SENT, ())),
        slot=order.slot,
    )


def _leaving(
    plan_request: PlanRequest, plan: Plan, sheet: Sheet, repeated: Reached | SentTexts, under: Circumstances
) -> DepartingMailing:
    """Return the mailing as the rules ask about it."""
    recipients = plan.recipients
    had_it = 0
    if under.lenient and isinstance(repeated, SentTexts):
        had_it = sum(one in repeated for one in recipients.pairs())
    elif under.lenient and repeated:
        had_it = len(recipients.ready.positions_of(repeated))
    return leaving_of(plan)._replace(
        same=plan_request.same,
        had_it=had_it,
        source=(sheet.path, sheet.modified),
        urgent=plan_request.urgent,
        terms_lifted=plan_request.terms_lifted,
        allow_empty=plan_request.allow_empty,
        min_messages=plan_request.min_messages,
        unmatched=unmatched(sheet, plan_request.audience) if not recipients.rows else (),
        over_day=under.lifts_the_day(urgent=plan_request.urgent),
    )


def _with_remarks(
    plan: Plan, plan_request: PlanRequest, findings: tuple[TextFinding, ...], ledger: Ledger | None
) -> Plan:
    """Return the plan with what was found in the text, and with the last mailing like it."""
    ready = (person.number for person in plan.recipients.ready)
    written = recipients_in(plan_request.literal, plan_request.numbers, ready)
    findings = (*findings, *written, *identities_in(plan.recipients.texts))
    told = () if plan_request.text_as_it_is else tuple(one.sentence for one in findings)
    return plan._replace(
        findings=findings,
        warnings=(*plan.warnings, *told),
        earlier=earlier.of_audience(ledger, plan.order) if ledger else None,
    )


def check_letter(gateway: Gateway, letter: Letter, *, is_template: bool = False) -> None:
    """Raise InputError when the gateway's rules refuse the letter: too long a text, a sender's shape.

    How long a text is that is filled in, its rows tell.
    """
    traits, body = gateway.traits, letter.text.body
    if not is_template and measure(body, traits.parts).parts > traits.max_parts:
        raise InputError(
            say("The text is too long: at most {most} parts are sent.", most=traits.max_parts),
            hint=say_n(
                "Remove {n} character.",
                "Remove {n} characters.",
                n=characters_over(body, traits.parts, traits.max_parts),
            ),
        )
    problems = gateway.check(letter)
    if problems:
        raise InputError(problems[0], problems=problems[1:])


def check_time(traits: Traits, send_at: datetime | None, local_now: datetime) -> None:
    """Raise InputError when the gateway does not hold a mailing, or not for so long."""
    if send_at is None:
        return
    hint = say("Start the mailing at that time instead, from cron.")
    if traits.schedule_ahead is None:
        raise InputError(say("{title} cannot hold a mailing until later.", title=traits.title), hint=hint)
    # By the clock of the zone, and in truth: it may be changed in between, and which counts is unknown.
    ahead = max(send_at - local_now, send_at.astimezone(UTC) - local_now.astimezone(UTC))
    if ahead > traits.schedule_ahead:
        raise InputError(
            say(
                "{title} holds a mailing for at most {days} days.",
                title=traits.title,
                days=traits.schedule_ahead.days,
            ),
            hint=hint,
        )


def _rules(
    plan_request: PlanRequest, traits: Traits, ledger: Ledger | None, already_sent: Reached | SentTexts
) -> RowRules:
    wording = plan_request.wording
    return RowRules(
        numbers=plan_request.numbers,
        require_terms=plan_request.require_terms,
        skip_invalid=plan_request.skip_invalid,
        is_blocked=blocklist.judge(ledger, plan_request.municipality.key) if ledger else None,
        already_sent=already_sent.quickest if already_sent else None,
        texts=wording and TextRules(wording=wording, profile=traits.parts, max_parts=traits.max_parts),
    )


def _recipients(
    plan_request: PlanRequest, sheet: Sheet, ledger: Ledger | None, rules: RowRules
) -> Recipients:
    recipients = classify_sheet(sheet, plan_request.columns, plan_request.audience, rules)
    if ledger and (blocked := recipients.skipped.get(SkipReason.BLOCKED)):
        has_stopped = blocklist.judge(ledger, plan_request.municipality.key, by_stop=True)
        stopped = tuple(one.row for one in blocked if has_stopped and has_stopped(one.number))
        recipients = recipients._replace(stopped=stopped)
    if recipients.bad_count and not plan_request.skip_invalid:
        raise InputError(
            say_n(
                "{path}: {n} row of the audience cannot be used; nothing was sent.",
                "{path}: {n} rows of the audience cannot be used; nothing was sent.",
                n=recipients.bad_count,
                path=sheet.path,
            ),
            problems=recipients.bad,
            hint=say("Mend the rows, or leave them out with: --skip-invalid"),
        )
    return recipients


def _warnings(plan_request: PlanRequest, recipients: Recipients, sheet: Sheet) -> list[Sentence]:
    found = [sheet.notice] if sheet.notice else []
    if plan_request.terms_lifted:
        found.append(say("Accepted terms are not required for this mailing (--terms-not-required)."))
    elif not plan_request.require_terms:
        found.append(say("Accepted terms are not required (require_accepted_terms = false)."))
    if recipients.outside_bad_count:
        sentence = say_n(
            "{n} row outside the audience cannot be read: {first}",
            "{n} rows outside the audience cannot be read, the first: {first}",
            n=recipients.outside_bad_count,
            first=recipients.outside_bad[0],
        )
        found.append(sentence)
    told = (*recipients.bad, *recipients.untold, *recipients.notices)  # bad ones are left out, as asked for
    return [*found, *elsewhere.warnings(recipients, plan_request.known), *told]


def _already_sent(plan_request: PlanRequest, under: Circumstances) -> Reached | SentTexts:
    if under.ledger is None or plan_request.again:
        return NOBODY
    if plan_request.wording:
        return repeats.sent_texts(under.ledger, under.now)
    same, body = map(mailings.body_hash, plan_request.same), plan_request.letter.text.body
    return repeats.already_sent(
        under.ledger, mailings.body_hash(body), under.now, *same, bodies=frozenset((body, *plan_request.same))
    )
