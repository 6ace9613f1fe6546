"""Whether a mailing may leave: the one place where all rules are asked, whoever sends and in whichever way.

A new mailing, what is left of one that was begun and a test are judged here as they would leave now. Each
claim asks activation and ceilings once more, in its own transaction.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from smsctl.actions import needs_approval
from smsctl.actions.command_again import CommandAgain, with_command
from smsctl.actions.sender_rights import Person, SendRequest, daily_ceiling, lifts_terms, permit
from smsctl.config.settings import Mode, Settings
from smsctl.domain import rules, rules_of_time
from smsctl.domain.approval import still_waits
from smsctl.domain.audience import AudienceRule
from smsctl.domain.mailing import Ceilings, Mailing
from smsctl.domain.message import Letter
from smsctl.domain.moment import Actor, Moment
from smsctl.domain.municipality import Municipality
from smsctl.domain.plan import AccountStatus, Bill
from smsctl.domain.rules import NOTHING_SPENT, Refusal, Rule, Spent, per_number
from smsctl.domain.rules_of_time import over_month
from smsctl.domain.verdict import RuleVerdict
from smsctl.errors import Sentence
from smsctl.ledger import approvals, blocklist, budgets, municipalities, packages, repeats
from smsctl.ledger.store import Ledger

TEST = "test"
_FRESH = timedelta(hours=24)
"""A text that is older may no longer be true when it is sent again."""


class Circumstances(NamedTuple):
    """What a mailing is judged under: the config, the ledger, the clock, and who is at the keyboard."""

    settings: Settings
    ledger: Ledger | None  # None: there is none yet
    now: Moment
    local_now: datetime
    actor: Actor
    groups_of: Callable[[str], Collection[str]]  # the groups of the operating system that a user is in
    attended: bool  # a question can be asked
    command: CommandAgain
    lenient: bool = False  # a rehearsal: most rules are only told

    def lifts_the_day(self, *, urgent: bool) -> bool:
        """Whether the ceilings of the day do not hold: where a person on a terminal says it is urgent."""
        return urgent and self.attended

    def leaves_at_once(self, *, urgent: bool) -> bool:
        """Whether a mailing that needs a second person leaves before it is approved."""
        return needs_approval.leaves_at_once(self.settings, urgent=urgent, attended=self.attended)

    @property
    def simulated(self) -> bool:
        """Whether nothing leaves this machine."""
        return self.settings.mode is Mode.SIMULATE


class DepartingMailing(NamedTuple):
    """A mailing as it would leave now."""

    bill: Bill  # of what is to be sent
    letter: Letter
    audience: AudienceRule
    same: tuple[str, ...] = ()  # bodies that are the same text to people
    ceilings: Ceilings = Ceilings()
    numbers: Iterable[str] = ()  # of a new one
    pairs: Iterable[object] | None = None  # the numbers of a new one with their texts, where these differ
    most_to_one: int = 1  # messages to one number
    rows: int = 0  # of the audience of a new one
    allow_empty: bool = False  # nobody to send to is no mistake
    min_messages: int = 0
    unmatched: Sequence[Sentence] = ()  # what no row has that was asked for
    already_sent: int = 0  # rows left out for having had the text
    had_it: int = 0  # people who get it though they have had it, in a rehearsal
    source: tuple[Path, datetime] | None = None  # the recipients file, and when it was written
    urgent: bool = False  # also in quiet hours
    over_day: bool = False  # also beyond the ceilings of the day
    terms_lifted: bool = False  # also to people who have not accepted the terms
    begun: Mailing | None = None  # of which this is what is left
    repeats: bool = False  # an unknown batch of it may be submitted again
    shown: str | None = None  # of a test: its number as it may be shown
    again: tuple[int, datetime] | None = None  # the mailing that is sent again, and of when its text is
    slot: str | None = None  # what the slots of its key have in common

    @property
    def is_test(self) -> bool:
        """Whether it is one SMS to see that it works: to one number, outside every audience and package."""
        return self.shown is not None or (self.begun is not None and self.begun.kind == TEST)


def may_send(leaving: DepartingMailing, under: Circumstances) -> RuleVerdict:
    """Return what every rule says of a mailing as it would leave now; raises nothing."""
    found = list(_of_a_test(leaving, under) if leaving.is_test else _of_a_mailing(leaving, under))
    places: dict[str, list[Refusal]] = {name: [] for name in RuleVerdict._fields}
    for one in found:
        places[_place(one.rule, leaving, under)].append(one)
    refused = places["refusals"]
    return RuleVerdict(
        **{
            name: tuple(with_command(one, refused, under.command) for one in those)
            for name, those in places.items()
        }
    )


def pause_at(settings: Settings, leaves: datetime) -> Refusal | None:
    """Return the refusal of what would leave at a local time in a pause; None: it is in none."""
    found = (one for one in settings.limits.pause if one.first <= leaves.date() <= one.last)
    return next((rules_of_time.paused(one.first, one.last) for one in found), None)


def account_status_of(
    ledger: Ledger | None, municipality: Municipality, local_now: datetime
) -> AccountStatus:
    """Return how the municipality stands; without a ledger nothing has been sent yet."""
    if ledger is None:
        return AccountStatus(active=False)
    key = municipality.key
    return AccountStatus(
        active=municipalities.is_active(ledger, key),
        packages=packages.packages_of(ledger, key),
        parts_today=packages.parts_on_day(ledger, key, local_now.date().isoformat()),
        spending=budgets.spending(ledger, municipality, local_now.date().isoformat()),
    )


def ceilings_in_claims(mailing: Mailing, ceilings: Ceilings, under: Circumstances) -> Ceilings:
    """Return the ceilings that each claim is held to, with the daily one of whoever began the mailing."""
    if under.lenient:
        return Ceilings()
    if mailing.over_day:
        return ceilings._replace(max_parts_per_day=None, max_cost_per_month_ore=None)
    if not under.settings.senders:
        return ceilings
    person = Person(mailing.created_by, under.groups_of(mailing.created_by))
    request = SendRequest(
        municipality=mailing.municipality.key,
        audience=mailing.audience,
        parts=0,
        is_test=mailing.kind == TEST,
    )
    most = daily_ceiling(under.settings.senders, person, request)
    return ceilings._replace(max_parts_per_day_of_user=most)


def _of_a_test(leaving: DepartingMailing, under: Circumstances) -> Iterator[Refusal]:
    if under.ledger and leaving.shown is not None:
        of = (leaving.bill.payer.key,)
        if blocklist.among(under.ledger, list(leaving.numbers), of):
            yield rules.blocked(leaving.shown)
    yield from _not_permitted(leaving, under)


def _of_a_mailing(leaving: DepartingMailing, under: Circumstances) -> Iterator[Refusal]:
    bill = leaving.bill
    yield from _too_old(leaving, under)
    if bill.messages or leaving.repeats or not leaving.begun:  # a look at the gateway's list disturbs nobody
        yield from _at_a_bad_time(leaving, under)
    yield from _reserved(leaving, under)
    if leaving.had_it:
        yield rules.some_already_sent(leaving.had_it)
    if bill.payer.in_packages and not bill.account_status.active:
        yield rules.not_active(bill.payer)
    yield from rules.over_ceilings(bill, leaving.ceilings, _spent(leaving, under))
    yield from over_month(bill, leaving.ceilings.max_cost_per_month_ore)
    if not leaving.begun:
        yield from _too_few_or_many(leaving, under.settings.limits.max_messages_per_number)
    yield from _not_permitted(leaving, under)
    yield from _approval(leaving, under)
    is_bounded = leaving.begun or leaving.ceilings.max_parts is not None or not bill.parts
    if not (under.simulated or under.attended or is_bounded):
        yield rules.ceiling_missing(bill.parts)


def _at_a_bad_time(leaving: DepartingMailing, under: Circumstances) -> Iterator[Refusal]:
    leaves = (leaving.letter.send_at or under.local_now).astimezone(under.local_now.tzinfo)
    hours, clock = under.settings.limits.quiet_hours, leaves.time()
    if hours and hours.covers(clock):
        yield rules_of_time.quiet(hours.start, hours.end, clock)
    if found := pause_at(under.settings, leaves):
        yield found


def _reserved(leaving: DepartingMailing, under: Circumstances) -> Iterator[Refusal]:
    ledger = under.ledger
    if ledger is None or leaving.begun:
        return
    bodies, over = (leaving.letter.text.body, *leaving.same), approvals.over(ledger, under.now.at)
    held = repeats.held_by(ledger, bodies, leaving.numbers, leaving.pairs, over)
    if held is not None:
        asked = approvals.of(ledger, held)
        yield rules.reserved(held, waits=asked is not None and asked.holds)


def _too_few_or_many(leaving: DepartingMailing, most_to_one: int) -> Iterator[Refusal]:
    messages = leaving.bill.messages
    if not messages and not leaving.allow_empty:
        yield (
            rules.all_already_sent()
            if leaving.already_sent
            else rules.nobody(leaving.rows, leaving.unmatched)
        )
    elif leaving.most_to_one > most_to_one:
        yield per_number(leaving.most_to_one, most_to_one, is_retry=leaving.again is not None)
    elif messages < leaving.min_messages:
        yield rules.too_few(messages, leaving.min_messages)


def _too_old(leaving: DepartingMailing, under: Circumstances) -> Iterator[Refusal]:
    if leaving.again and under.local_now - leaving.again[1] > _FRESH:
        mailing, begun = leaving.again
        yield rules_of_time.text_too_old(mailing, begun.astimezone(under.local_now.tzinfo))
    oldest = under.settings.recipients_max_age
    if leaving.source and (old := rules_of_time.too_old(*leaving.source, under.local_now, oldest)):
        yield old


def _spent(leaving: DepartingMailing, under: Circumstances) -> Spent:
    if leaving.begun is None or under.ledger is None:
        return NOTHING_SPENT
    return Spent(
        parts=packages.parts_of_mailing(under.ledger, leaving.begun),
        new_packages=packages.opened_for(under.ledger, leaving.begun),
    )


def _not_permitted(leaving: DepartingMailing, under: Circumstances) -> list[Refusal]:
    """Return why whoever runs this may not send it; the ceiling is that of whoever began it."""
    senders = under.settings.senders
    if not senders:
        return []
    begun, user = leaving.begun, under.actor.user
    request = SendRequest(
        municipality=leaving.bill.payer.key,
        audience=leaving.audience,
        parts=0 if begun else leaving.bill.parts,
        is_test=leaving.is_test,
        terms_lifted=leaving.terms_lifted or (begun is not None and lifts_terms(under.settings, begun)),
    )
    return permit(senders, Person(user, under.groups_of(user)), request, under.ledger, under.now)


def _approval(leaving: DepartingMailing, under: Circumstances) -> Iterator[Refusal]:
    if leaving.begun is None:
        yield from needs_approval.of_a_new_one(
            under.settings,
            under.ledger,
            leaving.bill,
            leaving.letter.text.body,
            leaving.slot,
            now=under.now,
            actor=under.actor,
        )
    elif under.ledger and (found := approvals.of(under.ledger, leaving.begun.id)) and found.holds:
        yield still_waits(leaving.begun.id)


def _place(rule: Rule, leaving: DepartingMailing, under: Circumstances) -> str:
    """Return where in the verdict a rule that says no belongs."""
    by_time = rule in (Rule.QUIET_HOURS, Rule.PAUSE)
    if (by_time and leaving.urgent) or (rule in rules.OF_A_PERIOD and leaving.over_day):
        return "overruled"
    if rule in (Rule.FILE_AGE, Rule.TEXT_AGE, Rule.PAUSE) and under.attended:
        return "warned"
    if rule is Rule.APPROVAL and (leaving.begun or not under.lenient):
        return _place_of_approval(leaving, under)
    if under.lenient and not (rule.holds_in_rehearsal and _has_a_service(rule, under)):
        return "spared"
    if leaving.begun and rule.is_ceiling:
        return "later"
    return "refusals"


def _place_of_approval(leaving: DepartingMailing, under: Circumstances) -> str:
    if leaving.begun:
        return "refusals"
    return "overruled" if under.leaves_at_once(urgent=leaving.urgent) else "waits"


def _has_a_service(rule: Rule, under: Circumstances) -> bool:
    """Say whether the rule is asked of the rehearsal's own ledger, where the service is always active.

    A dry run of a rehearsal shows the live ledger's figures.
    """
    return rule is not Rule.NOT_ACTIVE or (
        under.ledger is not None and under.ledger.path == under.settings.ledger_path
    )
