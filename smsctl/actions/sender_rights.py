"""Who may send: the config's [senders], asked before anything leaves.

It guards against mistakes. Whoever may edit the config may change it; that is the file system's business.
"""

from collections.abc import Collection, Mapping
from functools import reduce
from typing import NamedTuple

from smsctl.config.settings import SenderRule, Settings
from smsctl.domain.audience import AudienceRule, group_key, titled
from smsctl.domain.cells import plain
from smsctl.domain.mailing import Mailing
from smsctl.domain.moment import Moment
from smsctl.domain.municipality import Municipality
from smsctl.domain.rules import Refusal, Rule, over_day_of_user
from smsctl.errors import RuleError, Sentence, joined, say
from smsctl.ledger import mailings, packages
from smsctl.ledger.store import Ledger

GROUP_SIGN = "@"


class Person(NamedTuple):
    """A user of the operating system, and the groups they are in."""

    user: str
    groups: Collection[str] = ()


class SendRequest(NamedTuple):
    """What somebody wants to send."""

    municipality: str  # its key
    audience: AudienceRule
    parts: int  # 0 for a mailing that is gone on with: there each claim looks at the ceiling
    is_test: bool = False  # to one number; no audience
    terms_lifted: bool = False  # also to people who have not accepted the terms


def permit(
    senders: Mapping[str, SenderRule],
    person: Person,
    request: SendRequest,
    ledger: Ledger | None,
    now: Moment,
) -> list[Refusal]:
    """Return why this person may not send this; nothing where they may, or where there are no [senders].

    Of several rules that fit a person and their groups, each allows what it allows by itself.
    """
    if not senders:
        return []
    if not _fitting(senders, person, request):
        return [_no_right(_theirs(senders, person), person, request)]
    most = daily_ceiling(senders, person, request)
    used = _used(ledger, person.user, now) if ledger else 0
    if most is None or not request.parts or used + request.parts <= most:
        return []
    return [over_day_of_user(person.user, request.parts, used, most, is_test=request.is_test)]


def lifts_terms(settings: Settings, mailing: Mailing) -> bool:
    """Say whether whoever goes on with a mailing, or sends it again, sends without accepted terms."""
    return settings.require_accepted_terms and not mailing.terms_required


def daily_ceiling(senders: Mapping[str, SenderRule], person: Person, request: SendRequest) -> int | None:
    """Return how many parts this person may send a day by what [senders] says; None is no ceiling."""
    ceilings = [rule.max_parts_per_day for rule in _fitting(senders, person, request)]
    known = [one for one in ceilings if one is not None]
    return None if len(known) < len(ceilings) else max(known, default=None)


def municipalities_seen(
    senders: Mapping[str, SenderRule], person: Person, known: Collection[str]
) -> frozenset[str] | None:
    """Return the municipalities whose recipients this person may see; None: all, also those of nobody.

    What one authority has sent to whom is secret to another; figures are not.
    """
    theirs = _theirs(senders, person)
    if not senders or any(not rule.municipalities for rule in theirs):
        return None
    allowed = {plain(one) for rule in theirs for one in rule.municipalities}
    return frozenset(one for one in known if plain(one) in allowed)


def sees(seen: Collection[str] | None, mailing: Mailing) -> bool:
    """Say whether a mailing is of one of the municipalities that a person may see; None: all."""
    return seen is None or mailing.municipality.key in seen


def must_see(seen: Collection[str] | None, user: str, mailing: Mailing) -> None:
    """Raise RuleError where a mailing is of none of the municipalities that a person may see."""
    sentence = say(
        "The user {user} may not see who got mailing {id}: it is another municipality's.",
        user=user,
        id=mailing.id,
    )
    _refuse_anothers(seen, mailing, sentence)


def must_be_theirs(seen: Collection[str] | None, user: str, mailing: Mailing) -> None:
    """Raise RuleError where a person is about to decide over a mailing of none of these municipalities."""
    sentence = say(
        "The user {user} may not change mailing {id}: it is another municipality's.", user=user, id=mailing.id
    )
    _refuse_anothers(seen, mailing, sentence)


def must_serve(seen: Collection[str] | None, user: str, municipality: Municipality) -> None:
    """Raise RuleError where a person is about to order, begin or end the service of none of these.

    It opens a package, which is invoiced, or stops what the municipality's own people send.
    """
    if seen is not None and municipality.key not in seen:
        raise RuleError(
            say(
                "The user {user} may not change the service of {municipality}.",
                user=user,
                municipality=municipality.name,
            ),
            hint=_ADD_IT,
        )


def must_see_all(seen: Collection[str] | None, user: str) -> None:
    """Raise RuleError where a person may not see all municipalities: what people wrote names none."""
    if seen is not None:
        raise RuleError(
            say("The user {user} may not see what was written for other municipalities.", user=user),
            hint=say("Ask somebody who may see all of them by [senders]. Your own stands in: smsctl audit"),
        )


def must_plan(
    senders: Mapping[str, SenderRule], person: Person, request: SendRequest, known: Collection[str]
) -> None:
    """Raise RuleError where a person plans to send for a municipality whose recipients they may not see.

    A plan for one number tells whether it is on the block list, and has had the text: no rule is asked first.
    """
    seen = municipalities_seen(senders, person, known)
    if seen is not None and request.municipality not in seen:
        raise _no_right(_theirs(senders, person), person, request).error


def must_purge(seen: Collection[str] | None, user: str, municipality: str | None) -> None:
    """Raise RuleError where a person is about to remove what is not of one of these municipalities alone.

    `municipality` is the key of the one that is named; None: all that have no decision of their own.
    """
    if seen is not None and municipality not in seen:
        raise RuleError(
            say("The user {user} may not remove what is of other municipalities.", user=user),
            hint=say(
                "Name one of your own: smsctl purge --municipality NAME. For all of them, ask whoever looks"
                " after the config for a rule under [senders]."
            ),
        )


def _refuse_anothers(seen: Collection[str] | None, mailing: Mailing, sentence: Sentence) -> None:
    if not sees(seen, mailing):
        raise RuleError(sentence, hint=_ADD_IT)


def lists_of(
    seen: frozenset[str] | None, user: str, municipality: str | None, every: Collection[str] | None
) -> Collection[str] | None:
    """Return the municipalities whose block list a person changes: the one they name, else what they may see.

    `every` stands for all of them. Raises RuleError where the one, or any, is not theirs to change.
    """
    if seen is None:
        return every if municipality is None else (municipality,)
    theirs = seen if municipality is None else seen & {municipality}
    if not theirs:
        raise RuleError(
            say("The user {user} may not change the block list of another municipality.", user=user),
            hint=_ADD_IT,
        )
    return theirs


def must_see_incoming(number: int, *, seen: bool) -> None:
    """Raise RuleError for an incoming SMS that answers another municipality."""
    if not seen:
        raise RuleError(
            say("Incoming SMS {number} answers no municipality that you may see.", number=number),
            hint=say("Ask whoever looks after the config to add it for you under [senders]."),
        )


def _used(ledger: Ledger, user: str, now: Moment) -> int:
    return packages.parts_of_user_on_day(ledger, user, now.day) + mailings.parts_waiting_of(ledger, user, now)


def _theirs(senders: Mapping[str, SenderRule], person: Person) -> list[SenderRule]:
    return [rule for rule in senders.values() if _is_about(rule, person)]


def _fitting(senders: Mapping[str, SenderRule], person: Person, request: SendRequest) -> list[SenderRule]:
    return [rule for rule in _theirs(senders, person) if _covers(rule, request)]


def _is_about(rule: SenderRule, person: Person) -> bool:
    if rule.name.startswith(GROUP_SIGN):
        return rule.name.removeprefix(GROUP_SIGN) in person.groups
    return rule.name == person.user


def _covers(rule: SenderRule, request: SendRequest) -> bool:
    allowed = {*map(plain, rule.municipalities)}
    if allowed and plain(request.municipality) not in allowed:
        return False
    if request.terms_lifted and not rule.terms_not_required:
        return False
    audiences = {group_key(audience) for audience in rule.audiences}
    wanted = {group_key(group) for group in request.audience.groups}
    return request.is_test or not audiences or (bool(wanted) and wanted <= audiences)


def _no_right(theirs: list[SenderRule], person: Person, request: SendRequest) -> Refusal:
    if not theirs:
        return Refusal(
            rule=Rule.SENDER,
            sentence=say(
                "The user {user} may not send: no rule under [senders] is about them.", user=person.user
            ),
            hint=say("Ask whoever looks after the config to add the user, or one of their groups."),
        )
    if request.terms_lifted and any(_covers(one, request._replace(terms_lifted=False)) for one in theirs):
        return Refusal(
            rule=Rule.SENDER,
            sentence=say(
                "The user {user} may not send to people who have not accepted the terms.", user=person.user
            ),
            hint=say(
                "Ask whoever looks after the config to add terms_not_required for the user under [senders]."
            ),
        )
    return Refusal(
        rule=Rule.SENDER,
        sentence=say(
            "The user {user} may not send to {audience} for {municipality}.",
            user=person.user,
            audience=request.audience,
            municipality=request.municipality,
        ),
        hint=say("They may send: {rights}.", rights=reduce(_and_also, map(_in_words, theirs))),
    )


def _and_also(before: Sentence, problem: Sentence) -> Sentence:
    """Join two rights; commas stand inside them."""
    return say("{before}; {one}", before=before, one=problem)


def _in_words(rule: SenderRule) -> Sentence:
    return say(
        "to {audiences} for {municipalities}",
        audiences=joined(*map(titled, rule.audiences)) if rule.audiences else say("everybody"),
        municipalities=", ".join(rule.municipalities) or say("any municipality"),
    )


_ADD_IT = say("Ask whoever looks after the config to add it for the user under [senders].")
