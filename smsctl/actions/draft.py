"""Drafting a plan: the recipients file and the ledger are read, and nothing is written anywhere."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from smsctl.actions.judge import judge_sheet
from smsctl.config.settings import QuietHours
from smsctl.domain.audience import Audience
from smsctl.domain.gateway import Gateway, Traits
from smsctl.domain.mailing import Ceilings
from smsctl.domain.message import Letter
from smsctl.domain.moment import Moment
from smsctl.domain.municipality import Municipality
from smsctl.domain.number import NumberReader
from smsctl.domain.plan import Order, Plan, Refusal, Rule, Standing, make
from smsctl.domain.recipients import Recipients, Rules
from smsctl.domain.text import characters_over, measure
from smsctl.errors import InputError, Sentence, say, say_n
from smsctl.ledger import blocklist, mailings, municipalities, packages, repeats
from smsctl.ledger.repeats import NOBODY, Reached
from smsctl.ledger.store import Ledger
from smsctl.spreadsheet import Sheet, open_sheet


class Wish(NamedTuple):
    """What the command line and the config ask for, before anything is looked up."""

    letter: Letter
    municipality: Municipality
    recipients: Path
    audience: Audience
    columns: Mapping[str, str]
    numbers: NumberReader
    require_terms: bool
    skip_invalid: bool
    ceilings: Ceilings
    warn_share: float
    max_age: timedelta | None
    quiet_hours: QuietHours | None  # None: none, or the mailing is urgent
    attended: bool  # a person looks at the plan, and is warned of an old file instead of refused
    again: bool  # also to people who have had the text
    lenient: bool  # a rehearsal: nobody is left out for having had the text


def draft(
    wish: Wish, gateway: Gateway, ledger: Ledger | None, now: Moment, local_now: datetime
) -> tuple[Plan, Sheet]:
    """Return the plan and the sheet it was made from.

    Raises InputError: the file's structure, a bad row in the audience, a text too long for the gateway.
    """
    check_letter(gateway, wish.letter)
    _check_time(gateway.traits, wish.letter.send_at, local_now)
    sheet = open_sheet(wish.recipients)
    repeated = _already_sent(wish, ledger, now)
    recipients = _recipients(wish, sheet, ledger, NOBODY if wish.lenient else repeated)
    old = _too_old(wish, sheet, local_now)
    warnings = [*_warnings(wish, recipients, sheet), *(one.sentence for one in old if wish.attended)]
    refusals = [
        *(() if wish.attended else old),
        *quiet(wish.quiet_hours, wish.letter.send_at, local_now),
        *_reserved(wish, ledger, recipients),
        *(_repeated(recipients, repeated) if wish.lenient else ()),
    ]
    order = Order(
        letter=wish.letter,
        municipality=wish.municipality,
        audience=wish.audience.rule,
        typed=wish.audience.typed,
        source=str(sheet.path),
        ceilings=wish.ceilings,
        warn_share=wish.warn_share,
    )
    standing = standing_of(ledger, wish.municipality, local_now)
    return make(order, recipients, gateway.traits, standing, refusals=refusals, warnings=warnings), sheet


def check_letter(gateway: Gateway, letter: Letter) -> None:
    """Raise InputError when the gateway's rules refuse the letter: too long a text, a sender's shape."""
    traits, body = gateway.traits, letter.text.body
    if measure(body, traits.parts).parts > traits.max_parts:
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


def _check_time(traits: Traits, send_at: datetime | None, local_now: datetime) -> None:
    """Raise InputError when the gateway does not hold a mailing, or not for so long (design.md 5)."""
    if send_at is None:
        return
    hint = say("Start the mailing at that time instead, from cron.")
    if traits.schedule_ahead is None:
        raise InputError(say("{title} cannot hold a mailing until later.", title=traits.title), hint=hint)
    if send_at - local_now > traits.schedule_ahead:
        raise InputError(
            say(
                "{title} holds a mailing for at most {days} days.",
                title=traits.title,
                days=traits.schedule_ahead.days,
            ),
            hint=hint,
        )


def standing_of(ledger: Ledger | None, municipality: Municipality, local_now: datetime) -> Standing:
    """Return how the municipality stands; without a ledger nothing has been sent yet."""
    if ledger is None:
        return Standing(active=False)
    key = municipality.key
    return Standing(
        active=municipalities.is_active(ledger, key),
        packages=packages.packages_of(ledger, key),
        parts_today=packages.parts_on_day(ledger, key, local_now.date().isoformat()),
    )


def quiet(hours: QuietHours | None, send_at: datetime | None, local_now: datetime) -> list[Refusal]:
    """Return the refusal where the mailing would leave in quiet hours; `hours` is None where it may."""
    clock = (send_at or local_now).astimezone(local_now.tzinfo).time()
    if hours is None or not hours.covers(clock):
        return []
    return [
        Refusal(
            rule=Rule.QUIET_HOURS,
            sentence=say(
                "It is quiet from {start:%H:%M} to {end:%H:%M}; the mailing would leave at {clock:%H:%M}.",
                start=hours.start,
                end=hours.end,
                clock=clock,
            ),
            hint=say("Send it later, with --at, or with: --urgent --reason TEXT"),
        )
    ]


def _recipients(wish: Wish, sheet: Sheet, ledger: Ledger | None, already_sent: Reached) -> Recipients:
    rules = Rules(
        numbers=wish.numbers,
        require_terms=wish.require_terms,
        skip_invalid=wish.skip_invalid,
        is_blocked=blocklist.judge(ledger) if ledger else None,
        already_sent=already_sent or None,
    )
    recipients = judge_sheet(sheet, wish.columns, wish.audience, rules)
    if recipients.bad_count and not wish.skip_invalid:
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


def _warnings(wish: Wish, recipients: Recipients, sheet: Sheet) -> list[Sentence]:
    found = [sheet.notice] if sheet.notice else []
    if not wish.require_terms:
        found.append(say("Accepted terms are not required (require_accepted_terms = false)."))
    if recipients.outside_bad_count:
        found.append(
            say_n(
                "{n} row outside the audience cannot be read: {first}",
                "{n} rows outside the audience cannot be read, the first: {first}",
                n=recipients.outside_bad_count,
                first=recipients.outside_bad[0],
            )
        )
    return [*found, *unplaced(recipients), *recipients.notices]


def unplaced(recipients: Recipients) -> list[Sentence]:
    """Say how many rows are left out because their cell of the municipality is empty."""
    n = recipients.unplaced_count
    if not n:
        return []
    return [
        say_n(
            "{n} row names no municipality, and gets no message.",
            "{n} rows name no municipality, and get no message.",
            n=n,
        )
    ]


def _too_old(wish: Wish, sheet: Sheet, local_now: datetime) -> list[Refusal]:
    age = local_now - sheet.modified
    if wish.max_age is None or age <= wish.max_age:
        return []
    return [
        Refusal(
            rule=Rule.FILE_AGE,
            sentence=say(
                "{path} is of {modified:%Y-%m-%d %H:%M}; recipients_max_age allows none so old.",
                path=sheet.path,
                modified=sheet.modified.astimezone(local_now.tzinfo),
            ),
            hint=say("Export the recipients anew."),
        )
    ]


def _already_sent(wish: Wish, ledger: Ledger | None, now: Moment) -> Reached:
    if ledger is None or wish.again:
        return NOBODY
    return repeats.already_sent(ledger, mailings.body_hash(wish.letter.text.body), now)


def _reserved(wish: Wish, ledger: Ledger | None, recipients: Recipients) -> list[Refusal]:
    """An unfinished mailing with the same text comes first: resume or cancel it."""
    if ledger is None:
        return []
    numbers = (person.number for person in recipients.ready)
    held = repeats.reserved_by(ledger, mailings.body_hash(wish.letter.text.body), numbers)
    if held is None:
        return []
    return [
        Refusal(
            rule=Rule.RESERVED,
            sentence=say(
                "Mailing {id} has the same text and is not finished; its people are waiting.", id=held
            ),
            hint=say(
                "Finish it with: smsctl mailings resume {id}, or drop it with: smsctl mailings cancel {id}",
                id=held,
            ),
        )
    ]


def _repeated(recipients: Recipients, repeated: Reached) -> list[Refusal]:
    """Tell in a rehearsal how many live would leave out for having had the text."""
    n = sum(person.number in repeated for person in recipients.ready) if repeated else 0
    if not n:
        return []
    sentence = say_n(
        "{n} person has had this text within the last 20 hours.",
        "{n} people have had this text within the last 20 hours.",
        n=n,
    )
    return [Refusal(rule=Rule.ALREADY_SENT, sentence=sentence)]
