"""Sending a mailing again to those whom it did not reach: a new mailing, with its text and letter.

Its gateway, price, rights, ceilings and quiet hours are today's. Nobody gets it whose
message may have arrived.
"""

from collections.abc import Container, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from smsctl.actions.begin import must_not_be_retried
from smsctl.actions.draft import check_letter, check_time, leaving_of
from smsctl.actions.may_send import TEST, Circumstances, account_status_of, may_send
from smsctl.actions.sender_rights import lifts_terms
from smsctl.domain.filled import Filled
from smsctl.domain.gateway import Gateway, Traits
from smsctl.domain.mailing import Carried, CarriedRow, Ceilings, CostShare, Mailing
from smsctl.domain.message import Status
from smsctl.domain.moment import Moment
from smsctl.domain.municipality import Municipality
from smsctl.domain.people import PeopleWriter
from smsctl.domain.personal import TextWriter
from smsctl.domain.plan import LetterOrder, Plan, make
from smsctl.domain.recipients import Recipients, SkipReason
from smsctl.domain.terms import NOT_REQUIRED
from smsctl.domain.text import Encoding, TextSize, measure
from smsctl.domain.verdict import RuleVerdict
from smsctl.domain.wording import frozen
from smsctl.errors import InputError, RuleError, say
from smsctl.ledger import approvals, blocklist, carried, costs, mailings, repeats, retrying, texts
from smsctl.ledger.store import Ledger

MISSED = (Status.FAILED, Status.EXPIRED, Status.REJECTED)
"""The states of messages that may be sent again: nobody got them."""

_OPEN = (Status.PENDING, Status.SENDING, Status.UNKNOWN, Status.HELD)


class RetryRequest(NamedTuple):
    """What is asked for."""

    parent: Mailing
    municipality: Municipality  # as the config has it today
    states: Sequence[Status]
    ceilings: Ceilings
    send_at: datetime | None = None
    urgent: bool = False  # also in quiet hours


class RetryDraft(NamedTuple):
    """The plan of a mailing that sends another one again, and what the rules say of it."""

    plan: Plan
    verdict: RuleVerdict
    carried: Carried


def draft_retry(request: RetryRequest, gateway: Gateway, ledger: Ledger, under: Circumstances) -> RetryDraft:
    """Return the plan as it would be sent now, judged by every rule; changes nothing.

    Raises RuleError for a mailing that is not finished, was sent again before, or is a test; LedgerError
    where its text was purged; InputError where today's gateway does not take its letter.
    """
    parent = request.parent
    _must_be_finished(ledger, parent)
    must_not_be_retried(ledger, parent.id, approvals.over(ledger, under.now.at))
    mailings.must_have_body(parent)
    letter = parent.letter._replace(send_at=request.send_at)
    if not parent.personal:
        _must_fit(letter.text.body, gateway.traits, parent)
    check_letter(gateway, letter, is_template=parent.personal)
    check_time(gateway.traits, letter.send_at, under.local_now)
    recipients = _recipients(request, gateway.traits, ledger, under)
    retrying.must_know_all(ledger, parent, request.states)  # afterwards: a purge may be under way
    if not len(recipients.ready):
        raise RuleError(
            say("Nobody of mailing {id} can be sent to again; nothing was sent.", id=parent.id),
            hint=say("See whom it did not reach, and why: smsctl mailings recipients {id}", id=parent.id),
        )
    order = LetterOrder(
        letter=letter,
        municipality=request.municipality,
        audience=parent.audience,
        typed=parent.audience,
        source=parent.source,
        ceilings=request.ceilings,
        number_column=parent.number_column or "",
        warn_share=under.settings.limits.warn_share,
        terms_required=parent.terms_required,
        label=parent.label,
    )
    account_status = account_status_of(ledger, request.municipality, under.local_now)
    warnings = [] if parent.terms_required else [NOT_REQUIRED]
    plan = make(order, recipients, gateway.traits, account_status, warnings=warnings)
    leaving = leaving_of(plan)._replace(
        urgent=request.urgent,
        again=(parent.id, retrying.written_at(ledger, parent)),
        terms_lifted=lifts_terms(under.settings, parent),
    )
    verdict = may_send(leaving, under)
    return RetryDraft(plan=plan, verdict=verdict, carried=_carried(ledger, parent, recipients))


def _must_be_finished(ledger: Ledger, parent: Mailing) -> None:
    if parent.kind == TEST:
        raise RuleError(
            say("Mailing {id} was a test; a test is not sent again.", id=parent.id),
            hint=say("Type it anew: smsctl test NUMBER TEXT"),
        )
    states = mailings.tally(ledger, parent).states
    left = sum(states.get(one, 0) for one in _OPEN)
    if left:
        raise RuleError(
            say("Mailing {id} is not finished: something of it may still arrive.", id=parent.id),
            hint=say("Look what is left: smsctl mailings show {id}", id=parent.id),
        )


def _recipients(request: RetryRequest, traits: Traits, ledger: Ledger, under: Circumstances) -> Recipients:
    """Return those whom the mailing did not reach, and who of them gets nothing now either."""
    judge, parent = blocklist.judge(ledger, request.parent.municipality.key), request.parent
    had_it, own = _had_it(parent, ledger, under.now), TextWriter(frozen(parent.letter.text.body))
    ready, rows, places = PeopleWriter(), 0, list[int]()
    skipped = {reason: PeopleWriter() for reason in SkipReason}
    missed = list(retrying.missed(ledger, parent, request.states))
    found = texts.by_message(ledger, [parent.first_message + one.place for one in missed])
    for one in missed:
        body = found.get(parent.first_message + one.place)
        if parent.personal and body is None:
            continue  # a purge has just removed it, and the number with it: whoever asks is told
        rows += 1
        put = ready
        if judge and judge(one.number):
            put = skipped[SkipReason.BLOCKED]
        elif one.may_have_it or (one.number if body is None else (one.number, body)) in had_it:
            put = skipped[SkipReason.ALREADY_SENT]
        elif one.is_dead:
            put = skipped[SkipReason.NOT_IN_USE]
        else:
            places.append(one.place)
            if body is not None:
                own.add(_filled(body, _must_fit(body, traits, parent, one.row)))
        put.add(one.row or 0, int(one.number), one.name)
    return Recipients(
        rows=rows,
        audience_rows=rows,
        ready=ready.people(),
        skipped={reason: people.people() for reason, people in skipped.items() if len(people)},
        cost_shares=_shares(costs.shares_of(ledger, parent.id), places),
        texts=own.texts() if parent.personal else None,
    )


def _had_it(parent: Mailing, ledger: Ledger, moment: Moment) -> Container[object]:
    """Return who has had the text meanwhile; of texts that differ, numbers with theirs."""
    if parent.personal:
        return repeats.sent_texts(ledger, moment, is_retry=True)
    body = parent.letter.text.body
    return repeats.already_sent(ledger, mailings.body_hash(body), moment, bodies=(body,), is_retry=True)


def _must_fit(body: str, traits: Traits, parent: Mailing, row: int | None = None) -> TextSize:
    """Return what a text takes at today's gateway. Raises InputError where it is too long for that one."""
    size = measure(body, traits.parts)
    if size.parts > traits.max_parts:
        told = {"id": parent.id, "row": row, "parts": size.parts, "most": traits.max_parts}
        raise InputError(
            say("The text of mailing {id} takes {parts} parts now, and at most {most} are sent.", **told)
            if row is None
            else say(
                "The text of row {row} of mailing {id} takes {parts} parts now, and at most {most} are sent.",
                **told,
            ),
            hint=say("Allow it with max_parts under [gateway] in the config, or send a shorter text anew."),
        )
    return size


def _filled(body: str, size: TextSize) -> Filled:
    """Return a text that was filled in before, and stands in the place of all."""
    return Filled(body=body, cells=(body,), parts=size.parts, is_wide=size.encoding is Encoding.UCS2)


def _shares(before: Sequence[CostShare], places: Sequence[int]) -> tuple[CostShare, ...]:
    """Return how many of the messages at some places each cost centre of a mailing is charged for again."""
    found, first = list[CostShare](), 0
    for one in before:
        meant = sum(first <= place < first + one.messages for place in places)
        first += one.messages
        if meant:
            found.append(one._replace(messages=meant))
    return tuple(found)


def _carried(ledger: Ledger, parent: Mailing, recipients: Recipients) -> Carried:
    """Return the cells that are kept beside the rows, as far as these rows are meant again."""
    headings = carried.headings(ledger, parent.id)

    def kept() -> Iterator[CarriedRow]:
        rows = {row for people in (recipients.ready, *recipients.skipped.values()) for row in people.rows}
        cells = carried.of_rows(ledger, parent.id, min(rows, default=0), max(rows, default=0))
        for row in sorted(rows & cells.keys()):
            yield CarriedRow(row=row, cells=cells[row])

    return Carried(headings=headings, rows=kept() if headings else ())
