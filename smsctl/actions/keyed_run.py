"""A run under a key: a name under which a mailing is sent once, made anew for each slot of a crontab line."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from smsctl.actions import trust
from smsctl.actions.draft import PlanRequest, absolute
from smsctl.actions.may_send import Circumstances
from smsctl.domain.audience import kept_with_a_key
from smsctl.domain.mailing import Mailing, MailingTotals
from smsctl.domain.message import Status
from smsctl.domain.moment import Moment
from smsctl.domain.spelling import veil_numbers
from smsctl.errors import LedgerError, RuleError, Sentence, UsageError, joined, say
from smsctl.ledger import approvals, lock, mailings, recovery
from smsctl.ledger.lock import TakenError
from smsctl.ledger.seam.engine import Progress
from smsctl.ledger.seam.sentences import LostError
from smsctl.ledger.store import Ledger

_PLACE = r"\{([^{}]*)\}"
_UNFILLED = r"[{}`]|\$[\w({]|%\w+%"
"""A place that nothing fills in, also of the shell: its key would be the same for ever, and sent once."""

_LONGEST = 200
_LOOK_EVERY_S = 0.5


class Begun(NamedTuple):
    """What was begun under a key."""

    mailing: Mailing
    tally: MailingTotals
    goes_on: bool  # whether something of it may still be sent


def expand(key: str, local_now: datetime) -> str:
    """Fill in {date}, {week}, {month} and {hour} on the config's clock. Raises UsageError for no usable name.

    The hour that comes twice, when the clock is put back, is two slots: the second tells its offset.
    """
    year, week, _ = local_now.isocalendar()
    places = {
        "date": f"{local_now:%Y-%m-%d}",
        "week": f"{year}-W{week:02d}",
        "month": f"{local_now:%Y-%m}",
        "hour": f"{local_now:%Y-%m-%dT%H}{local_now.strftime('%z') if local_now.fold else ''}",
    }
    filled = re.sub(_PLACE, lambda found: places.get(found[1], found[0]), key)
    is_seen = key.isprintable()  # else it is another name than the one that looks like it, and sent once more
    if re.search(_UNFILLED, filled) or not key.strip() or len(key) > _LONGEST or not is_seen:
        raise UsageError(
            say("--key {key} is no usable name.", key=veil_numbers(key[:_LONGEST])),
            hint=say("Use a short name of signs that can be seen; in braces only: date, week, month, hour."),
        )
    return filled


def begun_under(key: str, plan_request: PlanRequest, under: Circumstances) -> Begun | None:
    """Return what was begun under an expanded key; None when nothing was, or nobody approved it in time.

    Raises RuleError where it was another mailing: another text, audience, municipality, recipients file or
    number column. What was not stored when it was begun is not compared; the file may be another export.
    """
    ledger = under.ledger
    mailing = mailings.of_key(ledger, key) if ledger else None
    if ledger is None or mailing is None or mailing.id in approvals.over(ledger, under.now.at):
        return None
    _must_be_the_same(ledger, mailing, key, plan_request)
    tally = mailings.tally(ledger, mailing)
    goes_on = mailing.cancelled_at is None and (
        bool(tally.states.get(Status.PENDING))
        or trust.may_repeat(ledger, under.settings, mailing, tally, under.now)
    )
    return Begun(mailing=mailing, tally=tally, goes_on=goes_on)


def ended_under(key: str, plan_request: PlanRequest, under: Circumstances) -> Begun | None:
    """Return what was begun under an expanded key, as `begun_under`, once nobody sends any of it.

    What a process that is gone has left on the wire is unknown then. Raises TakenError while one still sends.
    """
    found = begun_under(key, plan_request, under)
    if found is None or under.ledger is None or not found.tally.states.get(Status.SENDING):
        return found
    with recovery.taking_over(under.ledger, found.mailing, under.now):
        return begun_under(key, plan_request, under)


def wait_for_another(
    ledger: Ledger, key: str, until_s: float, now: Callable[[], Moment], tell: Progress
) -> None:
    """Wait while another process sends what was begun under an expanded key, at the longest until `until_s`.

    That is on the monotonic clock. What it has left on the wire is unknown then. Raises TakenError when it
    still sends at that time. A server that cannot be reached meanwhile is waited for as well; LostError tells
    of one that cannot be then.
    """
    began_s, waited = time.monotonic(), False
    while held := _why_not_yet(ledger, key):
        gone_s, waited = time.monotonic() - began_s, True
        if began_s + gone_s >= until_s:
            raise held
        tell(int(gone_s), int(until_s - began_s) + 1)
        time.sleep(min(_LOOK_EVERY_S, max(until_s - time.monotonic(), 0)))
    if waited:
        recovery.recover(ledger, now())


def _why_not_yet(ledger: Ledger, key: str) -> LedgerError | None:
    """Return why nobody may go on yet with what was begun under a key; None: it can be looked at."""
    try:
        mailing = mailings.of_key(ledger, key)
        if mailing is None:
            return None
        with lock.if_nobody_sends(ledger, mailing.reference) as free:
            if free:
                return None
    except LostError as lost:
        return lost
    return TakenError(
        say("Another process still sends what was begun under the key {key}.", key=veil_numbers(key)),
        hint=say("Look with: smsctl mailings list; or wait longer: --wait DURATION"),
    )


def _must_be_the_same(ledger: Ledger, mailing: Mailing, key: str, plan_request: PlanRequest) -> None:
    hint = say("Choose another key for another mailing.")
    if others := list(_differences(ledger, mailing, plan_request)):
        other = joined(*others)
        raise RuleError(
            say(
                "Mailing {id} was sent under the key {key} {other}.",
                id=mailing.id,
                key=veil_numbers(key),
                other=other,
            ),
            hint=hint,
        )
    if _known_rule(mailing, plan_request) != str(plan_request.audience.rule):
        raise RuleError(
            say(
                "Mailing {id} was sent under the key {key} and is purged since: nobody can tell whether it"
                " was to the same audience.",
                id=mailing.id,
                key=veil_numbers(key),
            ),
            hint=hint,
        )


def _known_rule(mailing: Mailing, plan_request: PlanRequest) -> str:
    """Return the rule that is asked for, as far as the mailing still knows its own."""
    rule = plan_request.audience.rule
    if mailing.letter.text.body:
        return str(rule)
    from smsctl.ledger import purging  # it was purged, as few are

    return str(purging.audience_without_values(rule))


def _differences(ledger: Ledger, mailing: Mailing, plan_request: PlanRequest) -> Iterator[Sentence]:
    """Yield how a mailing is another than is asked for; what it did not store is not compared."""
    bodies = (plan_request.letter.text.body, *plan_request.same)
    if not any(mailings.has_text(ledger, mailing, body) for body in bodies):
        yield say("with another text")
    if _known_rule(mailing, plan_request) != str(mailing.audience):
        yield say("to another audience")
    if plan_request.municipality.key != mailing.municipality.key:
        yield say("for another municipality, {key}", key=mailing.municipality.key)
    source, path = mailing.source, absolute(plan_request.recipients)
    if source is not None and Path(source).is_absolute() and source != path:
        yield say("from another recipients file, {source}", source=source)
    if mailing.number_column is not None:
        column, is_told, others = mailing.number_column.partition("\n")
        wanted, _, wanted_others = kept_with_a_key(plan_request.choosing).partition("\n")
        if column != wanted:
            yield _another_column(", ".join(plan_request.columns.get("number", ())), column)
        if is_told and others != wanted_others:
            yield say("from another sheet, or by another column of groups or municipalities")


def _another_column(wanted: str, used: str) -> Sentence:
    if not used:
        return say("without naming the number column {column}", column=wanted)
    if not wanted:
        return say("to another number column")
    return say("to another number column than {column}", column=wanted)
